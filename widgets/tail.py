"""The log tail: the keys that move in a log, follow it, search it, fold it and mark it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import BindingType

from aurora_tui.model.loglines import summary
from widgets.tailkeys import OF_LOGS, TAIL_KEYS
from widgets.tailpaint import STYLES, TAIL_CSS
from widgets.tailview import TailView

_SIDESTEP = 16


class Tail(TailView):
    """Paints the lines of a `LogBuffer` that are in the window, and only those; moves as the keys say."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tail--{name}" for name in STYLES}
    DEFAULT_CSS = TAIL_CSS
    BINDINGS: ClassVar[list[BindingType]] = [*TAIL_KEYS]

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
