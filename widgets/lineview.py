"""A scrolling view painted line by line, of which only the lines that differ are painted again."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from aurora_tui.model.text import cell_width

WHEEL_ROWS = 3
THUMB = "▐"


class LineView(ScrollView, can_focus=True, inherit_bindings=False):
    """Base of the grid and the log tail.

    A subclass says what each line of the window is now (`line`); `repaint` compares that with what
    was painted and refreshes what differs. The view keeps its own scroll position: Textual's lays
    out the whole screen when the number of rows changes and paints every row when one comes.
    The last cell of each line belongs to the scroll thumb.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"lineview--thumb", "lineview--empty"}
    DEFAULT_CSS = """
    LineView {
        overflow: hidden hidden;
        .lineview--thumb { color: $primary; }
        .lineview--empty { color: $text-muted; }
        &:ansi .lineview--empty { text-style: dim; }
    }
    """

    def __init__(self, *, empty: str = "", id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._empty = empty
        self._painted: dict[int, Strip] = {}

    def line(self, y: int) -> Strip:
        """The line at row `y` of the window, as wide as the window."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Bring what `line` reads up to date; called before lines are asked for."""

    def extent(self) -> tuple[int, int, int]:
        """What the thumb shows: position and number of lines shown, and lines in all."""
        raise NotImplementedError

    def scroll_rows(self, rows: int) -> None:
        """Scroll down by `rows`, or up if negative."""
        raise NotImplementedError

    def scroll_sideways(self, steps: int) -> None:
        """Scroll right by `steps`, or left if negative."""
        raise NotImplementedError

    @property
    def empty(self) -> str:
        """What to say, centred, while there is nothing to show."""
        return self._empty

    @empty.setter
    def empty(self, words: str) -> None:
        if words != self._empty:
            self._empty = words
            self.repaint()

    def repaint(self) -> None:
        """Refresh the parts of the window that differ from what was painted."""
        width, height = self.size
        if not width or not self.is_mounted:
            return
        self.prepare()
        regions = []
        for y in range(height):
            line = self.line(y)
            painted = self._painted.get(y)
            if line is not painted and line != painted:
                regions.append(Region(0, y, width, 1))
        if regions:
            self.refresh(*regions)

    def render_lines(self, crop: Region) -> list[Strip]:
        self.prepare()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        strip = self._painted[y] = self.line(y)
        return strip

    def has_thumb(self, y: int, height: int) -> bool:
        """Whether the scroll thumb covers row `y` of a window of `height` rows."""
        position, shown, total = self.extent()
        if total <= shown or height <= 0:
            return False
        length = max(1, height * shown // total)
        start = (height - length) * position // (total - shown)
        return start <= y < start + length

    def with_edge(self, segments: list[Segment], fill: Style, *, thumb: bool = False) -> Strip:
        """Close a line: filled with `fill` up to the last cell, which is the thumb's."""
        width = self.size.width
        room, length = max(width - 1, 0), sum(segment.cell_length for segment in segments)
        if length > room:
            segments, length = list(Strip(segments, length).adjust_cell_length(room, fill)), room
        blank = " " * (room - length if thumb else width - length)
        if blank and segments and segments[-1].style == fill:
            segments = [*segments[:-1], Segment(segments[-1].text + blank, fill)]
        elif blank:
            segments = [*segments, Segment(blank, fill)]
        if thumb:
            segments = [*segments, Segment(THUMB, self.rich_style + overlay(self, "lineview--thumb"))]
        return Strip(segments, width)

    def empty_line(self, y: int, height: int, words: str) -> Strip:
        """Row `y` of `height` rows that hold nothing but `words`, wrapped and centred."""
        from textwrap import wrap

        width = self.size.width
        lines = wrap(words, max(width - 4, 1))
        index = y - max((height - len(lines)) // 2, 0)
        base = self.rich_style
        if not 0 <= index < len(lines):
            return Strip.blank(width, base)
        text = lines[index]
        left = max((width - cell_width(text)) // 2, 0)
        style = base + overlay(self, "lineview--empty")
        return Strip([Segment(" " * left + text, style)]).adjust_cell_length(width, base)

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, 1)

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, -1)

    def _on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        self._wheel(event, 1, sideways=True)

    def _on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        self._wheel(event, -1, sideways=True)

    def _wheel(self, event: events.MouseEvent, direction: int, *, sideways: bool = False) -> None:
        event.prevent_default()
        event.stop()
        if sideways or event.shift or event.ctrl:
            self.scroll_sideways(direction)
        else:
            self.scroll_rows(direction * WHEEL_ROWS)


def overlay(widget: Widget, name: str) -> Style:
    """What a component class lays over the style of what it stands on: the colours it sets, and its attributes.

    A translucent colour (`$text-muted`) is blended with the widget's background; Textual's own
    partial style drops the translucency and makes it brighter than plain text.
    """
    full = widget.get_component_rich_style(name)
    partial = widget.get_component_rich_style(name, partial=True)
    color = full.color if partial.color else None
    background = full.bgcolor if partial.bgcolor else None
    return partial.without_color + Style.from_color(color, background)
