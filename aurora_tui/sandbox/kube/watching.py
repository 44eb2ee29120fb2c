"""Watch streams: what changed since a revision, then what changes, one JSON object a line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress

import msgspec

from aurora_tui.sandbox.kube.kinds import Json, Resource
from aurora_tui.sandbox.kube.listing import ListOptions
from aurora_tui.sandbox.kube.objects import Change, CompactedError, ObjectStore
from aurora_tui.sandbox.kube.statuses import expired

BOOKMARK_SECONDS = 60.0
"""How often a watcher that allows bookmarks gets one (the server's cacher: about once a minute)."""
_LONGEST = 3600.0
_INITIAL_END = {"k8s.io/initial-events-end": "true"}


class Watcher:
    """One watch of one resource; ends by its timeout or `close`.

    `shown` makes of an object what its event carries: the object, or a Table of it.
    """

    def __init__(
        self,
        store: ObjectStore,
        resource: Resource,
        namespace: str | None,
        options: ListOptions,
        shown: Callable[[Json], Json],
    ) -> None:
        self._store = store
        self._resource = resource
        self._namespace = namespace
        self._options = options
        self._shown = shown
        self._wake = asyncio.Event()
        self._closed = False
        self._seen = 0

    def close(self) -> None:
        self._closed = True
        self._wake.set()

    async def lines(self) -> AsyncGenerator[bytes, None]:
        """Encoded events; several that are ready together come as one chunk."""
        unsubscribe = self._store.subscribe(self._note)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (self._options.timeout or _LONGEST)
        try:
            if first := b"".join(self._initial()):
                yield first
            marked = loop.time()
            while not self._closed:
                try:
                    chunk = b"".join(self._fresh())
                except CompactedError as error:
                    status = expired(f"too old resource version: {self._seen} ({error.oldest})").status
                    yield _line("ERROR", status)
                    return
                if chunk:
                    yield chunk
                now = loop.time()
                if self._options.bookmarks and now >= min(marked + BOOKMARK_SECONDS, deadline):
                    yield self._bookmark(None)
                    marked = now
                if now >= deadline:
                    return
                await self._wait(min(deadline, marked + BOOKMARK_SECONDS) - now)
        finally:
            unsubscribe()

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), max(seconds, 0.0))
        self._wake.clear()

    def _note(self, change: Change) -> None:
        if change.resource is self._resource:
            self._wake.set()

    def _initial(self) -> Iterator[bytes]:
        """Without a revision (or with 0) the present state comes first, as ADDED."""
        revision = self._options.revision
        if revision and not self._options.initial_events:
            self._seen = revision
            return
        self._seen = self._store.revision
        for obj in self._store.items(self._resource, self._namespace):
            if self._options.selects(obj):
                yield _line("ADDED", self._shown(obj))
        if self._options.initial_events and self._options.bookmarks:
            yield self._bookmark(_INITIAL_END)

    def _fresh(self) -> Iterator[bytes]:
        upto = self._store.revision
        for change in self._store.changes(self._resource, self._seen):
            self._seen = change.revision
            if self._namespace is None or change.new["metadata"].get("namespace") == self._namespace:
                yield from self._event(change)
        self._seen = max(self._seen, upto)

    def _event(self, change: Change) -> Iterator[bytes]:
        """An object that comes to be selected is ADDED, one that no longer is DELETED."""
        was = change.old is not None and self._options.selects(change.old)
        is_now = change.verb != "DELETED" and self._options.selects(change.new)
        if is_now:
            yield _line("MODIFIED" if was else "ADDED", self._shown(change.new))
        elif was:
            yield _line("DELETED", self._shown(_at_revision(change)))

    def _bookmark(self, annotations: Json | None) -> bytes:
        metadata: Json = {"resourceVersion": str(self._seen), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        kind, version = self._resource.kind, self._resource.api_version
        return _line("BOOKMARK", {"kind": kind, "apiVersion": version, "metadata": metadata})


def _at_revision(change: Change) -> Json:
    """The last selected state of an object, at the revision of the write that took it away."""
    shown = change.old or change.new
    return {**shown, "metadata": {**shown["metadata"], "resourceVersion": str(change.revision)}}


def _line(verb: str, obj: Json) -> bytes:
    return msgspec.json.encode({"type": verb, "object": obj}) + b"\n"
