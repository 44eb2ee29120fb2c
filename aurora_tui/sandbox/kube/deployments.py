"""The Deployment controller: revisions as ReplicaSets, rolled one into the other."""

from __future__ import annotations

from collections.abc import Iterable

from aurora_tui.sandbox.kube.deletion import delete
from aurora_tui.sandbox.kube.deploystatus import deployment_status, progress_deadline, with_deployment_condition
from aurora_tui.sandbox.kube.kinds import DEPLOYMENTS, PODS, REPLICASETS, Json, Resource
from aurora_tui.sandbox.kube.manager import Key
from aurora_tui.sandbox.kube.objects import Change
from aurora_tui.sandbox.kube.podstate import condition, has_ended, is_leaving
from aurora_tui.sandbox.kube.rollouts import (
    DESIRED,
    HASH,
    MOST,
    REVISION,
    REVISION_HISTORY,
    allowance,
    counted,
    is_complete,
    new_set_replicas,
    replicas,
    revision,
    same_template,
    shares,
)
from aurora_tui.sandbox.kube.workloads import (
    WorkloadController,
    controller_of,
    owned,
    owner_reference,
    template_hash,
)

_NOT_COPIED = frozenset(("kubectl.kubernetes.io/last-applied-configuration", REVISION, REVISION_HISTORY, DESIRED, MOST))


