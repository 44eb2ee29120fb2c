"""Columns: how an object of the store becomes the cells of a row, for panes and command line alike."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Generic, TypeVar

from aurora_tui.model.frozen import Frozen

T = TypeVar("T")


class Tone(StrEnum):
    """What a cell's colour says; the text always says it too."""

    PLAIN = "plain"
    DIM = "dim"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    ACCENT = "accent"


class Cell(Frozen):
    """One printed value. `text` is raw data: the widget escapes control characters when it paints."""

    text: str
    tone: Tone = Tone.PLAIN


class Column(Frozen, Generic[T]):
    """One column of a table of `T`.

    `cell` gives the printed value at a time (seconds since the epoch, for ages); `sort` a key that
    orders by magnitude, not by text. `rank` says what a narrow screen gives up first: 0 is never
    dropped, higher goes earlier. `wide` marks kubectl's ``-o wide`` columns.
    """

    heading: str
    cell: Callable[[T, float], Cell]
    sort: Callable[[T], Any]
    right: bool = False
    rank: int = 0
    wide: bool = False
    flexible: bool = False
    """Takes the space that is left over (one a table, usually the name or the summary)."""
    yields: bool = False
    """A flexible column that is cut short before another column is given up for it."""
    aside: bool = False
    """Figures of another source, which change without the row: filters do not read them."""
