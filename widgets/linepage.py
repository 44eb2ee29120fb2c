"""The page of one log line: all its fields, its stack trace unfolded, and the keys to its neighbours and its trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message

from aurora_tui.model.linepage import page_lines
from aurora_tui.model.loglines import LogLine, trace_id
from aurora_tui.model.text import printable
from widgets.pane import pane_binding
from widgets.tail import Tail
from widgets.textpage import TextPage


class LinePage(TextPage):
    """Shows the line that a log tail is at; the tail goes along to its neighbours, and stays there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("j", "step(1)", "Next line", "To the line after it that the log shows", id="line.next"),
        pane_binding("k", "step(-1)", "Line before", "To the line before it that the log shows", id="line.previous"),
        pane_binding("t", "trace", "Trace", "To the trace that the line belongs to", id="line.trace"),
        pane_binding("d", "ask('describe')", "Pod", "Describe the pod that wrote the line", id="line.describe"),
        pane_binding("w", "ask('changes')", "Changes", "What changed around the time of the line", id="line.changes"),
        pane_binding("ctrl+y", "copy", "Copy", "Copy the line as it came to the clipboard (OSC 52)", id="line.copy"),
    ]

    OWN_KEYS = ("j", "k", "w")

    class Asked(Message):
        """The operator wants to see the pod of a line, described, or what changed around its time."""

        def __init__(self, line: LogLine, what: str) -> None:
            super().__init__()
            self.line = line
            self.what = what

    def __init__(self, log: Tail, *, clock: Callable[[], float]) -> None:
        super().__init__("Log line", clock=clock)
        self._log = log
        self._line: LogLine | None = None
        self.trace: str | None = None
        """The id of the trace that the line belongs to."""

    def on_mount(self) -> None:
        super().on_mount()
        self.tail.action_wrap()
        self._read()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "trace" and self.trace is None:
            return False
        return super().check_action(action, parameters)

    def action_step(self, step: int) -> None:
        if self._log.step(step):
            self._read()

    async def action_trace(self) -> None:
        await self.app.run_action(f"app.trace_of_line({self.trace!r})")

    def action_ask(self, what: str) -> None:
        if self._line is not None:
            self.post_message(self.Asked(self._line, what))

    def action_copy(self) -> None:
        if self._line is not None:
            self.app.copy_to_clipboard(self._line.text)
            self.notify(f"copied {len(self._line.text):,} characters")

    def _read(self) -> None:
        entry = self._log.entry()
        if entry is None:
            return
        self._line, block = entry
        self.trace = trace_id(self._line.text)
        pod = printable(f"{self._line.origin}/{self._line.container}")
        self.show(f"Log line of {pod}", page_lines(self._line, block))
        self.refresh_bindings()
