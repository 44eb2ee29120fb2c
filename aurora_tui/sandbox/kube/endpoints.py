"""The endpoints controllers: which pods a Service reaches, as Endpoints and as an EndpointSlice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aurora_tui.sandbox.kube.kinds import ENDPOINTS, PODS, SERVICES, SLICES, Json, Resource
from aurora_tui.sandbox.kube.manager import Key
from aurora_tui.sandbox.kube.objects import Change, ObjectStore, key_of
from aurora_tui.sandbox.kube.podstate import has_ended, is_leaving, is_ready
from aurora_tui.sandbox.kube.selectors import labels_of
from aurora_tui.sandbox.kube.workloads import owner_reference, template_hash


class EndpointsController:
    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def keys_of(self, change: Change) -> Iterable[Key]:
        if change.resource is SERVICES:
            return (key_of(change.new),)
        if change.resource is not PODS:
            return ()
        labels = dict(labels_of(change.new)).items()
        services = self._store.items(SERVICES, change.new["metadata"]["namespace"])
        return [key_of(each) for each in services if (each["spec"].get("selector") or {"": ""}).items() <= labels]

    def reconcile(self, key: Key) -> float | None:
        service = self._store.get(SERVICES, *key)
        if service is None:
            if self._store.get(ENDPOINTS, *key) is not None:
                self._store.remove(ENDPOINTS, *key)
            return None
        selector = service["spec"].get("selector")
        if not selector:
            return None
        pods = [
            pod
            for pod in self._store.items(PODS, key[0])
            if selector.items() <= dict(labels_of(pod)).items()
            and pod.get("status", {}).get("podIP")
            and not has_ended(pod)
        ]
        own = dict(labels_of(service))
        metadata: Json = {"namespace": key[0], "labels": own}
        self._put(ENDPOINTS, {**metadata, "name": key[1]}, _endpoints(service, pods))
        name = f"{key[1]}-{template_hash(service['metadata']['uid'])[:5]}"
        labels = {
            **own,
            "kubernetes.io/service-name": key[1],
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        }
        head = {**metadata, "labels": labels, "name": name, "ownerReferences": [owner_reference(SERVICES, service)]}
        self._put(SLICES, head, _slice(service, pods))
        return None

    def _put(self, resource: Resource, metadata: Json, body: Json) -> None:
        present = self._store.get(resource, metadata["namespace"], metadata["name"])
        head = {"kind": resource.kind, "apiVersion": resource.api_version}
        if present is None:
            self._store.create(resource, {**head, "metadata": metadata, **body})
        else:
            self._store.replace(resource, {**head, "metadata": {**present["metadata"], **metadata}, **body})


def _target(pod: Json) -> Json:
    metadata = pod["metadata"]
    return {
        "kind": "Pod",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
    }


def _ports(service: Json) -> list[Json]:
    return [
        {
            **({"name": port["name"]} if "name" in port else {}),
            "port": port["targetPort"] if isinstance(port.get("targetPort"), int) else port["port"],
            "protocol": port.get("protocol", "TCP"),
        }
        for port in service["spec"].get("ports") or ()
    ]


def _endpoints(service: Json, pods: Sequence[Json]) -> Json:
    def addresses(ready: bool) -> list[Json]:
        return [
            {"ip": pod["status"]["podIP"], "nodeName": pod["spec"]["nodeName"], "targetRef": _target(pod)}
            for pod in pods
            if is_ready(pod) is ready and not is_leaving(pod)
        ]

    ready, not_ready = addresses(True), addresses(False)
    if not ready and not not_ready:
        return {"subsets": []}
    told = {"addresses": ready} if ready else {}
    told |= {"notReadyAddresses": not_ready} if not_ready else {}
    return {"subsets": [{**told, "ports": _ports(service)}]}


def _slice(service: Json, pods: Sequence[Json]) -> Json:
    return {
        "addressType": "IPv4",
        "endpoints": [
            {
                "addresses": [pod["status"]["podIP"]],
                "conditions": {
                    "ready": is_ready(pod) and not is_leaving(pod),
                    "serving": is_ready(pod),
                    "terminating": is_leaving(pod),
                },
                "targetRef": _target(pod),
                "nodeName": pod["spec"]["nodeName"],
            }
            for pod in pods
        ],
        "ports": _ports(service),
    }
