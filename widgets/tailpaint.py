"""How a log line looks: sign, time, pod and text, JSON in short, hits highlighted, wrapped or cut."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from zlib import crc32

from rich.cells import chop_cells
from rich.segment import Segment
from rich.style import Style
from textual.widget import Widget

from aurora_tui.model.filters import Filter
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.loglines import LEVEL_WIDTH, Level, LogLine, Summary, level, short_pod_name
from aurora_tui.model.text import cell_width, printable
from widgets.gridpaint import Run, merge
from widgets.lineview import overlay

POD_COLOURS = 5
STYLES = (
    "time",
    "pairs",
    "error",
    "warn",
    "quiet",
    "hit",
    "current",
    "rule",
    *(f"pod-{n}" for n in range(POD_COLOURS)),
)
CURRENT_SIGN, HIT_SIGN = "▸", "•"
_LEAST_TEXT = 8
_MOST_PAIRS = 100
"""Fields of a JSON line that are painted; its page shows all."""

TAIL_CSS = """
Tail {
    .tail--time { color: $text-muted; }
    .tail--pairs { color: $text-muted; }
    .tail--quiet { color: $text-muted; }
    .tail--error { color: $error; }
    .tail--warn { color: $warning; }
    .tail--hit { text-style: reverse; }
    .tail--current { text-style: bold; }
    .tail--rule { color: $accent; }
    .tail--pod-0 { color: $text-primary; }
    .tail--pod-1 { color: $text-secondary; }
    .tail--pod-2 { color: $text-accent; }
    .tail--pod-3 { color: $text-success; }
    .tail--pod-4 { color: $foreground; }
    &:ansi .tail--time { text-style: dim; }
    &:ansi .tail--pairs { text-style: dim; }
    &:ansi .tail--quiet { text-style: dim; }
}
"""


class Look(Frozen):
    """The theme's styles: the plain one, and by name those laid over it."""

    base: Style
    over: Mapping[str, Style]


def read_look(tail: Widget) -> Look:
    """Ask the theme."""
    return Look(tail.rich_style, {name: overlay(tail, f"tail--{name}") for name in STYLES})


