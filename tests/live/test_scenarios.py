"""The demo's scenarios on real servers: an alert, what triage puts first, and the right action, which mends it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.conftest import Eventually, Kubectl
from tests.live.manifests import FLAGS, POOL_SIZE
from tests.live.program import Program
from tests.live.scenarios import DATABASE, ONE_BY_ONE, PATIENCE, Burning, Scenario

pytest_plugins = ("tests.live.fixtures",)

MENDED_BY = {
    "bad-release": ("rollback", "deployment/aurora-backend"),
    "crash-loop": ("rollback", "deployment/aurora-backend"),
    "dependency-down": ("delete", f"pod/{DATABASE}"),
    "config-edit": ("set-flag", f"configmap/{FLAGS}", f"{POOL_SIZE}=20"),
}


FIRST = {
    "bad-release": ("undo", "deployment/aurora-backend", {}),
    "crash-loop": ("undo", "deployment/aurora-backend", {}),
    "dependency-down": ("delete", f"pod/{DATABASE}", {}),
    "config-edit": ("set flag", f"configmap/{FLAGS}", {POOL_SIZE: "20"}),
}


@pytest.fixture(scope="module", params=ONE_BY_ONE)
def fault(request: pytest.FixtureRequest, scenario: Scenario) -> Iterator[Burning]:
    """One that burns for all tests of it, the last of which ends it: it takes a minute to come and to go."""
    with scenario(request.param) as burning:
        yield burning


def objects(kubectl: Kubectl, fault: Burning, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(kubectl("get", kind, f"--namespace={fault.namespace}", "-o", "json"))[
        "items"
    ]
    return found


def waiting(kubectl: Kubectl, fault: Burning, app: str) -> list[str]:
    """Why containers of the app wait."""
    statuses = [
        pod["status"]["containerStatuses"][0]
        for pod in objects(kubectl, fault, "pods")
        if pod["metadata"]["labels"]["app"] == app
    ]
    return [reason for each in statuses if (reason := each["state"].get("waiting", {}).get("reason"))]


def shows(kubectl: Kubectl, fault: Burning) -> bool:
    """Whether the cluster shows what the scenario is about."""
    match fault.name:
        case "bad-release":
            tags = [pod["spec"]["containers"][0]["image"] for pod in objects(kubectl, fault, "pods")]
            return tags.count("aurora/backend:2.4.1") == 3
        case "crash-loop":
            return waiting(kubectl, fault, "aurora-backend") == ["CrashLoopBackOff"] * 2
        case "dependency-down":
            well = not waiting(kubectl, fault, "aurora-backend")
            return well and waiting(kubectl, fault, "aurora-postgres") == ["CrashLoopBackOff"]
        case _:
            flags = json.loads(
                kubectl(
                    "get", f"configmap/{FLAGS}", f"--namespace={fault.namespace}", "-o", "json", "--show-managed-fields"
                )
            )
            edited = [each["manager"] for each in flags["metadata"]["managedFields"] if "f:data" in each["fieldsV1"]]
            applied = json.loads(flags["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"])
            values = (applied["data"][POOL_SIZE], flags["data"][POOL_SIZE])
            return "kubectl-edit" in edited and values == ("20", "1")


async def test_the_right_mitigation_stands_first(aurora: Program, fault: Burning, eventually: Eventually) -> None:
    wanted = FIRST[fault.name]
    told = None

    def ranked() -> bool:
        nonlocal told
        told = aurora("triage", "backend", f"--namespace={fault.namespace}", "-o", "json")
        assert told.json["onset"], "the first alert may be another service's, a moment before there is one of this"
        offers = told.json["mitigations"]
        return bool(offers) and (offers[0]["verb"], offers[0]["object"], offers[0]["parameters"]) == wanted

    try:
        await eventually(ranked, PATIENCE)
    finally:
        print(told)
    assert told is not None
    assert told.code == 1
    assert not told.json["parts"]["objects"], "the operator may read all that it takes"


async def test_the_alert_fires_the_cluster_shows_why_and_the_right_action_mends_it(
    aurora: Program, fault: Burning, kubectl: Kubectl, eventually: Eventually, context: str
) -> None:
    await eventually(lambda: shows(kubectl, fault), PATIENCE)
    told = aurora("status", f"--namespace={fault.namespace}", "-o", "json")
    assert (told.code, told.json["status"]) == (1, "burning")
    assert fault.alert in {row["alert"] for row in told.json["alerts"]}

    verb, *rest = MENDED_BY[fault.name]
    confirmed = ("--yes", f"--confirm={context}", "--reason=told by the tests")
    run = aurora(verb, *rest, f"--namespace={fault.namespace}", *confirmed)

    assert run.code == 0, run
    await eventually(fault.is_over, PATIENCE)
    assert not shows(kubectl, fault)
