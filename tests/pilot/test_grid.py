"""The grid as the operator sees it and drives it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.geometry import Region
from textual.pilot import Pilot

from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.filters import parse_filter
from widgets.grid import Grid


@dataclass(frozen=True)
class Pod:
    name: str
    status: str = "Running"
    cpu: int | None = 0
    born: float = 0.0
    node: str = "node-1"


COLUMNS: Sequence[Column[Pod]] = (
    Column("NAME", lambda pod, now: Cell(pod.name), lambda pod: pod.name, flexible=True),
    Column("STATUS", lambda pod, now: Cell(pod.status, Tone.BAD), lambda pod: pod.status),
    Column("CPU(cores)", lambda pod, now: Cell(f"{pod.cpu}m"), lambda pod: pod.cpu, right=True, rank=4),
    Column("AGE", lambda pod, now: Cell(f"{now - pod.born:.0f}s"), lambda pod: -pod.born, rank=3),
    Column("NODE", lambda pod, now: Cell(pod.node), lambda pod: pod.node, rank=5),
)


class Host(App[None]):
    CSS = "Grid { height: 1fr; }"

    def __init__(self, rows: Mapping[str, Pod]) -> None:
        super().__init__()
        self.now = 100.0
        self.rows = dict(rows)
        self.grid: Grid[Pod] = Grid(COLUMNS, clock=lambda: self.now)
        self.said: list[Any] = []

    def compose(self) -> ComposeResult:
        yield self.grid

    def on_mount(self) -> None:
        self.grid.update_rows(self.rows, self.rows.keys())
        self.grid.focus()

    def on_grid_row_chosen(self, event: Grid.RowChosen) -> None:
        self.said.append(("chosen", event.key, event.row))

    def on_grid_sort_changed(self, event: Grid.SortChanged) -> None:
        self.said.append(("sorted", event.heading, event.reverse))

    def put(self, *pods: Pod, gone: Collection[str] = ()) -> None:
        """What a flush tick does."""
        for pod in pods:
            self.rows[pod.name] = pod
        for key in gone:
            del self.rows[key]
        self.grid.update_rows(self.rows, {pod.name for pod in pods} | set(gone))

    def screen_lines(self) -> list[str]:
        """The screen as the terminal has it, stale lines included."""
        return [strip.text.rstrip() for strip in self.screen._compositor.render_strips()]

    def names(self) -> list[str]:
        """The first words of the rows on the screen."""
        return [line.split()[0] for line in self.screen_lines()[1:] if line.strip()]

    def cursor_line(self) -> str:
        """The line that stands out by its background."""
        strips = self.screen._compositor.render_strips()
        plain = self.grid.rich_style.bgcolor
        return next(
            strip.text.strip()
            for strip in strips[1:]
            if all(segment.style and segment.style.bgcolor != plain for segment in strip)
        )


def pods(*names: str) -> dict[str, Pod]:
    return {name: Pod(name) for name in names}


def letters(text: str) -> dict[str, Pod]:
    return pods(*text)


async def test_rows_stand_in_columns_below_their_headings() -> None:
    app = Host({"api": Pod("api", "Running", 12), "db": Pod("db", "CrashLoopBackOff", 1234)})
    async with app.run_test(size=(70, 5)) as pilot:
        await pilot.pause()
        assert app.screen_lines()[:3] == [
            "  NAME                    STATUS            CPU(cores)  AGE   NODE",
            "  api                     Running                  12m  100s  node-1",
            "  db                      CrashLoopBackOff       1234m  100s  node-1",
        ]


async def test_a_narrow_window_shows_fewer_columns_and_says_how_many_are_missing() -> None:
    app = Host({"api": Pod("api", "Running", 12)})
    async with app.run_test(size=(30, 4)) as pilot:
        await pilot.pause()
        header, row = app.screen_lines()[:2]
        assert header.split() == ["NAME", "STATUS", "AGE", "+2"]
        assert row.split() == ["api", "Running", "100s"]

        await pilot.press("right", "right", "right")
        assert app.screen_lines()[0].split()[-3:] == ["CPU(cores)", "AGE", "NODE"]
        assert app.screen_lines()[1].split()[-3:] == ["12m", "100s", "node-1"]
        await pilot.press("left", "left", "left", "left")
        assert app.screen_lines()[0] == header


async def test_figures_beside_the_rows_are_shown_and_sorted_by_as_they_change_but_not_filtered_by() -> None:
    figures = {"api": 20, "db": 40}
    aside: Column[Pod] = Column(
        "LOAD", lambda pod, now: Cell(f"{figures[pod.name]}u"), lambda pod: figures[pod.name], aside=True
    )
    app = Host(pods("api", "db"))
    async with app.run_test(size=(70, 5)) as pilot:
        app.grid.set_columns([*COLUMNS, aside], app.rows)
        app.grid.sort_by("LOAD", reverse=True)
        app.grid.set_filter(parse_filter("node-1"))
        await pilot.pause()
        assert app.names() == ["db", "api"]

        figures["api"] = 60
        app.grid.update_aside({"api"})
        await pilot.pause()
        assert app.names() == ["api", "db"]
        assert "60u" in app.screen_lines()[1]

        app.grid.set_filter(parse_filter("60u"))
        assert app.grid.visible_count == 0


async def test_the_cursor_stays_on_its_row_when_rows_come_before_it() -> None:
    app = Host(letters("dfh"))
    async with app.run_test(size=(70, 8)) as pilot:
        await pilot.press("j")
        app.put(*pods("a", "b").values())
        await pilot.pause()

        assert app.grid.cursor_key == "f"
        assert app.cursor_line().startswith("f ")
        assert "f" in app.names()


async def test_the_cursor_stays_at_its_line_when_its_row_goes() -> None:
    app = Host(letters("abcd"))
    async with app.run_test(size=(70, 8)) as pilot:
        await pilot.press("j")
        app.put(gone=["b"])
        await pilot.pause()

        assert app.cursor_line().startswith("c ")
        assert app.grid.cursor_row == Pod("c")


async def test_moving_past_the_window_scrolls_below_a_fixed_header() -> None:
    app = Host(letters("abcdefghijklmnopqrstuvwxyz"))
    async with app.run_test(size=(70, 6)) as pilot:
        await pilot.press("j", "j", "j", "j", "j")
        assert (app.names(), app.screen_lines()[0].split()[0]) == (list("bcdef"), "NAME")
        await pilot.press("ctrl+f")
        assert (app.names(), app.grid.cursor_key) == (list("ghijk"), "k")
        await pilot.press("G")
        assert app.names() == list("vwxyz")
        await pilot.press("g")
        assert app.names() == list("abcde")


async def test_a_sort_key_sorts_by_its_column_and_again_to_reverse() -> None:
    app = Host({"a": Pod("a", cpu=5), "b": Pod("b", cpu=None), "c": Pod("c", cpu=30)})
    async with app.run_test(size=(70, 8)) as pilot:
        await pilot.press("C")
        assert (app.names(), "CPU(cores)↓" in app.screen_lines()[0]) == (["c", "a", "b"], True)
        await pilot.press("C")
        assert (app.names(), "CPU(cores)↑" in app.screen_lines()[0]) == (["a", "c", "b"], True)
        await pilot.press("M")  # there is no such column

        assert app.said == [("sorted", "CPU(cores)", True), ("sorted", "CPU(cores)", False)]


async def test_the_column_that_h_and_l_point_at_is_sorted_by() -> None:
    app = Host({"a": Pod("a", "Running"), "b": Pod("b", "Error")})
    async with app.run_test(size=(70, 8)) as pilot:
        await pilot.press("l", "O")
        assert app.names() == ["b", "a"]
        await pilot.press("h", "O")
        assert app.names() == ["a", "b"]


async def test_a_changed_row_takes_its_new_place_in_the_order() -> None:
    app = Host({name: Pod(name, cpu=cpu) for cpu, name in enumerate("abcdefghijklmnopqrstuvwxyz")})
    async with app.run_test(size=(70, 6)) as pilot:
        await pilot.press("C")
        app.put(Pod("b", cpu=99))
        await pilot.press("g")

        assert app.names()[:2] == ["b", "z"]


async def test_equal_rows_repaint_nothing_and_a_changed_cell_only_its_line() -> None:
    app = Host(letters("abcdef"))
    async with app.run_test(size=(70, 8)) as pilot:
        await pilot.pause()
        painted: list[Region] = []
        refresh = app.grid.refresh

        def record(*regions: Region, **options: Any) -> Any:
            painted.extend(regions or [Region(0, 0, 999, 999)])
            return refresh(*regions, **options)

        app.grid.refresh = record  # type: ignore[method-assign]

        app.put(Pod("b"), Pod("c"))
        assert painted == []
        app.put(Pod("c", "Pending"))
        assert [region.y for region in painted] == [3]
        assert "Pending" in app.screen_lines()[3]


async def test_time_repaints_only_the_ages_that_read_differently() -> None:
    app = Host({"a": Pod("a", born=90.0), "b": Pod("b", born=90.4)})
    async with app.run_test(size=(70, 5)) as pilot:
        await pilot.pause()
        app.now = 100.2
        app.grid.grow_older()
        await pilot.pause()

        assert [line.split()[3] for line in app.screen_lines()[1:3]] == ["10s", "10s"]
        app.now = 101.0
        app.grid.grow_older()
        await pilot.pause()
        assert [line.split()[3] for line in app.screen_lines()[1:3]] == ["11s", "11s"]


async def test_a_column_grows_with_the_ages_in_it() -> None:
    app = Host({"a": Pod("a", born=1.0)})
    async with app.run_test(size=(60, 5)) as pilot:
        await pilot.pause()
        app.now = 123_456.0
        app.grid.grow_older()
        await pilot.pause()

        assert " 123455s " in app.screen_lines()[1]


async def test_a_filter_reads_what_is_printed_but_not_the_ages() -> None:
    app = Host({"api": Pod("api", node="node-7"), "db": Pod("db")})
    async with app.run_test(size=(70, 8)) as pilot:
        app.grid.set_filter(parse_filter("running.*node-7"))
        assert (app.grid.visible_count, app.grid.total_count) == (1, 2)
        await pilot.pause()
        assert app.names() == ["api"]

        app.put(Pod("db", node="node-7"), Pod("api"))
        await pilot.pause()
        assert app.names() == ["db"]

        app.grid.set_filter(parse_filter("100s"))
        assert app.grid.visible_count == 0


async def test_a_mark_is_a_sign_and_a_hidden_mark_is_not_acted_on() -> None:
    app = Host(letters("abc"))
    async with app.run_test(size=(70, 8)) as pilot:
        await pilot.press("space", "j", "j", "space")
        assert [line[:3] for line in app.screen_lines()[1:4]] == ["● a", "  b", "● c"]

        app.grid.set_filter(None, also=lambda row: row.name != "c")
        assert (app.grid.marked, app.grid.visible_marked()) == (frozenset("ac"), ("a",))


async def test_enter_and_a_double_click_choose_the_row() -> None:
    app = Host(letters("abc"))
    async with app.run_test(size=(70, 8)) as pilot:
        await pilot.press("j", "enter")
        await pilot.click(app.grid, offset=(4, 3), times=2)

        assert app.said == [("chosen", "b", Pod("b")), ("chosen", "c", Pod("c"))]


async def test_a_click_on_a_heading_sorts_and_the_wheel_scrolls() -> None:
    app = Host({name: Pod(name, cpu=ord("z") - ord(name)) for name in "abcdefghijklmnopqrstuvwxyz"})
    async with app.run_test(size=(70, 6)) as pilot:
        await pilot.pause()
        column = app.screen_lines()[0].index("CPU")
        await pilot.click(app.grid, offset=(column, 0))
        assert app.said == [("sorted", "CPU(cores)", True)]

        await wheel_down(pilot, app.grid)
        assert app.names() == list("defgh")
        assert app.grid.cursor_key == "a"


async def wheel_down(pilot: Pilot[None], grid: Grid[Pod]) -> None:
    from textual.events import MouseScrollDown

    grid.post_message(MouseScrollDown(grid, 2, 2, 0, 1, 0, False, False, False))
    await pilot.pause()


async def test_muted_words_are_less_bright_than_plain_ones() -> None:
    app = Host({"a": Pod("a"), "b": Pod("b")})
    async with app.run_test(size=(70, 6)) as pilot:
        await pilot.pause()
        header, _, row = app.screen._compositor.render_strips()[:3]
        muted, plain = next(iter(header)).style, next(iter(row)).style
        assert muted and muted.color and muted.color.triplet
        assert plain and plain.color and plain.color.triplet
        assert max(muted.color.triplet) < max(plain.color.triplet)


async def test_an_empty_grid_says_why_in_the_middle() -> None:
    app = Host({})
    async with app.run_test(size=(40, 6)) as pilot:
        app.grid.empty = "denied: ask for the role view"
        await pilot.pause()
        assert app.screen_lines()[3].strip() == "denied: ask for the role view"

        app.put(Pod("a"))
        await pilot.pause()
        assert app.names() == ["a"]


@pytest.mark.parametrize("name", ["[red]x[/]", "a\x1b[31mb", "名前", "a\u202eb"])
async def test_a_name_is_data(name: str) -> None:
    app = Host({"k": Pod(name)})
    async with app.run_test(size=(70, 4)) as pilot:
        await pilot.pause()
        line = app.screen_lines()[1]
        assert not {"\x1b", "\u202e"} & set(line)
        assert line.split()[1:] == ["Running", "0m", "100s", "node-1"]
        if name.isprintable():
            assert line.split()[0] == name


async def test_other_columns_keep_cursor_marks_and_order_where_the_rows_are_the_same() -> None:
    app = Host({"a": Pod("a", cpu=1), "b": Pod("b", cpu=2), "c": Pod("c", cpu=3)})
    async with app.run_test(size=(70, 6)) as pilot:
        await pilot.press("C", "j", "space")
        app.grid.set_columns(COLUMNS[:3], app.rows)
        await pilot.pause()
        assert (app.names(), app.grid.cursor_key, app.grid.marked) == (["c", "●", "a"], "b", frozenset("b"))

        app.grid.set_columns(COLUMNS[:2], letters("xyz"))
        await pilot.pause()
        assert (app.names(), app.grid.cursor_key, app.grid.marked) == (["x", "y", "z"], "x", frozenset())


class Around(Host):
    BINDINGS = [Binding("l", "logs", "Logs")]  # noqa: RUF012

    def action_logs(self) -> None:
        self.said.append("logs")


async def test_a_letter_that_means_something_around_the_grid_keeps_that_meaning() -> None:
    app = Around(letters("ab"))
    async with app.run_test(size=(70, 6)) as pilot:
        await pilot.press("l")

        assert app.said == ["logs"]


def test_every_key_has_an_id_a_description_and_a_tooltip() -> None:
    bindings = [binding for binding in Grid.BINDINGS if isinstance(binding, Binding)]

    assert len(bindings) == len(Grid.BINDINGS) > 0
    assert all(binding.id and binding.description and binding.tooltip for binding in bindings)