class Shape(Frozen):
    """How lines are laid out."""

    width: int
    """Cells of the window, without the thumb's."""
    names: int
    """Cells of the widest pod name; 0 leaves names out."""
    wrap: bool = False
    timestamps: bool = False
    raw: bool = False
    """The text as it is: no sign, name or level, JSON not shortened."""
    shift: int = 0
    """Cells of the text left of the window."""

    @property
    def name_width(self) -> int:
        """Cells for a pod's name: a third of the window at most."""
        return min(self.names, self.width // 3)


class Names:
    """Short names of the pods seen, told apart by container where a pod has more than one.

    `known` is what all names begin with and the reader knows anyway, such as ``aurora-backend-``.
    """

    def __init__(self, known: str = "") -> None:
        self._known = known
        self._seen: set[tuple[str, str]] = set()
        self._several = False
        self.width = 0

    def note(self, lines: Iterable[LogLine]) -> None:
        """Lines came."""
        fresh = {(line.origin, line.container) for line in lines} - self._seen
        if not fresh:
            return
        self._seen |= fresh
        self._several = len(self._seen) > len({origin for origin, _ in self._seen})
        self.width = max(cell_width(self._name(*pair)) for pair in self._seen)

    def of(self, line: LogLine) -> str:
        return self._name(line.origin, line.container)

    def _name(self, origin: str, container: str) -> str:
        name = printable(short_pod_name(origin).removeprefix(self._known))
        return f"{name}/{printable(container)}" if self._several else name


def paint_line(
    line: LogLine,
    name: str,
    shape: Shape,
    look: Look,
    *,
    search: Filter | None,
    sign: str,
    short: Summary | None = None,
    more: int = 0,
    unfolded: bool = False,
) -> list[list[Segment]]:
    """The rows of a line: one, or as many as it takes where lines are wrapped.

    `short` is the line in short where it is a JSON one; `more` lines are folded below it, or stand there `unfolded`.
    """
    prefix = [] if shape.raw else _prefix(line, name, shape, look, sign)
    indent = sum(cell_width(text) for text, _ in prefix)
    base = look.base + look.over["current"] if sign == CURRENT_SIGN else look.base
    body = [(text, base + style) for text, style in _body(line.text, short, shape, look)]
    tail = f" {'▾' if unfolded else '…'} {'' if unfolded else '+'}{more:,} {'line' if more == 1 else 'lines'}"
    folded = [(tail, look.base + look.over["rule"])] if more else []
    return _rows(prefix, indent, _lit(body, search, look), folded, shape, look)


def paint_below(text: str, indent: int, shape: Shape, look: Look, *, search: Filter | None) -> list[list[Segment]]:
    """The rows of an unfolded line, below the line that it belongs to and in from its text."""
    body = _lit([(printable(text), look.base + look.over["pairs"])], search, look)
    return _rows([(" " * indent, look.base)], indent, body, [], shape, look)


def _lit(body: Sequence[Run], search: Filter | None, look: Look) -> Sequence[Run]:
    if not search:
        return body
    return _highlight(body, search.spans("".join(text for text, _ in body)), look.over["hit"])


def _rows(
    prefix: Sequence[Run], indent: int, body: Sequence[Run], end: list[Run], shape: Shape, look: Look
) -> list[list[Segment]]:
    room = max(shape.width - indent, _LEAST_TEXT)
    taken = sum(cell_width(text) for text, _ in end)
    if shape.wrap:
        rows = _wrap([*body, *end], room)
    else:
        rows = [[*_cut(body, shape.shift, max(room - taken, _LEAST_TEXT)), *end]]
    blank = [(" " * indent, look.base)]
    return [merge((*(blank if number else prefix), *row)) for number, row in enumerate(rows)]


def paint_rule(words: str, shape: Shape, look: Look) -> list[Segment]:
    """A mark of the operator's."""
    text = f"──── {words} "
    return [Segment(text + "─" * max(shape.width - cell_width(text), 0), look.base + look.over["rule"])]


def time_of_day(stamp: float) -> str:
    """``14:03:22.123Z``, in UTC as the API server's stamps are."""
    return f"{datetime.fromtimestamp(stamp, UTC):%H:%M:%S.%f}"[:-3] + "Z"


def prefix_width(shape: Shape) -> int:
    """Cells in front of a line's text."""
    return 1 + 14 * shape.timestamps + (shape.name_width + 1 if shape.name_width else 0)


def _prefix(line: LogLine, name: str, shape: Shape, look: Look, sign: str) -> list[Run]:
    runs = [(sign, look.base + look.over["rule"])]
    if shape.timestamps:
        stamp = "" if line.stamp is None else time_of_day(line.stamp)
        runs.append((f"{stamp:14}", look.base + look.over["time"]))
    width = shape.name_width
    if width:
        if cell_width(name) > width:  # what tells pods apart stands at the end
            name = f"…{name[len(name) - width + 1 :]}"
        colour = crc32(line.origin.encode("utf-8", "replace")) % POD_COLOURS
        pad = " " * (width - cell_width(name) + 1)
        runs.append((name + pad, look.base + look.over[f"pod-{colour}"]))
    return runs


def _body(text: str, short: Summary | None, shape: Shape, look: Look) -> list[Run]:
    over, plain = look.over, Style.null()
    if shape.raw:
        return [(printable(text), plain)]
    stated = short.stated if short else level(text)
    tone = plain
    if stated is not None:
        tone = over["error"] if stated.is_error else over["warn"] if stated is Level.WARN else plain
    quiet = stated in (Level.DEBUG, Level.TRACE)
    if short is None:
        return [(printable(text), over["quiet"] if quiet else tone)]
    runs = [(f"{printable(short.level):{LEVEL_WIDTH}} ", over["quiet"] if quiet else tone)] if short.level else []
    runs.append((printable(short.message), over["quiet"] if quiet else plain))
    pairs = " ".join(f"{key}={value}" for key, value in short.pairs[:_MOST_PAIRS])
    if len(short.pairs) > _MOST_PAIRS:
        pairs += f" … +{len(short.pairs) - _MOST_PAIRS:,} fields"
    if pairs:
        runs.append((printable(f"  {pairs}" if short.message else pairs), over["pairs"]))
    return runs


def _highlight(runs: Sequence[Run], spans: Sequence[tuple[int, int]], hit: Style) -> list[Run]:
    cuts = [cut for span in spans for cut in span]
    if not cuts:
        return list(runs)
    lit: list[Run] = []
    start = 0
    for text, style in runs:
        end = start + len(text)
        bounds = [start, *(cut for cut in cuts if start < cut < end), end]
        for low, high in pairwise(bounds):
            inside = any(first <= low < last for first, last in spans)
            lit.append((text[low - start : high - start], style + hit if inside else style))
        start = end
    return lit


def _wrap(runs: Sequence[Run], room: int) -> list[list[Run]]:
    rows, start = [], 0
    for piece in _chop("".join(text for text, _ in runs), room) or [""]:
        rows.append(_slice(runs, start, start + len(piece)))
        start += len(piece)
    return rows


def _cut(runs: Sequence[Run], shift: int, room: int) -> list[Run]:
    text = "".join(text for text, _ in runs)
    start = len(_chop(text[: shift * 4 + 8], shift)[0]) if shift and text else 0
    rest = text[start : start + room * 4 + 8]
    return _slice(runs, start, start + (len(_chop(rest, room)[0]) if rest else 0))


def _chop(text: str, room: int) -> list[str]:
    """Pieces of a text that are as wide as there is room."""
    if text.isascii():
        return [text[start : start + room] for start in range(0, len(text), room)]
    return chop_cells(text, room)


def _slice(runs: Sequence[Run], start: int, stop: int) -> list[Run]:
    taken, at = [], 0
    for text, style in runs:
        piece = text[max(start - at, 0) : max(stop - at, 0)]
        if piece:
            taken.append((piece, style))
        at += len(text)
    return taken
