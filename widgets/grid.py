"""The virtual table: rows of the store with sorting, filtering, marks and a cursor that keeps to its row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from aurora_tui.model.columns import Column
from widgets.gridcells import GridCells
from widgets.gridkeys import GRID_KEYS, first_heading, heaviest_first, is_taken
from widgets.gridlook import GRID_CSS, STYLES, Look, read_look
from widgets.gridpaint import GridPainter
from widgets.gridstate import GridState
from widgets.lineview import LineView

T = TypeVar("T")


class GridMessage(Message):
    """Base of what a grid says."""

    def __init__(self, grid: Grid[Any]) -> None:
        super().__init__()
        self.grid = grid

    @property
    def control(self) -> Grid[Any]:
        return self.grid


class Grid(LineView, Generic[T]):
    """A table of `T` that stays cheap with ten thousand rows.

    It repaints the cells that differ and nothing else; the cursor keeps to its row's key (`GridState`).
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"grid--{name}" for name in STYLES}
    DEFAULT_CSS = GRID_CSS
    BINDINGS: ClassVar[list[BindingType]] = [*GRID_KEYS]

    class RowChosen(GridMessage):
        """The operator pressed Enter on a row or clicked it twice."""

        def __init__(self, grid: Grid[Any], key: str, row: Any) -> None:
            super().__init__(grid)
            self.key = key
            self.row = row

    class RowHighlighted(GridMessage):
        """The cursor stands on another row; `key` is None where there is none."""

        def __init__(self, grid: Grid[Any], key: str | None) -> None:
            super().__init__(grid)
            self.key = key

    class SortChanged(GridMessage):
        """The rows stand in another order."""

        def __init__(self, grid: Grid[Any], heading: str, reverse: bool) -> None:
            super().__init__(grid)
            self.heading = heading
            self.reverse = reverse

    def __init__(
        self,
        columns: Sequence[Column[T]],
        *,
        clock: Callable[[], float],
        empty: str = "",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(empty=empty, id=id, classes=classes)
        self._clock = clock
        self._state: GridState[T] = GridState()
        self._sort: tuple[str, bool] | None = None
        self._look: Look | None = None
        self._take_columns(columns)

    @property
    def columns(self) -> Sequence[Column[T]]:
        return self._columns

    @property
    def cursor_key(self) -> str | None:
        """The key of the row under the cursor."""
        return self._state.cursor_key

    @property
    def cursor_row(self) -> T | None:
        """The row under the cursor, as it is shown."""
        return self._state.cursor_row

    def visible_rows(self) -> list[T]:
        """The rows that the filter leaves, in the order shown."""
        rows = self._state.rows
        return [rows.rows[key] for key in rows.visible]

    @property
    def visible_count(self) -> int:
        """Rows that the filter leaves."""
        return self._state.count

    @property
    def total_count(self) -> int:
        return len(self._state.rows.rows)

    @property
    def marked(self) -> frozenset[str]:
        """Keys of the marked rows, those that the filter hides included."""
        return frozenset(self._state.marked)

    def visible_marked(self) -> tuple[str, ...]:
        """Keys of the marked rows that the filter leaves, in the order shown."""
        return self._state.visible_marked()

    def unmark(self) -> None:
        """Take all marks off."""
        if self._state.marked:
            self._state.marked.clear()
            self.repaint()

    @property
    def sorted_by(self) -> tuple[str, bool] | None:
        """The heading that the rows are sorted by and whether in reverse; None: by key."""
        return self._sort

    def set_columns(self, columns: Sequence[Column[T]], rows: Mapping[str, T]) -> None:
        """Show other columns and rows. Sort order, cursor and marks stay where they still mean something."""
        self._take_columns(columns)
        column = self._column_named(self._sort[0]) if self._sort else None
        if column is None:
            self._sort = None
        if self.cursor_key not in rows:
            self._state.settled = False
        reverse = bool(self._sort and self._sort[1])
        self._change(lambda: self._state.rows.replace(rows, column.sort if column else None, reverse))

    def update_rows(self, rows: Mapping[str, T], changed: Collection[str]) -> None:
        """Take what happened to the changed keys (added, changed, or removed: no longer in `rows`)."""
        if changed:
            self._cells.forget(changed)
            self._change(lambda: self._state.rows.merge(rows, changed))

    def tick(self) -> None:
        """A second went by: let columns that have long been too wide shrink, and prepare for a filter."""
        rows, widths = self._state.rows.rows, self._painter.widths
        self._state.settled = self._state.settled or bool(rows)
        before = widths.wanted
        widths.settle(self._cells.widths(self._state.window))
        if widths.wanted != before:
            self.repaint()
        self._cells.read_ahead(rows, self._clock)

    def grow_older(self) -> None:
        """Print ages anew."""
        self._cells.renew(self._state.rows.rows, self._state.window, self._clock())
        self._painter.widths.grow(self._cells.widths(self._state.window))
        self.repaint()

    def sort_by(self, heading: str, reverse: bool | None = None) -> None:
        """Sort by a column; `reverse` None turns the order of the sorted one. KeyError where there is none such."""
        column = self._column_named(heading)
        if column is None:
            raise KeyError(heading)
        if reverse is None:
            reverse = not self._sort[1] if self._sort and self._sort[0] == heading else heaviest_first(heading)
        self._sort = (heading, reverse)
        self._change(lambda: self._state.rows.sort(column.sort, reverse))
        self.post_message(self.SortChanged(self, heading, reverse))

    def set_filter(self, predicate: Callable[[str, T], bool] | None, *, narrows: bool = False) -> None:
        """Show the rows that pass; the predicate gets the row as printed, without ages, and the row.

        `narrows` where no row passes that did not before: the others are not looked at.
        """
        rows, clock = self._state.rows, self._clock
        if predicate is None:
            self._change(lambda: rows.filter(None))
            return

        def keeps(key: str, row: T) -> bool:
            # The cells of the columns that are shown when a row is looked at, which may be other ones by then.
            return predicate(self._cells.text(key, row, clock), row)

        self._change(lambda: rows.filter(keeps, narrows=narrows))

    def move_to(self, key: str) -> None:
        """Put the cursor on a row; nothing happens where it is not visible."""
        index = self._state.rows.index(key)
        if index is not None:
            self._move(lambda: self._state.go(index))

    def scroll_rows(self, rows: int) -> None:
        self._move(lambda: self._state.scroll(rows))

    def scroll_sideways(self, steps: int) -> None:
        self._painter.step(steps, self.size.width)
        self.repaint()

    def prepare(self) -> None:
        state = self._state
        page = max(self.size.height - 1, 0)
        if page != state.page:
            state.page = page
            if state.settled:
                state.go(state.cursor)
        fresh = self._cells.print(state.rows.rows, state.window, self._clock())
        self._painter.widths.grow(self._cells.widths(fresh))
        if self._look is None:
            self._look = read_look(self)
        if self._painter.begin(self.size.width, self._look, page):
            self._cells.keep(state.window)

    def extent(self) -> tuple[int, int, int]:
        return self._state.top, self._state.page, self._state.count

    def line(self, y: int) -> Strip:
        painter, state, width = self._painter, self._state, self.size.width
        if y == 0:
            header = painter.header(self._sort, focused=self.has_focus, width=width)
            return self.with_edge(header, painter.look.header)
        if not state.count:
            return self.empty_line(y - 1, state.page, self.empty)
        index = state.top + y - 1
        if index >= state.count:
            return self.with_edge([], painter.look.base)
        key = state.rows.visible[index]
        cells, thumb = self._cells.printed[key], self.has_thumb(y - 1, state.page)
        marked, under_cursor = key in state.marked, index == state.cursor
        painted_as = (under_cursor, self.has_focus, marked, thumb, cells)
        strip = painter.strip(key, painted_as)
        if strip is None:
            background = painter.background(under_cursor=under_cursor, focused=self.has_focus)
            strip = self.with_edge(painter.row(cells, background, marked=marked, width=width), background, thumb=thumb)
            painter.keep(key, painted_as, strip)
        return strip

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._look = None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "sort":
            return None if first_heading(self._columns, str(parameters[0])) is None else True
        return not (action == "column_by_letter" and is_taken(self, "l"))

    def action_move(self, rows: int) -> None:
        self._move(lambda: self._state.go(self._state.cursor + rows))

    def action_page(self, pages: int) -> None:
        self._move(lambda: self._state.turn(pages))

    def action_first(self) -> None:
        self._move(lambda: self._state.go(0))

    def action_last(self) -> None:
        self._move(lambda: self._state.go(self._state.count - 1))

    def action_column(self, steps: int) -> None:
        self.scroll_sideways(steps)

    def action_column_by_letter(self, steps: int) -> None:
        self.scroll_sideways(steps)

    def action_choose(self) -> None:
        key, row = self.cursor_key, self.cursor_row
        if key is not None and row is not None:
            self.post_message(self.RowChosen(self, key, row))

    def action_mark(self) -> None:
        if self.cursor_key is not None:
            self._state.marked ^= {self.cursor_key}
            self._state.settled = True
            self.repaint()

    def action_sort(self, heading: str) -> None:
        column = first_heading(self._columns, heading)
        if column is not None:
            self.sort_by(column)

    def action_sort_here(self) -> None:
        if self._columns:
            self.sort_by(self._columns[self._painter.column].heading)

    def _on_blur(self, event: events.Blur) -> None:
        self._read_ahead()  # the focus may have gone to where a filter is typed

    async def _on_click(self, event: events.Click) -> None:
        event.stop()
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if offset.y == 0:
            column = self._painter.column_at(offset.x)
            if column is not None:
                self.sort_by(column.heading)
            return
        index = self._state.top + offset.y - 1
        if index < self._state.count:
            self._move(lambda: self._state.go(index))
            if event.chain == 2:
                self.action_choose()

    def _read_ahead(self) -> None:
        if self._cells.read_ahead(self._state.rows.rows, self._clock):
            self.call_later(self._read_ahead)

    def _take_columns(self, columns: Sequence[Column[T]]) -> None:
        self._columns = tuple(columns)
        self._cells: GridCells[T] = GridCells(self._columns)
        self._painter = GridPainter(self._columns)

    def _column_named(self, heading: str) -> Column[T] | None:
        return next((column for column in self._columns if column.heading == heading), None)

    def _change(self, change: Callable[[], None]) -> None:
        """Change what is shown; the operator's place is found again."""
        self._move(lambda: self._state.change(change))

    def _move(self, move: Callable[[], None]) -> None:
        before = self.cursor_key
        move()
        self.repaint()
        if self.cursor_key != before:
            self.post_message(self.RowHighlighted(self, self.cursor_key))
