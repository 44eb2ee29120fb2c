"""List and watch of one kind: from the API server's pages and events into a store table, for ever."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import Any, NoReturn

import msgspec

from aurora_tui.backoff import Backoff
from aurora_tui.cluster.errors import (
    ClusterError,
    ForbiddenError,
    GoneError,
    NotFoundError,
    ThrottledError,
    UnauthorizedError,
)
from aurora_tui.cluster.resources import Resource
from aurora_tui.cluster.transport import Transport
from aurora_tui.model import kube
from aurora_tui.model.freshness import SourceState
from aurora_tui.store import Table

PAGE = 500
"""Objects a page, as kubectl asks for them: the first page paints while the others come."""
WATCH_SECONDS = 300
SILENCE_SECONDS = 90.0
"""The server sends a bookmark about once a minute: a longer silence is a broken connection."""
_DENIED_SECONDS = 30.0


class Reflector:
    """Keeps a table equal to what the server has of one kind, in one namespace or in all.

    Follows the list-and-watch protocol
    (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes):
    paged list, watch from its resourceVersion with bookmarks, list again on 410. The rows stay while
    the server is away; the table's freshness says so.
    """

    def __init__(
        self,
        transport: Transport,
        resource: Resource,
        namespace: str | None,
        table: Table[Any],
        clock: Callable[[], float],
        *,
        fallback: str | None = None,
    ) -> None:
        self._transport = transport
        self._resource = resource
        self._namespace = namespace
        self._fallback = fallback
        self._table = table
        self._clock = clock
        self._note = ""
        self._version = ""
        struct = resource.struct
        assert struct is not None, f"{resource.plural} has no typed row"
        self._pages: msgspec.json.Decoder[Any] = msgspec.json.Decoder(kube.ListPage[struct])  # type: ignore[valid-type]
        self._events = msgspec.json.Decoder(kube.WatchEvent)
        self._objects = msgspec.json.Decoder(struct)

    async def run(self) -> NoReturn:
        """Follow the server until cancelled; never raises because a server did."""
        backoff = Backoff()
        self._table.set_freshness(SourceState.CONNECTING, self._clock(), f"connecting to {self._transport.server}")
        while True:
            try:
                if not self._version:
                    await self.read()
                backoff.reset()
                await self._watch()
            except GoneError:
                self._version = ""
            except (ClusterError, msgspec.DecodeError) as error:
                if isinstance(error, ForbiddenError) and self._narrow():
                    continue
                await self._pause(error, backoff)

    async def read(self) -> None:
        """Read all pages once and make the table equal to them."""
        seen: set[str] = set()
        query = {"limit": str(PAGE)}
        while True:
            path = self._resource.path(self._namespace)
            raw = await self._transport.bytes("GET", path, query=query)
            page = self._pages.decode(raw)
            rows = {kube.key(item.metadata): item for item in page.items or ()}
            seen.update(rows)
            self._table.apply(rows)
            if not page.metadata.continue_:
                break
            self._live()
            query["continue"] = page.metadata.continue_
            # Let the first page be painted before the next is decoded.
            await asyncio.sleep(0)
        self._table.retain(seen)
        self._version = page.metadata.resource_version
        self._live()

    async def _watch(self) -> None:
        """Apply events until the server ends the watch, which it does every few minutes."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": str(int(WATCH_SECONDS * (1 + random.random()))),
        }
        path = self._resource.path(self._namespace)
        async with self._transport.open("GET", path, query=query, silence=SILENCE_SECONDS) as response:
            self._live()
            async for lines in _line_batches(response.content.iter_any()):
                self._apply(lines)

    def _apply(self, lines: list[bytes]) -> None:
        upserts: dict[str, Any] = {}
        deletes: set[str] = set()
        for line in lines:
            event = self._events.decode(line)
            match event.type:
                case "ADDED" | "MODIFIED":
                    row = self._objects.decode(event.object)
                    key = kube.key(row.metadata)
                    upserts[key] = row
                    deletes.discard(key)
                    self._version = row.metadata.resource_version
                case "DELETED":
                    row = self._objects.decode(event.object)
                    key = kube.key(row.metadata)
                    upserts.pop(key, None)
                    deletes.add(key)
                    self._version = row.metadata.resource_version
                case "BOOKMARK":
                    bookmark = msgspec.json.decode(event.object, type=kube.Bare)
                    self._version = bookmark.metadata.resource_version
                case _:
                    status = msgspec.json.decode(event.object, type=kube.Status)
                    error = GoneError if status.code == 410 else ClusterError
                    raise error(status.message or "the watch failed", status=status.code)
        self._table.apply(upserts, deletes)
        self._live()

    def _live(self) -> None:
        self._table.set_freshness(SourceState.LIVE, self._clock(), self._note)

    def _narrow(self) -> bool:
        """Where listing all namespaces is forbidden, fall back to the one we were given."""
        if self._namespace is not None or self._fallback is None or not self._resource.namespaced:
            return False
        self._namespace, self._version = self._fallback, ""
        self._note = f"only namespace {self._fallback}: listing {self._resource.plural} of all is forbidden"
        return True

    async def _pause(self, error: Exception, backoff: Backoff) -> None:
        wait = backoff.next()
        state = SourceState.STALE if self._table.freshness.last_good else SourceState.DOWN
        match error:
            case ForbiddenError() | UnauthorizedError() | NotFoundError():
                state, wait = SourceState.DENIED, max(wait, _DENIED_SECONDS)
            case ThrottledError():
                wait = max(wait, error.retry_after)
            case msgspec.DecodeError():
                self._version = ""
        self._table.set_freshness(state, self._clock(), str(error), next_try=self._clock() + wait)
        await asyncio.sleep(wait)


async def _line_batches(chunks: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
    """Complete lines of a stream, all that one chunk ended at a time."""
    rest: list[bytes] = []
    async for chunk in chunks:
        head, newline, tail = chunk.rpartition(b"\n")
        if not newline:
            rest.append(chunk)
            continue
        text = b"".join([*rest, head])
        rest = [tail] if tail else []
        yield [line for line in text.split(b"\n") if line]