class DeploymentController(WorkloadController):
    resource = DEPLOYMENTS
    owns = (REPLICASETS,)
    component = "deployment-controller"

    def keys_of(self, change: Change) -> Iterable[Key]:
        if change.resource is PODS and change.verb == "DELETED":
            # Recreate waits for the last old pod, whose end changes no ReplicaSet.
            ref = controller_of(change.new)
            replica_set = ref and self.store.get(REPLICASETS, change.new["metadata"]["namespace"], ref["name"])
            above = controller_of(replica_set) if replica_set else None
            return ((change.new["metadata"]["namespace"], above["name"]),) if above else ()
        return super().keys_of(change)

    def reconcile(self, key: Key) -> float | None:
        deployment = self.store.get(DEPLOYMENTS, *key)
        if deployment is None or is_leaving(deployment):
            return None
        deployment = self._note_pause(deployment)
        sets = [each for each in owned(self.store, REPLICASETS, deployment) if not is_leaving(each)]
        sets.sort(key=lambda each: (each["metadata"]["creationTimestamp"], revision(each)))
        paused = deployment["spec"].get("paused", False)
        new = next((each for each in sets if same_template(deployment, each)), None)
        old = [each for each in sets if each is not new]
        if paused or _is_resized(deployment, sets):
            if new is not None:
                deployment, new = self._adopt(deployment, old, new)
            self._resize(deployment, old, new)
        elif deployment["spec"]["strategy"]["type"] == "Recreate":
            self._recreate(deployment, old, new)
        else:
            self._roll(deployment, old, new)
        return self._sync_status(key)

    def _roll(self, deployment: Json, old: list[Json], new: Json | None) -> None:
        deployment, new = self._adopt(deployment, old, new)
        wanted = deployment["spec"]["replicas"]
        size = new["spec"]["replicas"]
        if size != wanted:
            allowed = wanted if size > wanted else new_set_replicas(deployment, [*old, new], new)
            if self._scale(deployment, new, allowed):
                return
        if not self._shrink_old(deployment, old, new) and is_complete(deployment, deployment.get("status", {})):
            self._clean_up(deployment, old)

    def _recreate(self, deployment: Json, old: list[Json], new: Json | None) -> None:
        shrunk = [self._scale(deployment, each, 0) for each in old if each["spec"]["replicas"]]
        if any(shrunk):
            return
        left = [pod for each in old for pod in owned(self.store, PODS, each) if not has_ended(pod)]
        if left and new is None:
            return
        deployment, new = self._adopt(deployment, old, new)
        self._scale(deployment, new, deployment["spec"]["replicas"])
        if is_complete(deployment, deployment.get("status", {})):
            self._clean_up(deployment, old)

    def _shrink_old(self, deployment: Json, old: list[Json], new: Json) -> bool:
        """Unhealthy pods of old sets go first, then as many healthy ones as availability allows."""
        wanted = deployment["spec"]["replicas"]
        least = wanted - allowance(deployment)[1]
        unavailable_new = new["spec"]["replicas"] - counted([new], "availableReplicas")
        room = replicas([*old, new]) - least - unavailable_new
        if not replicas(old) or room <= 0:
            return False
        sizes = {each["metadata"]["name"]: each["spec"]["replicas"] for each in old}
        for each in old:
            name = each["metadata"]["name"]
            unhealthy = min(room, max(sizes[name] - counted([each], "availableReplicas"), 0))
            sizes[name] -= unhealthy
            room -= unhealthy
        spare = counted([*old, new], "availableReplicas") - least
        for each in old:
            name = each["metadata"]["name"]
            given = max(min(sizes[name], spare), 0)
            sizes[name] -= given
            spare -= given
        scaled = [self._scale(deployment, each, sizes[each["metadata"]["name"]]) for each in old]
        return any(scaled)

    def _resize(self, deployment: Json, old: list[Json], new: Json | None) -> None:
        """Scale without rolling: one active set takes it all, several share in proportion."""
        every = [*old, *([new] if new else [])]
        active = [each for each in every if each["spec"]["replicas"]]
        if len(active) <= 1:
            only = active[0] if active else new or (old[-1] if old else None)
            if only is not None:
                self._scale(deployment, only, deployment["spec"]["replicas"])
        elif new is not None and _is_saturated(deployment, new):
            for each in old:
                self._scale(deployment, each, 0)
        else:
            for name, size in shares(deployment, active).items():
                self._scale(deployment, next(e for e in active if e["metadata"]["name"] == name), size)

    def _adopt(self, deployment: Json, old: list[Json], new: Json | None) -> tuple[Json, Json]:
        """The deployment and its new set, created or taken up again with the next revision number."""
        number = max(map(revision, old), default=0) + 1
        if new is None:
            new = self._create(deployment, old, number)
            text = f'Created new replica set "{new["metadata"]["name"]}"'
            deployment = self._condition(deployment, "NewReplicaSetCreated", text)
        else:
            new = self._take_up(deployment, new, number)
            if condition(deployment, "Progressing") is None:
                text = f'Found new replica set "{new["metadata"]["name"]}"'
                deployment = self._condition(deployment, "FoundNewReplicaSet", text)
        return self._annotate(DEPLOYMENTS, deployment, {REVISION: str(revision(new))}), new

    def _take_up(self, deployment: Json, new: Json, number: int) -> Json:
        annotations = self._copied(deployment)
        if revision(new) < number:
            annotations[REVISION] = str(number)
            if before := revision(new):
                past = (new["metadata"].get("annotations") or {}).get(REVISION_HISTORY, "")
                annotations[REVISION_HISTORY] = f"{past},{before}".strip(",")
        return self._annotate(REPLICASETS, new, annotations)

    def _create(self, deployment: Json, old: list[Json], number: int) -> Json:
        spec, name = deployment["spec"], deployment["metadata"]["name"]
        short = template_hash(spec["template"])
        metadata = spec["template"].get("metadata") or {}
        labels = {**(metadata.get("labels") or {}), HASH: short}
        selector = spec["selector"]
        size = new_set_replicas(deployment, old, None)
        created = self.store.create(
            REPLICASETS,
            {
                "kind": "ReplicaSet",
                "apiVersion": "apps/v1",
                "metadata": {
                    "name": f"{name}-{short}",
                    "namespace": deployment["metadata"]["namespace"],
                    "labels": labels,
                    "annotations": {**self._copied(deployment), REVISION: str(number), **_sizes(deployment)},
                    "ownerReferences": [owner_reference(DEPLOYMENTS, deployment)],
                },
                "spec": {
                    "replicas": size,
                    **({"minReadySeconds": spec["minReadySeconds"]} if spec.get("minReadySeconds") else {}),
                    "selector": {
                        **selector,
                        "matchLabels": {**(selector.get("matchLabels") or {}), HASH: short},
                    },
                    "template": {**spec["template"], "metadata": {**metadata, "labels": labels}},
                },
                "status": {"replicas": 0},
            },
        )
        if size:
            text = f"Scaled up replica set {name}-{short} from 0 to {size}"
            self.report(deployment, "ScalingReplicaSet", text)
        return created

    def _copied(self, deployment: Json) -> Json:
        annotations = deployment["metadata"].get("annotations") or {}
        return {key: value for key, value in annotations.items() if key not in _NOT_COPIED}

    def _scale(self, deployment: Json, replica_set: Json, size: int) -> bool:
        before = replica_set["spec"]["replicas"]
        annotations = {**(replica_set["metadata"].get("annotations") or {}), **_sizes(deployment)}
        metadata = {**replica_set["metadata"], "annotations": annotations}
        spec = {**replica_set["spec"], "replicas": size}
        self.store.replace(REPLICASETS, {**replica_set, "metadata": metadata, "spec": spec})
        if size == before:
            return False
        way = "up" if size > before else "down"
        text = f"Scaled {way} replica set {metadata['name']} from {before} to {size}"
        self.report(deployment, "ScalingReplicaSet", text)
        return True

    def _clean_up(self, deployment: Json, old: list[Json]) -> None:
        kept = deployment["spec"].get("revisionHistoryLimit", 10)
        idle = [each for each in old if not each["spec"]["replicas"] and not counted([each], "replicas")]
        idle.sort(key=revision)
        for each in idle[: max(len(idle) - kept, 0)]:
            delete(self.store, self.cluster.clock(), REPLICASETS, each)

    def _annotate(self, resource: Resource, obj: Json, annotations: Json) -> Json:
        merged = {**(obj["metadata"].get("annotations") or {}), **annotations}
        return self.store.replace(resource, {**obj, "metadata": {**obj["metadata"], "annotations": merged}})

    def _condition(self, deployment: Json, reason: str, text: str, status: str = "True") -> Json:
        if not deployment["spec"].get("progressDeadlineSeconds"):
            return deployment
        present = deployment.get("status", {})
        conditions = with_deployment_condition(
            present.get("conditions") or [], self.cluster.clock(), "Progressing", status, reason, text
        )
        return self.store.replace(DEPLOYMENTS, {**deployment, "status": {**present, "conditions": conditions}})

    def _note_pause(self, deployment: Json) -> Json:
        found = condition(deployment, "Progressing")
        paused = deployment["spec"].get("paused", False)
        marked = found is not None and found["reason"] == "DeploymentPaused"
        if found is not None and found["reason"] == "ProgressDeadlineExceeded":
            return deployment
        if paused and not marked:
            return self._condition(deployment, "DeploymentPaused", "Deployment is paused", "Unknown")
        if marked and not paused:
            return self._condition(deployment, "DeploymentResumed", "Deployment is resumed", "Unknown")
        return deployment

    def _sync_status(self, key: Key) -> float | None:
        deployment = self.store.get(DEPLOYMENTS, *key)
        if deployment is None:
            return None
        sets = [each for each in owned(self.store, REPLICASETS, deployment) if not is_leaving(each)]
        now = self.cluster.clock()
        status = deployment_status(deployment, sets, now)
        self.set_status(deployment, status)
        return progress_deadline(deployment, status)


def _sizes(deployment: Json) -> Json:
    wanted = deployment["spec"]["replicas"]
    return {DESIRED: str(wanted), MOST: str(wanted + allowance(deployment)[0])}


def _is_resized(deployment: Json, sets: list[Json]) -> bool:
    wanted = str(deployment["spec"]["replicas"])
    active = (each for each in sets if each["spec"]["replicas"])
    return any((each["metadata"].get("annotations") or {}).get(DESIRED, wanted) != wanted for each in active)


def _is_saturated(deployment: Json, new: Json) -> bool:
    wanted = deployment["spec"]["replicas"]
    noted = (new["metadata"].get("annotations") or {}).get(DESIRED)
    return new["spec"]["replicas"] == wanted and noted == str(wanted) and counted([new], "availableReplicas") == wanted
