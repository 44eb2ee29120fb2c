"""The desk where actions are prepared and carried out for the screen: one path, one journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from aurora_tui.actions import ActionPath
from aurora_tui.folders import state_dir
from aurora_tui.health import history_of
from aurora_tui.inspection import History
from aurora_tui.journal import Journal
from aurora_tui.model.actions import Obstacle, Outcome, Params, Plan, Remedy, Verb, Verdict
from aurora_tui.model.frozen import replace
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.series import Step
from aurora_tui.recovery import settle_unfinished
from aurora_tui.relapse import relapse
from aurora_tui.series import or_words, plan_step, undo_step
from aurora_tui.session import Session
from aurora_tui.shells import LocalTerminal
from aurora_tui.sli import slo_probe

if TYPE_CHECKING:
    from textual.app import App

    from widgets.actiondialog import ActionDialog


def action_path(session: Session) -> ActionPath:
    """The one path for a session's writes, journalled in the user's state folder."""
    journal = Journal(state_dir())
    return ActionPath(
        session.with_alerts,
        journal,
        protected=session.environment.protected,
        read_only=session.read_only,
        policies=session.settings.policies,
        clock=session.clock,
        caution=partial(relapse, session, journal),
    )


@dataclass(slots=True)
class Done:
    """What takes the last action or series of this program back, last first, where that makes sense."""

    steps: tuple[Step, ...] = ()


class ActionDesk:
    """Takes actions of one context from a dialog to its cluster and brings the answers back to it."""

    def __init__(self, session: Session, terminal: LocalTerminal, done: Done) -> None:
        self._session = session
        self._done = done
        self.path = action_path(session)
        self.path.terminal = terminal
        self.busy = 0
        """How many actions are being carried out or verified."""

    @property
    def last(self) -> tuple[Step, ...]:
        """What takes the last action or series back that was done here or in another context."""
        return self._done.steps

    def note(self, undo: Sequence[Step]) -> None:
        """Keep what takes back what was just done here; its objects are those of this context and no other."""
        self._done.steps = tuple(replace(step, ref=self._session.place(step.ref)) for step in undo)

    def close(self) -> None:
        """Let go of the journal; it may be used again."""
        self.path.journal.close()

    async def history(self, ref: ObjectRef) -> History:
        """The rollout history of a workload. Raises `ClusterError`."""
        return await history_of(self._session, self.path.journal, ref)

    async def settle(self, app: App[Any]) -> None:
        """Find out what became of actions that a program which ended too early left uncertain, and tell it."""
        for entry in await settle_unfinished(self.path):
            ref = self._session.place(entry.action.target.ref)
            words = f"journal entry {entry.id}, {entry.action.verb.value} {ref.words}: {entry.message}"
            app.notify(words, title=entry.outcome.value, severity="warning", timeout=30, markup=False)

    async def prepare(self, dialog: ActionDialog, verb: Verb, ref: ObjectRef, params: Params) -> None:
        """Plan an action and show it; the object must still be the one that the row showed."""
        plan = await or_words(plan_step(self.path, Step(verb, ref, params)))
        if not dialog.is_attached:  # left meanwhile
            return
        if isinstance(plan, str):
            dialog.show_refusal(plan)
        else:
            dialog.show_plan(plan)

    async def carry_out(
        self,
        app: App[Any],
        dialog: ActionDialog,
        plan: Plan,
        context: str | None,
        reason: str | None,
        *,
        helped: str = "",
    ) -> None:
        """Execute a confirmed plan and follow it to its verdict, in the dialog while it is open.

        `helped` names the service for whose sake it is done, where that is known: that its users still suffer
        is told beside the verdict, whatever the action's own object has come to.
        """
        self.busy += 1
        try:
            record = await self.path.execute(plan, confirmed_context=context, reason=reason)
            ref = self._session.place(plan.action.target.ref)
            if dialog.is_attached:
                dialog.show_record(record)
                if record.obstacle is Obstacle.CHANGED:
                    await self.prepare(dialog, plan.action.verb, ref, plan.action.params)
            elif record.outcome is not Outcome.DONE:
                words = f"{plan.action.verb.value} {ref.words}: {record.message}"
                app.notify(words, title=record.outcome.value, severity="warning", timeout=30, markup=False)
            if (undo := undo_step(record)) is not None:
                self.note((undo,))
                if dialog.is_attached:
                    dialog.offer_undo(f"{undo.verb.value} {ref.words}")
            if record.outcome not in (Outcome.DONE, Outcome.UNCERTAIN) or not plan.followed:
                return
            told = ""
            probe = await slo_probe(self._session, plan.action, helped)
            async for step in self.path.verify(record, probe):
                if dialog.is_attached:
                    dialog.show(step)
                elif isinstance(step, Verdict | Remedy) and step.text != told:
                    told = step.text
                    words = f"{plan.action.verb.value} {ref.words}: {step.text}"
                    app.notify(words, markup=False, timeout=30)
            if helped and probe is not None and (reading := await probe()).missed and dialog.is_attached:
                dialog.tell_suffering(f"users still suffer: {reading}")
        finally:
            self.busy -= 1
