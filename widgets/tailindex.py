"""Which lines of a log buffer are shown, hit or erroneous: sorted sequence numbers, kept as lines come and go."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from heapq import merge
from itertools import accumulate
from typing import Protocol

from aurora_tui.logbuffer import LogBuffer, moved
from aurora_tui.model.filters import Filter, fold
from aurora_tui.model.loglines import LogLine, is_error

Find = Callable[[Sequence[LogLine]], list[int]]
"""Says which of some lines pass, by their place."""

_BLOCK = 2048
"""Lines that are searched as one text."""
_ERROR_SIGNS = (
    "err", "fatal", "panic", "crit", "severe", "alert", "emerg", "traceback", "exception",
    'level":50', 'level": 50', 'level":60', 'level": 60', "\ne", "\nf",
)  # fmt: skip
"""One of these stands in every line whose level is an error; the last two may begin a klog header."""
_PAIR = re.compile(r"([\w.@\\-]+)=\"?([\w.\\-]+)\"?")


class Lines(Protocol):
    """Some lines of a buffer, in order."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> int:
        """The sequence number at a place."""

    def place(self, seq: int) -> int:
        """The place of the first line at or after `seq`; the length where there is none."""

    def take(self) -> None:
        """Follow what the buffer gained and dropped."""


class AllLines:
    """Every line that the buffer holds."""

    def __init__(self, buffer: LogBuffer) -> None:
        self._buffer = buffer

    def __len__(self) -> int:
        return len(self._buffer)

    def __getitem__(self, index: int) -> int:
        return self._buffer.first + index

    def place(self, seq: int) -> int:
        return min(max(seq - self._buffer.first, 0), len(self))

    def take(self) -> None:
        """The buffer knows."""


class Matches:
    """The lines that pass; each line is looked at once, when it comes."""

    def __init__(self, buffer: LogBuffer, find: Find) -> None:
        self._buffer = buffer
        self._find = find
        self._seqs: list[int] = []
        self._head = 0
        self._low = self._high = buffer.first
        """The lines from one to the other were looked at."""
        buffer.attach(self)
        self.take()

    def __len__(self) -> int:
        return len(self._seqs) - self._head

    def __getitem__(self, index: int) -> int:
        return self._seqs[self._head + index]

    def place(self, seq: int) -> int:
        return bisect_left(self._seqs, seq, self._head) - self._head

    def holds(self, seq: int) -> bool:
        """Whether the line is one of them."""
        place = self.place(seq)
        return place < len(self) and self[place] == seq

    def take(self) -> None:
        buffer = self._buffer
        self._leave(buffer.first)
        while self._high < buffer.end:
            stop = min(self._high + _BLOCK, buffer.end)
            self._seqs += self._found(range(self._high, stop))
            self._high = stop
        if self._low > buffer.first:
            self._seqs[: self._head] = self._found(range(buffer.first, self._low))
            self._low, self._head = buffer.first, 0

    def prepended(self, count: int) -> None:
        self._leave(self._buffer.first + count)

    def inserted(self, places: Sequence[int]) -> None:
        self._leave(self._buffer.first)
        low, high = bisect_right(places, self._low), bisect_left(places, self._high)
        if low < high:
            # Between lines that were looked at: no later look would come by them.
            new = self._found([place + index for index, place in enumerate(places[low:high], low)])
        else:
            low, new = high if self._low == self._high else low, []
        start = bisect_left(self._seqs, places[0], self._head)
        self._seqs[start:] = merge((moved(seq, places) for seq in self._seqs[start:]), new)
        self._low += low
        self._high += high

    def _leave(self, first: int) -> None:
        """The lines before `first` were dropped."""
        self._low, self._high = max(self._low, first), max(self._high, first)
        self._head = bisect_left(self._seqs, first, self._head)
        if self._head * 2 > len(self._seqs):
            del self._seqs[: self._head]
            self._head = 0

    def _found(self, seqs: Sequence[int]) -> list[int]:
        """Those that pass of lines that are held."""
        buffer, found = self._buffer, []
        for start in range(0, len(seqs), _BLOCK):
            some = seqs[start : start + _BLOCK]
            lines = buffer.span(some.start, some.stop) if isinstance(some, range) else [buffer[seq] for seq in some]
            found += [some[place] for place in self._find(lines)]
        return found


def finder(parsed: Filter) -> Find:
    """Search lines for a filter; a plain text is looked for in many lines at once.

    JSON lines are shown as ``key=value``, and found by it. ``-l`` selects by ``pod`` and ``container``.
    """
    needle, folds, inverse = parsed.literal, parsed.folds, parsed.inverse
    pair = _PAIR.fullmatch(parsed.pattern.pattern) if parsed.pattern else None
    key = pair[1].replace("\\", "").rpartition(".")[2] if pair else ""
    said = re.compile(rf'[".]{re.escape(key)}"\s*:\s*"?{pair[2]}').search if pair else None

    def matches(line: LogLine) -> bool:
        return parsed.matches(line.text, {"pod": line.origin, "container": line.container})

    def find(lines: Sequence[LogLine]) -> list[int]:
        if needle is None:
            found = {place for place, line in enumerate(lines) if matches(line) is not inverse}
        if needle is not None or said is not None:
            block = _Block(lines, folds)
            if needle is not None:
                found = block.holding(needle)
            if said is not None:
                found |= {place for place in block.holding(f'{key}"') if said(block.line(place))}
        return [place for place in range(len(lines)) if place not in found] if inverse else sorted(found)

    return find


def both(first: Find, second: Find) -> Find:
    """Lines that pass one and the other."""

    def find(lines: Sequence[LogLine]) -> list[int]:
        places = first(lines)
        return [places[place] for place in second([lines[place] for place in places])]

    return find


def find_errors(lines: Sequence[LogLine]) -> list[int]:
    """Lines that state an error."""
    block = _Block(lines, folds=True)
    suspects = set().union(*(block.holding(sign) for sign in _ERROR_SIGNS))
    return sorted(place for place in suspects if is_error(lines[place].text))


class _Block:
    """Lines as one text: a plain search of it costs a tenth of one search for each line."""

    def __init__(self, lines: Sequence[LogLine], folds: bool) -> None:
        text = "".join([f"\n{line.text}" for line in lines])
        self._text = fold(text) if folds else text
        self._lengths = (len(line.text) + 1 for line in lines)
        self._starts: list[int] = []

    def line(self, place: int) -> str:
        return self._text[self._starts[place] : self._starts[place + 1]]

    def holding(self, needle: str) -> set[int]:
        """The places of the lines that hold the needle."""
        places: set[int] = set()
        offset = self._text.find(needle)
        if offset >= 0 and not self._starts:
            self._starts = list(accumulate(self._lengths, initial=0))
        while offset >= 0:
            place = bisect_right(self._starts, offset) - 1
            places.add(place)
            offset = self._text.find(needle, self._starts[place + 1])
        return places
