"""A text field for keys that come in bursts: Enter takes effect before the keys that follow it."""

from __future__ import annotations

from textual.events import Event, Key
from textual.widgets import Input


class Field(Input):
    """An `Input` whose Enter is handled where its letters are.

    Textual hands Enter up to the app as a binding while the letters stay with the widget, so that in
    ``prod⏎OPS-1`` the second word would land before the Enter that ends the first.
    """

    taking = True
    """Whether keys are this field's; those that come afterwards are given back to the program."""

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Key):
            if not self.taking:
                event.stop()
                # With its character, which `simulate_key` would lose for all that is no letter or digit.
                self.app.post_message(Key(event.key, event.character))
                return
            if event.key == "enter":
                event.stop()
                await self.action_submit()
                return
        await super().on_event(event)
