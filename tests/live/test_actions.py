"""`restart` and `scale` do to a workload what kubectl does to its twin, and the verdict on it is the server's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.live.audit import AuditLog, Sent
from tests.live.manyobjects import to_list
from tests.live.program import Act
from tests.live.twins import Twins

pytest_plugins = ("tests.live.fixtures",)

GOOD, PULL = "aurora/backend:2.4.0", "aurora/backend:broken-pull"
DEADLINE = {"progressDeadlineSeconds": 4}


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
async def test_restart_leaves_what_kubectl_leaves(act: Act, twins: Twins, audit: AuditLog, kind: str) -> None:
    await twins.apply(twins.release(kind, GOOD, note="first"))

    run = act("restart", twins.reference(kind))
    twins.kubectl_does("rollout", "restart", twins.reference(kind))

    assert run.code == 0, run
    found = await twins.become_the_same(kind)
    assert "WHEN" in found["spec"]["template"]["metadata"]["annotations"].values()
    [sent] = await audit.changes()
    assert sent == Sent("patch", f"{twins.ours}/{kind.lower()}s/{twins.name}", dry_run=False, code=200)


async def test_a_paused_deployment_is_not_restarted(act: Act, twins: Twins, audit: AuditLog) -> None:
    await twins.apply(twins.release("Deployment", GOOD))
    twins.both("rollout", "pause", twins.reference("Deployment"))
    with pytest.raises(RuntimeError, match="can't restart paused deployment"):
        twins.kubectl_does("rollout", "restart", twins.reference("Deployment"))

    run = act("restart", twins.reference("Deployment"))

    assert run.code == 1, run
    assert "is paused: resume its rollout first" in run.stderr
    assert await audit.sent() == []


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "ReplicaSet"])
async def test_scale_up_and_to_nothing_leaves_what_kubectl_leaves(
    act: Act, twins: Twins, audit: AuditLog, kind: str
) -> None:
    await twins.apply(twins.release(kind, GOOD))
    for replicas in (3, 0):
        run = act("scale", twins.reference(kind), f"--replicas={replicas}")
        twins.kubectl_does("scale", twins.reference(kind), f"--replicas={replicas}")

        assert run.code == 0, run
        found = await twins.become_the_same(kind)
        assert (found["spec"]["replicas"], found["status"].get("replicas", 0)) == (replicas, replicas)
    what = f"{twins.ours}/{kind.lower()}s/{twins.name}:scale"
    assert await audit.changes() == [Sent("patch", what, dry_run=False, code=200)] * 2


async def test_a_daemonset_cannot_be_scaled_and_the_operator_reads_why(act: Act, twins: Twins, audit: AuditLog) -> None:
    await twins.apply(twins.release("DaemonSet", GOOD))
    with pytest.raises(RuntimeError):
        twins.kubectl_does("scale", twins.reference("DaemonSet"), "--replicas=2")

    run = act("scale", twins.reference("DaemonSet"), "--replicas=2")

    assert run.code == 1, run
    assert "scale does not apply to a daemonset, only to deployments, statefulsets, replicasets" in run.stderr
    assert await audit.sent() == []


async def test_scale_warns_of_the_autoscaler_that_has_its_own_mind(act: Act, twins: Twins) -> None:
    autoscaler = _autoscaler(twins.name, least=2, most=5)
    await twins.apply(twins.release("Deployment", GOOD))
    twins.kubectl("create", "-f", "-", f"--namespace={twins.ours}", stdin=to_list([autoscaler]))
    warnings = {9: "2..5 replicas and will override 9", 3: "may override 3", 0: "stops working while there are 0"}
    for replicas, warning in warnings.items():
        run = act("scale", twins.reference("Deployment"), f"--replicas={replicas}", "--dry-run")

        assert run.code == 0, run
        [line] = [line for line in run.stdout.splitlines() if line.startswith(f"! HPA {twins.name}")]
        assert warning in line


async def test_a_rollout_beyond_its_deadline_has_failed_and_undoing_it_has_not(act: Act, twins: Twins) -> None:
    """The second undo begins while the first one's deadline has expired, and is told so beforehand."""
    await twins.apply(
        twins.release("Deployment", PULL, spec=DEADLINE),
        twins.release("Deployment", GOOD, spec=DEADLINE),
    )
    twins.both("rollout", "status", twins.reference("Deployment"))

    twins.kubectl_does("rollout", "undo", twins.reference("Deployment"))
    failed = act("rollback", twins.reference("Deployment"))
    with pytest.raises(RuntimeError, match="exceeded its progress deadline"):
        twins.kubectl_does("rollout", "status", twins.reference("Deployment"))

    assert failed.code == 1, failed
    assert "pods failed: no progress within the deadline (ProgressDeadlineExceeded)" in failed.stdout
    await twins.become_the_same("Deployment")

    twins.kubectl_does("rollout", "undo", twins.reference("Deployment"))
    mended = act("rollback", twins.reference("Deployment"))

    assert mended.code == 0, mended
    assert "! the last rollout is stuck" in mended.stdout
    assert "pods complete: 2 pods available" in mended.stdout
    await twins.become_the_same("Deployment")


def _autoscaler(name: str, least: int, most: int) -> dict[str, Any]:
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": least,
            "maxReplicas": most,
        },
    }
