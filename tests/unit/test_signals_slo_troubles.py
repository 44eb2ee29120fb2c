"""What Prometheus may answer instead of figures, and what the table of objectives then says."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web

from aurora_tui.model.access import HttpAccess
from aurora_tui.model.definitions import Objective, ObjectiveKind, Service
from aurora_tui.model.freshness import SourceState
from aurora_tui.model.frozen import replace
from aurora_tui.model.slo import SloReading, SloState
from aurora_tui.model.slo_columns import COLUMNS
from aurora_tui.signals import prometheus
from aurora_tui.signals.errors import SignalError
from aurora_tui.signals.questions import Questions
from aurora_tui.signals.slos import SloSource
from tests.unit import certificates
from tests.unit.signal_servers import EMPTY, SERVER_TIME, FakePrometheus, WatchedTable, refusal, served, vector

UP = Objective(ObjectiveKind.AVAILABILITY, 0.99, total="t[$window]", good="g[$window]")
RARE = Objective(ObjectiveKind.ERROR_RATE, 0.99, total="t[$window]", bad="b[$window]", min_traffic=0.5)
FLOOR = Objective(ObjectiveKind.THROUGHPUT, 0.99, value="t[$window]", threshold=100, good_while="> 100")
RECORDED = Objective(ObjectiveKind.RATIO, 0.99, good="job:good:ratio$window", recorded=True, name="recorded")


@pytest.fixture
def server() -> FakePrometheus:
    return FakePrometheus()


@pytest.fixture
def table() -> WatchedTable:
    return WatchedTable()


def source(
    access: HttpAccess, table: WatchedTable, *objectives: Objective, clock: Callable[[], float] = lambda: SERVER_TIME
) -> SloSource:
    service = Service("api", "API", ("deployment/api",), {"job": "api"}, objectives)
    return SloSource(
        [service],
        access,
        table,
        clock,
        sli_window=timedelta(minutes=5),
        budget_window=timedelta(days=30),
        interval=timedelta(seconds=0.01),
    )


async def reading(server: FakePrometheus, table: WatchedTable, objective: Objective) -> SloReading:
    async with served(server.application()) as url:
        await source(HttpAccess(url), table, objective).read_once()
    row: SloReading = table.rows[f"api/{objective.slug}"]
    return row


def state_of(row: SloReading) -> str:
    return next(column for column in COLUMNS if column.heading == "STATE").cell(row, 0.0).text


@pytest.mark.parametrize(
    ("objective", "answer", "state", "words"),
    [
        (UP, EMPTY, SloState.NO_SERIES, "no data: no such series: is the service scraped?"),
        (UP, vector("NaN"), SloState.NO_TRAFFIC, "no data: no traffic in 5m"),
        (UP, vector("-Inf"), SloState.NO_DATA, "the share is infinite: bad events are counted that the"),
        (UP, refusal("bad_data", "1:3: parse error"), SloState.NO_DATA, "no data: 1:3: parse error"),
        (UP, refusal("execution", "query processing would load too many samples into memory"), SloState.NO_DATA,
         "too many samples"),
        (FLOOR, EMPTY, SloState.NO_SERIES, "no such series"),
        (FLOOR, vector("NaN"), SloState.NO_DATA, "the figure is not a number (NaN)"),
        (FLOOR, vector("100"), SloState.BURNING, "burning"),
        (FLOOR, vector("0"), SloState.BURNING, "burning"),
        (FLOOR, vector("+Inf"), SloState.OK, "ok"),
        (RECORDED, vector("NaN"), SloState.NO_TRAFFIC, "no traffic in 5m (the recorded share is NaN)"),
        (RECORDED, vector("99.5"), SloState.NO_DATA, "what is recorded is no share between 0 and 1: 99.5"),
        (RECORDED, EMPTY, SloState.NO_SERIES, "no data: nothing is recorded over 5m"),
        (RARE, vector("NaN"), SloState.NO_TRAFFIC, "no traffic in 5m"),
    ],
)  # fmt: skip
async def test_no_figure_is_told_by_what_is_missing(
    objective: Objective, answer: Any, state: SloState, words: str, server: FakePrometheus, table: WatchedTable
) -> None:
    server.instant = lambda query: answer
    row = await reading(server, table, objective)

    assert row.state is state
    assert words in state_of(row)


async def test_too_little_traffic_is_shown_and_not_judged(server: FakePrometheus, table: WatchedTable) -> None:
    traffic = {"5m": "0.4", "1h": "0.4", "30m": "0.6"}

    def answer(query: str) -> Any:
        if query.startswith("sum("):
            return vector(next((rate for window, rate in traffic.items() if f"[{window}]" in query), "0.7"))
        return vector("1")  # all of it fails

    server.instant = answer
    row = await reading(server, table, RARE)

    assert state_of(row) == "too little traffic: 0.4/s of the 0.5/s it takes to judge · page 100x over 6h"
    assert row.value_text == "100.00 %"
    assert row.burns.quiet == {timedelta(minutes=5), timedelta(hours=1)}
    assert row.burns.climbed(row.burns.steps[0]) is None, "a page would need both of the quiet windows"
    assert row.shortfall is None


async def test_a_warning_of_the_server_marks_the_row_and_the_pane(server: FakePrometheus, table: WatchedTable) -> None:
    said = 'receive series from Addr: 10.0.0.7: rpc error\n desc = "unavailable"'
    server.instant = lambda query: {**vector("0" if query.startswith("1 - ") else "1"), "warnings": [said]}
    row = await reading(server, table, UP)

    assert state_of(row) == "ok · partial answer"
    assert row.warnings == ('receive series from Addr: 10.0.0.7: rpc error desc = "unavailable"',)
    assert table.freshness.message.startswith("partial answers: receive series from Addr")


async def test_an_info_of_the_server_is_no_warning(server: FakePrometheus, table: WatchedTable) -> None:
    server.instant = lambda query: {**vector("1"), "infos": ["metric might not be a counter"]}

    assert (await reading(server, table, UP)).warnings == ()


async def test_the_servers_clock_is_what_counts(server: FakePrometheus, table: WatchedTable) -> None:
    async with served(server.application()) as url:
        slo_source = source(HttpAccess(url), table, UP, clock=lambda: SERVER_TIME - 3720)
        await slo_source.read_once()

    ((_, start, end, step),) = server.ranges
    assert (end, step) == (SERVER_TIME // 60 * 60, 60)
    assert start == end - 59 * 60
    assert table.freshness.message == "the server's clock is 62m ahead of ours: its time is used"


def failing(since: float, step: float = 60.0) -> Callable[[str, float, float], Any]:
    """A history of shares, one by `step`: good before `since`, none good after."""

    def history(query: str, start: float, end: float) -> Any:
        moments = [start + index * step for index in range(round((end - start) / step) + 1)]
        values = [[moment, "0" if moment >= since else "1"] for moment in moments]
        return {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": values}]}}

    return history


async def test_a_shortfall_costs_its_bad_events_of_all_that_are_allowed(
    server: FakePrometheus, table: WatchedTable
) -> None:
    began = SERVER_TIME // 60 * 60 - 20 * 60
    # Until now, and the five minutes that the first of these rates looked back over.
    seconds = round(SERVER_TIME - began) + 300
    server.range = failing(began)

    def answer(query: str) -> Any:
        if query.startswith("sum(t[30d])"):
            return vector("5")
        if query.startswith("sum(t["):
            return vector("10")  # twice the month's traffic
        return vector("0") if query.startswith("(sum(g[5m])") else vector("0.5" if f"[{seconds}s]" in query else "0.99")

    server.instant = answer
    row = await reading(server, table, UP)

    assert row.shortfall is not None
    assert (row.shortfall.began, row.shortfall.at_least, row.shortfall.by_time) == (began, False, False)
    assert row.shortfall.consumed == pytest.approx(0.5 * 10 * seconds / (5 * 30 * 86_400 * 0.01))


async def test_a_shortfall_older_than_the_hour_is_looked_for_in_the_day(
    server: FakePrometheus, table: WatchedTable
) -> None:
    end = SERVER_TIME // 60 * 60
    began = end - 5 * 3600
    hour, day = failing(began), failing(began, 120.0)
    server.range = lambda query, start, end: (hour if end - start < 3600 else day)(query, start, end)
    row = await reading(server, table, UP)

    assert row.shortfall is not None
    assert (row.shortfall.began, row.shortfall.at_least) == (began, False)
    assert [(end - start) / step + 1 for _, start, end, step in server.ranges] == [60, 720]


async def test_a_shortfall_begins_by_our_clock_whatever_the_servers_says(
    server: FakePrometheus, table: WatchedTable
) -> None:
    began = SERVER_TIME // 60 * 60 - 20 * 60
    server.range = failing(began)
    async with served(server.application()) as url:
        await source(HttpAccess(url), table, UP, clock=lambda: SERVER_TIME + 500).read_once()
    row: SloReading = table.rows["api/availability"]

    assert row.shortfall is not None
    assert row.sampled_at - row.shortfall.began == SERVER_TIME - began


async def test_what_is_recorded_costs_as_if_traffic_were_even(server: FakePrometheus, table: WatchedTable) -> None:
    began = SERVER_TIME // 60 * 60 - 20 * 60
    server.range = failing(began)
    server.instant = lambda query: vector("0.25") if query.startswith("avg_over_time(") else vector("0.5")
    row = await reading(server, table, RECORDED)

    assert row.shortfall is not None and row.shortfall.by_time
    assert row.shortfall.consumed == pytest.approx(0.25 * (SERVER_TIME - began + 300) / (30 * 86_400) / 0.01)


async def test_recorded_shares_cost_the_server_nothing_and_are_asked_for_together(
    server: FakePrometheus, table: WatchedTable
) -> None:
    many = [replace(RECORDED, name=f"n{index}", good=f"n{index}:ratio$window") for index in range(20)]
    async with served(server.application()) as url:
        await source(HttpAccess(url), table, *many).read_once()

    assert len(table.rows) == 20
    assert sum("ratio30d" in query for query in server.queries) == 1
    assert sum("ratio3d" in query for query in server.queries) <= 3, "four windows each"
    assert len(server.queries) <= 10


async def test_objectives_of_sloth_appear_by_themselves_and_go_with_their_series(
    server: FakePrometheus, table: WatchedTable
) -> None:
    labels = {"__name__": "slo:objective:ratio", "sloth_id": "api-req", "sloth_service": "api", "sloth_slo": "req"}
    recorded = [{"metric": labels, "value": [SERVER_TIME, "0.999"]}]

    def answer(query: str) -> Any:
        if "slo:objective:ratio" in query:
            return {"status": "success", "data": {"resultType": "vector", "result": recorded}}
        return vector("0.9995" if query.startswith("1 - ") else "0.0005")

    server.instant = answer
    now = SERVER_TIME
    async with served(server.application()) as url:
        slo_source = source(HttpAccess(url), table, UP, clock=lambda: now)
        await slo_source.read_once()
        row = table.rows["api/req (Sloth)"]
        assert (row.state, row.value_text, row.target_text) == (SloState.OK, "99.95 %", "99.9 %")
        assert row.burns.rate(timedelta(days=3)) == pytest.approx(0.5)
        recorded.clear()
        now += 301
        await slo_source.read_once()
    assert set(table.rows) == {"api/availability"}


async def test_a_query_that_is_refused_is_found_by_halves_and_asked_alone_from_then_on(
    server: FakePrometheus, table: WatchedTable
) -> None:
    many = [
        Objective(ObjectiveKind.RATIO, 0.9, total=f"t{index}[$window]", good="g[$window]", name=f"n{index}")
        for index in range(8)
    ]
    server.instant = lambda query: refusal("bad_data", "no such function") if "t5[" in query else vector("1")

    async with served(server.application()) as url:
        await source(HttpAccess(url), table, *many).read_once()
        assert [row.state for row in table.rows.values()].count(SloState.OK) == 7
        assert "no such function" in table.rows["api/n5"].reason

        questions = Questions(prometheus.PrometheusClient(HttpAccess(url)))
        promqls = {f"q{index}": f"t{index}[5m]" for index in range(8)}
        counts = []
        for _ in range(2):
            before = len(server.queries)
            replies = await questions.now(promqls, asyncio.Semaphore(4))
            counts.append(len(server.queries) - before)
    assert [key for key, reply in replies.items() if reply.error] == ["q5"]
    assert counts == [7, 2]


async def test_many_questions_are_put_into_addresses_that_proxies_take(server: FakePrometheus) -> None:
    promqls = {f"{index}": f'sum(rate(requests_total{{job="{index}-{"x" * 200}"}}[5m]))' for index in range(100)}
    server.instant = lambda query: vector(query.partition('"')[2].partition("-")[0])
    async with served(server.application()) as url:
        replies = await Questions(prometheus.PrometheusClient(HttpAccess(url))).now(promqls, asyncio.Semaphore(4))

    assert {key: reply.series and reply.series.value for key, reply in replies.items()} == {
        str(index): index for index in range(100)
    }
    assert 4 < len(server.queries) < 10
    assert all(len(quote(query)) < 7500 for query in server.queries)


async def test_a_history_of_more_points_than_the_server_gives_is_not_asked_for(server: FakePrometheus) -> None:
    async with served(server.application()) as url:
        client = prometheus.PrometheusClient(HttpAccess(url))
        await client.range("up", 0, 10_999, 1)
        with pytest.raises(SignalError, match="11,000 points"):
            await client.range("up", 0, 11_000, 1)
    assert len(server.ranges) == 1


async def test_while_nobody_looks_only_the_values_and_the_hour_are_read(
    server: FakePrometheus, table: WatchedTable
) -> None:
    share = 1.0

    def answer(query: str) -> Any:
        nonlocal share
        share -= 1e-6  # each answer differs, so that there is always something to look at
        return vector(repr(share))

    server.instant = answer
    feed = table.feed()
    feed.drain()
    now = SERVER_TIME
    async with served(server.application()) as url:
        slo_source = source(HttpAccess(url), table, UP, clock=lambda: now)
        task = asyncio.create_task(slo_source.run())
        async with asyncio.timeout(10):
            while not any("[3d]" in query for query in server.queries):
                await asyncio.sleep(0.01)
            ranges = len(server.ranges)
            for _ in range(5):
                now += 400
                polls = server.queries.count("time()")
                while server.queries.count("time()") < polls + 2:
                    await asyncio.sleep(0.01)
            assert len(server.ranges) <= ranges + 1  # one may have been on its way
            hidden = len(server.ranges)
            while len(server.ranges) <= hidden:
                feed.drain()
                now += 60
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def over_tls(server: FakePrometheus, context: ssl.SSLContext) -> AsyncIterator[str]:
    runner = web.AppRunner(server.application(), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    try:
        yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_a_self_signed_certificate_is_said_and_taken_with_its_authority(
    server: FakePrometheus, table: WatchedTable, tmp_path: Path
) -> None:
    authority = certificates.make(tmp_path)
    async with over_tls(server, authority.server()) as url:
        await source(HttpAccess(url), table, UP).read_once()
        assert table.freshness.state is SourceState.DOWN
        assert "no TLS with" in table.freshness.message and "certificate" in table.freshness.message
        await source(HttpAccess(url, ca_file=str(authority.ca)), table, UP).read_once()
    assert str(table.freshness.state) == "live"


@pytest.mark.parametrize(
    ("broken", "state", "words"),
    [
        (
            web.Response(text="<html>Sign in</html>", content_type="text/html"),
            SourceState.DOWN,
            "a web page (HTTP 200)",
        ),
        (web.Response(status=401), SourceState.DENIED, "refuses the credentials (401): sign in again"),
        (web.Response(status=403, text='{"message": "not you"}'), SourceState.DENIED, "forbids it (403): not you"),
        (web.Response(status=503, text="starting"), SourceState.DOWN, "HTTP 503: starting"),
    ],
)
async def test_what_stands_in_the_way_is_said_in_words(
    broken: web.Response, state: SourceState, words: str, server: FakePrometheus, table: WatchedTable
) -> None:
    server.broken = broken
    async with served(server.application()) as url:
        await source(HttpAccess(url), table, UP).read_once()

    assert table.freshness.state is state
    assert words in table.freshness.message


async def test_a_server_that_answers_after_half_a_minute_is_slow_and_said_so(
    server: FakePrometheus, table: WatchedTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prometheus, "READ_SECONDS", 0.3)
    server.sleeping = asyncio.Event()
    async with served(server.application()) as url:
        slo_source = source(HttpAccess(url), table, UP)
        await slo_source.read_once()
        assert table.freshness.state is SourceState.DOWN
        assert "did not answer in" in table.freshness.message
        server.sleeping.set()
        await slo_source.read_once()
    assert str(table.freshness.state) == "live"
