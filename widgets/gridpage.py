"""A full-screen page with a table, and below it what the row under the cursor holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from aurora_tui.model.columns import Column
from widgets.bars import KeyBar
from widgets.grid import Grid
from widgets.line import Line, Part
from widgets.readfirst import ReadFirst

T = TypeVar("T")


class GridPage(ReadFirst, Generic[T]):
    """What a page has in common: a heading, a remark that is shown where there is one, the rows, and their details."""

    BINDINGS: ClassVar[list[BindingType]] = []
    DEFAULT_CSS = """
    GridPage { layout: vertical; background: $background; }
    GridPage > #heading { background: $primary 40%; }
    GridPage > #trouble { background: $primary 40%; display: none; }
    GridPage > Grid { height: 1fr; }
    GridPage > #details-title { background: $panel; }
    GridPage > VerticalScroll { height: 1fr; padding: 0 2; }
    """

    def __init__(self, columns: Sequence[Column[T]], *, clock: Callable[[], float]) -> None:
        super().__init__()
        self.clock = clock
        self.grid: Grid[T] = Grid(columns, clock=clock, empty="asking the server …")

    def compose(self) -> ComposeResult:
        yield Line(id="heading")
        yield Line(id="trouble")
        yield self.grid
        yield Line(id="details-title")
        yield VerticalScroll(Static("", id="details"), can_focus=False)
        yield KeyBar()

    @property
    def has_rows(self) -> bool:
        return bool(self.grid.visible_count)

    def on_mount(self) -> None:
        self.update_heading()
        self.set_focus(self.grid)

    def heading(self) -> Sequence[Part]:
        """What the page shows."""
        raise NotImplementedError

    def details(self, row: T) -> tuple[Sequence[Part], Sequence[Content]]:
        """The title and the lines below the rows."""
        raise NotImplementedError

    def update_heading(self) -> None:
        self.query_one("#heading", Line).show(self.heading())

    def remark(self, words: str) -> None:
        """Say what keeps something from being known; an empty text takes it away."""
        line = self.query_one("#trouble", Line)
        line.show([Part(f" {words}", "warn")])
        line.display = bool(words)

    def say(self, words: str) -> None:
        """There are no rows: say why."""
        self.grid.empty = words
        self.grid.repaint()
        self.is_read = True

    def update_details(self) -> None:
        row = self.grid.cursor_row
        title, lines = self.details(row) if row is not None else ((), ())
        self.query_one("#details-title", Line).show(title)
        self.query_one("#details", Static).update(Content("\n").join(lines))

    def on_grid_row_highlighted(self, message: Grid.RowHighlighted) -> None:
        self.update_details()

    def action_leave(self) -> None:
        self.dismiss()
