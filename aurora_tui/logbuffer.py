"""The lines of a log, bounded in number and bytes, each at a sequence number that it keeps."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from math import inf
from sys import getsizeof
from typing import Protocol
from weakref import WeakSet

from aurora_tui.model.loglines import LogLine

LONGEST_LINE = 32_768
"""Characters kept of one line: a JSON line with a long stack trace is still whole."""
_LEAST_BYTES, _BYTES_A_LINE = 64 * 1024 * 1024, 400
"""Memory for the texts of any buffer, and for each line of a big one."""
_SLACK = 4096
"""Dropped slots that are tolerated at the head of the list before it is moved up."""


class Reader(Protocol):
    """Holds on to sequence numbers, and is told at once of what append and drop alone never do to them."""

    def prepended(self, count: int) -> None:
        """The first `count` lines of the buffer are new; what had these numbers was dropped long ago."""

    def inserted(self, places: Sequence[int]) -> None:
        """Late lines came in between, before the lines that had the numbers `places` (sorted, one for each line).

        The line that had the number ``seq`` has ``moved(seq, places)`` now, and new line ``i`` has ``places[i] + i``.
        """


def moved(seq: int, places: Sequence[int]) -> int:
    """The number that a line has after lines were inserted at `places`."""
    return seq + bisect_right(places, seq)


class LogBuffer:
    """Appends at the end and drops at the head; `dropped` counts what was lost to the bounds.

    A line's sequence number never changes while lines are appended, prepended and dropped: a reader holds on to it.
    Only where late lines are inserted do those after them move up, of which each `Reader` is told at once.
    Lines stand at ``first <= seq < end``. All calls are made on the event loop.
    """

    def __init__(self, capacity_lines: int = 50_000, capacity_bytes: int | None = None) -> None:
        self.capacity_lines = capacity_lines
        self.capacity_bytes = (
            max(_LEAST_BYTES, capacity_lines * _BYTES_A_LINE) if capacity_bytes is None else capacity_bytes
        )
        """Memory that the texts may take."""
        self.first = 0
        """Sequence number of the oldest line that is still held; below 0 where older lines were prepended."""
        self.dropped = 0
        """Lines dropped from the head."""
        self.version = 0
        """Grows with each change."""
        self._readers: WeakSet[Reader] = WeakSet()
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
        return [line for line in self._lines[low:high] if line is not None]

    def attach(self, reader: Reader) -> None:
        """Tell a reader from now on of lines that come before others; it is not kept alive by that."""
        self._readers.add(reader)

    def detach(self, reader: Reader) -> None:
        """Tell a reader no longer."""
        self._readers.discard(reader)

    def append(self, lines: Iterable[LogLine]) -> None:
        """Add lines at the end; a line over `LONGEST_LINE` is kept cut, with its true length said."""
        taken = [line if len(line.text) <= LONGEST_LINE else _bounded(line) for line in lines]
        self._lines += taken
        self._bytes += sum([getsizeof(line.text) for line in taken])
        self.version += 1
        self._shrink()

    def prepend(self, lines: Iterable[LogLine]) -> int:
        """Add older lines before the first, the newest of them and as many as the bounds leave room for.

        Nothing is dropped for them. Returns how many were taken.
        """
        taken: list[LogLine] = []
        for line in map(_bounded, reversed(list(lines))):
            size = getsizeof(line.text)
            if len(self) + len(taken) >= self.capacity_lines or self._bytes + size > self.capacity_bytes:
                break
            taken.append(line)
            self._bytes += size
        count = len(taken)
        if count:
            free = max(self._head - count, 0)
            self._lines[free : self._head] = reversed(taken)
            self._head = free
            self.first -= count
            self.version += 1
            for reader in self._readers:
                reader.prepended(count)
        return count

    def insert(self, lines: Iterable[LogLine]) -> None:
        """Add late lines, each after the last line whose stamp is not greater; one without a stamp comes last."""
        late = sorted(map(_bounded, lines), key=_stamp)
        if not late:
            return
        places: list[int] = []
        at = len(self._lines)
        for line in reversed(late):
            while at > self._head and not _not_after(self._lines[at - 1], line):
                at -= 1
            places.append(self.first + at - self._head)
        places.reverse()
        start = places[0] - self.first + self._head
        old, self._lines[start:] = self._lines[start:], []
        taken = 0
        for place, line in zip(places, late, strict=True):
            upto = place - places[0]
            self._lines += old[taken:upto]
            self._lines.append(line)
            self._bytes += getsizeof(line.text)
            taken = upto
        self._lines += old[taken:]
        self.version += 1
        for reader in self._readers:
            reader.inserted(places)
        self._shrink()

    def _shrink(self) -> None:
        excess = len(self) - self.capacity_lines
        if excess > 0:
            self._drop_oldest(excess)
        while self._bytes > self.capacity_bytes and len(self) > 1:
            self._drop_oldest(1)
        if self._head > _SLACK and self._head * 2 > len(self._lines):
            del self._lines[: self._head]
            self._head = 0

    def _drop_oldest(self, count: int) -> None:
        upto = self._head + count
        self._bytes -= sum([getsizeof(line.text) for line in self._lines[self._head : upto] if line is not None])
        self._lines[self._head : upto] = [None] * count
        self._head = upto
        self.first += count
        self.dropped += count


def _bounded(line: LogLine) -> LogLine:
    if len(line.text) <= LONGEST_LINE:
        return line
    return LogLine(line.stamp, line.origin, line.container, _cut(line.text))


def _stamp(line: LogLine) -> float:
    return inf if line.stamp is None else line.stamp


def _not_after(line: LogLine | None, late: LogLine) -> bool:
    """Whether a late line may stand behind a line: one without a stamp, only behind the last."""
    if late.stamp is None:
        return True
    return line is not None and line.stamp is not None and line.stamp <= late.stamp


def _cut(text: str) -> str:
    size = len(text.encode("utf-8", "replace"))
    return f"{text[:LONGEST_LINE]}… {_bytes_in_words(size)} in all"


def _bytes_in_words(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
