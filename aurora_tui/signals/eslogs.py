"""The logs of a selection as Elasticsearch has them: tailed into a buffer, and paged back as far as they go."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from statistics import median

from aurora_tui.backoff import Backoff
from aurora_tui.logbuffer import LogBuffer
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.logfields import LogStore, Mapped, NoLogsError
from aurora_tui.model.selection import LogSelection
from aurora_tui.signals.elasticsearch import ElasticClient
from aurora_tui.signals.errors import SignalError, Trouble
from aurora_tui.signals.logdocuments import NANO, Document, Reading, nanos_of
from aurora_tui.signals.logpages import PAGE, Walk
from aurora_tui.signals.logquery import Query, between, filters
from aurora_tui.signals.logsurvey import fields_of, span
from aurora_tui.signals.logwatch import Watch
from aurora_tui.signals.threads import in_thread

LOOK_SECONDS = 2.0
_IDLE = 60
"""Seconds without a line after which the age of the newest is told."""
_STALE_POINT = 30
"""Seconds after which a point in time is left for one that knows what came late."""
_ANEW = (Trouble.DENIED, Trouble.UNREACHABLE)
"""After these the server is looked for again: its address or our credentials may be others."""
_SOURCE = "Elasticsearch"

log = logging.getLogger(__name__)

Find = Callable[[], Awaitable[HttpAccess]]
"""How Elasticsearch is reached. Raises SignalError where it is not."""


class _Way:
    """What a selection's documents are read with, once it is known which fields there are."""

    def __init__(self, client: ElasticClient, store: LogStore, selection: LogSelection, fields: Mapped) -> None:
        self._client = client
        self.fields = fields
        self._reading = Reading(store, fields, selection)
        until = [between(fields.time, lte=selection.until)] if selection.until else []
        self._chosen: list[Query] = [*filters(selection, fields), *until]
        self.watch = Watch(client, store, fields, self._chosen, self._reading)
        self.since = selection.since
        bounds = [between(fields.time, gte=selection.since)] if selection.since else []
        # Whoever only follows the end needs no point in time, which every shard must keep.
        self.back = self._backwards(bounds, min(selection.tail or PAGE, PAGE), thrifty=not bounds)

    def _backwards(self, bounds: Sequence[Query], page: int = PAGE, *, thrifty: bool = False) -> Walk:
        chosen = [*self._chosen, *bounds]
        return Walk(self._client, self.fields, chosen, "desc", self._reading.source, page=page, thrifty=thrifty)

    async def go_beyond(self) -> None:
        """Nothing but the time to begin at was in the way of older lines."""
        if self.since is not None:
            await self.back.close()
            self.back = self._backwards([between(self.fields.time, lt=self.since)])
            self.since = None

    async def page(self) -> list[Document]:
        """The page before the last one, oldest first; the watch knows of it."""
        await self.watch.begin()
        hits = await self.back.whole_page()
        documents = await in_thread(lambda: [self._reading.read(hit) for hit in reversed(hits)])
        self.watch.know(documents)
        self.back.most = PAGE
        if self.back.done:
            self.watch.reaches(0 if self.since is None else nanos_of(utc(self.since)) - 1)
        return documents


