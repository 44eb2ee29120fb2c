"""Sends the terminal the cells that differ and no others."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from rich.color import ColorSystem
from rich.console import Console, RenderableType
from rich.control import Control
from rich.style import Style
from textual._compositor import ChopsUpdate
from textual.strip import Strip

from aurora_tui.model.text import cell_width

_RESET = "\x1b[0m"


class ExactUpdate(ChopsUpdate):
    """Textual's update of parts of the screen, cut to those parts on both sides, each style said once for neighbours.

    Textual's own begins at the left edge of each widget that a part belongs to, and says the style of every segment;
    over a slow line that is most of it.
    """

    def render_segments(self, console: Console) -> str:
        system = console._color_system or ColorSystem.TRUECOLOR
        written: list[str] = []
        now = ""
        for start, y, part in self._parts():
            written.append(Control.move_to(start, y).segment.text)
            for text, style, _ in part:
                wanted = _codes(style, system) if style is not None else ""
                if style is not None and style.link:
                    written += [_RESET if now else "", Strip.render_style(style, text, system)]
                    now = ""
                    continue
                if wanted != now:
                    written += [_RESET if now else "", f"\x1b[{wanted}m" if wanted else ""]
                    now = wanted
                written.append(text)
        if now:
            written.append(_RESET)
        return "".join(written)

    def _parts(self) -> Iterator[tuple[int, int, Strip]]:
        """Where on the screen what is to be written, without what is not."""
        for y, left, right in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is not None and x < right and end > left:
                    start, stop = max(left, x), min(right, end)
                    yield start, y, strip if (start, stop) == (x, end) else strip.crop(start - x, stop - x)


@lru_cache(maxsize=4096)
def _codes(style: Style, system: ColorSystem) -> str:
    """The parameters of the style's SGR sequence; empty for the terminal's own style."""
    return Strip.render_ansi(style, system)


def exact(renderable: RenderableType | None) -> RenderableType | None:
    """The same update of the screen, cut to what it is for; everything else as it is."""
    if type(renderable) is ChopsUpdate:
        return ExactUpdate(renderable.chops, renderable.spans, renderable.chop_ends)
    return renderable


def differing_spans(old: Strip | None, new: Strip) -> list[tuple[int, int]]:
    """From where to where `new` differs from `old`, in cells; spans that are near each other are one."""
    if old is new or old == new:
        return []
    width = new.cell_length
    if old is None or old.cell_length != width:
        return [(0, width)]
    before, after = _cells(old), _cells(new)
    spans: list[tuple[int, int]] = []
    for place in [place for place in range(width) if before[place] != after[place]]:
        left, right = _whole(after, place)
        if spans and left - spans[-1][1] <= _NEAR:
            spans[-1] = spans[-1][0], max(right, spans[-1][1])
        else:
            spans.append((left, right))
    return spans


_NEAR = 12
"""Equal cells between two spans that cost less than a move of the cursor and, as it may be, a style."""
_Cell = tuple[str, Style | None]


def _cells(strip: Strip) -> list[_Cell]:
    """What stands in each cell; the cells behind the first of a wide character are empty."""
    cells: list[_Cell] = []
    for text, style, _ in strip:
        if text.isascii():
            cells += [(character, style) for character in text]
            continue
        for character in text:
            width = cell_width(character)
            if width:
                cells += [(character, style), *[("", style)] * (width - 1)]
            elif cells:  # it joins with what stands before it
                cells[-1] = (cells[-1][0] + character, cells[-1][1])
    return cells


def _whole(cells: list[_Cell], place: int) -> tuple[int, int]:
    """The cells of the character that covers a cell."""
    left, right = place, place + 1
    while left and not cells[left][0]:
        left -= 1
    while right < len(cells) and not cells[right][0]:
        right += 1
    return left, right
