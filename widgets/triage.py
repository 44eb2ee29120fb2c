"""The triage screen: everything that is needed to decide, in sections that fill as the answers come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.widgets import Static

from aurora_tui.model.text import cell_width, printable
from aurora_tui.model.triage import SectionName, TriageRow, TriageSection
from widgets.bars import KeyBar, age_words
from widgets.line import Line, Part
from widgets.pane import pane_binding
from widgets.previews import diff_lines
from widgets.readfirst import ReadFirst
from widgets.sections import Sections

BESIDE_FROM = 120
"""Cells of width from which on the sections stand in two columns."""
_URGENT = (SectionName.IMPACT, SectionName.MITIGATIONS)
_LEFT = (SectionName.IMPACT, SectionName.WHY, SectionName.MITIGATIONS)


class TriageScreen(ReadFirst):
    """What `subject` (in words) suffers from, why, and what would mend it; `m` offers the mitigations."""

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("escape,q", "leave", "Back", "Back to the panes", id="triage.back"),
        pane_binding(
            "m", "mitigate", "Mitigate", "Choose what shall mend it, the likeliest first", id="triage.mitigate"
        ),
        pane_binding(
            "w", "ask('changes')", "Changes", "All that changed, nearest to the onset first", id="triage.changes"
        ),
        pane_binding(
            "l", "ask('logs')", "Logs", "The log of the workload since five minutes before the onset", id="triage.logs"
        ),
        pane_binding("t", "ask('traces')", "Traces", "Slow and failed traces around the onset", id="triage.traces"),
        pane_binding(
            "I", "app.incident", "Incident", "Open an incident for it, or show the open one", id="triage.incident"
        ),
        pane_binding("tab,shift+tab", "other", "Other side", "To the other column", id="triage.other", show=False),
        pane_binding(
            "ctrl+r", "ask('refresh')", "Refresh", "Read everything again now", id="triage.refresh", show=False
        ),
    ]
    DEFAULT_CSS = """
    TriageScreen { layout: vertical; background: $background; }
    TriageScreen > #heading { background: $primary 40%; }
    TriageScreen > #columns { height: 1fr; }
    TriageScreen #left { width: 1fr; height: 1fr; border-right: vkey $panel; }
    TriageScreen #right { width: 1fr; height: 1fr; }
    TriageScreen.-single #left { border-right: none; }
    TriageScreen.-single #right { display: none; }
    TriageScreen > #details-title { background: $panel; }
    TriageScreen > VerticalScroll { height: 7; padding: 0 2; }
    TriageScreen.-short > VerticalScroll { height: 4; }
    """

    class Chosen(Message):
        """The operator wants to go where a row leads."""

        def __init__(self, screen: TriageScreen, row: TriageRow) -> None:
            super().__init__()
            self.screen = screen
            self.row = row

    class MitigationWanted(Message):
        """The operator wants to choose among the mitigations."""

        def __init__(self, screen: TriageScreen) -> None:
            super().__init__()
            self.screen = screen

    class Asked(Message):
        """The operator wants the ``changes``, ``logs`` or ``traces`` of what is in hand, or all of it anew."""

        def __init__(self, screen: TriageScreen, what: str) -> None:
            super().__init__()
            self.screen = screen
            self.what = what

    class Resumed(Message):
        """It lies on top again: the operator comes back from somewhere."""

        def __init__(self, screen: TriageScreen) -> None:
            super().__init__()
            self.screen = screen

    def __init__(self, subject: str, *, clock: Callable[[], float]) -> None:
        super().__init__()
        self.clock = clock
        self.subject = subject
        self.left, self.right = Sections(id="left"), Sections(id="right")
        self._sections: Sequence[TriageSection] = ()
        self._read_at: float | None = None
        self._single: bool | None = None
        self._crowded = False
        """Whether the left side was once longer than it is high."""
        self._covered = False
        self.is_read = False

    @property
    def has_rows(self) -> bool:
        return (self.right if self.right.has_focus else self.left).row is not None

    def compose(self) -> ComposeResult:
        yield Line(id="heading")
        yield Horizontal(self.left, self.right, id="columns")
        yield Line(id="details-title")
        yield VerticalScroll(Static("", id="details"), can_focus=False)
        yield KeyBar()

    def on_mount(self) -> None:
        self.set_focus(self.left)
        self.tick()

    def on_resize(self, event: Resize) -> None:
        single = event.size.width < BESIDE_FROM
        self.set_class(single, "-single").set_class(event.size.height < 36, "-short")
        if single is not self._single:
            self._single, self._crowded = single, False
            if single:
                self.set_focus(self.left)
            self._lay_out()

    def show(self, sections: Sequence[TriageSection], read_at: float | None) -> None:
        """Show what is known so far; `read_at` is when all of it had been read last, None while it never was."""
        before, self._sections, self._read_at = self._sections, sections, read_at
        self.is_read = read_at is not None
        if self.is_mounted:
            if sections != before:
                self._lay_out()
            self.tick()

    def tick(self) -> None:
        """A second went by: say how old it is."""
        age = "reading …" if self._read_at is None else f"read {age_words(self.clock() - self._read_at)}"
        parts = [Part(f" Triage  {self.subject}", "strong")]
        self.query_one("#heading", Line).show(parts, [Part(f"{age} ", "dim")])

    def on_screen_suspend(self) -> None:
        self._covered = True

    def on_screen_resume(self) -> None:
        if self._covered:
            self.post_message(self.Resumed(self))

    def on_sections_moved(self, message: Sections.Moved) -> None:
        self._show_details()

    def on_sections_chosen(self, message: Sections.Chosen) -> None:
        self.post_message(self.Chosen(self, message.row))

    def action_leave(self) -> None:
        self.dismiss()

    def action_mitigate(self) -> None:
        self.post_message(self.MitigationWanted(self))

    def action_ask(self, what: str) -> None:
        self.post_message(self.Asked(self, what))

    def action_other(self) -> None:
        if not self._single:
            self.set_focus(self.right if self.left.has_focus else self.left)
            self._show_details()

    def _lay_out(self) -> None:
        left = [each for each in self._sections if each.name in _LEFT or self._single]
        lines = sum(1 + max(len(each.rows), bool(each.empty)) for each in left)
        self._crowded = self._crowded or lines > self.left.size.height > 0
        if self._crowded:
            # Where not all of it is in sight, what would mend it is; and stays where it is from then on.
            left.sort(key=lambda each: _URGENT.index(each.name) if each.name in _URGENT else len(_URGENT))
        self.left.show(left)
        self.right.show([each for each in self._sections if each not in left])

    def _show_details(self) -> None:
        row = (self.right if self.right.has_focus else self.left).row
        title = [Part(f" {row.text}", "strong")] if row is not None else []
        self.query_one("#details-title", Line).show(title)
        told = list(row.details) if row is not None else []
        if row is not None and cell_width(printable(row.text)) > self.size.width - 2 and row.text not in told:
            told.insert(0, row.text)  # the title above is one line
        lines = [Content(printable(words)) for words in told]
        lines += diff_lines(row.diff) if row is not None else []
        self.query_one("#details", Static).update(Content("\n").join(lines))
