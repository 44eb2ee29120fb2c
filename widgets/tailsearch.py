"""A log tail's search and filter: which lines are shown, which are hits, which is the current one."""

from __future__ import annotations

from collections.abc import Sequence

from aurora_tui.logbuffer import LogBuffer, moved
from aurora_tui.model.filters import parse_filter
from widgets.tailindex import AllLines, Find, Lines, Matches, both, find_errors, finder


class TailSearch:
    """The search highlights, the filter hides; both are kept up to date as the buffer changes (`take`)."""

    def __init__(self, buffer: LogBuffer, search: str = "", filter: str = "") -> None:
        self._buffer = buffer
        self.current: int | None = None
        """Sequence number of the line that was gone to last."""
        self._note = ""
        self._errors: Matches | None = None
        buffer.attach(self)
        self.search = parse_filter(search)
        self.filter = parse_filter(filter)
        self.lines: Lines = self._find_lines()
        self._hits = self._find_hits()

    @property
    def has_hits(self) -> bool:
        return bool(self._hits)

    def set_search(self, text: str) -> None:
        self.search = parse_filter(text)
        self._note = ""
        self._hits = self._find_hits()

    def set_filter(self, text: str) -> None:
        self.filter = parse_filter(text)
        self._note = ""
        self.lines = self._find_lines()
        self._hits = self._find_hits()
        self._errors = None

    def take(self) -> None:
        """Follow what the buffer gained and dropped."""
        for lines in (self.lines, self._hits, self._errors):
            if lines is not None:
                lines.take()

    def prepended(self, count: int) -> None:
        """Older lines came before the first; see `LogBuffer`."""
        if self.current is not None and self.current < self._buffer.first + count:
            self.current = None

    def inserted(self, places: Sequence[int]) -> None:
        """Late lines came in between; see `LogBuffer`."""
        if self.current is not None:
            self.current = moved(self.current, places)

    def next_hit(self, window: Sequence[int], direction: int) -> int | None:
        """The hit after (or before) the current one, or the window's edge; beyond the last comes the first."""
        return None if self._hits is None else self._visit(self._hits, window, direction)

    def next_error(self, window: Sequence[int]) -> int | None:
        """The next line that states an error; beyond the last comes the first."""
        if self._errors is None:
            self._errors = Matches(self._buffer, self._within_filter(find_errors))
        self._note = "" if self._errors else "no errors"
        return self._visit(self._errors, window, 1)

    def is_hit(self, seq: int) -> bool:
        return self._hits is not None and self._hits.holds(seq)

    def words(self) -> list[str]:
        """What to tell the reader: hits, hidden lines, and what was not understood."""
        words = []
        hits = self._hits
        if hits is not None and self.current is not None and hits.holds(self.current):
            words.append(f"{hits.place(self.current) + 1:,}/{len(hits):,} hits")
        elif hits is not None:
            words.append(f"{len(hits):,} hits" if hits else "no hits")
        if self.filter:
            words.append(f"{len(self._buffer) - len(self.lines):,} hidden by &{self.filter.text.strip()}")
        return words + [remark for remark in (self.search.remark, self.filter.remark, self._note) if remark]

    def _visit(self, matches: Matches, window: Sequence[int], direction: int) -> int | None:
        if not matches or not window:
            return None
        if self.current is not None and self.current in window:
            place = matches.place(self.current + 1) if direction > 0 else matches.place(self.current) - 1
        else:
            place = matches.place(window[0]) if direction > 0 else matches.place(window[-1] + 1) - 1
        self.current = matches[place % len(matches)]
        return self.current

    def _find_lines(self) -> Lines:
        return Matches(self._buffer, finder(self.filter)) if self.filter else AllLines(self._buffer)

    def _find_hits(self) -> Matches | None:
        return Matches(self._buffer, self._within_filter(finder(self.search))) if self.search else None

    def _within_filter(self, find: Find) -> Find:
        return both(finder(self.filter), find) if self.filter else find
