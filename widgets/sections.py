"""Rows under headings with a cursor that keeps to its row: the lists of the triage screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from aurora_tui.model.columns import Cell, Tone
from aurora_tui.model.text import cell_width, clip, printable
from aurora_tui.model.triage import TriageRow, TriageSection
from widgets.gridlook import GRID_CSS, STYLES, Look, read_look
from widgets.gridpaint import Run, merge
from widgets.lineview import LineView
from widgets.pane import pane_binding

Entry = TriageSection | TriageRow | str
"""A heading, a row, or what is said in place of rows."""
_WRAPPED = 3
"""Lines that a row may take where there is room."""


class Sections(LineView):
    """Sections one below the other; only rows can be stood on."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"grid--{name}" for name in STYLES}
    DEFAULT_CSS = GRID_CSS.replace("Grid {", "Sections {")
    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding(
            "enter", "choose", "Open", "To what the line is about, or the mitigation's preview", id="sections.choose"
        ),
        pane_binding("j,down", "move(1)", "Down", "To the next line", id="sections.down", show=False),
        pane_binding("k,up", "move(-1)", "Up", "To the line before", id="sections.up", show=False),
        pane_binding("g,home", "go(0)", "First", "To the first line", id="sections.first", show=False),
        pane_binding("G,end", "go(-1)", "Last", "To the last line", id="sections.last", show=False),
        pane_binding("ctrl+f,pagedown", "page(1)", "Page down", "One window down", id="sections.page_down", show=False),
        pane_binding("ctrl+b,pageup", "page(-1)", "Page up", "One window up", id="sections.page_up", show=False),
    ]

    class Chosen(Message):
        """The operator wants to go where a row leads."""

        def __init__(self, row: TriageRow) -> None:
            super().__init__()
            self.row = row

    class Moved(Message):
        """The cursor stands on another row, or the row reads differently."""

    def __init__(self, *, id: str) -> None:
        super().__init__(empty="", id=id)
        self._entries: list[Entry] = []
        self._key = ""
        """Of the row that the cursor keeps to; empty until there is one."""
        self._lines: list[tuple[int, tuple[Cell, ...]]] = []
        """Of each line the entry that it belongs to, and what of it stands there."""
        self._top = 0
        self._look: Look | None = None

    @property
    def row(self) -> TriageRow | None:
        """The row under the cursor."""
        place = self._place
        entry = self._entries[place] if place is not None else None
        return entry if isinstance(entry, TriageRow) else None

    def show(self, sections: Sequence[TriageSection]) -> None:
        """Show these; the cursor stays on its row while that is there, else as near as can be."""
        before = self._place
        entries: list[Entry] = []
        for section in sections:
            entries.append(section)
            entries += section.rows or ([section.empty] if section.empty else [])
        self._entries = entries
        if self._place is None:
            rows = self._rows()
            near = min(rows, key=lambda place: abs(place - (before or 0)), default=None)
            self._stand(near)
        self._lay_out()
        self.repaint()
        self.post_message(self.Moved())

    def extent(self) -> tuple[int, int, int]:
        return self._top, self.size.height, len(self._lines)

    def prepare(self) -> None:
        if self._look is None:
            self._look = read_look(self)
        self._top = max(0, min(self._top, len(self._lines) - self.size.height))

    def _lay_out(self) -> None:
        """Give each row as many lines as it needs, from the top on as long as there is room for more than one each."""
        room = max(self.size.height - len(self._entries), 0)
        self._lines = []
        for at, entry in enumerate(self._entries):
            parts: list[tuple[Cell, ...]] = [()]
            if isinstance(entry, TriageRow):
                parts = wrapped(entry, self.size.width - 3, 1 + min(room, _WRAPPED - 1))
            self._lines += [(at, part) for part in parts]
            room -= len(parts) - 1
        self._reveal()

    def line(self, y: int) -> Strip:
        look = self._look
        assert look is not None, "prepare() comes first"
        index = self._top + y
        if index >= len(self._lines):
            return self.with_edge([], look.base)
        at, cells = self._lines[index]
        entry = self._entries[at]
        thumb = self.has_thumb(y, self.size.height)
        if isinstance(entry, TriageSection):
            runs: list[Run] = [(f" {entry.name}", look.header)]
            if entry.remark:
                runs.append((f"  {printable(entry.remark)}", look.header + look.tones[Tone.WARN]))
            return self.with_edge(merge(runs), look.header, thumb=thumb)
        if isinstance(entry, str):
            return self.with_edge(
                [Segment(f"   {printable(entry)}", look.base + look.tones[Tone.DIM])], look.base, thumb=thumb
            )
        begins = not index or self._lines[index - 1][0] != at
        return self._painted_row(cells, entry.indent + (0 if begins else 2), at == self._place, thumb=thumb)

    def _painted_row(self, cells: Sequence[Cell], indent: int, here: bool, *, thumb: bool) -> Strip:
        look = self._look
        assert look is not None
        base = look.base if not here else look.cursor if self.has_focus else look.cursor_blurred
        solid = base is look.cursor
        runs: list[Run] = [(" " * (2 + indent), base)]
        for cell in cells:
            runs.append((cell.text, base if solid or cell.tone is Tone.PLAIN else base + look.tones[cell.tone]))
            runs.append((" ", base))
        return self.with_edge(merge(runs), base, thumb=thumb)

    def scroll_rows(self, rows: int) -> None:
        self._top += rows
        self.repaint()

    def scroll_sideways(self, steps: int) -> None:
        """Lines are cut: what has no room stands below in whole."""

    def action_choose(self) -> None:
        if (row := self.row) is not None:
            self.post_message(self.Chosen(row))

    def action_move(self, step: int) -> None:
        rows, place = self._rows(), self._place
        if not rows:
            return
        at = rows.index(place) if place in rows else 0
        self._go(rows[max(0, min(at + step, len(rows) - 1))])

    def action_go(self, place: int) -> None:
        if rows := self._rows():
            self._go(rows[place])

    def action_page(self, step: int) -> None:
        rows, place = self._rows(), self._place or 0
        wanted = place + step * max(1, self.size.height - 1)
        if rows:
            self._go(min(rows, key=lambda each: abs(each - wanted)))

    def on_focus(self) -> None:
        self._redress()

    def on_blur(self) -> None:
        self._redress()

    def on_resize(self) -> None:
        self._lay_out()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._redress()

    def on_click(self, event: events.Click) -> None:
        index = self._top + event.y
        at = self._lines[index][0] if 0 <= index < len(self._lines) else None
        if at is not None and isinstance(self._entries[at], TriageRow):
            self._go(at)
            if event.chain > 1:
                self.action_choose()

    @property
    def _place(self) -> int | None:
        """The line of the cursor."""
        return next(
            (at for at, each in enumerate(self._entries) if isinstance(each, TriageRow) and each.key == self._key), None
        )

    def _rows(self) -> list[int]:
        return [at for at, each in enumerate(self._entries) if isinstance(each, TriageRow)]

    def _stand(self, place: int | None) -> None:
        entry = self._entries[place] if place is not None else None
        self._key = entry.key if isinstance(entry, TriageRow) else ""

    def _go(self, place: int) -> None:
        self._stand(place)
        self._reveal()
        self.repaint()
        self.post_message(self.Moved())

    def _reveal(self) -> None:
        """Scroll as far as the cursor needs it; with the first row of a section its heading is seen as well."""
        place, height = self._place, self.size.height
        lines = [index for index, (at, _) in enumerate(self._lines) if at == place]
        if place is None or not height or not lines:
            return
        heading = bool(place) and isinstance(self._entries[place - 1], TriageSection)
        self._top = max(self._top, lines[-1] - height + 1)
        self._top = min(self._top, lines[0] - heading)

    def _redress(self) -> None:
        self._look = None
        self.repaint()


