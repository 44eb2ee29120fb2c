"""The node life cycle controllers: a node whose kubelet is silent is marked, tainted and, in time, rid of its pods.

https://kubernetes.io/docs/reference/node/node-status/ and
https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions
"""

from __future__ import annotations

from collections.abc import Iterable

from aurora_tui.sandbox.kube.deletion import delete
from aurora_tui.sandbox.kube.kinds import NODES, PODS, Json
from aurora_tui.sandbox.kube.manager import Key
from aurora_tui.sandbox.kube.mishaps import Mishaps
from aurora_tui.sandbox.kube.objects import Change, key_of
from aurora_tui.sandbox.kube.podstate import condition, has_ended, is_leaving, is_ready, with_condition
from aurora_tui.sandbox.kube.stamps import stamp
from aurora_tui.sandbox.kube.workloads import Cluster, controller_of

_GRACE = 50.0
"""Seconds without a sign of life after which a node is not ready (--node-monitor-grace-period)."""
_TOLERATED = 300.0
"""Seconds that a pod tolerates it which does not say (the DefaultTolerationSeconds admission)."""
UNREACHABLE = "node.kubernetes.io/unreachable"


class NodeLifecycle:
    def __init__(self, cluster: Cluster, mishaps: Mishaps) -> None:
        self._cluster = cluster
        self._store = cluster.store
        self._mishaps = mishaps

    def keys_of(self, change: Change) -> Iterable[Key]:
        if change.resource is PODS and (node := change.new["spec"].get("nodeName")):
            return (("", node),)
        return (key_of(change.new),) if change.resource is NODES else ()

    def reconcile(self, key: Key) -> float | None:
        node, since = self._store.get(NODES, *key), self._mishaps.silent_since(key[1])
        if node is None or since is None:
            return None
        now, marked = self._cluster.clock(), since + _GRACE
        if now < marked:
            return marked
        ready = condition(node, "Ready")
        if ready is not None and ready["status"] != "Unknown":
            self._mark(node, since, now)
        due = [self._evict(pod, marked, now) for pod in self._pods(key[1])]
        return min((moment for moment in due if moment is not None), default=None)

    def _pods(self, node: str) -> list[Json]:
        return [pod for pod in self._store.items(PODS) if pod["spec"].get("nodeName") == node and not has_ended(pod)]

    def _mark(self, node: Json, since: float, now: float) -> None:
        told = {"status": "Unknown", "reason": "NodeStatusUnknown", "message": "Kubelet stopped posting node status."}
        seen = {"lastHeartbeatTime": stamp(since), "lastTransitionTime": stamp(now)}
        conditions = [{**each, **told, **seen} for each in node["status"]["conditions"]]
        taints = [
            {"key": UNREACHABLE, "effect": effect, "timeAdded": stamp(now)} for effect in ("NoSchedule", "NoExecute")
        ]
        spec = {**node["spec"], "taints": [*(node["spec"].get("taints") or ()), *taints]}
        marked = self._store.replace(
            NODES, {**node, "spec": spec, "status": {**node["status"], "conditions": conditions}}
        )
        name, recorder = node["metadata"]["name"], self._cluster.recorder
        recorder.report(marked, "Normal", "NodeNotReady", f"Node {name} status is now: NodeNotReady", "node-controller")
        for pod in self._pods(name):
            if is_ready(pod):
                conditions = with_condition(pod["status"]["conditions"], now, "Ready", False, probed=True)
                self._store.replace(PODS, {**pod, "status": {**pod["status"], "conditions": conditions}})
            recorder.report(pod, "Warning", "NodeNotReady", "Node is not ready", "node-controller")

    def _evict(self, pod: Json, marked: float, now: float) -> float | None:
        """Mark a pod for deletion once it has tolerated enough; gives when that will be."""
        if is_leaving(pod):
            return None
        due = marked + _tolerates(pod)
        if now < due:
            return due if due != float("inf") else None
        told = {"reason": "DeletionByTaintManager", "message": "Taint manager: deleting due to NoExecute taint"}
        conditions = with_condition(pod["status"]["conditions"], now, "DisruptionTarget", True, probed=True, **told)
        disturbed = self._store.replace(PODS, {**pod, "status": {**pod["status"], "conditions": conditions}})
        words = f"Marking for deletion Pod {pod['metadata']['namespace']}/{pod['metadata']['name']}"
        self._cluster.recorder.report(disturbed, "Normal", "TaintManagerEviction", words, "taint-eviction-controller")
        delete(self._store, now, PODS, disturbed)
        return None


def _tolerates(pod: Json) -> float:
    """Seconds that a pod stays on a node that is not to be reached; those of DaemonSets stay."""
    owner = controller_of(pod)
    if owner is not None and owner["kind"] == "DaemonSet":
        return float("inf")
    for each in pod["spec"].get("tolerations") or ():
        if each.get("key") == UNREACHABLE and each.get("effect") in (None, "NoExecute"):
            return float(each.get("tolerationSeconds", "inf"))
    return _TOLERATED
