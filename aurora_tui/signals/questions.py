"""Many questions to Prometheus in few requests: each answer is told by the question that it belongs to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from aurora_tui.model.access import HttpAccess
from aurora_tui.model.frozen import Frozen
from aurora_tui.signals.errors import SignalError, Trouble
from aurora_tui.signals.prometheus import Answer, Line, Point, PrometheusClient

T = TypeVar("T", Point, Line)

LABEL = "question"
_LONGEST = 6000
"""Characters of a query as it stands in the address: proxies refuse lines beyond eight thousand."""


class Reply(Frozen, Generic[T]):
    """The answer to one question: its first series, or none with or without an error."""

    series: T | None
    error: SignalError | None = None
    warnings: tuple[str, ...] = ()


class Questions:
    """Asks one Prometheus many things at once.

    A question that the server refuses is found out by halves and asked by itself from then on, so that
    it costs no other its answer.
    """

    def __init__(self, client: PrometheusClient) -> None:
        self._client = client
        self._apart: set[str] = set()

    @property
    def access(self) -> HttpAccess:
        return self._client.access

    async def now(
        self, promqls: Mapping[str, str], slots: asyncio.Semaphore, *, together: bool = True
    ) -> dict[str, Reply[Point]]:
        """The value of each query, by its key; without `together` each in a request of its own."""
        return await self._all(promqls, self._client.answer, slots, together=together)

    async def over(
        self, promqls: Mapping[str, str], start: float, end: float, step: float, slots: asyncio.Semaphore
    ) -> dict[str, Reply[Line]]:
        """The history of each query, by its key."""
        return await self._all(promqls, lambda promql: self._client.range(promql, start, end, step), slots)

    async def _all(
        self,
        promqls: Mapping[str, str],
        ask: Callable[[str], Coroutine[Any, Any, Answer[T]]],
        slots: asyncio.Semaphore,
        *,
        together: bool = True,
    ) -> dict[str, Reply[T]]:
        replies: dict[str, Reply[T]] = {}

        async def batch(some: Sequence[tuple[str, str]]) -> None:
            try:
                async with slots:
                    answer = await ask(_joined([promql for _, promql in some]))
            except SignalError as error:
                if error.trouble is not Trouble.QUERY or len(some) == 1:
                    replies.update((key, Reply(None, error)) for key, _ in some)
                    self._apart.update(key for key, _ in some if error.trouble is Trouble.QUERY)
                    return
                half = len(some) // 2
                await asyncio.gather(batch(some[:half]), batch(some[half:]))
                return
            found = {each.labels.get(LABEL): each for each in reversed(answer.series)}
            for index, (key, _) in enumerate(some):
                self._apart.discard(key)
                replies[key] = Reply(found.get(f"q{index}"), None, answer.warnings)

        await asyncio.gather(*map(batch, self._batches(promqls, together=together)))
        return replies

    def _batches(self, promqls: Mapping[str, str], *, together: bool) -> Iterator[list[tuple[str, str]]]:
        some: list[tuple[str, str]] = []
        length = 0
        for key, promql in promqls.items():
            if not together or key in self._apart:
                yield [(key, promql)]
                continue
            size = len(quote(promql)) + len(LABEL) + 60
            if some and length + size > _LONGEST:
                yield some
                some, length = [], 0
            some.append((key, promql))
            length += size
        if some:
            yield some


def _joined(promqls: Sequence[str]) -> str:
    return " or ".join(
        f'label_replace({promql}, "{LABEL}", "q{index}", "", "")' for index, promql in enumerate(promqls)
    )
