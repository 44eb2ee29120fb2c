"""The virtual table: the keys and clicks that move in it, sort it, mark rows and choose one."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from textual import events
from textual.binding import BindingType

from widgets.gridkeys import GRID_KEYS, first_heading, is_taken
from widgets.gridlook import GRID_CSS, STYLES
from widgets.gridmessage import GridMessage
from widgets.gridview import GridView

T = TypeVar("T")


class Grid(GridView[T]):
    """A table of `T`, driven by the operator."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"grid--{name}" for name in STYLES}
    DEFAULT_CSS = GRID_CSS
    BINDINGS: ClassVar[list[BindingType]] = [*GRID_KEYS]

    class RowChosen(GridMessage):
        """The operator pressed Enter on a row or clicked it twice."""

        def __init__(self, grid: Grid[Any], key: str, row: Any) -> None:
            super().__init__(grid)
            self.key = key
            self.row = row

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
        self._state.mark()
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
