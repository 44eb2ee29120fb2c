"""The source of objectives: each query on its own, the server's absence, and its return."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from aiohttp import web

from aurora_tui.backoff import Backoff
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.definitions import Objective, ObjectiveKind, Service
from aurora_tui.model.freshness import SourceState
from aurora_tui.model.slo import SloState
from aurora_tui.signals import slos
from aurora_tui.signals.slos import SloSource
from tests.unit.signal_servers import EMPTY, SERVER_TIME, FakePrometheus, WatchedTable, refusal, served, vector

SERVICE = Service(
    "backend",
    "API Backend",
    ("deployment/aurora-backend",),
    {"job": "aurora-backend"},
    (
        Objective(ObjectiveKind.AVAILABILITY, 0.995, total="t[$window]", good="g[$window]"),
        Objective(
            ObjectiveKind.LATENCY,
            0.95,
            total="t[$window]",
            good="fast[$window]",
            value="p95[$window]",
            threshold=0.35,
        ),
    ),
)


@pytest.fixture
def server() -> FakePrometheus:
    return FakePrometheus()


@pytest.fixture
def table() -> WatchedTable:
    return WatchedTable()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(slos, "Backoff", partial(Backoff, first=0.01))
    yield


def source(url: str | None, table: WatchedTable, clock: Callable[[], float] = lambda: SERVER_TIME) -> SloSource:
    return SloSource(
        [SERVICE],
        None if url is None else HttpAccess(url),
        table,
        clock,
        sli_window=timedelta(minutes=5),
        budget_window=timedelta(days=30),
        interval=timedelta(seconds=0.01),
    )


@asynccontextmanager
async def running(slo_source: SloSource) -> Any:
    task = asyncio.create_task(slo_source.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_value_history_and_budget_are_read(server: FakePrometheus, table: WatchedTable) -> None:
    server.instant = lambda query: vector("0.9975" if "30d" in query else "0.99")

    def minutes(query: str, start: float, end: float) -> Any:
        values = [[start, "1"], [end, "0.99"]]
        return {
            "status": "success",
            "data": {"resultType": "matrix", "result": [{"metric": {}, "values": values}]},
        }

    server.range = minutes
    async with served(server.application()) as url:
        await source(url, table).read_once()
    row = table.rows["backend/availability"]
    assert (row.state, row.value, row.sampled_at) == (SloState.BURNING, 0.99, SERVER_TIME)
    assert row.budget_remaining == pytest.approx(0.5)
    assert (len(row.spark), row.spark[0], row.spark[1], row.spark[-1]) == (60, 1.0, None, 0.99)
    assert table.freshness.state is SourceState.LIVE


async def test_the_burn_rates_of_all_windows_are_read(server: FakePrometheus, table: WatchedTable) -> None:
    shares = {"[5m]": "0.1", "[1h]": "0.08", "[30m]": "NaN", "[1d]": "0.001"}

    def answer(query: str) -> Any:
        if not query.startswith("1 - "):
            return vector("1")
        return next((vector(share) for window, share in shares.items() if window in query), EMPTY)

    server.instant = answer
    async with served(server.application()) as url:
        await source(url, table).read_once()
    burns = table.rows["backend/availability"].burns
    assert burns.rate(timedelta(hours=1)) == pytest.approx(16)
    assert burns.rate(timedelta(days=1)) == pytest.approx(0.2)
    assert burns.rate(timedelta(minutes=30)) is None
    assert burns.rate(timedelta(days=3)) is None
    assert burns.verdict == burns.steps[0]


async def test_no_more_is_asked_than_needed(server: FakePrometheus, table: WatchedTable) -> None:
    now = SERVER_TIME
    async with served(server.application()) as url:
        slo_source = source(url, table, lambda: now)
        async with running(slo_source):
            await table.until(SourceState.LIVE)
            async with asyncio.timeout(10):
                while sum("[3d]" in query for query in server.queries) < 2:
                    await asyncio.sleep(0.01)
    first = [query for query in server.queries if query != "time()"]
    assert len(server.ranges) == 1, "the history of all objectives in one request"
    assert sum("burnrate" in query for query in first) == 1
    assert sum("[1h]" in query for query in first) == 1, "the short windows of all objectives in one request"
    assert sum("[30d]" in query for query in first) == 2, "a month by objective"
    assert sum("[3d]" in query for query in first) == 2, "the long windows by objective"
    values, polls = sum("p95[5m]" in query for query in first), server.queries.count("time()")
    assert values in (polls, polls - 1), "the values of all objectives in one request a poll; the last was cut off"


class SlowMonth(FakePrometheus):
    """Takes for ever over a month of samples."""

    async def _query(self, request: web.Request) -> web.Response:
        if "[30d]" in request.query["query"]:
            await asyncio.Event().wait()
        return await super()._query(request)


async def test_a_month_that_takes_long_does_not_hold_the_last_hour_up(table: WatchedTable) -> None:
    server, now = SlowMonth(), SERVER_TIME

    def asked() -> int:
        return sum("[1h]" in query for query in server.queries)

    async with served(server.application()) as url, running(source(url, table, lambda: now)), asyncio.timeout(10):
        while asked() < 1:
            await asyncio.sleep(0.01)
        while asked() < 3:
            now += 31  # each time: the first answers may only be on their way
            await asyncio.sleep(0.01)


async def test_a_query_that_fails_costs_only_its_own_objective(server: FakePrometheus, table: WatchedTable) -> None:
    server.instant = lambda query: refusal("bad_data", "parse error") if "p95" in query else vector("1")
    async with served(server.application()) as url:
        await source(url, table).read_once()
    assert table.rows["backend/availability"].state is SloState.OK
    latency = table.rows["backend/latency"]
    assert (latency.state, latency.reason) == (SloState.NO_DATA, "parse error")
    assert table.freshness.state is SourceState.LIVE
    assert table.freshness.message == "1 of 2 queries fail: parse error"


async def test_no_series_no_traffic_and_no_bucket_are_told_apart(server: FakePrometheus, table: WatchedTable) -> None:
    def answer(query: str) -> Any:
        if "p95" in query:
            return vector("0.1")
        if "fast" in query:
            return EMPTY
        return vector("NaN") if "30d" in query else EMPTY

    server.instant = answer
    async with served(server.application()) as url:
        await source(url, table).read_once()
    availability, latency = table.rows["backend/availability"], table.rows["backend/latency"]
    assert "no such series" in availability.reason
    assert availability.budget_reason == "no traffic in 30d"
    assert latency.state is SloState.OK
    assert latency.budget_reason == "the histogram has no bucket that ends at 0.35 s"


async def test_rows_stay_while_the_server_is_away_and_it_comes_back_by_itself(
    server: FakePrometheus, table: WatchedTable
) -> None:
    async with served(server.application()) as url, running(source(url, table)):
        await table.until(SourceState.LIVE)
        server.broken = web.Response(status=503, text="starting")
        await table.until(SourceState.STALE)
        assert "HTTP 503: starting" in table.freshness.message
        assert table.freshness.next_try is not None and table.freshness.last_good == SERVER_TIME
        assert set(table.rows) == {"backend/availability", "backend/latency"}
        server.broken = web.Response(status=401)
        await table.until(SourceState.DENIED)
        server.broken = None
        await table.until(SourceState.LIVE)
        assert table.freshness.message == ""


async def test_a_server_that_is_not_there_yet_is_found_when_it_starts(
    server: FakePrometheus, table: WatchedTable
) -> None:
    async with served(server.application()) as url:
        pass
    async with running(source(url, table)):
        await table.until(SourceState.DOWN)
        assert "Connection refused" in table.freshness.message
        async with served(server.application(), port=int(url.rpartition(":")[2])):
            await table.until(SourceState.LIVE)


async def test_without_objectives_the_table_says_so(server: FakePrometheus, table: WatchedTable) -> None:
    async with served(server.application()) as url:
        slo_source = source(url, table)
        slo_source._ours = {}
        await slo_source.read_once()
    assert "no service has an objective" in table.freshness.message


async def test_without_an_address_the_table_says_how_to_give_one(table: WatchedTable) -> None:
    await source(None, table).run()
    assert table.freshness.state is SourceState.UNCONFIGURED
    assert "sources.prometheus" in table.freshness.message
