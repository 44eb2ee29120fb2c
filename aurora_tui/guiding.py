"""Runbooks, the deploy checklist and the maintenance calendar on the screen, and the commands that lead to them."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Mapping

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.incident_telling import TellingOthers
from aurora_tui.looking import Carried
from aurora_tui.model import runbooks
from aurora_tui.model.actions import Verb
from aurora_tui.model.checklists import MAINTENANCE, Tick, due_rows, ticks_of
from aurora_tui.model.runbooks import Act, Look
from aurora_tui.model.selection import ObjectRef, logs_of
from widgets.guidedlists import ChecklistScreen, MaintenanceScreen, TickPage
from widgets.runbook import RunbookScreen

_MINUTE = 60.0


class Guiding(TellingOthers):
    """What leads an operator step by step."""

    _taken: Mapping[str, Tick] = {}
    _ticks_at: float | None = None

    def flush(self) -> None:
        super().flush()
        now = self.session.clock()
        if self._incident_desk is not None and (self._ticks_at is None or now - self._ticks_at >= _MINUTE):
            self._ticks_at = now
            self._work(self._read_ticks())

    def due_tasks(self) -> int:
        """How many tasks of maintenance are due; none before the calendar is used at all."""
        own = ticks_of(MAINTENANCE, self._taken)
        now = self.session.clock()
        return sum(row.is_due(now) for row in due_rows(self.session.settings.maintenance, own)) if own else 0

    def incident_command(self, name: str, rest: str) -> bool:
        """Do what a command of incidents or lists says; False where it is none."""
        match name:
            case "incident":
                self.incident_named(rest)
            case "incidents":
                self.list_incidents()
            case "note":
                self.action_note()
            case "runbook":
                self.open_runbook(rest)
            case "checklist":
                self.open_checklist(rest)
            case "maintenance":
                screen = MaintenanceScreen(self.session.settings.maintenance, clock=self.session.clock)
                self._work(self._fill_list(screen, self.push_screen(screen)))
            case _:
                return False
        return True

    def open_checklist(self, name: str) -> None:
        """One of the lists of the settings; the only one besides the incident's procedure where none is named."""
        lists = self.session.settings.checklists
        own = [each for each in lists if each.name != self.session.settings.incident.procedure]
        found = next((each for each in lists if each.name == name), None)
        if found is None and not name and len(own) == 1:
            found = own[0]
        if found is None:
            self._warn(f"which list? :checklist {' | '.join(each.name for each in lists)}")
            return
        screen = ChecklistScreen(found, clock=self.session.clock)
        self._work(self._fill_list(screen, self.push_screen(screen)))

    def on_tick_page_tick_wanted(self, message: TickPage.TickWanted) -> None:
        self._work(self._tick_list(message))

    async def _tick_list(self, message: TickPage.TickWanted) -> None:
        await self._do(self.incidents.tick_list(message.step, message.words, done=message.done), "")
        await self._read_ticks()
        if message.page.is_attached:
            message.page.fill(self._taken)

    async def _fill_list(self, screen: TickPage, opened: Awaitable[None]) -> None:
        await opened
        await self._read_ticks()
        screen.fill(self._taken)

    async def _read_ticks(self) -> None:
        from aurora_tui.incident.desk import JournalError

        try:
            self._taken = await self.incidents.ticks()
            await self.read_names()
        except JournalError as error:
            self._remark(str(error))

    # Runbooks

    def action_runbook(self) -> None:
        self.open_runbook("")

    def open_runbook(self, name: str) -> None:
        """The runbook of that name, else of the incident's alert, else of the alert in hand."""
        from aurora_tui.incident.runbooks import own_folder, runbook

        incident = self._open_one()
        alert = self._alert_in_hand() if self.screen is self.main else None
        name = name or (alert.name if alert else "") or (incident.alert if incident else "")
        if not name:
            self._warn("whose runbook? :runbook NAME")
            return
        text = runbook(name)
        if text is None:
            self._warn(f"no runbook for {name}: put one into {own_folder() / f'{name}.md'}")
            return
        service = (alert.service if alert else None) or (incident.service if incident else "") or ""
        session = self.incidents.session if incident else self.session.of(self._context_here())
        ref = session.workload_of(service) if service else (incident.ref if incident else None)
        names = {"workload": str(ref) if ref else "", "service": service}
        namespace = (ref.namespace if ref else None) or session.home
        steps = runbooks.steps(text, {key: value for key, value in names.items() if value}, namespace)
        self.push_screen(RunbookScreen(name, steps, clock=self.session.clock))

    def on_runbook_screen_chosen(self, message: RunbookScreen.Chosen) -> None:
        """The preview of what changes something; what only shows something is shown."""
        step = message.step
        place = (self.incidents.session if self._open_one() else self.session.of(self._context_here())).place
        match step.does:
            case Act(Verb.SCALE, ref, params) if not params:
                self._to_the_panes()
                self._work(self._ask_scale(place(ref)))
            case Act(verb, ref, params):
                self.act(verb, place(ref), dict(params))
            case Look("changes", ref) if ref is not None:
                incident = self._open_one()
                self.open_changes(
                    Carried(self._service_of(ref), place(ref), incident.begin if incident else None, place(ref).context)
                )
            case Look("history", ref) if ref is not None:
                self.show_history(place(ref))
            case Look("logs", ref) if ref is not None:
                self._to_the_panes()
                self.open_logs(logs_of(place(ref)))
            case Look("get", _, name):
                self._to_the_panes()
                self.run_command(name)
            case Look("traces", _, name):
                self.traces_command(name)
            case _:
                self._warn(step.trouble or "there is no command in this section")

    async def _ask_scale(self, ref: ObjectRef) -> None:
        """Ask how many replicas, and say how many there are: what is to be more may be fewer else."""
        from aurora_tui.cluster.resources import find

        now, resource = None, find(ref.kind)
        if resource is not None:
            with contextlib.suppress(ClusterError):
                item = await self.session.of(ref.context).cluster.get(resource, ref.namespace, ref.name)
                now = int(item["spec"].get("replicas", 1))
        self._ask_replicas(ref, now)

    def run_command(self, line: str) -> None:
        """What a command line says; the app knows the rest of them."""
        raise NotImplementedError

    def _to_the_panes(self) -> None:
        while self.screen is not self.main:
            self.pop_screen()
