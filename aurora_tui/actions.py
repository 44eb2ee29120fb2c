"""The one path by which anything is changed: plan, preview, confirm, record, execute, verify, undo."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Protocol

from aurora_tui import shells
from aurora_tui.cluster.errors import ClusterError
from aurora_tui.cluster.protocol import Cluster
from aurora_tui.cluster.resources import Resource
from aurora_tui.delivery import Delivery, Sent, resource_of
from aurora_tui.journal import Journal, JournalError, Operator, Preview
from aurora_tui.model.actions import (
    READ_ONLY,
    Action,
    ExecRequest,
    Followed,
    Obstacle,
    Outcome,
    Params,
    PatchRequest,
    Plan,
    Record,
    Request,
    Verb,
    Verdict,
)
from aurora_tui.model.frozen import replace
from aurora_tui.model.masking import mask_text
from aurora_tui.model.policies import Policy, Ruling
from aurora_tui.model.series import Step
from aurora_tui.planning import Planner
from aurora_tui.shells import LocalTerminal
from aurora_tui.verbs import VERBS
from aurora_tui.verbs.base import Refusal, Signing
from aurora_tui.verify import Clock, Limits, Sleep, SloProbe, Verification
from aurora_tui.who import Who

__all__ = ["ActionPath", "Refusal", "undo_of"]

Caution = Callable[[Action], Awaitable[tuple[str, ...]]]
"""What else is known that speaks against an action, in words."""


class Acted(Protocol):
    """A `Record` or the journal's entry of one."""

    @property
    def action(self) -> Action: ...

    @property
    def outcome(self) -> Outcome: ...


async def _nothing_else(action: Action) -> tuple[str, ...]:
    return ()


def undo_of(acted: Acted) -> tuple[Verb, Params] | None:
    """The verb and parameters that take an action back; None if it has no inverse or was not done."""
    if acted.outcome is not Outcome.DONE:
        return None
    return VERBS[acted.action.verb].inverse(acted.action)


