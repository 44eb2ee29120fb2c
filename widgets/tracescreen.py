"""One trace over the whole screen: its waterfall, what it waited for, and the pages of its spans."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.screen import ModalScreen

from aurora_tui.model.spanview import span_lines
from aurora_tui.model.text import listed
from aurora_tui.model.tracequery import clock as clock_words
from aurora_tui.model.traces import NANO, duration_words, short_id
from aurora_tui.model.tracetree import Node, Tree
from aurora_tui.model.waterfall import LEGEND, critical_summary, told
from widgets.bars import KeyBar
from widgets.line import Line, Part
from widgets.pane import pane_binding
from widgets.textpage import TextPage
from widgets.waterfall import Waterfall

_SERVICES = 8


class SpanMessage(Message):
    """Base of what is asked about a span."""

    def __init__(self, tree: Tree, node: Node) -> None:
        super().__init__()
        self.tree = tree
        self.node = node


class TraceScreen(ModalScreen[None]):
    """The waterfall of a trace; Enter tells more of a span, `l` goes to its log lines, `p` to its pod."""

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("escape,q", "leave", "Back", "Back to where the trace was opened", id="trace.back"),
        pane_binding("l", "logs", "Logs", "The log lines of the span's trace", id="trace.logs"),
        pane_binding("p", "pod", "Pod", "The pod that the span ran in", id="trace.pod"),
        pane_binding("d", "describe", "Describe", "Describe the pod that the span ran in", id="trace.describe"),
        pane_binding("w", "changes", "Changes", "What changed around the time of the span", id="trace.changes"),
        pane_binding("ctrl+r", "again", "Refresh", "Ask for the trace again", id="trace.refresh", show=False),
        pane_binding(
            "ctrl+y", "copy_id", "Copy", "Copy the trace's id to the clipboard (OSC 52)", id="trace.copy", show=False
        ),
    ]
    DEFAULT_CSS = """
    TraceScreen { layout: vertical; background: $background; }
    TraceScreen > #heading { background: $primary 40%; }
    TraceScreen > #told, TraceScreen > #waited, TraceScreen > #legend { background: $panel; }
    TraceScreen > Waterfall { height: 1fr; }
    """

    class LogsWanted(SpanMessage):
        """The operator wants the log lines of a span's trace."""

    class Asked(Message):
        """The operator wants the trace as it is now: spans may have come since."""

        def __init__(self, screen: TraceScreen) -> None:
            super().__init__()
            self.screen = screen

    class PodWanted(SpanMessage):
        """The operator wants to see the pod that a span ran in."""

    class ChangesWanted(SpanMessage):
        """The operator wants to see what changed around the time of a span."""

    class DescriptionWanted(SpanMessage):
        """The operator wants the pod that a span ran in described."""

    def __init__(self, trace: str, *, context: str = "", clock: Callable[[], float]) -> None:
        super().__init__()
        self.trace = trace
        self._place = f" in {context}" if context else ""
        self.clock = clock
        self.waterfall = Waterfall(empty="asking Jaeger …")

    def compose(self) -> ComposeResult:
        yield Line(id="heading")
        yield Line(id="told")
        yield Line(id="waited")
        yield self.waterfall
        yield Line(id="legend")
        yield KeyBar()

    def on_mount(self) -> None:
        self.set_focus(self.waterfall)
        self.query_one("#heading", Line).show([Part(f" Trace {short_id(self.trace)}{self._place}", "strong")])
        self.query_one("#legend", Line).show([Part(f" {LEGEND}", "dim")])
        if self.waterfall.trace_tree is not None:
            self._say(self.waterfall.trace_tree)

    def fill(self, tree: Tree, span: str = "") -> None:
        """Show the trace, the cursor on the span that is named, else on the one that it was on."""
        at = span or (self.waterfall.node.span.id if self.waterfall.node is not None else "")
        self.waterfall.show(tree)
        if at:
            self.waterfall.move_to(at)
        if self.is_mounted:
            self._say(tree)

    def say(self, words: str) -> None:
        """The trace cannot be shown, or not as it is now: say why."""
        self.waterfall.empty = words
        if self.waterfall.trace_tree is not None:
            self.query_one("#told", Line).show([Part(f" as it was before: {words}", "warn")])

    def on_waterfall_chosen(self, message: Waterfall.Chosen) -> None:
        self.app.push_screen(SpanPage(message.tree, message.node, clock=self.clock))

    def action_leave(self) -> None:
        self.dismiss()

    def action_logs(self) -> None:
        self._post(self.LogsWanted)

    def action_pod(self) -> None:
        self._post(self.PodWanted)

    def action_changes(self) -> None:
        self._post(self.ChangesWanted)

    def action_describe(self) -> None:
        self._post(self.DescriptionWanted)

    def action_again(self) -> None:
        self.post_message(self.Asked(self))

    def action_copy_id(self) -> None:
        self.app.copy_to_clipboard(self.trace)
        self.notify(f"copied {short_id(self.trace)}", markup=False)

    def _post(self, kind: type[SpanMessage]) -> None:
        tree, node = self.waterfall.trace_tree, self.waterfall.node
        if tree is not None and node is not None:
            self.post_message(kind(tree, node))

    def _say(self, tree: Tree) -> None:
        left = [
            Part(f" Trace {short_id(tree.trace)}{self._place}", "strong"),
            Part(f"  {clock_words(tree.begin / NANO)} UTC", "dim"),
        ]
        self.query_one("#heading", Line).show(left)
        services = listed([name or "?" for name in tree.services], _SERVICES)
        summary = [Part(f" {told(tree)}", "bad" if tree.errors else "plain"), Part(f"  {services}", "dim")]
        self.query_one("#told", Line).show(summary)
        waits = [
            f"{node.span.service} {node.span.operation} {duration_words(spent)}"
            for node, spent in critical_summary(tree)
        ]
        self.query_one("#waited", Line).show([Part(" waited for: ", "dim"), Part(", ".join(waits))])


class SpanPage(TextPage):
    """All that is known of a span."""

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("l", "logs", "Logs", "The log lines of the span's trace", id="span.logs"),
        pane_binding("p", "pod", "Pod", "The pod that the span ran in", id="span.pod"),
        pane_binding("d", "describe", "Describe", "Describe the pod that the span ran in", id="span.describe"),
        pane_binding("w", "changes", "Changes", "What changed around the time of the span", id="span.changes"),
    ]

    OWN_KEYS = ("w",)

    def __init__(self, tree: Tree, node: Node, *, clock: Callable[[], float]) -> None:
        super().__init__(f"Span {node.span.service} {node.span.operation}", clock=clock)
        self.trace_tree = tree
        self.node = node

    def on_mount(self) -> None:
        super().on_mount()
        self.fill(span_lines(self.trace_tree, self.node))

    def action_logs(self) -> None:
        self.post_message(TraceScreen.LogsWanted(self.trace_tree, self.node))

    def action_pod(self) -> None:
        self.post_message(TraceScreen.PodWanted(self.trace_tree, self.node))

    def action_changes(self) -> None:
        self.post_message(TraceScreen.ChangesWanted(self.trace_tree, self.node))

    def action_describe(self) -> None:
        self.post_message(TraceScreen.DescriptionWanted(self.trace_tree, self.node))
