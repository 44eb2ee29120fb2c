"""What a grid says begins here: a message that knows the grid it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.message import Message

if TYPE_CHECKING:
    from widgets.gridview import GridView


class GridMessage(Message):
    """Base of what a grid says."""

    def __init__(self, grid: GridView[Any]) -> None:
        super().__init__()
        self.grid = grid

    @property
    def control(self) -> GridView[Any]:
        return self.grid
