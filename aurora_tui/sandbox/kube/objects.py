"""The object store: current objects, the revision counter, and each kind's history of changes."""

from __future__ import annotations

import random
import uuid
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from typing import Literal

from aurora_tui.model.frozen import Frozen
from aurora_tui.sandbox.kube.kinds import STORED, Json, Resource
from aurora_tui.sandbox.kube.stamps import stamp

Verb = Literal["ADDED", "MODIFIED", "DELETED"]


class Change(Frozen):
    """One write: `new` is the object after it (for a deletion: as it was last, at the new revision)."""

    revision: int
    verb: Verb
    resource: Resource
    new: Json
    old: Json | None


class CompactedError(Exception):
    """The history no longer reaches back to the asked revision; `oldest` is how far it does."""

    def __init__(self, oldest: int) -> None:
        super().__init__(f"history begins at {oldest}")
        self.oldest = oldest


class _Shelf:
    """The objects of one resource, and what happened to them lately."""

    def __init__(self, capacity: int) -> None:
        self.objects: dict[tuple[str, str], Json] = {}
        self.history: deque[Change] = deque(maxlen=capacity)
        self.compacted = 0

    def note(self, change: Change) -> None:
        if len(self.history) == self.history.maxlen:
            self.compacted = self.history[0].revision
        self.history.append(change)


class ObjectStore:
    """What etcd is to an API server.

    Stored objects are never changed in place: a write stores a new dict, so readers may keep theirs.
    Namespaces of cluster-scoped objects are the empty string.
    """

    def __init__(self, clock: Callable[[], float], rng: random.Random, history: int = 2048) -> None:
        self._clock = clock
        self._rng = rng
        self._shelves = {resource: _Shelf(history) for resource in STORED}
        self._listeners: list[Callable[[Change], None]] = []
        self.revision = 1000

    def subscribe(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Call `listener` after every write; the returned call ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def get(self, resource: Resource, namespace: str, name: str) -> Json | None:
        return self._shelves[resource].objects.get((namespace, name))

    def items(self, resource: Resource, namespace: str | None = None) -> list[Json]:
        """Objects sorted by namespace and name, as etcd's keys sort; all namespaces when None."""
        objects = self._shelves[resource].objects
        return [objects[key] for key in sorted(objects) if namespace is None or key[0] == namespace]

    def items_at(self, resource: Resource, namespace: str | None, revision: int) -> list[Json]:
        """As `items`, as it was at an earlier revision; raises `CompactedError`."""
        objects = dict(self._shelves[resource].objects)
        for change in reversed(self.changes(resource, revision)):
            if change.old is None:
                del objects[key_of(change.new)]
            else:
                objects[key_of(change.new)] = change.old
        return [objects[key] for key in sorted(objects) if namespace is None or key[0] == namespace]

    def changes(self, resource: Resource, after: int) -> Sequence[Change]:
        """Writes later than revision `after`, oldest first; raises `CompactedError`."""
        shelf = self._shelves[resource]
        if after < shelf.compacted:
            raise CompactedError(shelf.compacted)
        if not shelf.history or shelf.history[-1].revision <= after:
            return ()
        changes = tuple(shelf.history)
        return changes[bisect_right(changes, after, key=lambda change: change.revision) :]

    def new_uid(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def create(self, resource: Resource, obj: Json) -> Json:
        """Store a new object: uid, creation time and first generation are set here."""
        metadata = {
            **obj["metadata"],
            "uid": self.new_uid(),
            "creationTimestamp": stamp(self._clock()),
            **({"generation": 1} if resource.counted else {}),
        }
        new = {**obj, "metadata": metadata}
        assert key_of(new) not in self._shelves[resource].objects
        return self._write("ADDED", resource, new, None)

    def replace(self, resource: Resource, obj: Json) -> Json:
        """Store the next state of an object; one equal to the stored one is not a write."""
        old = self._shelves[resource].objects[key_of(obj)]
        metadata = {**obj["metadata"], "resourceVersion": old["metadata"]["resourceVersion"]}
        if resource.counted and obj.get("spec") != old.get("spec"):
            metadata["generation"] = old["metadata"].get("generation", 0) + 1
        new = {**obj, "metadata": metadata}
        return old if new == old else self._write("MODIFIED", resource, new, old)

    def remove(self, resource: Resource, namespace: str, name: str) -> Json:
        old = self._shelves[resource].objects[namespace, name]
        return self._write("DELETED", resource, old, old)

    def _write(self, verb: Verb, resource: Resource, obj: Json, old: Json | None) -> Json:
        self.revision += 1
        new = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.revision)}}
        shelf = self._shelves[resource]
        if verb == "DELETED":
            del shelf.objects[key_of(new)]
        else:
            shelf.objects[key_of(new)] = new
        change = Change(self.revision, verb, resource, new, old)
        shelf.note(change)
        for listener in tuple(self._listeners):
            listener(change)
        return new


def key_of(obj: Json) -> tuple[str, str]:
    metadata = obj["metadata"]
    return metadata.get("namespace", ""), metadata["name"]
