"""The log tail as the operator reads and drives it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding

from aurora_tui.logbuffer import LogBuffer
from aurora_tui.model.loglines import LogLine
from widgets.tail import Tail

POD = "aurora-backend-7d9f8b6c5d-x2x4z"


class Host(App[None]):
    CSS = "Tail { height: 1fr; }"

    def __init__(self, lines: Iterable[LogLine] = (), *, capacity: int = 1_000, raw: bool = False) -> None:
        super().__init__()
        self.buffer = LogBuffer(capacity_lines=capacity)
        self.buffer.append(lines)
        self.tail = Tail(self.buffer, clock=lambda: 43_200.0, raw=raw)

    def compose(self) -> ComposeResult:
        yield self.tail

    def on_mount(self) -> None:
        self.tail.focus()

    def add(self, lines: Iterable[LogLine]) -> None:
        """What the source and a flush tick do."""
        self.buffer.append(lines)
        self.tail.flush()

    def screen_lines(self) -> list[str]:
        """The screen as the terminal has it, stale lines included, without the scroll thumb."""
        return [strip.text[:-1].rstrip() for strip in self.screen._compositor.render_strips()]

    def texts(self) -> list[str]:
        """What follows the pod's name in each line."""
        return [line.partition("x2x4z ")[2] for line in self.screen_lines() if line]

    def reversed_text(self) -> list[str]:
        """What is highlighted."""
        strips = self.screen._compositor.render_strips()
        return [segment.text for strip in strips for segment in strip if segment.style and segment.style.reverse]


def said(*texts: str, origin: str = POD, container: str = "app") -> list[LogLine]:
    return [LogLine(3_600.25, origin, container, text) for text in texts]


def numbered(start: int, stop: int) -> list[LogLine]:
    return said(*(f"line {number}" for number in range(start, stop)))


async def test_a_hit_is_gone_to_also_among_lines_that_were_not_painted_yet() -> None:
    app = Host()
    async with app.run_test(size=(100, 4)) as pilot:
        app.tail.set_search("line 13")
        app.buffer.append(numbered(0, 40))
        app.tail.action_next_hit(1)
        await pilot.pause()
        assert "1/1 hits" in app.tail.status()
        assert "line 13" in app.texts()


async def test_new_lines_are_followed_while_the_end_is_in_sight() -> None:
    app = Host(numbered(0, 50))
    async with app.run_test(size=(60, 5)) as pilot:
        await pilot.pause()
        assert app.texts() == [f"line {number}" for number in range(45, 50)]
        app.add(numbered(50, 52))
        await pilot.pause()

        assert app.texts() == [f"line {number}" for number in range(47, 52)]
        assert app.tail.status() == "following"


async def test_a_reader_who_scrolled_up_is_moved_neither_by_new_lines_nor_by_dropped_ones() -> None:
    app = Host(numbered(0, 50), capacity=60)
    async with app.run_test(size=(60, 5)) as pilot:
        await pilot.press("k", "k")
        before = app.texts()
        app.add(numbered(50, 90))
        await pilot.pause()

        assert app.texts() == before == [f"line {number}" for number in range(43, 48)]
        assert app.tail.status() == "paused 40 new below · 30 lines dropped"
        await pilot.press("G")
        assert (app.texts()[-1], app.tail.status()) == ("line 89", "following · 30 lines dropped")


async def test_a_reader_whose_lines_were_dropped_gets_the_oldest_that_are_left() -> None:
    app = Host(numbered(0, 50), capacity=60)
    async with app.run_test(size=(60, 5)) as pilot:
        await pilot.press("1")
        assert app.texts()[0] == "line 0"
        app.add(numbered(50, 80))
        await pilot.pause()

        assert app.texts()[0] == "line 20"


async def test_a_reader_is_moved_neither_by_older_lines_nor_by_late_ones() -> None:
    stamped = [LogLine(float(n), POD, "app", f"line {n}") for n in range(50)]
    app = Host(stamped)
    async with app.run_test(size=(60, 5)) as pilot:
        await pilot.press("k", "k", "m")
        before = app.screen_lines()
        app.buffer.prepend(said("older", "and older"))
        app.buffer.insert([LogLine(3.5, POD, "app", "late"), LogLine(49.5, POD, "app", "late and last")])
        app.tail.flush()
        await pilot.pause()

        assert app.screen_lines() == before
        assert app.texts() == [f"line {n}" for n in range(43, 48)]
        assert app.tail.status() == "paused 1 new below"
        await pilot.press("g", "j")
        assert app.texts() == ["and older", "line 0", "line 1", "line 2", "line 3"]
        await pilot.press("j")
        assert app.texts()[-1] == "late"


