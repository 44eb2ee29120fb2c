"""Counts the templates of a log buffer's lines as they come, each block of lines by its first."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from aurora_tui.logbuffer import LogBuffer
from aurora_tui.model.templates import Templates
from widgets.tailfold import Folds


class TemplateCount:
    """Each line is counted once; what the buffer drops later stays counted."""

    def __init__(self, buffer: LogBuffer, folds: Folds) -> None:
        self._buffer = buffer
        self._folds = folds
        self._high = buffer.first
        self.templates = Templates()

    @property
    def left(self) -> int:
        """Lines that are still to be counted."""
        return max(self._folds.high - max(self._high, self._buffer.first), 0)

    def take(self, most: int | None = None) -> int:
        """Count `most` lines, or all that are left; returns how many were looked at."""
        start = max(self._high, self._buffer.first)
        stop = max(self._folds.high, start)
        stop = stop if most is None else min(stop, start + most)
        self._count(range(start, stop))
        self._high = stop
        return stop - start

    def prepended(self, count: int) -> None:
        """Older lines came before the first; see `LogBuffer`."""
        first = self._buffer.first
        self._high = max(self._high, first + count)
        self._count(range(first, first + count))

    def inserted(self, places: Sequence[int]) -> None:
        """Late lines came in between; see `LogBuffer`."""
        known = bisect_left(places, self._high)
        self._high += known
        self._count(place + index for index, place in enumerate(places[:known]))

    def _count(self, seqs: Iterable[int]) -> None:
        head, buffer = self._folds.head, self._buffer
        self.templates.add(buffer[seq] for seq in seqs if head(seq) == seq)
