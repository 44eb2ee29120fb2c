"""The one-line prompt at the bottom: commands after `:`, filters and searches after `/`, with completion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.events import Hide
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Label

from widgets.field import Field
from widgets.pane import pane_binding


class PromptInput(Field):
    """The prompt's field; says at once, before the next key, what it holds now, and its line or None at the end.

    What a letter does to the rows is painted together with the letter: a paint of its own would wait for the
    terminal to take the one before it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("escape", "give_up", "Cancel", "Leave the prompt and undo what it did", id="prompt.cancel"),
        pane_binding("tab", "cursor_right", "Complete", "Take the suggestion", id="prompt.complete"),
    ]

    def __init__(self, *, changed: Callable[[str], None], ended: Callable[[str | None], None]) -> None:
        super().__init__()
        self._tell_change = changed
        self._tell = ended

    def watch_value(self, value: str) -> None:
        self._tell_change(value)

    def on_hide(self, event: Hide) -> None:
        """One that the next question has overtaken must not take the keys away from it."""
        if all(node.display for node in self.ancestors_with_self if isinstance(node, Widget)):
            event.prevent_default()

    async def action_submit(self) -> None:
        self._tell(self.value)

    def action_give_up(self) -> None:
        self._tell(None)


class Prompt(Horizontal):
    """Asks for one line; the asker hears of each change and of the end."""

    DEFAULT_CSS = """
    Prompt { height: 1; display: none; background: $surface; }
    Prompt > Label { width: auto; color: $accent; text-style: bold; padding: 0 0 0 1; }
    Prompt > PromptInput { width: 1fr; background: $surface; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.is_open = False
        self._label = Label("", markup=False)
        self._input = PromptInput(changed=self._change, ended=self._end)
        self._changed: Callable[[str], None] = lambda _: None
        self._ended: Callable[[str | None], None] = lambda _: None

    def compose(self) -> ComposeResult:
        yield self._label
        yield self._input

    def ask(
        self,
        label: str,
        *,
        value: str = "",
        suggestions: Sequence[str] = (),
        changed: Callable[[str], None] = lambda _: None,
        ended: Callable[[str | None], None],
    ) -> None:
        """Open the prompt; `ended` gets the line, or None when the operator gave up."""
        self._changed = self._ended = lambda _: None
        self._label.update(label)
        self._input.suggester = SuggestFromList(suggestions, case_sensitive=False) if suggestions else None
        self._input.value = value
        self._input.cursor_position = len(value)
        self._changed, self._ended = changed, ended
        self.display = self.is_open = True
        # At once: the next key may already be there.
        self.screen.set_focus(self._input)

    def _change(self, value: str) -> None:
        if self.is_open:
            self._changed(value)

    def _end(self, line: str | None) -> None:
        self.display = self.is_open = False
        ended, self._ended, self._changed = self._ended, lambda _: None, lambda _: None
        ended(line)
