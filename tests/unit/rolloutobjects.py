"""Workloads with a history for the tests of the action path, and a controller that keeps it."""

from __future__ import annotations

import copy
from typing import Any

from aurora_tui.cluster.resources import (
    CONTROLLER_REVISIONS,
    DAEMONSETS,
    DEPLOYMENTS,
    REPLICASETS,
    STATEFULSETS,
    Resource,
)
from aurora_tui.model.revisions import REVISION_ANNOTATION, same_template
from tests.unit.fakecluster import FakeCluster, Object

NAMESPACE = "aurora"
NAME = "aurora-backend"
LABELS = {"app": NAME}
HISTORY_ANNOTATION = "deployment.kubernetes.io/revision-history"


def template(image: str, **env: str) -> Object:
    container: Object = {"name": "backend", "image": image, "resources": {}}
    if env:
        container["env"] = [{"name": key, "value": value} for key, value in env.items()]
    return {"metadata": {"labels": dict(LABELS)}, "spec": {"containers": [container]}}


def workload(resource: Resource, pods: Object, replicas: int = 3) -> Object:
    """A workload as the server shows it right after its creation."""
    meta = {
        "name": NAME,
        "namespace": NAMESPACE,
        "uid": f"uid-{resource.plural}",
        "generation": 1,
        "annotations": {},
    }
    spec: Object = {"selector": {"matchLabels": dict(LABELS)}, "template": copy.deepcopy(pods)}
    if resource is not DAEMONSETS:
        spec["replicas"] = replicas
    if resource is not DEPLOYMENTS:
        spec["updateStrategy"] = {"type": "RollingUpdate"}
    return {"metadata": meta, "spec": spec, "status": {}}


def stack(resource: Resource, *templates: Object, context: str = "prod") -> FakeCluster:
    """A cluster with one workload that was rolled through these templates and is healthy at the last."""
    cluster = FakeCluster(context)
    cluster.put(resource, workload(resource, templates[0]))
    settle(cluster, resource)
    for pods in templates[1:]:
        cluster.change(resource, NAMESPACE, NAME, lambda item, pods=pods: set_template(item, pods))  # type: ignore[misc]
        settle(cluster, resource)
    return cluster


def set_template(item: Object, pods: Object) -> None:
    item["spec"]["template"] = copy.deepcopy(pods)


def live(cluster: FakeCluster, resource: Resource = DEPLOYMENTS) -> Object:
    return cluster.objects[resource.plural, NAMESPACE, NAME]


def image(cluster: FakeCluster, resource: Resource = DEPLOYMENTS) -> str:
    found: str = live(cluster, resource)["spec"]["template"]["spec"]["containers"][0]["image"]
    return found


def settle(cluster: FakeCluster, resource: Resource = DEPLOYMENTS) -> None:
    """Do what the workload's controller does: number the revision, replace all pods, report them."""
    item = live(cluster, resource)
    number = _keep(cluster, resource, item)
    meta = item["metadata"]
    if resource is DEPLOYMENTS:
        meta["annotations"][REVISION_ANNOTATION] = str(number)
    item["status"] = healthy(resource, item)
    cluster.put(resource, item)


def healthy(resource: Resource, item: Object) -> Object:
    count = item["spec"].get("replicas", 3)
    counters: dict[str, tuple[str, ...]] = {
        DEPLOYMENTS.plural: ("replicas", "updatedReplicas", "availableReplicas", "readyReplicas"),
        STATEFULSETS.plural: ("replicas", "updatedReplicas", "currentReplicas", "readyReplicas"),
        DAEMONSETS.plural: ("desiredNumberScheduled", "updatedNumberScheduled", "numberAvailable"),
        REPLICASETS.plural: ("replicas", "availableReplicas", "readyReplicas"),
    }
    status: Object = dict.fromkeys(counters[resource.plural], count)
    return {"observedGeneration": item["metadata"]["generation"], **status}


def _keep(cluster: FakeCluster, resource: Resource, item: Object) -> int:
    """Keep the current template as the newest revision; an old one that equals it is numbered anew."""
    kind = REPLICASETS if resource is DEPLOYMENTS else CONTROLLER_REVISIONS
    keepers = {_number(keeper): keeper for (plural, _, _), keeper in cluster.objects.items() if plural == kind.plural}
    newest = max(keepers, default=0)
    for number, keeper in keepers.items():
        if same_template(_template(keeper), item["spec"]["template"]):
            if number != newest:
                _set_number(keeper, newest + 1)
                cluster.put(kind, keeper)
                return newest + 1
            return number
    cluster.put(kind, _keeper(kind, item, newest + 1))
    return newest + 1


def _keeper(kind: Resource, item: Object, number: int) -> Object:
    pods = copy.deepcopy(item["spec"]["template"])
    meta: Object = {
        "name": f"{NAME}-{number}",
        "namespace": NAMESPACE,
        "uid": f"uid-keeper-{number}",
        "labels": dict(LABELS),
        "annotations": dict(item["metadata"]["annotations"]),
        "ownerReferences": [{"uid": item["metadata"]["uid"], "controller": True, "kind": "x", "name": NAME}],
    }
    if kind is REPLICASETS:
        pods["metadata"]["labels"]["pod-template-hash"] = f"hash{number}"
        meta["labels"]["pod-template-hash"] = f"hash{number}"
        meta["annotations"][REVISION_ANNOTATION] = str(number)
        return {"metadata": meta, "spec": {"template": pods, "replicas": 0}}
    meta["labels"]["controller-revision-hash"] = f"hash{number}"
    return {
        "metadata": meta,
        "revision": number,
        "data": {"spec": {"template": {**pods, "$patch": "replace"}}},
    }


def _number(keeper: Object) -> int:
    return int(keeper.get("revision") or keeper["metadata"]["annotations"][REVISION_ANNOTATION])


def _set_number(keeper: Object, number: int) -> None:
    if "revision" in keeper:
        keeper["revision"] = number
    else:
        annotations = keeper["metadata"]["annotations"]
        earlier = [annotations[each] for each in (HISTORY_ANNOTATION, REVISION_ANNOTATION) if each in annotations]
        annotations |= {HISTORY_ANNOTATION: ",".join(earlier), REVISION_ANNOTATION: str(number)}


def _template(keeper: Object) -> Any:
    return keeper["data"]["spec"]["template"] if "data" in keeper else keeper["spec"]["template"]
