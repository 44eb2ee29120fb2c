"""The eviction API: deletion of a pod that its disruption budgets must allow."""

from __future__ import annotations

from aurora_tui.sandbox.kube.kinds import BUDGETS, Json
from aurora_tui.sandbox.kube.objects import ObjectStore
from aurora_tui.sandbox.kube.podstate import is_ready
from aurora_tui.sandbox.kube.selectors import labels_of, matches, requirements_of
from aurora_tui.sandbox.kube.statuses import ApiError, bad_request, too_many_requests
from aurora_tui.sandbox.kube.writes import DeleteOptions, Registry, Target

_REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."


def evict(store: ObjectStore, registry: Registry, target: Target, body: Json, *, dry_run: bool) -> Json:
    """The Success status; raises ApiError 429 while a budget allows no disruption.

    As in the server, a pod that has ended or is not ready (its budget being met) costs no budget.
    """
    if (body.get("kind"), body.get("apiVersion")) != ("Eviction", "policy/v1"):
        raise bad_request(f"{body.get('apiVersion')}, Kind={body.get('kind')} is not policy/v1, Kind=Eviction")
    pod = registry.get(target)
    given = body.get("deleteOptions") or {}
    preconditions = given.get("preconditions") or {}
    options = DeleteOptions(
        grace=given.get("gracePeriodSeconds"),
        uid=preconditions.get("uid") or "",
        revision=preconditions.get("resourceVersion") or "",
        dry_run=dry_run or given.get("dryRun") == ["All"],
    )
    ended = pod.get("status", {}).get("phase") in ("Succeeded", "Failed", "Pending")
    if not ended and not pod["metadata"].get("deletionTimestamp"):
        _charge(store, pod, options.dry_run)
    registry.delete(target, options)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _charge(store: ObjectStore, pod: Json, dry_run: bool) -> None:
    budgets = [
        budget
        for budget in store.items(BUDGETS, pod["metadata"]["namespace"])
        if matches(requirements_of(budget["spec"].get("selector")) or (), labels_of(pod))
    ]
    if len(budgets) > 1:
        text = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise ApiError(500, "InternalError", text)
    for budget in budgets:
        name, status = budget["metadata"]["name"], budget.get("status", {})
        if status.get("observedGeneration", 0) < budget["metadata"]["generation"]:
            cause = f"The disruption budget {name} is still being processed by the server."
            raise too_many_requests(_REFUSED, cause, 10)
        healthy, wanted = status["currentHealthy"], status["desiredHealthy"]
        if not is_ready(pod) and healthy >= wanted > 0:
            return
        allowed = status["disruptionsAllowed"]
        if allowed <= 0:
            cause = f"The disruption budget {name} needs {wanted} healthy pods and has {healthy} currently"
            raise too_many_requests(_REFUSED, cause)
        if not dry_run:
            store.replace(BUDGETS, {**budget, "status": {**status, "disruptionsAllowed": allowed - 1}})
