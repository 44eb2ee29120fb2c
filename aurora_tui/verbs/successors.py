"""Whether another pod serves in the place of one that was ended, by what its controller wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aurora_tui.cluster.errors import NotFoundError
from aurora_tui.cluster.protocol import Cluster
from aurora_tui.cluster.resources import PODS, find
from aurora_tui.model.actions import Action
from aurora_tui.model.draining import controller
from aurora_tui.model.endpoints import is_serving
from aurora_tui.model.kube import Pod
from aurora_tui.model.pod_trouble import state
from aurora_tui.model.pods import owner_workload
from aurora_tui.model.raw import controlled_by
from aurora_tui.model.rollouts import RolloutState, RolloutStatus, counted
from aurora_tui.model.selectors import selector_text

_MAKERS = ("StatefulSet", "ReplicaSet", "DaemonSet")
"""Controllers that make a pod anew which has ended, whatever it ended as."""

OWNER, WORKLOAD, OTHERS = "owner", "workload", "others_ready"


def facts(pod: Mapping[str, Any], others: int) -> dict[str, Any]:
    """What tells later by whom and for what a pod (raw JSON) was run, and how many `others` served beside it."""
    owner, workload = controller(pod), owner_workload(msgspec.convert(pod, Pod))
    if owner is None or workload is None:
        return {}
    return {OWNER: " ".join(owner), WORKLOAD: f"{workload[0].lower()}/{workload[1]}", OTHERS: others}


async def successor(cluster: Cluster, action: Action, words: str) -> RolloutStatus:
    """How far the pod that an action has ended is replaced; settled where nothing makes another. Raises `ClusterError`.

    `words` say what became of the pod itself. A StatefulSet makes one of the same name. Elsewhere one more ready pod
    than there were without it is waited for: what was broken before stays out of it.
    """
    target = action.target
    kind, _, name = str(action.before.get(OWNER, "")).partition(" ")
    resource = find(kind) if kind in _MAKERS else None
    if resource is None:
        return _settled(words)
    try:
        owner = await cluster.get(resource, target.namespace, name)
    except NotFoundError:
        return _settled(f"{words}, and so is {kind} {name}")
    wanted = _wanted(kind, owner)
    if not wanted or (kind == "StatefulSet" and not _has(owner, wanted, target.name)):
        return _settled(f"{words}, {kind} {name} wants no other")
    if kind == "StatefulSet":
        return await _of_its_name(cluster, action, f"{kind} {name}", words)
    pods = await cluster.list(PODS, target.namespace, labels=selector_text(owner["spec"]["selector"]))
    ready = sum(is_serving(pod) and controlled_by(pod, owner["metadata"]["uid"]) for pod in pods)
    needed = min(int(action.before[OTHERS]) + 1, wanted)
    text = f"{words}, {ready} of {counted(wanted, 'pod')} of {kind} {name} are ready"
    done = RolloutState.COMPLETE if ready >= needed else RolloutState.WAITING
    return RolloutStatus(done, min(ready, needed), needed, text)


async def _of_its_name(cluster: Cluster, action: Action, owner: str, words: str) -> RolloutStatus:
    target = action.target
    try:
        pod = await cluster.get(PODS, target.namespace, target.name)
    except NotFoundError:
        return RolloutStatus(RolloutState.WAITING, 0, 1, f"{words}, {owner} has not made it anew yet")
    if is_serving(pod):
        return RolloutStatus(RolloutState.COMPLETE, 1, 1, f"{words}, the new one is ready")
    return RolloutStatus(RolloutState.WAITING, 0, 1, f"{words}, the new one: {state(msgspec.convert(pod, Pod))}")


def _wanted(kind: str, owner: Mapping[str, Any]) -> int:
    if kind == "DaemonSet":
        return int((owner.get("status") or {}).get("desiredNumberScheduled", 0))
    return int(owner["spec"].get("replicas", 1))


def _has(owner: Mapping[str, Any], wanted: int, pod: str) -> bool:
    """Whether a StatefulSet that wants so many has one of this name among them."""
    start, ordinal = (owner["spec"].get("ordinals") or {}).get("start", 0), pod.rpartition("-")[2]
    return ordinal.isdecimal() and start <= int(ordinal) < start + wanted


def _settled(words: str) -> RolloutStatus:
    return RolloutStatus(RolloutState.SETTLED, 1, 1, words)
