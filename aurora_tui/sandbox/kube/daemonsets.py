"""The DaemonSet controller: one pod on every node, replaced one node after the other."""

from __future__ import annotations

from collections.abc import Iterable

from aurora_tui.sandbox.kube.kinds import DAEMONSETS, NODES, PODS, Json
from aurora_tui.sandbox.kube.manager import Key
from aurora_tui.sandbox.kube.objects import Change, key_of
from aurora_tui.sandbox.kube.podstate import has_ended, is_leaving
from aurora_tui.sandbox.kube.revisions import synced_revision
from aurora_tui.sandbox.kube.rollouts import amount
from aurora_tui.sandbox.kube.scheduling import node_of, pinned
from aurora_tui.sandbox.kube.selectors import labels_of
from aurora_tui.sandbox.kube.workloads import WorkloadController, is_available, next_available, owned

_HASH = "controller-revision-hash"


class DaemonSetController(WorkloadController):
    resource = DAEMONSETS
    component = "daemonset-controller"

    def keys_of(self, change: Change) -> Iterable[Key]:
        if change.resource is NODES and change.verb != "MODIFIED":
            return [key_of(each) for each in self.store.items(DAEMONSETS)]
        return super().keys_of(change)

    def reconcile(self, key: Key) -> float | None:
        daemon_set = self.store.get(DAEMONSETS, *key)
        if daemon_set is None or is_leaving(daemon_set):
            return None
        short = labels_of(synced_revision(self.store, DAEMONSETS, daemon_set))["controller.kubernetes.io/hash"]
        selector = daemon_set["spec"]["template"]["spec"].get("nodeSelector") or {}
        nodes = [
            node["metadata"]["name"]
            for node in self.store.items(NODES)
            if selector.items() <= dict(labels_of(node)).items()
        ]
        pods = self._pods(daemon_set)
        for node in nodes:
            if node not in pods:
                self._create(daemon_set, node, short)
        for node, pod in pods.items():
            if (node not in nodes or has_ended(pod)) and not is_leaving(pod):
                self._delete(daemon_set, pod)
        if daemon_set["spec"]["updateStrategy"]["type"] == "RollingUpdate":
            self._roll(daemon_set, short, len(nodes))
        return self._count(daemon_set, short, len(nodes))

    def _pods(self, daemon_set: Json) -> dict[str, Json]:
        return {node_of(pod): pod for pod in owned(self.store, PODS, daemon_set)}

    def _create(self, daemon_set: Json, node: str, short: str) -> None:
        template = daemon_set["spec"]["template"]
        template = {**template, "spec": pinned(template["spec"], node)}
        pod = self.create_pod(daemon_set, template, labels={_HASH: short})
        self.report(daemon_set, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")

    def _delete(self, daemon_set: Json, pod: Json) -> None:
        self.delete_pod(pod)
        self.report(daemon_set, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")

    def _roll(self, daemon_set: Json, short: str, nodes: int) -> None:
        rolling = daemon_set["spec"]["updateStrategy"].get("rollingUpdate") or {}
        allowed = max(1, amount(rolling.get("maxUnavailable", 1), nodes, up=True))
        now, wait = self.cluster.clock(), daemon_set["spec"].get("minReadySeconds", 0)
        pods = self._pods(daemon_set)
        allowed -= nodes - sum(is_available(pod, wait, now) and not is_leaving(pod) for pod in pods.values())
        for pod in pods.values():
            outdated = labels_of(pod).get(_HASH) != short and not is_leaving(pod)
            if outdated and (allowed > 0 or not is_available(pod, wait, now)):
                self._delete(daemon_set, pod)
                allowed -= 1

    def _count(self, daemon_set: Json, short: str, nodes: int) -> float | None:
        now, wait = self.cluster.clock(), daemon_set["spec"].get("minReadySeconds", 0)
        pods = [pod for pod in self._pods(daemon_set).values() if not is_leaving(pod)]
        available = sum(is_available(pod, wait, now) for pod in pods)
        self.set_status(
            daemon_set,
            {
                "currentNumberScheduled": len(pods),
                "numberMisscheduled": 0,
                "desiredNumberScheduled": nodes,
                "numberReady": sum(is_available(pod, 0, now) for pod in pods),
                "observedGeneration": daemon_set["metadata"]["generation"],
                "updatedNumberScheduled": sum(labels_of(pod).get(_HASH) == short for pod in pods),
                "numberAvailable": available,
                "numberUnavailable": max(nodes - available, 0),
            },
        )
        return next_available(pods, wait, now)
