"""The waterfall: the spans of a trace under each other, folded as the operator likes, their bars to scale."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from aurora_tui.model.columns import Tone
from aurora_tui.model.tracetree import Node, Tree
from aurora_tui.model.waterfall import CRITICAL, Layout, Row, heading, layout, row, visible
from widgets.gridlook import GRID_CSS, STYLES, Look, read_look
from widgets.gridpaint import Run, merge
from widgets.lineview import LineView
from widgets.pane import pane_binding


class Waterfall(LineView):
    """A trace's spans with a cursor; the first line is the axis and stays."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"grid--{name}" for name in STYLES}
    DEFAULT_CSS = GRID_CSS.replace("Grid {", "Waterfall {")
    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("enter", "choose", "Details", "Tags, events and resource of the span", id="waterfall.choose"),
        pane_binding("space", "fold", "Fold", "Hide what is below the span, or show it", id="waterfall.fold"),
        pane_binding("E", "next_failed", "Next failed", "To the next span that failed", id="waterfall.failed"),
        pane_binding(
            "c", "next_critical", "Critical", "To the next span on the critical path", id="waterfall.critical"
        ),
        pane_binding("j,down", "move(1)", "Down", "To the next span", id="waterfall.down", show=False),
        pane_binding("k,up", "move(-1)", "Up", "To the span before", id="waterfall.up", show=False),
        pane_binding("g,home", "go(0)", "First", "To the first span", id="waterfall.first", show=False),
        pane_binding("G,end", "go(-1)", "Last", "To the last span", id="waterfall.last", show=False),
        pane_binding(
            "ctrl+f,pagedown", "page(1)", "Page down", "One window down", id="waterfall.page_down", show=False
        ),
        pane_binding("ctrl+b,pageup", "page(-1)", "Page up", "One window up", id="waterfall.page_up", show=False),
        pane_binding(
            "h,left", "close", "Close", "Fold the span, or go to its caller", id="waterfall.close", show=False
        ),
        pane_binding("right", "open", "Open", "Unfold the span, or go into it", id="waterfall.open", show=False),
    ]

    class Chosen(Message):
        """The operator wants to know more of a span."""

        def __init__(self, tree: Tree, node: Node) -> None:
            super().__init__()
            self.tree = tree
            self.node = node

    def __init__(self, *, empty: str = "") -> None:
        super().__init__(empty=empty)
        self.trace_tree: Tree | None = None
        self._folded: set[int] = set()
        self._visible: list[int] = []
        self._cursor = 0
        """The line of the cursor among the visible ones."""
        self._top = 0
        self._look: Look | None = None
        self._layout = Layout(0, 0)

    @property
    def node(self) -> Node | None:
        """The span under the cursor."""
        if self.trace_tree is None or not self._visible:
            return None
        return self.trace_tree.nodes[self._visible[self._cursor]]

    def show(self, tree: Tree) -> None:
        """Show a trace, the cursor on its first span."""
        self.trace_tree = tree
        self._folded.clear()
        self._visible = visible(tree, ())
        self._cursor = self._top = 0
        self.repaint()

    def move_to(self, span: str) -> None:
        """Put the cursor on a span, by its id; nothing happens where it is not there."""
        place = self.trace_tree.place(span) if self.trace_tree is not None else None
        if place is not None:
            self._reveal(place)

    def extent(self) -> tuple[int, int, int]:
        return self._top, self._page, len(self._visible)

    def prepare(self) -> None:
        # The last cell is the thumb's.
        self._layout = layout(self.size.width - 1)
        if self._look is None:
            self._look = read_look(self)
        self._clamp()

    def line(self, y: int) -> Strip:
        look, tree = self._look, self.trace_tree
        assert look is not None, "prepare() comes first"
        if tree is None or not self._visible:
            return self.empty_line(y, self.size.height, self.empty)
        if y == 0:
            return self.with_edge([Segment(heading(self._layout, tree), look.header)], look.header)
        index = self._top + y - 1
        if index >= len(self._visible):
            return self.with_edge([], look.base)
        place = self._visible[index]
        node = tree.nodes[place]
        told = row(tree, node, self._layout, folded=place in self._folded)
        thumb = self.has_thumb(y - 1, self._page)
        if index == self._cursor:
            cursor = look.cursor if self.has_focus else look.cursor_blurred
            return self.with_edge([Segment(str(told), cursor)], cursor, thumb=thumb)
        return self.with_edge(merge(_runs(told, node, look)), look.base, thumb=thumb)

    def scroll_rows(self, rows: int) -> None:
        self._top += rows
        self._clamp()
        self.repaint()

    def scroll_sideways(self, steps: int) -> None:
        """Nothing: a line is as wide as the window."""

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._look = None

    def action_move(self, rows: int) -> None:
        self._go(self._cursor + rows)

    def action_page(self, pages: int) -> None:
        self._top += pages * self._page
        self._go(self._cursor + pages * self._page)

    def action_go(self, index: int) -> None:
        self._go(index if index >= 0 else len(self._visible) - 1)

    def action_choose(self) -> None:
        if self.trace_tree is not None and (node := self.node) is not None:
            self.post_message(self.Chosen(self.trace_tree, node))

    def action_fold(self) -> None:
        node = self.node
        if node is not None and node.size > 1:
            self._folded ^= {self._visible[self._cursor]}
            self._arrange()

    def action_close(self) -> None:
        """Fold what is open; of what is folded or has nothing below go to the caller."""
        node = self.node
        if node is None:
            return
        place = self._visible[self._cursor]
        if node.size > 1 and place not in self._folded:
            self.action_fold()
        elif node.parent is not None:
            self._reveal(node.parent)

    def action_open(self) -> None:
        if self._visible and self._visible[self._cursor] in self._folded:
            self.action_fold()
        elif (node := self.node) is not None and node.size > 1:
            self._go(self._cursor + 1)

    def action_next_failed(self) -> None:
        self._next(lambda node: node.span.failed)

    def action_next_critical(self) -> None:
        self._next(lambda node: bool(node.critical))

    async def _on_click(self, event: events.Click) -> None:
        event.stop()
        offset = event.get_content_offset(self)
        if offset is not None and offset.y and self._top + offset.y - 1 < len(self._visible):
            self._go(self._top + offset.y - 1)
            if event.chain == 2:
                self.action_choose()

    @property
    def _page(self) -> int:
        return max(self.size.height - 1, 0)

    def _next(self, wanted: Callable[[Node], bool]) -> None:
        """To the next span that is wanted, folded away or not; after the last comes the first."""
        if self.trace_tree is None or not self._visible:
            return
        here = self._visible[self._cursor]
        count = len(self.trace_tree.nodes)
        places = ((here + step) % count for step in range(1, count + 1))
        place = next((place for place in places if wanted(self.trace_tree.nodes[place])), None)
        if place is not None:
            self._reveal(place)

    def _reveal(self, place: int) -> None:
        """Unfold what hides a span, and put the cursor on it."""
        assert self.trace_tree is not None
        above = self.trace_tree.nodes[place].parent
        while above is not None:
            self._folded.discard(above)
            above = self.trace_tree.nodes[above].parent
        self._visible = visible(self.trace_tree, self._folded)
        self._go(self._visible.index(place))

    def _arrange(self) -> None:
        assert self.trace_tree is not None
        self._visible = visible(self.trace_tree, self._folded)
        self._go(self._cursor)

    def _go(self, index: int) -> None:
        self._cursor = max(min(index, len(self._visible) - 1), 0)
        self._top = min(max(self._top, self._cursor - self._page + 1), self._cursor)
        self._clamp()
        self.repaint()

    def _clamp(self) -> None:
        self._top = max(min(self._top, len(self._visible) - self._page), 0)


def _runs(told: Row, node: Node, look: Look) -> Iterator[Run]:
    """The parts of a line in their styles; the signs say all that the colours do."""
    base = look.base
    bad = base + look.tones[Tone.BAD]
    yield told.name, bad if node.span.failed else base
    yield f" {told.marks} ", bad if node.span.failed else base + look.tones[Tone.WARN]
    yield f"{told.duration} |", base
    plain, accent = base + look.tones[Tone.DIM], base + look.tones[Tone.ACCENT]
    for cell in told.bar:
        yield cell, accent if cell == CRITICAL else bad if node.span.failed and cell != " " else plain
    yield "|", base
