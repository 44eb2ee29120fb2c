"""The pod that an ordered StatefulSet waits for before it touches any other.

Source: ``processReplica`` of ``kubernetes/pkg/controller/statefulset/stateful_set_control.go`` (v1.35): the
pods are looked at from the lowest ordinal up, and the first that is missing, ending or not running and ready
stops all else, whatever ``maxUnavailable`` allows. That a pod of another revision is never replaced then, even
by one that would work, is the "forced rollback" of
https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aurora_tui.model.pod_trouble import is_ready
from aurora_tui.model.pods import faulty
from aurora_tui.model.wire_pods import Pod

REVISION_LABEL = "controller-revision-hash"


def waited_for(item: Mapping[str, Any], pods: Iterable[Pod]) -> Pod | None:
    """The pod of a StatefulSet (raw JSON) whose readiness all others wait for; None where there is none.

    A pod that is missing, ending or over (Failed, Succeeded) is not meant: the controller makes it anew itself.
    """
    spec = item["spec"]
    if spec.get("podManagementPolicy", "OrderedReady") != "OrderedReady":
        return None
    found = {_ordinal(pod): pod for pod in pods}
    start = _start(spec)
    for ordinal in range(start, start + spec.get("replicas", 1)):
        pod = found.get(ordinal)
        if pod is None or pod.metadata.deletion_timestamp is not None or pod.status.phase in ("Failed", "Succeeded"):
            return None
        if not is_ready(pod):
            return pod
    return None


def waits_in_vain(item: Mapping[str, Any], pods: Iterable[Pod], now: float) -> Pod | None:
    """The pod that must be deleted before the StatefulSet gets on: broken, and of a revision that goes.

    `item` must be one that its controller has observed.
    """
    pod = waited_for(item, pods)
    strategy = item["spec"].get("updateStrategy") or {}
    if pod is None or strategy.get("type", "RollingUpdate") != "RollingUpdate" or not faulty(pod, now):
        return None
    return pod if revision_of(pod) not in ("", _made_anew_as(item, strategy, _ordinal(pod))) else None


def revision_of(pod: Pod) -> str:
    """The name of the ControllerRevision that a StatefulSet's pod was made from."""
    return (pod.metadata.labels or {}).get(REVISION_LABEL, "")


def _made_anew_as(item: Mapping[str, Any], strategy: Mapping[str, Any], ordinal: int) -> str:
    """The revision that the controller makes a pod from (``newVersionedStatefulSetPod``)."""
    status, partition = item.get("status") or {}, (strategy.get("rollingUpdate") or {}).get("partition") or 0
    kept = ordinal < _start(item["spec"]) + partition
    return str(status.get("currentRevision" if kept else "updateRevision", ""))


def _start(spec: Mapping[str, Any]) -> int:
    return int((spec.get("ordinals") or {}).get("start", 0))


def _ordinal(pod: Pod) -> int:
    """The number at the end of its name; -1 for a pod that was not made by a StatefulSet."""
    number = pod.metadata.name.rpartition("-")[2]
    return int(number) if number.isdecimal() else -1
