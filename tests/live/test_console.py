"""The main job on real servers: a bad release, the alert that fires, the keys that mend it, and the record of it."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.conftest import Eventually, Kubectl
from tests.live.manifests import BACKEND_IMAGES, NAMESPACE
from tests.live.probes import fetch
from tests.live.program import Program, stack_variable
from tests.terminal import Terminal

pytest_plugins = ("tests.live.fixtures",)

GOOD = BACKEND_IMAGES[-1]
BAD = "aurora/backend:2.4.1"
IMAGE = "jsonpath={.spec.template.spec.containers[0].image}"
PATIENCE = 120.0
"""Seconds for what takes the real servers a few scrapes and evaluations; the machine may be busy."""


def image(kubectl: Kubectl) -> str:
    return kubectl("get", "deployment/aurora-backend", f"--namespace={NAMESPACE}", "-o", IMAGE)


def release(kubectl: Kubectl, tag: str) -> None:
    backend = ("deployment/aurora-backend", f"--namespace={NAMESPACE}")
    kubectl("set", "image", *backend, f"backend={tag}")
    kubectl("annotate", *backend, f"kubernetes.io/change-cause=release {tag}", "--overwrite")
    kubectl("rollout", "status", *backend, "--timeout=90s")


def alertmanager() -> list[dict[str, Any]]:
    answer = fetch(f"{stack_variable('AURORA_LIVE_ALERTMANAGER')}/api/v2/alerts")
    assert isinstance(answer, list)
    return answer


def prometheus(query: str) -> float:
    address = stack_variable("AURORA_LIVE_PROMETHEUS")
    answer = fetch(f"{address}/api/v1/query?{urllib.parse.urlencode({'query': query})}")
    return float(answer["data"]["result"][0]["value"][1])


@pytest.fixture
def bad_release(kubectl: Kubectl) -> Iterator[None]:
    """The backend's bad release is out; afterwards the good one is again, whatever the test did."""
    release(kubectl, BAD)
    yield
    if image(kubectl) != GOOD:
        release(kubectl, GOOD)


def console(aurora: Program, *options: str, columns: int = 160, lines: int = 48) -> Terminal:
    return Terminal([*aurora.command, *options], columns=columns, lines=lines, env=aurora.environ)


@pytest.mark.usefixtures("bad_release")
async def test_from_the_page_to_a_verified_roll_back_by_keys_alone(
    aurora: Program, kubectl: Kubectl, eventually: Eventually, context: str
) -> None:
    await eventually(lambda: any(each["labels"]["alertname"] == "HighErrorRate" for each in alertmanager()), PATIENCE)

    with console(aurora, f"--namespace={NAMESPACE}") as terminal:
        seen = terminal.wait_for("m mend it, ⏎ why  deployment/aurora-backend", PATIENCE)
        assert "HighErrorRate" in seen
        assert "PRODUCTION" in seen
        terminal.send(f"u{context}\rOPS-1")
        terminal.wait_for(f"- spec.template.spec.containers[backend].image: {BAD}")
        terminal.send("\r")
        terminal.wait_for("SLI recovered", PATIENCE)
        terminal.send("\x1b")
        terminal.wait_for("none firing", PATIENCE)
        terminal.send("\x03")
        assert terminal.wait_end() == 0

    assert image(kubectl) == GOOD
    [entry] = aurora("journal", "list", "-o", "json").json
    assert (entry["verb"], entry["reason"], entry["outcome"]) == ("undo", "OPS-1", "done")
    assert entry["target"]["name"] == "aurora-backend"
    assert entry["verdict"]["sli"] == "recovered"


@pytest.mark.usefixtures("bad_release")
async def test_alerts_and_status_say_what_alertmanager_says(aurora: Program, eventually: Eventually) -> None:
    def firing() -> bool:
        before = {each["fingerprint"]: each["labels"] for each in alertmanager()}
        rows = aurora("get", "alerts", "-o", "json").json
        after = {each["fingerprint"]: each["labels"] for each in alertmanager()}
        assert before.keys() == after.keys(), "the alerts changed while they were read"
        ours = {row["raw"]["fingerprint"]: row for row in rows if row["state"] == "firing"}
        assert ours.keys() == before.keys()
        assert all(ours[name]["alert"] == labels["alertname"] for name, labels in before.items())
        return any(row["service"] == "backend" for row in ours.values())

    await eventually(firing, PATIENCE)
    status = aurora("status", f"--namespace={NAMESPACE}", "-o", "json")
    assert (status.code, status.json["status"]) == (1, "burning")
    assert "HighErrorRate" in {row["alert"] for row in status.json["alerts"]}


async def test_objectives_say_what_prometheus_says(aurora: Program, eventually: Eventually) -> None:
    served = 'sum(rate(http_requests_total{job="aurora-backend",code!~"5.."}[30s]))'
    total = 'sum(rate(http_requests_total{job="aurora-backend"}[30s]))'

    def same() -> bool:
        before = prometheus(f"{served} / {total}")
        rows = aurora("get", "slos", "-o", "json").json
        after = prometheus(f"{served} / {total}")
        [ours] = [row for row in rows if (row["service"], row["slo"]) == ("backend", "availability")]
        low, high = sorted((before, after))
        # A scrape may have come in between: the window moves by a thirtieth.
        assert low - 0.005 <= ours["raw"]["value"] <= high + 0.005, (before, ours, after)
        return True

    await eventually(same, PATIENCE)


async def test_a_healthy_stack_is_told_as_healthy(aurora: Program, kubectl: Kubectl, eventually: Eventually) -> None:
    assert image(kubectl) == GOOD

    def healthy() -> bool:
        answer = aurora("status", f"--namespace={NAMESPACE}", "-o", "json").json
        assert not answer["alerts"], json.dumps(answer)
        assert not answer["workloads"], json.dumps(answer)
        assert not answer["unknown"], json.dumps(answer)
        return bool(answer["status"] == "healthy")

    await eventually(healthy, PATIENCE)


@pytest.mark.parametrize(("columns", "lines"), [(160, 48), (120, 36), (80, 24)])
def test_the_screen_shows_what_kubectl_prints(aurora: Program, kubectl: Kubectl, columns: int, lines: int) -> None:
    pods = kubectl("get", "pods", f"--namespace={NAMESPACE}", "-o", "jsonpath={.items[*].metadata.name}").split()
    version = json.loads(kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"]

    with console(aurora, f"--namespace={NAMESPACE}", columns=columns, lines=lines) as terminal:
        terminal.send(":pods\r")
        terminal.wait_for(lambda text: f"Pods {len(pods)}" in text and all(name in text for name in pods))
        terminal.wait_for(version)
