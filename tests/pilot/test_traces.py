"""The pages of traces by themselves: the list and its questions, the waterfall and its folds, the page of a span."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from textual.app import App

from aurora_tui.model.freshness import SourceState
from aurora_tui.model.trace_rows import TraceRow, rows_of
from aurora_tui.model.tracequery import TraceQuery
from aurora_tui.model.traces import trace_of
from aurora_tui.model.tracetree import tree_of
from tests.pilot.screen import lines, text
from tests.unit.traceshapes import BEGIN, span, trace
from widgets.traces import TracesScreen
from widgets.tracescreen import SpanPage, TraceScreen

NOW = BEGIN / 1e9 + 60
QUERY = TraceQuery("api", NOW - 120, NOW)


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


class Host(App[None]):
    """An app with nothing but the pages, which notes what they ask for."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        self.clock = clock or Clock()
        self.asked: list[TraceQuery] = []
        self.opened: list[str] = []
        self.again: list[TraceScreen] = []
        self.wanted: list[tuple[str, str]] = []
        self.page = TracesScreen("backend", QUERY, clock=self.clock)

    def on_traces_screen_asked(self, message: TracesScreen.Asked) -> None:
        self.asked.append(message.query)

    def on_trace_screen_asked(self, message: TraceScreen.Asked) -> None:
        self.again.append(message.screen)

    def on_traces_screen_opened(self, message: TracesScreen.Opened) -> None:
        self.opened.append(message.row.root.operation)

    def on_trace_screen_logs_wanted(self, message: TraceScreen.LogsWanted) -> None:
        self.wanted.append(("logs", message.node.span.operation))

    def on_trace_screen_pod_wanted(self, message: TraceScreen.PodWanted) -> None:
        self.wanted.append(("pod", message.node.span.operation))


def rows() -> list[TraceRow]:
    made = [
        trace_of(
            "1" * 32, [span("GET /orders", 0, 900, failed=True), span("SELECT", 1, 890, "GET /orders", failed=True)]
        ),
        trace_of("2" * 32, [span("GET /users", 0, 700)]),
        trace_of("3" * 32, [span("GET /health", 0, 3)]),
    ]
    return rows_of(made, service="api", threshold=0.5, exemplars={"2" * 32})


@dataclass
class Seen:
    app: Host
    pilot: Any
    opened: list[str] = field(default_factory=list)

    async def press(self, *keys: str) -> str:
        await self.pilot.press(*keys)
        await self.pilot.pause()
        return text(self.app)


async def listed(app: Host, pilot: Any) -> Seen:
    await app.push_screen(app.page)
    app.page.fill(rows(), QUERY, (), NOW, "exemplars of 1 trace")
    await pilot.pause()
    return Seen(app, pilot)


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (160, 48)])
async def test_the_list_says_whose_traces_it_has_and_shows_the_worst_first(size: tuple[int, int]) -> None:
    app = Host()
    async with app.run_test(size=size) as pilot:
        await app.push_screen(app.page)
        await pilot.pause()
        assert "asking Jaeger …" in text(app)
        await listed_on(app, pilot)
        seen = lines(app)
        assert "Traces of backend  3  1 failed  2 slow" in seen[0] and "live" in seen[0]
        assert "traces of api from 02:59:00 to 03:01:00 UTC · exemplars of 1 trace" in seen[1]
        order = [line.split()[0] for line in seen if "api GET" in line]
        assert order == ["failed", "slow", "ok"]
        assert "900ms" in next(line for line in seen if "GET /orders" in line)


async def listed_on(app: Host, pilot: Any) -> None:
    app.page.fill(rows(), QUERY, (), NOW, "exemplars of 1 trace")
    await pilot.pause()


async def test_enter_opens_the_trace_under_the_cursor() -> None:
    app = Host()
    async with app.run_test(size=(120, 36)) as pilot:
        seen = await listed(app, pilot)
        await seen.press("enter", "j", "enter")
        assert app.opened == ["GET /orders", "GET /users"]


async def test_the_filter_leaves_what_matches_and_escape_shows_all_again() -> None:
    app = Host()
    async with app.run_test(size=(120, 36)) as pilot:
        seen = await listed(app, pilot)
        shown = await seen.press("slash", *"users")
        assert "GET /users" in shown and "GET /orders" not in shown
        shown = await seen.press("enter")
        assert "1 of 3" in shown and "/users" in shown
        assert app.screen is app.page
        shown = await seen.press("escape")
        assert "GET /orders" in shown and app.screen is app.page
        await seen.press("escape")
        assert app.screen is not app.page


