"""Where a line differs from what was painted of it, cell by cell."""

from __future__ import annotations

from rich.style import Style
from textual.strip import Strip

from aurora_tui.model.text import cell_width


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
