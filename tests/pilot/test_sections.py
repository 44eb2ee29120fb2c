"""The lines of triage's sections: how many each row gets, and which words stand on which."""

from __future__ import annotations

from textual.app import App, ComposeResult

from aurora_tui.model.columns import Cell
from aurora_tui.model.triage import SectionName, TriageRow, TriageSection
from widgets.sections import Sections

LONG = "one two three four five six seven"
"""Two lines of the twenty cells that there are."""


class Shown(App[None]):
    def compose(self) -> ComposeResult:
        yield Sections(id="left")


async def lines(height: int, *texts: str) -> list[str]:
    """What stands on the screen of so many lines with a section of these rows."""
    app = Shown()
    async with app.run_test(size=(23, height)) as pilot:
        rows = tuple(TriageRow(str(at), (Cell(text),)) for at, text in enumerate(texts))
        app.query_one(Sections).show([TriageSection(SectionName.WHY, rows)])
        await pilot.pause()
        shown = app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).strip() for strip in shown]


async def test_rows_get_the_lines_that_they_need_where_there_is_room() -> None:
    assert await lines(6, LONG, "short", LONG) == [
        "Why", "one two three four", "five six seven", "short", "one two three four", "five six seven",
    ]  # fmt: skip


async def test_where_there_is_room_for_some_only_the_upper_ones_get_it_and_none_is_wasted() -> None:
    assert await lines(5, LONG, LONG, LONG) == ["Why", "one two three four", "five six seven", LONG[:20], LONG[:20]]


async def test_where_there_is_none_each_row_is_one_line() -> None:
    assert await lines(4, LONG, LONG, LONG) == ["Why", LONG[:20], LONG[:20], LONG[:20]]
