"""The templates of a log: what kinds of lines there are, which are new since the onset, and an example of each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static

from aurora_tui.model.template_rows import COLUMNS, TemplateRow, template_rows
from aurora_tui.model.text import printable
from widgets.bars import KeyBar
from widgets.grid import Grid
from widgets.line import Line, Part
from widgets.pane import pane_binding
from widgets.tail import Tail


class TemplatesScreen(ModalScreen[None]):
    """Goes on counting while lines come; Enter shows the lines of the template under the cursor, and no others."""

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("escape,q", "leave", "Back", "Back to the log", id="templates.back"),
    ]
    DEFAULT_CSS = """
    TemplatesScreen { layout: vertical; background: $background; }
    TemplatesScreen > #heading { background: $primary 40%; }
    TemplatesScreen > #onset { background: $primary 40%; }
    TemplatesScreen > Grid { height: 1fr; }
    TemplatesScreen > #example-title { background: $panel; }
    TemplatesScreen > #example { height: 4; padding: 0 1; }
    """

    class Chosen(Message):
        """The operator wants to see the lines of a template alone."""

        def __init__(self, tail: Tail, row: TemplateRow) -> None:
            super().__init__()
            self.tail = tail
            self.row = row

    def __init__(self, tail: Tail, heading: str, *, clock: Callable[[], float]) -> None:
        super().__init__()
        self._tail = tail
        self._heading = heading
        self._known: dict[str, TemplateRow] = {}
        self._title, self._since, self._above = Line(id="heading"), Line(id="onset"), Line(id="example-title")
        self._example = Static("", id="example", markup=False)
        self.grid: Grid[TemplateRow] = Grid(COLUMNS, clock=clock, empty="no lines yet")

    def compose(self) -> ComposeResult:
        yield self._title
        yield self._since
        yield self.grid
        yield self._above
        yield self._example
        yield KeyBar()

    def on_mount(self) -> None:
        self.grid.sort_by("NEW", False)
        self.set_focus(self.grid)

    def flush(self, onset: float | None, why: str) -> None:
        """Take what was counted since; `onset` (seconds since the epoch) comes from an alert, which `why` names.

        Without one the middle of the lines is taken for it.
        """
        templates = self._tail.templates()
        words = f"shortly before {why}"
        if onset is None:
            onset, words = templates.middle(), "the middle of the lines: no alert tells the onset"
        rows = {row.key: row for row in template_rows(templates, onset)}
        changed = {key for key, row in rows.items() if self._known.get(key) != row}
        changed |= self._known.keys() - rows.keys()
        if changed:
            self._known = rows
            self.grid.update_rows(rows, changed)
            self._show_example()
        progress = self._tail.counting
        left = [
            Part(f" Templates of {self._heading}", "strong"),
            Part(f"  {len(rows):,} kinds of {templates.lines:,} lines", "dim"),
        ]
        left += [Part(f"  {progress}", "warn")] if progress else []
        self._title.show(left)
        time = "" if onset is None else f"{datetime.fromtimestamp(onset, UTC):%H:%M:%S}Z"
        if templates.tells_new(onset):
            self._since.show([Part(f" new since {time}: {words}", "dim")])
        else:
            words = f" what is new is not known: no line is from before {time} (l on the alert reads from there on)"
            self._since.show([Part(words, "warn")] if time else [])

    def on_grid_row_highlighted(self, message: Grid.RowHighlighted) -> None:
        self._show_example()

    def on_grid_row_chosen(self, message: Grid.RowChosen) -> None:
        row = self.grid.cursor_row
        if row is not None:
            self.post_message(self.Chosen(self._tail, row))
            self.dismiss()

    def action_leave(self) -> None:
        self.dismiss()

    def _show_example(self) -> None:
        row = self.grid.cursor_row
        title = [Part(" The newest of ", "strong"), Part(row.text)] if row else []
        self._above.show(title)
        self._example.update(printable(row.example[:2_000]) if row else "")
