"""The frame: the one tick that repaints the panes, what the terminal tells, and the status bar."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual.binding import BindingType
from textual.events import Event, Key, MouseEvent, MouseMove, Resize
from textual.screen import Screen

from aurora_tui.keyorder import InOrder
from aurora_tui.model.alerts import AlertState
from aurora_tui.model.freshness import Freshness, SourceState
from aurora_tui.session import STATUS
from widgets.bars import IncidentFacts, KeyBar, StatusBar, StatusFacts
from widgets.pane import Pane, pane_binding

if TYPE_CHECKING:
    from aurora_tui.fleet import Opened

S = TypeVar("S", bound=Screen[Any])

log = logging.getLogger(__name__)

LOCAL_HZ, THRIFTY_HZ = 10, 4
AGES, THRIFTY_AGES = 10, 30
"""Seconds between two looks at whether ages read differently; a row that changes is printed with its age of then."""
_SWEEP, _HANDS_OFF = 60.0, 5.0
"""Seconds between two sweeps for garbage that goes in circles, and without a key before one."""
_BETWEEN = 0.05
"""Seconds between two changes in sight that are not kept waiting for the tick."""
_EARLY, _EARLY_SECONDS = 0.02, 3.0
"""How often, and for how long, the first rows are looked for."""


class Frame(InOrder):
    """The tick, the events and the status of the panes; what keys ask for is routed by `AuroraApp`."""

    TITLE = "aurora-tui"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("ctrl+c,ctrl+q", "leave", "Quit", "Leave the program", id="app.quit", show=False),
    ]

    def __init__(self, session: Opened) -> None:
        super().__init__(session)
        self._frames = 0
        self._hurried = self._touched = 0.0
        self._settled = False
        self._on_top: Screen[Any] | None = None
        self._per_second = LOCAL_HZ
        self._stirred = True
        """Whether something was done since the last flush that the tables do not tell."""
        self.fault = ""
        """What broke the program down, in words for the terminal it leaves behind."""

    def on_mount(self) -> None:
        self.set_keymap(dict(self.session.settings.keys))
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self.exit, 128 + number)
        self.session.start()
        self.alerts_pane.focus_body()
        self._begin_ticks()
        self.set_interval(_SWEEP, self._sweep)
        self._early = self.set_interval(_EARLY, self._hasten, repeat=round(_EARLY_SECONDS / _EARLY))
        self.flush()

    def _begin_ticks(self) -> None:
        self._per_second = THRIFTY_HZ if self.thrifty else LOCAL_HZ
        if self.thrifty:
            for pane in self.panes:
                pane.grow_thrifty()
        self._ticks = self.set_interval(1 / self._per_second, self._tick)

    async def on_unmount(self) -> None:
        await self.session.close()

    def _hasten(self) -> None:
        """The first rows are not kept waiting for the tick, once there is room for them."""
        if not any(pane.is_seen for pane in self.panes):
            return
        self.session.gather()
        table = self.session.store.table(self.objects_pane.table.name)
        if self.is_running and (table.rows or table.freshness.last_good is not None):
            self._early.stop()
            self.flush()
            self.call_after_refresh(self._go_on)

    def _go_on(self) -> None:
        """Once the terminal has the first rows, what was put off for them is imported."""
        if self._canvas.is_behind:
            self.set_timer(_EARLY, self._go_on)
            return
        for session in self.session.sessions:
            session.cluster.settle()

    def _tick(self) -> None:
        # At the end Textual takes the panes and then the screens away before it stops the timers.
        if not self.is_running:
            return
        self.look_after_keys()
        self.session.gather()
        if self._is_stirred or (self._frames + 1) % self._per_second == 0:
            self.flush()
        else:
            self._frames += 1

    def _sweep(self) -> None:
        """Collect garbage of any age: it takes as long as a key may wait, so it is done while none is pressed."""
        if time.monotonic() - self._touched > _HANDS_OFF:
            gc.collect()

    @property
    def _is_stirred(self) -> bool:
        """Whether there is anything to flush before the second is over."""
        stirred = any(pane.is_stirred and pane.is_seen for pane in self.panes)
        return stirred or self._stirred or self.screen is not self._on_top

    def _handle_exception(self, error: Exception) -> None:
        """A fault of ours goes to the log file; Textual would print it, with all values, over the terminal.

        There is no public hook for it.
        """
        log.error("the screen broke down", exc_info=error)
        self.fault = type(error).__name__
        super()._handle_exception(error)
        self._exit_renderables.clear()

    def on_top(self, kind: type[S]) -> S | None:
        """The screen on top where it is one of these, and there: one that was just pushed has no widgets yet."""
        screen = self.screen
        return screen if isinstance(screen, kind) and screen.is_mounted else None

    def grow_thrifty(self) -> None:
        super().grow_thrifty()
        self._ticks.stop()
        self._begin_ticks()

    def flush(self) -> None:
        """The one tick: visible panes take their changes; once a second what tells a time is looked at."""
        self._frames += 1
        self._stirred = False
        self.session.gather()
        second = self._frames % self._per_second == 0
        ages = self._frames % (self._per_second * (THRIFTY_AGES if self.thrifty else AGES)) == 0
        for pane in self.panes:
            if pane.is_seen:
                pane.flush()
                if second:
                    pane.tick()
                if ages:
                    pane.grow_older()
        if second:
            self.session.keep({table for pane in self.panes for table in pane.tables()})
        if not self._settled:
            self._settle()
        self._update_status()
        if self.screen is not self._on_top or (second and self.screen is not self.main):
            self._on_top = self.screen
            # Of a dialog that has none the bar of what it lies over is seen.
            next(bar for screen in reversed(self.screen_stack) for bar in screen.query(KeyBar)).update_keys()

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Key | MouseEvent | Resize) and not isinstance(event, MouseMove):
            self._stirred, self._touched = True, time.monotonic()
        if isinstance(event, Key) and event.key == "ctrl+j":
            # What was typed before the program took the terminal over: Enter was still a line feed then.
            event = Key("enter", "\r")
        if isinstance(event, Key) and not event.is_forwarded:
            self._settled = True
        await super().on_event(event)

    def _settle(self) -> None:
        """Start on the alerts while any fires, else on the objects; the first key leaves the focus to the operator."""
        alerts = self.session.store.table("alerts")
        if not alerts.rows and alerts.freshness.awaited:
            return
        self._settled = True
        if all(alert.state is AlertState.RESOLVED for alert in alerts.rows.values()):
            self.go_to(self.objects_pane)

    def on_pane_stirred(self, message: Pane.Stirred) -> None:
        """What is in sight waits for the tick only on a slow line, or where it changes all the time."""
        now, pane = time.monotonic(), message.pane
        if self.thrifty or now - self._hurried < _BETWEEN or not pane.is_seen:
            return
        self._hurried = now
        pane.flush()
        self._update_status()  # it says the same of the sources as the panes do

    def on_pane_wanted(self, message: Pane.Wanted) -> None:
        for table in message.tables:
            self.session.want(table)

    def _update_status(self) -> None:
        store = self.session.store
        status = store.table(STATUS).rows.get(STATUS)
        alerts = store.table("alerts")
        firing = sum(alert.state is AlertState.FIRING for alert in alerts.rows.values())
        tables = {"kube": self.objects_pane.table.name, "slos": "slos", "alerts": "alerts"}
        sources = [each for name, table in tables.items() for each in _each(name, store.table(table).freshness)]
        self.main.query_one(StatusBar).update_facts(
            StatusFacts(
                self.session.environment,
                self.session.context,
                self.session.namespace,
                status.version if status else None,
                self.session.read_only,
                firing if alerts.freshness.whole or firing or (alerts.rows and not alerts.freshness.members) else None,
                sources,
                self.incident_facts(),
                self.due_tasks(),
            )
        )

    def due_tasks(self) -> int:
        """How many tasks of maintenance are due."""
        return 0

    def incident_facts(self) -> IncidentFacts | None:
        """What there is to say of an incident; None without one."""
        return None


def _each(name: str, freshness: Freshness) -> Sequence[tuple[str, Freshness]]:
    """A source under its name; where it is read from several contexts, those that are not live by themselves."""
    if freshness.agrees:
        return [(name, freshness)]
    return [(f"{name} {context}", each) for context, each in freshness.members if each.state is not SourceState.LIVE]