def wrapped(row: TriageRow, width: int, most: int) -> list[tuple[Cell, ...]]:
    """A row's cells in as many lines as they need, `most` at most: what does not go into these ends with an ellipsis.

    Words are kept whole where that can be.
    """
    lines: list[tuple[Cell, ...]] = []
    line: list[Cell] = []
    used = row.indent
    for cell in row.cells:
        words = printable(cell.text).split(" ") if cell.text else []
        text = ""
        for word in words:
            longer = f"{text} {word}" if text else word
            last = len(lines) + 1 >= most
            if used + cell_width(longer) > width and (text or line) and not last:
                lines.append((*line, *((Cell(text, cell.tone),) if text else ())))
                line, text, used = [], word, row.indent + 2
            else:
                text = longer
        if text:
            line.append(Cell(text, cell.tone))
            used += cell_width(text) + 1
    return [*lines, _cut(line, width - row.indent - (2 if lines else 0))]


def _cut(cells: Sequence[Cell], room: int) -> tuple[Cell, ...]:
    """Cells with a blank between them in one line: where they do not go into it, it ends with an ellipsis."""
    if sum(cell_width(cell.text) + 1 for cell in cells) - 1 <= room:
        return tuple(cells)
    kept: list[Cell] = []
    for cell in cells:
        width = cell_width(cell.text)
        if width + 2 > room:
            kept.append(Cell(clip(f"{cell.text}  ", room), cell.tone))
            break
        kept.append(cell)
        room -= width + 1
    return tuple(kept)
