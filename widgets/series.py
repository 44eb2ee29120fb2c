"""The screen of a series: all that it would do, the one confirmation, then every object's way to its end, live."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from aurora_tui.model.frozen import replace
from aurora_tui.model.series import COLUMNS, FINISHED, Ended, Moved, Row, SeriesPlan, Stage, Way, rows
from aurora_tui.model.text import printable
from widgets.bars import KeyBar
from widgets.confirming import ConfirmScreen
from widgets.grid import Grid
from widgets.line import Line, Part
from widgets.pane import pane_binding
from widgets.previews import bar, diff_lines, remarks


class SeriesGrid(Grid[Row]):
    """The list of a series: its rows are looked at, not opened or marked."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action not in ("choose", "mark") and super().check_action(action, parameters)


class SeriesScreen(ConfirmScreen[SeriesPlan]):
    """One series from its preview to its end."""

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding(
            "escape", "leave", "Leave", "Leave without doing anything, or hide what is under way", id="series.leave"
        ),
        pane_binding("x", "stop", "Stop", "Begin nothing more; what is under way is finished", id="series.stop"),
        pane_binding("u", "undo", "Undo this", "Take back what was done, with a preview of its own", id="series.undo"),
        pane_binding(
            "ctrl+o", "choose_way", "At a failure", "Stop at the first failure, or go on past it", id="series.way"
        ),
        pane_binding("down", "move(1)", "Down", "To the next object", id="series.down", show=False),
        pane_binding("up", "move(-1)", "Up", "To the object before", id="series.up", show=False),
        pane_binding("left", "button(-1)", "Previous", "Previous button", id="series.previous", show=False),
        pane_binding("right", "button(1)", "Next", "Next button", id="series.next", show=False),
    ]
    DEFAULT_CSS = """
    SeriesScreen { layout: vertical; background: $background; }
    SeriesScreen > #heading { background: $primary 40%; }
    SeriesScreen.-protected > #heading { background: $error 40%; }
    SeriesScreen > Static { height: auto; max-height: 9; padding: 0 1; }
    SeriesScreen > Grid { height: 2fr; min-height: 3; }
    SeriesScreen > #row-title { background: $panel; }
    SeriesScreen > VerticalScroll { height: 1fr; padding: 0 2; }
    """

    class Confirmed(Message):
        """The operator confirmed the series that the screen shows."""

        def __init__(self, screen: SeriesScreen, way: Way, context: str | None, reason: str | None) -> None:
            super().__init__()
            self.screen = screen
            self.way = way
            self.context = context
            self.reason = reason

    class StopWanted(Message):
        """The operator wants nothing more to be begun."""

        def __init__(self, screen: SeriesScreen) -> None:
            super().__init__()
            self.screen = screen

    def __init__(self, title: str, context: str, *, protected: bool, clock: Callable[[], float]) -> None:
        super().__init__(context, protected=protected, classes="-protected" if protected else None)
        self.heading = title
        self._way = Way.ONE_BY_ONE
        self._rows: dict[str, Row] = {}
        self._ended: Ended | None = None
        self.grid = SeriesGrid(COLUMNS, clock=clock, empty="asking the server for a preview …")

    def compose(self) -> ComposeResult:
        yield Line(id="heading")
        yield Static("", id="remarks")
        yield self.grid
        yield Line(id="row-title")
        yield VerticalScroll(Static("", id="row"), can_focus=False)
        yield Static("", id="progress")
        yield self._answers()
        yield from self._buttons()
        yield KeyBar()

    def on_mount(self) -> None:
        self._say_heading()

    def show_plan(self, plan: SeriesPlan) -> None:
        """Show what will be done, and ask."""
        self._plan, self._way = plan, plan.way
        self.grid.empty = "nothing to do"
        self._take(rows(plan))
        self._say_heading()
        said = [Content(printable(plan.effect)), *remarks(plan.problems, plan.warnings)]
        self.query_one("#remarks", Static).update(Content("\n").join(said))
        self._paint_progress()
        self._offer(plan)
        self.refresh_bindings()

    def show_refusal(self, words: str) -> None:
        """The series was refused, or could not be planned: say why; nothing was sent."""
        self.grid.empty = ""
        self.grid.repaint()
        self.query_one("#remarks", Static).update(Content.styled(f"Not done: {printable(words)}", "$text-warning"))
        self._close_questions()

    def show_under_way(self, plan: SeriesPlan, moves: Sequence[Moved], ended: Ended | None) -> None:
        """Show a series that was confirmed before, as far as it has come."""
        self.show_plan(plan)
        self._confirmed = True
        self._close_questions()
        for moved in moves:
            self.show_move(moved)
        if ended is not None:
            self.show_end(ended)

    def show_move(self, moved: Moved) -> None:
        """One object has come to a stage."""
        key = f"{moved.index + 1:06d}"
        self._take([replace(self._rows[key], stage=moved.stage, text=moved.text)])
        self._paint_progress()

    def show_end(self, ended: Ended) -> None:
        """All is over."""
        self._ended = ended
        self._leaving = "Close"
        self._paint_progress()
        self.refresh_bindings()

    def on_grid_row_highlighted(self, message: Grid.RowHighlighted) -> None:
        self._show_row()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "stop":
                return self._confirmed and self._ended is None
            case "undo":
                return self._ended is not None and bool(self._ended.undo)
            case "choose_way":
                return self._plan is not None and self._plan.may_choose and not self._confirmed
        return super().check_action(action, parameters)

    def action_move(self, rows: int) -> None:
        self.grid.action_move(rows)

    def action_choose_way(self) -> None:
        self._way = Way.TOGETHER if self._way is Way.ONE_BY_ONE else Way.ONE_BY_ONE
        self._paint_progress()

    def action_stop(self) -> None:
        self.post_message(self.StopWanted(self))

    def action_leave(self, word: str = "") -> None:
        if self._confirmed and self._ended is None:
            words = "it goes on, and its end will be said here; :series shows it again, with x to stop it"
            self.notify(words, markup=False)
        super().action_leave()

    @property
    def _watched(self) -> Widget:
        return self.grid

    def _say(self, content: Content) -> None:
        self.query_one("#progress", Static).update(content)

    def _carry_out(self, plan: SeriesPlan, context: str | None, reason: str | None) -> None:
        self._paint_progress()
        self.post_message(self.Confirmed(self, self._way, context, reason))
        self.refresh_bindings()

    def _take(self, changed: Sequence[Row]) -> None:
        self._rows |= {row.key: row for row in changed}
        self.grid.update_rows(self._rows, [row.key for row in changed])
        self._show_row()

    def _say_heading(self) -> None:
        left = [Part(f" {(self._plan.title if self._plan else self.heading).capitalize()}", "strong")]
        self.query_one("#heading", Line).show(left, [Part(f"context {self._asked_context} ")])

    def _show_row(self) -> None:
        """All that is known of the object under the cursor."""
        row = self.grid.cursor_row
        title, lines = self.query_one("#row-title", Line), self.query_one("#row", Static)
        if row is None:
            title.show(())
            lines.update("")
            return
        title.show(
            [Part(f" {row.ref}", "strong"), Part(f"  ns {row.ref.namespace}" if row.ref.namespace else "", "dim")]
        )
        found = [Content(printable(row.text or row.words))]
        if row.item is not None:
            found += remarks((), row.item.warnings)
            found += diff_lines(row.item.plan.diff if row.item.plan else ())
        lines.update(Content("\n").join(found))

    def _paint_progress(self) -> None:
        stages = [row.stage for row in self._rows.values() if row.item is not None]
        if self._ended is not None:
            sign, colour = ("✔", "$text-success") if self._ended.good else ("✘", "$text-error")
            self._say(Content.styled(f"{sign} {printable(self._ended.text)}", colour))
        elif self._confirmed:
            finished = len([stage for stage in stages if stage in FINISHED])
            waiting = stages.count(Stage.WAITING)
            more = f", {waiting} waiting for a budget" if waiting else ""
            failed = f", {stages.count(Stage.FAILED)} failed" if Stage.FAILED in stages else ""
            done = bar(finished / len(stages) if stages else 0.0)
            self._say(Content(f"{done} {finished} of {len(stages)} finished{failed}{more}"))
        elif len(stages) > 1:
            self._say(Content.styled(self._way.value, "$text-muted"))
