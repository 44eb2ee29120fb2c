"""A one-line widget painted from parts: the base of title bars, the status bar and the key bar."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from aurora_tui.model.frozen import Frozen
from aurora_tui.model.text import cell_width, clip, printable
from widgets.lineview import overlay


class Part(Frozen):
    """A piece of a line; `style` names a component class of `Line` (``good``, ``badge-bad``, ``key`` …)."""

    text: str
    style: str = "plain"
    action: str | None = None
    link: str = ""
    """An address that the terminal opens (OSC 8); only what `aurora_tui.model.links` lets pass."""


STYLES = (
    "plain", "dim", "good", "warn", "bad", "accent", "strong", "key",
    "badge-good", "badge-warn", "badge-bad", "badge-plain",
)  # fmt: skip


class Line(Widget):
    """Paints `left` from the start and `right` against the end, at least a blank between them.

    What does not fit is cut from `left`. Setting equal parts paints nothing.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"line--{style}" for style in STYLES}
    DEFAULT_CSS = """
    Line {
        height: 1;
        width: 1fr;
        .line--dim { color: $text-muted; }
        .line--good { color: $success; }
        .line--warn { color: $warning; }
        .line--bad { color: $error; text-style: bold; }
        .line--accent { color: $accent; }
        .line--strong { text-style: bold; }
        .line--key { color: $accent; text-style: bold; }
        .line--badge-good { background: $success; color: $background; text-style: bold; }
        .line--badge-warn { background: $warning; color: $background; text-style: bold; }
        .line--badge-bad { background: $error; color: $background; text-style: bold; }
        .line--badge-plain { background: $primary; color: $background; text-style: bold; }
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._left: tuple[Part, ...] = ()
        self._right: tuple[Part, ...] = ()
        self._painted: Strip | None = None

    def show(self, left: Iterable[Part], right: Iterable[Part] = ()) -> None:
        """Replace what the line says."""
        parts = (tuple(left), tuple(right))
        if parts != (self._left, self._right):
            self._left, self._right = parts
            if self.is_mounted and self._painted is not None and self._painted != self._strip():
                self.refresh()

    @property
    def text(self) -> str:
        """What the line says, without its layout."""
        return "".join(printable(part.text) for part in (*self._left, *self._right))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1

    def render_line(self, y: int) -> Strip:
        if y or not self.size.width:
            return Strip.blank(self.size.width, self.rich_style)
        self._painted = self._strip()
        return self._painted

    def _strip(self) -> Strip:
        base, width = self.rich_style, self.size.width
        right = self._segments(self._right, width)
        room = width - sum(segment.cell_length for segment in right)
        left = self._segments(self._left, room - 1 if right else room)
        gap = room - sum(segment.cell_length for segment in left)
        return Strip([*left, Segment(" " * gap, base), *right], width)

    def _segments(self, parts: Sequence[Part], room: int) -> list[Segment]:
        segments: list[Segment] = []
        for part in parts:
            text = printable(part.text)
            if cell_width(text) > room:
                text = clip(text, room)
            if not text:
                break
            room -= cell_width(text)
            style = self.rich_style + overlay(self, f"line--{part.style}")
            if part.action or part.link:
                from rich.style import Style

                style += Style(meta={"@click": part.action} if part.action else None, link=part.link or None)
            segments.append(Segment(text, style))
        return segments
