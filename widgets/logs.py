"""The logs pane: the tail of one pod or of a whole workload, with search, filter and time windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from textual.binding import BindingType

from aurora_tui.logbuffer import LogBuffer
from aurora_tui.model.selection import LogSelection
from widgets.line import Part
from widgets.pane import Pane, pane_binding
from widgets.tail import Tail

_WINDOWS = {"2": ("1m", 60), "3": ("5m", 300), "4": ("15m", 900), "5": ("30m", 1800), "6": ("1h", 3600)}


class LogsPane(Pane):
    """Log lines of what the operator selected; says what is followed and what stands in the way."""

    heading = "Logs"
    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("slash", "app.ask_search", "Search", "Highlight a pattern; nothing is hidden", id="logs.search"),
        pane_binding("ampersand", "app.ask_line_filter", "Filter", "Show only lines that match", id="logs.filter"),
        pane_binding("T", "app.templates", "Templates", "Kinds of lines, what is new first", id="logs.templates"),
        pane_binding("at", "app.ask_time", "Go to time", "To the first line at or after a time", id="logs.time"),
        pane_binding("f", "app.zoom", "Full screen", "Give the pane the whole screen", id="logs.zoom", show=False),
        *(
            pane_binding(
                key,
                f"app.log_window({seconds})",
                f"Last {words}",
                f"Read from {words} ago",
                id=f"logs.{words}",
                show=False,
            )
            for key, (words, seconds) in _WINDOWS.items()
        ),
    ]

    def __init__(self, *, clock: Callable[[], float], id: str) -> None:
        super().__init__(clock=clock, id=id)
        self.buffer = LogBuffer()
        self.tail = Tail(self.buffer, clock=clock)
        self.tail.empty = "select a pod or a workload and press l"
        self.selection: LogSelection | None = None
        self._notes: Mapping[str, str] = {}

    def body(self) -> Tail:
        return self.tail

    def follow(self, selection: LogSelection, buffer: LogBuffer, notes: Mapping[str, str]) -> None:
        """Show another selection's lines; `notes` says live what stands in the way, by pod."""
        self.selection, self.buffer, self._notes = selection, buffer, notes
        self.tail.set_buffer(buffer, known=f"{selection.workload[1]}-" if selection.workload else "")
        self.flush()

    def back(self) -> bool:
        return self.tail.drop_filter()

    def flush(self) -> None:
        self.tail.flush()
        if self.selection is not None and not len(self.buffer):
            self.tail.empty = next(iter(self._notes.values()), f"waiting for lines of {self.selection} …")
        self.update_title()

    def headline(self) -> Sequence[Part]:
        if self.selection is None:
            return ()
        parts = [Part(str(self.selection), "accent"), Part(f"  {self.tail.status()}", "dim")]
        if self._notes:
            pod, words = next(iter(self._notes.items()))
            parts.append(Part(f"  {pod}: {words}", "warn"))
        return parts
