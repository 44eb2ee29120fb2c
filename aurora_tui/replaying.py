"""The console on a bundle: the same screens, read-only, with two keys that go through time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aurora_tui.app import AuroraApp
from aurora_tui.folders import state_dir
from aurora_tui.incident.book import Book
from aurora_tui.incident.desk import IncidentDesk
from aurora_tui.incident.replay import ReplaySession
from aurora_tui.incidents import OF_THE_OPEN
from aurora_tui.journal import Journal
from aurora_tui.journal_file import JournalError
from aurora_tui.model.checklists import Tick
from aurora_tui.model.facts import Fact, FactKind
from aurora_tui.model.incidents import Incident
from aurora_tui.model.selection import logs_of
from aurora_tui.model.stamps import rfc3339
from aurora_tui.offering import WRITING
from widgets.incident import IncidentScreen
from widgets.textpage import TextPage

_WRITES_NOTHING = "this is a replay: nothing is put down"
_OVER = "this is a replay: nothing can be done any more"
_OFF = WRITING | {"mitigate", "tick"} | (OF_THE_OPEN - {"runbook"})
"""The keys that lead to something that is to be done or put down."""


class ReplayDesk(IncidentDesk):
    """The incident of a bundle as it stood at the moment in hand; nothing is ever written."""

    def __init__(self, session: ReplaySession) -> None:
        folder = state_dir()
        super().__init__(session, Book(folder), Journal(folder), who=lambda: "")
        self._replayed = session
        self.show()

    def show(self) -> None:
        """Show what was known at the moment in hand."""
        self.incident = self._replayed.recorded.until(self._replayed.at)

    @property
    def calm_words(self) -> str:
        """How far the calm had come stands nowhere."""
        waits = self.incident is not None and self.incident.resolving_since is not None
        return "waits until all is well" if waits else ""

    async def known(self) -> Sequence[Incident]:
        return ()

    async def saw(self, name: str, at: float | None = None) -> None:
        """What is looked at now was not looked at then."""

    async def watch(self) -> None:
        """All that happened stands in the bundle."""

    async def measure(self) -> None:
        """What it had cost then stands in the bundle."""

    async def names(self) -> Sequence[str]:
        return ()

    async def ticks(self) -> Mapping[str, Tick]:
        return {}

    async def tick_list(self, step: str, words: str, *, done: bool) -> None:
        raise JournalError(_WRITES_NOTHING)

    async def _append(self, name: str, kind: FactKind, body: Mapping[str, Any]) -> Fact:
        raise JournalError(_WRITES_NOTHING)


class ReplayApp(AuroraApp):
    """`[` and `]` go through the moments of the bundle; the panes, the log and the timeline go with them."""

    can_scrub = True

    def __init__(self, session: ReplaySession) -> None:
        super().__init__(session)
        self._replayed = session
        self._replay_desk = ReplayDesk(session)
        self._incident_desk = self._replay_desk
        self._sought_incidents = True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        allowed = super().check_action(action, parameters)
        return None if allowed and action in _OFF else allowed

    def why_off(self, action: str, parameters: tuple[object, ...]) -> str:
        return _OVER if action in _OFF else super().why_off(action, parameters)

    def action_triage(self) -> None:
        """What was found until the moment in hand: nothing can be read again."""
        self.triage_command("")

    def triage_command(self, given: str) -> None:
        incident, at = self._replay_desk.incident, self._replayed.at
        page = TextPage(f"Found until {rfc3339(at)}", clock=self.session.clock)
        found = incident.of_kind(FactKind.FINDING) if incident is not None else ()
        self.push_screen(page)
        page.fill([line for fact in found for line in _lines(fact)] or ["nothing was found until then"])

    def _follow_the_worst(self) -> None:
        """The lines that were kept are those of the incident's own workload."""
        ref = self._replayed.recorded.incident.ref
        if ref is not None and self._replayed.recorded.lines:
            self.open_logs(logs_of(ref), focus=False)
        else:
            super()._follow_the_worst()

    async def look_back(self, context: str) -> None:
        """What this operator's own journal holds is nothing of the replay's."""

    def action_scrub(self, moments: int) -> None:
        """Go to another moment."""
        before = self._replayed.at
        self._replayed.step(moments)
        self._replay_desk.show()
        selection = self.logs_pane.selection
        if selection is not None and self._replayed.at < before:
            self.open_logs(selection, focus=False)
        for pane in self.panes:
            pane.flush()
            pane.tick()
            pane.grow_older()
        if isinstance(self.screen, IncidentScreen):
            self._show_incident()

    def action_incident(self) -> None:
        self.show_incident()

    def incident_named(self, name: str) -> None:
        """There is one alone."""
        self.show_incident()

    def list_incidents(self) -> None:
        self.show_incident()


def _lines(finding: Fact) -> Iterator[str]:
    """A finding as it was put down: when, what, and what speaks for it."""
    yield f"{rfc3339(finding.happened)}  {finding.body.get('words', '')}"
    details = finding.body.get("details")
    yield from (f"    {line}" for line in (details if isinstance(details, list) else ()))
