"""A trace as lines of a waterfall: who called whom on the left, when it ran on the right, in plain ASCII."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from aurora_tui.model.frozen import Frozen
from aurora_tui.model.text import cell_width, clip, printable
from aurora_tui.model.traces import duration_words
from aurora_tui.model.tracetree import Node, Tree

RUNS, CRITICAL, OUTSIDE = "=", "#", " "
FAILED, CAUSE, MOVED, ORPHAN = "!", "!!", "~", "?"
LEGEND = (
    f"{RUNS} ran  {CRITICAL} critical  {FAILED} failed  {CAUSE} failed first  "
    f"{MOVED} clock skew  {ORPHAN} caller missing"
)
_DURATION, _MARKS = 7, 3
_DEEPEST = 24
"""Cells that the indent takes at most: what lies deeper is told by its depth."""


class Layout(Frozen):
    """The cells of a line: name, marks and duration, and the bars' width."""

    name: int
    bars: int


def layout(width: int) -> Layout:
    """How a line of so many cells is divided: the bars get at most half of it."""
    rest = max(width - _MARKS - _DURATION - 5, 12)
    bars = max(min(rest // 2, 100), 6)
    return Layout(rest - bars, bars)


class Row(Frozen):
    """A line in its parts, each as wide as the layout says."""

    name: str
    marks: str
    duration: str
    bar: str

    def __str__(self) -> str:
        return f"{self.name} {self.marks} {self.duration} |{self.bar}|"


def visible(tree: Tree, folded: Collection[int]) -> list[int]:
    """The places of the nodes that no folded one hides."""
    found = []
    place = 0
    while place < len(tree.nodes):
        found.append(place)
        place += tree.nodes[place].size if place in folded else 1
    return found


def row(tree: Tree, node: Node, at: Layout, *, folded: bool = False) -> Row:
    """The line of a node."""
    sign = "+ " if folded else "- " if node.size > 1 else "  "
    deep = 2 * node.depth
    indent = " " * deep if deep <= _DEEPEST else f"{node.depth:>{_DEEPEST}}"
    more = f" (+{node.size - 1})" if folded else ""
    name = clip(printable(f"{indent}{sign}{node.span.service or '?'} {node.span.operation}"), at.name - len(more))
    return Row(
        _padded(name + more, at.name),
        marks(node).ljust(_MARKS),
        duration_words(node.span.duration).rjust(_DURATION),
        bar(tree, node, at.bars),
    )


def marks(node: Node) -> str:
    """What of a node stands out, by its signs."""
    failed = (CAUSE if node.cause else FAILED) if node.span.failed else ""
    return failed + (MOVED if node.moved else "") + (ORPHAN if node.orphan else "")


def bar(tree: Tree, node: Node, width: int) -> str:
    """When a node ran, and in which cells the whole request waited for it."""
    first, last = _cells(tree, node.span.begin, node.span.end, width)
    cells = [OUTSIDE] * first + [RUNS] * (last - first) + [OUTSIDE] * (width - last)
    for begin, end in node.critical:
        low, high = _cells(tree, begin, end, width)
        cells[low:high] = [CRITICAL] * (high - low)
    return "".join(cells)


def _cells(tree: Tree, begin: int, end: int, width: int) -> tuple[int, int]:
    """The cells from one time to another: at least one, within the bar."""
    whole = max(tree.duration, 1)
    first = min((begin - tree.begin) * width // whole, width - 1)
    last = -((tree.begin - end) * width // whole)
    return first, max(min(last, width), first + 1)


def axis(tree: Tree, width: int) -> str:
    """The times under the bars: begin, middle and end of the trace, as far as there is room."""
    whole = duration_words(tree.duration)
    half = duration_words(tree.duration / 2)
    if width < len(whole) + len(half) + 8:
        return f"0{whole:>{max(width - 1, len(whole))}}"[-width:]
    left = f"0{half:>{width // 2 - 1 + len(half) // 2}}"
    return f"{left}{whole:>{width - len(left)}}"


def heading(at: Layout, tree: Tree) -> str:
    """The line over the waterfall."""
    return f"{_padded('SERVICE OPERATION', at.name)} {' ' * _MARKS} {'TIME':>{_DURATION}} |{axis(tree, at.bars)}|"


def told(tree: Tree) -> str:
    """The trace in one line: how long, how many spans, what failed, who took part."""
    parts = [duration_words(tree.duration), f"{len(tree.nodes):,} {'span' if len(tree.nodes) == 1 else 'spans'}"]
    if tree.errors:
        parts.append(f"{tree.errors:,} failed")
    missing = sum(node.orphan for node in tree.nodes)
    if missing:
        parts.append(f"{missing:,} without their caller: the trace is not whole")
    if any(node.moved for node in tree.nodes):
        parts.append("clocks differ")
    return " · ".join(parts)


def lines(tree: Tree, width: int) -> Iterator[str]:
    """The whole waterfall as text, for a terminal of so many columns."""
    at = layout(width)
    yield heading(at, tree)
    for node in tree.nodes:
        yield str(row(tree, node, at)).rstrip()


def critical_summary(tree: Tree, most: int = 3) -> Sequence[tuple[Node, int]]:
    """The nodes that the request waited for longest, with for how long (nanoseconds), the longest first."""
    waits = [(node, sum(end - begin for begin, end in node.critical)) for node in tree.nodes if node.critical]
    return sorted(waits, key=lambda each: -each[1])[:most]


def _padded(text: str, cells: int) -> str:
    return text + " " * (cells - cell_width(text))
