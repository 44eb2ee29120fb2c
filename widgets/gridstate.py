"""Where the operator is in a grid: the cursor's row, the first row in the window, the marks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from widgets.gridrows import Rows

T = TypeVar("T")


class GridState(Generic[T]):
    """Keeps the cursor on its row's key, and that row on its line, while rows come, go and change places.

    Until it is `settled` (the operator moved, or a second passed) the cursor stays on the first line
    instead: rows arrive page by page, and nobody has aimed at one yet. A mark stays on its row while that is
    the same by `identity`: the cursor is seen to stand on another one of that key, a mark was set on the first.
    """

    def __init__(self, identity: Callable[[T], object] = lambda row: None) -> None:
        self.rows: Rows[T] = Rows()
        self._identity = identity
        self.marked: set[str] = set()
        self.page = 0
        """How many rows the window shows."""
        self.top = 0
        self.cursor = 0
        self.cursor_key: str | None = None
        self.settled = False
        self.aimed = False
        """Whether the operator did anything here: a second that passed settles the cursor, but nobody chose its row."""
        self.sought: str | None = None
        """The row that the cursor goes to when it comes, unless the operator does something else before."""

    @property
    def count(self) -> int:
        """Rows that the filter leaves."""
        return len(self.rows.visible)

    @property
    def window(self) -> Sequence[str]:
        """The keys in the window."""
        return self.rows.visible[self.top : self.top + self.page]

    @property
    def cursor_row(self) -> T | None:
        return None if self.cursor_key is None else self.rows.rows.get(self.cursor_key)

    def change(self, change: Callable[[], None]) -> None:
        """Apply a change of the rows, their order or the filter, and find the operator's place again.

        Where the cursor's row is gone, the cursor stays at the same line.
        """
        visible = self.rows.visible
        in_view = self.top <= self.cursor < self.top + self.page
        anchor = self.cursor if in_view else min(self.top, len(visible) - 1)
        anchor_key = visible[anchor] if 0 <= anchor < len(visible) else None
        line = anchor - self.top
        rows, identity = self.rows.rows, self._identity
        marked = [(key, identity(rows[key])) for key in self.marked]
        change()
        rows = self.rows.rows
        self.marked = {key for key, marked_as in marked if key in rows and identity(rows[key]) == marked_as}
        sought = self.rows.index(self.sought)
        if sought is not None:
            self.go(sought)
            return
        if not self.settled:
            self.to_first()
            return
        found = self.rows.index(self.cursor_key)
        self._point_at(self.cursor if found is None else found)
        found = self.rows.index(anchor_key)
        if in_view:
            self.top = self.cursor - line
        elif found is not None:
            self.top = found - line
        self.clamp()

    def go(self, index: int) -> None:
        """Put the cursor on a row by its place, and that row into the window."""
        self.aim()
        self._point_at(index)
        self._bring_cursor()

    def seek(self, key: str | None) -> None:
        """Put the cursor on a row now, or when it comes; None: none is waited for any more."""
        self.sought = key
        found = self.rows.index(key)
        if found is not None:
            self.go(found)

    def aim(self) -> None:
        """The operator did something where the cursor is: no row that comes may take it away."""
        self.settled, self.aimed, self.sought = True, True, None

    @property
    def is_adrift(self) -> bool:
        """Whether the cursor is beyond the first row though nobody aimed at one."""
        return not self.aimed and (self.cursor > 0 or self.top > 0)

    def to_first(self) -> None:
        """Put the cursor on the first row; nobody aimed at it."""
        self.top = 0
        self._point_at(0)

    def forget_aim(self) -> None:
        """The cursor's row is another one's: the first line until somebody aims."""
        self.settled = self.aimed = False

    def mark(self) -> None:
        """Mark the cursor's row, or take its mark off."""
        if self.cursor_key is not None:
            self.aim()
            self.marked ^= {self.cursor_key}

    def fit(self, page: int) -> None:
        """The window shows so many rows from now on."""
        if page != self.page:
            self.page = page
            if self.settled:
                self._bring_cursor()

    def scroll(self, rows: int) -> None:
        """Move the window, not the cursor."""
        self.aim()
        self.top += rows
        self.clamp()

    def turn(self, pages: int) -> None:
        """Move window and cursor by whole windows."""
        self.top += pages * self.page
        self.go(self.cursor + pages * self.page)

    def clamp(self) -> None:
        self.top = max(min(self.top, self.count - self.page), 0)

    def visible_marked(self) -> tuple[str, ...]:
        """Keys of the marked rows that the filter leaves, in the order shown."""
        return tuple(key for key in self.rows.visible if key in self.marked) if self.marked else ()

    def _bring_cursor(self) -> None:
        """Move the window as far as the cursor needs."""
        self.top = min(max(self.top, self.cursor - self.page + 1), self.cursor)
        self.clamp()

    def _point_at(self, index: int) -> None:
        self.cursor = max(min(index, self.count - 1), 0)
        self.cursor_key = self.rows.visible[self.cursor] if self.count else None
