"""The logs pane: the tail of one pod or of a whole workload, with search, filter and time windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message

from aurora_tui.logbuffer import LogBuffer
from aurora_tui.model.selection import LogOrigin, LogSelection
from aurora_tui.model.stamps import rfc3339
from widgets.line import Part
from widgets.pane import Pane, pane_binding
from widgets.tail import Tail

_THRIFTY_GLANCE = 1.0
"""Seconds between two pictures of lines that rush by, over a slow line."""
_WINDOWS = {"2": ("1m", 60), "3": ("5m", 300), "4": ("15m", 900), "5": ("30m", 1800), "6": ("1h", 3600)}


class SourcedTail(Tail):
    """A tail whose source may have lines before the oldest."""

    class HeadPassed(Message):
        """The reader wants what is before the oldest line."""

    def action_head(self) -> None:
        super().action_head()
        self.post_message(self.HeadPassed())

    def scroll_rows(self, rows: int) -> None:
        at_head = self._window.position == 0 and not self._window.cut
        super().scroll_rows(rows)
        if rows < 0 and at_head:
            self.post_message(self.HeadPassed())


class LogsPane(Pane):
    """Log lines of what the operator selected; says what is followed and what stands in the way."""

    heading = "Logs"
    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("slash", "app.ask_search", "Search", "Highlight a pattern; nothing is hidden", id="logs.search"),
        pane_binding("ampersand", "app.ask_line_filter", "Filter", "Show only lines that match", id="logs.filter"),
        pane_binding("T", "app.templates", "Templates", "Kinds of lines, what is new first", id="logs.templates"),
        pane_binding("at", "app.ask_time", "Go to time", "To the first line at or after a time", id="logs.time"),
        pane_binding(
            "o",
            "app.log_source",
            "Source",
            "Read the same logs from the cluster or from Elasticsearch",
            id="logs.source",
        ),
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
        self.tail = SourcedTail(self.buffer, clock=clock)
        self.tail.empty = "select a pod or a workload and press l"
        self.selection: LogSelection | None = None
        self._notes: Mapping[str, str] = {}
        self._facts: Callable[[], Sequence[str]] = tuple

    @property
    def context(self) -> str:
        return self.selection.context if self.selection is not None else ""

    def body(self) -> Tail:
        return self.tail

    def follow(
        self,
        selection: LogSelection,
        buffer: LogBuffer,
        notes: Mapping[str, str],
        facts: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        """Show another selection's lines; `notes` says live what stands in the way, by pod, `facts` what is of use."""
        self.selection, self.buffer, self._notes, self._facts = selection, buffer, notes, facts
        self.tail.set_buffer(buffer, known=f"{selection.workload[1]}-" if selection.workload else "")
        self.flush()

    def back(self) -> bool:
        return self.tail.drop_filter()

    def grow_thrifty(self) -> None:
        self.tail.glance = _THRIFTY_GLANCE

    @property
    def is_stirred(self) -> bool:
        return self.tail.is_stirred

    def flush(self) -> None:
        if self.tail.is_stirred:
            self.tail.flush()
        if self.selection is not None and not len(self.buffer):
            self.tail.empty = next(iter(self._notes.values()), f"waiting for lines of {self.selection} …")
        self.update_title()

    def headline(self) -> Sequence[Part]:
        if self.selection is None:
            return ()
        facts = [*_range(self.selection, self.clock()), self.tail.status(), *self._facts()]
        known = Part(f"  {' · '.join(filter(None, facts))}", "dim")
        if self.selection.source is LogOrigin.ELASTICSEARCH:
            name = Part(f"{self.selection} in {self.selection.source.words}", "accent")
            # What is missing stands first: the title may be cut.
            return [name, *(Part(f"  {words}", "warn") for words in self._notes.values()), known]
        parts = [Part(str(self.selection), "accent"), known]
        if self._notes:
            pod, words = next(iter(self._notes.items()))
            parts.append(Part(f"  {pod}: {words}", "warn"))
        return parts


def _range(selection: LogSelection, now: float) -> list[str]:
    """The times that a selection is bounded by, in UTC; without the date where that is today's."""
    today = rfc3339(now)[:10]
    since, until = (stamp and stamp[:19].replace("T", " ") for stamp in (selection.since, selection.until))
    if until is None:
        return [f"since {since.removeprefix(f'{today} ')}"] if since else []
    day = (since or until)[:10]
    return [f"{(since or '…').removeprefix(f'{today} ')} to {until.removeprefix(f'{day} ' if since else f'{today} ')}"]
