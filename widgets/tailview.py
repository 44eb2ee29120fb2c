"""The log tail as it is painted: the lines that are in the window, with what is folded below them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from textual.strip import Strip

from aurora_tui.model.loglines import Summary, summary
from widgets.tailpaint import (
    CURRENT_SIGN,
    HIT_SIGN,
    Look,
    Shape,
    paint_below,
    paint_line,
    paint_rule,
    prefix_width,
    read_look,
    time_of_day,
)
from widgets.tailreading import TailReading


class TailView(TailReading):
    """What `Tail` shows, without the keys."""

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
            text = self._search.filter.text.strip()
            none = (
                f"searching for &{text} …" if self._search.left else f"no line matches &{text}; {hidden:,} are hidden"
            )
            return self.empty_line(y, height, none if hidden else self.empty)
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

    def _go_to(self, seq: int | None) -> None:
        if seq is not None:
            inside = self._search.inside(seq)
            if inside is not None and not self._is_unfolded(seq):
                self._turned ^= {seq}
            self._forget()
            row = 0
            if inside is not None:
                self._paint(seq)
                starts = self._below[seq]
                row = starts[len(starts) - len(self._search.folds.block(seq)) + inside]
            self._window.show(seq, self.size.height, row)
            self._forget()
        self.repaint()

    def _is_unfolded(self, seq: int) -> bool:
        return (seq in self._turned) is not self._all_unfolded

    def _height_of(self, seq: int) -> int:
        if self._wrap or (self._is_unfolded(seq) and not self._raw):
            return len(self._paint(seq))
        return 1 + (seq in self._marks)

    def _paint(self, seq: int) -> list[list[Segment]]:
        rows = self._rows.get(seq)
        if rows is None:
            line = self._buffer[seq]
            short = None if self._raw else summary(line.text)
            below = self._lines_below(seq, short)
            unfolded = bool(below) and self._is_unfolded(seq)
            shape, look, search = self._shape, self.look, self._search.search
            sign = self._signs[seq] = self._sign(seq)
            rows = paint_line(
                line, self._names.of(line), shape, look, search=search, sign=sign, short=short,
                more=len(below), unfolded=unfolded,
            )  # fmt: skip
            if unfolded:
                starts = self._below[seq] = []
                for text in below:
                    starts.append(len(rows))
                    rows += paint_below(text, prefix_width(shape), shape, look, search=search)
            if seq in self._marks:
                rows.append(paint_rule(f"marked {time_of_day(self._marks[seq])}", shape, look))
            self._rows[seq] = rows
        return rows

    def _lines_below(self, seq: int, short: Summary | None) -> Sequence[str]:
        """What is folded below a line: the rest of its own message and stack trace, then the lines of its block."""
        block = [self._buffer[member].text for member in self._search.folds.block(seq)]
        return [*(short.stack if short else ()), *block]

    def _sign(self, seq: int) -> str:
        if seq == self._search.current:
            return CURRENT_SIGN
        return HIT_SIGN if self._search.is_hit(seq) else " "
