"""The one path by which anything is changed: plan, preview, confirm, record, execute, verify, undo."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from aurora_tui import sending, shells
from aurora_tui.cluster.errors import (
    AnswerLostError,
    ClusterError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    ReadOnlyError,
    UnauthorizedError,
)
from aurora_tui.cluster.protocol import Cluster
from aurora_tui.cluster.resources import Resource, find
from aurora_tui.journal import Journal, JournalError, Operator, Preview
from aurora_tui.model.actions import (
    READ_ONLY,
    Action,
    CreateRequest,
    DeleteRequest,
    ExecRequest,
    Followed,
    Obstacle,
    Outcome,
    Params,
    PatchRequest,
    Plan,
    Record,
    Verb,
    Verdict,
)
from aurora_tui.model.masking import mask_text
from aurora_tui.model.policies import Policy, Ruling
from aurora_tui.model.series import Step
from aurora_tui.planning import Planner
from aurora_tui.shells import LocalTerminal
from aurora_tui.verbs import VERBS
from aurora_tui.verbs.base import Refusal
from aurora_tui.verify import Clock, Limits, Sleep, SloProbe, Verification
from aurora_tui.who import Who

__all__ = ["ActionPath", "Refusal", "undo_of"]

ATTEMPTS = 5
"""How often a request is sent when only the object's status moves under it (409: nothing was done)."""

_NOT_SHOWN = "the cluster does not show it: it may safely be tried again"

LOOKS = 3
"""How often, a second apart, the cluster is asked what became of a request whose answer was lost."""


class Acted(Protocol):
    """A `Record` or the journal's entry of one."""

    @property
    def action(self) -> Action: ...

    @property
    def outcome(self) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class _Sent:
    """What came of a request; `version` is the object's in the answer, "" without one."""

    outcome: Outcome
    words: str
    version: str = ""
    obstacle: Obstacle | None = None


def undo_of(acted: Acted) -> tuple[Verb, Params] | None:
    """The verb and parameters that take an action back; None if it has no inverse or was not done."""
    if acted.outcome is not Outcome.DONE:
        return None
    return VERBS[acted.action.verb].inverse(acted.action)


