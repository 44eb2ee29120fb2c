"""A list that is read page by page, as kubectl's pager does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec

from aurora_tui.cluster.errors import ClusterError, GoneError, ThrottledError, UnreachableError
from aurora_tui.cluster.transport import ANSWER_SECONDS, Transport
from aurora_tui.model import kube

PAGE = 500
"""Objects a page, as kubectl asks for them: the first page paints while the others come."""
PAGE_BYTES = 4 << 20
"""A page that is larger takes longer to decode than the keys may wait: the next ones are of fewer objects."""
FEWEST = 50


class Pages:
    """Lists of one kind: how many objects a page may hold is remembered from one to the next."""

    def __init__(self, transport: Transport, decoder: msgspec.json.Decoder[Any]) -> None:
        self._transport = transport
        self._decoder = decoder
        self._limit = PAGE

    async def read(
        self, path: str, seen: set[str], wait: Callable[[ClusterError], Awaitable[None]]
    ) -> AsyncIterator[kube.ListPage[Any]]:
        """All pages of a list; `seen` is what they held so far.

        A page after the first that a server cannot give at the moment is asked for again once `wait` is over: one
        that refuses a request now and then would never give all of many pages in a row. Where the token of the next
        page has expired (410), everything is read again in one answer: a list that takes longer than the server keeps
        its tokens would never end. `seen` is emptied then.
        """
        query, begun = {"limit": str(self._limit)}, False
        while True:
            try:
                raw = await self._transport.bytes("GET", path, query=query, silence=ANSWER_SECONDS)
            except GoneError:
                if "continue" not in query:
                    raise
                query = {}
                seen.clear()
                continue
            except ClusterError as error:
                if not (begun and _passes(error)):
                    raise
                await wait(error)
                continue
            page, begun = self._decoder.decode(raw), True
            yield page
            if not page.metadata.continue_:
                return
            self._limit = min(PAGE, max(FEWEST, self._limit * PAGE_BYTES // len(raw)))
            query |= {"continue": page.metadata.continue_, "limit": str(self._limit)}
            # Let the first page be painted before the next is decoded.
            await asyncio.sleep(0)

    async def version(self, path: str) -> str:
        """The version that the server is at, for the price of one object."""
        raw = await self._transport.bytes("GET", path, query={"limit": "1"}, silence=ANSWER_SECONDS)
        page: kube.ListPage[Any] = self._decoder.decode(raw)
        return page.metadata.resource_version


def _passes(error: ClusterError) -> bool:
    """Whether the server may well answer the same question later: it is busy, broken or away."""
    return isinstance(error, (ThrottledError, UnreachableError)) or (error.status or 0) >= 500