async def test_the_keys_ask_for_other_traces_and_what_was_found_before_is_gone() -> None:
    app = Host()
    async with app.run_test(size=(120, 36)) as pilot:
        seen = await listed(app, pilot)
        shown = await seen.press("plus")
        assert app.asked == [QUERY.widened(2)]
        assert "asking Jaeger" in shown and "GET /orders" not in shown and "connecting" in shown
        await seen.press("minus", "left_square_bracket", "right_square_bracket", "ctrl+z", "ctrl+r")
        assert app.asked[1:] == [
            QUERY, QUERY.shifted(-1), QUERY, QUERY.only_failed(True), QUERY.only_failed(True)
        ]  # fmt: skip
        await seen.press("d", *"500ms", "enter")
        assert app.asked[-1] == QUERY.only_failed(True).of_at_least(0.5)
        assert "failed traces of api of at least 500ms" in text(app)


async def test_what_is_no_duration_asks_nothing() -> None:
    app = Host()
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        seen = await listed(app, pilot)
        shown = await seen.press("d", *"soon", "enter")
        assert app.asked == []
        assert "'soon' is not a duration" in shown


async def test_an_answer_to_an_earlier_question_is_not_taken_for_the_last_ones() -> None:
    app = Host()
    async with app.run_test(size=(120, 36)) as pilot:
        seen = await listed(app, pilot)
        await seen.press("plus")
        app.page.fill(rows(), QUERY, (), NOW)
        app.page.fail(SourceState.DOWN, "gone", QUERY)
        await pilot.pause()
        assert "asking Jaeger" in text(app) and "gone" not in text(app)


async def test_none_found_says_what_was_asked_and_how_to_ask_for_more() -> None:
    app = Host()
    async with app.run_test(size=(120, 36)) as pilot:
        await app.push_screen(app.page)
        app.page.fill((), QUERY, ("Jaeger knows no service 'api': it knows web",), NOW)
        await pilot.pause()
        shown = " ".join(text(app).split())
        assert "Jaeger has no traces of api from 02:59:00 to 03:01:00 UTC." in shown
        assert "Jaeger knows no service 'api': it knows web. + asks for twice the time, [ for the time before" in shown


async def test_no_jaeger_says_how_to_configure_one() -> None:
    app = Host()
    async with app.run_test(size=(120, 36)) as pilot:
        await app.push_screen(app.page)
        app.page.fail(SourceState.UNCONFIGURED, "no Jaeger: set environments.prod.sources.jaeger", QUERY)
        await pilot.pause()
        assert "not configured: no Jaeger: set environments.prod.sources.jaeger" in text(app)


async def test_what_was_found_stays_with_its_age_while_jaeger_is_away() -> None:
    app = Host()
    async with app.run_test(size=(120, 36)) as pilot:
        seen = await listed(app, pilot)
        app.clock.now += 240
        await seen.press("ctrl+r")
        app.page.fail(SourceState.DOWN, "jaeger can't be reached (Connection refused)", QUERY)
        await pilot.pause()
        shown = lines(app)
        assert "stale · 5m ago" in shown[0] or "stale · 4m ago" in shown[0]
        assert "jaeger can't be reached (Connection refused)" in shown[2]
        assert any("GET /orders" in line for line in shown)


async def test_names_from_outside_are_shown_and_not_obeyed() -> None:
    app = Host()
    async with app.run_test(size=(160, 48)) as pilot:
        await app.push_screen(app.page)
        nasty = trace_of("4" * 32, [span("[red]\x1b[31mGET[/]", 0, 10, service="a\tb\x07")])
        app.page.fill(rows_of([nasty]), QUERY, (), NOW)
        await pilot.pause()
        assert "[red]␛[31mGET[/]" in text(app) and "\x1b" not in text(app)
        page = TraceScreen(nasty.id, clock=app.clock)
        await app.push_screen(page)
        page.fill(tree_of(nasty))
        await pilot.pause()
        assert "[red]␛[31mGET[/]" in text(app) and "\x1b" not in text(app)


# One trace


def request() -> TraceScreen:
    return TraceScreen("5b8efff798038103d269b633813fc60c", clock=lambda: NOW)


async def opened(app: Host, pilot: Any) -> tuple[Seen, TraceScreen]:
    page = request()
    await app.push_screen(page)
    assert "asking Jaeger" in text(app)
    page.fill(
        tree_of(
            trace(
                span("GET /orders", 0, 100, service="web", failed=True),
                span("list", 10, 90, "GET /orders", failed=True),
                span("SELECT", 20, 80, "list", service="db", failed=True),
                span("render", 92, 99, "GET /orders", service="web"),
            )
        )
    )
    await pilot.pause()
    return Seen(app, pilot), page


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (160, 48)])
async def test_the_waterfall_shows_the_spans_their_bars_and_what_was_waited_for(size: tuple[int, int]) -> None:
    app = Host()
    async with app.run_test(size=size) as pilot:
        await opened(app, pilot)
        seen = lines(app)
        assert "Trace 5b8efff798038103d269b633813fc60c  03:00:00 UTC" in seen[0]
        assert "100ms · 4 spans · 3 failed  web, api, db" in seen[1]
        assert "waited for: db SELECT 60ms" in seen[2]
        row = next(line for line in seen if "db SELECT" in line and "|" in line)
        assert " !! " in row and "60ms" in row and "#" in row
        assert "caller missing" in seen[-2]
        assert all(len(line) <= size[0] for line in seen)


