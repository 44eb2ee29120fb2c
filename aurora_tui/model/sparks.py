"""Small pictures made of characters: sparklines and bars, in block elements."""

from __future__ import annotations

from collections.abc import Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(levels: Sequence[float | None], width: int | None = None) -> str:
    """Levels 0..1 (clipped), oldest first, as one character each; a missing one (None) leaves a gap.

    With a `width` smaller than their number several share a character, which shows the highest of
    them: a short spike is never averaged away. The newest stands at the right end.
    """
    if width is not None and len(levels) > width:
        count = len(levels)
        levels = [_highest(levels[i * count // width : (i + 1) * count // width]) for i in range(width)]
    text = "".join(" " if level is None else _BLOCKS[_step(level, len(_BLOCKS))] for level in levels)
    return text if width is None else text.rjust(width)


def chart(levels: Sequence[float | None], half: int = 3) -> list[str]:
    """Levels 0..1 (clipped) as columns, oldest first, with a line drawn at 0.5: `half` rows above it and below.

    A column that crosses the line hides it there, so that what is beyond it is seen at a glance; a
    level that is not known (None) leaves its column empty but for the line.
    """
    full, line = _BLOCKS[-1], "┄"
    rows = []
    for row in range(half, -half - 1, -1):
        if row == 0:
            rows.append("".join(full if level is not None and level > 0.5 else line for level in levels))
            continue
        floor = (row - 1 if row > 0 else row) / (2 * half) + 0.5
        rows.append("".join(_cell(level, floor, 1 / (2 * half)) for level in levels))
    return rows


def bar(share: float, width: int = 6) -> str:
    """A share 0..1 (clipped) as a filled bar; anything above nothing fills at least one cell."""
    filled = round(min(max(share, 0.0), 1.0) * width)
    if share > 0:
        filled = max(filled, 1)
    return "█" * filled + "░" * (width - filled)


def _cell(level: float | None, floor: float, height: float) -> str:
    """What a column shows in the row that stands on `floor`; nothing that is there stays unseen."""
    if level is None or (level <= floor and floor > 0):
        return " "
    return _BLOCKS[_step(max(level - floor, 0.0) / height, len(_BLOCKS))]


def _highest(levels: Sequence[float | None]) -> float | None:
    return max((level for level in levels if level is not None), default=None)


def _step(level: float, steps: int) -> int:
    return min(int(min(max(level, 0.0), 1.0) * steps), steps - 1)
