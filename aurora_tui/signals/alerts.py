"""The source of the table of alerts: Alertmanager's, completed by what Prometheus has pending and remembers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Generic, TypeVar

from aurora_tui.backoff import Backoff
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.alerts import Alert
from aurora_tui.model.definitions import Service
from aurora_tui.model.freshness import SourceState
from aurora_tui.signals.alerthistory import read_history
from aurora_tui.signals.alertmanager import AlertmanagerClient
from aurora_tui.signals.alertmerge import Merger
from aurora_tui.signals.errors import SignalError, Trouble
from aurora_tui.signals.members import NOBODY, Answer, ask, peers, together
from aurora_tui.signals.prometheus import PrometheusClient
from aurora_tui.signals.recollection import Recollection
from aurora_tui.signals.threads import in_thread
from aurora_tui.store import Table

T = TypeVar("T")

HOW_TO_CONFIGURE = (
    "no Alertmanager and no Prometheus here: set environments.NAME.sources.alertmanager to http(s)://HOST, "
    "svc/NAMESPACE/NAME:PORT, auto or a list of them in ~/.config/aurora-tui/config.yaml"
)
HISTORY_SECONDS = 60.0
"""How often Prometheus is asked for what it remembers."""
MANY = 300
"""Alerts from which on they are put together beside the keys: it takes longer than the event loop may stand still."""


@dataclass(slots=True)
class _Side(Generic[T]):
    """One of the servers: its last answer, None while it fails, and what is not known without it."""

    name: str
    ask: Callable[[], Awaitable[T]]
    lost: str
    answer: T | None = None
    last: T | None = None
    """The last answer that it gave, however long ago."""
    error: SignalError | None = None
    next_try: float | None = None

    async def poll(self) -> None:
        try:
            self.answer, self.error = await self.ask(), None
            self.last = self.answer
        except SignalError as error:
            self.answer, self.error = None, error


class AlertSource:
    """Keeps a table of `Alert` by fingerprint from any number of Alertmanagers, from Prometheus or from both.

    Each is asked at its own pace, so that none waits for another. While one is away the others'
    alerts are shown and the state is *stale*, with the reason, unless it is known for a peer of one that
    answers; while all are, the last rows stay.
    """

    def __init__(
        self,
        services: Iterable[Service],
        alertmanagers: Sequence[HttpAccess],
        prometheus: HttpAccess | None,
        table: Table[Alert],
        clock: Callable[[], float],
        *,
        interval: timedelta,
    ) -> None:
        services = tuple(services)
        self._table = table
        self._clock = clock
        self._interval = interval.total_seconds()
        self._clients = [AlertmanagerClient(each) for each in alertmanagers]
        self._prometheus = None if prometheus is None else PrometheusClient(prometheus)
        alone = len(self._clients) == 1
        self._members: list[_Side[Answer]] = [
            _Side(
                "Alertmanager" if alone else f"Alertmanager {client.access.shown}",
                partial(ask, client, alone=alone),
                "what is silenced is not known" if alone else "what it tells and holds back is not known",
            )
            for client in self._clients
        ]
        self._own: _Side[list[Any]] | None = None
        if self._prometheus is not None:
            self._own = _Side("Prometheus", self._prometheus.alerts, "what is pending is not known")
        self._merger = Merger(services)
        self._memory = Recollection(services)
        self._showing = asyncio.Lock()

    async def run(self) -> None:
        """Poll until cancelled; without any address say how to give one and return."""
        sides = self._sides()
        if not sides:
            self._unconfigured()
            return
        self._table.set_freshness(SourceState.CONNECTING, self._clock(), "connecting")
        try:
            async with asyncio.TaskGroup() as group:
                for side in sides:
                    group.create_task(self._follow(side))
                if self._prometheus is not None:
                    group.create_task(self._remember(self._prometheus))
        finally:
            await self._close()

    async def read_once(self) -> None:
        """Fill the table once, for the command line; its freshness tells what went wrong."""
        sides = self._sides()
        if not sides:
            self._unconfigured()
            return
        try:
            await asyncio.gather(*(side.poll() for side in sides), self._read_history())
            await self._show()
        finally:
            await self._close()

    def _sides(self) -> list[_Side[Any]]:
        return [*self._members, *([self._own] if self._own is not None else [])]

    def _unconfigured(self) -> None:
        self._table.set_freshness(SourceState.UNCONFIGURED, self._clock(), HOW_TO_CONFIGURE)

    async def _follow(self, side: _Side[Any]) -> None:
        backoff = Backoff()
        while True:
            await side.poll()
            if side.error is None:
                backoff.reset()
            wait = self._interval if side.error is None else backoff.next()
            side.next_try = self._clock() + wait
            await self._show()
            await asyncio.sleep(wait)

    async def _remember(self, client: PrometheusClient) -> None:
        while True:
            await self._read_history()
            if any(side.answer is not None for side in self._sides()):
                await self._show()
            await asyncio.sleep(HISTORY_SECONDS)

    async def _read_history(self) -> None:
        """What Prometheus remembers; without an answer what was read before stays, growing older."""
        if self._prometheus is None:
            return
        try:
            history = await read_history(self._prometheus, self._clock(), self._memory.history)
        except SignalError as error:
            self._memory.failed(str(error))
        else:
            async with self._showing:  # what is put together beside the keys reads it
                self._memory.take(history)

    async def _show(self) -> None:
        """Merge the last answers into the table and put the state of all into words."""
        async with self._showing:
            sides, now = self._sides(), self._clock()
            failed = [(side, side.error) for side in sides if side.error is not None]
            waiting = [side for side in sides if side.answer is None and side.error is None]
            answered = any(side.answer is not None for side in sides)
            if answered:
                await self._put(now, complete=not failed and not waiting)
            self._say(now, failed, waiting, answered=answered)

    async def _put(self, now: float, *, complete: bool) -> None:
        answers = [side.answer for side in self._members if side.answer is not None]
        own = (self._own.answer if self._own is not None else None) or []

        def merged() -> dict[str, Alert]:
            active = together(answers) if answers else NOBODY
            return self._memory.complete(self._merger.merge(active, own), now, certain=complete)

        many = sum(len(answer.alerts) for answer in answers) + len(own) > MANY
        alerts = await in_thread(merged) if many else merged()
        self._table.apply(alerts)
        self._table.retain(set(alerts))

    def _say(
        self,
        now: float,
        failed: Sequence[tuple[_Side[Any], SignalError]],
        waiting: Sequence[_Side[Any]],
        *,
        answered: bool,
    ) -> None:
        said = [f"{side.name}: {error}" for side, error in failed]
        words = "; ".join([*said, *(f"waiting for {side.name}" for side in waiting)])
        next_try = min((side.next_try for side, _ in failed if side.next_try is not None), default=None)
        missed = [side for side, _ in failed if not self._covered(side)]
        if waiting:
            self._table.set_freshness(SourceState.CONNECTING, now, words, next_try=next_try)
        elif not missed:
            remarks = [self._remark(), *(f"{each}; its cluster answers" for each in said), self._memory.remark]
            self._table.set_freshness(SourceState.LIVE, now, "; ".join(filter(None, remarks)))
        elif answered:
            words = f"{words}; {missed[0].lost}"
            self._table.set_freshness(SourceState.STALE, now, words, next_try=next_try)
        else:
            denied = all(error.trouble is Trouble.DENIED for _, error in failed)
            state = SourceState.DENIED if denied else self._table.freshness.lost
            self._table.set_freshness(state, now, words, next_try=next_try)
        if answered:
            self._table.touch(now)  # what is shown came just now, if only from one of them

    def _covered(self, side: _Side[Any]) -> bool:
        """Whether one that answers has all that this one had: they were peers when it was heard last."""
        last = side.last
        return isinstance(last, Answer) and any(
            member.answer is not None and peers(last.cluster, member.answer.cluster) for member in self._members
        )

    def _remark(self) -> str:
        if not self._members:
            return "Alertmanager is not configured: what is silenced is not known"
        if self._own is None:
            return "Prometheus is not configured: what is pending is not known"
        return ""

    async def _close(self) -> None:
        if self._prometheus is not None:
            self._prometheus.close()
        for client in self._clients:
            await client.close()
