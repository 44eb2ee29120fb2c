"""A text field for keys that come in bursts: each is carried out before the next one is looked at."""

from __future__ import annotations

from textual.events import Event, Key
from textual.geometry import Size
from textual.reactive import Reactive
from textual.widgets import Input


class Field(Input):
    """An `Input` that keeps its keys in order.

    Textual inserts letters at once but carries out other keys, such as Backspace, on their way up to
    the app: in ``1⌫5⏎`` the ``5`` would land before the ``1`` is deleted. An app that hands its keys
    straight to `take` has them in order with those of the widgets before and after the field, too. It never
    selects its text by itself: a busy machine hears late of a focus, and the next key would replace what was typed.
    """

    virtual_size: Reactive[Size] = Reactive(Size(0, 0))
    """The text's; Textual lays the whole screen out anew where it differs, which a letter typed does not need."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, compact=True, select_on_focus=False)

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Key):
            event.stop()
            await self.take(event)
        else:
            await super().on_event(event)

    async def take(self, event: Key) -> None:
        """Carry out a key."""
        if event.key == "enter":
            await self.action_submit()
        elif event.is_printable and event.character:
            self.replace(event.character, *self.selection)
        elif (active := self.screen.active_bindings.get(event.key)) is not None and active.enabled:
            await self.app.run_action(active.binding.action, active.node)
