"""The incident in hand: its clocks, the steps of the procedure with who ticked them, and its timeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static

from aurora_tui.model.ages import human_duration
from aurora_tui.model.checklists import STEP_COLUMNS, StepRow
from aurora_tui.model.incidents import ROLES, Incident, PhaseClock
from aurora_tui.model.text import clip, printable
from aurora_tui.model.timeline import TimelineEntry, columns
from widgets.bars import KeyBar
from widgets.grid import Grid
from widgets.line import Line, Part
from widgets.pane import pane_binding

T = TypeVar("T")
_MOST_DETAILS = 6
SEVERITY_STYLES = {"sev1": "badge-bad", "sev2": "badge-warn", "sev3": "badge-plain"}


class StepGrid(Grid[StepRow]):
    """Steps of a list, where space ticks and does not mark."""

    DEFAULT_CSS = "StepGrid { height: 14; }"

    def on_mount(self) -> None:
        # The key bar shows the keys of the focused widget first, and they come first; there is no public hook.
        for key in ("space", "enter"):
            self._bindings.key_to_bindings.pop(key, None)


class IncidentScreen(ModalScreen[None]):
    """Steps above, timeline below; it stays up to date while it is open."""

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("escape,q", "leave", "Back", "Back to the panes; the incident goes on", id="incident.back"),
        pane_binding("space", "tick", "Tick", "Tick the step, or take its tick off", id="incident.tick"),
        pane_binding("tab,shift+tab", "other", "Switch", "To the timeline, or to the steps", id="incident.other"),
        pane_binding("n", "app.note", "Note", "Write a note into the timeline", id="incident.note"),
        pane_binding("b", "app.runbook", "Runbook", "The runbook of the alert", id="incident.runbook"),
        pane_binding("exclamation_mark", "app.notify_others", "Notify", "Tell others; asks first", id="incident.tell"),
        pane_binding("v", "app.severity", "Severity", "Change how severe it is", id="incident.severity"),
        pane_binding("o", "app.role", "Roles", "Say who does what", id="incident.role"),
        pane_binding(
            "x", "app.resolve", "Resolve", "Wait until all is well, then close it; again: wait no longer",
            id="incident.resolve",
        ),
        pane_binding(
            "X", "app.close_incident", "Close", "Close it although not all is well; asks why", id="incident.close"
        ),
        pane_binding(
            "left_square_bracket", "app.scrub(-1)", "Earlier", "In a replay, a moment back", id="incident.earlier"
        ),
        pane_binding("right_square_bracket", "app.scrub(1)", "Later", "In a replay, a moment on", id="incident.later"),
        pane_binding("p", "app.postmortem", "Post-mortem", "The draft of the post-mortem", id="incident.postmortem"),
    ]  # fmt: skip
    DEFAULT_CSS = """
    IncidentScreen { layout: vertical; background: $background; }
    IncidentScreen > #heading { background: $primary 40%; }
    IncidentScreen > #clocks { background: $primary 40%; }
    IncidentScreen > #trouble { background: $primary 40%; display: none; }
    IncidentScreen > StepGrid { height: 14; }
    IncidentScreen > #timeline-title { background: $panel; }
    IncidentScreen > #timeline { height: 1fr; }
    IncidentScreen > #details { height: auto; max-height: 6; padding: 0 2; color: $text-muted; }
    """

    class TickWanted(Message):
        """The operator wants a step to be ticked, or its tick to be taken off."""

        def __init__(self, row: StepRow) -> None:
            super().__init__()
            self.row = row

    def __init__(
        self, begin: float, *, clock: Callable[[], float], past: Incident | None = None, writes: bool = True
    ) -> None:
        super().__init__()
        self.past = past
        self._writes = writes
        """The one that is only read, as it is over; None for the one in hand."""
        self._clock = clock
        self.steps: StepGrid = StepGrid(STEP_COLUMNS, clock=clock, empty="the procedure has no steps")
        self.timeline: Grid[TimelineEntry] = Grid(columns(begin), clock=clock, empty="nothing yet", id="timeline")
        self._rows: dict[str, StepRow] = {}
        self._entries: dict[str, TimelineEntry] = {}

    def compose(self) -> ComposeResult:
        yield Line(id="heading")
        yield Line(id="clocks")
        yield Line(id="trouble")
        yield self.steps
        yield Line(id="timeline-title")
        yield self.timeline
        yield Static("", id="details")
        yield KeyBar()

    def on_mount(self) -> None:
        self.timeline.sort_by("TIME", True)
        self.set_focus(self.steps)

    def fill(
        self, incident: Incident, clocks: Sequence[PhaseClock], rows: Sequence[StepRow], calm: str, trouble: str
    ) -> None:
        """Show how it stands now; what is equal is painted once."""
        now = self._clock()
        until = incident.resolved_at if incident.resolved_at is not None else now
        ended = "warn" if incident.without_calm else "good"
        self.query_one("#heading", Line).show(
            [
                Part(" "),
                Part(f" {incident.severity.upper()} ", SEVERITY_STYLES.get(incident.severity, "badge-plain")),
                Part(f" {incident.title}", "strong"),
                Part(f"  {human_duration(until - incident.begin)}", "plain" if incident.is_open else ended),
                Part("  " if incident.is_open else f"  {incident.state_words}  ", ended),
                Part(incident.id, "dim"),
            ],
            # Against the end: on a small terminal the id is cut, not who leads.
            [Part(f"{clip(_people(incident), self.size.width // 2)} ")],
        )
        self.query_one("#clocks", Line).show([*clock_parts(clocks), *([Part(f" {calm} ", "accent")] if calm else ())])
        line = self.query_one("#trouble", Line)
        line.show([Part(f" {trouble}", "warn")])
        line.display = bool(trouble)
        self._rows = _update(self.steps, self._rows, {row.key: row for row in rows})
        self._entries = _update(self.timeline, self._entries, {entry.key: entry for entry in incident.timeline})
        title = [Part(" Timeline", "strong"), Part(f"  {len(incident.timeline)} entries, the newest first", "dim")]
        self.query_one("#timeline-title", Line).show(title)
        self._show_details()

    def on_grid_row_highlighted(self, message: Grid.RowHighlighted) -> None:
        self._show_details()

    def on_descendant_focus(self) -> None:
        self._show_details()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action != "tick":
            return True
        return False if self.past is not None else True if self._writes else None

    def action_tick(self) -> None:
        row = self.steps.cursor_row
        if row is not None:
            self.post_message(self.TickWanted(row))

    def action_other(self) -> None:
        self.set_focus(self.timeline if self.focused is self.steps else self.steps)

    def action_leave(self) -> None:
        self.dismiss()

    def _show_details(self) -> None:
        """What the entry under the cursor holds, while the keys are on the timeline."""
        entry = self.timeline.cursor_row if self.focused is self.timeline else None
        lines = [entry.words, *entry.details][: _MOST_DETAILS - 1] if entry is not None else []
        width = max(self.size.width - 4, 20)
        self.query_one("#details", Static).update(Content("\n").join(Content(clip(printable(x), width)) for x in lines))


def clock_parts(clocks: Sequence[PhaseClock]) -> list[Part]:
    """Each clock against its limit: running, in time, or over."""
    parts: list[Part] = []
    for clock in clocks:
        limit = f" of {human_duration(clock.limit)}" if clock.limit is not None else ""
        state = "too long" if clock.over else "done" if clock.ended is not None else ""
        style = "bad" if clock.over else "good" if clock.ended is not None else "warn"
        parts.append(Part(f" {clock.title} ", "plain"))
        parts.append(Part(f"{human_duration(clock.seconds)}{limit}{f' {state}' if state else ''} ", style))
    return parts


def _people(incident: Incident) -> str:
    """Who does what, the lead first; whoever is there, where nobody has a role."""
    roles = sorted(incident.roles.items(), key=lambda each: ROLES.index(each[0]) if each[0] in ROLES else len(ROLES))
    return "  ".join(f"{role}: {who}" for role, who in roles) or ", ".join(incident.people)


def _update(grid: Grid[T], before: dict[str, T], after: dict[str, T]) -> dict[str, T]:
    changed = {key for key, row in after.items() if before.get(key) != row} | (before.keys() - after.keys())
    grid.update_rows(after, changed)
    return after
