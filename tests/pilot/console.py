"""The whole console under test: opened on a stack, driven by keys, read as the operator reads it."""

from __future__ import annotations

import asyncio
import math
import re
import string
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from textual.events import Key
from textual.keys import _character_to_key
from textual.pilot import Pilot

from aurora_tui.app import AuroraApp
from aurora_tui.cluster.kubeconfig import choose
from aurora_tui.model.frozen import replace
from aurora_tui.sandbox.addresses import Addresses
from aurora_tui.sandbox.child import start_in_subprocess
from aurora_tui.session import Session
from aurora_tui.settings import load_settings
from tests.pilot import screen
from widgets.grid import Grid
from widgets.pane import Pane

PATIENCE = 60.0
"""Seconds; the machine may be busy."""
_CHARACTERS = {"enter": "\r", "tab": "\t", "space": " "}
_NAMES = {character: name for name, character in _CHARACTERS.items()}
_NAMES |= {character: _character_to_key(character) for character in string.punctuation}


@contextmanager
def demo(scenario: str) -> Iterator[Addresses]:
    """The demo stack in a process of its own."""
    child = start_in_subprocess(scenario)
    try:
        yield child.ready(60)
    finally:
        child.stop()


class Console:
    """The program on a screen without a terminal."""

    def __init__(self, app: AuroraApp, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def lines(self) -> list[str]:
        return screen.lines(self.app)

    @property
    def text(self) -> str:
        return screen.text(self.app)

    @property
    def status(self) -> str:
        """The status bar."""
        return self.lines[0]

    @property
    def keys(self) -> str:
        """The key bar."""
        return self.lines[-1]

    async def until(self, *seen: Callable[[], bool] | str) -> None:
        """Let the program go on until its screen shows each of these, one after the other."""
        for each in seen:
            await self._until(each)

    async def press(self, *keys: str) -> None:
        """Press keys as a slow line delivers them, all at once, and see what they did.

        They are one burst, which comes a while after the last one: the operator has looked at the screen.
        """
        self.app._typed_at = -math.inf
        for key in keys:
            character = key if len(key) == 1 else _CHARACTERS.get(key)
            event = Key(_NAMES.get(key, key), character)
            event.set_sender(self.app)
            self.app.post_message(event)
        await self._carried_out()
        await self.pilot.pause()
        await self.pilot.pause()

    async def _carried_out(self) -> None:
        """What was typed was acted on, unless it waits for what is being read.

        A pilot's pause takes a program for idle that was given no time.
        """
        deadline = time.monotonic() + PATIENCE
        for _ in range(12):
            while self.app._typed and self.app._reading is None and self.app.is_running:
                assert time.monotonic() < deadline, f"never carried out: {self.app._typed}\n{self.text}"
                await asyncio.sleep(0.01)
            await self.pilot.pause(0)

    async def type(self, words: str) -> None:
        await self.press(*words)

    async def command(self, line: str) -> None:
        """Give a command after the colon."""
        await self.press(*f":{line}\r")

    def body(self, pane: Pane) -> list[str]:
        """The lines of a pane as they stand on the screen, without its title."""
        return self._crop(pane)[1:]

    def title(self, pane: Pane) -> str:
        """A pane's first line as it stands on the screen."""
        return self._crop(pane)[0]

    def rows(self, pane: Pane) -> list[str]:
        """The first words of a table's rows."""
        grid = pane.query_one(Grid)
        found = self.body(pane)[1 : grid.size.height]
        return [line.split()[0].strip("●") or line.split()[1] for line in found if line.strip(" ▐▕")]

    def under_cursor(self, pane: Pane) -> str:
        """The row that stands out by its background; empty where none does yet."""
        grid = pane.query_one(Grid)
        plain = grid.rich_style.bgcolor
        region = grid.region
        for strip in self.app.screen._compositor.render_strips()[region.y + 1 : region.bottom]:
            cells = strip.crop(region.x, region.right - 1)  # without the scroll thumb
            if all(segment.style and segment.style.bgcolor != plain for segment in cells):
                return cells.text.strip()
        return ""

    async def _until(self, seen: Callable[[], bool] | str) -> None:
        check = seen if callable(seen) else lambda: seen in self.text
        deadline = time.monotonic() + PATIENCE
        while not check():
            assert time.monotonic() < deadline, f"never seen: {seen}\n{self.text}"
            await asyncio.sleep(0.05)
        for _ in range(2):  # what belongs to it is laid out, too: a text may be painted before its neighbour is hidden
            await self.pilot.pause(0)

    def _crop(self, pane: Pane) -> list[str]:
        region = pane.region
        strips = self.app.screen._compositor.render_strips()[region.y : region.bottom]
        found = [strip.crop(region.x, region.right).text for strip in strips]
        return [re.sub(r" ▕$", "", line).rstrip() for line in found]


def program(stack: Addresses, *, read_only: bool = False, all_namespaces: bool = False, **changed: Any) -> AuroraApp:
    """The program on a stack; `changed` are settings that differ from the stack's own."""
    settings = replace(load_settings(Path(stack.config), environ={}), **changed)
    context = choose(stack.context, stack.kubeconfig)
    return AuroraApp(Session(settings, context, all_namespaces=all_namespaces, read_only=read_only))


@asynccontextmanager
async def opened(
    stack: Addresses,
    size: tuple[int, int] = (160, 48),
    *,
    read_only: bool = False,
    signals: bool = True,
    **changed: Any,
) -> AsyncIterator[Console]:
    """The console on a stack, its first screen complete; `signals` False switches Prometheus and Alertmanager off."""
    if not signals:
        changed["environments"] = tuple(
            replace(each, sources=replace(each.sources, prometheus="off", alertmanager=("off",)))
            for each in load_settings(Path(stack.config), environ={}).environments
        )
    app = program(stack, read_only=read_only, **changed)
    async with app.run_test(size=size, notifications=True) as pilot:
        opened = Console(app, pilot)
        await opened.until("● kube  ● slos  ● alerts" if signals else "● kube  ○ slos")
        await opened.until(lambda: bool(app.objects_pane.grid.visible_count))
        yield opened