class ElasticTail:
    """Fills `buffer` with a selection's documents: the newest first, then what comes, late ones where they belong.

    `notes` tells in words what stands in the way, `facts` what a reader should know. `want_older` asks for
    a page before the oldest line.
    """

    def __init__(
        self,
        find: Find,
        store: LogStore,
        selection: LogSelection,
        buffer: LogBuffer,
        clock: Callable[[], float] = time.time,
        interval: float = LOOK_SECONDS,
    ) -> None:
        self._find = find
        self._store = store
        self._selection = selection
        self._buffer = buffer
        self._clock = clock
        self._interval = interval
        self._older = asyncio.Event()
        self._begun = self._filling = self._full = self._at_start = False
        self._last = 0
        self._newest: float | None = None
        self._lag: float | None = None
        self._ahead = 0
        self._renewed = 0.0
        self._partial = ""
        self.looks = 0
        """How many times it was looked for new documents."""
        self.notes: dict[str, str] = {}

    def want_older(self) -> None:
        """The reader has come to the oldest line."""
        self._older.set()

    @property
    def reading_back(self) -> bool:
        """Whether older lines are still being read."""
        return self._filling or self._older.is_set()

    @property
    def facts(self) -> tuple[str, ...]:
        """Short remarks: how far behind the documents are, whether there is anything older."""
        # Documents do not say which run of a container wrote them.
        words = ["all runs of its containers"] if self._selection.previous else []
        if self._lag is not None and self._lag < -1:
            words.append(f"clocks differ: lines from {span(-self._lag)} ahead")
        elif self._lag is not None:
            words.append(f"ingest lag {span(max(self._lag, 0))}")
        if self._newest is not None and self._selection.until is None and self._clock() - self._newest >= _IDLE:
            words.append(f"newest line {span(self._clock() - self._newest)} old")
        if self._ahead:
            lines = f"{self._ahead:,} line{'s' if self._ahead > 1 else ''}"
            words.append(f"{lines} dated in the future: a host's clock is ahead")
        if self.reading_back:
            words.append("reading older lines")
        elif self._at_start:
            words.append("from the first line on")
        return tuple(words)

    async def run(self) -> None:
        """Follow until cancelled. What cannot be reached is tried again, and goes on where it was."""
        backoff, client, way = Backoff(), None, None
        try:
            while True:
                try:
                    if client is None:
                        client = ElasticClient(await self._find())
                    if way is None:
                        fields = await fields_of(client, self._store, self._selection)
                        way = _Way(client, self._store, self._selection, fields)
                    await self._step(way)
                    self._say(way)
                    backoff.reset()
                    if not self.reading_back:
                        with suppress(TimeoutError):
                            await asyncio.wait_for(self._older.wait(), self._interval)
                except (SignalError, NoLogsError) as error:
                    log.warning("logs of %s: %s", self._selection, error)
                    self.notes[_SOURCE] = str(error)
                    await asyncio.sleep(backoff.next())
                    if client is not None and isinstance(error, SignalError) and error.trouble in _ANEW:
                        with suppress(SignalError):
                            await client.use(await self._find())
        finally:
            if way is not None:
                await asyncio.shield(way.back.close())
            if client is not None:
                await asyncio.shield(client.close())

    async def _step(self, way: _Way) -> None:
        if not self._begun:
            documents = await way.page()
            self._begun, self._renewed = True, self._clock()
            self._append(documents)
            self._measure(documents[-20:], seen=None)
            self._filling = self._selection.since is not None and not way.back.done
        elif self._filling:
            self._prepend(await way.page())
            self._filling = not (way.back.done or self._full)
        elif self._older.is_set():
            await self._read_older(way)
            self._older.clear()
        self._partial = way.back.partial
        if not self.reading_back and self._open():
            self._show(await way.watch.look())
            self._partial = way.watch.partial
            self._ahead = way.watch.ahead
            self.looks += 1
        self._at_start = way.back.done and way.since is None

    def _open(self) -> bool:
        """Whether anything may come yet: late lines do for a while after the end of a window."""
        until = self._selection.until
        ends = nanos_of(utc(until)) / NANO + self._store.overlap if until else None
        return ends is None or self.looks == 0 or self._clock() < ends

    async def _read_older(self, way: _Way) -> None:
        if self._full:
            return
        if way.back.done:
            await way.go_beyond()
        if self._clock() - self._renewed > _STALE_POINT:
            self._renewed = self._clock()
            await way.back.close()
        self._prepend(await way.page())

    def _prepend(self, documents: Sequence[Document]) -> None:
        lines = [each.line for each in documents if each.wanted]
        if self._buffer.prepend(lines) < len(lines):
            self._full = True
            self.notes["buffer"] = "no room for older lines: choose a time window, or raise log_lines in the settings"

    def _append(self, documents: Sequence[Document]) -> None:
        self._buffer.append([each.line for each in documents if each.wanted])
        if documents:
            self._last = documents[-1].nanos
            self._newest = self._last / NANO

    def _show(self, documents: Sequence[Document]) -> None:
        """New documents, by time: those behind the last line are inserted where they belong."""
        late = [each.line for each in documents if each.nanos < self._last and each.wanted]
        self._append([each for each in documents if each.nanos >= self._last])
        if late:
            self._buffer.insert(late)
        self._measure(documents, seen=self._clock())

    def _measure(self, documents: Sequence[Document], *, seen: float | None) -> None:
        """The lag by the time of ingestion where a pipeline writes it, else by when the document was first seen."""
        lags = [each.ingested - each.nanos / NANO for each in documents if each.ingested is not None]
        if not lags and seen is not None:
            lags = [seen - each.nanos / NANO for each in documents]
        if lags:
            self._lag = median(lags)

    def _say(self, way: _Way) -> None:
        self.notes.pop(_SOURCE, None)
        if faults := [*filter(None, [self._partial]), *way.fields.faults]:
            self.notes[_SOURCE] = "; ".join(faults)


def utc(stamp: str) -> str:
    """An RFC 3339 time as the server writes it."""
    return f"{datetime.fromisoformat(stamp).astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"
