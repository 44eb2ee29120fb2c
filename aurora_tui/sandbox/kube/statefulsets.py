"""The StatefulSet controller: numbered pods, one at a time, updated from the highest down."""

from __future__ import annotations

from aurora_tui.sandbox.kube.kinds import PODS, REVISIONS, STATEFULSETS, Json
from aurora_tui.sandbox.kube.manager import Key
from aurora_tui.sandbox.kube.podstate import has_ended, is_leaving, is_ready
from aurora_tui.sandbox.kube.revisions import synced_revision, template_of
from aurora_tui.sandbox.kube.selectors import labels_of
from aurora_tui.sandbox.kube.workloads import WorkloadController, is_available, next_available, owned

HASH = "controller-revision-hash"


class StatefulSetController(WorkloadController):
    resource = STATEFULSETS
    component = "statefulset-controller"

    def reconcile(self, key: Key) -> float | None:
        stateful_set = self.store.get(STATEFULSETS, *key)
        if stateful_set is None or is_leaving(stateful_set):
            return None
        update = synced_revision(self.store, STATEFULSETS, stateful_set)
        current_name = stateful_set.get("status", {}).get("currentRevision", "")
        current = self.store.get(REVISIONS, key[0], current_name) or update
        self._act(stateful_set, current, update)
        return self._count(stateful_set, current, update)

    def _pods(self, stateful_set: Json) -> dict[int, Json]:
        return {_ordinal(pod): pod for pod in owned(self.store, PODS, stateful_set)}

    def _act(self, stateful_set: Json, current: Json, update: Json) -> None:
        """One step of scaling up, down or rolling on; the next follows when a pod changes."""
        spec, pods = stateful_set["spec"], self._pods(stateful_set)
        wanted: int = spec["replicas"]
        parallel = spec["podManagementPolicy"] == "Parallel"
        now, wait = self.cluster.clock(), spec.get("minReadySeconds", 0)
        for ordinal in range(wanted):
            pod = pods.get(ordinal)
            if pod is None:
                if not self.room():
                    return
                self._create(stateful_set, ordinal, self._revision_for(stateful_set, ordinal, current, update))
            elif has_ended(pod) and not is_leaving(pod):
                self._delete(stateful_set, pod)
            if not parallel and (pod is None or is_leaving(pod) or not is_available(pod, wait, now)):
                return
        for ordinal in sorted((each for each in pods if each >= wanted), reverse=True):
            if not is_leaving(pods[ordinal]):
                self._delete(stateful_set, pods[ordinal])
            if not parallel:
                return
        if spec["updateStrategy"]["type"] == "RollingUpdate":
            self._roll(stateful_set, pods, update)

    def _roll(self, stateful_set: Json, pods: dict[int, Json], update: Json) -> None:
        partition = _partition(stateful_set)
        for ordinal in sorted(pods, reverse=True):
            pod = pods[ordinal]
            if ordinal >= partition and _revision(pod) != update["metadata"]["name"]:
                if not is_leaving(pod):
                    self._delete(stateful_set, pod)
                return
            if is_leaving(pod) or not is_ready(pod):
                return

    def _revision_for(self, stateful_set: Json, ordinal: int, current: Json, update: Json) -> Json:
        """A pod below the partition comes back as it was (newVersionedStatefulSetPod)."""
        return current if ordinal < _partition(stateful_set) else update

    def _create(self, stateful_set: Json, ordinal: int, revision: Json) -> None:
        name = f"{stateful_set['metadata']['name']}-{ordinal}"
        labels = {
            HASH: revision["metadata"]["name"],
            "statefulset.kubernetes.io/pod-name": name,
            "apps.kubernetes.io/pod-index": str(ordinal),
        }
        template = template_of(revision)
        stable = {"hostname": name, "subdomain": stateful_set["spec"].get("serviceName", "")}
        template = {**template, "spec": {**template["spec"], **stable}}
        self.create_pod(stateful_set, template, name, labels)
        self._report(stateful_set, "Create", name)

    def _delete(self, stateful_set: Json, pod: Json) -> None:
        self.delete_pod(pod)
        self._report(stateful_set, "Delete", pod["metadata"]["name"])

    def _report(self, stateful_set: Json, verb: str, pod: str) -> None:
        name = stateful_set["metadata"]["name"]
        text = f"{verb.lower()} Pod {pod} in StatefulSet {name} successful"
        self.report(stateful_set, f"Successful{verb}", text)

    def _count(self, stateful_set: Json, current: Json, update: Json) -> float | None:
        now, spec = self.cluster.clock(), stateful_set["spec"]
        wait = spec.get("minReadySeconds", 0)
        pods = list(self._pods(stateful_set).values())
        staying = [pod for pod in pods if not is_leaving(pod)]
        current_name, update_name = current["metadata"]["name"], update["metadata"]["name"]
        updated = sum(_revision(pod) == update_name for pod in staying)
        ready = sum(is_ready(pod) for pod in staying)
        if updated == len(pods) == spec["replicas"] == ready:
            current_name = update_name
        self.set_status(
            stateful_set,
            {
                "observedGeneration": stateful_set["metadata"]["generation"],
                "replicas": len(pods),
                "readyReplicas": ready,
                "availableReplicas": sum(is_available(pod, wait, now) for pod in staying),
                "currentReplicas": sum(_revision(pod) == current_name for pod in staying),
                "updatedReplicas": updated,
                "currentRevision": current_name,
                "updateRevision": update_name,
                "collisionCount": 0,
            },
        )
        return next_available(staying, wait, now)


def _partition(stateful_set: Json) -> int:
    return int((stateful_set["spec"]["updateStrategy"].get("rollingUpdate") or {}).get("partition", 0))


def _ordinal(pod: Json) -> int:
    return int(pod["metadata"]["name"].rpartition("-")[2])


def _revision(pod: Json) -> str:
    return labels_of(pod).get(HASH, "")
