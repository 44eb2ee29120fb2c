"""The pane: a title bar with the age of its data, a body, and the flush that repaints what changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget

from aurora_tui.model.freshness import Freshness
from widgets.bars import freshness_parts
from widgets.line import Line, Part


class PaneTitle(Line):
    """A pane's first line: name, count and remarks on the left, freshness on the right."""

    DEFAULT_CSS = """
    PaneTitle { background: $panel; color: $text; }
    Pane:focus-within > PaneTitle { background: $primary 40%; text-style: bold; }
    """


class Pane(Vertical):
    """Base of all panes: knows the store's tables, never a client, and never owns a timer.

    The app calls `flush` on each tick for visible panes. A pane that has not the room is collapsed
    to its title, which then carries its most important fact (`headline`).
    """

    DEFAULT_CSS = """
    Pane { height: 1fr; width: 1fr; }
    Pane.-collapsed { height: 1; }
    Pane.-collapsed > .pane--body { display: none; }
    Pane > .pane--body { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = []
    heading = "pane"
    """What the pane is called in its title and in the help."""

    class Wanted(Message):
        """The pane needs these tables fed."""

        def __init__(self, tables: Sequence[str]) -> None:
            super().__init__()
            self.tables = tables

    class ServiceChosen(Message):
        """The operator wants a service of the settings; `how` is ``show``, ``logs`` or ``undo``."""

        def __init__(self, service: str, how: str) -> None:
            super().__init__()
            self.service = service
            self.how = how

    def __init__(self, *, clock: Callable[[], float], id: str) -> None:
        super().__init__(id=id)
        self.clock = clock
        self._title = PaneTitle()

    def compose(self) -> ComposeResult:
        yield self._title
        body = self.body()
        body.add_class("pane--body")
        yield body

    def body(self) -> Widget:
        """The widget below the title; it takes the focus."""
        raise NotImplementedError

    def flush(self) -> None:
        """Take the changes since the last flush and repaint what they touch."""
        raise NotImplementedError

    def tick(self) -> None:
        """A second went by: what tells an age is brought up to date."""
        self.update_title()

    def headline(self) -> Sequence[Part]:
        """What the title says after the pane's name."""
        return ()

    def freshness(self) -> Freshness | None:
        """The state of the pane's source; None for a pane without one."""
        return None

    @property
    def title_text(self) -> str:
        """The title bar as the operator reads it."""
        return self._title.text

    def update_title(self) -> None:
        """Say name, headline and freshness; paints only what differs."""
        freshness = self.freshness()
        left = [Part(f" {self.heading} ", "strong"), *self.headline()]
        right = [*freshness_parts(freshness, self.clock()), Part(" ")] if freshness else []
        self._title.show(left, right)

    def set_collapsed(self, collapsed: bool) -> None:
        """Show the title alone, or the whole pane."""
        self.set_class(collapsed, "-collapsed")

    def focus_body(self) -> None:
        """Put the keys on this pane."""
        self.query_one(".pane--body").focus()


def pane_binding(key: str, action: str, description: str, tooltip: str, *, id: str, show: bool = True) -> Binding:
    """A binding with all that the house asks of one: an id to remap it by, a description, a tooltip."""
    return Binding(key, action, description, show=show, tooltip=tooltip, id=id)
