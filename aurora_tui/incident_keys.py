"""What the keys put into an incident: notes, its severity, who does what, its end and the draft of its post-mortem."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from aurora_tui.incident_choice import ChoosingIncidents
from aurora_tui.incidents import Ended
from aurora_tui.model.incidents import ROLES, SEVERITIES, Incident
from aurora_tui.model.text import listed
from widgets.incident import IncidentScreen
from widgets.incidentforms import LinesForm
from widgets.textpage import TextPage

NO_INCIDENT = "no incident is open: I opens one"


class IncidentKeys(ChoosingIncidents):
    """The keys that are more than a look."""

    def action_note(self) -> None:
        """A note, from wherever one is."""
        if not self._incident_is_open() or isinstance(self.screen, LinesForm):
            return

        def ended(lines: Sequence[str]) -> Ended:
            if not lines[0]:
                return "an empty note says nothing"
            return self._work(self._try(self.incidents.note(lines[0]), "noted"))

        self.push_screen(LinesForm("Note for the timeline", [("note", "")], enter="keep it", ended=ended))

    def action_severity(self) -> None:
        if not self._incident_is_open():
            return

        def ended(lines: Sequence[str]) -> Ended:
            if lines[0] not in SEVERITIES:
                return f"give one of {', '.join(SEVERITIES)}"
            return self._work(self._try(self.incidents.change_severity(lines[0])))

        incident = self.incidents.incident
        now = incident.severity if incident else ""
        may = [f"one of {', '.join(SEVERITIES)}: the worst first"]
        form = LinesForm("How severe is it?", [("severity", now)], enter="change it", ended=ended, remarks=may)
        self.push_screen(form)

    def action_role(self) -> None:
        if not self._incident_is_open():
            return
        incident = self.incidents.incident
        held = dict(incident.roles) if incident else {}

        async def give(lines: Sequence[str]) -> None:
            for role, who in zip(ROLES, lines, strict=True):
                if who != held.get(role, ""):
                    await self.incidents.give_role(role, who)

        def ended(lines: Sequence[str]) -> Ended:
            return self._work(self._try(give(lines)))

        self.push_screen(
            LinesForm("Who does what?", [(role, held.get(role, "")) for role in ROLES], enter="keep it", ended=ended)
        )

    def action_resolve(self) -> None:
        """Wait for the calm, and say what is not well now; or wait no longer."""
        desk, incident = self.incidents, self.incidents.incident
        if not self._incident_is_open() or incident is None:
            return
        from aurora_tui.incident.calm import not_well

        waits = incident.resolving_since is None
        found = not_well(incident, desk.session.store)
        now = f": {', '.join(found)}" if found else ""
        said = f"waits until all is well; x stops waiting{now}" if waits else "no longer waits for its end"
        self._put_down(desk.wait_for_calm(waits=waits), said)

    def action_close_incident(self) -> None:
        """End it although not all is well; asks why."""
        incident = self.incidents.incident
        if not self._incident_is_open() or incident is None:
            return
        from aurora_tui.incident.calm import not_well

        def ended(lines: Sequence[str]) -> Ended:
            if not lines[0]:
                return "without calm it needs a reason"
            return self._work(self._try(self.incidents.end_without_calm(lines[0])))

        found = not_well(incident, self.incidents.session.store)
        told = [f"now: {listed(found, 3)}" if found else "now: all is well; x waits until that has lasted"]
        form = LinesForm("Close it without calm", [("why", "")], enter="close it", ended=ended, remarks=told)
        self.push_screen(form)

    def action_postmortem(self) -> None:
        """The draft of the post-mortem, as it is exported; to look at it is not to write it."""
        past = self.screen.past if isinstance(self.screen, IncidentScreen) else None
        incident = past or self.incidents.incident
        if incident is None:
            self._warn(NO_INCIDENT)
            return
        page = TextPage(f"Post-mortem draft  aurora-tui incident export {incident.id}", clock=self.session.clock)
        self.push_screen(page)
        self._work(self._fill_postmortem(page, past))

    async def _fill_postmortem(self, page: TextPage, past: Incident | None) -> None:
        from aurora_tui.incident.postmortem import draft
        from aurora_tui.journal_file import JournalError

        desk = self.incidents
        try:
            if past is None:
                await desk.measure()
        except JournalError as error:
            self._remark(str(error))
        incident = past or desk.incident
        if incident is None or not page.is_attached:
            return
        page.fill(draft(incident, desk.procedure, self.session.clock()))

    def on_incident_screen_tick_wanted(self, message: IncidentScreen.TickWanted) -> None:
        row = message.row
        self._put_down(self.incidents.tick(row.name, row.step.text, done=row.tick is None))

    def _incident_is_open(self) -> bool:
        desk = self._incident_desk
        is_open = desk is not None and desk.incident is not None and desk.incident.is_open
        if not is_open:
            self._warn(NO_INCIDENT)
        return is_open

    def _put_down(self, work: Awaitable[None], said: str = "") -> None:
        self._work(self._do(work, said))

    async def _do(self, work: Awaitable[None], said: str) -> None:
        if wrong := await self._try(work, said):
            self._warn(wrong)

    async def _try(self, work: Awaitable[None], said: str = "") -> str:
        """Put something down; returns in words why that cannot be done."""
        from aurora_tui.incident.desk import JournalError

        try:
            await work
        except JournalError as error:
            return f"not put down: {error}"
        if said:
            self.notify(said, markup=False)
        self._show_incident()
        return ""
