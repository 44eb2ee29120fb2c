"""The pane: a title bar with the age of its data, a body, and the flush that repaints what changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import DescendantBlur, DescendantFocus
from textual.message import Message
from textual.widget import Widget

from aurora_tui.model.freshness import Freshness
from aurora_tui.model.selection import ObjectRef, ServiceRef
from widgets.bars import freshness_parts
from widgets.line import Line, Part


def pane_binding(
    key: str, action: str, description: str, tooltip: str, *, id: str, show: bool = True, priority: bool = True
) -> Binding:
    """A binding with all that the house asks of one: an id to remap it by, a description, a tooltip.

    Bindings have priority, which in Textual means that they are carried out before the next key is
    looked at. Over a slow line keys arrive in bursts: in ``j j u`` the ``u`` must mean the row that
    the two ``j`` went to, and what is typed after it belongs to the dialog that it opened.
    """
    return Binding(key, action, description, show=show, tooltip=tooltip, id=id, priority=priority)


class PaneTitle(Line):
    """A pane's first line: name, count and remarks on the left, freshness on the right."""

    DEFAULT_CSS = """
    PaneTitle { background: $panel; color: $text; }
    """


class Pane(Vertical):
    """Base of all panes: knows the store's tables, never a client, and never owns a timer.

    The app calls `flush` on each tick for visible panes. A pane that has not the room is collapsed
    to its title, which then carries its most important fact (`headline`).
    """

    DEFAULT_CSS = """
    Pane { height: 1fr; width: 1fr; }
    Pane.-collapsed { height: 1; }
    Pane.-collapsed > .pane--body, Pane.-collapsed > .pane--detail { display: none; }
    Pane > .pane--body { height: 1fr; }
    Pane:focus-within > PaneTitle { background: $primary 40%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding(
            "colon", "app.ask_command", "Command", "Type a command, e.g. :deploy or :ns all", id="app.command"
        ),
        pane_binding("question_mark", "app.help", "Help", "All keys and commands", id="app.help"),
        pane_binding("tab", "app.next_pane(1)", "Next pane", "Go to the next pane", id="app.next", show=False),
        pane_binding(
            "shift+tab", "app.next_pane(-1)", "Previous pane", "Go to the previous pane", id="app.previous", show=False
        ),
        pane_binding("z", "app.zoom", "Zoom", "Give the pane the whole screen, or back", id="app.zoom"),
        pane_binding(
            "escape,q",
            "app.back",
            "Back",
            "Drop the filter, leave the drill-down or the zoom",
            id="app.back",
            show=False,
        ),
        pane_binding(
            "I",
            "app.incident",
            "Incident",
            "Open an incident for what is under the cursor, or show the open one",
            id="app.incident",
        ),
        pane_binding(
            "exclamation_mark",
            "app.notify_others",
            "Notify",
            "Tell others of the incident; asks first",
            id="app.notify",
            show=False,
        ),
        pane_binding(
            "left_square_bracket", "app.scrub(-1)", "Earlier", "In a replay, a moment back", id="replay.earlier"
        ),
        pane_binding("right_square_bracket", "app.scrub(1)", "Later", "In a replay, a moment on", id="replay.later"),
        pane_binding(
            "ctrl+r", "app.refresh_sources", "Refresh", "Ask all sources again now", id="app.refresh", show=False
        ),
        pane_binding(
            "ctrl+s",
            "app.save_screen",
            "Save",
            "Save the screen as SVG, the pane and the logs as text",
            id="app.save",
            show=False,
        ),
    ]
    heading = "pane"
    """What the pane is called in its title and in the help."""

    class Wanted(Message):
        """The pane needs these tables fed."""

        def __init__(self, tables: Sequence[str]) -> None:
            super().__init__()
            self.tables = tables

    class Stirred(Message):
        """Something that is in sight changed: `flush` would show it."""

        def __init__(self, pane: Pane) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, *, clock: Callable[[], float], id: str) -> None:
        super().__init__(id=id)
        self.clock = clock
        self._title = PaneTitle()

    def compose(self) -> ComposeResult:
        yield self._title
        body = self.body()
        body.add_class("pane--body", update=False)
        yield body
        for line in self.details():
            line.add_class("pane--detail", update=False)
            yield line

    def body(self) -> Widget:
        """The widget below the title; it takes the focus."""
        raise NotImplementedError

    def details(self) -> Sequence[Line]:
        """Lines below the body, about the row under the cursor."""
        return ()

    def tables(self) -> Sequence[str]:
        """The tables that the pane reads."""
        return ()

    def flush(self) -> None:
        """Take the changes since the last flush and repaint what they touch."""
        raise NotImplementedError

    @property
    def is_stirred(self) -> bool:
        """Whether `flush` has something to take."""
        return False

    @property
    def is_seen(self) -> bool:
        """Whether any of it is on the screen."""
        return bool(self.display and self.region)

    def grow_older(self) -> None:
        """Some time went by: ages in the rows may read differently."""

    def grow_thrifty(self) -> None:
        """The line is slow: show what moves in fewer characters, or less often."""

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        self.update_title()

    def on_descendant_blur(self, event: DescendantBlur) -> None:
        self.update_title()

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
        mark = "▸" if self.has_pseudo_class("focus-within") else " "
        left = [Part(f"{mark}{self.heading} ", "strong"), *self.headline()]
        right = [*freshness_parts(freshness, self.clock()), Part(" ")] if freshness else []
        self._title.show(left, right)

    def set_collapsed(self, collapsed: bool) -> None:
        """Show the title alone, or the whole pane."""
        self.set_class(collapsed, "-collapsed")

    @property
    def context(self) -> str:
        """The context that the keys mean; empty where only one is open, or nothing is under the cursor."""
        return ""

    def subject(self) -> ObjectRef | ServiceRef | None:
        """What the keys mean: the object or the service under the cursor."""
        return None

    def workload(self) -> ObjectRef | ServiceRef | None:
        """What runs the subject, and is restarted, scaled or rolled back."""
        return self.subject()

    def key_of(self, binding_id: str) -> str | None:
        """The key that does something now, as it is bound; None while it would not."""
        for active in self.screen.active_bindings.values():
            if active.binding.id == binding_id and active.enabled:
                return self.app.get_key_display(active.binding)
        return None

    def allows(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key does something here: True, False (not shown), or None (shown dim)."""
        return True

    def back(self) -> bool:
        """Undo the last narrowing of the view; False where there was none."""
        return False

    def focus_body(self) -> None:
        """Put the keys on this pane."""
        self.screen.set_focus(self.query_one(".pane--body"))
