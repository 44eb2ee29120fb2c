"""A Deployment's status: the counts over its ReplicaSets and the Available and Progressing conditions."""

from __future__ import annotations

from collections.abc import Sequence

from aurora_tui.sandbox.kube.kinds import Json
from aurora_tui.sandbox.kube.podstate import condition
from aurora_tui.sandbox.kube.rollouts import (
    allowance,
    counted,
    has_progressed,
    is_complete,
    replicas,
    same_template,
)
from aurora_tui.sandbox.kube.stamps import seconds_of, stamp


def deployment_status(deployment: Json, sets: Sequence[Json], now: float) -> Json:
    """The status that syncRolloutStatus would write; zeros included."""
    old = deployment.get("status", {})
    new = next((each for each in sets if same_template(deployment, each)), None)
    available = counted(sets, "availableReplicas")
    status: Json = {
        "observedGeneration": deployment["metadata"]["generation"],
        "replicas": counted(sets, "replicas"),
        "updatedReplicas": counted([new], "replicas") if new else 0,
        "readyReplicas": counted(sets, "readyReplicas"),
        "availableReplicas": available or None,
        "unavailableReplicas": max(replicas(sets) - available, 0),
    }
    enough = available >= deployment["spec"]["replicas"] - allowance(deployment)[1]
    conditions = with_deployment_condition(
        old.get("conditions") or [],
        now,
        "Available",
        str(enough),
        "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
        f"Deployment {'has' if enough else 'does not have'} minimum availability.",
    )
    if not deployment["spec"].get("paused"):
        conditions = _with_progress(deployment, {**status, "availableReplicas": available}, conditions, new, now)
    return {**status, "conditions": _with_failure(conditions, sets, now)}


def _with_failure(conditions: list[Json], sets: Sequence[Json], now: float) -> list[Json]:
    """What keeps a ReplicaSet from creating pods is told of the Deployment too."""
    failed = (condition(each, "ReplicaFailure") for each in sets)
    found = next((each for each in failed if each), None)
    if found is None:
        return [each for each in conditions if each["type"] != "ReplicaFailure"]
    return with_deployment_condition(conditions, now, "ReplicaFailure", "True", found["reason"], found["message"])


def _with_progress(deployment: Json, status: Json, conditions: list[Json], new: Json | None, now: float) -> list[Json]:
    deadline = deployment["spec"].get("progressDeadlineSeconds")
    if not deadline:
        return [each for each in conditions if each["type"] != "Progressing"]
    present = condition(deployment, "Progressing")
    reason = present["reason"] if present else ""
    if status["replicas"] == status["updatedReplicas"] and reason == "NewReplicaSetAvailable":
        return conditions
    what = f'ReplicaSet "{new["metadata"]["name"]}"' if new else f'Deployment "{deployment["metadata"]["name"]}"'
    if is_complete(deployment, status):
        text = f"{what} has successfully progressed."
        return with_deployment_condition(conditions, now, "Progressing", "True", "NewReplicaSetAvailable", text)
    if has_progressed(deployment.get("status", {}), status):
        text = f"{what} is progressing."
        return with_deployment_condition(conditions, now, "Progressing", "True", "ReplicaSetUpdated", text, again=True)
    due = progress_deadline(deployment, status)
    if due is not None and due <= now:
        text = f"{what} has timed out progressing."
        return with_deployment_condition(conditions, now, "Progressing", "False", "ProgressDeadlineExceeded", text)
    return conditions


def progress_deadline(deployment: Json, status: Json) -> float | None:
    """Epoch second at which a rollout that does not move counts as stuck; None when none is under way."""
    present = condition({"status": status}, "Progressing") or condition(deployment, "Progressing")
    deadline = deployment["spec"].get("progressDeadlineSeconds")
    if present is None or not deadline or deployment["spec"].get("paused"):
        return None
    if present["reason"] in ("NewReplicaSetAvailable", "ProgressDeadlineExceeded"):
        return None
    return seconds_of(present["lastUpdateTime"]) + float(deadline)


def with_deployment_condition(
    conditions: list[Json],
    now: float,
    kind: str,
    status: str,
    reason: str,
    message: str,
    *,
    again: bool = False,
) -> list[Json]:
    """SetDeploymentCondition: nothing moves while status and reason stay, unless `again` (progress)."""
    old = next((each for each in conditions if each["type"] == kind), None)
    if old and old["status"] == status and old["reason"] == reason and not again:
        return conditions
    new = {
        "type": kind,
        "status": status,
        "lastUpdateTime": stamp(now),
        "lastTransitionTime": old["lastTransitionTime"] if old and old["status"] == status else stamp(now),
        "reason": reason,
        "message": message,
    }
    return [*(each for each in conditions if each["type"] != kind), new]