class ActionPath:
    """Plans, carries out and follows actions on one cluster.

    `clock` gives seconds since the epoch. Read-only, protected and the policies are enforced here,
    whatever keys or commands lead here. A shell is opened in `terminal`, the operator's own. What `caution`
    says of an action stands before all other warnings.
    """

    def __init__(
        self,
        cluster: Cluster,
        journal: Journal,
        *,
        protected: bool,
        read_only: bool,
        policies: Sequence[Policy] = (),
        clock: Clock,
        sleep: Sleep = asyncio.sleep,
        terminal: LocalTerminal | None = None,
        caution: Caution = _nothing_else,
    ) -> None:
        self.cluster = cluster
        self.terminal = terminal
        self.journal = journal
        self.protected = protected
        self.read_only = read_only or cluster.read_only
        self.clock = clock
        self.sleep = sleep
        self.told: Callable[[Record, str | None, str], None] = lambda record, context, reason: None
        """Hears of all that was sent, with what it was confirmed by: the context's name and the reason."""
        self._caution = caution
        self._who = Who(cluster, clock)
        self._planner = Planner(cluster, protected, self.read_only, policies)
        self._delivery = Delivery(cluster, sleep)

    async def plan(self, verb: Verb, resource: Resource, namespace: str, name: str, params: Params) -> Plan:
        """Work an action out and let the server try it (``dryRun=All``); changes nothing.

        Raises `Refusal` for the senseless and `ClusterError` where the cluster cannot be asked.
        """
        plan = await self._planner.plan(verb, resource, namespace, name, params, self.clock())
        return replace(plan, warnings=(*await self._caution(plan.action), *plan.warnings))

    def ruling(self, step: Step) -> Ruling:
        """What the policies say of a step now."""
        ref = step.ref
        return self._planner.ruling(step.verb, ref.kind, ref.namespace or "", ref.name, self.clock())

    async def execute(
        self, plan: Plan, *, confirmed_context: str | None = None, reason: str | None = None, part_of: str = ""
    ) -> Record:
        """Carry a confirmed plan out, once. Never raises what the cluster or the journal raise.

        `part_of` names the series that it belongs to, for the journal.

        The resourceVersion of the last read guards the request. Where only the status has moved since
        the preview (it does all the time in a rollout) the plan stands; where what it rests on has
        changed, it is refused.
        """
        reason = (reason or "").strip()
        if plan.action.target.context != self.cluster.context:
            words = f"it was planned in context {plan.action.target.context}, not in {self.cluster.context}"
            return Record(None, plan, Outcome.REFUSED, words)
        if refusal := self._refusal(plan, confirmed_context, reason):
            return Record(None, plan, Outcome.REFUSED, refusal.words, refusal.obstacle)
        try:
            live = await self._delivery.read_again(plan)
            kube_user = await self._who.acts()
        except Refusal as error:
            return Record(None, plan, Outcome.REFUSED, error.words, error.obstacle)
        except ClusterError as error:
            return Record(None, plan, Outcome.FAILED, f"nothing was sent: {error.message}")
        version = live["metadata"]["resourceVersion"]
        action = replace(plan.action, target=replace(plan.action.target, resource_version=version))
        operator, reason = Operator.here(kube_user), mask_text(reason)
        plan = replace(plan, action=action, request=_signed(plan, operator, reason))
        try:
            entry = await asyncio.to_thread(
                self.journal.record_intent,
                action,
                operator=operator,
                reason=reason,
                part_of=part_of,
                preview=_shown(plan),
                generation=live["metadata"].get("generation"),
                at=self.clock(),
            )
        except JournalError as error:
            return Record(None, plan, Outcome.REFUSED, f"nothing was sent: {error}")
        sent = await self._send(plan, live)
        message = sent.words
        try:
            await asyncio.to_thread(
                self.journal.record_outcome,
                entry,
                sent.outcome,
                message,
                resource_version=sent.version,
                at=self.clock(),
            )
        except JournalError as error:
            message = f"{message}; but this could not be recorded: {error}"
        record = Record(entry, plan, sent.outcome, message, sent.obstacle)
        self.told(record, confirmed_context, reason)
        return record

    async def verify(
        self, record: Record, probe: SloProbe | None = None, limits: Limits | None = None
    ) -> AsyncIterator[Followed]:
        """Follow a done (or uncertain) action; the verdict comes last, and it alone goes to the journal."""
        verification = Verification(
            self.cluster,
            resource_of(record.action),
            VERBS[record.action.verb],
            record.plan,
            clock=self.clock,
            sleep=self.sleep,
            limits=limits or Limits(),
        )
        async for step in verification.run(probe):
            if isinstance(step, Verdict) and record.entry is not None:
                try:
                    await asyncio.to_thread(self.journal.record_verdict, record.entry, step, at=self.clock())
                except JournalError as error:
                    yield replace(step, text=f"{step.text}; but this could not be recorded: {error}")
                    return
            yield step

    def _refusal(self, plan: Plan, confirmed_context: str | None, reason: str) -> Refusal | None:
        if self.read_only:
            return Refusal(READ_ONLY)
        if isinstance(plan.request, ExecRequest) and self.terminal is None:
            return Refusal("there is no terminal here to open a shell in")
        target, context = plan.action.target, self.cluster.context
        if target.context != context:
            return Refusal(f"this was planned for context {target.context}, not {context}")
        if plan.problems:
            return Refusal("; ".join(plan.problems))
        # Anew: a change freeze may have begun since the plan was made.
        ruling = self._planner.ruling(plan.action.verb, target.kind, target.namespace, target.name, self.clock())
        if ruling.deny:
            return Refusal("; ".join(ruling.deny))
        if unseen := [words for words in ruling.warnings if words not in plan.warnings]:
            return Refusal(f"since the preview: {'; '.join(unseen)}: look at it again", Obstacle.CHANGED)
        guard = "protected" if self.protected else f"guarded ({'; '.join(ruling.warnings)})"
        if (self.protected or ruling.confirm) and confirmed_context != context:
            return Refusal(f"{context} is {guard}: type its name to confirm")
        if (self.protected or ruling.reason) and not reason:
            return Refusal(f"{context} is {guard}: give a reason")
        return None

    async def _send(self, plan: Plan, live: dict[str, Any]) -> Sent:
        if isinstance(plan.request, ExecRequest):
            assert self.terminal is not None  # else it was refused
            return Sent(*await shells.open_shell(self.cluster, plan, plan.request, self.terminal, self.clock))
        return await self._delivery.send(plan, plan.request, live)


def _signed(plan: Plan, operator: Operator, reason: str) -> Request:
    rules, request = VERBS[plan.action.verb], plan.request
    if isinstance(rules, Signing) and isinstance(request, PatchRequest):
        return rules.signed(request, str(operator), reason)
    return request


def _shown(plan: Plan) -> Preview:
    # Why it could not be tried is the last of the warnings; without permission there is no execution.
    why = (plan.warnings or ("not tried",))[-1]
    return Preview("" if plan.expected is not None else why, plan.warnings)
