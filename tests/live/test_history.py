"""`history` numbers and explains the revisions that `kubectl rollout history` lists, and says which one was healthy."""

from __future__ import annotations

import json
import re
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml

from tests.live.conftest import Eventually, Kubectl
from tests.live.program import Act, Program, stack_variable
from tests.live.twins import Object, Twins

pytest_plugins = ("tests.live.fixtures",)

RELEASES = ("aurora/backend:2.3.9", "aurora/backend:2.4.0", "aurora/backend:2.4.1")


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
async def test_the_revisions_are_kubectls(aurora: Program, twins: Twins, kind: str) -> None:
    await twins.apply(*(twins.release(kind, image, note=f"note-{index}") for index, image in enumerate(RELEASES)))
    reference = twins.reference(kind)

    printed = twins.kubectl("rollout", "history", reference, f"--namespace={twins.ours}")
    run = aurora("history", reference, f"--namespace={twins.ours}", "-o", "json")

    assert run.code == 0, run
    listed = [(int(number), cause.strip()) for number, cause in re.findall(r"^(\d+)\s+(.*)$", printed, re.MULTILINE)]
    assert [(int(row["revision"]), row["change-cause"]) for row in reversed(run.json)] == listed
    assert [row["images"] for row in run.json] == list(reversed(RELEASES))
    assert [row["raw"]["live"] for row in run.json] == [True, False, False]
    paths = {(line["sign"], line["text"]) for line in run.json[1]["raw"]["changes"] if line["path"].endswith(".image")}
    assert paths == {("-", RELEASES[2]), ("+", RELEASES[1])}


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
async def test_each_revision_ran_from_its_keepers_creation_to_the_next_ones(
    aurora: Program, twins: Twins, kubectl: Kubectl, kind: str
) -> None:
    await twins.apply(*(twins.release(kind, image) for image in RELEASES))

    rows = _history(aurora, twins, kind)

    made = _creations(twins, kubectl, kind)
    assert [(row["raw"]["ran"]["begin"], row["raw"]["ran"]["end"]) for row in reversed(rows)] == [
        (made[0], made[1]),
        (made[1], made[2]),
        (made[2], None),
    ]
    assert rows[0]["ran"].startswith("now, ") and "over" not in rows[0]["ran"]


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
async def test_when_kubectl_restored_a_revision_is_told_by_the_server(aurora: Program, twins: Twins, kind: str) -> None:
    await twins.apply(*(twins.release(kind, image) for image in RELEASES[:2]))
    before = _second()
    twins.both("rollout", "undo", twins.reference(kind))
    await twins.apply(twins.release(kind, RELEASES[0]))

    restored, left = _history(aurora, twins, kind)

    assert before <= restored["raw"]["ran"]["begin"] <= time.time()
    assert restored["raw"]["ran"]["exact"] and left["raw"]["ran"]["end"] == restored["raw"]["ran"]["begin"]


async def test_when_kubectl_restored_a_deployments_revision_is_bounded_by_the_end_of_the_rollout(
    aurora: Program, twins: Twins, eventually: Eventually
) -> None:
    await twins.apply(*(twins.release("Deployment", image) for image in RELEASES[:2]))
    before = _second()
    twins.both("rollout", "undo", twins.reference("Deployment"))
    twins.both("rollout", "status", twins.reference("Deployment"))

    await eventually(lambda: _history(aurora, twins, "Deployment")[0]["raw"]["ran"]["begin"] is not None)

    restored, left = _history(aurora, twins, "Deployment")

    assert before <= restored["raw"]["ran"]["begin"] <= time.time()
    assert restored["ran"].startswith("now, over ") and not restored["raw"]["ran"]["exact"]
    assert (left["ran"], left["raw"]["ran"]["end"]) == ("unknown", None)


