"""The lines of triage's sections: how many each row gets, and which words stand on which."""

from __future__ import annotations

from textual.app import App, ComposeResult

from aurora_tui.model.columns import Cell
from aurora_tui.model.triage import SectionName, TriageRow, TriageSection
from widgets.sections import Sections
from widgets.triage import TriageScreen

LONG = "one two three four five six seven"
"""Two lines of the twenty cells that there are."""
CUT = "one two three four …"


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
    assert await lines(5, LONG, LONG, LONG) == ["Why", "one two three four", "five six seven", CUT, CUT]


async def test_where_there_is_none_each_row_is_one_line() -> None:
    assert await lines(4, LONG, LONG, LONG) == ["Why", CUT, CUT, CUT]


async def test_a_cell_that_finds_no_room_is_missed_by_an_ellipsis() -> None:
    app = Shown()
    async with app.run_test(size=(23, 2)) as pilot:
        row = TriageRow("row", (Cell("exactly as long"), Cell("four"), Cell("and more")))
        app.query_one(Sections).show([TriageSection(SectionName.WHY, (row,))])
        await pilot.pause()
        assert app.screen._compositor.render_strips()[1].text.strip(" ▐") == "exactly as long fou…"


async def test_where_the_causes_leave_no_room_the_mitigations_stand_before_them() -> None:
    app = Shown()
    async with app.run_test(size=(160, 48)) as pilot:
        triage = TriageScreen("backend", clock=lambda: 0.0)
        await app.push_screen(triage)

        async def order(causes: int) -> list[str]:
            rows = [TriageRow(str(at), (Cell(f"cause {at}"),)) for at in range(causes)]
            mend = TriageRow("mend", (Cell("1. roll back"),))
            triage.show(
                [TriageSection(SectionName.WHY, (*rows,)), TriageSection(SectionName.MITIGATIONS, (mend,))], 0.0
            )
            await pilot.pause()
            text = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
            assert "1. roll back" in text
            return sorted(("Why", "Mitigations"), key=lambda name: text.index(f" {name} "))

        assert await order(5) == ["Why", "Mitigations"]
        assert await order(60) == ["Mitigations", "Why"]
        assert await order(5) == ["Mitigations", "Why"], "it stays where it is"
