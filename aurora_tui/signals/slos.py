"""The source of the table of objectives: current values often, the last hour and the budgets less often."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta

from aurora_tui.backoff import Backoff
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.ages import human_duration
from aurora_tui.model.burn import windows
from aurora_tui.model.definitions import Service
from aurora_tui.model.freshness import SourceState
from aurora_tui.model.recorded_slos import SERIES, Seen, lacks_objectives, recognised
from aurora_tui.model.slo import SloReading
from aurora_tui.model.slo_queries import current_value
from aurora_tui.signals.errors import SignalError, Trouble
from aurora_tui.signals.prometheus import Point, PrometheusClient
from aurora_tui.signals.questions import Questions, Reply
from aurora_tui.signals.watched import Watched
from aurora_tui.store import Table

HOW_TO_CONFIGURE = (
    "no Prometheus here: set environments.NAME.sources.prometheus to http(s)://HOST, "
    "svc/NAMESPACE/NAME:PORT or auto in ~/.config/aurora-tui/config.yaml"
)
SPARK_POINTS = 60
SPARK_STEP = 60.0
"""Seconds: an hour in all."""
_DAY_POINTS = 720
"""How far back a shortfall is looked for that the hour does not hold: a day, every two minutes."""
_BUDGET_SECONDS = (60.0, 300.0)
"""How often the windows beyond an hour are read, at the most and at the least: a minute moves the shortest by 1 %."""
_HOUR = timedelta(hours=1)
_HOURS_SECONDS = 30.0
"""How often the windows up to an hour are read: as often as the rules made from them are evaluated."""
_BUDGET_SHARE = 20.0
"""A budget query reads a month of samples: it waits this many times as long as it took last time."""
_RECOGNISE_SECONDS = 300.0
_SKEW_SECONDS = 30.0
"""Clocks that differ by less are as good as equal."""


class SloSource:
    """Keeps a table of `SloReading` by ``service/objective`` from one Prometheus.

    A query that fails leaves its own objective without data, with the reason; when the server itself
    is away the rows stay, the table says so, and the server is asked again with growing pauses. All
    times asked for are the server's own. While nobody looks at the table only its values and the
    windows of an hour are read. `recorded` is `Settings.recorded`.
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
        recorded: str = "all",
    ) -> None:
        self._services = tuple(services)
        self._client = None if access is None else PrometheusClient(access)
        self._table = table
        self._clock = clock
        self._sli_window = sli_window
        self._budget_window = budget_window
        self._interval = interval.total_seconds()
        self._recorded = recorded
        self._ours = self._watch(self._services)
        self._theirs: dict[str, Watched] = {}
        self._ahead = 0.0
        self._spark_end = 0.0
        self._budget_due = self._hours_due = self._recognise_due = 0.0
        self._recent: asyncio.Task[None] | None = None
        self._history: asyncio.Task[None] | None = None
        # The month's queries must keep neither the current values nor the last hour waiting for a slot.
        self._now, self._prompt, self._unhurried = asyncio.Semaphore(4), asyncio.Semaphore(1), asyncio.Semaphore(2)

    def _watch(self, services: Iterable[Service]) -> dict[str, Watched]:
        every = [
            Watched(service, objective, self._sli_window, self._budget_window)
            for service in services
            for objective in service.objectives
        ]
        return {watched.key: watched for watched in every}

    @property
    def _watched(self) -> list[Watched]:
        return [*self._ours.values(), *self._theirs.values()]

    async def run(self) -> None:
        """Poll until cancelled; without an address say how to give one and return."""
        client = self._client
        if client is None:
            self._table.set_freshness(SourceState.UNCONFIGURED, self._clock(), HOW_TO_CONFIGURE)
            return
        backoff, questions = Backoff(), Questions(client)
        self._table.set_freshness(SourceState.CONNECTING, self._clock(), f"connecting to {client.access.shown}")
        try:
            while True:
                wait = self._interval
                try:
                    await self._poll(client, questions)
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
            await self._recognise(client)
            await self._poll(client, Questions(client))
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

    async def _poll(self, client: PrometheusClient, questions: Questions) -> None:
        """Read every current value; raises SignalError where the server does not answer at all."""
        looked_at = not self._table.unread
        # The smallest question there is tells a server that is away from one that refuses a query, and
        # its answer, the server's own time, keeps the history right when the clocks differ.
        self._ahead = await client.time() - self._clock()
        watched = self._watched
        replies = await self._ask(questions, {each.key: each.ask_value() for each in watched}, self._now)
        for each in watched:
            each.take_value(replies[each.key], self._clock())
        failures = [error for each in watched if (error := replies[each.key]["value"].error)]
        if failures and len(failures) == len(watched) and all(e.trouble is not Trouble.QUERY for e in failures):
            raise failures[0]
        self._publish(watched)
        self._table.set_freshness(SourceState.LIVE, self._clock(), self._remark(failures))
        if self._recent is None or self._recent.done():
            self._recent = asyncio.create_task(self._read_recent(questions))
        if looked_at and (self._history is None or self._history.done()):
            self._history = asyncio.create_task(self._read_history(client, questions))

    def _remark(self, failures: list[SignalError]) -> str:
        asked = len(self._watched)
        words = [] if asked else ["no service has an objective: see services.NAME.objectives in the settings"]
        if failures:
            words.append(f"{len(failures)} of {asked} queries fail: {failures[0]}")
        partial = [said for each in self._watched for some in each.warnings.values() for said in some]
        if partial:
            words.append(f"partial answers: {partial[0]}")
        if abs(self._ahead) > _SKEW_SECONDS:
            way = "ahead of" if self._ahead > 0 else "behind"
            words.append(f"the server's clock is {human_duration(abs(self._ahead))} {way} ours: its time is used")
        return " · ".join(words)

    async def _recognise(self, client: PrometheusClient) -> None:
        """Find the objectives that other programs record here; what can't be found out leaves those that are known."""
        if self._recorded == "off":
            return
        self._recognise_due = self._clock() + _RECOGNISE_SECONDS
        try:
            seen = [Seen(point.labels, point.value) for point in await client.instant(SERIES)]
        except SignalError:
            return  # whatever is the matter, the values' own queries say it
        rules: list[Mapping[str, object]] = []
        if lacks_objectives(seen):
            with contextlib.suppress(SignalError):  # not every server that speaks PromQL has rules to show
                rules = list(await client.alert_rules())
        found = self._watch(recognised(seen, rules, self._services, known_only=self._recorded == "services"))
        gone = [key for key in self._theirs if key not in found]
        kept = {key: self._theirs[key] for key in found if key in self._theirs}
        self._theirs = {
            key: kept[key] if key in kept and kept[key].objective == each.objective else each
            for key, each in found.items()
        }
        self._table.apply({}, gone)

    async def _ask(
        self, questions: Questions, asked: Mapping[str, Mapping[str, str]], slots: asyncio.Semaphore
    ) -> dict[str, dict[str, Reply[Point]]]:
        """The replies to the questions of each objective."""
        flat = {f"{key}\n{name}": promql for key, some in asked.items() for name, promql in some.items()}
        replies = await questions.now(flat, slots)
        return {key: {name: replies[f"{key}\n{name}"] for name in some} for key, some in asked.items()}

    async def _read_recent(self, questions: Questions) -> None:
        """What a page hangs on, which a month that takes minutes to read must not hold up."""
        if self._clock() >= self._hours_due:
            await self._read_burns(questions, self._watched, self._prompt, hours=True)
            self._hours_due = self._clock() + _HOURS_SECONDS

    async def _read_history(self, client: PrometheusClient, questions: Questions) -> None:
        if self._clock() >= self._recognise_due:
            await self._recognise(client)
        end = (self._clock() + self._ahead) // SPARK_STEP * SPARK_STEP
        if end != self._spark_end:
            await self._read_sparks(questions, end)
            await self._read_shortfalls(questions)
            self._spark_end = end
        start = self._clock()
        if start >= self._budget_due:
            # A month of one objective is as much as a server may read for one request; what is recorded costs nothing.
            watched = self._watched
            recorded = [each for each in watched if each.objective.recorded]
            counted = [[each] for each in watched if not each.objective.recorded]
            await asyncio.gather(*(self._read_budgets(questions, some) for some in (recorded, *counted)))
            await self._read_shortfalls(questions)
            least, most = _BUDGET_SECONDS
            took = self._clock() - start
            self._budget_due = self._clock() + min(max(took * _BUDGET_SHARE, least), most)

    async def _read_sparks(self, questions: Questions, end: float) -> None:
        moments = [end - index * SPARK_STEP for index in reversed(range(SPARK_POINTS))]
        watched = self._watched
        asked = {each.key: current_value(each.objective, each.sli_window) for each in watched}
        replies = await questions.over(asked, moments[0], end, SPARK_STEP, self._unhurried)
        for each in watched:
            each.take_spark(replies[each.key], moments)
        older = [each for each in watched if each.find_onset(moments, each.spark)]
        if older:
            step = 2 * SPARK_STEP
            moments = [end - index * step for index in reversed(range(_DAY_POINTS))]
            asked = {each.key: asked[each.key] for each in older}
            replies = await questions.over(asked, moments[0], end, step, self._unhurried)
            for each in older:
                series = replies[each.key].series
                points = {} if series is None else dict(series.points)
                each.find_onset(moments, [points.get(moment) for moment in moments])
        self._publish(watched)

    async def _read_shortfalls(self, questions: Questions) -> None:
        now = self._clock() + self._ahead
        asked = {each.key: some for each in self._watched if (some := each.ask_shortfall(now))}
        replies = await self._ask(questions, asked, self._unhurried)
        changed = [each for each in self._watched if each.key in replies]
        for each in changed:
            each.take_shortfall(replies[each.key], now)
        self._publish(changed)

    async def _read_budgets(self, questions: Questions, watched: Sequence[Watched]) -> None:
        replies = await self._ask(questions, {each.key: each.ask_budget() for each in watched}, self._unhurried)
        for each in watched:
            each.take_budget(replies[each.key])
        self._publish(watched)
        await self._read_burns(questions, watched, self._unhurried, hours=False)

    async def _read_burns(
        self, questions: Questions, watched: Iterable[Watched], slots: asyncio.Semaphore, *, hours: bool
    ) -> None:
        """The windows up to an hour tell of a page soon; the longer ones move slowly and cost like the budget."""
        spans = {each.key: [span for span in windows(each.steps) if (span <= _HOUR) is hours] for each in watched}
        asked = {each.key: each.ask_burns(spans[each.key]) for each in watched}
        replies = await self._ask(questions, asked, slots)
        for each in watched:
            each.take_burns(replies[each.key], spans[each.key])
        self._publish(watched)

    def _publish(self, changed: Iterable[Watched]) -> None:
        known = {*self._ours, *self._theirs}
        readings = (watched.reading(self._ahead) for watched in changed if watched.key in known)
        self._table.apply({reading.key: reading for reading in readings})
