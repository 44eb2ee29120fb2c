"""Which lines of a log buffer are shown, hit or erroneous: sorted sequence numbers, kept as lines come and go."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Protocol

from aurora_tui.logbuffer import LogBuffer, moved
from aurora_tui.model.filters import Filter, fold
from aurora_tui.model.loglines import LogLine, is_error
from widgets.tailfold import Folds

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

    def __iter__(self) -> Iterator[int]:
        """The sequence numbers in order."""

    def __getitem__(self, index: int) -> int:
        """The sequence number at a place."""

    def place(self, seq: int) -> int:
        """The place of the first line at or after `seq`; the length where there is none."""

    def holds(self, seq: int) -> bool:
        """Whether the line is one of them."""


class AllLines:
    """Every line that the buffer holds, without those that are folded below others."""

    def __init__(self, buffer: LogBuffer, folds: Folds) -> None:
        self._buffer = buffer
        self._folds = folds

    def __len__(self) -> int:
        first, members = self._buffer.first, self._folds.members
        return max(self._folds.high - first - (len(members) - bisect_left(members, first)), 0)

    def __iter__(self) -> Iterator[int]:
        head = self._folds.head
        return (seq for seq in range(self._buffer.first, self._folds.high) if head(seq) == seq)

    def __getitem__(self, index: int) -> int:
        first, members = self._buffer.first, self._folds.members
        gone = bisect_left(members, first)
        # Of the members before the line there are as many as stand at or before index places from the first.
        before = bisect_right(
            range(gone, len(members)), first + index, key=lambda place: members[place] - (place - gone)
        )
        return first + index + before

    def place(self, seq: int) -> int:
        first, members = self._buffer.first, self._folds.members
        seq = min(max(seq, first), max(self._folds.high, first))
        return seq - first - (bisect_left(members, seq) - bisect_left(members, first))

    def holds(self, seq: int) -> bool:
        """Whether it is a line that is shown on its own."""
        return self._buffer.first <= seq < self._folds.high and self._folds.head(seq) == seq


class Matches:
    """The lines that pass, by themselves or by a line folded below; each line is looked at once.

    They are looked at from `anchor` on, then from there back, so that what is in sight is known first. With
    `firsts` a block is judged by its first line alone; `within` lets only those pass that it holds itself.
    """

    def __init__(
        self,
        buffer: LogBuffer,
        find: Find,
        folds: Folds,
        *,
        firsts: bool = False,
        within: Matches | None = None,
        anchor: int | None = None,
    ) -> None:
        self._buffer = buffer
        self._find = find
        self._folds = folds
        self._firsts = firsts
        self._within = within
        self._seqs: list[int] = []
        self._head = 0
        anchor = buffer.first if anchor is None else min(max(anchor, buffer.first), max(folds.high, buffer.first))
        self._low = self._high = anchor
        """The lines from one to the other were looked at."""
        self.late: set[int] = set()
        """Those that came to pass although what stands behind them had been looked at."""

    def __len__(self) -> int:
        return len(self._seqs) - self._head

    def __iter__(self) -> Iterator[int]:
        return iter(self._seqs[self._head :])

    def __getitem__(self, index: int) -> int:
        return self._seqs[self._head + index]

    @property
    def left(self) -> int:
        """Lines that are still to be looked at."""
        first, high = self._buffer.first, max(self._folds.high, self._buffer.first)
        return high - max(self._high, first) + max(self._low - first, 0)

    def place(self, seq: int) -> int:
        return bisect_left(self._seqs, seq, self._head) - self._head

    def holds(self, seq: int) -> bool:
        """Whether the line is one of them."""
        place = self.place(seq)
        return place < len(self) and self[place] == seq

    def take(self, most: int | None = None) -> int:
        """Follow what was dropped, and look at `most` lines or all that are left; returns at how many."""
        first, limit = self._buffer.first, max(self._folds.high, self._buffer.first)
        self._leave(first)
        budget = limit - first if most is None else most
        start = budget
        while budget > 0 and self._high < limit:
            stop = min(self._high + min(_BLOCK, budget), limit)
            self._add(self._found(range(self._high, stop)))
            budget -= stop - self._high
            self._high = stop
        while budget > 0 and self._low > first:
            begin = max(self._low - min(_BLOCK, budget), first)
            self._add(self._found(range(begin, self._low)))
            budget -= self._low - begin
            self._low = begin
        return start - budget

    def prepended(self, count: int) -> None:
        """Older lines came before the first; see `LogBuffer`."""
        self._leave(self._buffer.first + count)

    def inserted(self, places: Sequence[int]) -> None:
        """Late lines came in between; see `LogBuffer`."""
        self._leave(self._buffer.first)
        low, high = bisect_right(places, self._low), bisect_left(places, self._high)
        if self._low == self._high:
            low = high
        start = bisect_left(self._seqs, places[0], self._head)
        self._seqs[start:] = [moved(seq, places) for seq in self._seqs[start:]]
        self.late = {moved(seq, places) for seq in self.late}
        self._low += low
        self._high += high
        # Between lines that were looked at: no later look would come by them.
        self._add(self._found([place + index for index, place in enumerate(places[low:high], low)]))

    def regrouped(self, heads: Iterable[int]) -> None:
        """Look again at blocks that changed otherwise than by lines at the end."""
        for head in heads:
            seqs = [head] if self._firsts else [head, *self._folds.block(head)]
            passes = self._folds.head(head) == head and bool(self._find([self._buffer[seq] for seq in seqs]))
            if passes and self._may(head):
                self._add([head])
            elif self.holds(head):
                del self._seqs[self._head + self.place(head)]

    def _may(self, head: int) -> bool:
        return self._within is None or self._within.holds(head)

    def _leave(self, first: int) -> None:
        """The lines before `first` were dropped."""
        self._low, self._high = max(self._low, first), max(self._high, first)
        self._head = bisect_left(self._seqs, first, self._head)
        if self._head * 2 > len(self._seqs):
            del self._seqs[: self._head]
            self._head = 0

    def _found(self, seqs: Sequence[int]) -> list[int]:
        """The lines that are shown on their own and pass, of lines that are held."""
        buffer = self._buffer
        lines = buffer.span(seqs.start, seqs.stop) if isinstance(seqs, range) else [buffer[seq] for seq in seqs]
        passed = [seqs[place] for place in self._find(lines)]
        if self._firsts:
            head = self._folds.head
            found = [seq for seq in passed if head(seq) == seq]
        else:
            found = self._folds.heads(passed)
        within = self._within
        if within is not None:
            return [seq for seq in found if seq >= buffer.first and within.holds(seq)]
        return found[bisect_left(found, buffer.first) :]

    def _add(self, found: list[int]) -> None:
        if not found:
            return
        known = self._seqs
        if not known or found[0] > known[-1]:
            self.late.update(seq for seq in found if self._low <= seq < self._high)
            known += found
            return
        start, stop = bisect_left(known, found[0], self._head), bisect_right(known, found[-1], self._head)
        if start == stop and (found[-1] < self._low or found[0] >= self._high):
            known[start:stop] = found
            return
        old = set(known[start:stop])
        self.late.update(seq for seq in found if self._low <= seq < self._high and seq not in old)
        known[start:stop] = sorted(old.union(found))


def finder(parsed: Filter) -> Find:
    """Search lines for a filter.

    JSON lines are shown as ``key=value``, and found by it. ``-l`` selects by ``pod`` and ``container``.
    """
    folds, inverse = parsed.folds, parsed.inverse
    pair = _PAIR.fullmatch(parsed.pattern.pattern) if parsed.pattern else None
    key = pair[1].replace("\\", "").rpartition(".")[2] if pair else ""
    said = re.compile(rf'[".]{re.escape(key)}"[ \t]*:[ \t]*"?{pair[2]}').match if pair else None

    def find(lines: Sequence[LogLine]) -> list[int]:
        found = _holding(lines, parsed)
        if said is not None:
            pairs = _Block(lines, folds).holding(f'{key}"', lambda text, offset: said(text, offset - 1) is not None)
            found = sorted({*found, *pairs})
        if not inverse:
            return found
        hidden = set(found)
        return [place for place in range(len(lines)) if place not in hidden]

    return find


def _holding(lines: Sequence[LogLine], parsed: Filter) -> list[int]:
    """The places of the lines that a filter matches, before `inverse`; the loops are what a search costs."""
    needle, folds = parsed.literal, parsed.folds
    if needle is not None and folds:
        return [
            place
            for place, line in enumerate(lines)
            if needle in (text.lower() if (text := line.text).isascii() else fold(text))
        ]
    if needle is not None:
        return [place for place, line in enumerate(lines) if needle in line.text]
    if parsed.pattern is not None:
        search = parsed.pattern.search
        return [place for place, line in enumerate(lines) if search(fold(line.text) if folds else line.text)]
    return [
        place
        for place, line in enumerate(lines)
        if parsed.matches(line.text, {"pod": line.origin, "container": line.container}) is not parsed.inverse
    ]


def find_errors(lines: Sequence[LogLine]) -> list[int]:
    """Lines that state an error."""
    block = _Block(lines, folds=True)
    suspects = set[int]().union(*(block.holding(sign) for sign in _ERROR_SIGNS))
    return sorted(place for place in suspects if is_error(lines[place].text))


class _Block:
    """Lines as one text: a plain search of it costs a tenth of one search for each line."""

    def __init__(self, lines: Sequence[LogLine], folds: bool) -> None:
        self._lines = lines
        self._folds = folds
        text = "".join([f"\n{line.text}" for line in lines])
        self._text = fold(text) if folds else text
        self._lengths = (len(line.text) + 1 for line in lines)
        self._starts: list[int] = []

    def holding(self, needle: str, accepts: Callable[[str, int], bool] | None = None) -> list[int]:
        """The places of the lines that hold the needle, where it is accepted by the text and the place in it."""
        text = self._text
        places: list[int] = []
        offset = text.find(needle)
        if offset >= 0 and not self._starts:
            self._starts = list(accumulate(self._lengths, initial=0))
        while offset >= 0:
            if accepts is not None and not accepts(text, offset):
                offset = text.find(needle, offset + 1)
                continue
            place = bisect_right(self._starts, offset) - 1
            places.append(place)
            offset = text.find(needle, self._starts[place + 1])
        return places
