"""The frame: four panes on one session, fitted to the terminal, and the one tick that repaints them."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.events import DescendantFocus, Event, Key, MouseEvent, MouseMove, Resize
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static

from aurora_tui.firstframe import GRID_FROM, HIGH_FROM, SMALLEST
from aurora_tui.model.alerts import AlertState
from aurora_tui.model.freshness import Freshness, SourceState
from aurora_tui.painted import Painted
from aurora_tui.session import STATUS
from widgets.alerts import AlertsPane
from widgets.bars import IncidentFacts, KeyBar, StatusBar, StatusFacts
from widgets.field import Field
from widgets.logs import LogsPane
from widgets.objects import ObjectsPane
from widgets.pane import Pane, pane_binding
from widgets.prompt import Prompt
from widgets.slos import SlosPane

if TYPE_CHECKING:
    from aurora_tui.fleet import Opened

log = logging.getLogger(__name__)

LOCAL_HZ, THRIFTY_HZ = 10, 4
AGES, THRIFTY_AGES = 10, 30
"""Seconds between two looks at whether ages read differently; a row that changes is printed with its age of then."""
_EARLY, _EARLY_SECONDS = 0.02, 3.0
"""How often, and for how long, the first rows are looked for."""


@dataclass(frozen=True, slots=True)
class SwitchContext:
    """The program is left for other contexts, which the command line then opens; as the operator named them."""

    name: str


class Frame(Painted["int | SwitchContext"]):
    """Layout, focus, zoom, themes, signals and the flush tick; what keys ask for is routed by `AuroraApp`."""

    TITLE = "aurora-tui"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("ctrl+c,ctrl+q", "leave", "Quit", "Leave the program", id="app.quit", show=False),
    ]
    CSS = """
    Screen { layers: base; }
    #panes { height: 1fr; layout: vertical; }
    #panes > Horizontal { height: 1fr; }
    #panes > #top { height: 16; }
    #panes.-short > #top { height: 11; }
    #panes.-grid #slos, #panes.-grid #objects { border-right: vkey $panel; }
    #panes.-grid #slos, #panes.-grid #objects { width: 60%; }
    #panes.-grid #alerts, #panes.-grid #logs { width: 40%; }
    #panes.-stack > Horizontal { layout: vertical; height: auto; }
    #panes.-stack > #top { height: auto; }
    #panes.-stack > Horizontal.-open { height: 1fr; }
    #panes.-stack > #top.-open { height: 1fr; }
    #panes .-hidden { display: none; }
    #panes.-zoomed > #top.-open, #panes.-zoomed > #bottom.-open { height: 1fr; }
    #toosmall { display: none; width: 1fr; height: 1fr; content-align: center middle; }
    .-tiny #toosmall { display: block; }
    .-tiny #panes, .-tiny StatusBar, .-tiny KeyBar, .-tiny Prompt { display: none; }
    """

    def __init__(self, session: Opened) -> None:
        super().__init__(session.settings)
        self.session = session
        self.zoomed = False
        self._panes: tuple[Pane, ...] = ()
        self._active: Pane | None = None
        self._frames = 0
        self._settled = False
        self._on_top: Screen[Any] | None = None
        self._per_second = LOCAL_HZ
        self._stirred = True
        """Whether something was done since the last flush that the tables do not tell."""
        self.fault = ""
        """What broke the program down, in words for the terminal it leaves behind."""

    def compose(self) -> ComposeResult:
        session, clock = self.session, self.session.clock
        first_workloads = {each.name: each.workloads[0] for each in session.settings.services if each.workloads}
        yield StatusBar(id="status")
        with Horizontal(id="panes", classes=" ".join(self._shape(self.size))):
            with Horizontal(id="top"):
                yield SlosPane(session.store, clock=clock, id="slos")
                yield AlertsPane(session.store, clock=clock, workloads=first_workloads, id="alerts")
            with Horizontal(id="bottom"):
                yield ObjectsPane(
                    session.store,
                    clock=clock,
                    all_namespaces=session.many_namespaces,
                    id="objects",
                )
                yield LogsPane(clock=clock, id="logs")
        yield Static("", id="toosmall", markup=False)
        yield Prompt(id="prompt")
        yield KeyBar(id="keys")

    def on_mount(self) -> None:
        self.set_keymap(dict(self.session.settings.keys))
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self.exit, 128 + number)
        self.session.start()
        self.alerts_pane.focus_body()
        self._begin_ticks()
        self._early = self.set_interval(_EARLY, self._hasten, repeat=round(_EARLY_SECONDS / _EARLY))
        self.flush()

    def _begin_ticks(self) -> None:
        self._per_second = THRIFTY_HZ if self.thrifty else LOCAL_HZ
        self._ticks = self.set_interval(1 / self._per_second, self._tick)

    async def on_unmount(self) -> None:
        await self.session.close()

    @property
    def main(self) -> Screen[Any]:
        """The screen with the panes, whatever dialog lies over it."""
        return self.screen_stack[0]

    @property
    def panes(self) -> Sequence[Pane]:
        """The four panes in the order of Tab."""
        if not self._panes:
            self._panes = tuple(self.main.query(Pane))
        return self._panes

    @property
    def active(self) -> Pane | None:
        """The pane that the keys go to."""
        return self._active

    @cached_property
    def alerts_pane(self) -> AlertsPane:
        return self.main.query_one(AlertsPane)

    @cached_property
    def objects_pane(self) -> ObjectsPane:
        return self.main.query_one(ObjectsPane)

    @cached_property
    def logs_pane(self) -> LogsPane:
        return self.main.query_one(LogsPane)

    @cached_property
    def slos_pane(self) -> SlosPane:
        return self.main.query_one(SlosPane)

    @cached_property
    def prompt(self) -> Prompt:
        return self.main.query_one(Prompt)

    def _hasten(self) -> None:
        """The first rows are not kept waiting for the tick."""
        self.session.gather()
        if self.is_running and self.session.store.table(self.objects_pane.table.name).freshness.last_good is not None:
            self._early.stop()
            self.flush()
            for session in self.session.sessions:
                self.call_after_refresh(session.cluster.settle)

    def _tick(self) -> None:
        # At the end Textual takes the panes and then the screens away before it stops the timers.
        if not self.is_running:
            return
        self.session.gather()
        if self._is_stirred or (self._frames + 1) % self._per_second == 0:
            self.flush()
        else:
            self._frames += 1

    @property
    def _is_stirred(self) -> bool:
        """Whether there is anything to flush before the second is over."""
        return self._stirred or self.screen is not self._on_top or any(pane.is_stirred for pane in self.panes)

    def _handle_exception(self, error: Exception) -> None:
        """A fault of ours goes to the log file; Textual would print it, with all values, over the terminal.

        There is no public hook for it.
        """
        log.error("the screen broke down", exc_info=error)
        self.fault = type(error).__name__
        super()._handle_exception(error)
        self._exit_renderables.clear()

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
            if pane.display and pane.region:
                pane.flush()
                if second:
                    pane.tick()
                if ages:
                    pane.grow_older()
        if not self._settled:
            self._settle()
        self._update_status()
        if self.screen is not self._on_top or (second and self.screen is not self.main):
            self._on_top = self.screen
            self.main.query_one(KeyBar).update_keys()

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Key | MouseEvent | Resize) and not isinstance(event, MouseMove):
            self._stirred = True
        if isinstance(event, Key) and event.key == "ctrl+j":
            # What was typed before the program took the terminal over: Enter was still a line feed then.
            event = Key("enter", "\r")
        if isinstance(event, Key) and not event.is_forwarded:
            self._settled = True
            while not self.screen.is_mounted:  # noqa: ASYNC110 - there is no public event for it
                # What was typed ahead is for the fields of a dialog that is just being made.
                await asyncio.sleep(0.001)
            if isinstance(field := self.screen.focused, Field):
                if not await self._check_bindings(event.key, priority=True):
                    await field.take(event)
                return
        await super().on_event(event)

    def _settle(self) -> None:
        """Start on the alerts while any fires, else on the objects; the first key leaves the focus to the operator."""
        alerts = self.session.store.table("alerts")
        if not alerts.rows and alerts.freshness.awaited:
            return
        self._settled = True
        if all(alert.state is AlertState.RESOLVED for alert in alerts.rows.values()):
            self.go_to(self.objects_pane)

    def on_resize(self, event: Resize) -> None:
        # Called before Textual takes the size over: `size` is still the old one. Terminals also say so where
        # the screen is shown by another one now (tmux, screen): nothing may be left of what was painted.
        self.terminal_is_blank()
        self._arrange(event.size)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        # Where two widgets get the focus one after the other, the first one's event may come last,
        # and at the end after the screens are gone.
        focused = self.main.focused if self.is_running else None
        pane = next((node for node in focused.ancestors_with_self if isinstance(node, Pane)), None) if focused else None
        if pane is not None and pane is not self._active:
            self._active = pane
            self._arrange()

    def on_pane_wanted(self, message: Pane.Wanted) -> None:
        for table in message.tables:
            self.session.want(table)

    def action_next_pane(self, step: int) -> None:
        panes = self.panes
        here = panes.index(self._active) if self._active in panes else -1
        self.go_to(panes[(here + step) % len(panes)])

    def go_to(self, pane: Pane) -> None:
        """Open a pane and put the keys on it."""
        self._active = pane
        self._arrange()
        pane.focus_body()

    def action_zoom(self) -> None:
        self.zoomed = not self.zoomed
        self._arrange()

    async def action_back(self) -> None:
        pane = self.active
        if (pane is None or not pane.back()) and self.zoomed:
            self.action_zoom()

    def _shape(self, size: Size) -> set[str]:
        """The classes of what holds the panes: all beside each other, above each other, or one alone."""
        room = size.width >= GRID_FROM[0] and size.height >= GRID_FROM[1]
        layout = "-zoomed" if self.zoomed else "-grid" if room else "-stack"
        return {layout, *(("-short",) if size.height < HIGH_FROM else ())}

    def _arrange(self, size: Size | None = None) -> None:
        """Fit the panes to the terminal: all four open, or the active one with the others as titles.

        Alerts are few: where panes are stacked the objects stay open below them.
        """
        width, height = size or self.size
        tiny = width < SMALLEST[0] or height < SMALLEST[1]
        self.main.set_class(tiny, "-tiny")
        if tiny:
            words = f"{width}x{height} is too small: at least {SMALLEST[0]}x{SMALLEST[1]} is needed"
            self.main.query_one("#toosmall", Static).update(words)
            return
        shape = self._shape(Size(width, height))
        grid, stack = "-grid" in shape, "-stack" in shape
        area = self.main.query_one("#panes")
        for name in ("-grid", "-stack", "-zoomed", "-short"):
            area.set_class(name in shape, name)
        opened = {self._active} if self._active else set()
        if stack and self._active is self.alerts_pane:
            opened.add(self.objects_pane)
        for row in area.query("#panes > Horizontal"):
            holds = any(pane.parent is row for pane in opened)
            row.set_class(holds and not grid, "-open")
            row.set_class(self.zoomed and not holds, "-hidden")
        for pane in self.panes:
            pane.set_collapsed(stack and pane not in opened)
            pane.set_class(self.zoomed and pane not in opened, "-hidden")
        if self._active and self.main.focused is None:
            # A widget that cannot be seen for a while loses the focus.
            self._active.focus_body()

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
