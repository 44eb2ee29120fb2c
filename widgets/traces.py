"""The traces page: slow and failed traces of a service around a time, and the keys that ask for others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.screen import ModalScreen

from aurora_tui.model.filters import parse_filter
from aurora_tui.model.freshness import Freshness, SourceState
from aurora_tui.model.trace_rows import COLUMNS, TraceRow
from aurora_tui.model.tracequery import TraceQuery, read_duration
from aurora_tui.model.traces import short_id
from widgets.bars import KeyBar, freshness_parts
from widgets.grid import Grid
from widgets.line import Line, Part
from widgets.pane import pane_binding
from widgets.prompt import Prompt

_ASKING = "asking Jaeger …"


class TracesScreen(ModalScreen[None]):
    """Traces, failed and slow ones first; Enter opens one as a waterfall."""

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("escape,q", "leave", "Back", "Drop the filter, or back to the panes", id="traces.back"),
        pane_binding("slash", "filter", "Filter", "Filter traces: regex, !inverse, -f fuzzy", id="traces.filter"),
        pane_binding("d", "duration", "Min duration", "Ask for traces of at least a duration", id="traces.duration"),
        pane_binding("ctrl+z", "toggle_failed", "Failed", "Ask for failed traces only, or for all", id="traces.failed"),
        pane_binding("plus", "widen(2)", "Wider", "Ask for twice the time", id="traces.wider"),
        pane_binding("minus", "widen(0.5)", "Narrower", "Ask for half the time", id="traces.narrower", show=False),
        pane_binding("left_square_bracket", "shift(-1)", "Earlier", "Ask for the time before", id="traces.earlier"),
        pane_binding("right_square_bracket", "shift(1)", "Later", "Ask for the time after", id="traces.later"),
        pane_binding("ctrl+r", "again", "Refresh", "Ask again", id="traces.refresh", show=False),
        pane_binding(
            "ctrl+y", "copy_id", "Copy", "Copy the trace's id to the clipboard (OSC 52)", id="traces.copy", show=False
        ),
    ]
    DEFAULT_CSS = """
    TracesScreen { layout: vertical; background: $background; }
    TracesScreen > #heading { background: $primary 40%; }
    TracesScreen > #asked, TracesScreen > #remarks { background: $panel; }
    TracesScreen > #remarks { display: none; }
    TracesScreen > Grid { height: 1fr; }
    """

    class Asked(Message):
        """The operator wants to see what a query finds."""

        def __init__(self, screen: TracesScreen, query: TraceQuery) -> None:
            super().__init__()
            self.screen = screen
            self.query = query

    class Opened(Message):
        """The operator wants to see one trace."""

        def __init__(self, row: TraceRow) -> None:
            super().__init__()
            self.row = row

    def __init__(self, title: str, query: TraceQuery, *, clock: Callable[[], float]) -> None:
        super().__init__()
        self.query_asked = query
        self._title = title
        self._clock = clock
        self._freshness = Freshness()
        self._remarks: Sequence[str] = ()
        self._exemplars = ""
        self._filter = ""
        self._prompt = Prompt()
        self._at: str | None = None
        """The row that the cursor begins on."""
        self.rows: tuple[TraceRow, ...] = ()
        self.grid: Grid[TraceRow] = Grid(COLUMNS, clock=clock, empty=_ASKING)

    def compose(self) -> ComposeResult:
        yield Line(id="heading")
        yield Line(id="asked")
        yield Line(id="remarks")
        yield self.grid
        yield self._prompt
        yield KeyBar()

    def on_mount(self) -> None:
        self.grid.sort_by("STATE", False)
        self._show(self.rows)
        self._set_filter(self._filter)
        if self._at is not None:
            self.grid.move_to(self._at)
        self.set_focus(self.grid)
        self._say()

    def again(self) -> TracesScreen:
        """The same page anew, with what it shows and where the cursor is: a page that was left can't be shown again."""
        screen = TracesScreen(self._title, self.query_asked, clock=self._clock)
        screen._freshness, screen._remarks, screen._filter = self._freshness, self._remarks, self._filter
        screen.rows, screen._at, screen._exemplars = self.rows, self.grid.cursor_key, self._exemplars
        return screen

    @property
    def freshness(self) -> Freshness:
        """The state of what is shown."""
        return self._freshness

    def fill(
        self, rows: Sequence[TraceRow], query: TraceQuery, remarks: Sequence[str], at: float, exemplars: str = ""
    ) -> None:
        """Show what a query found at a time; `exemplars` is a word on those."""
        if query != self.query_asked:
            return  # another was asked since
        self._remarks, self._exemplars = remarks, exemplars
        self._freshness = Freshness(SourceState.LIVE, at)
        self._show(rows)
        self.grid.empty = self._none_found()
        self._say()

    def fail(self, state: SourceState, words: str, query: TraceQuery) -> None:
        """A query was not answered: what was shown stays, with its age and the reason."""
        if query != self.query_asked:
            return
        lost = self._freshness.lost if state is SourceState.DOWN else state
        self._freshness = Freshness(lost, self._freshness.last_good, words)
        self.grid.empty = f"{state.value}: {words}"
        self._remarks = (words,) if self.rows else ()
        self._say()

    def tick(self) -> None:
        """A second went by: the age of what is shown reads differently."""
        self._say()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        # While a pattern is typed its letters are not keys.
        return not self._prompt.is_open

    def on_grid_row_chosen(self, message: Grid.RowChosen) -> None:
        self.post_message(self.Opened(message.row))

    def action_leave(self) -> None:
        if self._filter:
            self._set_filter("")
            self._say()
        else:
            self.dismiss()

    def action_filter(self) -> None:
        before = self._filter

        def ended(text: str | None) -> None:
            self._set_filter(before if text is None else text)
            self.set_focus(self.grid)
            self._say()

        self._prompt.ask("/", value=before, changed=self._set_filter, ended=ended)

    def action_duration(self) -> None:
        def ended(text: str | None) -> None:
            self.set_focus(self.grid)
            if text is None:
                return
            try:
                shortest = read_duration(text)
            except ValueError as error:
                self.notify(str(error), severity="warning", markup=False)
                return
            self._ask(self.query_asked.of_at_least(shortest))

        self._prompt.ask("at least (such as 500ms, 2s; empty for all): ", ended=ended)

    def action_toggle_failed(self) -> None:
        self._ask(self.query_asked.only_failed(not self.query_asked.failed))

    def action_widen(self, factor: float) -> None:
        self._ask(self.query_asked.widened(factor))

    def action_shift(self, windows: int) -> None:
        self._ask(self.query_asked.shifted(windows))

    def action_again(self) -> None:
        self._ask(self.query_asked)

    def action_copy_id(self) -> None:
        row = self.grid.cursor_row
        if row is not None:
            self.app.copy_to_clipboard(row.key)
            self.notify(f"copied {short_id(row.key)}", markup=False)

    def _ask(self, query: TraceQuery) -> None:
        same = query == self.query_asked
        self.query_asked = query
        self._freshness = Freshness(SourceState.CONNECTING, self._freshness.last_good)
        if not same:
            # What was found for another question would be taken for the answer to this one.
            self._remarks = ()
            self._show(())
        self.grid.empty = _ASKING
        self._say()
        self.post_message(self.Asked(self, query))

    def _show(self, rows: Sequence[TraceRow]) -> None:
        before = {row.key for row in self.rows}
        self.rows = tuple(rows)
        found = {row.key: row for row in rows}
        self.grid.update_rows(found, before | found.keys())

    def _set_filter(self, text: str) -> None:
        self._filter = text.strip()
        self.grid.set_filter(parse_filter(self._filter))
        self.grid.empty = "no trace matches · Esc shows all" if self.rows and self._filter else self._none_found()

    def _none_found(self) -> str:
        if self._freshness.state is not SourceState.LIVE:
            return _ASKING
        more = f" {'. '.join(self._remarks)}." if self._remarks else ""
        fewer = ", d asks for shorter ones" if self.query_asked.shortest else ""
        fewer += ", ^z for those that did not fail too" if self.query_asked.failed else ""
        return f"Jaeger has no {self.query_asked}.{more} + asks for twice the time, [ for the time before{fewer}"

    def _say(self) -> None:
        shown, total = self.grid.visible_count, self.grid.total_count
        count = f"{shown:,}" if shown == total else f"{shown:,} of {total:,}"
        failed = sum(row.errors > 0 for row in self.rows)
        left = [Part(f" Traces of {self._title}", "strong"), Part(f"  {count}", "dim")]
        if failed:
            left.append(Part(f"  {failed} failed", "bad"))
        if slow := sum(row.slow for row in self.rows):
            left.append(Part(f"  {slow} slow", "warn"))
        if self._filter:
            left.append(Part(f"  /{self._filter}", "accent"))
            if misread := parse_filter(self._filter).remark:
                left.append(Part(f"  {misread}", "warn"))
        right = [*freshness_parts(self._freshness, self._clock()), Part(" ")]
        self.query_one("#heading", Line).show(left, right)
        exemplars = f" · {self._exemplars}" if self._exemplars else ""
        self.query_one("#asked", Line).show([Part(f" {self.query_asked}{exemplars}", "dim")])
        remarks = self.query_one("#remarks", Line)
        remarks.show([Part(f" {'; '.join(self._remarks)}", "warn")])
        remarks.display = bool(self._remarks and self.rows)
