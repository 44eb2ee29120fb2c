"""`set-image`, `pause`, `resume`, `cordon`, `uncordon` and `bounds` leave what kubectl leaves, and undo themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.live.audit import AuditLog, Sent
from tests.live.conftest import Eventually, Kubectl
from tests.live.program import Act, Program
from tests.live.tables import parse_table
from tests.live.twins import Twins

pytest_plugins = ("tests.live.fixtures",)

GOOD, BETTER = "aurora/backend:2.3.9", "aurora/backend:2.4.0"
NODE = "aurora-node-02"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
@pytest.mark.parametrize("container", ["main", "*"])
async def test_an_image_is_set_as_kubectl_sets_it(
    act: Act, twins: Twins, audit: AuditLog, kind: str, container: str
) -> None:
    await twins.apply(twins.release(kind, GOOD, note="first"))

    run = act("set-image", twins.reference(kind), f"{container}={BETTER}")
    twins.kubectl_does("set", "image", twins.reference(kind), f"{container}={BETTER}")

    assert run.code == 0, run
    await twins.become_the_same(kind)
    assert await audit.changes() == [Sent("patch", f"{twins.ours}/{kind.lower()}s/{twins.name}", False, 200)]


@pytest.mark.parametrize(
    ("image", "words"),
    [("other=aurora/x:1", "has no container other (there is: main)"), (f"main={GOOD}", "nothing to change")],
)
async def test_an_image_that_makes_no_sense_is_refused(
    act: Act, twins: Twins, audit: AuditLog, image: str, words: str
) -> None:
    await twins.apply(twins.release("Deployment", GOOD))

    run = act("set-image", twins.reference("Deployment"), image)

    assert (run.code, words in run.stderr) == (1, True), run
    assert await audit.sent() == []


async def test_a_rollout_is_paused_and_resumed_as_kubectl_does_it(act: Act, twins: Twins) -> None:
    reference = twins.reference("Deployment")
    await twins.apply(twins.release("Deployment", GOOD))

    assert act("pause", reference).code == 0
    twins.kubectl_does("rollout", "pause", reference)
    twins.both("set", "image", reference, f"main={BETTER}")
    found = await twins.become_the_same("Deployment")
    assert found["spec"]["paused"] is True
    again = act("pause", reference)
    assert (again.code, "is paused already" in again.stderr) == (1, True), again

    run = act("resume", reference)
    twins.kubectl_does("rollout", "resume", reference)
    assert run.code == 0, run
    found = await twins.become_the_same("Deployment")
    assert "paused" not in found["spec"]


def node(kubectl: Kubectl) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads(kubectl("get", "node", NODE, "-o", "json"))["spec"]
    return spec


async def tainted(kubectl: Kubectl, eventually: Eventually, cordoned: bool) -> dict[str, Any]:
    """The node's spec once the controller has put its taint on a cordoned one, or has taken it away again."""
    await eventually(lambda: (UNSCHEDULABLE in {taint["key"] for taint in node(kubectl).get("taints", ())}) is cordoned)
    spec = node(kubectl)
    for taint in spec.get("taints", ()):
        taint.pop("timeAdded", None)
    return spec


async def test_a_node_is_cordoned_and_uncordoned_as_kubectl_does_it(
    aurora: Program, kubectl: Kubectl, audit: AuditLog, context: str, eventually: Eventually
) -> None:
    confirmed = ("--yes", f"--confirm={context}", "--reason=told by the tests")
    before = await tainted(kubectl, eventually, False)
    kubectl("cordon", NODE)
    cordoned = await tainted(kubectl, eventually, True)
    kubectl("uncordon", NODE)
    await tainted(kubectl, eventually, False)
    try:
        run = aurora("cordon", NODE, *confirmed)
        assert run.code == 0, run
        assert await tainted(kubectl, eventually, True) == cordoned
        assert "SchedulingDisabled" in parse_table(kubectl("get", "node", NODE))[0]["status"]
        run = aurora("uncordon", NODE, *confirmed)
        assert run.code == 0, run
    finally:
        kubectl("uncordon", NODE)
    assert await tainted(kubectl, eventually, False) == before
    assert await audit.changes() == [Sent("patch", f"/nodes/{NODE}", False, 200)] * 2


async def test_a_cronjob_is_suspended_and_resumed(
    aurora: Program, kubectl: Kubectl, namespace: str, context: str
) -> None:
    confirmed = (f"--namespace={namespace}", "--yes", f"--confirm={context}", "--reason=told by the tests")
    kubectl(
        "create", "cronjob", "nightly", "--image=aurora/backup:1", "--schedule=0 3 * * *", f"--namespace={namespace}"
    )

    def suspended() -> str:
        return kubectl("get", "cronjob", "nightly", f"--namespace={namespace}", "-o", "jsonpath={.spec.suspend}")

    run = aurora("pause", "cronjob/nightly", *confirmed)
    assert (run.code, suspended()) == (0, "true"), run
    run = aurora("resume", "cronjob/nightly", *confirmed)
    assert (run.code, suspended()) == (0, "false"), run


async def test_an_autoscalers_bounds_are_changed_and_held_against_what_runs(
    aurora: Program, kubectl: Kubectl, twins: Twins, context: str
) -> None:
    confirmed = (f"--namespace={twins.ours}", "--yes", f"--confirm={context}", "--reason=told by the tests")
    await twins.apply(twins.release("Deployment", GOOD))
    kubectl("autoscale", twins.reference("Deployment"), "--min=1", "--max=4", f"--namespace={twins.ours}")

    run = aurora("bounds", twins.name, "--min=2", "--max=6", *confirmed)

    assert run.code == 0, run
    assert "2..6 replicas, instead of 1..4" in run.stdout
    held = kubectl(
        "get", "hpa", twins.name, f"--namespace={twins.ours}", "-o", "jsonpath={.spec.minReplicas} {.spec.maxReplicas}"
    )
    assert held == "2 6"
    wrong = aurora("bounds", twins.name, "--min=9", *confirmed)
    assert (wrong.code, "1 <= min <= max" in wrong.stderr) == (1, True), wrong
