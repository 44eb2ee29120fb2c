"""What of the screen goes to the terminal: how much the line bears, in which characters and colours."""

from __future__ import annotations

import os
from typing import Any, Generic, TypeVar

from rich.color import ColorSystem
from rich.console import RenderableType
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.geometry import Size
from textual.screen import Screen

from aurora_tui import themes
from aurora_tui.settings_schema import Settings
from aurora_tui.surroundings import few_colours, is_light, knows_unicode, over_ssh
from aurora_tui.terminal import ConsoleDriver
from widgets.asciisigns import in_ascii
from widgets.canvas import Canvas

SLOW_LINE = 0.15
"""Seconds that a line takes there and back from which it is used thriftily."""
ANSWERS = 8
"""Answers of the terminal after which that is believed: at first the program itself is slow to ask and to hear."""

R = TypeVar("R")


class Painted(App[R], Generic[R]):
    """An app whose terminal is sent the newest screen, cell by cell, as fast as it takes it."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        environ = os.environ
        self._may_turn_thrifty = settings.thrift is None
        self.thrifty = over_ssh(environ) if settings.thrift is None else settings.thrift
        """Whether bytes to the terminal are saved at the cost of colours and of how often the screen moves."""
        in_unicode = knows_unicode(environ) if settings.ascii is None else not settings.ascii
        self._canvas = Canvas(str if in_unicode else in_ascii)
        system = self.console._color_system or ColorSystem.TRUECOLOR
        self._canvas.system = min(system, ColorSystem.EIGHT_BIT) if self.thrifty else system
        self._looking_again = False
        for theme in themes.THEMES:
            self.register_theme(theme)
        wanted, few, light = environ.get("AURORA_THEME") or settings.theme, few_colours(environ), is_light(environ)
        self.asks_background = wanted == themes.AUTO and not few and light is None
        """Whether the terminal is to be asked for its background."""
        chosen = themes.chosen(wanted, few=few, light=bool(light))
        if chosen in self.available_themes:
            # Once it runs, another theme means that all styles are made anew.
            self.theme = chosen

    def grow_thrifty(self) -> None:
        """The line turned out to be slow."""
        self.thrifty = True

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        # There is no public hook for what Textual writes.
        if not isinstance(self._driver, ConsoleDriver) or not isinstance(renderable, CompositorUpdate):
            super()._display(screen, renderable)
            return
        if self._running and not self._closed and not self._batch_count:
            try:
                self._canvas.take(renderable, screen._compositor.size)
                self._paint()
            except Exception as error:  # as Textual does: a fault while painting would else be lost in a timer
                self._handle_exception(error)
        self.post_display_hook()

    def _paint(self) -> None:
        """Show the newest picture, now or as soon as the terminal has taken the one before it."""
        driver = self._driver
        if not isinstance(driver, ConsoleDriver) or not self._canvas.is_behind:
            return
        if driver.is_ready:
            picture = self._canvas.draw()
            if picture:
                driver.paint(picture, whole=self._sync_available)
        elif not self._looking_again:  # the terminal may never answer
            self._looking_again = True
            self.set_timer(driver.pace.wait, self._look_again)

    def _look_again(self) -> None:
        self._looking_again = False
        self._paint()

    def terminal_is_ready(self) -> None:
        """The terminal took what was written; its pace is known a bit better."""
        if not self.is_running:
            return
        self._paint()
        if isinstance(self._driver, ConsoleDriver) and self._may_turn_thrifty and not self.thrifty:
            pace = self._driver.pace
            if pace.answers >= ANSWERS and (pace.round_trip or 0.0) > SLOW_LINE:
                self.grow_thrifty()

    def terminal_is_blank(self, size: Size | None = None) -> None:
        """What was painted is not there any more: paint it all again, for another `size` once it is laid out."""
        self._canvas.forget(size)
        self._paint()

    def background_told(self, light: bool) -> None:
        """The terminal said whether its background is light."""
        self.theme = themes.chosen(themes.AUTO, few=False, light=light)
