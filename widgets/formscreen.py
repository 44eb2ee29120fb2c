"""A form over the panes: labelled lines to type in, one after the other, and a place to say what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from aurora_tui.model.text import printable
from widgets.field import Field


class FormField(Field):
    """One line of the form; Enter takes the whole form, before the next key is looked at."""

    def __init__(self, submit: Callable[[], None], value: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._submit = submit
        self.value = value

    async def action_submit(self) -> None:
        self._submit()


class FormScreen(ModalScreen[None]):
    """What forms have in common; one binds the keys to `leave` and `step`, under ids of its own."""

    DEFAULT_CSS = """
    FormScreen { align: center middle; background: $background 60%; }
    FormScreen > Vertical {
        width: 90%; max-width: 110; height: auto; max-height: 95%;
        background: $surface; border: round $primary; padding: 0 1;
    }
    FormScreen .row { height: 1; }
    FormScreen .row > Label { color: $text-muted; }
    FormScreen FormField { width: 1fr; }
    FormScreen FormField:focus { background: $primary 30%; }
    FormScreen Static { height: auto; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.told = Static("")
        """What is said of what stands in the form."""

    def fields(self) -> Sequence[FormField]:
        """In the order of Tab."""
        raise NotImplementedError

    def refuse(self, words: str) -> None:
        """The form cannot be meant as it stands."""
        self.app.bell()
        self.told.update(Content.styled(printable(words), "$text-error"))

    def action_step(self, lines: int) -> None:
        fields = self.fields()
        here = next((place for place, each in enumerate(fields) if each is self.focused), 0)
        self.set_focus(fields[(here + lines) % len(fields)])

    def action_leave(self) -> None:
        self.dismiss()
