"""List and watch of one kind: from the API server's pages and events into a store table, for ever."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import Any, NoReturn

import msgspec

from aurora_tui.backoff import Backoff
from aurora_tui.cluster.answers import not_kubernetes
from aurora_tui.cluster.errors import (
    ClusterError,
    ConfigError,
    ForbiddenError,
    GoneError,
    NotFoundError,
    ThrottledError,
    UnauthorizedError,
)
from aurora_tui.cluster.headstart import HeadStart
from aurora_tui.cluster.resources import Resource
from aurora_tui.cluster.transport import ANSWER_SECONDS, SilenceError, Transport
from aurora_tui.model import kube
from aurora_tui.model.freshness import SourceState
from aurora_tui.store import Table

PAGE = 500
"""Objects a page, as kubectl asks for them: the first page paints while the others come."""
WATCH_SECONDS = 300
SILENCE_SECONDS = 90.0
"""The server sends a bookmark about once a minute: after a longer silence the watch is opened anew."""
BRIEF_SECONDS = 1.0
"""A watch that ends sooner is not asked for again at once."""
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
        ahead: HeadStart | None = None,
    ) -> None:
        self._ahead = ahead
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
                await self._watch(backoff)
            except (ClusterError, msgspec.DecodeError) as error:
                if isinstance(error, ForbiddenError) and self._narrow():
                    continue
                await self._pause(error, backoff)

    async def read(self) -> None:
        """Read all pages once and make the table equal to them.

        Where the token of the next page has expired (410), everything is read again in one answer, as
        kubectl's pager does: a list that takes longer than the server keeps its tokens would never end.
        """
        seen: set[str] = set()
        if self._ahead is not None and await self._take(self._ahead, seen):
            return
        seen.clear()
        query = {"limit": str(PAGE)}
        path = self._resource.path(self._namespace)
        while True:
            try:
                raw = await self._transport.bytes("GET", path, query=query, silence=ANSWER_SECONDS)
            except GoneError:
                if "continue" not in query:
                    raise
                query = {}
                seen.clear()
                continue
            page = self._pages.decode(raw)
            if self._put(page, seen):
                return
            query["continue"] = page.metadata.continue_
            # Let the first page be painted before the next is decoded.
            await asyncio.sleep(0)

    async def _take(self, ahead: HeadStart, seen: set[str]) -> bool:
        """Take what was read before there was a screen; whether that was all."""
        self._ahead = None
        async for page in ahead.pages():
            if self._put(page, seen):
                return True
        ahead.settle()
        return False

    def _put(self, page: kube.ListPage[Any], seen: set[str]) -> bool:
        """Apply one page; after the last one (True) the table is equal to the list."""
        rows = {kube.key(item.metadata): item for item in page.items or ()}
        seen.update(rows)
        self._table.apply(rows)
        last = not page.metadata.continue_
        if last:
            self._table.retain(seen)
            self._version = page.metadata.resource_version
        self._live()
        return last

    async def _watch(self, backoff: Backoff) -> None:
        """Apply events until the server ends the watch, which it does every few minutes.

        A watch that lasts or brings something ends the row of failures; one that ends at once is asked
        for again after a pause, whether its end was an error or not.
        """
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": str(int(WATCH_SECONDS * (1 + random.random()))),
        }
        path = self._resource.path(self._namespace)
        elapsed = asyncio.get_running_loop().time
        began = elapsed()
        opened = False
        try:
            async with self._transport.open("GET", path, query=query, silence=SILENCE_SECONDS) as response:
                self._live()
                opened = True
                async for lines in _line_batches(response.content.iter_any()):
                    self._apply(lines)
                    backoff.reset()
        except GoneError:
            self._version = ""
        except SilenceError:
            # Quiet or dead: asking again tells which, and costs no list.
            if not opened:
                raise
        except ForbiddenError:
            if opened:
                raise
            await self._poll()
            return
        if elapsed() - began >= BRIEF_SECONDS:
            backoff.reset()
        else:
            await asyncio.sleep(backoff.next())

    async def _poll(self) -> None:
        """Where we may list but not watch, the list is read again now and then."""
        self._version = ""
        words = f"watching {self._resource.plural} is forbidden: they are read again every {_DENIED_SECONDS:.0f} s"
        next_try = self._clock() + _DENIED_SECONDS
        message = "; ".join(filter(None, (self._note, words)))
        self._table.set_freshness(SourceState.LIVE, self._clock(), message, next_try=next_try)
        await asyncio.sleep(_DENIED_SECONDS)

    def _apply(self, lines: list[bytes]) -> None:
        upserts: dict[str, Any] = {}
        deletes: set[str] = set()
        try:
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
        finally:
            # What came before an error counts: the version has moved past it.
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
        wait, words = backoff.next(), str(error)
        state = self._table.freshness.lost
        match error:
            case NotFoundError():
                words = self._resource.missing()
                state, wait = SourceState.UNCONFIGURED, max(wait, _DENIED_SECONDS)
            case ForbiddenError() | UnauthorizedError() | ConfigError():
                state, wait = SourceState.DENIED, max(wait, _DENIED_SECONDS)
            case ThrottledError():
                wait = max(wait, error.retry_after)
            case GoneError() | msgspec.DecodeError():
                self._version = ""
        if isinstance(error, msgspec.DecodeError):
            words = f"{not_kubernetes(self._transport.server)} ({words})"
        self._table.set_freshness(state, self._clock(), words, next_try=self._clock() + wait)
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
