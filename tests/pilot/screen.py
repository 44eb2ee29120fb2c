"""What the operator sees of an app under test: the lines of its screen as the terminal has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.app import App
from textual.pilot import Pilot


def lines(app: App[Any]) -> list[str]:
    """The screen, line by line, without the blanks at the ends."""
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]


def text(app: App[Any]) -> str:
    return "\n".join(lines(app))


async def until(pilot: Pilot[Any], seen: Callable[[], bool] | str, steps: int = 2000) -> None:
    """Let the app go on until its screen shows a text, or `seen` holds; the failure shows the screen."""
    check = seen if callable(seen) else lambda: seen in text(pilot.app)
    for _ in range(steps):
        if check():
            return
        await pilot.pause(0.02)
    raise AssertionError(f"never seen: {seen}\n{text(pilot.app)}")
