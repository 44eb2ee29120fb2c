"""What a grid prints of each row: the cells in sight, and the text that filters read, cached until the row changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Generic, TypeVar

from aurora_tui.model.columns import Column
from aurora_tui.model.filters import fold
from widgets.gridpaint import Printed, print_cell

T = TypeVar("T")

_AGES_DIFFER = 10 * 365 * 86_400.0
"""Seconds after which no age reads the same."""
_MAY_BE_AGE = re.compile(r"\d[smhdy]|<invalid>").search
"""What may be an age (``5m``, ``3 (2d4h ago)``) is printed twice to see whether it is one."""
_READ_AHEAD = 400
"""Rows at once whose text is made ready before anyone filters: a few milliseconds."""


class GridCells(Generic[T]):
    """Printed cells and filter texts by key."""

    def __init__(self, columns: Sequence[Column[T]]) -> None:
        self._columns = columns
        self._read = [column for column in columns if not column.aside]
        self.printed: dict[str, tuple[Printed, ...]] = {}
        self.texts: dict[str, str] = {}
        """Rows as they are printed, without what ages and what stands aside: what filters read. Made by `read`."""
        self.folded: dict[str, str] = {}
        """The same in lower case."""

    def print(self, rows: Mapping[str, T], keys: Iterable[str], now: float) -> list[str]:
        """Print the rows that are not printed yet; the answer names them."""
        fresh = [key for key in keys if key not in self.printed]
        for key in fresh:
            self.printed[key] = self._print(rows[key], now)
        return fresh

    def renew(self, rows: Mapping[str, T], keys: Iterable[str], now: float) -> None:
        """Print rows again, as their ages may read differently now."""
        for key in keys:
            cells = self._print(rows[key], now)
            if cells != self.printed.get(key):
                self.printed[key] = cells

    def forget(self, changed: Iterable[str]) -> None:
        """These rows changed or are gone."""
        for key in changed:
            self.printed.pop(key, None)
            self.texts.pop(key, None)
            self.folded.pop(key, None)

    def forget_printed(self, changed: Iterable[str]) -> None:
        """What stands beside these rows changed: they are printed anew, what filters read is as it was."""
        for key in changed:
            self.printed.pop(key, None)

    def keep(self, keys: Collection[str]) -> None:
        """Drop the printed cells of all other rows."""
        self.printed = {key: self.printed[key] for key in keys if key in self.printed}

    def widths(self, keys: Iterable[str]) -> list[list[int]]:
        """The cell widths of printed rows."""
        return [[cell.width for cell in self.printed[key]] for key in keys if key in self.printed]

    def read(self, rows: Mapping[str, T], keys: Iterable[str], clock: Callable[[], float]) -> None:
        """Make the texts of these rows ready."""
        if len(self.texts) < len(rows):
            for key in keys:
                if key not in self.texts:
                    text = self.texts[key] = self._text(rows[key], clock)
                    self.folded[key] = fold(text)

    def is_behind(self, rows: Mapping[str, T]) -> bool:
        """Whether more texts are missing than can be made ready in a moment."""
        return len(rows) - len(self.texts) > _READ_AHEAD

    def read_ahead(self, rows: Mapping[str, T], clock: Callable[[], float]) -> bool:
        """Make some more texts ready, so that the first key of a filter finds them; whether any are missing still."""
        if len(self.texts) == len(rows):
            return False
        missing = (key for key in rows if key not in self.texts)
        self.read(rows, list(islice(missing, _READ_AHEAD)), clock)
        return len(self.texts) < len(rows)

    def _text(self, row: T, clock: Callable[[], float]) -> str:
        now = clock()
        later = now + _AGES_DIFFER
        parts = []
        for column in self._read:
            part = column.cell(row, now).text
            if not _MAY_BE_AGE(part) or part == column.cell(row, later).text:
                parts.append(part)
        return " ".join(parts)

    def _print(self, row: T, now: float) -> tuple[Printed, ...]:
        return tuple(print_cell(column.cell(row, now)) for column in self._columns)
