"""Which lines of a log buffer are shown, hit or erroneous: sorted sequence numbers, kept as lines come and go."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Protocol

from aurora_tui.logbuffer import LogBuffer
from aurora_tui.model.filters import Filter, fold
from aurora_tui.model.loglines import LogLine, is_error

Find = Callable[[Sequence[LogLine]], list[int]]
"""Says which of some lines pass, by their place."""

_BLOCK = 2048
"""Lines that are searched as one text: a search of the whole costs less than one for each line."""
_MAY_FAIL = re.compile(r"err|fatal|panic|crit|severe|alert|emerg|traceback|exception in|^[ef]\d{4} |[56]0", re.MULTILINE)
_PAIR = re.compile(r"([\w.@-]+)=\"?([^\"\s]+)\"?")


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
        self._taken = buffer.first
        self.take()

    def __len__(self) -> int:
        return len(self._seqs) - self._head

    def __getitem__(self, index: int) -> int:
        return self._seqs[self._head + index]

    def place(self, seq: int) -> int:
        return bisect_left(self._seqs, seq, self._head) - self._head

    def take(self) -> None:
        buffer = self._buffer
        start = max(self._taken, buffer.first)
        while start < buffer.end:
            stop = min(start + _BLOCK, buffer.end)
            found = self._find(buffer.span(start, stop))
            self._seqs.extend([start + place for place in found])
            start = stop
        self._taken = buffer.end
        self._head = bisect_left(self._seqs, buffer.first, self._head)
        if self._head * 2 > len(self._seqs):
            del self._seqs[: self._head]
            self._head = 0


def finder(parsed: Filter) -> Find:
    """Search lines for a filter; a plain text is looked for in the whole block at once.

    JSON lines are shown as ``key=value``, and found by it. ``-l`` selects by ``pod`` and ``container``.
    """
    if parsed.literal is None or not parsed:
        return lambda lines: [
            place
            for place, line in enumerate(lines)
            if parsed.matches(line.text, {"pod": line.origin, "container": line.container})
        ]
    needle, folds, inverse = parsed.literal, parsed.folds, parsed.inverse
    pair = _PAIR.fullmatch(needle)
    as_json = None
    if pair:
        key = re.escape(pair[1].rpartition(".")[2])
        as_json = re.compile(rf'"(?:[\w@-]+\.)*{key}"[ \t]*:[ \t]*"?{re.escape(pair[2])}')

    def find(lines: Sequence[LogLine]) -> list[int]:
        text = "\n".join([line.text for line in lines])
        if folds:
            text = fold(text)
        offsets = _offsets(text, needle)
        if as_json is not None:
            offsets += [match.start() for match in as_json.finditer(text)]
        if not offsets:
            return list(range(len(lines))) if inverse else []
        starts = list(accumulate((len(line.text) + 1 for line in lines), initial=0))
        found = {bisect_right(starts, offset) - 1 for offset in offsets}
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
    may_fail = _MAY_FAIL.search
    return [place for place, line in enumerate(lines) if may_fail(line.text.lower()) and is_error(line.text)]


def _offsets(text: str, needle: str) -> list[int]:
    offsets: list[int] = []
    find = text.find
    place = find(needle)
    while place >= 0:
        offsets.append(place)
        end = find("\n", place)
        place = find(needle, end) if end >= 0 else -1
    return offsets
