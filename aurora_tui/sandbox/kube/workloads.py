"""What all workload controllers share: owner references, pods made from templates, revision hashes."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterable

import msgspec

from aurora_tui.model.frozen import Frozen
from aurora_tui.sandbox.kube.deletion import delete
from aurora_tui.sandbox.kube.kinds import PODS, Json, Resource
from aurora_tui.sandbox.kube.manager import Key
from aurora_tui.sandbox.kube.objects import Change, ObjectStore, key_of
from aurora_tui.sandbox.kube.podstate import condition, is_ready
from aurora_tui.sandbox.kube.recorder import Recorder
from aurora_tui.sandbox.kube.stamps import seconds_of
from aurora_tui.sandbox.kube.writes import admitted, random_suffix

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


class Cluster(Frozen):
    """What every controller works with."""

    store: ObjectStore
    clock: Callable[[], float]
    rng: random.Random
    recorder: Recorder


class WorkloadController:
    """A controller of one resource that looks again when what it owns changes."""

    resource: Resource
    owns: tuple[Resource, ...] = (PODS,)
    component: str

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.store = cluster.store

    def keys_of(self, change: Change) -> Iterable[Key]:
        if change.resource is self.resource:
            return (key_of(change.new),)
        ref = controller_of(change.new) if change.resource in self.owns else None
        if ref is None or ref["kind"] != self.resource.kind:
            return ()
        return ((change.new["metadata"]["namespace"], ref["name"]),)

    def report(self, obj: Json, reason: str, message: str, kind: str = "Normal") -> None:
        self.cluster.recorder.report(obj, kind, reason, message, self.component)

    def set_status(self, obj: Json, status: Json) -> None:
        """Store a status without what the API omits: nulls, empty lists, and most zeros."""
        told = {k: v for k, v in status.items() if v not in (None, []) and (v != 0 or k in _KEPT_ZEROS)}
        self.store.replace(self.resource, {**obj, "status": told})

    def create_pod(self, owner: Json, template: Json, name: str = "", labels: Json | None = None) -> Json:
        """Create and report a pod of `owner`; a random name unless one is given."""
        pod = new_pod(self.resource, owner, template, labels or {})
        given, prefix = name, pod["metadata"]["generateName"]
        if name:
            del pod["metadata"]["generateName"]
        while not given or self.store.get(PODS, pod["metadata"]["namespace"], given):
            given = prefix + random_suffix(self.cluster.rng)
        pod["metadata"]["name"] = given
        return self.store.create(PODS, admitted(PODS, pod, self.cluster.rng))

    def room(self) -> int:
        """How many pods more the cluster takes; a mistyped replica count must not exhaust the machine."""
        return max(_MOST_PODS - len(self.store.items(PODS)), 0)

    def delete_pod(self, pod: Json) -> None:
        delete(self.store, self.cluster.clock(), PODS, pod)


_MOST_PODS = 330
"""Three nodes of 110 pods each."""
_KEPT_ZEROS = frozenset(
    (
        "availableReplicas",
        "collisionCount",
        "currentHealthy",
        "currentNumberScheduled",
        "desiredHealthy",
        "desiredNumberScheduled",
        "disruptionsAllowed",
        "expectedPods",
        "numberMisscheduled",
        "numberReady",
        "replicas",
    )
)


def controller_of(obj: Json) -> Json | None:
    refs: list[Json] = obj["metadata"].get("ownerReferences") or []
    return next((ref for ref in refs if ref.get("controller")), None)


def owner_reference(resource: Resource, owner: Json) -> Json:
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def owned(store: ObjectStore, resource: Resource, owner: Json) -> list[Json]:
    """Objects that `owner` controls, by uid."""
    uid = owner["metadata"]["uid"]
    found = []
    for obj in store.items(resource, owner["metadata"]["namespace"]):
        ref = controller_of(obj)
        if ref is not None and ref["uid"] == uid:
            found.append(obj)
    return found


def new_pod(resource: Resource, owner: Json, template: Json, labels: Json) -> Json:
    metadata = template.get("metadata") or {}
    annotations = metadata.get("annotations")
    return {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {
            "generateName": f"{owner['metadata']['name']}-",
            "namespace": owner["metadata"]["namespace"],
            "labels": {**(metadata.get("labels") or {}), **labels},
            **({"annotations": annotations} if annotations else {}),
            "ownerReferences": [owner_reference(resource, owner)],
        },
        "spec": template["spec"],
    }


def template_hash(value: object) -> str:
    """A short stable name for a template: the server's alphabet (rand.SafeEncodeString), another hash."""
    digits = str(zlib.crc32(msgspec.json.encode(value, order="deterministic")))
    return "".join(_ALPHABET[ord(digit) % len(_ALPHABET)] for digit in digits)


def available_from(pod: Json, min_ready: float) -> float | None:
    """Epoch second from which a pod counts as available; None while it is not ready."""
    ready = condition(pod, "Ready")
    if ready is None or not is_ready(pod):
        return None
    return seconds_of(ready["lastTransitionTime"]) + min_ready


def is_available(pod: Json, min_ready: float, now: float) -> bool:
    since = available_from(pod, min_ready)
    return since is not None and since <= now


def next_available(pods: Iterable[Json], min_ready: float, now: float) -> float | None:
    """When the next ready pod becomes available, if one is only waiting for that."""
    if not min_ready:
        return None
    moments = (available_from(pod, min_ready) for pod in pods)
    return min((moment for moment in moments if moment is not None and moment > now), default=None)
