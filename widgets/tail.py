"""The log tail: follows a buffer of lines, holds still for a reader, searches, filters and finds errors."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.binding import BindingType
from textual.strip import Strip

from aurora_tui.logbuffer import LogBuffer, moved
from widgets.lineview import LineView
from widgets.tailkeys import OF_LOGS, TAIL_KEYS
from widgets.tailpaint import (
    CURRENT_SIGN,
    HIT_SIGN,
    STYLES,
    TAIL_CSS,
    Look,
    Names,
    Shape,
    paint_line,
    paint_rule,
    read_look,
    time_of_day,
)
from widgets.tailsearch import TailSearch
from widgets.tailwindow import TailWindow

_SIDESTEP = 16


class Tail(LineView):
    """Paints the lines of a `LogBuffer` that are in the window, and only those.

    `raw` shows plain text to read (a manifest, a description): no names, levels or following.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tail--{name}" for name in STYLES}
    DEFAULT_CSS = TAIL_CSS
    BINDINGS: ClassVar[list[BindingType]] = [*TAIL_KEYS]

    def __init__(
        self,
        buffer: LogBuffer,
        *,
        clock: Callable[[], float],
        raw: bool = False,
        empty: str = "",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(empty=empty, id=id, classes=classes)
        self._clock = clock
        self._raw = raw
        self._autoscroll = not raw
        self._wrap = self._timestamps = False
        self._shift = 0
        self._look: Look | None = None
        self._shape = Shape(0, 0)
        self._rows: dict[int, list[list[Segment]]] = {}
        self._strips: dict[tuple[int, int, bool], Strip] = {}
        self._buffer = buffer
        self._restart(buffer, TailSearch(buffer))

    def _restart(self, buffer: LogBuffer, search: TailSearch, known: str = "") -> None:
        self._buffer.detach(self)
        buffer.attach(self)
        self._buffer = buffer
        self._search = search
        self._taken, self._version = buffer.end, buffer.version
        self._seen = buffer.first
        self._extent = (0, 0, 0)
        self._marks: dict[int, float] = {}
        self._names = Names(known)
        self._names.note(buffer.span(buffer.first, buffer.end))
        self._window = TailWindow(search.lines, self._height_of)
        self._window.pinned = self._autoscroll
        self._forget()

    @property
    def following(self) -> bool:
        """Whether the window goes along with what comes."""
        return self._window.pinned

    def set_buffer(self, buffer: LogBuffer, *, known: str = "") -> None:
        """Show another buffer from its end; search, filter and options stay.

        Pods' names are shown without the beginning `known`, which the title already tells.
        """
        self._restart(buffer, TailSearch(buffer, self._search.search.text, self._search.filter.text), known)
        self.repaint()

    def flush(self) -> None:
        """Take what the buffer gained and dropped since the last time."""
        buffer = self._buffer
        if buffer.version == self._version:
            return
        if any(seq >= self._taken for seq in self._rows):
            self._forget()  # a key has painted them before the search knew them
        self._names.note(buffer.span(self._taken, buffer.end))
        self._taken, self._version = buffer.end, buffer.version
        self._search.take()
        self._marks = {seq: stamp for seq, stamp in self._marks.items() if seq >= buffer.first}
        self.repaint()

    def prepended(self, count: int) -> None:
        """Older lines came before the first; see `LogBuffer`."""
        first = self._buffer.first + count
        self._window.prepended(first)
        self._marks = {seq: stamp for seq, stamp in self._marks.items() if seq >= first}
        self._seen = max(self._seen, first)
        self._names.note(self._buffer.span(first - count, first))
        self._forget()

    def inserted(self, places: Sequence[int]) -> None:
        """Late lines came in between; see `LogBuffer`."""
        self._window.inserted(places)
        self._marks = {moved(seq, places): stamp for seq, stamp in self._marks.items()}
        self._seen += bisect_left(places, self._seen)
        self._taken += bisect_left(places, self._taken)
        self._names.note(self._buffer[place + index] for index, place in enumerate(places))
        self._forget()

    def set_search(self, text: str) -> None:
        """Highlight what matches and count it; nothing is hidden or moved. An empty text ends the search."""
        self._search.set_search(text)
        self._forget()
        self.repaint()

    def set_filter(self, text: str) -> None:
        """Hide the lines that do not match; an empty text shows all. The line at the top keeps its place."""
        self._search.set_filter(text)
        self._window.lines = self._search.lines
        self._forget()
        self.repaint()

    def status(self) -> str:
        """What a reader must know, in words: following or paused, hits, lines hidden and lines dropped."""
        window = self._window
        words = []
        if not self._raw:
            new = len(window.lines) - window.lines.place(self._seen)
            words.append("following" if window.pinned else f"paused {new:,} new below" if new else "paused")
        words += self._search.words()
        if self._buffer.dropped:
            words.append(f"{self._buffer.dropped:,} lines dropped")
        return " · ".join(words)

    def prepare(self) -> None:
        width, height = self.size
        names = 0 if self._raw else self._names.width
        shape = Shape(
            max(width - 1, 0), names, self._wrap, self._timestamps, self._raw, 0 if self._wrap else self._shift
        )
        if shape != self._shape or len(self._strips) > 8 * height + 256 or len(self._rows) > 8 * height + 256:
            self._shape = shape
            self._forget()
        self._window.fill(height)
        rows = self._window.rows
        if rows:
            self._seen = max(self._seen, rows[-1][0] + 1)
        self._extent = self._window.position, len({seq for seq, _ in rows}), len(self._window.lines)

    def extent(self) -> tuple[int, int, int]:
        return self._extent

    def line(self, y: int) -> Strip:
        rows, height = self._window.rows, self.size.height
        if not rows:
            hidden = len(self._buffer)
            words = (
                f"no line matches &{self._search.filter.text.strip()}; {hidden:,} are hidden" if hidden else self.empty
            )
            return self.empty_line(y, height, words)
        if y >= len(rows):
            return self.with_edge([], self.look.base)
        seq, row = rows[y]
        thumb = self.has_thumb(y, height)
        strip = self._strips.get((seq, row, thumb))
        if strip is None:
            strip = self.with_edge(self._paint(seq)[row], self.look.base, thumb=thumb)
            self._strips[seq, row, thumb] = strip
        return strip

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._look = None
        self._forget()

    @property
    def look(self) -> Look:
        """The theme's styles, read when they are needed next after a change."""
        if self._look is None:
            self._look = read_look(self)
        return self._look

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "next_hit":
            return True if self._search.has_hits else None
        return not (self._raw and action in OF_LOGS)

    def scroll_rows(self, rows: int) -> None:
        self._window.scroll(rows)
        self._settle()

    def scroll_sideways(self, steps: int) -> None:
        self._shift = max(self._shift + steps * _SIDESTEP, 0)
        self.repaint()

    def action_scroll(self, rows: int) -> None:
        self.scroll_rows(rows)

    def action_page(self, pages: int) -> None:
        self.scroll_rows(pages * max(self.size.height - 1, 1))

    def action_sideways(self, steps: int) -> None:
        self.scroll_sideways(steps)

    def action_head(self) -> None:
        self._window.to_start()
        self._settle()

    def action_last(self) -> None:
        self._window.to_end(self.size.height)
        self._settle()

    def action_follow(self) -> None:
        self._autoscroll = True
        self.action_last()

    def action_autoscroll(self) -> None:
        self._autoscroll = not self._window.pinned
        if self._autoscroll:
            self.action_last()
        else:
            self._window.pinned = False

    def action_wrap(self) -> None:
        self._wrap = not self._wrap
        self.repaint()

    def action_timestamps(self) -> None:
        self._timestamps = not self._timestamps
        self.repaint()

    def action_mark(self) -> None:
        if self._window.rows:
            seq = self._window.rows[-1][0]
            if self._marks.pop(seq, None) is None:
                self._marks[seq] = self._clock()
            self._forget()
            self.repaint()

    def action_next_hit(self, direction: int) -> None:
        self._go_to(self._search.next_hit(self._in_window(), direction))

    def action_next_error(self) -> None:
        self._go_to(self._search.next_error(self._in_window()))

    def _in_window(self) -> list[int]:
        return [seq for seq, _ in self._window.rows]

    def _go_to(self, seq: int | None) -> None:
        if seq is not None:
            self._window.show(seq, self.size.height)
            self._forget()
        self.repaint()

    def _settle(self) -> None:
        """After the reader moved: follow again once the end is in the window."""
        self.repaint()
        self._window.pinned = self._autoscroll and self._window.at_end

    def _height_of(self, seq: int) -> int:
        return len(self._paint(seq)) if self._wrap else 1 + (seq in self._marks)

    def _paint(self, seq: int) -> list[list[Segment]]:
        rows = self._rows.get(seq)
        if rows is None:
            line = self._buffer[seq]
            rows = paint_line(
                line, self._names.of(line), self._shape, self.look, search=self._search.search, sign=self._sign(seq)
            )
            if seq in self._marks:
                rows.append(paint_rule(f"marked {time_of_day(self._marks[seq])}", self._shape, self.look))
            self._rows[seq] = rows
        return rows

    def _sign(self, seq: int) -> str:
        if seq == self._search.current:
            return CURRENT_SIGN
        return HIT_SIGN if self._search.is_hit(seq) else " "

    def _forget(self) -> None:
        """What was painted no longer holds."""
        self._rows.clear()
        self._strips.clear()