async def test_when_we_restored_a_deployments_revision_is_told_by_the_journal(
    act: Act, aurora: Program, twins: Twins
) -> None:
    await twins.apply(*(twins.release("Deployment", image) for image in RELEASES[:2]))
    before = time.time()
    run = act("rollback", twins.reference("Deployment"))
    assert run.code == 0, run

    restored, left = _history(aurora, twins, "Deployment")

    assert before <= restored["raw"]["ran"]["begin"] <= time.time()
    assert restored["raw"]["ran"]["exact"] and left["raw"]["ran"]["end"] == restored["raw"]["ran"]["begin"]


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
async def test_the_health_of_each_revision_is_what_prometheus_says_of_its_time(
    aurora: Program,
    twins: Twins,
    kubectl: Kubectl,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    kind: str,
) -> None:
    """The backend's real traffic stands in for that of the twin, and half of it counts as failed since the second."""
    total = 'sum(rate(http_requests_total{job="aurora-backend"}[$window]))'
    await twins.apply(twins.release(kind, RELEASES[0]))
    await eventually(lambda: _prometheus("time()") > _creations(twins, kubectl, kind)[0] + 8)
    await twins.apply(twins.release(kind, RELEASES[1]))
    bad_since = _creations(twins, kubectl, kind)[1]
    good = f"{total} * (1 - 0.5 * (time() > bool {bad_since}))"
    monkeypatch.setenv("AURORA_LIVE_CONFIG", str(_with_service(tmp_path, f"{kind.lower()}/{twins.name}", good, total)))
    await eventually(lambda: _prometheus("time()") > bad_since + 12)

    bad, healthy = _history(aurora, twins, kind)

    assert bad["healthy"].startswith("no, 5") or bad["healthy"].startswith("no, 4")
    assert healthy["healthy"] == "yes, 100.00 %"
    assert [row["raw"]["best"] for row in (bad, healthy)] == [False, True]
    ran = healthy["raw"]["ran"]
    window = f"{int(ran['end'] - ran['begin'])}s"
    share = f"({good}) / ({total})".replace("$window", window)
    assert healthy["raw"]["health"]["share"] == pytest.approx(_prometheus(share, ran["end"]))
    printed = aurora("history", twins.reference(kind), f"--namespace={twins.ours}")
    assert "last healthy" in printed.stdout
    assert re.search(r"going back to revision 1 \(healthy, ran \d+s\) would change", printed.stdout)


async def test_a_workload_of_no_service_says_why_its_health_is_not_known(aurora: Program, twins: Twins) -> None:
    await twins.apply(twins.release("Deployment", RELEASES[0]))

    run = aurora("history", twins.reference("Deployment"), f"--namespace={twins.ours}")

    assert run.code == 0, run
    assert "health not asked: no service of the settings with an objective runs" in run.stderr
    assert "not asked" in run.stdout


def _history(aurora: Program, twins: Twins, kind: str) -> Any:
    run = aurora("history", twins.reference(kind), f"--namespace={twins.ours}", "-o", "json")
    assert run.code == 0, run
    return run.json


def _creations(twins: Twins, kubectl: Kubectl, kind: str) -> list[float]:
    """When our twin's ReplicaSets or ControllerRevisions were made, oldest first."""
    keepers = "replicasets" if kind == "Deployment" else "controllerrevisions"
    items: list[Object] = json.loads(kubectl("get", keepers, f"--namespace={twins.ours}", "-o", "json"))["items"]
    own = [
        item
        for item in items
        if twins.name in {owner["name"] for owner in item["metadata"].get("ownerReferences") or ()}
    ]
    return sorted(datetime.fromisoformat(item["metadata"]["creationTimestamp"]).timestamp() for item in own)


def _second() -> float:
    """Now, as the server's stamps have it."""
    return float(int(time.time()))


def _prometheus(query: str, at: float | None = None) -> float:
    given = {"query": query} | ({"time": str(at)} if at is not None else {})
    with urlopen(f"{stack_variable('AURORA_LIVE_PROMETHEUS')}/api/v1/query?{urlencode(given)}", timeout=10) as answer:
        data = json.load(answer)["data"]
    value = data["result"] if data["resultType"] == "scalar" else data["result"][0]["value"]
    return float(value[1])


def _with_service(folder: Path, workload: str, good: str, total: str) -> Path:
    """The stack's settings and a service that a workload runs."""
    settings = yaml.safe_load(Path(stack_variable("AURORA_LIVE_CONFIG")).read_text())
    objective = {"objective": "99.5%", "good": good, "total": total}
    service = {"title": "Twin", "workloads": [workload], "labels": {"job": "twin"}}
    settings.setdefault("services", {})["twin"] = service | {"objectives": {"availability": objective}}
    path = folder / "settings.yaml"
    path.write_text(yaml.safe_dump(settings))
    return path