async def test_scrolling_down_to_the_end_follows_again_unless_autoscroll_is_off() -> None:
    app = Host(numbered(0, 50))
    async with app.run_test(size=(60, 5)) as pilot:
        await pilot.press("k", "j")
        assert app.tail.following
        await pilot.press("s")
        app.add(numbered(50, 51))
        await pilot.press("j", "j")
        assert (app.texts()[-1], app.tail.status()) == ("line 50", "paused")
        await pilot.press("0")
        assert app.tail.following


async def test_the_names_of_a_workloads_pods_leave_out_the_workloads_own() -> None:
    app = Host()
    async with app.run_test(size=(60, 5)) as pilot:
        buffer = LogBuffer()
        buffer.append(said("hello"))
        app.tail.set_buffer(buffer, known="aurora-backend-")
        await pilot.pause()

        assert app.screen_lines()[0].strip() == "x2x4z hello"


async def test_each_line_names_its_pod_and_its_container_where_there_are_several() -> None:
    app = Host([*said("one"), *said("two", origin="db-0")])
    async with app.run_test(size=(80, 5)) as pilot:
        await pilot.pause()
        assert app.screen_lines()[:2] == [" aurora-backend-x2x4z one", " db-0                 two"]
        app.add(said("three", origin="db-0", container="proxy"))
        await pilot.pause()

        assert [line.split()[0] for line in app.screen_lines()[:3]] == [
            "aurora-backend-x2x4z/app",
            "db-0/app",
            "db-0/proxy",
        ]


async def test_times_are_shown_on_demand_in_utc() -> None:
    app = Host(said("one"))
    async with app.run_test(size=(70, 3)) as pilot:
        await pilot.press("t")
        assert app.screen_lines()[0] == " 01:00:00.250Z aurora-backend-x2x4z one"


