"""The screen that asks before anything is done: the questions, the buttons, and the one confirmation."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button

from widgets.answers import Answers, Question, questions
from widgets.field import Field


class Previewed(Protocol):
    """A plan of one action or of several, as far as it decides what is asked."""

    @property
    def problems(self) -> tuple[str, ...]: ...

    @property
    def protected(self) -> bool: ...

    @property
    def needs_reason(self) -> bool: ...


Shown = tuple[Previewed | None, bool]
LEAVING = ("Cancel", "Hide", "Close")
"""What leaving means: before the confirmation, while something is under way, and when nothing is left to do."""

P = TypeVar("P", bound=Previewed)


class ConfirmScreen(ModalScreen[bool], Generic[P]):
    """Asks about a plan, once it is there; the app does the work and tells the screen.

    The default is Cancel. In a protected environment the context's name must be typed and a reason
    given; elsewhere the plan says what a policy asks for, and the field appears with it. Leaving it after
    the confirmation hides it and stops nothing. It is dismissed with True where the operator wants what
    was just carried out to be taken back.
    """

    DEFAULT_CSS = """
    ConfirmScreen #buttons { height: 1; align-horizontal: right; }
    ConfirmScreen Button { margin: 0 0 0 2; }
    """

    def __init__(self, context: str, *, protected: bool, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._asked_context = context
        self._protected = protected
        self._plan: P | None = None
        self._confirmed = False
        self._word = LEAVING[0]

    def _say(self, content: Content) -> None:
        """Tell what holds the confirmation up."""
        raise NotImplementedError

    def _carry_out(self, plan: P, context: str | None, reason: str | None) -> None:
        """The operator has confirmed what the screen shows."""
        raise NotImplementedError

    @property
    def _watched(self) -> Widget:
        """What has the keys from the confirmation on."""
        return self._cancel

    def _answers(self) -> Answers:
        """A field for what must be typed, in a protected environment from the start."""
        answers = Answers(id="answers")
        if self._protected:
            answers.ask(self._protection)
        return answers

    def _buttons(self) -> ComposeResult:
        with Horizontal(id="buttons"):
            yield Button(self._word, id="cancel", compact=True)
            if not self._protected:
                yield Button("Do it", id="confirm", compact=True, variant="error", disabled=True)

    def on_mount(self) -> None:
        # At once: the next key may already be there.
        self.set_focus(self.query_one("#answers" if self._protected else "#cancel"))

    def _offer(self, plan: P) -> None:
        """Ask what the plan asks for, or nothing where it cannot be carried out."""
        if plan.problems:
            self._say(Content.styled("This cannot be done here.", "$text-error"))
            self._close_questions()
        elif self._protected or plan.protected or plan.needs_reason:
            self._ask(plan)
        else:
            self.query_one("#confirm", Button).disabled = False

    def _ask(self, plan: P) -> None:
        answers = self.query_one("#answers", Answers)
        answers.ready = True
        if self._protected:  # its field has been there from the start, maybe with answers typed ahead
            return
        answers.ask(questions("policy", self._asked_context, name=plan.protected, reason=plan.needs_reason))
        self.query_one("#confirm").display = False
        self.set_focus(answers)

    def _reopen(self) -> None:
        """What was confirmed is void: ask all anew."""
        self._confirmed = False
        self._leaving = "Cancel"
        if self._protected:
            answers = self.query_one("#answers", Answers)
            answers.ask(self._protection)
            self.set_focus(answers)
        else:
            self.query_one("#confirm").display = True
            self.set_focus(self._cancel)

    def _close_questions(self) -> None:
        for question in self.query("#answers, #confirm"):
            question.display = False
        self._leaving = "Hide" if self._confirmed else "Close"
        self.set_focus(self._watched if self._confirmed else self._cancel)

    @property
    def shown(self) -> Shown:
        """The plan whose preview stands there, None before there is one, and whether it was confirmed."""
        return self._plan, self._confirmed

    def is_meant(self, key: str, seen: Shown | None) -> bool:
        """Whether a key that was typed while `seen` stood there may do what it would do now; says why not.

        An Enter confirms no preview that came later, and does not hide what the Enter before it confirmed.
        """
        if key not in ("enter", "space") or (seen and seen[0] is self._plan and seen[1] == self._confirmed):
            return True
        focused = self.focused
        last = isinstance(focused, Answers) and key == "enter" and focused.asks_last
        if last or (focused is not None and focused.id == "confirm"):
            self._say_too_early()
            return False
        return not self._confirmed

    def _say_too_early(self) -> None:
        self._say(Content.styled("Not yet: read the preview first, then press Enter again.", "$text-warning"))

    def on_answers_given_early(self, event: Answers.GivenEarly) -> None:
        if self._plan is None:
            self._say_too_early()

    def on_answers_given(self, event: Answers.Given) -> None:
        self._confirm(event.answers.get("context"), event.answers.get("reason"))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "confirm":
            self._confirm(None, None)
        else:
            self.action_leave()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        # In a field the arrows move within the text.
        return not (action == "button" and isinstance(self.focused, Field))

    def action_button(self, step: int) -> None:
        if step < 0:
            self.focus_previous()
        else:
            self.focus_next()

    def action_undo(self) -> None:
        self.dismiss(True)

    def action_leave(self, word: str = "") -> None:
        self.dismiss()

    @property
    def _leaving(self) -> str:
        """What leaving means now: one of `LEAVING`, on the button and in the key bar."""
        return self._word

    @_leaving.setter
    def _leaving(self, word: str) -> None:
        self._word = word
        self._cancel.label = word
        self.refresh_bindings()

    @property
    def _cancel(self) -> Button:
        return self.query_one("#cancel", Button)

    @property
    def _protection(self) -> list[Question]:
        return questions("protected", self._asked_context, name=True, reason=True)

    def _confirm(self, context: str | None, reason: str | None) -> None:
        plan = self._plan
        if plan is None or plan.problems or self._confirmed:
            return
        self._confirmed = True
        self._close_questions()
        self._carry_out(plan, context, reason)
