"""Page by page through the documents of a log store, in the order of their times, none missed and none twice."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from aurora_tui.model.logfields import Mapped
from aurora_tui.signals.elastic_answers import Answer, Hit
from aurora_tui.signals.elasticsearch import KEEP_ALIVE, ElasticClient, GoneError, TooLargeError
from aurora_tui.signals.errors import SignalError
from aurora_tui.signals.logquery import Query, all_of, between, by_time

PAGE = 500
_SHRINK = 8
_BEYOND = {"asc": "gte", "desc": "lte"}


class Walk:
    """A way through the documents that fulfil `filters`, from the oldest (``asc``) or from the newest (``desc``).

    Pages are read from a point in time, whose ``_shard_doc`` tells documents of the same time apart
    (https://www.elastic.co/guide/en/elasticsearch/reference/8.17/paginate-search-results.html). One that has
    ended is opened anew: what was read at the last time is known and left out. `thrifty` asks for the
    first page without one, which is enough for most short ways.
    """

    def __init__(
        self,
        client: ElasticClient,
        fields: Mapped,
        filters: Sequence[Query],
        order: str,
        source: Any,
        *,
        none: Sequence[Query] = (),
        thrifty: bool = False,
        page: int = PAGE,
    ) -> None:
        self._client = client
        self._fields = fields
        self._filters = [*filters]
        self._none = [*none]
        self._order = order
        self._source = source
        self._thrifty = thrifty
        self._size = self.most = page
        """Documents of a page."""
        self._point: str | None = None
        self._after: list[Any] | None = None
        self._at: Any = None
        self._known: set[tuple[str, str]] = set()
        self._whole: list[Hit] = []
        """Read already for a page that an error left unfinished."""
        self.done = False
        """Whether the end was reached."""
        self.partial = ""
        """In words what is missing of the last page."""

    async def page(self) -> list[Hit]:
        """The next documents; none at the end. Raises SignalError."""
        while not self.done:
            answer = await self._next()
            self.partial = answer.partial
            asked, hits = self._asked, answer.hits
            self._point = answer.point or self._point
            self.done = len(hits) < asked
            if hits:
                self._after = hits[-1].sort
            fresh = [hit for hit in hits if (hit.index, hit.id) not in self._known]
            self._remember(hits)
            if self._size < self.most:
                self._size = min(self._size * 2, self.most)
            if fresh:
                return fresh
        return []

    async def whole_page(self) -> list[Hit]:
        """The next documents, as many as a page has: large ones are read a few at a time."""
        self._whole += await self.page()
        while len(self._whole) < self.most and not self.done:
            self._whole += await self.page()
        found, self._whole = self._whole, []
        return found

    async def close(self) -> None:
        """Free what the server keeps for it. It can go on all the same, then knowing what was written meanwhile."""
        point, self._point, self._after, self._thrifty = self._point, None, None, False
        if point is not None:
            with suppress(SignalError):
                await self._client.close_point(point)

    async def _next(self) -> Answer:
        anew = False
        while True:
            try:
                return await self._ask()
            except GoneError:
                if anew:
                    raise
                anew, self._point, self._after = True, None, None
            except TooLargeError:
                if self._size == 1:
                    return await self._ask(whole=False)
                self._size = max(self._size // _SHRINK, 1)

    async def _ask(self, *, whole: bool = True) -> Answer:
        self._asked = self._size
        body: dict[str, Any] = {
            "query": all_of([*self._filters, *self._from_here()], none=self._none),
            "sort": by_time(self._fields, self._order),
            "size": self._size,
            "track_total_hits": False,
            "_source": self._source if whole else False,
        }
        if not whole:
            body["fields"] = list(self._fields.of("pod"))
        target = ",".join(self._fields.indices)
        if self._thrifty:
            self._thrifty = False
            return await self._client.search(target, body)
        if self._point is None:
            self._after = None
            self._point = await self._client.open_point(target)
            body["query"] = all_of([*self._filters, *self._from_here()], none=self._none)
        if self._after is not None:
            body["search_after"] = self._after
        return await self._client.search(None, body | {"pit": {"id": self._point, "keep_alive": KEEP_ALIVE}})

    def _from_here(self) -> list[Query]:
        if self._at is None or self._after is not None:
            return []
        return [between(self._fields.time, **{_BEYOND[self._order]: str(self._at)})]

    def _remember(self, hits: Sequence[Hit]) -> None:
        """What stands at the last time: a way that is taken up anew begins there."""
        for hit in hits:
            if hit.sort[0] != self._at:
                self._at = hit.sort[0]
                self._known.clear()
            self._known.add((hit.index, hit.id))
