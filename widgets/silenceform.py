"""The silence editor: which matchers, for how long and why, with what else they would hide told as one types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Label, Static

from aurora_tui.model.matchers import Matcher, Wish, matching, read_matchers, seconds_of, written
from aurora_tui.model.text import clip, listed, printable
from widgets.formscreen import FormField, FormScreen
from widgets.pane import pane_binding

Others = Callable[[], Iterable[tuple[str, Mapping[str, str]]]]
"""Every alert that fires, by its name as actions have it and its labels."""
_NAMED = 6
_ON, _OFF = "[x]", "[ ]"


class MatcherRow(Horizontal):
    """One matcher, which can be edited, and switched off without being lost."""

    def __init__(self, submit: Callable[[], None], matcher: str) -> None:
        super().__init__(classes="row")
        self.on = True
        self._sign = Label("", markup=False)
        self.field = FormField(submit, matcher)
        self.sign()

    def compose(self) -> ComposeResult:
        yield self._sign
        yield self.field

    def toggle(self) -> None:
        self.on = not self.on
        self.sign()
        self.set_class(not self.on, "-off")

    def sign(self) -> None:
        """Say whether the matcher counts; one that is still to be typed is neither on nor off."""
        self._sign.update("" if self.on and not self.field.value.strip() else _ON if self.on else _OFF)


class SilenceForm(FormScreen):
    """Asks what to silence; `ended` hears the wish once it can be meant, and nothing where it was given up.

    Without `matchers` each of several alerts is silenced by its own labels, and only the rest is asked for.
    `own` names the alerts that are meant, as `others` does.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("escape", "leave", "Cancel", "Leave without silencing anything", id="silence.leave"),
        pane_binding("tab,down", "step(1)", "Next", "To the next line", id="silence.next"),
        pane_binding("shift+tab,up", "step(-1)", "Previous", "To the line before", id="silence.previous"),
        pane_binding("ctrl+t", "switch", "On/off", "Leave a matcher out, or take it in again", id="silence.toggle"),
    ]
    DEFAULT_CSS = """
    SilenceForm .row > Label { width: 8; }
    SilenceForm MatcherRow > Label { padding: 0 0 0 3; }
    SilenceForm .row.-off FormField { color: $text-muted; text-style: strike; }
    SilenceForm #matchers { height: auto; max-height: 12; }
    SilenceForm #preview { margin: 1 0 0 0; }
    """

    def __init__(
        self,
        what: str,
        matchers: Sequence[Matcher],
        *,
        duration: str,
        own: frozenset[str],
        others: Others,
        ended: Callable[[Wish], None],
    ) -> None:
        super().__init__()
        self._what = what
        self._own = own
        self._others = others
        self._ended = ended
        self._duration = FormField(self._submit, duration, id="duration")
        self._comment = FormField(self._submit, "", id="comment")
        self._rows = [MatcherRow(self._submit, str(matcher)) for matcher in matchers]
        if self._rows:
            self._rows.append(MatcherRow(self._submit, ""))
            self._rows[-1].field.placeholder = "one more: NAME=VALUE, also != =~ !~"
        self.told.id = "preview"

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Content.styled(printable(f"Silence {self._what}"), "bold"))
            with Horizontal(classes="row"):
                yield Label("for", markup=False)
                yield self._duration
            if self._rows:
                yield VerticalScroll(*self._rows, id="matchers", can_focus=False)
            with Horizontal(classes="row"):
                yield Label("why", markup=False)
                yield self._comment
            yield self.told
            yield Static(
                Content.styled("Enter: preview · Tab: next line · ctrl+t: matcher on/off · Esc: leave", "$text-muted")
            )

    def on_mount(self) -> None:
        # At once, and on what is always asked for: what is typed ahead lands there and changes no matcher.
        self.set_focus(self._comment)
        self._tell()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        for row in self._rows:
            row.sign()
        self._tell()

    def fields(self) -> Sequence[FormField]:
        return [self._duration, *(row.field for row in self._rows), self._comment]

    def action_switch(self) -> None:
        for row in self._rows:
            if row.field is self.focused:
                row.toggle()
        self._tell()

    def wish(self) -> Wish:
        """What the form holds; raises `ValueError` in words."""
        seconds_of(duration := self._duration.value.strip())
        matchers = self._matchers()
        if self._rows and not matchers:
            raise ValueError("a silence needs at least one matcher")
        return Wish(duration, written(matchers), self._comment.value.strip())

    def _matchers(self) -> list[Matcher]:
        return [each for row in self._rows if row.on for each in read_matchers(row.field.value)]

    def _submit(self) -> None:
        try:
            wish = self.wish()
        except ValueError as error:
            self.refuse(str(error))
            return
        # At once: the next keys are meant for what comes now.
        self.dismiss()
        self._ended(wish)

    def _tell(self) -> None:
        try:
            self.wish()
            lines = self._hidden(self._matchers()) if self._rows else [Content("each by all of its own labels")]
        except ValueError as error:
            lines = [Content.styled(printable(str(error)), "$text-warning")]
        self.told.update(Content("\n").join(lines))

    def _hidden(self, matchers: Sequence[Matcher]) -> list[Content]:
        """What these matchers hide, in words, and what of it is not meant."""
        found = [name for name, labels in self._others() if matching(matchers, labels)]
        more = sorted(set(found) - self._own)
        missing = sorted(self._own - set(found))
        lines = [Content(f"hides {len(found)} firing {'alert' if len(found) == 1 else 'alerts'} now")]
        if missing:
            names = clip(printable(listed(missing, _NAMED)), 300)
            lines.append(Content.styled(f"! does not match {names}", "$text-error"))
        if more:
            names = clip(printable(listed(more, _NAMED)), 300)
            lines.append(Content.styled(f"! also hides {len(more)} more: {names}", "$text-warning"))
        return lines
