"""How a grid's header and rows look: cells put in their columns, in as few styled runs as possible."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.text import cell_width, clip, printable
from widgets.gridlayout import EDGE, GUTTER, Layout, Widths, fit
from widgets.gridlook import Look

MARK = "●"
UP, DOWN = "↑", "↓"


class Printed(NamedTuple):
    """A cell as it is printed: safe text, its width in cells, and its tone."""

    text: str
    width: int
    tone: Tone


Run = tuple[str, Style]


def print_cell(cell: Cell) -> Printed:
    """Make a cell fit for the terminal."""
    text = printable(cell.text)
    return Printed(text, cell_width(text), cell.tone)


class GridPainter:
    """Paints rows in columns that fit the window, and keeps what it painted of the rows in sight."""

    def __init__(self, columns: Sequence[Column[Any]]) -> None:
        self._columns = columns
        self.widths = Widths(columns)
        self.column = 0
        """Index of the column that the operator stands on."""
        self._sideways = False
        self._shift = 0
        self._frame: object = None
        self._layout = Layout((), 0, 0)
        self._look: Look | None = None
        self._kept: dict[str, tuple[object, Strip]] = {}

    @property
    def look(self) -> Look:
        assert self._look is not None, "begin() comes first"
        return self._look

    def begin(self, width: int, look: Look, rows: int) -> bool:
        """Before painting a window of `width` cells and `rows` rows; True where what was kept is given up."""
        frame = (self.widths.wanted, width, self._sideways, self._shift, id(look))
        full = len(self._kept) > 4 * rows + 64
        if frame == self._frame and not full:
            return False
        self._look = look
        self._layout = fit(self._columns, self.widths.wanted, width, keep_all=self._sideways)
        self._shift = max(min(self._shift, self._layout.width - width), 0)
        self._frame = (self.widths.wanted, width, self._sideways, self._shift, id(look))
        self._kept.clear()
        return True

    def strip(self, key: str, state: object) -> Strip | None:
        """What was kept of a row, if it was painted in this state."""
        kept = self._kept.get(key)
        return kept[1] if kept and kept[0] == state else None

    def keep(self, key: str, state: object, strip: Strip) -> None:
        self._kept[key] = (state, strip)

    def step(self, steps: int, width: int) -> None:
        """Go to a column further right or left; past the last one come those that had no room."""
        shown = [slot.index for slot in self._layout.slots]
        if not shown:
            return
        place = shown.index(self.column) if self.column in shown else 0
        if place + steps >= len(shown) and self._layout.hidden:
            self._sideways = True
            lost = [index for index in range(len(self._columns)) if index not in shown]
            self.column = next((index for index in lost if index > self.column), lost[0])
        else:
            self.column = shown[max(min(place + steps, len(shown) - 1), 0)]
            self._sideways = self._sideways and self.column != shown[0]
        layout = fit(self._columns, self.widths.wanted, width, keep_all=self._sideways)
        slot = layout.slot(self.column)
        if slot is not None:
            first = slot is layout.slots[0]
            end = slot.x + slot.width + EDGE
            self._shift = 0 if first else min(max(self._shift, end - width), slot.x - GUTTER)

    def column_at(self, x: int) -> Column[Any] | None:
        """The column that covers a cell of the window."""
        slot = self._layout.slot_at(x + self._shift)
        return self._columns[slot.index] if slot else None

    def background(self, *, under_cursor: bool, focused: bool) -> Style:
        if not under_cursor:
            return self.look.base
        return self.look.cursor if focused else self.look.cursor_blurred

    def row(self, cells: Sequence[Printed], background: Style, *, marked: bool, width: int) -> list[Segment]:
        """A row in `width` cells; the strong cursor brings its own text colour for all of it."""
        look, columns = self.look, self._columns
        solid = background is look.cursor
        runs: list[Run] = [
            (f"{MARK} " if marked else "  ", background + look.mark if marked and not solid else background)
        ]
        end = GUTTER
        for slot in self._layout.slots:
            text, cell_cells, tone = cells[slot.index]
            if cell_cells > slot.width:
                text = clip(text, slot.width)
                cell_cells = cell_width(text)
            pad = slot.width - cell_cells
            right = columns[slot.index].right
            runs.append((" " * (slot.x - end + (pad if right else 0)), background))
            runs.append((text, background if solid or tone is Tone.PLAIN else background + look.tones[tone]))
            end = slot.x + slot.width - (0 if right else pad)
        return self._window(merge(runs), width)

    def header(self, sort: tuple[str, bool] | None, *, focused: bool, width: int) -> list[Segment]:
        """The headings, an arrow behind the one that is sorted by, and how many columns had no room."""
        look, columns, layout = self.look, self._columns, self._layout
        runs: list[Run] = []
        end = 0
        for slot in layout.slots:
            text = clip(columns[slot.index].heading, slot.width)
            start = slot.x + (slot.width - cell_width(text) if columns[slot.index].right else 0)
            arrow = (DOWN if sort[1] else UP) if sort and sort[0] == columns[slot.index].heading else ""
            pointed = focused and slot.index == self.column
            runs.append((" " * (start - end), look.header))
            runs.append((text, look.header + look.header_cursor if pointed else look.header))
            runs.append((arrow, look.header))
            end = start + cell_width(text) + len(arrow)
        if layout.hidden:
            note = f"+{layout.hidden}"
            runs.append((" " * max(layout.width - 1 - len(note) - end, 1) + note, look.header))
        return self._window(merge(runs), width)

    def _window(self, segments: list[Segment], width: int) -> list[Segment]:
        if not self._shift and self._layout.width <= width:
            return segments
        return list(Strip(segments).crop(self._shift, self._shift + width - 1))


def merge(runs: Iterable[Run]) -> list[Segment]:
    """Join neighbours of one style; each run costs the terminal some forty bytes of colours."""
    segments: list[Segment] = []
    texts: list[str] = []
    style: Style | None = None
    for text, own in runs:
        if not text:
            continue
        if own is not style and own != style:
            if texts:
                segments.append(Segment("".join(texts), style))
            texts, style = [], own
        texts.append(text)
    if texts:
        segments.append(Segment("".join(texts), style))
    return segments
