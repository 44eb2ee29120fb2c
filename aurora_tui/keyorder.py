"""Keys in the order in which they were typed: what follows a key belongs to what that key opens, or to nothing."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from textual.events import Event, Key
from textual.message import Message
from textual.screen import Screen

from aurora_tui.arranged import Arranged
from widgets.confirming import ConfirmScreen, Shown
from widgets.field import Field
from widgets.readfirst import ReadFirst

if TYPE_CHECKING:
    from aurora_tui.fleet import Opened

BURST = 0.05
"""Seconds between two keys up to which the second was typed without a look at what the first one did."""
LONGEST = 10.0
"""Seconds for which keys wait for the rest of some rows, as where a single log is slow to come."""
LOOK = 0.5
"""Seconds without a key in which the operator looks at what the last one opened."""
_LAPS = 3
"""How often something goes up after what a key asks for: a button asks its screen, which asks the app."""
_AT_ONCE = ("escape", "ctrl+c", "ctrl+q")
"""Who presses these waits no longer, and does not want what was typed before."""
_LOST_AFTER = 5
"""Ticks after which something is not on its way up any more: the page on which it began was left."""
_TOLD_AFTER = 5
"""Ticks after which it is said that keys wait."""


class Typed(NamedTuple):
    """A key as it came."""

    event: Key
    looked: bool
    """Whether there was time for a look before it."""
    shown: Shown | None
    """What stood in the dialog on top by then; None where there was none."""


class InOrder(Arranged):
    """Carries keys out one after the other, also when a slow line delivers them in one burst.

    What a page asks for comes up to the app as messages, and what some keys open must be read first: until
    that is there, the keys behind wait. Where a key is refused, those that were typed together with it are
    dropped, which is said: they were not meant for what stands on the screen.
    """

    class Settled(Message):
        """Goes up behind what the last key asked for."""

        def __init__(self, way: int) -> None:
            super().__init__()
            self.way = way

    def __init__(self, session: Opened) -> None:
        super().__init__(session)
        self._typed: deque[Typed] = deque()
        """What waits for its turn."""
        self._typed_at = -inf
        self._asked = False
        """Whether the last key may have asked for something that is still on its way up."""
        self._laps = 0
        """How many are still to go."""
        self._way = self._ticks_on_way = 0
        """Which one something is on now, and since how many ticks."""
        self._reading: ReadFirst | asyncio.Task[None] | None = None
        """What the next key waits for: the rows of a page, or something that is still being opened."""
        self._page: Screen[Any] | None = None
        self._saw_page = False
        """Whether the operator had time to look at that page since it lies on top."""
        self._waits_since = -inf
        self._ticks_waited = 0
        self._refused = False
        self._dropped = 0

    async def on_event(self, event: Event) -> None:
        if not isinstance(event, Key) or event.is_forwarded:
            await super().on_event(event)
            return
        pause, self._typed_at = event.time - self._typed_at, event.time
        self._refused = self._refused and pause < BURST and event.key not in _AT_ONCE
        if self._refused:
            self._dropped += 1
            return
        if self._reading is not None and event.key in _AT_ONCE:
            self._drop()
        self._typed.append(Typed(event, pause >= LOOK, self._shown))
        if len(self._typed) == 1:
            await self._go_on_typing()

    def refuse(self) -> None:
        """The key in hand leads to nothing: neither does what was typed behind it without a look."""
        self._refused = True
        self._drop()

    def keys_wait_for(self, opening: asyncio.Task[None]) -> None:
        """What the key in hand opens comes later: the next keys are meant for that."""
        self._reading = opening

    def is_off(self, key: str) -> bool:
        """Whether a key is shown dim here; it is said why."""
        return False

    def look_after_keys(self) -> None:
        """On each tick: go on as soon as what keys wait for is there, and say what became of them."""
        if self._dropped:
            keys = "1 key" if self._dropped == 1 else f"{self._dropped} keys"
            self.notify(f"dropped: {keys} typed ahead", severity="warning", markup=False)
            self._dropped = 0
        self._ticks_waited = self._ticks_waited + 1 if self._typed else 0
        if self._ticks_waited == _TOLD_AFTER:
            self.notify("what was typed ahead waits for what is being read; Esc drops it", markup=False)
        if self._typed:
            self._ticks_on_way += 1
            if self._laps and self._ticks_on_way > _LOST_AFTER:
                self._laps, self._asked = 0, False
            self.call_later(self._go_on_typing)

    async def on_in_order_settled(self, message: Settled) -> None:
        if message.way != self._way or not self._laps:
            return
        self._laps -= 1
        if self._laps:
            self._send_up()
        else:
            self._asked = False
            await self._go_on_typing()

    @property
    def _shown(self) -> Shown | None:
        page = self.screen
        return page.shown if isinstance(page, ConfirmScreen) else None

    async def _go_on_typing(self) -> None:
        while self._typed and self.is_running:
            if self._asked:
                if not self._laps:
                    self._laps = _LAPS
                    self._send_up()
                return
            while not self.screen.is_mounted:  # noqa: ASYNC110 - there is no public event for it
                # What was typed ahead is for the page or the dialog that is just being made.
                await asyncio.sleep(0.001)
            if not self._is_ready(self._typed[0]):
                return
            await self._carry_out(self._typed.popleft())

    def _is_ready(self, typed: Typed) -> bool:
        """Whether a key means what it was typed for."""
        waits, page = self._reading, self.screen
        self._saw_page = typed.looked or (self._saw_page and page is self._page)
        self._page = page
        if isinstance(waits, asyncio.Task) and not waits.done():
            return False
        if isinstance(waits, ReadFirst) and waits is not page:
            self.refuse()
            return False
        unseen = waits is page or not self._saw_page
        if isinstance(page, ReadFirst) and (unseen or not page.has_rows) and page.means_rows(typed.event.key):
            if waits is not page:
                self._waits_since = time.monotonic()
            longest = page.has_rows and time.monotonic() - self._waits_since > LONGEST
            if not page.is_read and not longest:
                self._reading = page
                return False
            if not page.has_rows:
                self._typed.popleft()
                self.refuse()
                return False
        self._reading = None
        return True

    async def _carry_out(self, typed: Typed) -> None:
        event, page, field = typed.event, self.screen, self.screen.focused
        self._asked = event.key == "enter" or (self.screen is not self.main and not isinstance(field, Field))
        if await self._check_bindings(event.key, priority=True):
            return
        if isinstance(page, ConfirmScreen) and not page.is_meant(event.key, typed.shown):
            return
        if isinstance(field, Field):
            await field.take(event)
        elif not self.is_off(event.key):
            await super().on_event(event)

    def _send_up(self) -> None:
        self._way, self._ticks_on_way = self._way + 1, 0
        (self.focused or self.screen).post_message(self.Settled(self._way))

    def _drop(self) -> None:
        self._dropped += len(self._typed)
        self._typed.clear()
        self._reading = None
