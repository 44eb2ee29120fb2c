"""The colours: one theme for dark, one for light terminals, one for the terminal's own 16 colours."""

from __future__ import annotations

from textual.theme import Theme

AURORA = Theme(
    name="aurora",
    primary="#3d7ea6",
    secondary="#7a6fa3",
    accent="#6cc7c1",
    foreground="#d7dde2",
    background="#10151a",
    surface="#182028",
    panel="#222d37",
    success="#7fc97a",
    warning="#e5b94e",
    error="#ef6a63",
    dark=True,
)
AURORA_LIGHT = Theme(
    name="aurora-light",
    primary="#2f6f97",
    secondary="#6b5f96",
    accent="#0b7d78",
    foreground="#1d252c",
    background="#f7f8f8",
    surface="#eceff1",
    panel="#dde3e7",
    success="#2c7a35",
    warning="#8a5a00",
    error="#b3261e",
    dark=False,
)
THEMES = (AURORA, AURORA_LIGHT)
"""Besides these, Textual's own ``textual-ansi`` uses nothing but the terminal's 16 colours."""
AUTO, ANSI = "auto", "textual-ansi"


def chosen(name: str, *, few: bool, light: bool) -> str:
    """The theme that a setting means: ``auto`` is the one for a terminal of few colours, or a light one."""
    if name != AUTO:
        return name
    return ANSI if few else AURORA_LIGHT.name if light else AURORA.name