class ActionPath:
    """Plans, carries out and follows actions on one cluster.

    `clock` gives seconds since the epoch. Read-only, protected and the policies are enforced here,
    whatever keys or commands lead here. A shell is opened in `terminal`, the operator's own.
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
    ) -> None:
        self.cluster = cluster
        self.terminal = terminal
        self.journal = journal
        self.protected = protected
        self.read_only = read_only or cluster.read_only
        self.clock = clock
        self.sleep = sleep
        self._who = Who(cluster, clock)
        self._planner = Planner(cluster, protected, self.read_only, policies)

    async def plan(self, verb: Verb, resource: Resource, namespace: str, name: str, params: Params) -> Plan:
        """Work an action out and let the server try it (``dryRun=All``); changes nothing.

        Raises `Refusal` for the senseless and `ClusterError` where the cluster cannot be asked.
        """
        return await self._planner.plan(verb, resource, namespace, name, params, self.clock())

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
        if refusal := self._refusal(plan, confirmed_context, reason):
            return Record(None, plan, Outcome.REFUSED, refusal.words, refusal.obstacle)
        try:
            live = await self._read_again(plan)
            kube_user = await self._who.acts()
        except Refusal as error:
            return Record(None, plan, Outcome.REFUSED, error.words, error.obstacle)
        except ClusterError as error:
            return Record(None, plan, Outcome.FAILED, f"nothing was sent: {error.message}")
        version = live["metadata"]["resourceVersion"]
        action = replace(plan.action, target=replace(plan.action.target, resource_version=version))
        plan = replace(plan, action=action)
        try:
            entry = await asyncio.to_thread(
                self.journal.record_intent,
                action,
                operator=Operator.here(kube_user),
                reason=mask_text(reason),
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
        return Record(entry, plan, sent.outcome, message, sent.obstacle)

    async def verify(
        self, record: Record, probe: SloProbe | None = None, limits: Limits | None = None
    ) -> AsyncIterator[Followed]:
        """Follow a done (or uncertain) action; the verdict comes last, and it alone goes to the journal."""
        verification = Verification(
            self.cluster,
            _resource(record.action),
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

    async def _read_again(self, plan: Plan) -> dict[str, Any]:
        target = plan.action.target
        try:
            live = await self.cluster.get(_resource(plan.action), target.namespace, target.name)
        except NotFoundError as error:
            raise Refusal(f"{target} no longer exists", Obstacle.ABSENT) from error
        if live["metadata"]["uid"] != target.uid:
            words = f"{target} was replaced by another object of that name since the preview"
            raise Refusal(words, Obstacle.ABSENT)
        if VERBS[plan.action.verb].basis(live) != plan.basis:
            raise Refusal(f"{target} changed since the preview: look at it again", Obstacle.CHANGED)
        return live

    async def _send(self, plan: Plan, live: dict[str, Any]) -> _Sent:
        target = plan.action.target
        if isinstance(plan.request, ExecRequest):
            assert self.terminal is not None  # else it was refused
            return _Sent(*await shells.open_shell(self.cluster, plan, plan.request, self.terminal, self.clock))
        for _ in range(ATTEMPTS):
            try:
                answer = await sending.send(self.cluster, _resource(plan.action), plan.request, live)
            except ConflictError as error:
                if not isinstance(plan.request, PatchRequest):
                    return _Sent(Outcome.REFUSED, error.message)
                try:
                    live = await self._read_again(plan)
                except Refusal as refusal:
                    return _Sent(Outcome.REFUSED, refusal.words, obstacle=refusal.obstacle)
                except ClusterError as error:
                    return _Sent(Outcome.REFUSED, f"{target} changed since the preview, and then: {error.message}")
            except (ForbiddenError, UnauthorizedError, ReadOnlyError) as error:
                return _Sent(Outcome.REFUSED, error.message, obstacle=sending.obstacle(error, plan.request))
            except ClusterError as error:
                if (met := sending.obstacle(error, plan.request)) is not None:
                    return _Sent(Outcome.REFUSED, error.message, obstacle=met)
                # A gateway's or a server's own failure says nothing about what the request did.
                if isinstance(error, AnswerLostError) or (error.status or 0) >= 500:
                    return _Sent(*await self._find_out(plan, live, error))
                return _Sent(Outcome.FAILED, error.message)
            else:
                version = (answer.get("metadata") or {}).get("resourceVersion", "")
                return _Sent(Outcome.DONE, plan.effect, version)
        return _Sent(
            Outcome.REFUSED, f"{target} changes faster than it can be read: try again", obstacle=Obstacle.CHANGED
        )

    async def _find_out(self, plan: Plan, sent_on: dict[str, Any], lost: ClusterError) -> tuple[Outcome, str]:
        """Decide from the object itself what became of a request that was guarded by `sent_on`'s version."""
        seen = "the cluster could not be asked"
        for look in range(LOOKS):
            if look:
                await self.sleep(1.0)
            target = plan.action.target
            try:
                if isinstance(plan.request, CreateRequest | DeleteRequest):
                    found = await sending.trace(self.cluster, _resource(plan.action), plan.request, sent_on)
                    if found is not None:
                        return found[0], f"{lost.message}; {found[1]}"
                    seen = _NOT_SHOWN
                    continue
                live = await self.cluster.get(_resource(plan.action), target.namespace, target.name)
            except ClusterError as error:
                seen = f"the cluster could not be asked: {error.message}"
                continue
            if live["metadata"]["resourceVersion"] == sent_on["metadata"]["resourceVersion"]:
                # It may still arrive, but only once: a second one finds another version.
                seen = _NOT_SHOWN
                continue
            outcome, seen = _compare(plan, sent_on, live)
            return outcome, f"{lost.message}; {seen}"
        return Outcome.UNCERTAIN, f"{lost.message}; {seen}"


def _shown(plan: Plan) -> Preview:
    # Why it could not be tried is the last of the warnings; without permission there is no execution.
    why = (plan.warnings or ("not tried",))[-1]
    return Preview("" if plan.expected is not None else why, plan.warnings)


def _compare(plan: Plan, sent_on: dict[str, Any], live: dict[str, Any]) -> tuple[Outcome, str]:
    """What an object that has changed since says about a request whose answer was lost."""
    was, now = sent_on["metadata"], live["metadata"]
    if was["uid"] != now["uid"]:
        return (
            Outcome.UNCERTAIN,
            f"{plan.action.target} has since been replaced by another object of that name",
        )
    if plan.expected is not None and _basis(plan, live) == plan.expected:
        return Outcome.DONE, f"but the cluster shows that it was carried out: {plan.effect}"
    # A Service or a ConfigMap counts no generations, and a status moves none.
    counted = "generation" in was and getattr(plan.request, "subresource", "") != "status"
    unmoved = was["generation"] == now.get("generation") if counted else _basis(plan, live) == plan.basis
    if unmoved:
        # Only the status has moved, and the version that guards the request is gone: it can never arrive.
        return Outcome.FAILED, "the cluster shows that it was not carried out"
    return Outcome.UNCERTAIN, f"{plan.action.target} has since changed into something else: look at it"


def _basis(plan: Plan, live: dict[str, Any]) -> Any:
    return VERBS[plan.action.verb].basis(live)


def _resource(action: Action) -> Resource:
    resource = find(action.target.kind)
    if resource is None:
        raise ValueError(f"no kind {action.target.kind} is known")
    return resource
