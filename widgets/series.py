"""The screen of a series: all that it would do, the one confirmation, then every object's way to its end, live."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from aurora_tui.model.series import COLUMNS, FINISHED, Ended, Moved, Row, SeriesPlan, Stage, Way, rows
from aurora_tui.model.text import printable
from widgets.answers import Answers, questions
from widgets.bars import KeyBar
from widgets.field import Field
from widgets.grid import Grid
from widgets.line import Line, Part
from widgets.pane import pane_binding

_BAR = 24


class SeriesGrid(Grid[Row]):
    """The list of a series: its rows are looked at, not opened or marked."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action not in ("choose", "mark") and super().check_action(action, parameters)


class SeriesScreen(ModalScreen[bool]):
    """One series from its preview to its end; the app does the work and tells the screen.

    The default is Cancel. Leaving it while the series is under way hides it and stops nothing. It is dismissed
    with True where the operator wants what was done to be taken back.
    """

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
    SeriesScreen > #buttons { height: 1; align-horizontal: right; }
    SeriesScreen Button { margin: 0 0 0 2; }
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
        super().__init__(classes="-protected" if protected else None)
        self.heading = title
        self._asked_context = context
        self._protected = protected
        self._plan: SeriesPlan | None = None
        self._way = Way.ONE_BY_ONE
        self._rows: dict[str, Row] = {}
        self._confirmed = False
        self._ended: Ended | None = None
        self.grid = SeriesGrid(COLUMNS, clock=clock, empty="asking the server for a preview …")

    def compose(self) -> ComposeResult:
        yield Line(id="heading")
        yield Static("", id="remarks")
        yield self.grid
        yield Line(id="row-title")
        yield VerticalScroll(Static("", id="row"), can_focus=False)
        yield Static("", id="progress")
        answers = Answers(id="answers")
        if self._protected:
            answers.ask(questions("protected", self._asked_context, name=True, reason=True))
        yield answers
        with Horizontal(id="buttons"):
            yield Button("Cancel", id="cancel", compact=True)
            if not self._protected:
                yield Button("Do it", id="confirm", compact=True, variant="error", disabled=True)
        yield KeyBar()

    def on_mount(self) -> None:
        self._say_heading()
        # At once: the next key may already be there.
        self.set_focus(self.query_one("#answers" if self._protected else "#cancel"))

    def show_plan(self, plan: SeriesPlan) -> None:
        """Show what will be done, and ask."""
        self._plan, self._way = plan, plan.way
        self.grid.empty = "nothing to do"
        self._take(rows(plan))
        self._say_heading()
        remarks = [Content(printable(plan.effect)), *_remarks(plan)]
        self.query_one("#remarks", Static).update(Content("\n").join(remarks))
        self._paint_progress()
        if plan.problems:
            self._close_questions()
        elif self._protected or plan.protected or plan.needs_reason:
            self._ask(plan)
        else:
            self.query_one("#confirm", Button).disabled = False
        self.refresh_bindings()

    def _ask(self, plan: SeriesPlan) -> None:
        answers = self.query_one("#answers", Answers)
        answers.ready = True
        if not self._protected:  # whose field has been there from the start, maybe with answers typed ahead
            answers.ask(questions("policy", self._asked_context, name=plan.protected, reason=plan.needs_reason))
            self.query_one("#confirm").display = False
            self.set_focus(answers)

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
        self.query_one("#cancel", Button).label = "Close"
        self._paint_progress()
        self.refresh_bindings()

    def on_grid_row_highlighted(self, message: Grid.RowHighlighted) -> None:
        self._show_row()

    def on_answers_given_early(self, event: Answers.GivenEarly) -> None:
        if self._plan is None:
            words = "Not yet: read the preview first, then press Enter again."
            self.query_one("#progress", Static).update(Content.styled(words, "$text-warning"))

    def on_answers_given(self, event: Answers.Given) -> None:
        self._confirm(event.answers.get("context"), event.answers.get("reason"))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "confirm":
            self._confirm(None, None)
        else:
            self.action_leave()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "stop":
                return self._confirmed and self._ended is None
            case "undo":
                return self._ended is not None and bool(self._ended.undo)
            case "choose_way":
                return self._plan is not None and self._plan.may_choose and not self._confirmed
            case "button":  # in a field the arrows move within the text
                return not isinstance(self.focused, Field)
        return True

    def action_move(self, rows: int) -> None:
        self.grid.action_move(rows)

    def action_button(self, step: int) -> None:
        if step < 0:
            self.focus_previous()
        else:
            self.focus_next()

    def action_choose_way(self) -> None:
        self._way = Way.TOGETHER if self._way is Way.ONE_BY_ONE else Way.ONE_BY_ONE
        self._paint_progress()

    def action_stop(self) -> None:
        self.post_message(self.StopWanted(self))

    def action_undo(self) -> None:
        self.dismiss(True)

    def action_leave(self) -> None:
        if self._confirmed and self._ended is None:
            words = "it goes on, and its end will be said here; :series shows it again, with x to stop it"
            self.notify(words, markup=False)
        self.dismiss()

    def _confirm(self, context: str | None, reason: str | None) -> None:
        plan = self._plan
        if plan is None or plan.problems or self._confirmed:
            return
        self._confirmed = True
        self._close_questions()
        self._paint_progress()
        self.post_message(self.Confirmed(self, self._way, context, reason))
        self.refresh_bindings()

    def _close_questions(self) -> None:
        for question in self.query("#answers, #confirm"):
            question.display = False
        close = self.query_one("#cancel", Button)
        close.label = "Hide" if self._confirmed else "Close"
        self.set_focus(self.grid if self._confirmed else close)

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
            found += [Content.styled(f"! {printable(words)}", "$text-warning") for words in row.item.warnings]
            for line in row.item.plan.diff if row.item.plan else ():
                colour = "$text-success" if line.sign == "+" else "$text-error"
                found.append(Content.styled(printable(str(line)), colour))
        lines.update(Content("\n").join(found))

    def _paint_progress(self) -> None:
        progress = self.query_one("#progress", Static)
        stages = [row.stage for row in self._rows.values() if row.item is not None]
        if self._ended is not None:
            sign, colour = ("✔", "$text-success") if self._ended.good else ("✘", "$text-error")
            progress.update(Content.styled(f"{sign} {printable(self._ended.text)}", colour))
        elif self._confirmed:
            finished = len([stage for stage in stages if stage in FINISHED])
            filled = round(_BAR * finished / len(stages)) if stages else 0
            bar = "█" * filled + "░" * (_BAR - filled)
            waiting = stages.count(Stage.WAITING)
            more = f", {waiting} waiting for a budget" if waiting else ""
            failed = f", {stages.count(Stage.FAILED)} failed" if Stage.FAILED in stages else ""
            progress.update(Content(f"{bar} {finished} of {len(stages)} finished{failed}{more}"))
        elif self._plan is not None and self._plan.problems:
            progress.update(Content.styled("This cannot be done here.", "$text-error"))
        elif self._plan is not None and len(stages) > 1:
            progress.update(Content.styled(self._way.value, "$text-muted"))


def _remarks(plan: SeriesPlan) -> list[Content]:
    return [
        *(Content.styled(f"✘ {printable(words)}", "$text-error") for words in plan.problems),
        *(Content.styled(f"! {printable(words)}", "$text-warning") for words in plan.warnings),
    ]
