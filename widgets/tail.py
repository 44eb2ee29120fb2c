"""The log tail: the keys that move in a log, follow it, search it, fold it and mark it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message

from aurora_tui.model.loglines import LogLine, summary
from aurora_tui.model.templates import Templates
from widgets.gridkeys import is_taken
from widgets.tailkeys import OF_LOGS, TAIL_KEYS
from widgets.tailpaint import STYLES, TAIL_CSS, time_of_day
from widgets.tailview import TailView

_SIDESTEP = 16
_BLOCK = 1024
"""Lines whose times are looked at together."""


class Tail(TailView):
    """Paints the lines of a `LogBuffer` that are in the window, and only those; moves as the keys say."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tail--{name}" for name in STYLES}
    DEFAULT_CSS = TAIL_CSS
    BINDINGS: ClassVar[list[BindingType]] = [*TAIL_KEYS]

    class LineChosen(Message):
        """The operator wants to read all of the line that the tail is at."""

        def __init__(self, tail: Tail) -> None:
            super().__init__()
            self.tail = tail

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "next_hit":
            return True if self._search.has_hits else None
        if action == "sideways_by_letter":
            return not is_taken(self, "l")
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

    def action_sideways_by_letter(self, steps: int) -> None:
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
        self._seek(lambda: self._search.next_hit(self._in_window(), direction))

    def action_next_error(self) -> None:
        self._search.want_errors(self._anchor)
        self._seek(lambda: self._search.next_error(self._in_window()))

    def action_fold(self) -> None:
        seq = self._foldable()
        if seq is not None:
            self._turned ^= {seq}
            self._forget()
            if self._is_unfolded(seq) or (seq, 0) not in self._window.rows:
                self._window.show(seq, self.size.height)
                self._window.pinned = False
            self._settle()

    def action_fold_all(self) -> None:
        self._all_unfolded = not self._all_unfolded
        self._turned.clear()
        self._forget()
        self.repaint()

    def action_choose(self) -> None:
        rows = self._in_window()
        if rows:
            if self._search.current not in rows:
                self._search.current = rows[-1]
                self._window.pinned = False
            self._go_to(self._search.current)
            self.post_message(self.LineChosen(self))

    def entry(self) -> tuple[LogLine, Sequence[str]] | None:
        """The line that was gone to, with the lines folded below it; None where it was dropped."""
        seq, buffer = self._search.current, self._buffer
        if seq is None or not buffer.first <= seq < buffer.end:
            return None
        return buffer[seq], [buffer[member].text for member in self._search.folds.block(seq)]

    def step(self, step: int) -> bool:
        """Go to the next line that is shown, or the one before; False where there is none."""
        lines, seq = self._window.lines, self._search.current
        if seq is None:
            return False
        place = lines.place(seq) + step
        if not 0 <= place < len(lines):
            return False
        self._search.current = lines[place]
        self._go_to(self._search.current)
        return True

    def go_to_time(self, moment: float, words: str) -> None:
        """To the first line at or after a moment, in seconds since the epoch; `words` is how it was typed."""
        self._seek(lambda: self._at_time(moment, words))

    def _at_time(self, moment: float, words: str) -> int | None:
        seq = self._first_at(moment)
        if seq is None:
            self.action_last()
            self._search.note = f"no line at or after {words}"
            return None
        then = self._buffer[seq].stamp or moment
        older = self._window.lines.place(seq) > 0 or then == moment
        self._search.note = "" if older else f"the oldest line here is of {time_of_day(then)}"
        self._search.current = seq
        return seq

    def _first_at(self, moment: float) -> int | None:
        """The first line that is shown at or after a moment; of pods whose clocks differ lines may be out of order."""
        buffer, lines = self._buffer, self._window.lines
        for start in range(buffer.first, buffer.end, _BLOCK):
            stamps = [line.stamp or 0.0 for line in buffer.span(start, start + _BLOCK)]
            if max(stamps) < moment:
                continue
            for place in range(lines.place(start), lines.place(start + _BLOCK)):
                if (buffer[lines[place]].stamp or 0.0) >= moment:
                    return lines[place]
        return None

    def templates(self) -> Templates:
        """The templates of the lines, counted from now on; `status` says how far that is."""
        templates = self._search.want_templates()
        self._look_on()
        return templates

    @property
    def counting(self) -> str:
        """How far the lines were looked at, in words; empty where all were."""
        return self._search.progress()

    @property
    def shows_times(self) -> bool:
        return self._timestamps

    @property
    def hidden_words(self) -> str:
        """How many lines the filter hides, in brackets; empty where there is none."""
        return f" ({self._search.hidden_words()})" if self._search.filter else ""

    def shown_lines(self) -> Iterator[LogLine]:
        """The lines that the filter lets through, with those folded below them, in order."""
        for head in self._window.lines:
            for seq in (head, *self._search.folds.block(head)):
                yield self._buffer[seq]

    def _foldable(self) -> int | None:
        """The line that the reader means: the one gone to, else the last in the window that has lines below it."""
        rows = list(dict.fromkeys(self._in_window()))
        if self._search.current in rows:
            rows = [*rows, self._search.current]
        for seq in reversed(rows):
            if self._lines_below(seq, summary(self._buffer[seq].text)):
                return seq
        return None

    def _in_window(self) -> list[int]:
        return [seq for seq, _ in self._window.rows]

    def _seek(self, find: Callable[[], int | None]) -> None:
        """Go to what is found, now or as soon as all lines were looked at."""
        self._wanted = find
        self.flush()
        self._look_on()

    def _settle(self) -> None:
        """After the reader moved: follow again once the end is in the window."""
        self.repaint()
        self._window.pinned = self._autoscroll and self._window.at_end
