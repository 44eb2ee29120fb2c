"""Writes as the API server's registry makes them: defaulted, validated, guarded, dry where asked."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from typing import Any

from aurora_tui.model.frozen import Frozen
from aurora_tui.sandbox.kube.defaults import with_defaults
from aurora_tui.sandbox.kube.deletion import delete
from aurora_tui.sandbox.kube.kinds import NAMESPACES, NODES, PODS, Json, Resource
from aurora_tui.sandbox.kube.managed import managed
from aurora_tui.sandbox.kube.objects import ObjectStore, key_of
from aurora_tui.sandbox.kube.podstate import qos_class
from aurora_tui.sandbox.kube.scaling import scale_of, scaled
from aurora_tui.sandbox.kube.stamps import stamp
from aurora_tui.sandbox.kube.statuses import (
    already_exists,
    bad_request,
    conflict,
    details,
    not_found,
)
from aurora_tui.sandbox.kube.validation import check, check_form, check_identity

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_KEPT = (
    "name", "namespace", "uid", "creationTimestamp", "generation",
    "deletionTimestamp", "deletionGracePeriodSeconds",
)  # fmt: skip
"""Metadata that a writer cannot change; what a body says of it is ignored."""

Edit = Callable[[Json], Json]


class Target(Frozen):
    """What a request is about; an empty `name` is the whole collection."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""


class DeleteOptions(Frozen):
    grace: int | None = None
    propagation: str = "Background"
    uid: str = ""
    revision: str = ""
    dry_run: bool = False


def random_suffix(rng: random.Random) -> str:
    """Five characters of the alphabet that generateName uses (no vowels, no look-alikes)."""
    return "".join(rng.choice(_ALPHABET) for _ in range(5))


class Registry:
    """The write half of the API; every method raises ApiError for what a server would refuse."""

    def __init__(self, store: ObjectStore, clock: Callable[[], float], rng: random.Random) -> None:
        self._store = store
        self._clock = clock
        self._rng = rng

    def get(self, target: Target) -> Json:
        obj = self._store.get(target.resource, target.namespace, target.name)
        if obj is None:
            raise not_found(target.resource, target.name)
        return scale_of(target.resource, obj) if target.subresource == "scale" else obj

    def create(self, target: Target, body: Json, *, dry_run: bool = False) -> Json:
        resource, namespace = target.resource, target.namespace
        check_form(resource, body)
        check_identity(resource, namespace, "", body)
        if resource.namespaced:
            self.get(Target(NAMESPACES, "", namespace))
        metadata = {k: v for k, v in body["metadata"].items() if k not in (*_KEPT[2:], "resourceVersion")}
        if resource.namespaced:
            metadata["namespace"] = namespace
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + random_suffix(self._rng)
        obj = admitted(resource, {**body, "metadata": metadata}, self._rng)
        check(resource, obj, None)
        if self._store.get(resource, *key_of(obj)) is not None:
            raise already_exists(resource, metadata["name"])
        if not dry_run:
            return self._store.create(resource, obj)
        born = {"uid": self._store.new_uid(), "creationTimestamp": stamp(self._clock())}
        return {**obj, "metadata": {**metadata, **born, **({"generation": 1} if resource.counted else {})}}

    def edit(
        self, target: Target, edit: Edit, *, dry_run: bool = False, whole: bool = False, manager: str = ""
    ) -> Json:
        """Store `edit` of the present object; `whole` (PUT) demands that the edit name its object."""
        old = self.get(Target(target.resource, target.namespace, target.name))
        if target.subresource == "scale":
            return self._edit_scale(target.resource, old, edit, dry_run, manager)
        new = edit(old)
        check_form(target.resource, new)
        check_identity(target.resource, target.namespace, target.name, new)
        if whole and new["metadata"].get("name") != target.name:
            raise bad_request("the name of the object must be given")
        self._guard(target.resource, old, new)
        return self._update(target, old, new, dry_run, manager)

    def _edit_scale(self, resource: Resource, old: Json, edit: Edit, dry_run: bool, manager: str) -> Json:
        present = scale_of(resource, old)
        wanted = edit(present)
        check_form(resource, wanted)
        self._guard(resource, present, wanted)
        new = scaled(old, wanted)
        name, namespace = old["metadata"]["name"], old["metadata"]["namespace"]
        target = Target(resource, namespace, name, "scale")
        return scale_of(resource, self._update(target, old, new, dry_run, manager))

    def _guard(self, resource: Resource, old: Json, new: Json) -> None:
        """The optimistic lock: a resourceVersion or uid that the writer names must be the present one."""
        given, present = new["metadata"], old["metadata"]
        if (revision := given.get("resourceVersion")) and revision != present["resourceVersion"]:
            raise conflict(resource, present["name"])
        if (uid := given.get("uid")) and uid != present["uid"]:
            why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {present['uid']}"
            raise conflict(resource, present["name"], why)

    def _update(self, target: Target, old: Json, new: Json, dry_run: bool, manager: str) -> Json:
        resource = target.resource
        metadata = {key: value for key, value in new["metadata"].items() if key not in _KEPT}
        metadata |= {key: old["metadata"][key] for key in _KEPT if key in old["metadata"]}
        if target.subresource == "status":
            new = {**old, "status": new.get("status") or {}}
        else:
            new = with_defaults(resource, _plain({**new, "metadata": metadata}))
            if resource.subresource("status"):
                new = {**new, "status": old.get("status", {})}
            check(resource, new, old)
        new = managed(
            old,
            new,
            manager=manager,
            subresource=target.subresource,
            api_version=resource.api_version,
            now=stamp(self._clock()),
        )
        if dry_run:
            if resource.counted and new.get("spec") != old.get("spec"):
                counted = {**new["metadata"], "generation": old["metadata"]["generation"] + 1}
                new = {**new, "metadata": counted}
            return {**new, "metadata": {**new["metadata"], "resourceVersion": old["metadata"]["resourceVersion"]}}
        stored = self._store.replace(resource, new)
        kept = stored["metadata"]
        if kept.get("deletionGracePeriodSeconds") == 0 and not kept.get("finalizers"):
            return self._store.remove(resource, *key_of(stored))
        return stored

    def delete(self, target: Target, options: DeleteOptions) -> tuple[int, Json]:
        """Status code and body: the object where it lingers, a Status where it is gone."""
        resource = target.resource
        obj = self.get(target)
        metadata = obj["metadata"]
        if options.uid and options.uid != metadata["uid"]:
            why = f"Precondition failed: UID in precondition: {options.uid}, UID in object meta: {metadata['uid']}"
            raise conflict(resource, target.name, why)
        if options.revision and options.revision != metadata["resourceVersion"]:
            why = (
                "Precondition failed: ResourceVersion in precondition: "
                f"{options.revision}, ResourceVersion in object meta: {metadata['resourceVersion']}"
            )
            raise conflict(resource, target.name, why)
        success = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": {**details(resource, target.name), "uid": metadata["uid"]},
        }
        if options.dry_run:
            return 200, obj if resource is PODS else success
        left, gone = delete(self._store, self._clock(), resource, obj, options.grace, options.propagation)
        if gone and resource is not PODS:
            return 200, success
        return (200 if gone or resource is PODS else 202), left


