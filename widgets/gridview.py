"""The virtual table as it is shown: rows of the store, sorted and filtered, with a cursor that keeps to its row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Generic, TypeVar

from textual.strip import Strip

from aurora_tui.model.columns import Column
from aurora_tui.model.filters import Filter
from widgets.gridcells import GridCells
from widgets.gridkeys import heaviest_first
from widgets.gridlook import Look, read_look
from widgets.gridmessage import GridMessage
from widgets.gridpaint import GridPainter
from widgets.gridstate import GridState
from widgets.lineview import LineView

T = TypeVar("T")


class GridView(LineView, Generic[T]):
    """What `Grid` shows, without the keys: a table of `T` that stays cheap with ten thousand rows.

    It repaints the cells that differ and nothing else; the cursor keeps to its row's key (`GridState`).
    """

    class RowHighlighted(GridMessage, namespace="grid"):
        """The cursor stands on another row; `key` is None where there is none."""

        def __init__(self, grid: GridView[Any], key: str | None) -> None:
            super().__init__(grid)
            self.key = key

    class SortChanged(GridMessage, namespace="grid"):
        """The rows stand in another order."""

        def __init__(self, grid: GridView[Any], heading: str, reverse: bool) -> None:
            super().__init__(grid)
            self.heading = heading
            self.reverse = reverse

    def __init__(
        self,
        columns: Sequence[Column[T]],
        *,
        clock: Callable[[], float],
        identity: Callable[[T], object] = lambda row: None,
        empty: str = "",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(empty=empty, id=id, classes=classes)
        self._clock = clock
        self._state: GridState[T] = GridState(identity)
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

    def row(self, key: str) -> T | None:
        """A row by its key, as it is shown."""
        return self._state.rows.rows.get(key)

    def visible_rows(self) -> list[T]:
        """The rows that the filter leaves, in the order shown."""
        rows = self._state.rows
        return [rows.rows[key] for key in rows.visible]

    @property
    def visible_count(self) -> int:
        """Rows that the filter leaves."""
        return self._state.count

    def shows(self, keys: Collection[str]) -> bool:
        """Whether a row of these is in the window."""
        return any(key in keys for key in self._state.window)

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
        self.replace(columns, rows, self._sort)

    def replace(self, columns: Sequence[Column[T]], rows: Mapping[str, T], sort: tuple[str, bool] | None) -> None:
        """The same in an order of their own, as in `sorted_by`."""
        self._take_columns(columns)
        column = self._column_named(sort[0]) if sort else None
        self._sort = sort if column else None
        if self.cursor_key not in rows:
            self._state.forget_aim()
        reverse = bool(self._sort and self._sort[1])
        self._change(lambda: self._state.rows.replace(rows, column.sort if column else None, reverse))

    def update_rows(self, rows: Mapping[str, T], changed: Collection[str]) -> None:
        """Take what happened to the changed keys (added, changed, or removed: no longer in `rows`)."""
        if changed:
            self._cells.forget(changed)
            self._change(lambda: self._state.rows.merge(rows, changed))

    def update_aside(self, changed: Collection[str]) -> None:
        """Take that what stands beside these rows (`Column.aside`) changed, but not they themselves."""
        self._cells.forget_printed(changed)
        column = self._column_named(self._sort[0]) if self._sort else None
        if column is not None and column.aside:
            self._change(self._state.rows.reorder)
        else:
            self.repaint()

    def tick(self) -> None:
        """A second went by: let columns that have long been too wide shrink, and prepare for a filter."""
        rows, widths = self._state.rows.rows, self._painter.widths
        self._state.settled = self._state.settled or bool(rows)
        before = widths.wanted
        widths.settle(self._cells.widths(self._state.window))
        if widths.wanted != before:
            self.repaint()
        if self._cells.is_behind(rows):
            # The few that changed since are read when the focus goes to where a filter is typed.
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
        self._state.sought = None
        self._change(lambda: self._state.rows.sort(column.sort, reverse))
        self.post_message(self.SortChanged(self, heading, reverse))

    def set_filter(
        self,
        parsed: Filter | None,
        *,
        also: Callable[[T], bool] | None = None,
        labels: Callable[[T], Mapping[str, str]] | None = None,
        narrows: bool = False,
    ) -> None:
        """Show the rows that pass; a filter reads the row as printed, without ages, and its `labels`.

        `also` must let it pass, too. `narrows` where no row passes that did not before: the others are not looked at.
        """
        shown, clock = self._state.rows, self._clock
        self._state.sought = None
        if not parsed and also is None:
            self._change(lambda: shown.filter(None))
            return

        def labels_of(key: str) -> Mapping[str, str]:
            return labels(shown.rows[key]) if labels is not None else {}

        def sieve(keys: Sequence[str]) -> list[str]:
            # The cells of the columns that are shown when a row is looked at, which may be other ones by then.
            cells, rows = self._cells, shown.rows
            if also is not None:
                keys = [key for key in keys if also(rows[key])]
            if not parsed:
                return list(keys)
            cells.read(rows, keys, clock)
            return parsed.sift(keys, cells.texts, cells.folded, labels_of)

        self._change(lambda: shown.filter(sieve, narrows=narrows))

    def try_again(self) -> bool:
        """Try unchanged rows on the filter, which may read the time; whether any is shown or hidden for it."""
        shown = self._state.rows
        turned = shown.turned()
        if turned:
            self._change(lambda: shown.merge(shown.rows, turned))
        return bool(turned)

    def move_to(self, key: str) -> None:
        """Put the cursor on a row; nothing happens where it is not visible."""
        index = self._state.rows.index(key)
        if index is not None:
            self._move(lambda: self._state.go(index))

    def seek(self, key: str | None) -> None:
        """The same, or when it comes, unless the operator does something else before; None: it will not come."""
        if key != self._state.sought:
            self._move(lambda: self._state.seek(key))

    def prefer_first(self) -> None:
        """Put the cursor on the first row, unless it is there or the operator did anything here."""
        if self._state.is_adrift:
            self._move(self._state.to_first)

    def scroll_rows(self, rows: int) -> None:
        self._move(lambda: self._state.scroll(rows))

    def scroll_sideways(self, steps: int) -> None:
        self._painter.step(steps, self.size.width)
        self.repaint()

    def prepare(self) -> None:
        state = self._state
        page = max(self.size.height - 1, 0)
        state.fit(page)
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
