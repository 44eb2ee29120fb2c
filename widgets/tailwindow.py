"""Where the reader is in a log: the line at the top of the window, held by its sequence number."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aurora_tui.logbuffer import moved
from widgets.tailindex import Lines


class TailWindow:
    """A window over lines of one or more rows each.

    It is anchored to the line at its top, so that nothing moves when lines come at the end or go at
    the head; there is no index from rows to lines to keep. `pinned` anchors it to the end instead.
    """

    def __init__(self, lines: Lines, height_of: Callable[[int], int]) -> None:
        self.lines = lines
        self._height_of = height_of
        """Rows that the line with a sequence number takes, at least 1."""
        self.top = 0
        """Sequence number of the line at the top."""
        self.cut = 0
        """Rows of that line which are above the window."""
        self.pinned = True
        self.rows: list[tuple[int, int]] = []
        """What the window shows: sequence number and row within the line."""
        self.at_end = True

    @property
    def position(self) -> int:
        """How many lines are above the window."""
        return self.lines.place(self.top)

    def prepended(self, first: int) -> None:
        """Older lines came before the line `first`; what stood there before was dropped."""
        if self.top < first:
            self.top, self.cut = first, 0
        self.rows = [row for row in self.rows if row[0] >= first]

    def inserted(self, places: Sequence[int]) -> None:
        """Late lines came in between; see `LogBuffer`."""
        self.top = moved(self.top, places)
        self.rows = [(moved(seq, places), row) for seq, row in self.rows]

    def fill(self, height: int) -> None:
        """Find the rows for a window of `height` rows; no blank below the last line while there are lines above."""
        if self.pinned:
            self._end(height)
        self._collect(height)
        if len(self.rows) < height and (self.top, self.cut) != (self.lines[0] if self.lines else 0, 0):
            self._end(height)
            self._collect(height)

    def scroll(self, rows: int) -> None:
        """Move down by `rows`, or up if negative, as far as there are lines."""
        lines = self.lines
        if not lines:
            return
        self.pinned = False
        place = min(lines.place(self.top), len(lines) - 1)
        for _ in range(abs(rows)):
            if rows < 0 and self.cut:
                self.cut -= 1
            elif rows < 0 and place:
                place -= 1
                self.cut = self._height_of(lines[place]) - 1
            elif rows > 0 and self.cut < self._height_of(lines[place]) - 1:
                self.cut += 1
            elif rows > 0 and place < len(lines) - 1:
                place += 1
                self.cut = 0
            else:
                break
        self.top = lines[place]

    def to_start(self) -> None:
        self.pinned = False
        self.top, self.cut = (self.lines[0] if self.lines else 0), 0

    def to_end(self, height: int) -> None:
        self.pinned = False
        self._end(height)

    def show(self, seq: int, height: int, row: int = 0) -> None:
        """Bring a row of a line into the window, a third from its top, unless it is there already."""
        self.pinned = False
        if (seq, row) not in self.rows:
            self.top, self.cut = seq, row
            self.scroll(-(height // 3))

    def _end(self, height: int) -> None:
        place, room = len(self.lines), height
        while place and room > 0:
            place -= 1
            room -= self._height_of(self.lines[place])
        self.top = self.lines[place] if place < len(self.lines) else 0
        self.cut = max(-room, 0)

    def _collect(self, height: int) -> None:
        self.rows = []
        lines = self.lines
        place = lines.place(self.top)
        if place < len(lines) and lines[place] != self.top:
            self.top, self.cut = lines[place], 0
        row = self.cut
        while len(self.rows) < height and place < len(lines):
            seq = lines[place]
            tall = self._height_of(seq)
            row = min(row, tall - 1)
            taken = min(tall, row + height - len(self.rows))
            self.rows.extend((seq, index) for index in range(row, taken))
            if taken < tall:
                break
            place, row = place + 1, 0
        self.at_end = place >= len(lines)
