"""The page of a log line as the operator reads it and goes on from it."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from aurora_tui.model.loglines import LogLine
from tests.pilot import screen
from tests.pilot.test_tail import POD, TRACE, Host, said
from widgets.linepage import LinePage
from widgets.tail import Tail
from widgets.templates import TemplatesScreen

ID = "4bf92f3577b34da6a3ce929d0e0e4736"
JSON = f'{{"log.level":"error","message":"no route","http":{{"status":502}},"trace":{{"id":"{ID}"}}}}'


class Pages(Host):
    """A tail whose lines are opened, and what is told of traces."""

    def __init__(self, lines: Sequence[LogLine]) -> None:
        super().__init__(lines)
        self.traces: list[str] = []

    def on_tail_line_chosen(self, message: Tail.LineChosen) -> None:
        self.push_screen(LinePage(message.tail, clock=lambda: 43_200.0))

    def action_trace_of_line(self, trace: str) -> None:
        self.traces.append(trace)

    def body(self) -> list[str]:
        return [line.rstrip("▐ ") for line in screen.lines(self)[1:-1]]


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_enter_shows_all_fields_of_the_last_line_in_sight(size: tuple[int, int]) -> None:
    app = Pages(said("before", JSON))
    async with app.run_test(size=size) as pilot:
        await pilot.press("enter")
        await screen.until(pilot, "Log line of")

        assert f"Log line of {POD}/app" in screen.lines(app)[0]
        assert app.body()[:9] == [
            "time       1970-01-01T01:00:00.250Z (server)",
            f"pod        {POD}",
            "container  app",
            "level      ERROR",
            "",
            "message      no route",
            "log.level    error",
            "http.status  502",
            f"trace.id     {ID}",
        ]
        await pilot.press("escape")
        assert app.texts()[0] == "before"


async def test_the_neighbours_are_a_key_away_and_the_log_goes_along() -> None:
    app = Pages(said("first", *TRACE, "last"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await screen.until(pilot, lambda: "last" in app.body())
        await pilot.press("j")
        assert "last" in app.body(), "there is no line after it"
        await pilot.press("k")
        await screen.until(pilot, lambda: "ERROR order failed" in app.body())
        assert app.body()[5:10] == [
            "ERROR order failed",
            "",
            TRACE[1],
            "        at a.B.c(B.java:41)",
            "        at a.B.d(B.java:7)",
        ]
        await pilot.press("k", "k")
        assert "first" in app.body()
        await pilot.press("q")
        assert app.screen_lines()[0].startswith("▸")
        assert app.screen_lines()[0].endswith("first")


async def test_the_page_of_a_hit_is_the_one_gone_to() -> None:
    app = Pages(said("one", "needle", "two"))
    async with app.run_test(size=(80, 24)) as pilot:
        app.tail.set_search("needle")
        await pilot.press("n", "enter")
        await screen.until(pilot, "Log line of")
        assert "needle" in app.body()


async def test_the_trace_of_a_line_is_a_key_away_where_it_has_one() -> None:
    app = Pages(said("none", JSON))
    async with app.run_test(size=(120, 24)) as pilot:
        await pilot.press("enter")
        await screen.until(pilot, "j Next line  k Line before  t Trace")
        await pilot.press("t")
        assert app.traces == [ID]
        await pilot.press("k")
        await screen.until(pilot, lambda: "t Trace" not in screen.text(app))
        await pilot.press("t")
        assert app.traces == [ID]


async def test_the_line_is_copied_as_it_came() -> None:
    app = Pages(said("a\x1b[31mb"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await screen.until(pilot, lambda: "a␛[31mb" in app.body())
        await pilot.press("ctrl+y")
        assert app.clipboard == "a\x1b[31mb"


async def test_a_line_that_was_dropped_while_it_is_read_stays_on_its_page() -> None:
    app = Pages(said("read me"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await screen.until(pilot, lambda: "read me" in app.body())
        app.add(said(*["new"] * 1_500))
        await pilot.press("k")
        assert "read me" in app.body()


HOSTILE = [
    "a\x1b[31mred\x1b]0;title\x07\r\x9b2J",
    "\u202egnp.exe \u2066isolated",
    "x" * 10_000_000,
    json.dumps({f"field{number}": number for number in range(10_000)}),
    json.dumps({f"f{number}": number for number in range(2_000)}),
    '{"a":' * 5_000 + "1" + "}" * 5_000,
    '{"message":"[red]m[/]\\u001b[2J","stack_trace":"A\\u001b[2J\\n\\u202eat b"}',
    "\udcff\ud800 surrogates",
    "",
    "e\u0301" * 300 + "\u0301" * 200,
]


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_hostile_lines_are_data_in_the_log_on_their_page_and_among_the_templates(size: tuple[int, int]) -> None:
    app = Pages(said(*HOSTILE, "last"))

    def is_data() -> bool:
        strips = app.screen._compositor.render_strips()
        whole = {strip.cell_length for strip in strips} == {size[0]}
        return whole and not any(
            character < " " or character in "\x9b\u202e\u2066" for s in strips for character in s.text
        )

    async with app.run_test(size=size) as pilot:
        for keys in ("", "Z", "w", "g", "G", "Z", "w"):
            await pilot.press(*keys)
            assert is_data()
        assert any("… 10.0 MB in all" in line.text for line in app.buffer.span(0, 99))
        app.tail.set_search("\x1b")
        assert is_data()
        await pilot.press("enter")
        for _ in range(len(HOSTILE)):
            await pilot.press("k")
            await pilot.pause()
            assert is_data()
        assert "a␛[31mred␛]0;title␇" in "".join(app.body())
        await pilot.press("escape")
        app.push_screen(TemplatesScreen(app.tail, "a log", clock=lambda: 0.0))
        await pilot.pause()
        assert isinstance(app.screen, TemplatesScreen)
        app.screen.flush(None, "")
        for _ in range(len(HOSTILE)):
            await pilot.press("j")
            assert is_data()
        assert "11 kinds of 11 lines" in screen.text(app)
