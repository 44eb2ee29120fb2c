"""How far a workload's rollout is, decided from the fields that ``kubectl rollout status`` looks at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from aurora_tui.model import argo
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.wire_rollouts import Rollout

UNOBSERVED = "the controller has not seen the change yet"


class RolloutState(StrEnum):
    WAITING = "waiting"
    COMPLETE = "complete"
    FAILED = "failed"
    SETTLED = "settled"
    """The change is in force and moves no pods."""
    HELD = "held"
    """It has come to a pause that only somebody's word ends."""
    UNFOLLOWED = "unfollowed"
    """The workload's update strategy replaces no pods by itself: there is nothing to wait for."""


class RolloutStatus(Frozen):
    """Where a rollout stands: `done` of `total` pods are new and available (at least)."""

    state: RolloutState
    done: int
    total: int
    text: str
    since: str = ""
    """For a failure, when its condition last changed (RFC 3339)."""


def rollout_status(kind: str, item: Mapping[str, Any]) -> RolloutStatus:
    """The state of a Deployment, StatefulSet, DaemonSet, ReplicaSet or Argo's Rollout given as raw JSON.

    Source: the rules of kubectl's StatusViewer for each kind, for a Rollout those of ``kubectl argo rollouts
    status``; ReplicaSets, which it does not follow, are complete when as many pods as wanted are available.
    """
    if kind == "Rollout":
        return _rollout(msgspec.convert(item, Rollout))
    spec, status = item["spec"], item.get("status") or {}
    wanted = status.get("desiredNumberScheduled", 0) if kind == "DaemonSet" else spec.get("replicas", 1)
    strategy = (spec.get("updateStrategy") or {}).get("type", "RollingUpdate")
    if strategy != "RollingUpdate" and kind in ("StatefulSet", "DaemonSet"):
        text = f"update strategy {strategy}: pods change only when they are deleted"
        return RolloutStatus(RolloutState.UNFOLLOWED, 0, wanted, text)
    if not observed(kind, item):
        return _waiting(0, wanted, UNOBSERVED)
    return _RULES[kind](spec, status, wanted)


def _deployment(spec: Mapping[str, Any], status: Mapping[str, Any], wanted: int) -> RolloutStatus:
    updated, total = status.get("updatedReplicas", 0), status.get("replicas", 0)
    available = status.get("availableReplicas", 0)
    # The API does not say which pods are available: never count an old one as new.
    done = min(max(0, available - (total - updated)), wanted)
    for condition in status.get("conditions") or ():
        if condition["type"] == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded":
            since = condition.get("lastUpdateTime") or "unknown"
            text = "no progress within the deadline (ProgressDeadlineExceeded)"
            return RolloutStatus(RolloutState.FAILED, done, wanted, text, since)
    if updated < wanted:
        return _waiting(done, wanted, f"{updated} of {wanted} pods are of the new revision")
    if total > updated:
        return _waiting(done, wanted, f"{counted(total - updated, 'old pod')} still to end")
    if available < updated:
        return _waiting(done, wanted, f"{available} of {updated} new pods are available")
    return _complete(available, wanted)


def _daemonset(spec: Mapping[str, Any], status: Mapping[str, Any], wanted: int) -> RolloutStatus:
    updated, available = status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)
    if updated < wanted:
        return _waiting(min(updated, available), wanted, f"{updated} of {wanted} pods are of the new revision")
    if available < wanted:
        return _waiting(available, wanted, f"{available} of {wanted} new pods are available")
    return _complete(available, wanted)


def _statefulset(spec: Mapping[str, Any], status: Mapping[str, Any], wanted: int) -> RolloutStatus:
    updated, ready = status.get("updatedReplicas", 0), status.get("readyReplicas", 0)
    rolling = (spec.get("updateStrategy") or {}).get("rollingUpdate")
    partition = (rolling or {}).get("partition") or 0
    if ready < wanted:
        return _waiting(min(updated, ready), wanted, f"{ready} of {wanted} pods are ready")
    if rolling is not None:
        if updated < wanted - partition:
            text = f"{updated} of {wanted - partition} pods are of the new revision"
            return _waiting(updated, wanted - partition, text)
        if partition:
            text = f"{counted(updated, 'new pod')}, as partition {partition} wants"
            return RolloutStatus(RolloutState.COMPLETE, updated, max(0, wanted - partition), text)
    elif status.get("updateRevision") != status.get("currentRevision"):
        return _waiting(updated, wanted, f"{updated} of {wanted} pods are of the new revision")
    return _complete(ready, wanted)


def _replicaset(spec: Mapping[str, Any], status: Mapping[str, Any], wanted: int) -> RolloutStatus:
    total, available = status.get("replicas", 0), status.get("availableReplicas", 0)
    if total != wanted or available < wanted:
        return _waiting(min(available, wanted), wanted, f"{available} of {wanted} pods are available")
    return _complete(available, wanted)


def _rollout(rollout: Rollout) -> RolloutStatus:
    status, wanted = rollout.status, argo.desired(rollout)
    done = min(status.updated_replicas, status.available_replicas, wanted)
    phase, message = argo.phase(rollout)
    # None of these moves the generation, which else tells that the controller has yet to look.
    if argo.observed(rollout):
        if status.abort and status.aborted_at is None:
            return _waiting(done, wanted, "the controller has not seen the abort yet")
        if not status.abort and argo.aborted(rollout):
            return _waiting(done, wanted, "the controller has not seen the retry yet")
        unpaused = status.promote_full or not (status.pause_conditions or rollout.spec.paused)
        if phase == argo.PAUSED and unpaused:
            return _waiting(done, wanted, "the controller has not seen the promotion yet")
    text = ", ".join(filter(None, (f"{phase}: {message}" if message else phase, argo.whereabouts(rollout))))
    match phase:
        case argo.HEALTHY:
            return _complete(status.available_replicas, wanted)
        case argo.PAUSED if argo.waits(rollout):
            return RolloutStatus(RolloutState.HELD, done, wanted, text)
        case argo.PAUSED | argo.PROGRESSING:
            return _waiting(done, wanted, text)
    return RolloutStatus(RolloutState.FAILED, done, wanted, text, argo.failed_since(rollout))


def observed(kind: str, item: Mapping[str, Any]) -> bool:
    """Whether the controller has seen the workload (raw JSON) as it is now."""
    if kind == "Rollout":
        return argo.observed(msgspec.convert(item, Rollout))
    seen: int = (item.get("status") or {}).get("observedGeneration", 0)
    return seen >= int(item["metadata"].get("generation", 0))


_RULES: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any], int], RolloutStatus]] = {
    "Deployment": _deployment,
    "DaemonSet": _daemonset,
    "StatefulSet": _statefulset,
    "ReplicaSet": _replicaset,
}


ROLLING_KINDS = frozenset((*_RULES, "Rollout"))
"""The kinds that `rollout_status` knows."""


def _waiting(done: int, total: int, text: str) -> RolloutStatus:
    return RolloutStatus(RolloutState.WAITING, done, total, text)


def _complete(done: int, total: int) -> RolloutStatus:
    return RolloutStatus(RolloutState.COMPLETE, done, total, f"{counted(done, 'pod')} available")


def counted(count: int, noun: str) -> str:
    """``1 pod``, ``2 pods``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
