"""The ReplicaSet controller: as many pods as the set asks for, and the count of those that serve."""

from __future__ import annotations

from aurora_tui.sandbox.kube.kinds import REPLICASETS, Json
from aurora_tui.sandbox.kube.manager import Key
from aurora_tui.sandbox.kube.podstate import has_ended, is_leaving, is_ready, phase, with_condition
from aurora_tui.sandbox.kube.selectors import labels_of
from aurora_tui.sandbox.kube.workloads import WorkloadController, is_available, next_available, owned

_QUOTA = "pods is forbidden: exceeded quota: sandbox, requested: pods=1"
_RETRY = 10.0


class ReplicaSetController(WorkloadController):
    resource = REPLICASETS
    component = "replicaset-controller"

    def reconcile(self, key: Key) -> float | None:
        replica_set = self.store.get(REPLICASETS, *key)
        if replica_set is None:
            return None
        short = 0 if is_leaving(replica_set) else self._manage(replica_set)
        due = self._count(replica_set, short)
        return self.cluster.clock() + _RETRY if short else due

    def _active(self, replica_set: Json) -> list[Json]:
        pods = owned(self.store, self.owns[0], replica_set)
        return [pod for pod in pods if not has_ended(pod) and not is_leaving(pod)]

    def _manage(self, replica_set: Json) -> int:
        """Create or delete; gives how many pods could not be created."""
        active = self._active(replica_set)
        missing: int = replica_set["spec"]["replicas"] - len(active)
        room = self.room()
        for _ in range(min(missing, room)):
            pod = self.create_pod(replica_set, replica_set["spec"]["template"])
            self.report(replica_set, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")
        if missing < 0:
            # Newest first among equals: sorted() keeps the order that _expendable leaves open.
            newest = sorted(active, key=lambda pod: pod["metadata"]["creationTimestamp"], reverse=True)
            for pod in sorted(newest, key=_expendable)[:-missing]:
                self.delete_pod(pod)
                self.report(replica_set, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")
        if missing > room:
            self.report(replica_set, "FailedCreate", f"Error creating: {_QUOTA}", "Warning")
        return max(missing - room, 0)

    def _count(self, replica_set: Json, short: int) -> float | None:
        now = self.cluster.clock()
        spec = replica_set["spec"]
        wait = spec.get("minReadySeconds", 0)
        pods = self._active(replica_set)
        wanted = (spec["template"].get("metadata") or {}).get("labels") or {}
        labelled = [pod for pod in pods if wanted.items() <= dict(labels_of(pod)).items()]
        conditions = replica_set.get("status", {}).get("conditions") or []
        if short:
            conditions = with_condition(conditions, now, "ReplicaFailure", True, reason="FailedCreate", message=_QUOTA)
        else:
            conditions = [each for each in conditions if each["type"] != "ReplicaFailure"]
        self.set_status(
            replica_set,
            {
                "conditions": conditions,
                "replicas": len(pods),
                "fullyLabeledReplicas": len(labelled),
                "readyReplicas": sum(map(is_ready, pods)),
                "availableReplicas": sum(is_available(pod, wait, now) for pod in pods) or None,
                "observedGeneration": replica_set["metadata"]["generation"],
            },
        )
        return next_available(pods, wait, now)


def _expendable(pod: Json) -> tuple[int, int, bool, int]:
    """Sorts first what goes first (controller.ActivePods): unscheduled, pending, not ready, restarted most."""
    order = {"Pending": 0, "Unknown": 1, "Running": 2}
    restarts = sum(each["restartCount"] for each in pod.get("status", {}).get("containerStatuses") or ())
    return (1 if pod["spec"].get("nodeName") else 0, order.get(phase(pod), 2), is_ready(pod), -restarts)
