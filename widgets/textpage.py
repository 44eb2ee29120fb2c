"""A full-screen page of text (describe, YAML, events, help) with search, in the log tail's own view."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen

from aurora_tui.logbuffer import LogBuffer
from aurora_tui.model.loglines import LogLine
from widgets.bars import KeyBar
from widgets.line import Line, Part
from widgets.pane import pane_binding
from widgets.prompt import Prompt
from widgets.tail import Tail

MAX_LINES = 200_000


class TextPage(ModalScreen[None]):
    """Lines of text to read and search; Escape or q goes back to where one was."""

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("escape,q", "leave", "Back", "Back to the panes", id="page.back"),
        pane_binding("slash", "search", "Search", "Highlight a pattern", id="page.search"),
    ]
    OWN_KEYS: ClassVar[tuple[str, ...]] = ()
    """Keys of the text view that mean something else on this page."""
    DEFAULT_CSS = """
    TextPage { layout: vertical; background: $background; }
    TextPage > PageTitle { background: $primary 40%; }
    TextPage > Tail { height: 1fr; }
    """

    def __init__(self, heading: str, *, clock: Callable[[], float]) -> None:
        super().__init__()
        self._heading = heading
        self._title = PageTitle()
        self._prompt = Prompt()
        self._buffer = LogBuffer(capacity_lines=MAX_LINES)
        self.tail = Tail(self._buffer, clock=clock, raw=True, empty="asking the server …")

    def compose(self) -> ComposeResult:
        yield self._title
        yield self.tail
        yield self._prompt
        yield KeyBar()

    def on_mount(self) -> None:
        for key in self.OWN_KEYS:
            # The key bar shows the keys of the focused widget first, and they come first; there is no public hook.
            self.tail._bindings.key_to_bindings.pop(key, None)
        self._show_title()
        self.set_focus(self.tail)

    def fill(self, lines: Iterable[str]) -> None:
        """Show the text, from its first line."""
        self._buffer.append(LogLine(None, "", "", line) for line in lines)
        self.tail.flush()
        self.tail.action_head()
        self._show_title()

    def show(self, heading: str, lines: Iterable[str]) -> None:
        """Show another text in place of the one before; the search stays."""
        self._heading = heading
        self._buffer = LogBuffer(capacity_lines=MAX_LINES)
        self.tail.set_buffer(self._buffer)
        self.fill(lines)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        # While a pattern is typed its letters are not keys.
        return not self._prompt.is_open

    def action_leave(self) -> None:
        self.dismiss()

    def action_search(self) -> None:
        def ended(pattern: str | None) -> None:
            self.tail.set_search(pattern or "")
            self.set_focus(self.tail)

        self._prompt.ask("/", changed=self.tail.set_search, ended=ended)

    def _show_title(self) -> None:
        number = len(self._buffer)
        count = Part(f"{number:,} line{'' if number == 1 else 's'}" if number else "", "dim")
        self._title.show([Part(f" {self._heading}  ", "strong"), count])


class PageTitle(Line):
    """The page's first line."""
