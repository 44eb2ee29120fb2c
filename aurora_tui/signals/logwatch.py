"""What was written to a log store since the last look, late documents and those of hasty clocks among it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from aurora_tui.model.logfields import LogStore, Mapped
from aurora_tui.signals.elastic_answers import Hit
from aurora_tui.signals.elasticsearch import ElasticClient, TooLargeError
from aurora_tui.signals.logdocuments import NANO, Document, Key, Reading, nanos_of, stamp_of
from aurora_tui.signals.logpages import Walk
from aurora_tui.signals.logquery import Query, all_of, between, by_time
from aurora_tui.signals.threads import in_thread

_NEAR = 5 * NANO
"""Behind the newest document everything is read again with each look: writers are seldom further apart."""
_AHEAD = 30 * NANO
_MILLI = 1_000_000
_FETCHED = 200
_LISTED = 2000


class Watch:
    """Looks for documents that are not known yet.

    The server counts what there is. Only where that is not what is known, the documents near the newest one are
    read, and where it counts more before or after those, they are listed and the unknown ones fetched. The newest
    document is the newest that is not in the future by the server's clock: a host whose clock is ahead makes
    nothing late.
    """

    def __init__(
        self, client: ElasticClient, store: LogStore, fields: Mapped, filters: Sequence[Query], reading: Reading
    ) -> None:
        self._client = client
        self._fields = fields
        self._filters = [*filters]
        self._reading = reading
        self._overlap = round(store.overlap * NANO)
        self._known: dict[Key, int] = {}
        self._stamps: list[int] = []
        self._oldest: int | None = None
        self._newest: int | None = None
        self._fresh: list[Document] = []
        self._heavy: set[Key] = set()
        """Known documents that are too large to be read again."""
        self.partial = ""
        """In words what is missing of the last look."""

    @property
    def newest(self) -> int | None:
        """Time of the newest document that is not in the future, in nanoseconds; None while there is none."""
        return self._newest

    @property
    def ahead(self) -> int:
        """How many known documents are dated later than that by more than a moment."""
        return 0 if self._newest is None else len(self._stamps) - bisect_right(self._stamps, self._newest + _NEAR)

    async def begin(self) -> None:
        """Find out what the newest document is. Raises SignalError."""
        if self._newest is None:
            await self._advance()

    def know(self, documents: Sequence[Document]) -> None:
        """Documents that were read otherwise, by time; what is older than all of them is not looked for."""
        if not documents:
            return
        self.reaches(documents[0].nanos)
        if self._newest is None:
            # All are in the future.
            self._newest = documents[0].nanos
        floor = self._floor()
        self._take(each for each in documents if each.nanos >= floor)

    def reaches(self, nanos: int) -> None:
        """Everything after this time was read: what comes late is looked for down to here."""
        self._oldest = nanos if self._oldest is None else min(self._oldest, nanos)

    async def look(self) -> list[Document]:
        """The documents that came since, by time. Raises SignalError; the next look then gives all."""
        await self.begin()
        since = between(self._fields.time, gt=stamp_of(self._floor()))
        if await self._count(since) != len(self._stamps) - bisect_right(self._stamps, self._floor()):
            await self._read_near(since)
        if self._fresh:
            await self._advance()
        fresh, self._fresh = self._fresh, []
        return sorted(fresh, key=lambda each: each.nanos)

    async def _read_near(self, since: Query) -> None:
        low, high = self._near()
        near = between(self._fields.time, gte=stamp_of(low), lte=stamp_of(high))
        none = [all_of([{"term": {"_index": index}}, {"terms": {"_id": [name]}}]) for index, name in self._heavy]
        chosen = [*self._filters, near]
        walk = Walk(self._client, self._fields, chosen, "asc", self._reading.source, none=none, thrifty=True)
        try:
            while hits := await walk.page():
                self._fresh += self._take(await self._read(hits))
        finally:
            await walk.close()
        if await self._count(since, none=[near]) > self._known_outside(low, high):
            await self._sweep(since, near)

    async def _count(self, since: Query, *, none: Sequence[Query] = ()) -> int:
        query = all_of([*self._filters, since], none=none)
        counted = await self._client.count(",".join(self._fields.indices), query)
        self.partial = counted.partial
        return counted.count

    def _near(self) -> tuple[int, int]:
        newest = self._newest if self._newest is not None else self._floor() + _MILLI
        low = max(newest - _NEAR, self._floor() + 1)
        return -(-low // _MILLI) * _MILLI, (newest + _AHEAD) // _MILLI * _MILLI

    def _floor(self) -> int:
        """Nothing that is not after this is looked for."""
        floor = 0 if self._newest is None else (self._newest - self._overlap) // _MILLI * _MILLI
        return max(floor, self._oldest or 0, 0)

    def _known_outside(self, low: int, high: int) -> int:
        stamps = self._stamps
        behind = bisect_left(stamps, low) - bisect_right(stamps, self._floor())
        return max(behind, 0) + len(stamps) - bisect_right(stamps, high)

    async def _sweep(self, far: Query, near: Query) -> None:
        walk = Walk(
            self._client, self._fields, [*self._filters, far], "asc", False, none=[near], thrifty=True, page=_LISTED
        )
        unknown: list[Key] = []
        try:
            while hits := await walk.page():
                unknown += [key for hit in hits if (key := (hit.index, hit.id)) not in self._known]
        finally:
            await walk.close()
        while unknown:
            await self._fetch(unknown[:_FETCHED], far)
            del unknown[:_FETCHED]

    async def _fetch(self, keys: Sequence[Key], far: Query) -> None:
        wanted = set(keys)
        ids: Query = {"terms": {"_id": sorted({identity for _, identity in keys})}}
        body = {
            "query": all_of([*self._filters, far, ids]),
            "sort": by_time(self._fields, "asc"),
            "size": 10 * len(keys),
            "_source": self._reading.source,
        }
        try:
            answer = await self._client.search(",".join(self._fields.indices), body)
        except TooLargeError:
            half = len(keys) // 2
            if half:
                await self._fetch(keys[:half], far)
                return await self._fetch(keys[half:], far)
            body |= {"_source": False, "fields": list(self._fields.of("pod"))}
            answer = await self._client.search(",".join(self._fields.indices), body)
        self._fresh += self._take(await self._read([hit for hit in answer.hits if (hit.index, hit.id) in wanted]))

    async def _advance(self) -> None:
        """Ask for the newest document by the server's clock, and forget what is out of reach."""
        body = {
            "query": all_of([*self._filters, between(self._fields.time, lte="now")]),
            "sort": by_time(self._fields, "desc"),
            "size": 1,
            "_source": False,
            "track_total_hits": False,
        }
        hits = (await self._client.search(",".join(self._fields.indices), body)).hits
        if hits:
            newest = nanos_of(str(hits[0].sort[0]))
            self._newest = newest if self._newest is None else max(self._newest, newest)
        floor = self._floor()
        self._known = {key: nanos for key, nanos in self._known.items() if nanos >= floor}
        self._heavy &= self._known.keys()
        del self._stamps[: bisect_left(self._stamps, floor)]

    async def _read(self, hits: Sequence[Hit]) -> list[Document]:
        return await in_thread(lambda: [self._reading.read(hit) for hit in hits])

    def _take(self, documents: Iterable[Document]) -> list[Document]:
        fresh = [each for each in documents if each.key not in self._known]
        for each in fresh:
            self._known[each.key] = each.nanos
            if each.heavy:
                self._heavy.add(each.key)
        if fresh:
            self._stamps = sorted([*self._stamps, *(each.nanos for each in fresh)])
        return fresh