async def test_a_json_line_is_shown_in_short_and_others_as_they_are() -> None:
    app = Host(said('{"level":"error","message":"no route","http":{"status":502}}', '{"broken', "plain [red]text[/]"))
    async with app.run_test(size=(80, 5)) as pilot:
        await pilot.pause()
        assert app.texts() == ["ERROR no route  http.status=502", '{"broken', "plain [red]text[/]"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\x1b[31mb", "a␛[31mb"), ("a\rb", "a␍b"), ("\u202eab", r"\u202eab"), ('{"message":"\\u001b[0m"}', "␛[0m")],
)
async def test_control_characters_are_shown_and_not_sent(text: str, shown: str) -> None:
    app = Host(said(text))
    async with app.run_test(size=(60, 3)) as pilot:
        await pilot.pause()
        assert app.texts() == [shown]


async def test_wrapped_lines_show_all_their_text_and_wide_characters_whole() -> None:
    text = "漢字" * 20
    app = Host(said(text, "last"))
    async with app.run_test(size=(66, 6)) as pilot:
        await pilot.press("w")
        lines = app.screen_lines()
        assert "".join(line[22:] for line in lines) == f"{text}last"
        assert lines[1].startswith(" " * 22)
        await pilot.press("w")
        assert len([line for line in app.screen_lines() if line]) == 2


async def test_a_wrapped_line_longer_than_the_window_is_scrolled_row_by_row_and_not_moved() -> None:
    app = Host(said("".join(f"{number:04}" for number in range(200))))
    async with app.run_test(size=(63, 4)) as pilot:
        await pilot.press("w")
        assert app.screen_lines()[-1].endswith("0199")
        await pilot.press("k")
        before = app.screen_lines()
        app.add(said("new"))
        await pilot.pause()

        assert app.screen_lines() == before
        assert app.tail.status() == "paused 1 new below"
        await pilot.press("g")
        assert app.screen_lines()[0].split()[1].startswith("00000001")


async def test_a_reader_whose_wrapped_line_was_dropped_gets_the_next_from_its_first_row() -> None:
    text = "".join(f"{number:04}" for number in range(100))
    app = Host(said(text, text), capacity=2)
    async with app.run_test(size=(63, 4)) as pilot:
        await pilot.press("w", "g", "j", "j")
        app.add(said("last"))
        await pilot.pause()

        assert app.screen_lines()[0].split()[1].startswith("00000001")


async def test_a_long_line_is_read_sideways_with_the_name_in_place() -> None:
    app = Host(said("".join(f"{number:04}" for number in range(100))))
    async with app.run_test(size=(66, 3)) as pilot:
        await pilot.press("l")
        assert app.texts()[0].startswith("0004")
        assert "aurora-backend-x2x4z" in app.screen_lines()[0]
        await pilot.press("h")
        assert app.texts()[0].startswith("0000")


async def test_a_search_highlights_counts_and_hides_nothing() -> None:
    app = Host(said("alpha", "beta timeout", "gamma", "Timeout again", "delta"))
    async with app.run_test(size=(60, 5)) as pilot:
        app.tail.set_search("timeout")
        await pilot.pause()
        assert len(app.texts()) == 5
        assert app.reversed_text() == ["timeout", "Timeout"]
        assert "2 hits" in app.tail.status()

        await pilot.press("n")
        assert "1/2 hits" in app.tail.status()
        assert app.screen_lines()[1].startswith("▸")
        await pilot.press("n", "n", "N")
        assert "2/2 hits" in app.tail.status()
        app.add(said("timeout three"))
        assert "2/3 hits" in app.tail.status()


async def test_the_next_hit_is_brought_into_sight_and_stays_there() -> None:
    app = Host([*numbered(0, 100), *said("needle"), *numbered(101, 200)])
    async with app.run_test(size=(60, 5)) as pilot:
        app.tail.set_search("needle")
        await pilot.press("n")
        app.add(numbered(200, 300))
        await pilot.pause()

        assert "needle" in app.texts()
        assert app.tail.status() == "paused 100 new below · 1/1 hits"


async def test_a_filter_hides_and_says_how_many() -> None:
    app = Host(said("GET /a 200", "GET /b 500", "GET /c 200"))
    async with app.run_test(size=(60, 5)) as pilot:
        app.tail.set_filter("!200")
        await pilot.pause()
        assert app.texts() == ["GET /b 500"]
        app.add(said("GET /d 200", "GET /e 503"))
        await pilot.pause()
        assert app.texts() == ["GET /b 500", "GET /e 503"]
        assert app.tail.status() == "following · 3 hidden by &!200"

        app.tail.set_filter("nothing like it")
        await pilot.pause()
        assert "no line matches &nothing like it; 5 are hidden" in "".join(app.screen_lines())


async def test_a_filter_that_is_not_understood_says_so() -> None:
    app = Host(said("a[b"))
    async with app.run_test(size=(60, 5)):
        app.tail.set_filter("a[b")

        assert "not a regular expression" in app.tail.status()


async def test_the_next_error_is_found_and_none_is_said() -> None:
    app = Host([*numbered(0, 50), *said("ERROR boom"), *numbered(51, 100)])
    async with app.run_test(size=(60, 5)) as pilot:
        await pilot.press("E")
        assert "ERROR boom" in app.texts()

        app.tail.set_filter("line")
        await pilot.press("E")
        assert "no errors" in app.tail.status()


TRACE = (
    "ERROR order failed",
    "java.lang.IllegalStateException: no route",
    "\tat a.B.c(B.java:41)",
    "\tat a.B.d(B.java:7)",
)


async def test_a_stack_trace_is_one_line_until_it_is_unfolded() -> None:
    app = Host(said("before", *TRACE, "after"))
    async with app.run_test(size=(80, 8)) as pilot:
        await pilot.pause()
        assert app.texts() == ["before", "ERROR order failed … +3 lines", "after"]
        await pilot.press("space")
        assert app.screen_lines()[1].endswith("ERROR order failed ▾ 3 lines")
        assert [line.strip() for line in app.screen_lines()[2:5]] == [
            TRACE[1],
            "at a.B.c(B.java:41)",
            "at a.B.d(B.java:7)",
        ]
        assert app.screen_lines()[5].endswith(" after")
        await pilot.press("space")
        assert app.texts() == ["before", "ERROR order failed … +3 lines", "after"]
        await pilot.press("Z")
        assert "at a.B.d" in app.screen_lines()[4]


async def test_a_stack_trace_that_comes_in_pieces_is_kept_together_although_pods_alternate() -> None:
    app = Host(said(*TRACE[:2]))
    async with app.run_test(size=(80, 8)) as pilot:
        for text in TRACE[2:]:
            app.add([*said("fine", origin="db-0"), *said(text)])
            await pilot.pause()

        assert [line.split(maxsplit=1)[1] for line in app.screen_lines() if line] == [
            "ERROR order failed … +3 lines",
            "fine",
            "fine",
        ]


async def test_the_stack_trace_in_a_json_line_is_folded_too() -> None:
    app = Host(
        said(
            '{"log.level":"error","message":"no\\nroute","error":{"type":"x","stack_trace":"A: b\\n\\tat c\\n\\tat d"}}'
        )
    )
    async with app.run_test(size=(80, 8)) as pilot:
        await pilot.pause()
        assert app.texts() == ["ERROR no  error.type=x … +4 lines"]
        await pilot.press("space")
        assert [line.strip() for line in app.screen_lines()[1:5]] == ["route", "A: b", "at c", "at d"]


async def test_a_hit_within_a_folded_stack_trace_marks_it_and_is_unfolded_when_gone_to() -> None:
    app = Host([*said(*TRACE), *numbered(0, 40)])
    async with app.run_test(size=(80, 8)) as pilot:
        app.tail.set_search("B.java:7")
        await pilot.press("g")
        assert app.screen_lines()[0].startswith("•")
        assert app.texts()[0] == "ERROR order failed … +3 lines"
        await pilot.press("G", "n")
        assert app.reversed_text() == ["B.java:7"]
        assert "1/1 hits" in app.tail.status()


async def test_a_filter_shows_the_whole_block_of_a_line_that_matches() -> None:
    app = Host(said("before", *TRACE, "after"))
    async with app.run_test(size=(80, 8)) as pilot:
        app.tail.set_filter("IllegalState")
        await pilot.pause()
        assert app.texts() == ["ERROR order failed … +3 lines"]
        assert app.tail.status() == "following · 2 hidden by &IllegalState"


async def test_a_long_line_leaves_room_for_the_number_of_folded_ones() -> None:
    app = Host(said("ERROR " + "x" * 200, "\tat a.B.c(B.java:41)"))
    async with app.run_test(size=(60, 4)) as pilot:
        await pilot.pause()
        assert app.texts()[0].endswith("xxx … +1 line")


async def test_a_search_of_many_lines_shows_what_is_in_sight_first_and_says_how_far_it_is() -> None:
    app = Host(numbered(0, 30_000), capacity=50_000)
    async with app.run_test(size=(60, 5)) as pilot:
        while app.tail._search.left:
            await pilot.pause()
        app.tail.set_search("line")
        assert app.screen_lines()[0].startswith("•") or app.tail.line(0).text.startswith("•")
        assert "searching" in app.tail.status()
        await pilot.press("n")
        while app.tail._search.left:
            await pilot.pause()
        assert "/30,000 hits" in app.tail.status(), "n is carried out once all lines were looked at"


async def test_a_time_is_gone_to_or_said_not_to_be_there() -> None:
    app = Host(LogLine(60.0 * n, POD, "app", f"line {n}") for n in range(1, 50))
    async with app.run_test(size=(70, 6)) as pilot:
        app.tail.go_to_time(601.0, "00:10:01")
        await pilot.pause()
        (current,) = [line for line in app.screen_lines() if line.startswith("▸")]
        assert current.endswith("line 11")
        app.tail.go_to_time(0.0, "00:00")
        assert app.tail.status() == "paused · the oldest line here is of 00:01:00.000Z"
        app.tail.go_to_time(9_999.0, "02:46:39")
        await pilot.pause()
        assert app.texts()[-1] == "line 49"
        assert app.tail.status().endswith("no line at or after 02:46:39")
        app.tail.set_filter("!7")
        app.tail.go_to_time(420.0, "00:07")
        await pilot.pause()
        (current,) = [line for line in app.screen_lines() if line.startswith("▸")]
        assert current.endswith("line 8")


async def test_a_mark_is_a_rule_below_the_last_line_in_sight() -> None:
    app = Host(numbered(0, 2))
    async with app.run_test(size=(60, 6)) as pilot:
        await pilot.press("m")
        app.add(numbered(2, 3))
        await pilot.pause()
        lines = app.screen_lines()
        assert (lines[2].startswith("──── marked 12:00:00.000Z ─"), lines[3].endswith("line 2")) == (True, True)


async def test_an_empty_log_says_why() -> None:
    app = Host()
    async with app.run_test(size=(60, 5)) as pilot:
        app.tail.empty = "waiting for lines of pod/api"
        await pilot.pause()
        assert app.screen_lines()[2].strip() == "waiting for lines of pod/api"


async def test_another_buffer_is_shown_from_its_end_with_the_search_kept() -> None:
    app = Host(numbered(0, 50))
    async with app.run_test(size=(60, 5)) as pilot:
        app.tail.set_search("fresh")
        await pilot.press("g")
        other = LogBuffer()
        other.append([*numbered(0, 20), *said("fresh")])
        app.tail.set_buffer(other)
        await pilot.pause()

        assert app.texts()[-1] == "fresh"
        assert app.tail.status() == "following · 1 hits"


async def test_raw_text_is_read_from_its_start_without_names() -> None:
    app = Host([LogLine(None, "", "", text) for text in ("apiVersion: v1", '{"level":"error"}', "ERROR: x")], raw=True)
    async with app.run_test(size=(60, 2)) as pilot:
        await pilot.press("s", "m", "t")
        assert app.screen_lines() == ["apiVersion: v1", '{"level":"error"}']


def test_every_key_has_an_id_a_description_and_a_tooltip() -> None:
    bindings = [binding for binding in Tail.BINDINGS if isinstance(binding, Binding)]

    assert len(bindings) == len(Tail.BINDINGS) > 0
    assert all(binding.id and binding.description and binding.tooltip for binding in bindings)
