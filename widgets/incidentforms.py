"""The small forms of an incident: what it is opened as, and a note."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Label, Static

from aurora_tui.model.frozen import Frozen
from aurora_tui.model.text import printable
from widgets.formscreen import FormField, FormScreen
from widgets.pane import pane_binding


class Instead(Frozen):
    """Where a key leads from a form that may not be what the operator wanted: why, what the key does, and doing it."""

    why: str
    does: str
    go: Callable[[], object]


class LinesForm(FormScreen):
    """Asks for a few lines at once; `ended` hears them, and says in words what is wrong with them ("" if nothing).

    Where it takes time to say so, as what is put down must reach the disk, the form keeps the words until then.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("escape", "leave", "Cancel", "Leave without anything being done", id="form.leave"),
        pane_binding("tab,down", "step(1)", "Next", "To the next line", id="form.next"),
        pane_binding(
            "ctrl+o", "go_instead", "Open one", "From a new incident to what is open already", id="form.instead"
        ),
        pane_binding("shift+tab,up", "step(-1)", "Previous", "To the line before", id="form.previous"),
    ]
    DEFAULT_CSS = """
    LinesForm .row > Label { width: 15; }
    """

    def __init__(
        self,
        heading: str,
        lines: Sequence[tuple[str, str]],
        *,
        enter: str,
        ended: Callable[[Sequence[str]], str | Awaitable[str]],
        remarks: Sequence[str] = (),
        other: Instead | None = None,
    ) -> None:
        super().__init__()
        self._heading = heading
        self._enter = enter
        self._ended = ended
        self._under_way: asyncio.Task[None] | None = None
        self._is_over = False
        self._remarks = remarks
        self._other = other
        self._instead = Static("")
        self._labels = [label for label, _ in lines]
        self._fields = [FormField(self._submit, value) for _, value in lines]

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Content.styled(printable(self._heading), "bold"))
            for label, field in zip(self._labels, self._fields, strict=True):
                with Horizontal(classes="row"):
                    yield Label(label, markup=False)
                    yield field
            if self._other is not None:
                yield self._instead
            for words in self._remarks:
                yield Static(Content.styled(printable(words), "$text-muted"))
            yield self.told
            yield Static(Content.styled(f"Enter: {self._enter} · Tab: next line · Esc: leave", "$text-muted"))

    def on_mount(self) -> None:
        self.set_focus(self._fields[0])
        for field in self._fields:
            field.cursor_position = len(field.value)
        keys = [each for each in self.active_bindings.values() if each.binding.action == "go_instead" and each.enabled]
        if self._other is not None and keys:
            words = f"{self._other.why} · {self.app.get_key_display(keys[0].binding)} {self._other.does}"
            self._instead.update(Content.styled(printable(words), "$text-warning"))

    def fields(self) -> Sequence[FormField]:
        return self._fields

    def on_screen_resume(self) -> None:
        self._leave_when_over()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "go_instead" or self._other is not None

    def action_go_instead(self) -> None:
        """Leave the form for what its key leads to."""
        if self._other is not None and self._under_way is None:
            self.dismiss()
            self._other.go()

    def _submit(self) -> None:
        if self._under_way is not None or self._is_over:
            return
        said = self._ended([field.value.strip() for field in self._fields])
        if isinstance(said, str):
            self._hear(said)
        else:
            self._under_way = asyncio.create_task(self._hear_later(said))

    async def _hear_later(self, said: Awaitable[str]) -> None:
        try:
            wrong = await said
        finally:
            self._under_way = None
        if self in self.app.screen_stack:
            self._hear(wrong)
        elif wrong:
            self.app.notify(wrong, severity="warning", markup=False)

    def _hear(self, wrong: str) -> None:
        if wrong:
            self.refuse(wrong)
        else:
            self._is_over = True
            self._leave_when_over()

    def _leave_when_over(self) -> None:
        """Leave once nothing lies above it."""
        if self._is_over and self.app.screen is self:
            self.dismiss()
