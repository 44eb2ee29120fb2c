"""The keys that lead to triage: the screen that tells why, the choice of what would mend it, where their rows lead."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING

from aurora_tui.cases import Case
from aurora_tui.looking import Carried
from aurora_tui.model import views
from aurora_tui.model.actions import Verb
from aurora_tui.model.changes import Change
from aurora_tui.model.findings import Mitigation, Procedure
from aurora_tui.model.frozen import replace
from aurora_tui.model.placing import context_of
from aurora_tui.model.selection import LogSelection, ObjectRef, TraceSelection
from aurora_tui.model.series import Step
from aurora_tui.model.triage import TriageRow
from aurora_tui.signals.threads import in_thread
from aurora_tui.tracing import Tracing
from widgets.actiondialog import ActionDialog
from widgets.mitigations import MitigationsScreen
from widgets.textpage import TextPage
from widgets.triage import TriageScreen

if TYPE_CHECKING:
    from aurora_tui.fleet import Opened
    from aurora_tui.incident.situation import Subject
    from aurora_tui.session import Session

REFRESH_SECONDS = 20.0
"""How often an open triage reads all of it again."""
_KEPT = 4
"""Subjects whose last reading is remembered."""


class Triaging(Tracing):
    """Opens triage of what is under the cursor, keeps it fresh while it is looked at, and goes where its rows lead."""

    def __init__(self, session: Opened) -> None:
        super().__init__(session)
        self._cases: dict[tuple[str, str | None, ObjectRef | None, str], Case] = {}
        self._shown_by: dict[TriageScreen | MitigationsScreen, Case] = {}
        self._left_triage: Case | None = None
        """What was left for the logs pane, to come back to."""

    async def on_unmount(self) -> None:
        for case in self._cases.values():
            await case.reader.close()

    def flush(self) -> None:
        super().flush()
        screen = self.on_top(TriageScreen)
        if screen is not None and self._frames % self._per_second == 0:
            case = self._shown_by.get(screen)
            if case is not None and case.triage is not None:
                screen.show(case.triage.sections_at(self.session.clock()), case.read_at)
            else:
                screen.tick()

    def action_triage(self) -> None:
        """Triage of what is under the cursor."""
        if (case := self._case_here()) is not None:
            self._open(case)

    def action_mitigate(self) -> None:
        """The ranked mitigations for what is under the cursor."""
        if (case := self._case_here()) is not None:
            self._offer(case)

    def triage_command(self, given: str) -> None:
        """``:triage``: of a service, or of what is under the cursor."""
        from aurora_tui.incident.subject import of_service

        if not given:
            self.action_triage()
        elif given in {each.name for each in self.session.settings.services}:
            session = self.session.of(self._context_here())
            self._open(self._case(session, of_service(session, given, None)))
        else:
            names = ", ".join(each.name for each in self.session.settings.services)
            self._warn(f"the settings name no service {given!r}: {names}")

    def _open(self, case: Case) -> None:
        self._watch(case, TriageScreen(case.words, clock=self.session.clock))

    def _offer(self, case: Case) -> None:
        self._watch(case, MitigationsScreen(case.words, clock=self.session.clock))

    def _case_here(self) -> Case | None:
        """The case of the row under the cursor, said in words where it is nothing that triage knows."""
        from aurora_tui.incident.subject import of_alert, of_service

        pane = self.active
        alert = self.alerts_pane.alert() if pane is self.alerts_pane else None
        if alert is not None:
            session = self.session.of(context_of(alert))
            return self._case(session, of_alert(session, alert))
        held = self.carried()
        if held.service is None and held.ref is None:
            self._warn("nothing here that could be triaged: choose an alert, an objective, a workload or a pod")
            return None
        session = self.session.of(held.context)
        return self._case(session, of_service(session, held.service, held.ref))

    def _case(self, session: Session, subject: Subject) -> Case:
        """What is known of a subject already, or a new one; the oldest is forgotten."""
        from aurora_tui.incident.reading import SituationReader

        key = (session.label, subject.service, subject.ref, subject.fingerprint)
        case = self._cases.pop(key, None) or Case(session, SituationReader(session, subject), subject)
        case.asked = subject
        self._cases[key] = case
        for old in [each for each in self._cases if not self._cases[each].screens][:-_KEPT]:
            self._work(self._cases.pop(old).reader.close())
        return case

    def _watch(self, case: Case, screen: TriageScreen | MitigationsScreen) -> None:
        """Show a case on a screen, and read it again and again while any screen shows it."""
        case.screens.append(screen)
        self._shown_by[screen] = case
        self._work(self._begin(self.push_screen(screen), case, screen))
        if case.watch is None or case.watch.done():
            case.watch = self._work(self._follow(case))
        else:
            case.hurry.set()

    async def _begin(self, opened: Awaitable[None], case: Case, screen: TriageScreen | MitigationsScreen) -> None:
        await opened
        case.show(screen)

    async def _follow(self, case: Case) -> None:
        from aurora_tui.incident.memory import recall, remember
        from aurora_tui.incident.subject import again
        from aurora_tui.incident.triage import triage

        while case.screens:
            case.hurry.clear()
            waiting, case.waiting = case.waiting, []
            async with aclosing(case.reader.read(again(case.session, case.asked))) as parts:
                async for situation in parts:
                    # Thousands of pods take longer to judge than the keys may wait.
                    earlier = recall(case.session, situation)
                    case.triage = await in_thread(partial(triage, situation, earlier))
                    self._tell(case)
            if case.triage is not None:
                remember(case.session, case.triage.situation, case.triage.findings)
            case.read_at = self.session.clock()
            self._tell(case)
            for each in waiting:
                case.advise(each)
            if case.screens:
                try:
                    async with asyncio.timeout(REFRESH_SECONDS):
                        await case.hurry.wait()
                except TimeoutError:
                    pass
        case.watch = None

    def _tell(self, case: Case) -> None:
        """Show what is known on the screens that are still there; those that were left are forgotten."""
        for screen in [each for each in case.screens if each not in self.screen_stack]:
            case.screens.remove(screen)
            self._shown_by.pop(screen, None)
        for screen in case.screens:
            case.show(screen)

    # Where rows lead

    def on_triage_screen_mitigation_wanted(self, message: TriageScreen.MitigationWanted) -> None:
        if (case := self._shown_by.get(message.screen)) is not None:
            self._offer(case)

    def on_triage_screen_asked(self, message: TriageScreen.Asked) -> None:
        case = self._shown_by.get(message.screen)
        if case is None:
            return
        if message.what == "refresh":
            case.hurry.set()
            return
        from aurora_tui.incident.subject import log_since, traces_around

        subject, label = case.subject, case.session.label
        if message.what == "changes":
            self.open_changes(Carried(subject.service, subject.ref, subject.onset, label))
        elif message.what == "traces" and (traces := traces_around(subject, self.session.clock())) is not None:
            self.open_traces(replace(traces, context=label))
        elif message.what == "logs" and (log := log_since(subject)) is not None:
            self._leave_for_logs(case, log)
        else:
            self._warn(f"{subject} has no {message.what} of its own")

    def on_triage_screen_chosen(self, message: TriageScreen.Chosen) -> None:
        lead, row = message.row.leads_to, message.row
        case = self._shown_by.get(message.screen)
        if case is None:
            return
        if isinstance(lead, Mitigation):
            self._choose(case, lead)
        elif isinstance(lead, TraceSelection):
            self.open_traces(replace(lead, context=case.session.label))
        elif isinstance(lead, LogSelection):
            self._leave_for_logs(case, lead)
        elif isinstance(lead, Change) or row.diff:
            self._tell_row(row)
        elif isinstance(lead, ObjectRef) and views.of_kind(lead.kind) is not None:
            self.look_at(case.session.place(lead), "describe")
        else:
            self._tell_row(row)

    def helped_by(self, dialog: ActionDialog) -> str:
        case = self._case_below(dialog)
        return (case.subject.service or "") if case is not None else ""

    def on_action_dialog_suffering(self, message: ActionDialog.Suffering) -> None:
        if (case := self._case_below(message.dialog)) is not None:
            case.waiting.append(message)
            case.hurry.set()

    def _case_below(self, dialog: ActionDialog) -> Case | None:
        """The case from which a dialog was opened."""
        stack = list(self.screen_stack)
        below = stack[stack.index(dialog) - 1] if dialog in stack else None
        return self._shown_by.get(below) if isinstance(below, TriageScreen | MitigationsScreen) else None

    def on_mitigations_screen_chosen(self, message: MitigationsScreen.Chosen) -> None:
        case = self._shown_by.get(message.screen)
        if case is not None:
            self._choose(case, message.offer)

    def on_mitigations_screen_resumed(self, message: MitigationsScreen.Resumed) -> None:
        self._read_again(message.screen)

    def on_triage_screen_resumed(self, message: TriageScreen.Resumed) -> None:
        self._read_again(message.screen)

    def _read_again(self, screen: TriageScreen | MitigationsScreen) -> None:
        """What was done meanwhile may have changed what is to be done next."""
        if (case := self._shown_by.get(screen)) is not None:
            case.hurry.set()

    def _choose(self, case: Case, offer: Mitigation) -> None:
        """The preview of a mitigation; what is advice is told in whole."""
        ref = case.session.place(offer.ref) if offer.ref is not None else None
        if offer.verb is Procedure.DRAIN and ref is not None:
            self.drain(ref)
            return
        if isinstance(offer.verb, Verb) and ref is not None:
            refs = [ref, *map(case.session.place, offer.also)]
            self.act_at_once([Step(offer.verb, each, offer.parameters) for each in refs])
            return
        if ref is not None and views.of_kind(ref.kind) is not None:
            self.look_at(ref, "describe")
        self.refuse()  # what was typed behind it was meant for a dialog
        self.notify(
            f"{offer.words}: {offer.how}" if offer.how else offer.words,
            title="nothing to confirm: advice",
            markup=False,
            timeout=10,
        )

    def _tell_row(self, row: TriageRow) -> None:
        page = TextPage(row.text, clock=self.session.clock)
        page.fill([*(row.details or (row.text,)), *(["", *map(str, row.diff)] if row.diff else [])])
        self.push_screen(page)

    def _leave_for_logs(self, case: Case, selection: LogSelection) -> None:
        """Take the pages over the panes away; Escape in the log comes back to the triage."""
        while self.screen is not self.main:
            self.pop_screen()
        self.open_logs(replace(selection, context=case.session.label))
        self._left_triage = case

    async def action_back(self) -> None:
        case, pane = self._left_triage, self.active
        if case is None or pane is not self.logs_pane:
            await super().action_back()
        elif not pane.back():
            self._left_triage = None
            self._open(case)
