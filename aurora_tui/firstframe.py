"""The first frame: which cluster is being opened, drawn before the libraries that paint all others are imported."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

SMALLEST = (60, 15)
"""Columns and lines below which nothing useful can be shown."""
GRID_FROM = (100, 30)
"""Columns and lines from which all four panes are open side by side."""
HIGH_FROM = 42
"""Lines from which the upper panes take `TOP` rows, else `TOP_SHORT`."""
TOP, TOP_SHORT = 16, 11
_LEFT_SHARE = 60
_OPEN, _CLOSE = "\x1b[?1049h\x1b[?25l\x1b[2J", "\x1b[?1049l\x1b[?25h"


@contextlib.contextmanager
def first_frame(title: str, context: str, namespace: str | None) -> Iterator[None]:
    """Show the frame while what is within prepares the screen; the terminal is as before where that fails.

    It stays until the screen is painted over it. `title` is the environment's, `namespace` None means all.
    """
    from aurora_tui.model.text import printable

    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        yield
        return
    shown = drawn(size.columns, size.lines, printable(f" {title}  {context}  ns {namespace or 'all'}"))
    if not shown or os.environ.get("TERM") in (None, "dumb"):
        yield
        return
    sys.stdout.write(_OPEN + shown)
    sys.stdout.flush()
    try:
        yield
    except BaseException:
        sys.stdout.write(_CLOSE)
        sys.stdout.flush()
        raise


def drawn(columns: int, lines: int, heading: str) -> str:
    """The frame's text with its places; empty on a terminal that is too small for it."""
    if columns < SMALLEST[0] or lines < SMALLEST[1]:
        return ""
    parts = [f"\x1b[1;1H\x1b[1m{heading[:columns]}\x1b[0m"]
    if columns >= GRID_FROM[0] and lines >= GRID_FROM[1]:
        right = columns * _LEFT_SHARE // 100
        below = 2 + (TOP if lines >= HIGH_FROM else TOP_SHORT)
        titles = [(2, 1, "SLOs"), (2, right + 1, "Alerts"), (below, 1, "Pods"), (below, right + 1, "Logs")]
    else:
        titles = [(2, 1, "SLOs"), (3, 1, "Alerts"), (4, 1, "Pods"), (lines - 1, 1, "Logs")]
    parts += [f"\x1b[{y};{x}H {title}" for y, x, title in titles]
    return "".join(parts) + f"\x1b[{lines};1H connecting ..."
