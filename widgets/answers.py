"""The field of a dialog in which the operator types what is asked for: the context's name, a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from textual.message import Message

from aurora_tui.model.frozen import Frozen
from aurora_tui.model.text import printable
from widgets.field import Field


class Question(Frozen):
    """What is asked, and whether an answer will do."""

    key: str
    words: str
    accepts: Callable[[str], bool]


def questions(who: str, context: str, *, name: bool, reason: bool) -> list[Question]:
    """What must be typed to confirm a change in a context; `who` asks for its name."""
    asked = f"{who}: type the context's name ({printable(context)}) and press Enter"
    why = "reason: a ticket, or why (kept in the journal), and Enter"
    return [
        *([Question("context", asked, lambda text: text == context)] if name else []),
        *([Question("reason", why, bool)] if reason else []),
    ]


class Answers(Field):
    """One field that asks for one thing after the other.

    One field, not several, so that an answer typed ahead lands behind the one before it.
    """

    class Given(Message):
        """All that was asked for was answered."""

        def __init__(self, answers: Mapping[str, str]) -> None:
            super().__init__()
            self.answers = answers
            """Each under its question's key."""

    class GivenEarly(Message):
        """The last answer was given before the preview was there: it was not taken."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._questions: Sequence[Question] = ()
        self.given: list[str] = []
        self.ready = False
        """Whether the last answer may be taken: not before the preview was shown."""
        self.display = False

    def ask(self, questions: Sequence[Question]) -> None:
        """Appear with the first of some questions; whatever was answered before counts no longer."""
        self._questions = questions
        self.given = []
        self.clear()
        self.placeholder = questions[0].words
        self.disabled = False
        self.display = True

    @property
    def asks_last(self) -> bool:
        """Whether the next answer is the last one."""
        return len(self.given) == len(self._questions) - 1

    async def action_submit(self) -> None:
        answer = self.value.strip()
        question = self._questions[len(self.given)]
        last = self.asks_last
        if not question.accepts(answer):
            self.app.bell()
            return
        if last and not self.ready:
            self.post_message(self.GivenEarly())
            return
        self.given.append(answer)
        if last:
            keys = (question.key for question in self._questions)
            self.post_message(self.Given(dict(zip(keys, self.given, strict=True))))
            self.disabled = True
        else:
            self.clear()
            self.placeholder = self._questions[len(self.given)].words