def _plain(obj: Json) -> Json:
    """Without the nulls and empty maps of metadata that a client may send back."""
    metadata = {key: value for key, value in obj["metadata"].items() if value not in (None, {}, [])}
    return {**obj, "metadata": metadata}


def admitted(resource: Resource, body: Json, rng: random.Random) -> Json:
    """A new object as it enters the store: defaults, first status, and what is allotted to it."""
    obj = with_defaults(resource, _plain(body))
    if resource.subresource("status") and resource is not NODES:  # a kubelet registers with its status
        obj = {**obj, "status": _INITIAL_STATUS.get(resource.kind, {})}
    match resource.kind:
        case "Node":
            return {**obj, "spec": obj.get("spec") or {}}
        case "Pod":
            return {**obj, "status": {"phase": "Pending", "qosClass": qos_class(obj["spec"])}}
        case "Secret":
            return _secret(obj)
        case "Service":
            return _with_address(obj, rng)
        case "Namespace":
            labels = {**(obj["metadata"].get("labels") or {}), _NAME_LABEL: obj["metadata"].get("name", "")}
            return {**obj, "metadata": {**obj["metadata"], "labels": labels}, "spec": {"finalizers": ["kubernetes"]}}
    return obj


_NAME_LABEL = "kubernetes.io/metadata.name"
_INITIAL_STATUS: dict[str, Any] = {
    "Namespace": {"phase": "Active"},
    "Service": {"loadBalancer": {}},
}


def _secret(obj: Json) -> Json:
    """`stringData` is write-only: it ends up encoded in `data`."""
    given = obj.get("stringData") or {}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in given.items()}
    rest = {key: value for key, value in obj.items() if key != "stringData"}
    return {"type": "Opaque", **rest, "data": {**(obj.get("data") or {}), **encoded}}


def _with_address(obj: Json, rng: random.Random) -> Json:
    spec = obj.get("spec") or {}
    if spec.get("clusterIP") or spec.get("type") == "ExternalName":
        return obj
    address = f"10.96.{rng.randrange(1, 255)}.{rng.randrange(1, 255)}"
    return {**obj, "spec": {**spec, "clusterIP": address, "clusterIPs": [address]}}
