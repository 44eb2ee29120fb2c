"""Which incident the keys mean: the one in hand, another one that is open or over, or a new one beside them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from functools import partial

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.heavy import import_late
from aurora_tui.incidents import Incidents
from aurora_tui.model.ages import human_duration
from aurora_tui.model.alerts import Alert, AlertState
from aurora_tui.model.incidentlist import IncidentRow, named
from aurora_tui.model.incidents import Incident
from aurora_tui.model.slo import SloReading, SloState
from aurora_tui.session import Session
from widgets.incidentforms import Instead
from widgets.incidentlist import IncidentsScreen

NEW = "new"
"""What is given to `:incident` instead of a name; names begin with a date."""
_AT_WORK = (AlertState.FIRING, AlertState.SILENCED)
"""Who has acknowledged an alert opens an incident for it all the same."""


class ChoosingIncidents(Incidents):
    """The key and the commands that lead to an incident."""

    def action_incident(self) -> None:
        """Show the incident that is about what is under the cursor, or open one for it."""
        self.keys_wait_for(self._work(self._open_incident()))

    def incident_named(self, name: str) -> None:
        """The incident in hand; the one of a name, or that begins so; or a new one beside those that are open."""
        if name == NEW:
            self._work(self._open_another())
        elif name:
            self._work(self._show_named(name))
        elif self._open_one() is not None:
            self.show_incident()
        else:
            self.action_incident()

    def list_incidents(self) -> None:
        self._work(self._list())

    def action_new_incident(self) -> None:
        """From the list to the form."""
        if isinstance(self.screen, IncidentsScreen):
            self.screen.dismiss()
            self.incident_named(NEW)

    def on_incidents_screen_chosen(self, message: IncidentsScreen.Chosen) -> None:
        message.page.dismiss()
        self._work(self._show_one(message.incident))

    async def _find_incidents(self) -> None:
        """Have the incident in hand that is open already, as after a broken connection."""
        with contextlib.suppress(ClusterError):
            await self.session.sessions[0].cluster.connect()  # after the first rows
        await asyncio.to_thread(import_late, "aurora_tui.incident.desk")
        _ = self.incidents  # from now on it watches
        found = await self._open_ones()
        if found is None:
            return
        if len(found) == 1 and await self._take_in_hand(found[0]):
            self.notify(f"open: {found[0].title}; I shows it", timeout=6, markup=False)
        elif len(found) > 1:
            self.notify(f"{len(found)} incidents are open, and none is in hand: I lists them", timeout=10)

    def _instead(self, open_ones: Sequence[Incident]) -> Instead:
        """What the form of a new incident leads to as well."""
        first, now = open_ones[0], self.session.clock()
        told = f"{first.title} ({first.severity}, for {human_duration(now - first.opened_at)})"
        if len(open_ones) == 1:
            return Instead(f"open already: {told}", "shows it", lambda: self._work(self._show_one(first)))
        return Instead(f"{len(open_ones)} are open already, such as {told}", "lists them", self.list_incidents)

    def _session_of(self, incident: Incident) -> Session | None:
        """The session of the incident's context; None where that is not open here."""
        return next((each for each in self.session.sessions if each.context == incident.context), None)

    async def _take_in_hand(self, incident: Incident) -> bool:
        """Have an incident in hand that is open; False, and the reason is told, where that cannot be."""
        from aurora_tui.incident.desk import JournalError

        session = self._session_of(incident)
        if session is None:
            self._warn(f"{incident.title} is in context {incident.context}: :ctx {incident.context} leads there")
            return False
        former = self.incidents.incident
        if former is not None and former.id == incident.id:
            return True
        desk = self.incidents if session is self.incidents.session else self._desk_in(session)
        try:
            await desk.attach(incident.id)
        except JournalError as error:
            self._warn(str(error))
            return False
        self._incident_desk = desk
        self._tell_former(former, incident.id)
        return True

    async def _open_incident(self) -> None:
        held, about = self._open_one(), self._about()
        if held is not None and (about is None or about(held)):
            self.show_incident()
            return
        open_ones = await self._open_ones()
        if open_ones is None:
            return
        own = next((each for each in open_ones if about is not None and about(each)), None)
        if held is None and len(open_ones) > 1:
            await self._list(own.id if own is not None else "")
        elif own is not None:
            await self._show_one(own)
        elif about is None and open_ones:
            await self._show_one(open_ones[0])
        else:
            self._ask_opening(open_ones)

    async def _open_another(self) -> None:
        open_ones = await self._open_ones()
        if open_ones is not None:
            self._ask_opening(open_ones)

    def _about(self) -> Callable[[Incident], bool] | None:
        """Tells whether an incident is about what is under the cursor; None where nothing fires or burns there."""
        from aurora_tui.incident.watch import concerns

        context, alert = self.session.of(self._context_here()).context, self._alert_in_hand()
        if alert is not None and alert.state in _AT_WORK:
            shown: Alert = alert
            return lambda each: each.context == context and concerns(each, shown)
        reading = self.slos_pane.reading() if self.active is self.slos_pane else None
        if reading is not None and reading.state is SloState.BURNING:
            return partial(_of_service, reading, context)
        return None

    def _open_one(self) -> Incident | None:
        """The incident in hand, while it is open."""
        desk = self._incident_desk
        return desk.incident if desk is not None and desk.incident is not None and desk.incident.is_open else None

    async def _show_named(self, name: str) -> None:
        known = await self._known()
        if known is None:
            return
        found = named(known, name)
        if len(found) == 1:
            await self._show_one(found[0])
        elif found:
            self._warn(f"{len(found)} incidents begin with {name!r}: :incidents lists them")
        else:
            self._warn(f"no incident begins with {name!r}: :incidents lists them")

    async def _show_one(self, incident: Incident) -> None:
        """Have it in hand and show it; one that is over is only shown."""
        if not incident.is_open:
            self.show_incident(incident)
        elif await self._take_in_hand(incident):
            self.show_incident()

    async def _list(self, cursor: str = "") -> None:
        known, held = await self._known(), self._open_one()
        if known is None or isinstance(self.screen, IncidentsScreen):
            return
        screen = IncidentsScreen(clock=self.session.clock)
        await self.push_screen(screen)
        name = held.id if held is not None else ""
        screen.fill([IncidentRow(each, each.id == name) for each in known], cursor or name)

    async def _open_ones(self) -> Sequence[Incident] | None:
        """Those that are open in the contexts that are open here."""
        known = await self._known()
        if known is None:
            return None
        return [each for each in known if each.is_open and self._session_of(each) is not None]

    async def _known(self) -> Sequence[Incident] | None:
        """All incidents, the newest first; None, and the reason is told, where they cannot be read."""
        from aurora_tui.incident.desk import JournalError

        try:
            return await self.incidents.known()
        except JournalError as error:
            self._warn(str(error))
            return None


def _of_service(reading: SloReading, context: str, incident: Incident) -> bool:
    alone = not (incident.service or incident.alert)
    return incident.context == context and (alone or incident.service == reading.service)
