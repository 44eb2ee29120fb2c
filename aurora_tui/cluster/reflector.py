"""List and watch of one kind: from the API server's pages and events into a store table, for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NoReturn

import msgspec

from aurora_tui.backoff import Backoff
from aurora_tui.cluster.errors import ClusterError, ForbiddenError, GoneError
from aurora_tui.cluster.headstart import HeadStart
from aurora_tui.cluster.paging import Pages
from aurora_tui.cluster.resources import Resource
from aurora_tui.cluster.setbacks import DENIED_SECONDS
from aurora_tui.cluster.tablestate import TableState
from aurora_tui.cluster.transport import ANSWER_SECONDS, SilenceError, Transport
from aurora_tui.cluster.watchlines import breathe, line_batches, watch_query
from aurora_tui.model import kube
from aurora_tui.store import Table

SILENCE_SECONDS = 90.0
"""The server sends a bookmark about once a minute: after a longer silence the watch is opened anew."""
FAILURES = 5
"""Watches from one version that a server may break off in a row before the list is read again."""
AT_ONCE = 100
"""Events that are decoded before the keys are looked at again."""
BRIEF_SECONDS = 1.0
"""A watch that ends sooner is not asked for again at once."""
CUTS = 2
"""Watches in a row that end so soon and bring nothing: then the rows are no longer called live."""
_ALL_TOLD = "k8s.io/initial-events-end"
"""The mark of the bookmark that ends a streaming list."""
_NOT_SERVED = frozenset({400, 403, 404, 405, 406, 415, 422})
"""How servers refuse a streaming list that they do not know, or allow for lists only; 1.32 and later serve it."""


class Reflector:
    """Keeps a table equal to what the server has of one kind, in one namespace or in all.

    Follows the list-and-watch protocol
    (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes):
    paged list, watch from its resourceVersion with bookmarks, list again on 410. The rows stay while
    the server is away; the table's freshness says so, and that a list is not whole yet.

    A list that is read again comes as a stream where the line is near and the server can: that costs the
    server no copy of all objects. The first list is always paged, and so is any over a far line: its pages
    are compressed, to a fourteenth, which watches never are; and all rows are there sooner.
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
        self._state = TableState(table, clock)
        self._version = ""
        self._listed = False
        """Whether there was a whole list already."""
        self._cut = 0
        """How many watches in a row ended at once, without an error, and brought nothing."""
        self._failures = 0
        """How often in a row a watch from this version was answered with a fault of the server's."""
        self._streams = True
        """Whether the server may know streaming lists: until it has refused one."""
        self._told: set[str] | None = None
        """The keys that a streaming list has told so far; None while there is none."""
        struct = resource.struct
        assert struct is not None, f"{resource.plural} has no typed row"
        decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(kube.ListPage[struct])  # type: ignore[valid-type]
        self._pages = Pages(transport, decoder)
        self._events = msgspec.json.Decoder(kube.WatchEvent)
        self._objects = msgspec.json.Decoder(struct)

    async def run(self) -> NoReturn:
        """Follow the server until cancelled; never raises because a server did."""
        backoff = Backoff()
        self._state.connecting(self._transport.server)
        while True:
            try:
                if not self._version and not self._streaming:
                    await self.read()
                await self._watch(backoff)
            except (ClusterError, msgspec.DecodeError) as error:
                if isinstance(error, ForbiddenError) and self._narrow():
                    continue
                await self._pause(error, backoff)

    @property
    def _streaming(self) -> bool:
        """Whether the next list comes as a stream."""
        return self._listed and self._streams and self._transport.near

    async def read(self) -> None:
        """Read all pages once and make the table equal to them."""
        seen: set[str] = set()
        ahead, self._ahead = self._ahead, None
        if ahead is not None and await ahead.give(lambda page: self._put(page, seen)):
            return
        seen.clear()
        backoff = Backoff()
        async for page in self._pages.read(
            self._resource.path(self._namespace), seen, lambda error: self._pause(error, backoff)
        ):
            self._put(page, seen)
            backoff.reset()

    def _put(self, page: kube.ListPage[Any], seen: set[str]) -> bool:
        """Apply one page; after the last one (True) the table is equal to the list."""
        rows = {kube.key(item.metadata): item for item in page.items or ()}
        seen.update(rows)
        self._table.apply(rows)
        last = not page.metadata.continue_
        if last:
            self._end_list(seen, page.metadata.resource_version)
            self._live()
        else:
            self._state.await_more(page.metadata.remaining_item_count)
        return last

    def _end_list(self, seen: set[str], version: str) -> None:
        self._table.retain(seen)
        self._version = version
        self._failures = 0
        self._listed = True
        self._told = None
        self._state.to_come = ""

    async def _watch(self, backoff: Backoff) -> None:
        """Apply events until the server ends the watch, which it does every few minutes.

        A watch that lasts or brings something ends the row of failures; one that ends at once is asked
        for again after a pause, whether its end was an error or not.
        """
        query = watch_query(self._version)
        self._told = None if self._version else set()
        path = self._resource.path(self._namespace)
        loop = asyncio.get_running_loop()
        began = loop.time()
        opened = ended = False
        proof: asyncio.TimerHandle | None = None
        try:
            silence = SILENCE_SECONDS if self._told is None else ANSWER_SECONDS
            async with self._transport.open("GET", path, query=query, silence=silence) as response:
                opened = True
                if self._cut < CUTS:
                    self._live()
                else:
                    proof = loop.call_later(BRIEF_SECONDS, self._live)
                async for lines in line_batches(response.content.iter_any()):
                    for start in range(0, len(lines), AT_ONCE):
                        self._apply(lines[start : start + AT_ONCE])
                        backoff.reset()
                        self._failures = self._cut = 0
                        await asyncio.sleep(0)
                    if self._told is None:
                        await breathe(response)
            ended = True
        except GoneError:
            self._version = ""
        except SilenceError:
            # Quiet or dead: asking again tells which, and costs no list.
            if not opened:
                raise
            if self._told is None:
                await self._doubt()
            if self._told is not None:
                # A server that began to tell all and does not end takes the watch for one like any other.
                self._streams = False
                return
        except ClusterError as error:
            if not opened and self._told is not None and error.status in _NOT_SERVED:
                self._streams = False
                return
            if opened or not isinstance(error, ForbiddenError):
                raise
            await self._poll()
            return
        finally:
            if proof is not None:
                proof.cancel()
        if loop.time() - began >= BRIEF_SECONDS:
            backoff.reset()
            self._cut = 0
            return
        wait = backoff.next()
        self._cut += ended
        if ended and self._cut >= CUTS:
            self._state.cut(wait)
        await asyncio.sleep(wait)

    async def _doubt(self) -> None:
        """A server that was set back lets a watch from what it has not come to again wait, and says nothing.

        Its versions can be compared where they are numbers, as those of an API server always are:
        https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
        """
        now = await self._pages.version(self._resource.path(self._namespace))
        if now.isdecimal() and self._version.isdecimal() and int(now) < int(self._version):
            self._version = ""

    async def _poll(self) -> None:
        """Where we may list but not watch, the list is read again now and then."""
        self._version = ""
        words = f"watching {self._resource.plural} is forbidden: they are read again every {DENIED_SECONDS:.0f} s"
        self._state.live(words, DENIED_SECONDS)
        await asyncio.sleep(DENIED_SECONDS)

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
                        self._move_to(row.metadata, told=key)
                    case "DELETED":
                        row = self._objects.decode(event.object)
                        key = kube.key(row.metadata)
                        upserts.pop(key, None)
                        deletes.add(key)
                        self._move_to(row.metadata)
                    case "BOOKMARK":
                        mark = msgspec.json.decode(event.object, type=kube.Bare).metadata
                        if self._told is not None and (mark.annotations or {}).get(_ALL_TOLD) == "true":
                            self._table.apply(upserts, deletes)
                            self._end_list(self._told, mark.resource_version)
                        self._move_to(mark)
                    case _:
                        status = msgspec.json.decode(event.object, type=kube.Status)
                        error = GoneError if status.code == 410 else ClusterError
                        causes = (status.details and status.details.causes) or ()
                        raise error(
                            status.message or "the watch failed",
                            status=status.code,
                            causes=frozenset(cause.reason for cause in causes),
                        )
        finally:
            # What came before an error counts: the version has moved past it.
            self._table.apply(upserts, deletes)
        self._live()

    def _move_to(self, meta: kube.Meta, *, told: str = "") -> None:
        """Remember where to resume; within a streaming list there is no such place, but an object that was told."""
        if self._told is None:
            self._version = meta.resource_version
        elif told:
            self._told.add(told)

    def _live(self) -> None:
        """The table is equal to what the server has: while that is being told anew, it need not be."""
        if self._told is None:
            self._state.live()

    def _narrow(self) -> bool:
        """Where listing all namespaces is forbidden, fall back to the one we were given.

        Whoever was told of all of them may list them: that they are refused now, which an authorizer that cannot be
        reached does too, takes no rows away.
        """
        told = self._listed or self._state.to_come
        if told or self._namespace is not None or self._fallback is None or not self._resource.namespaced:
            return False
        self._namespace, self._version = self._fallback, ""
        self._state.note = f"only namespace {self._fallback}: listing {self._resource.plural} of all is forbidden"
        return True

    async def _pause(self, error: Exception, backoff: Backoff) -> None:
        server, missing = self._transport.server, self._resource.missing()
        found = self._state.set_back(error, backoff.next(), server=server, missing=missing)
        if self._is_given_up(error) or found.anew:
            self._version = ""
        await asyncio.sleep(found.wait)

    def _is_given_up(self, error: Exception) -> bool:
        """Whether watches from our version have failed so often that it may be the cause."""
        if isinstance(error, ClusterError) and (error.status or 0) >= 500:
            self._failures += 1
        return self._failures >= FAILURES
