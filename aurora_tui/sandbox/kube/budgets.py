"""The PodDisruptionBudget controller: how many pods of a group may be evicted now."""

from __future__ import annotations

from collections.abc import Iterable

from aurora_tui.sandbox.kube.kinds import BUDGETS, DEPLOYMENTS, PODS, REPLICASETS, STATEFULSETS, Json
from aurora_tui.sandbox.kube.manager import Key
from aurora_tui.sandbox.kube.objects import Change, key_of
from aurora_tui.sandbox.kube.podstate import has_ended, is_leaving, is_ready, with_condition
from aurora_tui.sandbox.kube.rollouts import amount
from aurora_tui.sandbox.kube.selectors import labels_of, matches, requirements_of
from aurora_tui.sandbox.kube.workloads import WorkloadController, controller_of


class BudgetController(WorkloadController):
    resource = BUDGETS
    owns = ()
    component = "controllermanager"

    def keys_of(self, change: Change) -> Iterable[Key]:
        if change.resource in (PODS, DEPLOYMENTS, STATEFULSETS):
            return [key_of(each) for each in self.store.items(BUDGETS, change.new["metadata"].get("namespace"))]
        return super().keys_of(change)

    def reconcile(self, key: Key) -> float | None:
        budget = self.store.get(BUDGETS, *key)
        if budget is None:
            return None
        chosen = requirements_of(budget["spec"].get("selector")) or ()
        pods = [
            pod
            for pod in self.store.items(PODS, key[0])
            if matches(chosen, labels_of(pod)) and not has_ended(pod) and not is_leaving(pod)
        ]
        expected = self._expected(pods)
        spec = budget["spec"]
        if "maxUnavailable" in spec:
            desired = max(expected - amount(spec["maxUnavailable"], expected, up=True), 0)
        else:
            desired = amount(spec.get("minAvailable", 1), expected, up=True)
        healthy = sum(map(is_ready, pods))
        allowed = max(healthy - desired, 0) if expected else 0
        enough = allowed > 0
        conditions = with_condition(
            budget.get("status", {}).get("conditions") or [],
            self.cluster.clock(),
            "DisruptionAllowed",
            enough,
            observedGeneration=budget["metadata"]["generation"],
            reason="SufficientPods" if enough else "InsufficientPods",
            message="",
        )
        self.set_status(
            budget,
            {
                "observedGeneration": budget["metadata"]["generation"],
                "disruptionsAllowed": allowed,
                "currentHealthy": healthy,
                "desiredHealthy": desired,
                "expectedPods": expected,
                "conditions": conditions,
            },
        )
        return None

    def _expected(self, pods: list[Json]) -> int:
        """The replicas that the pods' workloads ask for, each workload once; a bare pod counts itself."""
        scales: dict[str, int] = {}
        for pod in pods:
            uid, size = self._scale(pod)
            scales[uid] = size
        return sum(scales.values())

    def _scale(self, pod: Json) -> tuple[str, int]:
        namespace, ref = pod["metadata"]["namespace"], controller_of(pod)
        if ref and ref["kind"] == "StatefulSet" and (found := self.store.get(STATEFULSETS, namespace, ref["name"])):
            return found["metadata"]["uid"], found["spec"]["replicas"]
        if ref and ref["kind"] == "ReplicaSet" and (found := self.store.get(REPLICASETS, namespace, ref["name"])):
            above = controller_of(found)
            top = above and self.store.get(DEPLOYMENTS, namespace, above["name"])
            workload = top or found
            return workload["metadata"]["uid"], workload["spec"]["replicas"]
        return pod["metadata"]["uid"], 1
