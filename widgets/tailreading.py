"""What a log tail reads: a buffer whose lines it follows, searches and folds while they come and go."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence

from rich.segment import Segment
from textual.strip import Strip

from aurora_tui.logbuffer import LogBuffer, moved
from widgets.lineview import LineView
from widgets.tailpaint import (
    Look,
    Names,
    Shape,
)
from widgets.tailsearch import TailSearch
from widgets.tailwindow import TailWindow

_STEPS_A_PICTURE = 32


class TailReading(LineView):
    """What `Tail` knows of the lines, without paint and keys.

    `raw` shows plain text to read (a manifest, a description): no names, levels, folding or following.
    """

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
        self._wrap = self._timestamps = self._all_unfolded = False
        self._shift = 0
        self._look: Look | None = None
        self._shape = Shape(0, 0)
        self._rows: dict[int, list[list[Segment]]] = {}
        self._below: dict[int, list[int]] = {}
        """At which row of an unfolded line each line that belongs to it begins."""
        self._signs: dict[int, str] = {}
        """The sign that each line was painted with."""
        self._strips: dict[tuple[int, int, bool], Strip] = {}
        self._looking = False
        self._flushed = 0.0
        self.glance = 0.25
        """Seconds between two pictures of lines that rush by: more of them could not be read either."""
        self._wanted: Callable[[], int | None] | None = None
        """Where the reader wants to go once all lines were looked at."""
        self._buffer = buffer
        self._restart(buffer, TailSearch(buffer, folds=not raw))

    def _restart(self, buffer: LogBuffer, search: TailSearch, known: str = "") -> None:
        self._buffer.detach(self)
        buffer.attach(self)
        self._buffer = buffer
        self._search = search
        self._taken, self._version = buffer.end, buffer.version
        self._seen = buffer.first
        self._extent = (0, 0, 0)
        self._marks: dict[int, float] = {}
        self._turned: set[int] = set()
        """Lines that are unfolded, or folded where all are unfolded."""
        self._wanted = None
        self._names = Names(known)
        self._names.note(buffer.span(buffer.first, buffer.end))
        self._window = TailWindow(search.lines, self._height_of)
        self._window.pinned = self._autoscroll
        self._forget()
        self._look_on()

    def on_mount(self) -> None:
        self._look_on()

    @property
    def following(self) -> bool:
        """Whether the window goes along with what comes."""
        return self._window.pinned

    def set_buffer(self, buffer: LogBuffer, *, known: str = "") -> None:
        """Show another buffer from its end; search, filter and options stay.

        Pods' names are shown without the beginning `known`, which the title already tells.
        """
        self._restart(
            buffer, TailSearch(buffer, self._search.search.text, self._search.filter.text, folds=not self._raw), known
        )
        self.repaint()

    @property
    def is_stirred(self) -> bool:
        """Whether `flush` has something to take that can be read."""
        if self._buffer.version == self._version:
            return False
        rushes = self._buffer.end - self._taken > self.size.height
        return not rushes or time.monotonic() - self._flushed >= self.glance

    def flush(self) -> None:
        """Take what the buffer gained and dropped since the last time."""
        buffer = self._buffer
        if buffer.version == self._version:
            return
        self._flushed = time.monotonic()
        self._names.note(buffer.span(self._taken, buffer.end))
        self._taken, self._version = buffer.end, buffer.version
        self._marks = {seq: stamp for seq, stamp in self._marks.items() if seq >= buffer.first}
        self._turned = {seq for seq in self._turned if seq >= buffer.first}
        self._look_on()
        if not self._looking:
            self.repaint()

    def prepended(self, count: int) -> None:
        """Older lines came before the first; see `LogBuffer`."""
        first = self._buffer.first + count
        self._window.prepended(first)
        self._marks = {seq: stamp for seq, stamp in self._marks.items() if seq >= first}
        self._turned = {seq for seq in self._turned if seq >= first}
        self._seen = max(self._seen, first)
        self._names.note(self._buffer.span(first - count, first))
        self._forget()

    def inserted(self, places: Sequence[int]) -> None:
        """Late lines came in between; see `LogBuffer`."""
        self._window.inserted(places)
        self._marks = {moved(seq, places): stamp for seq, stamp in self._marks.items()}
        self._turned = {moved(seq, places) for seq in self._turned}
        self._seen += bisect_left(places, self._seen)
        self._taken += bisect_left(places, self._taken)
        self._names.note(self._buffer[place + index] for index, place in enumerate(places))
        self._forget()

    def set_search(self, text: str) -> None:
        """Highlight what matches and count it; nothing is hidden or moved. An empty text ends the search."""
        self._search.set_search(text, self._anchor)
        self._wanted = None
        self._forget()
        self._look_on()
        self.repaint()

    def set_filter(self, text: str) -> None:
        """Hide the lines that do not match; an empty text shows all. The line at the top keeps its place."""
        self._search.set_filter(text, self._anchor)
        self._window.lines = self._search.lines
        self._wanted = None
        self._forget()
        self._look_on()
        self.repaint()

    def drop_filter(self) -> bool:
        """Show all lines again; False where none was hidden."""
        filtered = bool(self._search.filter)
        if filtered:
            self.set_filter("")
        return filtered

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

    @property
    def _anchor(self) -> int:
        """Where to look first: at what is in sight."""
        return self._buffer.end if self._window.pinned else self._window.top

    def _look_on(self) -> None:
        """Look at some lines at once; the rest has its turn between the keys."""
        search = self._search
        folds = search.folds
        search.take(search.step)
        self._note_blocks(folds.drain())
        if search.left and self.is_attached and not self._looking:
            self._looking = True
            self.run_worker(self._look_at_the_rest(), name="search of the log", group="tail")
        elif not search.left:
            self._serve()

    async def catch_up(self) -> None:
        """Look at all lines that are there now, a step at a time."""
        self.flush()
        while self._search.left:
            self._search.take(self._search.step)
            await asyncio.sleep(0)

    async def _look_at_the_rest(self) -> None:
        steps = 0
        try:
            while self._search.left:
                await asyncio.sleep(0)
                self._search.take(self._search.step)
                self._note_blocks(self._search.folds.drain())
                steps += 1
                if steps % _STEPS_A_PICTURE == 0:
                    self.repaint()
        finally:
            self._looking = False
        self._forget_stale()
        self._serve()
        self.repaint()

    def _serve(self) -> None:
        """All lines were looked at: go where the reader wants to go."""
        if self._wanted is not None:
            wanted, self._wanted = self._wanted, None
            self._go_to(wanted())

    def _note_blocks(self, heads: set[int]) -> None:
        """Lines came to belong to these, or left them: what was painted of them no longer holds."""
        for seq in heads:
            if self._rows.pop(seq, None) is not None:
                self._strips.clear()

    def _go_to(self, seq: int | None) -> None:
        """Bring a line into the window."""
        raise NotImplementedError

    def _height_of(self, seq: int) -> int:
        """The rows that a line takes."""
        raise NotImplementedError

    def _sign(self, seq: int) -> str:
        """The sign in front of a line."""
        raise NotImplementedError

    def _forget_stale(self) -> None:
        """Paint anew the lines that have come to be hits, or are none."""
        stale = [seq for seq, sign in self._signs.items() if sign != self._sign(seq)]
        for seq in stale:
            del self._signs[seq]
            self._rows.pop(seq, None)
        if stale:
            self._strips.clear()

    def _forget(self) -> None:
        """What was painted no longer holds."""
        self._signs.clear()
        self._rows.clear()
        self._below.clear()
        self._strips.clear()
