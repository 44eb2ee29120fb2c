"""What became of an action, told while it goes on: its outcome, how its pods stand, what would help, why it failed."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from aurora_tui.model.actions import Evidence, Followed, Phase, Progress, Remedy, Verdict
from aurora_tui.model.text import printable
from widgets.previews import bar


class Account(VerticalScroll):
    """Lines that stay, below them the newest look at the pods and what may be done, then the evidence."""

    DEFAULT_CSS = """
    Account { height: auto; max-height: 13; }
    Account > Static { height: auto; }
    """

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, can_focus=False)
        self._steps: list[Content] = []
        self._live: list[Content] = []
        self._reasons: list[Content] = []
        self.undo = ""
        """What takes the action back, in words; empty while nothing does."""
        self.remedy: Remedy | None = None
        """What would free a rollout that waits in vain, for as long as it would."""

    def compose(self) -> ComposeResult:
        yield Static("", id="progress")

    def say(self, content: Content) -> None:
        """Show this and nothing else, until there is something to tell."""
        self.query_one("#progress", Static).update(content)

    def tell(self, content: Content) -> None:
        """Add a line that stays."""
        if self._steps and self._steps[-1].plain == "sending …":
            self._steps.pop()
        self._steps.append(content)
        self._paint()

    def offer_undo(self, words: str) -> None:
        """The action can be taken back, by what `words` say."""
        self.undo = words
        self._paint()

    def show(self, step: Followed) -> None:
        """One step of the verification."""
        match step:
            case Progress():
                self._live = list(_look(step))
                if step.phase is Phase.PODS:
                    self.remedy = None
            case Remedy():
                self.remedy = step
            case Evidence():
                self._reasons = [Content.styled(printable(line), "$text-muted") for line in step.lines()]
            case Verdict():
                self._live = []
                sign, style = ("✔", "$text-success") if step.good else ("✘", "$text-error")
                self._steps.append(Content.styled(f"{sign} {printable(step.text)}", style))
        self._paint()

    def _paint(self) -> None:
        lines = [*self._steps, *self._live]
        if self.remedy is not None:
            words = f"{self.remedy.text} (x: {self.remedy.verb.value} {self.remedy.target})"
            lines.append(Content.styled(f"! {printable(words)}", "$text-warning"))
        if self.undo:
            lines.append(Content.styled(f"u takes it back: {printable(self.undo)}", "$text-muted"))
        self.say(Content("\n").join([Content(""), *lines, *self._reasons]))


def _look(progress: Progress) -> list[Content]:
    """How far it is: a bar, the words, the time; and the pod that says most."""
    done = bar(progress.done / progress.total if progress.total else 0.0)
    label = "pods" if progress.phase is Phase.PODS else "SLI "
    lines = [Content(f"{label} {done} {printable(progress.text)} · {progress.seconds:.0f}s")]
    if progress.pod is not None:
        sign, style = ("! ", "$text-warning") if progress.pod.trouble else ("", "$text-muted")
        lines.append(Content.styled(f"{sign}{printable(str(progress.pod))}", style))
    return lines