async def test_spans_are_folded_and_unfolded() -> None:
    app = Host()
    async with app.run_test(size=(120, 36)) as pilot:
        seen, page = await opened(app, pilot)
        shown = await seen.press("j", "space")
        assert "+ api list (+1)" in shown and "|" in shown
        assert "db SELECT" not in "".join(line for line in shown.splitlines() if "|" in line)
        shown = await seen.press("space")
        assert "- api list" in shown
        assert page.waterfall.node is not None and page.waterfall.node.span.operation == "list"


async def test_left_and_right_close_and_open_as_in_a_tree() -> None:
    app = Host()
    async with app.run_test(size=(120, 36)) as pilot:
        seen, page = await opened(app, pilot)

        async def at(*keys: str) -> str:
            await seen.press(*keys)
            assert page.waterfall.node is not None
            return page.waterfall.node.span.operation

        assert await at("j", "j", "h") == "list"
        assert await at("h") == "list"
        assert "(+1)" in text(app)
        assert await at("right") == "list"
        assert await at("right") == "SELECT"
        assert await at("G") == "render"
        assert await at("g") == "GET /orders"
        assert await at("ctrl+f") == "render"
        assert await at("ctrl+b", "k") == "GET /orders"


async def test_the_next_failed_and_the_next_critical_span_are_gone_to_through_folds() -> None:
    app = Host()
    async with app.run_test(size=(120, 36)) as pilot:
        seen, page = await opened(app, pilot)
        visited = []
        await seen.press("space")
        for key in ("E", "E", "E", "c", "c", "c", "c"):
            await seen.press(key)
            assert page.waterfall.node is not None
            visited.append(page.waterfall.node.span.operation)
        assert visited == ["list", "SELECT", "GET /orders", "list", "SELECT", "render", "GET /orders"]


async def test_enter_tells_all_of_a_span_and_escape_comes_back_step_by_step() -> None:
    app = Host()
    async with app.run_test(size=(120, 36)) as pilot:
        seen, page = await opened(app, pilot)
        shown = await seen.press("j", "j", "enter")
        assert isinstance(app.screen, SpanPage)
        assert "Span db SELECT" in shown and "here it began" in shown
        await seen.press("l", "p")
        await seen.press("escape")
        assert app.screen_stack[-1] is page
        await seen.press("k", "l", "p")
        assert app.wanted == [("logs", "SELECT"), ("pod", "SELECT"), ("logs", "list"), ("pod", "list")]
        await seen.press("escape")
        assert page not in app.screen_stack


async def test_the_key_bar_offers_the_ways_from_a_span() -> None:
    app = Host()
    async with app.run_test(size=(120, 36)) as pilot:
        seen, _ = await opened(app, pilot)
        assert "l Logs" in lines(app)[-1] and "p Pod" in lines(app)[-1]
        shown = await seen.press("enter")
        assert "l Logs" in shown.splitlines()[-1] and "p Pod" in shown.splitlines()[-1]


async def test_why_a_trace_cannot_be_shown_is_said_in_its_place() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        page = request()
        await app.push_screen(page)
        page.say("jaeger has no trace 5b8e…: it was not sampled")
        await pilot.pause()
        assert "it was not sampled" in text(app)
        await Seen(app, pilot).press("E", "c", "enter", "space", "h", "right", "l", "p", "G")
        assert app.screen is page and app.wanted == []


async def test_a_trace_is_asked_for_again_and_the_cursor_keeps_to_its_span() -> None:
    app = Host()
    async with app.run_test(size=(120, 36)) as pilot:
        seen, page = await opened(app, pilot)
        await seen.press("j", "j", "ctrl+r")
        assert app.again == [page]
        page.fill(tree_of(trace(span("GET /orders", 0, 100), span("new", 1, 2, "GET /orders"), span("SELECT", 20, 80))))
        await pilot.pause()
        assert "api new" in text(app)
        assert page.waterfall.node is not None and page.waterfall.node.span.operation == "SELECT"
        page.say("jaeger can't be reached")
        await pilot.pause()
        assert "as it was before: jaeger can't be reached" in text(app) and "api new" in text(app)


async def test_ten_thousand_spans_are_gone_through() -> None:
    app = Host()
    async with app.run_test(size=(120, 36)) as pilot:
        page = request()
        await app.push_screen(page)
        many = [span("root", 0, 20_000), *(span(f"s{n}", 2 * n, 2 * n + 1, "root") for n in range(9_999))]
        page.fill(tree_of(trace(*many)))
        shown = await Seen(app, pilot).press("G")
        assert "s9998" in shown and "10,000 spans" in shown
        shown = await Seen(app, pilot).press("g", "space")
        assert "(+9999)" in shown
