"""What cleans up: dependents of deleted owners, foreground deletions, events past their hour."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from aurora_tui.sandbox.kube.deletion import FOREGROUND, delete, dependents
from aurora_tui.sandbox.kube.kinds import EVENTS, Resource, of_kind
from aurora_tui.sandbox.kube.manager import Key
from aurora_tui.sandbox.kube.objects import Change, ObjectStore, key_of
from aurora_tui.sandbox.kube.podstate import is_leaving
from aurora_tui.sandbox.kube.stamps import seconds_of

EVENT_TTL = 3600.0
"""Seconds for which the API server keeps an event (--event-ttl)."""


class GarbageCollector:
    """Keys are ("", uid) of owners that are gone, or that wait for their dependents to go first."""

    def __init__(self, store: ObjectStore, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._waiting: dict[str, tuple[Resource, Key]] = {}

    def keys_of(self, change: Change) -> Iterable[Key]:
        metadata = change.new["metadata"]
        if change.resource is EVENTS:
            return ()
        if change.verb != "DELETED":
            if FOREGROUND not in (metadata.get("finalizers") or ()) or not is_leaving(change.new):
                return ()
            self._waiting[metadata["uid"]] = (change.resource, key_of(change.new))
            return (("", metadata["uid"]),)
        owners = [ref["uid"] for ref in metadata.get("ownerReferences") or () if ref["uid"] in self._waiting]
        return [("", uid) for uid in (metadata["uid"], *owners)]

    def reconcile(self, key: Key) -> float | None:
        uid = key[1]
        left = list(dependents(self._store, uid))
        for resource, obj in left:
            others = [ref for ref in obj["metadata"]["ownerReferences"] if ref["uid"] != uid]
            if any(self._exists(obj["metadata"].get("namespace", ""), ref) for ref in others):
                metadata = {**obj["metadata"], "ownerReferences": others}
                self._store.replace(resource, {**obj, "metadata": metadata})
            elif not is_leaving(obj):
                how = "Foreground" if uid in self._waiting else "Background"
                delete(self._store, self._clock(), resource, obj, propagation=how)
        if uid in self._waiting and not left:
            resource, (namespace, name) = self._waiting.pop(uid)
            owner = self._store.get(resource, namespace, name)
            if owner is not None and owner["metadata"]["uid"] == uid:
                self._store.remove(resource, namespace, name)
        return None

    def _exists(self, namespace: str, ref: dict[str, str]) -> bool:
        resource = of_kind(ref["apiVersion"], ref["kind"])
        if resource is None:
            return False
        found = self._store.get(resource, namespace if resource.namespaced else "", ref["name"])
        return found is not None and found["metadata"]["uid"] == ref["uid"]


class EventExpiry:
    def __init__(self, store: ObjectStore, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    def keys_of(self, change: Change) -> Iterable[Key]:
        return (key_of(change.new),) if change.resource is EVENTS and change.verb != "DELETED" else ()

    def reconcile(self, key: Key) -> float | None:
        event = self._store.get(EVENTS, *key)
        if event is None:
            return None
        last = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"]
        due = seconds_of(last) + EVENT_TTL
        if due > self._clock():
            return due
        self._store.remove(EVENTS, *key)
        return None
