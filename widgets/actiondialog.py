"""The dialog of an action: its preview, the confirmation, then its outcome and verification, live."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from aurora_tui.model.actions import Followed, Outcome, Plan, Record, Remedy, Verdict
from aurora_tui.model.text import printable
from widgets.account import Account
from widgets.answers import Answers, Question, questions
from widgets.field import Field
from widgets.pane import pane_binding

_OUTCOME_STYLE = {
    Outcome.DONE: "$text-success",
    Outcome.REFUSED: "$text-warning",
    Outcome.FAILED: "$text-error",
    Outcome.UNCERTAIN: "$text-warning",
}


class ActionDialog(ModalScreen[bool]):
    """One action from its preview to its verdict; the app does the work and tells the dialog.

    The default is Cancel. In a protected environment the context's name must be typed and a reason
    given; elsewhere the plan says what a policy asks for, and the field appears with it. Closing the
    dialog after the action was confirmed does not stop the verification. It is dismissed with True
    where the operator wants the action that was just carried out to be taken back.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding(
            "escape", "leave", "Cancel", "Leave without doing anything, or hide what is under way", id="action.leave"
        ),
        pane_binding("u", "undo", "Undo this", "Take the action back, with a preview of its own", id="action.undo"),
        pane_binding(
            "x", "remedy", "Delete the pod", "Delete the pod that the rollout waits for in vain", id="action.remedy"
        ),
        pane_binding("up,pageup", "scroll(-1)", "Up", "Scroll what is shown up", id="action.up", show=False),
        pane_binding("down,pagedown", "scroll(1)", "Down", "Scroll what is shown down", id="action.down", show=False),
        pane_binding("left", "button(-1)", "Previous", "Previous button", id="action.previous", show=False),
        pane_binding("right", "button(1)", "Next", "Next button", id="action.next", show=False),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (36, "-tall")]  # noqa: RUF012 - Textual has it so
    DEFAULT_CSS = """
    ActionDialog { align: center middle; background: $background 60%; }
    ActionDialog > Vertical {
        width: 90%; max-width: 110; height: auto; max-height: 95%;
        background: $surface; border: round $primary; padding: 0 1;
    }
    ActionDialog > Vertical.-protected { border: round $error; }
    ActionDialog Static { height: auto; }
    ActionDialog #diff { height: auto; max-height: 12; margin: 1 0 0 0; }
    ActionDialog #buttons { height: 1; margin: 1 0 0 0; align-horizontal: right; }
    ActionDialog.-tall Account { max-height: 24; }
    ActionDialog Button { margin: 0 0 0 2; }
    ActionDialog Input { margin: 1 0 0 0; }
    """

    class Confirmed(Message):
        """The operator confirmed the plan that the dialog shows."""

        def __init__(self, dialog: ActionDialog, plan: Plan, context: str | None, reason: str | None) -> None:
            super().__init__()
            self.dialog = dialog
            self.plan = plan
            self.context = context
            self.reason = reason

    class RemedyWanted(Message):
        """The operator wants what frees the rollout: `dialog` asks for it, once it has `opened`."""

        def __init__(self, dialog: ActionDialog, opened: Awaitable[None], remedy: Remedy) -> None:
            super().__init__()
            self.dialog = dialog
            self.opened = opened
            self.remedy = remedy

    def __init__(self, title: str, context: str, *, protected: bool) -> None:
        super().__init__()
        self._heading = title
        self._asked_context = context
        self._protected = protected
        self._plan: Plan | None = None
        self._confirmed = False
        self._finished = False
        self.account = Account(id="account")
        """What became of the action."""

    def compose(self) -> ComposeResult:
        with Vertical(id="box", classes="-protected" if self._protected else None):
            yield Static(Content.styled(printable(self._heading), "bold"), id="title")
            yield Static("asking the server for a preview …", id="effect", markup=False)
            yield Static("", id="warnings")
            diff = VerticalScroll(Static("", id="lines"), id="diff", can_focus=False)
            diff.display = False
            yield diff
            answers = Answers(id="answers")
            if self._protected:
                answers.ask(self._protection)
            yield answers
            yield self.account
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                if not self._protected:
                    yield Button("Do it", id="confirm", compact=True, variant="error", disabled=True)

    def on_mount(self) -> None:
        # At once: the next key may already be there.
        self.set_focus(self.query_one("#answers" if self._protected else "#cancel"))

    @property
    def _protection(self) -> list[Question]:
        return questions("protected", self._asked_context, name=True, reason=True)

    def show_plan(self, plan: Plan) -> None:
        """Show what will be done and ask; again, and all anew, where a confirmed plan was void."""
        if self._confirmed:
            self._reopen()
        self._plan = plan
        self._text("#title", Content.styled(printable(plan.title), "bold"))
        target = plan.action.target
        place = f"context {target.context} · namespace {target.namespace} · {target}"
        self._text("#effect", Content(f"{printable(plan.effect)}\n{printable(place)}"))
        self._text("#warnings", _remarks(plan))
        if plan.diff:
            lines = [
                Content.styled(printable(str(line)), "$text-success" if line.sign == "+" else "$text-error")
                for line in plan.diff
            ]
            self._text("#lines", Content("\n").join(lines))
            self.query_one("#diff").display = True
        if plan.problems:
            self.account.say(Content.styled("This cannot be done here.", "$text-error"))
            self._close_questions()
        elif self._protected or plan.protected or plan.needs_reason:
            self._ask(plan)
        else:
            confirm = self.query_one("#confirm", Button)
            confirm.label = plan.action.verb.value
            confirm.disabled = False

    def _ask(self, plan: Plan) -> None:
        answers = self.query_one("#answers", Answers)
        answers.ready = True
        if self._protected:  # its field has been there from the start, maybe with answers typed ahead
            return
        answers.ask(questions("policy", self._asked_context, name=plan.protected, reason=plan.needs_reason))
        self.query_one("#confirm").display = False
        self.query_one("#box").set_class(plan.protected, "-protected")
        self.set_focus(answers)

    def _reopen(self) -> None:
        self._confirmed = self._finished = False
        self.account.tell(Content.styled("This is how it is now: look at it, and confirm it again.", "$text-warning"))
        self.query_one("#diff").display = False
        self.query_one("#cancel", Button).label = "Cancel"
        if self._protected:
            answers = self.query_one("#answers", Answers)
            answers.ask(self._protection)
            self.set_focus(answers)
        else:
            self.query_one("#confirm").display = True
            self.set_focus(self.query_one("#cancel"))

    def show_refusal(self, words: str) -> None:
        """The plan was refused, or could not be made: say why; nothing was sent."""
        self._text("#effect", Content.styled(f"Not done: {printable(words)}", "$text-warning"))
        self._close_questions()

    def show_record(self, record: Record) -> None:
        """Say what became of the request."""
        words = f"{record.outcome.value}: {record.message}" if record.message else record.outcome.value
        self.account.tell(Content.styled(printable(words), _OUTCOME_STYLE[record.outcome]))
        if record.outcome in (Outcome.REFUSED, Outcome.FAILED):
            self._finished = True
        else:  # what was confirmed gives its place to what becomes of it
            for preview in self.query("#warnings, #diff"):
                preview.display = False

    def offer_undo(self, words: str) -> None:
        """The action can be taken back, by what `words` say."""
        self.account.offer_undo(words)
        self.refresh_bindings()

    def show(self, step: Followed) -> None:
        """One step of the verification."""
        offered = self.account.remedy
        self.account.show(step)
        if self.account.remedy != offered:
            self.refresh_bindings()
        if isinstance(step, Verdict):
            self._finished = True
            self.query_one("#cancel", Button).label = "Close"

    def on_answers_given_early(self, event: Answers.GivenEarly) -> None:
        if self._plan is None:
            words = "Not yet: read the preview first, then press Enter again."
            self.account.say(Content.styled(words, "$text-warning"))

    def on_answers_given(self, event: Answers.Given) -> None:
        self._confirm(event.answers.get("context"), event.answers.get("reason"))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "confirm":
            self._confirm(None, None)
        else:
            self.action_leave()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "undo":
            return bool(self.account.undo)
        if action == "remedy":
            return self.account.remedy is not None
        # In a field the arrows move within the text.
        return not (action == "button" and isinstance(self.focused, Field))

    def action_button(self, step: int) -> None:
        if step < 0:
            self.focus_previous()
        else:
            self.focus_next()

    def action_undo(self) -> None:
        self.dismiss(True)

    def action_remedy(self) -> None:
        remedy = self.account.remedy
        if remedy is not None:
            # At once: the next keys are meant for it.
            dialog = ActionDialog(
                f"{remedy.verb.value} {remedy.target}", self._asked_context, protected=self._protected
            )
            self.post_message(self.RemedyWanted(dialog, self.app.push_screen(dialog), remedy))

    def action_scroll(self, pages: int) -> None:
        """Half of what is seen at a time, of the change, then of what became of it."""
        for shown in self.query("#account, #diff").results(VerticalScroll):
            shown.scroll_relative(y=pages * max(1, shown.size.height // 2), animate=False)

    def action_leave(self) -> None:
        if self._confirmed and not self._finished:
            self.notify("the verification goes on; its verdict will be said here and in the journal", markup=False)
        self.dismiss()

    def _confirm(self, context: str | None, reason: str | None) -> None:
        plan = self._plan
        if plan is None or plan.problems or self._confirmed:
            return
        self._confirmed = True
        self._close_questions()
        self.account.tell(Content("sending …"))
        self.post_message(self.Confirmed(self, plan, context, reason))

    def _close_questions(self) -> None:
        for question in self.query("#answers, #confirm"):
            question.display = False
        close = self.query_one("#cancel", Button)
        close.label = "Hide" if self._confirmed else "Close"
        close.focus()

    def _text(self, selector: str, content: Content) -> None:
        self.query_one(selector, Static).update(content)


def _remarks(plan: Plan) -> Content:
    lines: Sequence[Content] = [
        *(Content.styled(f"✘ {printable(words)}", "$text-error") for words in plan.problems),
        *(Content.styled(f"! {printable(words)}", "$text-warning") for words in plan.warnings),
    ]
    return Content("\n").join(lines)
