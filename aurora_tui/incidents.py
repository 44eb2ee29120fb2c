"""Incident mode on the screen: opening, notes, the page of the incident, and what is seen for it while one works."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from aurora_tui.folders import state_dir
from aurora_tui.model.ages import human_duration
from aurora_tui.model.alerts import Alert, AlertState, worst_first
from aurora_tui.model.checklists import step_rows
from aurora_tui.model.incidents import ROLES, SEVERITIES, Incident, clocks, severity_of
from aurora_tui.session import STATUS, Session
from aurora_tui.witnessing import Witnessing
from widgets.bars import IncidentFacts
from widgets.incident import IncidentScreen
from widgets.incidentforms import Instead, LinesForm
from widgets.pane import pane_binding

if TYPE_CHECKING:
    from aurora_tui.fleet import Opened
    from aurora_tui.incident.capture import Rows
    from aurora_tui.incident.desk import IncidentDesk, Opening

Ended = str | Awaitable[str]
"""What is wrong with what a form was given, in words; or that, when it is known."""
OF_THE_OPEN = frozenset({"note", "runbook", "notify_others", "severity", "role", "resolve", "close_incident"})
"""The keys that mean the incident in hand: beside one that is only read they would mean another."""
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
        self.incident_names: Sequence[str] = ()
        """The names that `:incident` completes, the newest first."""

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
        if action in OF_THE_OPEN and isinstance(self.screen, IncidentScreen) and self.screen.past is not None:
            return False
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
        raise NotImplementedError

    def _tell_former(self, former: Incident | None, now: str) -> None:
        """Another incident is in hand now: what becomes of the one before?"""
        if former is not None and former.is_open and former.id != now:
            words = f"{former.title} stays open; it is watched again once it is in hand: :incidents lists them"
            self.notify(words, timeout=8, markup=False)

    async def read_names(self) -> None:
        """Learn which names there are to complete."""
        self.incident_names = await self.incidents.names()

    async def _take_in(self) -> None:
        from aurora_tui.incident.desk import JournalError

        desk = self.incidents
        was_open = desk.incident is not None and desk.incident.is_open
        try:
            await desk.watch()
            trouble = desk.trouble
            for words in desk.outbox.left_unsent():
                self._remark(words)
        except JournalError as error:
            trouble = str(error)
        finally:
            self._watching = False
        if trouble and trouble != self._told_trouble:
            self._remark(trouble)
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

    def _ask_opening(self, open_ones: Sequence[Incident] = ()) -> None:
        """The form of a new incident; one key leads to those that are open instead."""
        from aurora_tui.incident.desk import Opening
        from aurora_tui.incident.subject import of_alert, of_service

        self._see()  # an alert may have come since the last look
        held, alert, session = self.carried(), self._alert_in_hand(), self.session.of(self._context_here())
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
            return self._work(self._open_new(session, opening, lead, came))

        lines = [("title", what), ("severity", severity), ("lead", self._me())]
        remarks = [f"concerns {ref or 'no workload'} in ns {namespace}, context {session.context}"]
        if onset is not None:
            remarks.append(f"onset {human_duration(self.session.clock() - onset)} ago")
        other = self._instead(open_ones) if open_ones else None
        heading = "Open another incident" if other else "Open an incident"
        form = LinesForm(heading, lines, enter="open it", ended=ended, remarks=remarks, other=other)
        self.push_screen(form)

    def _instead(self, open_ones: Sequence[Incident]) -> Instead:
        """What the form of a new incident leads to as well."""
        raise NotImplementedError

    async def _open_new(self, session: Session, opening: Opening, lead: str, came: Rows | None) -> str:
        """Open it; returns in words why that cannot be done."""
        from aurora_tui.incident.desk import JournalError

        former = self.incidents.incident
        desk = self.incidents if session is self.incidents.session else self._desk_in(session)
        try:
            incident = await desk.open(opening, came)
            self._incident_desk = desk
            if lead:
                await desk.give_role(ROLES[0], lead)
            for name, at in self._looked_at.items():
                if at >= incident.begin:
                    await desk.saw(name, at)
            await self.read_names()
        except JournalError as error:
            return f"not opened: {error}"
        self._tell_former(former, incident.id)
        self.call_later(self.show_incident)  # when the form is gone
        return ""

    def _alert_in_hand(self) -> Alert | None:
        """The alert under the cursor while the keys are on alerts; else the worst of the service in hand."""
        if self.active is self.alerts_pane and (alert := self.alerts_pane.alert()) is not None:
            return alert
        service = self.carried().service
        rows = self.session.of(self._context_here()).store.table("alerts").rows.values()
        own = [each for each in rows if each.service == service and each.state is AlertState.FIRING]
        return min(own, key=worst_first, default=None) if service else None

    def show_incident(self, past: Incident | None = None) -> None:
        """The page of the incident in hand; or of one that is over, which is only read."""
        incident = past or self.incidents.incident
        if incident is not None and not isinstance(self.screen, IncidentScreen):
            writes = not self.can_scrub
            screen = IncidentScreen(incident.begin, clock=self.session.clock, past=past, writes=writes)
            self._work(self._fill_incident(self.push_screen(screen)))

    async def _fill_incident(self, opened: Awaitable[None]) -> None:
        await opened
        self._show_incident()

    def _show_incident(self) -> None:
        screen, desk = self.on_top(IncidentScreen), self._incident_desk
        if screen is None or desk is None:
            return
        incident = screen.past or desk.incident
        if incident is None:
            return
        rows = step_rows(desk.procedure, incident.ticks)
        calm, trouble = ("", "") if screen.past is not None else (desk.calm_words, desk.trouble)
        screen.fill(incident, clocks(incident, desk.procedure, self.session.clock()), rows, calm, trouble)

    def incident_facts(self) -> IncidentFacts | None:
        """What the status bar says of the incident in hand."""
        desk = self._incident_desk
        if desk is None or desk.incident is None or not desk.incident.is_open:
            return None
        incident, now = desk.incident, self.session.clock()
        running = [each for each in clocks(incident, desk.procedure, now) if each.ended is None]
        late = any(each.over for each in running)
        return IncidentFacts(incident.severity, _steady(max(now - incident.begin, 0.0)), late)

    def _me(self) -> str:
        from aurora_tui.journal import Operator

        return Operator.here("").actor


def _steady(seconds: float) -> str:
    """A duration in steps that keep a quiet screen quiet."""
    return f"{int(seconds) // 10 * 10}s" if seconds < 120 else f"{int(seconds) // 60}m"


def _kube_user(session: Session) -> str:
    status = session.store.table(STATUS).rows.get(STATUS)
    return status.user if status is not None else ""
