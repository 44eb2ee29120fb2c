"""The critical path: which part of which span the whole request waited for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aurora_tui.model.traces import Span

Section = tuple[int, int]
"""From and to, in nanoseconds since the epoch."""


def waits_for(span: Span) -> bool:
    """Whether the caller waited for a span: not for one that only follows, nor for what a queue delivered."""
    return not span.follows and span.kind != "consumer"


def critical_path(
    spans: Sequence[Span], children: Mapping[int, Sequence[int]], root: int
) -> dict[int, tuple[Section, ...]]:
    """The sections of the spans (by index) on the critical path of `root`, each span's in the order of time.

    Backwards from the root's end: the child that finished last was waited for from its end to its beginning, and so
    was its own last child; before it the child that finished last until then. What no child covers was the span's
    own. It is the algorithm of Jaeger's UI (``CriticalPath/index.tsx``): what reaches beyond its parent is cut to it,
    what lies outside is left out. The sections cover the root's duration once.
    """
    found: dict[int, list[Section]] = {}
    top = spans[root]
    stack = [_Frame(root, top.begin, top.end, _waited(spans, children.get(root, ()), top.begin, top.end))]
    while stack:
        frame = stack[-1]
        inner = frame.next_child()
        if inner is None:
            _note(found, frame.index, frame.begin, frame.until)
            stack.pop()
            if stack:
                stack[-1].until = frame.begin
            continue
        begin, end, index = inner
        _note(found, frame.index, end, frame.until)
        frame.until = end
        stack.append(_Frame(index, begin, end, _waited(spans, children.get(index, ()), begin, end)))
    return {index: tuple(reversed(sections)) for index, sections in found.items()}


class _Frame:
    """A span on the way back from its end; `until` is how far it is gone through."""

    def __init__(self, index: int, begin: int, end: int, children: list[tuple[int, int, int]]) -> None:
        self.index = index
        self.begin = begin
        self.until = end
        self._children = children

    def next_child(self) -> tuple[int, int, int] | None:
        """The child (begin, end, index) that finished last, no later than `until`; each is given once."""
        while self._children:
            child = self._children.pop()
            if child[1] <= self.until:
                return child
        return None


def _waited(spans: Sequence[Span], children: Sequence[int], begin: int, end: int) -> list[tuple[int, int, int]]:
    """The children that were waited for, cut to their parent, the one that finished last at the end."""
    found = []
    for index in children:
        span = spans[index]
        first, last = max(span.begin, begin), min(span.end, end)
        if waits_for(span) and first < last:
            found.append((first, last, index))
    found.sort(key=lambda child: (child[1], -child[0]))
    return found


def _note(found: dict[int, list[Section]], index: int, begin: int, end: int) -> None:
    if begin < end:
        found.setdefault(index, []).append((begin, end))
