"""Incident mode on the screen: opening, notes, the page of the incident, and what is seen for it while one works."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.folders import state_dir
from aurora_tui.heavy import import_late
from aurora_tui.model.ages import human_duration
from aurora_tui.model.alerts import Alert, AlertState, worst_first
from aurora_tui.model.checklists import step_rows
from aurora_tui.model.incidents import ROLES, SEVERITIES, clocks, severity_of
from aurora_tui.session import STATUS, Session
from aurora_tui.witnessing import Witnessing
from widgets.bars import IncidentFacts
from widgets.incident import IncidentScreen
from widgets.incidentforms import LinesForm
from widgets.pane import pane_binding

if TYPE_CHECKING:
    from aurora_tui.fleet import Opened
    from aurora_tui.incident.capture import Rows
    from aurora_tui.incident.desk import IncidentDesk, Opening

Ended = str | Awaitable[str]
"""What is wrong with what a form was given, in words; or that, when it is known."""
WATCH_SECONDS = 2
"""How often what happened is taken in."""


class Incidents(Witnessing):
    """The keys of an incident; what is behind them is imported when the first rows are there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("ctrl+n", "note", "Note", "A note for the incident's timeline", id="app.note", show=False),
    ]

    can_scrub = False
    """Whether there are moments to go through, as in a replay."""

    def __init__(self, session: Opened) -> None:
        super().__init__(session)
        self._incident_desk: IncidentDesk | None = None
        self._sought_incidents = False
        self._watching = False
        self._told_trouble = ""

    @property
    def incidents(self) -> IncidentDesk:
        """The desk; made when it is wanted. Of several contexts the one in hand is the incident's."""
        if self._incident_desk is None:
            self._incident_desk = self._desk_in(self.session.sessions[0])
        return self._incident_desk

    def _desk_in(self, session: Session) -> IncidentDesk:
        """A desk for incidents of one context."""
        from aurora_tui.incident.book import Book
        from aurora_tui.incident.desk import IncidentDesk
        from aurora_tui.incident.meeting import Meeting
        from aurora_tui.journal import Journal, Operator

        operator = Operator.here("")
        book = Book(state_dir(), f"{operator.actor}-{operator.host}")
        shared = session.settings.incident.folder
        return IncidentDesk(
            session,
            book,
            Journal(state_dir()),
            who=lambda: str(Operator.here(_kube_user(session))),
            meeting=Meeting(shared, book, session.clock()) if shared is not None else None,
        )

    async def on_unmount(self) -> None:
        if self._incident_desk is not None:
            await self._incident_desk.close()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.can_scrub if action == "scrub" else super().check_action(action, parameters)

    def action_scrub(self, moments: int) -> None:
        """There is no other moment than now."""

    def flush(self) -> None:
        super().flush()
        if not self._sought_incidents and self._rows_are_there:
            self._sought_incidents = True
            self._work(self._find_incidents())
        if self._frames % self._per_second:
            return
        if self._rows_are_there:
            self._see()
        if self._incident_desk is None:
            return
        if not self._watching and self._frames % (WATCH_SECONDS * self._per_second) == 0:
            self._watching = True
            self._work(self._take_in())
        self._show_incident()

    async def _find_incidents(self) -> None:
        """Have the incident in hand that is open already, as after a broken connection."""
        with contextlib.suppress(ClusterError):
            await self.session.sessions[0].cluster.connect()  # after the first rows
        await asyncio.to_thread(import_late, "aurora_tui.incident.desk")
        from aurora_tui.incident.desk import JournalError

        _ = self.incidents  # from now on it watches
        try:
            for session in self.session.sessions:
                desk = self.incidents if session is self.incidents.session else self._desk_in(session)
                found = await desk.open_ones()
                if len(found) == 1:
                    await desk.attach(found[0].id)
                    self._incident_desk = desk
                    self.notify(f"open: {found[0].title}; I shows it", timeout=6, markup=False)
                    return
        except JournalError as error:
            self._warn(str(error))

    async def _take_in(self) -> None:
        from aurora_tui.incident.desk import JournalError

        desk = self.incidents
        was_open = desk.incident is not None and desk.incident.is_open
        try:
            await desk.watch()
            trouble = desk.trouble
            for words in desk.outbox.left_unsent():
                self._warn(words)
        except JournalError as error:
            trouble = str(error)
        finally:
            self._watching = False
        if trouble and trouble != self._told_trouble:
            self._warn(trouble)
        self._told_trouble = trouble
        if was_open and desk.incident is not None and not desk.incident.is_open:
            told = desk.incident
            why = f", by {told.resolved_by}: {told.without_calm}" if told.without_calm else ""
            self.notify(f"{told.state_words}: {told.title}{why}; p on its page drafts the post-mortem", markup=False)

    def _see(self) -> None:
        """What the operator looks at now ticks the steps that ask for it."""
        desk = self._incident_desk
        seen = self._witness(desk.session if desk is not None else self.session.sessions[0])
        if desk is None or desk.incident is None or not desk.incident.is_open:
            return
        for name in seen:
            if name not in desk.incident.seen:
                self._work(desk.saw(name))

    # Opening and the page

    def action_incident(self) -> None:
        """Show the incident in hand, have one in hand that is open, or open one for what is under the cursor."""
        self._work(self._open_incident())

    async def _open_incident(self) -> None:
        from aurora_tui.incident.desk import JournalError

        desk, here = self.incidents, self.session.of(self._context_here())
        if desk.session is not here and (desk.incident is None or not desk.incident.is_open):
            desk = self._incident_desk = self._desk_in(here)
        try:
            if desk.incident is None or not desk.incident.is_open:
                found = await desk.open_ones()
                if found:
                    await desk.attach(found[0].id)
        except JournalError as error:
            self._warn(str(error))
            return
        if desk.incident is not None and desk.incident.is_open:
            self.show_incident()
        else:
            self._ask_opening()

    def _ask_opening(self) -> None:
        from aurora_tui.incident.desk import Opening
        from aurora_tui.incident.subject import of_alert, of_service

        self._see()  # an alert may have come since the last look
        held, alert, session = self.carried(), self._alert_in_hand(), self.incidents.session
        service = held.service or (alert.service if alert else None) or ""
        ref = held.ref or (session.workload_of(service) if service else None)
        about = alert.name if alert is not None else "Incident"
        what = f"{about} of {service or ref}" if service or ref else about
        namespace = (ref.namespace if ref else None) or session.home
        severity = severity_of(alert.severity) if alert is not None else SEVERITIES[1]
        came = self._at_alert.get(alert.fingerprint) if alert is not None else None
        fires = alert is not None and alert.state is not AlertState.RESOLVED  # else it tells only of what is over
        subject = of_alert(session, alert) if alert and fires else of_service(session, service or None, ref)
        onset = subject.onset

        def ended(lines: Sequence[str]) -> Ended:
            title, chosen, lead = lines
            if not title:
                return "an incident needs a title"
            if chosen not in SEVERITIES:
                return f"{chosen!r}: give one of {', '.join(SEVERITIES)}"
            opening = Opening(title, chosen, namespace, alert.name if alert else "", service, ref, onset)
            return self._work(self._open_new(opening, lead, came))

        lines = [("title", what), ("severity", severity), ("lead", self._me())]
        remarks = [f"concerns {ref or 'no workload'} in ns {namespace}, context {session.context}"]
        if onset is not None:
            remarks.append(f"onset {human_duration(self.session.clock() - onset)} ago")
        self.push_screen(LinesForm("Open an incident", lines, enter="open it", ended=ended, remarks=remarks))

    async def _open_new(self, opening: Opening, lead: str, came: Rows | None) -> str:
        """Open it; returns in words why that cannot be done."""
        from aurora_tui.incident.desk import JournalError

        desk = self.incidents
        try:
            incident = await desk.open(opening, came)
            if lead:
                await desk.give_role(ROLES[0], lead)
            for name, at in self._looked_at.items():
                if at >= incident.begin:
                    await desk.saw(name)
        except JournalError as error:
            return f"not opened: {error}"
        self.call_later(self.show_incident)  # when the form is gone
        return ""

    def _alert_in_hand(self) -> Alert | None:
        """The alert under the cursor while the keys are on alerts; else the worst of the service in hand."""
        if self.active is self.alerts_pane and (alert := self.alerts_pane.alert()) is not None:
            return alert
        service = self.carried().service
        rows = self.incidents.session.store.table("alerts").rows.values()
        own = [each for each in rows if each.service == service and each.state is AlertState.FIRING]
        return min(own, key=worst_first, default=None) if service else None

    def show_incident(self) -> None:
        """The page of the incident in hand."""
        incident = self.incidents.incident
        if incident is not None and not isinstance(self.screen, IncidentScreen):
            screen = IncidentScreen(incident.begin, clock=self.session.clock)
            self._work(self._fill_incident(self.push_screen(screen)))

    async def _fill_incident(self, opened: Awaitable[None]) -> None:
        await opened
        self._show_incident()

    def _show_incident(self) -> None:
        screen, desk = self.screen, self._incident_desk
        if not isinstance(screen, IncidentScreen) or not screen.is_mounted or desk is None or desk.incident is None:
            return
        incident = desk.incident
        rows = step_rows(desk.procedure, incident.ticks)
        screen.fill(
            incident, clocks(incident, desk.procedure, self.session.clock()), rows, desk.calm_words, desk.trouble
        )

    def incident_facts(self) -> IncidentFacts | None:
        """What the status bar says of the incident in hand."""
        desk = self._incident_desk
        if desk is None or desk.incident is None or not desk.incident.is_open:
            return None
        incident, now = desk.incident, self.session.clock()
        running = [each for each in clocks(incident, desk.procedure, now) if each.ended is None]
        late = any(each.over for each in running)
        # A replay begins before the opening.
        return IncidentFacts(incident.severity, _steady(max(now - incident.opened_at, 0.0)), late)

    def _me(self) -> str:
        from aurora_tui.journal import Operator

        return Operator.here("").actor


def _steady(seconds: float) -> str:
    """A duration in steps that keep a quiet screen quiet."""
    return f"{int(seconds) // 10 * 10}s" if seconds < 120 else f"{int(seconds) // 60}m"


def _kube_user(session: Session) -> str:
    status = session.store.table(STATUS).rows.get(STATUS)
    return status.user if status is not None else ""
