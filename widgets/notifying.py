"""The dialog before others are told: to whom, on what occasion, and word for word what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from aurora_tui.model.incident_settings import Channel, Occasion
from aurora_tui.model.text import printable
from widgets.incidentforms import LinesForm
from widgets.pane import pane_binding

_MOST = 9
"""Channels that have a digit."""


class NotifyScreen(ModalScreen[None]):
    """Nothing is sent before Send is pressed; the default is Cancel.

    `chosen` says of each channel whether it is told at first, `texts` what is said on an occasion; `said` hears the
    channels, the occasion and the words.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("escape,q", "leave", "Cancel", "Leave; nothing is sent", id="notify.leave"),
        pane_binding("e", "edit", "Edit", "Edit what is said", id="notify.edit"),
        pane_binding("o", "occasion", "Occasion", "Opened, update, acknowledged or resolved", id="notify.occasion"),
        pane_binding("up,k", "move(-1)", "Up", "To the channel above", id="notify.up", show=False),
        pane_binding("down,j", "move(1)", "Down", "To the channel below", id="notify.down", show=False),
        pane_binding("space", "choose", "On/off", "Tell the channel under the cursor, or not", id="notify.choose"),
        pane_binding(
            "left,shift+tab", "button(-1)", "Previous", "To the button before", id="notify.previous", show=False
        ),
        pane_binding("right,tab", "button(1)", "Next", "To the next button", id="notify.next", show=False),
        *(
            pane_binding(
                str(n), f"channel({n - 1})", f"Channel {n}", f"Tell channel {n}, or not", id=f"notify.{n}", show=False
            )
            for n in range(1, _MOST + 1)
        ),
    ]  # fmt: skip
    DEFAULT_CSS = """
    NotifyScreen { align: center middle; background: $background 60%; }
    NotifyScreen > Vertical {
        width: 90%; max-width: 120; height: auto; max-height: 95%;
        background: $surface; border: round $primary; padding: 0 1;
    }
    NotifyScreen Static { height: auto; }
    NotifyScreen #list { height: auto; max-height: 12; }
    NotifyScreen #message { height: auto; max-height: 12; margin: 1 0; }
    NotifyScreen #buttons { height: 1; align-horizontal: right; }
    NotifyScreen Button { margin: 0 0 0 2; }
    """

    def __init__(
        self,
        heading: str,
        channels: Sequence[Channel],
        occasion: Occasion,
        *,
        chosen: Sequence[bool],
        texts: Callable[[Occasion], str],
        said: Callable[[Sequence[Channel], Occasion, str], None],
    ) -> None:
        super().__init__()
        self._heading = heading
        self._channels = tuple(channels)
        self._chosen = list(chosen)
        self._cursor = 0
        self._occasion = occasion
        self._texts = texts
        self._said = said
        self._text = texts(occasion)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Content.styled(printable(self._heading), "bold"))
            yield VerticalScroll(Static("", id="channels"), id="list", can_focus=False)
            yield VerticalScroll(Static("", id="text"), id="message", can_focus=False)
            keys = "1-9 or space: channel on/off · e: edit · o: occasion · → Enter: send"
            yield Static(Content.styled(keys, "$text-muted"))
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Send", id="send", compact=True, variant="error")

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#cancel", Button))
        self._show()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        chosen = [channel for channel, on in zip(self._channels, self._chosen, strict=True) if on]
        if event.button.id != "send":
            self.dismiss()
        elif not chosen or not self._text:
            self.app.bell()
        else:
            self.dismiss()
            self._said(chosen, self._occasion, self._text)

    def action_leave(self) -> None:
        self.dismiss()

    def action_button(self, step: int) -> None:
        if step < 0:
            self.focus_previous()
        else:
            self.focus_next()

    def action_move(self, step: int) -> None:
        self._cursor = min(max(self._cursor + step, 0), len(self._channels) - 1)
        self._show()

    def action_choose(self) -> None:
        self.action_channel(self._cursor)

    def action_channel(self, number: int) -> None:
        if number < len(self._chosen):
            self._cursor = number
            self._chosen[number] = not self._chosen[number]
            self._show()

    def action_occasion(self) -> None:
        every = list(Occasion)
        self._occasion = every[(every.index(self._occasion) + 1) % len(every)]
        self._text = self._texts(self._occasion)
        self._show()

    def action_edit(self) -> None:
        def ended(lines: Sequence[str]) -> str:
            if not lines[0]:
                return "nothing would be said"
            self._text = lines[0]
            self._show()
            return ""

        self.app.push_screen(LinesForm("What is said", [("text", self._text)], enter="take it", ended=ended))

    def _show(self) -> None:
        self.query_one("#channels", Static).update(Content("\n").join(map(self._line, range(len(self._channels)))))
        self.query_one("#list").scroll_to_region(Region(0, self._cursor, 1, 1), animate=False)
        said = Content.styled(f"{self._occasion}: ", "bold") + Content(printable(self._text))
        self.query_one("#text", Static).update(said)
        self.query_one("#send", Button).disabled = not any(self._chosen)

    def _line(self, number: int) -> Content:
        channel, here = self._channels[number], number == self._cursor
        digit = str(number + 1) if number < _MOST else " "
        mark = "[x]" if self._chosen[number] else "[ ]"
        line = Content(printable(f"{'▸' if here else ' '}{digit} {mark} {channel.name}  {channel.kind}"))
        return line.stylize("bold") if here else line
