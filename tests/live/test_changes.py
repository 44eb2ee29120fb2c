"""`changes` finds on a real API server what kubectl did, when, and by which manager."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.live.conftest import Eventually, Kubectl
from tests.live.program import Program
from tests.live.twins import Twins

pytest_plugins = ("tests.live.fixtures",)


@pytest.fixture(autouse=True)
def left_as_found(twins: Twins, kubectl: Kubectl) -> Iterator[None]:
    """The namespaces are those of all tests: nothing stays behind that keeps others from making pods."""
    yield
    kubectl("delete", "quota,configmap,secret", "-l=of=changes", f"--namespace={twins.ours}")


RELEASES = ("aurora/backend:2.4.0", "aurora/backend:2.4.1")


def create(twins: Twins, kubectl: Kubectl, kind: str, name: str, *options: str) -> None:
    """Make an object that is taken away at the end."""
    ours = f"--namespace={twins.ours}"
    plain = kubectl("create", *kind.split(), name, *options, ours, "--dry-run=client", "-o", "json")
    item = json.loads(plain)
    item["metadata"]["labels"] = {"of": "changes"}
    kubectl("create", ours, "-f", "-", stdin=json.dumps(item))


def told(aurora: Program, twins: Twins, *options: str, code: int = 0) -> list[dict[str, Any]]:
    run = aurora("changes", twins.reference("Deployment"), f"--namespace={twins.ours}", "-o", "json", *options)
    assert run.code == code, run
    return list(run.json)


async def test_what_kubectl_did_is_found_with_its_time_and_its_manager(
    aurora: Program, twins: Twins, kubectl: Kubectl, eventually: Eventually
) -> None:
    await twins.apply(*(twins.release("Deployment", image, note=image[-5:]) for image in RELEASES))
    ours, reference = f"--namespace={twins.ours}", twins.reference("Deployment")
    create(twins, kubectl, "configmap", "levels", "--from-literal=LEVEL=info")
    create(twins, kubectl, "secret generic", "door", "--from-literal=password=hunter2")
    time.sleep(1.1)  # a change within the second of the creation is part of it
    kubectl("patch", "configmap", "levels", "--type=merge", '-p={"data":{"LEVEL":"debug"}}', ours)
    kubectl("patch", "secret", "door", "--type=merge", '-p={"stringData":{"password":"hunter3"}}', ours)
    kubectl("scale", reference, "--replicas=3", ours)
    create(twins, kubectl, "quota", "wide", "--hard=pods=900")

    changes = await _found(aurora, twins, eventually, "scaled from 2 to 3")

    by_words = {(change["object"], change["change"]): change for change in changes}
    managed = json.loads(kubectl("get", "configmap", "levels", ours, "--show-managed-fields", "-o", "json"))
    patched = max(managed["metadata"]["managedFields"], key=lambda each: each["time"])
    edit = by_words["configmap/levels", "changed data.LEVEL"]
    assert edit["by"] == patched["manager"] == "kubectl-patch"
    assert edit["raw"]["at"] == datetime.fromisoformat(patched["time"]).timestamp()
    assert by_words["secret/door", "changed data.password"]["by"] == "kubectl-patch"
    assert by_words["resourcequota/wide", "created"]
    scaled = by_words[str(reference), "scaled from 2 to 3"]
    assert (scaled["by"], scaled["raw"]["own"]) == ("kubectl", True)
    own = [each for each in changes if each["object"] == str(reference)]
    (rollout,) = [each for each in own if each["change"].startswith("revision 2: 2.4.0 → 2.4.1")]
    assert rollout["raw"]["own"]
    assert {(line["sign"], line["text"]) for line in rollout["raw"]["diff"] if line["path"].endswith(".image")} == {
        ("-", RELEASES[0]),
        ("+", RELEASES[1]),
    }
    assert "hunter" not in json.dumps(changes)


async def test_the_nearest_to_the_onset_comes_first(aurora: Program, twins: Twins, kubectl: Kubectl) -> None:
    await twins.apply(*(twins.release("Deployment", image) for image in RELEASES))
    ours = f"--namespace={twins.ours}"
    rollout = json.loads(kubectl("get", "replicasets", ours, "-o", "json"))["items"]
    released = max(item["metadata"]["creationTimestamp"] for item in rollout)
    time.sleep(3)
    create(twins, kubectl, "configmap", "later")

    first, *others = told(aurora, twins, "--onset", released)

    assert first["from onset"] == "at the onset"
    assert first["what"] == "rollout"
    assert "configmap/later" in {each["object"] for each in others}


async def test_a_quota_that_keeps_pods_from_being_made_is_told(
    aurora: Program, twins: Twins, kubectl: Kubectl, eventually: Eventually
) -> None:
    await twins.apply(twins.release("Deployment", RELEASES[0]))
    ours = f"--namespace={twins.ours}"
    create(twins, kubectl, "quota", "none", "--hard=pods=1")
    kubectl("scale", twins.reference("Deployment"), "--replicas=9", ours)

    changes = await _found(aurora, twins, eventually, "FailedCreate")

    refused = next(each for each in changes if each["raw"]["own"] and each["change"].startswith("FailedCreate"))
    assert refused["what"] == "refused"
    assert "exceeded quota: none" in refused["change"]


async def test_an_action_of_ours_is_found_with_its_reason(aurora: Program, twins: Twins) -> None:
    await twins.apply(*(twins.release("Deployment", image) for image in RELEASES))
    reference = twins.reference("Deployment")
    run = aurora(
        "restart", reference, f"--namespace={twins.ours}", "--yes", "--confirm=prod", "--reason=INC-7", "--no-wait"
    )
    assert run.code == 0, run

    (action,) = [each for each in told(aurora, twins) if each["what"] == "action"]  # the journal is the test's own

    assert action["change"] == "restart (done): INC-7"
    assert action["object"] == str(reference) and action["raw"]["own"]


async def test_a_viewer_who_may_not_list_secrets_is_told_so_and_sees_the_rest(aurora: Program, twins: Twins) -> None:
    await twins.apply(*(twins.release("Deployment", image) for image in RELEASES))

    run = aurora.on("viewer")("changes", twins.reference("Deployment"), f"--namespace={twins.ours}", "-o", "json")

    assert run.code == 1
    assert "secrets may not be listed" in run.stderr
    assert any(each["change"].startswith("revision 2") for each in run.json)


async def _found(aurora: Program, twins: Twins, eventually: Eventually, words: str) -> list[dict[str, Any]]:
    """The changes, once one of them says so: controllers and their events come a moment later."""
    found: list[dict[str, Any]] = []

    def there() -> bool:
        found[:] = told(aurora, twins)
        return any(each["change"].startswith(words) for each in found)

    await eventually(there)
    return found
