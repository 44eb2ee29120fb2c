"""The dialog of an action: its preview, the confirmation, then its outcome and verification, live."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Static

from aurora_tui.model.actions import Followed, Outcome, Plan, Record, Remedy, Verdict, called
from aurora_tui.model.text import printable
from widgets.account import Account
from widgets.confirming import ConfirmScreen
from widgets.pane import pane_binding
from widgets.previews import diff_lines, remarks

_OUTCOME_STYLE = {
    Outcome.DONE: "$text-success",
    Outcome.REFUSED: "$text-warning",
    Outcome.FAILED: "$text-error",
    Outcome.UNCERTAIN: "$text-warning",
}


class ActionDialog(ConfirmScreen[Plan]):
    """One action from its preview to its verdict."""

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("escape", "leave('Cancel')", "Cancel", "Leave without doing anything", id="action.leave"),
        pane_binding("escape", "leave('Hide')", "Hide", "Hide what is under way: it goes on", id="action.hide"),
        pane_binding("escape", "leave('Close')", "Close", "Leave what is over", id="action.close"),
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
    ActionDialog #buttons { margin: 1 0 0 0; }
    ActionDialog.-tall Account { max-height: 24; }
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

    class Suffering(Message):
        """The action has come to its verdict, and does not suffice: the operator wants to know what is next."""

        def __init__(self, dialog: ActionDialog, plan: Plan) -> None:
            super().__init__()
            self.dialog = dialog
            self.plan = plan

    def __init__(self, title: str, context: str, *, protected: bool) -> None:
        super().__init__(context, protected=protected)
        self._heading = title
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
            yield self._answers()
            yield self.account
            yield from self._buttons()

    def show_plan(self, plan: Plan) -> None:
        """Show what will be done and ask; again, and all anew, where a confirmed plan was void."""
        if self._confirmed:
            self._reopen()
        self._plan = plan
        self._text("#title", Content.styled(printable(plan.title), "bold"))
        target = plan.action.target
        namespace = f"namespace {target.namespace} · " if target.namespace else ""
        place = f"context {target.context} · {namespace}{target}"
        self._text("#effect", Content(f"{printable(plan.effect)}\n{printable(place)}"))
        self._text("#warnings", Content("\n").join(remarks(plan.problems, plan.warnings)))
        if plan.diff:
            self._text("#lines", Content("\n").join(diff_lines(plan.diff)))
            self.query_one("#diff").display = True
        if not self._protected:
            self.query_one("#confirm", Button).label = called(plan.action.verb, target.kind)
        self._offer(plan)

    def _ask(self, plan: Plan) -> None:
        super()._ask(plan)
        self.query_one("#box").set_class(plan.protected, "-protected")

    def _reopen(self) -> None:
        self._finished = False
        self.account.tell(Content.styled("This is how it is now: look at it, and confirm it again.", "$text-warning"))
        self.query_one("#diff").display = False
        super()._reopen()

    def show_refusal(self, words: str) -> None:
        """The plan was refused, or could not be made: say why; nothing was sent."""
        self._text("#effect", Content.styled(f"Not done: {printable(words)}", "$text-warning"))
        self._close_questions()

    def show_record(self, record: Record) -> None:
        """Say what became of the request."""
        words = f"{record.outcome.value}: {record.message}" if record.message else record.outcome.value
        self.account.tell(Content.styled(printable(words), _OUTCOME_STYLE[record.outcome]))
        came_to_nothing = record.outcome in (Outcome.REFUSED, Outcome.FAILED)
        if came_to_nothing or not record.plan.followed:
            self._finished = True
            self._leaving = "Close"
        if not came_to_nothing:  # what was confirmed gives its place to what becomes of it
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
            self._leaving = "Close"

    def tell_suffering(self, words: str) -> None:
        """Say beside the verdict that the users are not well served yet, and ask for what is to be done next."""
        self._warn(words)
        if self._plan is not None:
            self.post_message(self.Suffering(self, self._plan))

    def advise(self, words: str) -> None:
        """What is to be done next, where leaving leads to."""
        self._warn(f"next: {words} (escape leads there)")

    def _warn(self, words: str) -> None:
        self.account.tell(Content.styled(f"! {printable(words)}", "$text-warning"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "leave":
            return parameters == (self._leaving,)
        if action == "undo":
            return bool(self.account.undo)
        if action == "remedy":
            return self.account.remedy is not None
        return super().check_action(action, parameters)

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

    def action_leave(self, word: str = "") -> None:
        if self._confirmed and not self._finished:
            self.notify("the verification goes on; its verdict will be said here and in the journal", markup=False)
        super().action_leave()

    def _say(self, content: Content) -> None:
        self.account.say(content)

    def _carry_out(self, plan: Plan, context: str | None, reason: str | None) -> None:
        self.account.tell(Content("sending …"))
        self.post_message(self.Confirmed(self, plan, context, reason))

    def _text(self, selector: str, content: Content) -> None:
        self.query_one(selector, Static).update(content)
