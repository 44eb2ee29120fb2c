"""How the theme dresses a grid: its component classes, their rules, and the styles that come of them."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from textual.widget import Widget

from aurora_tui.model.columns import Tone
from aurora_tui.model.frozen import Frozen
from widgets.lineview import overlay

_TONES = tuple(tone for tone in Tone if tone is not Tone.PLAIN)
STYLES = ("header", "header-cursor", "cursor", "cursor-blurred", "mark", *_TONES)

GRID_CSS = """
Grid {
    .grid--header { color: $text-muted; text-style: bold; }
    .grid--header-cursor { text-style: underline; }
    .grid--cursor {
        background: $block-cursor-background;
        color: $block-cursor-foreground;
        text-style: $block-cursor-text-style;
    }
    .grid--cursor-blurred { background: $block-cursor-blurred-background; }
    .grid--mark { color: $accent; text-style: bold; }
    .grid--dim { color: $text-muted; }
    .grid--good { color: $success; }
    .grid--warn { color: $warning; }
    .grid--bad { color: $error; text-style: bold; }
    .grid--accent { color: $accent; }
    &:ansi .grid--dim { text-style: dim; }
    &:ansi .grid--cursor-blurred { text-style: underline; }
    &:nocolor .grid--cursor { text-style: reverse; }
    &:nocolor .grid--cursor-blurred { text-style: underline; }
}
"""


class Look(Frozen):
    """The styles of one theme and state of focus."""

    base: Style
    header: Style
    header_cursor: Style
    """Laid over the header's for the column that the operator stands on."""
    cursor: Style
    """Brings its own text colour: tones would not be readable on it."""
    cursor_blurred: Style
    mark: Style
    tones: Mapping[Tone, Style]


def read_look(grid: Widget) -> Look:
    """Ask the theme."""
    style = {name: overlay(grid, f"grid--{name}") for name in STYLES}
    base = grid.rich_style
    return Look(
        base,
        base + style["header"],
        style["header-cursor"],
        base + style["cursor"],
        base + style["cursor-blurred"],
        style["mark"],
        {tone: style[tone] for tone in _TONES},
    )
