"""The console on a bundle: the same screens, read-only, with two keys that go through time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aurora_tui.app import AuroraApp
from aurora_tui.folders import state_dir
from aurora_tui.incident.book import Book
from aurora_tui.incident.desk import IncidentDesk
from aurora_tui.incident.replay import ReplaySession
from aurora_tui.journal import Journal
from aurora_tui.journal_file import JournalError
from aurora_tui.model.checklists import Tick
from aurora_tui.model.incidents import Fact, FactKind, Incident
from widgets.incident import IncidentScreen

_WRITES_NOTHING = "this is a replay: nothing is put down"


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

    async def saw(self, name: str) -> None:
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
        if isinstance(self.screen, IncidentScreen):
            self._show_incident()

    def action_incident(self) -> None:
        self.show_incident()

    def incident_named(self, name: str) -> None:
        """There is one alone."""
        self.show_incident()

    def list_incidents(self) -> None:
        self.show_incident()
