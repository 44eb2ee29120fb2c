"""The source of the table of objectives: current values often, the last hour and the budgets less often."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from aurora_tui.backoff import Backoff
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.burn import Burns, Step, ladder, windows
from aurora_tui.model.definitions import Objective, ObjectiveKind, Service
from aurora_tui.model.freshness import SourceState
from aurora_tui.model.slo import NOT_READ, Sample, SloReading, read
from aurora_tui.model.slo_queries import WINDOW_LABEL, bad_shares, current_value, good_share, promql_range
from aurora_tui.signals.errors import SignalError, Trouble
from aurora_tui.signals.prometheus import PrometheusClient
from aurora_tui.store import Table

HOW_TO_CONFIGURE = (
    "no Prometheus here: set environments.NAME.sources.prometheus to http(s)://HOST, "
    "svc/NAMESPACE/NAME:PORT or auto in ~/.config/aurora-tui/config.yaml"
)
SPARK_POINTS = 60
SPARK_STEP = 60.0
"""Seconds: an hour in all."""
_BUDGET_SECONDS = (30.0, 300.0)
_HOUR = timedelta(hours=1)
_HOURS_SECONDS = 30.0
"""How often the windows up to an hour are read: as often as the rules made from them are evaluated."""
_BUDGET_SHARE = 20.0
"""A budget query reads a month of samples: it waits this many times as long as it took last time."""
_NO_SERIES = "no such series: is the service scraped?"


@dataclass(slots=True)
class _Watched:
    """What is known of one objective between polls."""

    service: Service
    objective: Objective
    budget_window: timedelta
    steps: tuple[Step, ...]
    current: Sample = field(default_factory=lambda: Sample(None, NOT_READ))
    spark: tuple[float | None, ...] = ()
    share: Sample = field(default_factory=lambda: Sample(None, NOT_READ))
    burns: dict[timedelta, float] = field(default_factory=dict)
    sampled_at: float = 0.0

    def reading(self) -> SloReading:
        return read(
            self.service,
            self.objective,
            current=self.current,
            spark=self.spark,
            window_share=self.share,
            burns=Burns(self.objective.budget, self.steps, dict(self.burns)),
            budget_window=self.budget_window,
            now=self.sampled_at,
        )


class SloSource:
    """Keeps a table of `SloReading` by ``service/objective`` from one Prometheus.

    A query that fails leaves its own objective without data, with the reason; when the server itself
    is away the rows stay, the table says so, and the server is asked again with growing pauses.
    """

    def __init__(
        self,
        services: Iterable[Service],
        access: HttpAccess | None,
        table: Table[SloReading],
        clock: Callable[[], float],
        *,
        sli_window: timedelta,
        budget_window: timedelta,
        interval: timedelta,
    ) -> None:
        steps = ladder(budget_window)
        self._watched = [
            _Watched(service, objective, budget_window, steps)
            for service in services
            for objective in service.objectives
        ]
        self._client = None if access is None else PrometheusClient(access)
        self._table = table
        self._clock = clock
        self._sli_window = sli_window
        self._budget_window = budget_window
        self._interval = interval.total_seconds()
        self._spark_end = 0.0
        self._budget_due = 0.0
        spans = windows(steps)
        self._hours = [span for span in spans if span <= _HOUR]
        """What tells of a page soon; the longer windows move slowly and cost like the budget."""
        self._days = [span for span in spans if span > _HOUR]
        self._hours_due = 0.0
        self._recent: asyncio.Task[None] | None = None
        self._history: asyncio.Task[None] | None = None
        # The month's queries must keep neither the current values nor the last hour waiting for a slot.
        self._prompt, self._unhurried = asyncio.Semaphore(1), asyncio.Semaphore(2)

    async def run(self) -> None:
        """Poll until cancelled; without an address say how to give one and return."""
        client = self._client
        if client is None:
            self._table.set_freshness(SourceState.UNCONFIGURED, self._clock(), HOW_TO_CONFIGURE)
            return
        backoff = Backoff()
        self._table.set_freshness(SourceState.CONNECTING, self._clock(), f"connecting to {client.access.shown}")
        try:
            while True:
                wait = self._interval
                try:
                    await self._poll(client)
                    backoff.reset()
                except SignalError as error:
                    wait = backoff.next()
                    self._fail(error, self._clock() + wait)
                await asyncio.sleep(wait)
        finally:
            for task in (self._recent, self._history):
                if task is not None:
                    task.cancel()
            client.close()

    async def read_once(self) -> None:
        """Fill the table completely, once, for the command line; its freshness tells what went wrong."""
        client = self._client
        if client is None:
            self._table.set_freshness(SourceState.UNCONFIGURED, self._clock(), HOW_TO_CONFIGURE)
            return
        try:
            await self._poll(client)
            for task in (self._recent, self._history):
                if task is not None:
                    await task
        except SignalError as error:
            self._fail(error, None)
        finally:
            client.close()

    def _fail(self, error: SignalError, next_try: float | None) -> None:
        state = SourceState.DENIED if error.trouble is Trouble.DENIED else self._table.freshness.lost
        self._table.set_freshness(state, self._clock(), str(error), next_try=next_try)

    async def _poll(self, client: PrometheusClient) -> None:
        """Read every current value; raises SignalError where the server does not answer at all."""
        # The smallest question there is tells a server that is away from one that refuses a query, and
        # its answer, the server's own time, keeps the history right when the clocks differ.
        server_time = await client.time()
        failures = [error for error in await asyncio.gather(*map(self._read_value, self._watched)) if error]
        asked = len(self._watched)
        if failures and len(failures) == asked and all(error.trouble is not Trouble.QUERY for error in failures):
            raise failures[0]
        self._publish(self._watched)
        remark = "" if asked else "no service has an objective: see services.NAME.objectives in the settings"
        if failures:
            remark = f"{len(failures)} of {asked} queries fail: {failures[0]}"
        self._table.set_freshness(SourceState.LIVE, self._clock(), remark)
        if self._recent is None or self._recent.done():
            self._recent = asyncio.create_task(self._read_recent())
        if self._history is None or self._history.done():
            self._history = asyncio.create_task(self._read_history(server_time))

    async def _read_value(self, watched: _Watched) -> SignalError | None:
        query = current_value(watched.objective, self._sli_window)
        watched.current, error = await self._sample(query, self._sli_window)
        watched.sampled_at = self._clock()
        return error

    async def _sample(self, query: str, window: timedelta) -> tuple[Sample, SignalError | None]:
        assert self._client is not None
        try:
            points = await self._client.instant(query)
        except SignalError as error:
            return Sample(None, str(error)), error
        if not points:
            return Sample(None, _NO_SERIES), None
        if math.isnan(points[0].value):
            return Sample(None, f"no traffic in {promql_range(window)}"), None
        return Sample(points[0].value), None

    async def _read_recent(self) -> None:
        """What a page hangs on, which a month that takes minutes to read must not hold up."""
        if self._clock() >= self._hours_due:
            await asyncio.gather(*(self._read_burns(watched, self._hours, self._prompt) for watched in self._watched))
            self._hours_due = self._clock() + _HOURS_SECONDS

    async def _read_history(self, server_time: float) -> None:
        end = server_time // SPARK_STEP * SPARK_STEP
        if end != self._spark_end:
            await asyncio.gather(*(self._read_spark(watched, end) for watched in self._watched))
            self._spark_end = end
        start = self._clock()
        if start >= self._budget_due:
            await asyncio.gather(*map(self._read_budget, self._watched))
            await asyncio.gather(*(self._read_burns(watched, self._days, self._unhurried) for watched in self._watched))
            least, most = _BUDGET_SECONDS
            took = self._clock() - start
            self._budget_due = self._clock() + min(max(took * _BUDGET_SHARE, least), most)

    async def _read_spark(self, watched: _Watched, end: float) -> None:
        assert self._client is not None
        query = current_value(watched.objective, self._sli_window)
        start = end - (SPARK_POINTS - 1) * SPARK_STEP
        try:
            async with self._unhurried:
                lines = await self._client.range(query, start, end, SPARK_STEP)
        except SignalError:
            lines = []  # the query of the current value has said why
        points = dict(lines[0].points) if lines else {}
        watched.spark = tuple(points.get(start + index * SPARK_STEP) for index in range(SPARK_POINTS))
        self._publish([watched])

    async def _read_budget(self, watched: _Watched) -> None:
        async with self._unhurried:
            watched.share, _ = await self._sample(
                good_share(watched.objective, self._budget_window), self._budget_window
            )
        objective = watched.objective
        if watched.share.reason == _NO_SERIES and objective.kind is ObjectiveKind.LATENCY and watched.current.value:
            threshold = f"{objective.threshold:g} s" if objective.threshold else "its threshold"
            watched.share = Sample(None, f"the histogram has no bucket that ends at {threshold}")
        self._publish([watched])

    async def _read_burns(self, watched: _Watched, spans: Sequence[timedelta], slots: asyncio.Semaphore) -> None:
        """Read the shares of several windows; what the server does not answer for is not known any more."""
        assert self._client is not None
        if not spans:
            return
        try:
            async with slots:
                points = await self._client.instant(bad_shares(watched.objective, spans))
        except SignalError:
            points = []  # the query of the current value has said why
        found = {point.labels.get(WINDOW_LABEL): point.value for point in points if not math.isnan(point.value)}
        for span in spans:
            watched.burns.pop(span, None)
            if (share := found.get(promql_range(span))) is not None:
                watched.burns[span] = share
        self._publish([watched])

    def _publish(self, changed: Iterable[_Watched]) -> None:
        readings = (watched.reading() for watched in changed)
        self._table.apply({reading.key: reading for reading in readings})
