"""Which lines of a log buffer are folded below the line that began their stack trace, kept as lines come and go."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from heapq import heappop, heappush

from aurora_tui.logbuffer import LogBuffer, moved
from aurora_tui.model.loglines import LogLine
from aurora_tui.model.stacks import Trace, begins, concerns, goes_on

LONGEST_BLOCK = 500
"""Lines that are folded below one; what goes on still begins the next block."""
_LOOK = 2_000
"""Lines around a late one, or behind older ones, in which the rest of its block is looked for."""

_Stream = tuple[str, str]


class Folds:
    """Each line is looked at once, in the order of its own container's lines, however pods interleave.

    A block is a line and those folded below it, which no list of lines shows on their own. `regrouped`
    collects the sequence numbers whose block changed otherwise than by lines at the end.
    """

    def __init__(self, buffer: LogBuffer, *, folds: bool = True) -> None:
        self._buffer = buffer
        self._folds = folds
        self.high = buffer.first
        """The lines before it were looked at; those from it on do not exist yet for a reader."""
        self.members: list[int] = []
        """The folded lines, sorted; those that the buffer has dropped may still be there."""
        self.regrouped: set[int] = set()
        self._grown: set[int] = set()
        self._head_of: dict[int, int] = {}
        self._blocks: dict[int, list[int]] = {}
        self._heap: list[int] = []
        self._last: dict[_Stream, tuple[int, Trace]] = {}
        """The block that a container's next line may belong to, and what it is in the middle of."""

    @property
    def left(self) -> int:
        """Lines that are still to be looked at."""
        return self._buffer.end - max(self.high, self._buffer.first)

    def head(self, seq: int) -> int:
        """The line that a line is folded below; itself where it is not."""
        return self._head_of.get(seq, seq)

    def heads(self, seqs: Sequence[int]) -> list[int]:
        """The lines that some lines, in order, are folded below, or themselves; each once and in order."""
        return sorted(dict.fromkeys(map(self._head_of.get, seqs, seqs)))

    def block(self, head: int) -> Sequence[int]:
        """The lines folded below one, in order."""
        return self._blocks.get(head, ())

    def drain(self) -> set[int]:
        """The lines below which others came to be folded since the last time."""
        grown, self._grown = self._grown, set()
        return grown

    def take(self, most: int | None = None) -> int:
        """Leave what the buffer dropped, and look at `most` lines of what it gained, or all; returns at how many."""
        buffer = self._buffer
        self._leave()
        self.high = max(self.high, buffer.first)
        stop = buffer.end if most is None or not self._folds else min(buffer.end, self.high + most)
        taken = stop - self.high
        if self._folds:
            self._look(buffer.span(self.high, stop), self.high)
        self.high = stop
        return taken if self._folds else 0

    def prepended(self, count: int) -> None:
        """Older lines came before the first; see `LogBuffer`."""
        buffer = self._buffer
        begin = buffer.first + count
        self._leave(begin)
        if not self._folds:
            return
        self.high = max(self.high, begin)
        later, self._last = self._last, {}
        self._look(buffer.span(buffer.first, begin), buffer.first, appended=False)
        joined = self._join(begin)
        self._last |= {
            stream: (self.head(head), trace) for stream, (head, trace) in later.items() if stream not in joined
        }

    def inserted(self, places: Sequence[int]) -> None:
        """Late lines came in between; see `LogBuffer`. They part no block."""
        self._leave()
        known = bisect_left(places, self.high)
        self.high += known
        if not self._folds:
            return
        start = bisect_left(self.members, places[0])
        heads = [self._head_of.pop(seq) for seq in self.members[start:]]
        self.members[start:] = [moved(seq, places) for seq in self.members[start:]]
        self._head_of.update(zip(self.members[start:], (moved(head, places) for head in heads), strict=True))
        blocks = [(head, self._blocks.pop(head)) for head in dict.fromkeys(heads)]
        self._blocks.update((moved(head, places), [moved(seq, places) for seq in block]) for head, block in blocks)
        self._heap = [head if head < places[0] else moved(head, places) for head in self._heap]
        self._last = {stream: (moved(head, places), trace) for stream, (head, trace) in self._last.items()}
        self.regrouped = {moved(seq, places) for seq in self.regrouped}
        for index, place in enumerate(places[:known]):
            self._place(place + index)

    def _look(self, lines: Sequence[LogLine], start: int, *, appended: bool = True) -> None:
        last = self._last
        for seq, line in enumerate(lines, start):
            stream = (line.origin, line.container)
            text = line.text
            before = last.get(stream)
            sign = text[:1] != "{" and concerns(text)
            if before is not None and (sign or before[1] is not Trace.NONE):
                trace = self._trace_on(text, before)
                if trace is not None:
                    self._fold(seq, before[0], appended=appended)
                    last[stream] = (before[0], trace)
                    continue
            last[stream] = (seq, begins(text) if sign else Trace.NONE)

    def _trace_on(self, text: str, before: tuple[int, Trace]) -> Trace | None:
        head, trace = before
        if head < self._buffer.first or len(self.block(head)) >= LONGEST_BLOCK:
            return None
        return goes_on(text, trace, self._buffer[head].text)

    def _fold(self, seq: int, head: int, *, appended: bool) -> None:
        self._head_of[seq] = head
        self._grown.add(head)
        if head not in self._blocks:
            self._blocks[head] = []
            heappush(self._heap, head)
        if appended:
            self.members.append(seq)
            self._blocks[head].append(seq)
        else:
            insort(self.members, seq)
            insort(self._blocks[head], seq)
            self.regrouped |= {seq, head}

    def _unfold(self, head: int) -> list[int]:
        """Take a block apart; its lines, the first line among them, are then on their own."""
        rest = self._blocks.pop(head, [])
        for seq in rest:
            del self._head_of[seq]
            place = bisect_left(self.members, seq)
            if place < len(self.members) and self.members[place] == seq:
                del self.members[place]
        return rest

    def _leave(self, first: int | None = None) -> None:
        """The lines before `first` were dropped: what is left of a block is folded below the first that is left."""
        first = self._buffer.first if first is None else first
        while self._heap and self._heap[0] < first:
            head = heappop(self._heap)
            rest = [seq for seq in self._unfold(head) if seq >= first]
            for seq in rest[1:]:
                self._fold(seq, rest[0], appended=False)
            if rest:
                self.regrouped.add(rest[0])
                for stream, (last, trace) in self._last.items():
                    if last == head:
                        self._last[stream] = (rest[0], trace)

    def _join(self, begin: int) -> set[_Stream]:
        """Look again at the lines from `begin` on, as far as they go on with what older ones began.

        Returns the containers all of whose lines were looked at again.
        """
        last = self._last
        waiting = set(last)
        loose: dict[_Stream, set[int]] = {stream: set() for stream in last}
        for seq in range(begin, min(begin + _LOOK, self.high)):
            if not waiting:
                break
            line = self._buffer[seq]
            stream = (line.origin, line.container)
            if stream not in waiting or self.head(seq) != seq:  # what is folded below a late line stays there
                continue
            trace = self._trace_on(line.text, last[stream])
            if trace is not None:
                loose[stream].update(self._unfold(seq))
                self._fold(seq, last[stream][0], appended=False)
                last[stream] = (last[stream][0], trace)
            elif seq in loose[stream]:
                last[stream] = (seq, begins(line.text))
            elif seq > max(loose[stream], default=seq - 1):
                waiting.discard(stream)  # from here on all is as it was
            # else it is a late line, which parts no block
        self.regrouped.update(*loose.values())
        return waiting if self.high <= begin + _LOOK else set()

    def _place(self, seq: int) -> None:
        """Fold a late line below the block before it in its container, if it goes on with that."""
        buffer = self._buffer
        line = buffer[seq]
        before = seq - 1
        floor = max(buffer.first, seq - _LOOK)
        while before >= floor and (buffer[before].origin, buffer[before].container) != (line.origin, line.container):
            before -= 1
        if before < floor:
            self._note_last(seq, seq, begins(line.text))
            return
        head = self.head(before)
        trace = begins(buffer[head].text)
        for member in self.block(head):
            if member < seq:
                trace = goes_on(buffer[member].text, trace, buffer[head].text) or trace
        after = self._trace_on(line.text, (head, trace))
        if after is not None:
            self._fold(seq, head, appended=False)
        self._note_last(seq, head if after is not None else seq, after or begins(line.text))

    def _note_last(self, seq: int, head: int, trace: Trace) -> None:
        """A late line that is its container's newest is what the next belongs to."""
        stream = (self._buffer[seq].origin, self._buffer[seq].container)
        last = self._last.get(stream)
        if last is None or max((last[0], *self.block(last[0])[-1:])) <= seq:
            self._last[stream] = (head, trace)
