"""Four panes on one session, fitted to the terminal: beside each other, above each other, or one alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import DescendantFocus, Resize
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static

from aurora_tui.firstframe import GRID_FROM, HIGH_FROM, SMALLEST
from aurora_tui.model.frozen import Frozen
from aurora_tui.painted import Painted
from widgets.alerts import AlertsPane
from widgets.bars import KeyBar, StatusBar
from widgets.logs import LogsPane
from widgets.objects import ObjectsPane
from widgets.pane import Pane
from widgets.prompt import Prompt
from widgets.slos import SlosPane

if TYPE_CHECKING:
    from aurora_tui.fleet import Opened


class SwitchContext(Frozen):
    """The program is left for other contexts, which the command line then opens; as the operator named them."""

    name: str


class Arranged(Painted["int | SwitchContext"]):
    """Layout, focus and zoom."""

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

    def on_resize(self, event: Resize) -> None:
        # Called before Textual takes the size over: `size` is still the old one. Terminals also say so where
        # the screen is shown by another one now (tmux, screen): nothing may be left of what was painted.
        self.terminal_is_blank(event.size)
        self._arrange(event.size)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        # Where two widgets get the focus one after the other, the first one's event may come last,
        # and at the end after the screens are gone.
        focused = self.main.focused if self.is_running else None
        pane = next((node for node in focused.ancestors_with_self if isinstance(node, Pane)), None) if focused else None
        if pane is not None and pane is not self._active:
            self._active = pane
            self._arrange()

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
