"""A pod's status from the state of its containers (pkg/kubelet of Kubernetes)."""

from __future__ import annotations

from collections.abc import Sequence

from aurora_tui.sandbox.kube.containers import Container
from aurora_tui.sandbox.kube.kinds import Json
from aurora_tui.sandbox.kube.podstate import with_condition
from aurora_tui.sandbox.kube.stamps import stamp


def scheduled_status(pod: Json, now: float, why_not: str = "") -> Json:
    """The status with PodScheduled set; `why_not` is the scheduler's message where no node fits."""
    told = {"reason": "Unschedulable", "message": why_not} if why_not else {}
    status: Json = pod["status"]
    conditions = with_condition(status.get("conditions") or [], now, "PodScheduled", not why_not, probed=True, **told)
    return {**status, "conditions": conditions}


def running_status(
    pod: Json, now: float, addresses: tuple[str, str], inits: Sequence[Container], mains: Sequence[Container]
) -> Json:
    """The status as the kubelet reports it; `addresses` are the node's and the pod's."""
    host, own = addresses
    old: Json = pod["status"]
    phase = _phase(pod, inits, mains)
    ended = {"reason": "PodCompleted"} if phase == "Succeeded" else {}
    undone = [each.name for each in inits if not each.done]
    not_initialised = {
        "reason": "ContainersNotInitialized",
        "message": f"containers with incomplete status: [{' '.join(undone)}]",
    }
    unready = [each.name for each in mains if not each.ready]
    not_ready = ended or {
        "reason": "ContainersNotReady",
        "message": f"containers with unready status: [{' '.join(unready)}]",
    }
    conditions = old.get("conditions") or []
    for kind, holds, why in (
        ("PodReadyToStartContainers", bool(own), {}),
        ("Initialized", not undone, not_initialised if undone else ended),
        ("Ready", not unready, not_ready if unready else {}),
        ("ContainersReady", not unready, not_ready if unready else {}),
    ):
        conditions = with_condition(conditions, now, kind, holds, probed=True, **why)
    status: Json = {
        **old,
        "phase": phase,
        "conditions": conditions,
        "hostIP": host,
        "hostIPs": [{"ip": host}],
        "startTime": old.get("startTime", stamp(now)),
        "containerStatuses": [each.status() for each in mains],
    }
    if own:
        status |= {"podIP": own, "podIPs": [{"ip": own}]}
    if inits:
        status["initContainerStatuses"] = [{**each.status(), "ready": each.done} for each in inits]
    return status


def _phase(pod: Json, inits: Sequence[Container], mains: Sequence[Container]) -> str:
    policy = pod["spec"]["restartPolicy"]
    if any(not each.done for each in inits):
        failed = any("terminated" in each.state and not each.done for each in inits)
        return "Failed" if failed and policy == "Never" else "Pending"
    if any("waiting" in each.state and not each.last for each in mains):
        return "Pending"
    if policy != "Always" and all("terminated" in each.state for each in mains):
        if all(each.done for each in mains):
            return "Succeeded"
        return "Failed" if policy == "Never" else "Running"
    return "Running"
