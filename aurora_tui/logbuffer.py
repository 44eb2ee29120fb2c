"""The lines of a log, bounded in number and bytes, each at a sequence number that it keeps."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from sys import getsizeof

from aurora_tui.model.loglines import LogLine

LONGEST_LINE = 16_384
"""Characters kept of one line."""
_SLACK = 4096
"""Dropped slots that are tolerated at the head of the list before it is moved up."""


class LogBuffer:
    """Appends at the end and drops at the head; `dropped` counts what was lost to the bounds.

    A line's sequence number never changes: a reader holds on to it while older lines are dropped.
    Lines stand at ``first <= seq < end``. All calls are made on the event loop.
    """

    def __init__(self, capacity_lines: int = 50_000, capacity_bytes: int = 64 * 1024 * 1024) -> None:
        self.capacity_lines = capacity_lines
        self.capacity_bytes = capacity_bytes
        """Memory that the texts may take."""
        self.first = 0
        """Sequence number of the oldest line that is still held."""
        self.dropped = 0
        """Lines dropped from the head."""
        self._lines: list[LogLine | None] = []
        self._head = 0
        self._bytes = 0

    @property
    def end(self) -> int:
        """Sequence number that the next line will get."""
        return self.first + len(self)

    def __len__(self) -> int:
        return len(self._lines) - self._head

    def __getitem__(self, seq: int) -> LogLine:
        """The line at a sequence number; IndexError where it was dropped or has not come yet."""
        if seq < self.first:
            raise IndexError(f"line {seq} was dropped; the oldest is {self.first}")
        line = self._lines[self._head + seq - self.first]
        assert line is not None
        return line

    def span(self, start: int, stop: int) -> list[LogLine]:
        """The lines ``start <= seq < stop`` that are held."""
        low = self._head + max(start, self.first) - self.first
        high = self._head + max(stop, self.first) - self.first
        return [line for line in islice(self._lines, low, high) if line is not None]

    def append(self, lines: Iterable[LogLine]) -> None:
        """Add lines at the end; a line over `LONGEST_LINE` is kept cut, with its true length said."""
        for line in lines:
            if len(line.text) > LONGEST_LINE:
                line = LogLine(line.stamp, line.origin, line.container, _cut(line.text))
            self._lines.append(line)
            self._bytes += getsizeof(line.text)
        excess = len(self) - self.capacity_lines
        while excess > 0 or (self._bytes > self.capacity_bytes and len(self) > 1):
            self._drop_oldest()
            excess -= 1
        if self._head > _SLACK and self._head * 2 > len(self._lines):
            del self._lines[: self._head]
            self._head = 0

    def _drop_oldest(self) -> None:
        line = self._lines[self._head]
        assert line is not None
        self._lines[self._head] = None
        self._bytes -= getsizeof(line.text)
        self._head += 1
        self.first += 1
        self.dropped += 1


def _cut(text: str) -> str:
    size = len(text.encode("utf-8", "replace"))
    return f"{text[:LONGEST_LINE]}… {_bytes_in_words(size)} in all"


def _bytes_in_words(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
