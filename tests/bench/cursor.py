"""Where the cursor stands after what a program wrote, without drawing it: what a terminal knows in no time.

The emulator takes up to 25 ms for a full screen. Fed for each question of where the cursor is, it would make the
terminal a slow one, and stamp late what arrives meanwhile.
"""

from __future__ import annotations

import re

from rich.cells import cell_len

FAR = 4096
"""Bytes back within which the last place that was named is looked for."""
_PLACE = re.compile(r"\x1b\[(\d*)(?:;(\d*))?H")
_SILENT = re.compile(r"\x1b\[(?:[\d;:]*m|\?[\d;]*(?:\$p|[hl])|>?\d*[cqn])|\x1b\]8;[^\x07\x1b]*\x1b\\")
"""Styles, modes, questions, links: none of them moves the cursor."""
_STEP = re.compile(r"\x1b\[(\d*)([ABCD])|(\r)|([^\x00-\x1f\x7f]+)")
_WAYS = {"A": (0, -1), "B": (0, 1), "C": (1, 0), "D": (-1, 0)}


def place_after(written: bytes | bytearray, columns: int, lines: int) -> tuple[int, int] | None:
    """Column and line of the cursor, counted from 0; None where that takes more than counting to know."""
    text = written.decode("utf-8", "replace")
    places = list(_PLACE.finditer(text))
    if not places:
        return None
    named = places[-1]
    x, y = int(named[2] or 1) - 1, int(named[1] or 1) - 1
    rest = _SILENT.sub("", text[named.end() :])
    at = 0
    while at < len(rest):
        step = _STEP.match(rest, at)
        if step is None:
            return None
        at = step.end()
        if step[2]:
            along, down = _WAYS[step[2]]
            times = int(step[1] or 1)
            x, y = x + along * times, y + down * times
        elif step[3]:
            x = 0
        else:
            x += cell_len(step[4])
        if not (0 <= x < columns and 0 <= y < lines):
            return None
    return x, y
