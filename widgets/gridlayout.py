"""Where a grid's columns stand: widths that follow the content, and what a narrow window gives up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from aurora_tui.model.columns import Column
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.text import cell_width

GUTTER = 2
"""Cells before the first column: the mark and a space."""
GAP = 2
EDGE = 2
"""Cells after the last column: room for its sort arrow and for the scroll thumb."""
HIDDEN_NOTE = 4
"""Cells that "+12" takes at the end of the header."""
_FLEXIBLE_LEAST = 20
_YIELDS_TO = 16
"""Cells to which a column is cut before another one is given up for it."""
_SHRINK_AFTER = 10
"""Seconds (ticks) that a column must have been too wide before it shrinks."""


class Slot(Frozen):
    """A column that is shown: its index, the cell that it starts at, and its width."""

    index: int
    x: int
    width: int


class Layout(Frozen):
    """The columns that are shown, from left to right."""

    slots: tuple[Slot, ...]
    hidden: int
    """How many columns the window is too narrow for."""
    width: int
    """Cells of a line, which may be more than the window has."""

    def slot(self, index: int) -> Slot | None:
        return next((slot for slot in self.slots if slot.index == index), None)

    def slot_at(self, x: int) -> Slot | None:
        """The column that covers a cell, with the gap behind it."""
        return next((slot for slot in self.slots if slot.x <= x < slot.x + slot.width + GAP), None)


class Widths:
    """The widths that the content has asked for: they grow at once and shrink late, so columns don't dance."""

    def __init__(self, columns: Sequence[Column[Any]]) -> None:
        self._headings = [cell_width(column.heading) for column in columns]
        self.wanted = tuple(self._headings)
        self._spare = [0] * len(columns)

    def grow(self, rows: Iterable[Sequence[int]]) -> None:
        """Make room for rows of cell widths."""
        self.wanted = self._most(self.wanted, rows)

    def settle(self, rows: Iterable[Sequence[int]]) -> None:
        """Once a second, with the rows in sight: give up what has not been needed for a while."""
        needed = self._most(self._headings, rows)
        widths = list(self.wanted)
        for index, need in enumerate(needed):
            self._spare[index] = self._spare[index] + 1 if need < widths[index] else 0
            if self._spare[index] >= _SHRINK_AFTER:
                widths[index] = need
                self._spare[index] = 0
        self.wanted = tuple(widths)

    @staticmethod
    def _most(widths: Sequence[int], rows: Iterable[Sequence[int]]) -> tuple[int, ...]:
        return tuple(map(max, zip(widths, *rows, strict=True)))


def fit(columns: Sequence[Column[Any]], wanted: Sequence[int], room: int, *, keep_all: bool = False) -> Layout:
    """Place the columns in `room` cells.

    Columns are given up by rank, the highest first and from the right, unless `keep_all`. The
    flexible column takes what is left over; the others are kept at the cost of its width only as
    long as it has half of the room.
    """
    widths = list(wanted)
    flexible = next((index for index, column in enumerate(columns) if column.flexible), None)
    if flexible is not None and not keep_all:
        most = _YIELDS_TO if columns[flexible].yields else max(_FLEXIBLE_LEAST, room // 2)
        widths[flexible] = min(widths[flexible], most)
    shown = list(range(len(columns)))
    spare = room - _total(widths, shown)
    while spare < 0 and not keep_all:
        given_up = max(shown, key=lambda index: (columns[index].rank, index), default=None)
        if given_up is None or columns[given_up].rank == 0:
            break
        shown.remove(given_up)
        spare = room - _total(widths, shown) - HIDDEN_NOTE
    if flexible is not None and flexible in shown:
        if spare > 0:
            widths[flexible] += spare
        elif not keep_all:
            widths[flexible] = max(min(widths[flexible], _FLEXIBLE_LEAST), widths[flexible] + spare)
    slots, x = [], GUTTER
    for index in shown:
        slots.append(Slot(index, x, widths[index]))
        x += widths[index] + GAP
    hidden = len(columns) - len(shown)
    return Layout(tuple(slots), hidden, max(x - GAP + EDGE + (HIDDEN_NOTE if hidden else 0), room))


def _total(widths: Sequence[int], shown: Sequence[int]) -> int:
    return GUTTER + sum(widths[index] for index in shown) + GAP * max(len(shown) - 1, 0) + EDGE
