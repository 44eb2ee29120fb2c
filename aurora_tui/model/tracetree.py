"""A trace as a tree: who called whom, what each span did itself, where an error began, what was waited for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aurora_tui.model.criticalpath import Section, critical_path
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.traces import Span, Trace
from aurora_tui.model.traceskew import moves, shifted


class Node(Frozen):
    """A span in the tree; indexes are places in `Tree.nodes`, where a span's descendants follow it."""

    span: Span
    """At the time that it is shown at."""
    parent: int | None
    depth: int
    size: int
    """The span and all below it."""
    own: int
    """Nanoseconds in which none of its children ran."""
    critical: tuple[Section, ...] = ()
    orphan: bool = False
    """It names a parent that the server does not have."""
    moved: int = 0
    """By how many nanoseconds it is shown later than its own clock said."""
    fails_below: bool = False
    """Something below it failed."""

    @property
    def cause(self) -> bool:
        """It failed, and nothing below it did: here the error began."""
        return self.span.failed and not self.fails_below


class Tree(Frozen):
    """The nodes as they are read, from top to bottom; `begin` and `end` in nanoseconds since the epoch."""

    trace: str
    nodes: tuple[Node, ...]
    begin: int
    end: int

    @property
    def duration(self) -> int:
        return self.end - self.begin

    @property
    def services(self) -> tuple[str, ...]:
        """The services that took part, in the order in which they did."""
        return tuple(dict.fromkeys(node.span.service for node in self.nodes))

    @property
    def errors(self) -> int:
        return sum(node.span.failed for node in self.nodes)

    def place(self, span: str) -> int | None:
        """Where a span is, by its id."""
        return next((index for index, node in enumerate(self.nodes) if node.span.id == span), None)


def tree_of(trace: Trace) -> Tree:
    """The tree of a trace. What has no parent here is a root; so is the first of spans that call each other."""
    spans = list(trace.spans)
    parents, children = _families(spans)
    roots = [index for index in range(len(spans)) if index not in parents]
    order, depths = _walk(roots, children)
    if len(order) < len(spans):
        _break_rings(spans, parents, children, roots, order)
        order, depths = _walk(roots, children)
    moved = moves(spans, order, parents)
    spans = [shifted(span, moved.get(index, 0)) for index, span in enumerate(spans)]
    for row in children.values():
        row.sort(key=lambda index: (spans[index].begin, -spans[index].duration, index))
    roots.sort(key=lambda index: (spans[index].begin, -spans[index].duration, index))
    order, depths = _walk(roots, children)
    path = critical_path(spans, children, _main_root(spans, roots)) if spans else {}
    sizes, failing = _below(spans, order, parents)
    places = {index: place for place, index in enumerate(order)}
    nodes = tuple(
        Node(
            span=spans[index],
            parent=places[parents[index]] if index in parents else None,
            depth=depths[index],
            size=sizes[index],
            own=_own(spans[index], [spans[child] for child in children.get(index, ())]),
            critical=path.get(index, ()),
            orphan=index not in parents and bool(spans[index].parent),
            moved=moved.get(index, 0),
            fails_below=index in failing,
        )
        for index in order
    )
    begin = min((span.begin for span in spans), default=0)
    return Tree(trace.id, nodes, begin, max((span.end for span in spans), default=0))


def _families(spans: Sequence[Span]) -> tuple[dict[int, int], dict[int, list[int]]]:
    """The parent of each span that has one here, and the children of each that has any, by their indexes."""
    by_id: dict[str, int] = {}
    for index, span in enumerate(spans):
        by_id.setdefault(span.id, index)
    parents: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    for index, span in enumerate(spans):
        parent = by_id.get(span.parent) if span.parent else None
        if parent is not None and parent != index:
            parents[index] = parent
            children.setdefault(parent, []).append(index)
    return parents, children


def _walk(roots: Sequence[int], children: dict[int, list[int]]) -> tuple[list[int], dict[int, int]]:
    """The indexes below the roots, each after its parent, with their depths; a trace may be deep beyond recursion."""
    order: list[int] = []
    depths: dict[int, int] = dict.fromkeys(roots, 0)
    stack = list(reversed(roots))
    while stack:
        index = stack.pop()
        order.append(index)
        for child in reversed(children.get(index, ())):
            depths[child] = depths[index] + 1
            stack.append(child)
    return order, depths


def _break_rings(
    spans: Sequence[Span],
    parents: dict[int, int],
    children: dict[int, list[int]],
    roots: list[int],
    reached: Iterable[int],
) -> None:
    """Make roots of what no root leads to, until everything is reached."""
    seen = set(reached)
    for index in range(len(spans)):
        if index not in seen:
            children[parents.pop(index)].remove(index)
            roots.append(index)
            seen.update(_walk([index], children)[0])


def _main_root(spans: Sequence[Span], roots: Sequence[int]) -> int:
    """The root whose critical path is the trace's: one that nobody called before one whose caller is missing."""
    return max(roots, key=lambda index: (not spans[index].parent, spans[index].duration))


def _below(
    spans: Sequence[Span], order: Sequence[int], parents: dict[int, int]
) -> tuple[dict[int, int], frozenset[int]]:
    """How many spans each is with all below it, and below which of them something failed."""
    sizes = dict.fromkeys(order, 1)
    failing: set[int] = set()
    for index in reversed(order):
        parent = parents.get(index)
        if parent is not None:
            sizes[parent] += sizes[index]
            if spans[index].failed or index in failing:
                failing.add(parent)
    return sizes, frozenset(failing)


def _own(span: Span, children: Sequence[Span]) -> int:
    """The time of a span that none of its children covers; `children` by their beginning."""
    covered, reach = 0, span.begin
    for child in children:
        first, last = max(child.begin, reach), min(child.end, span.end)
        if first < last:
            covered += last - first
            reach = last
    return span.duration - covered
