"""Brings a recorded request to the cluster, once, and finds out what became of it where the answer was lost."""

from __future__ import annotations

from typing import Any

from aurora_tui import sending
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
from aurora_tui.model.actions import (
    Action,
    CreateRequest,
    DeleteRequest,
    ObjectRequest,
    Obstacle,
    Outcome,
    PatchRequest,
    Plan,
)
from aurora_tui.model.frozen import Frozen
from aurora_tui.verbs import VERBS
from aurora_tui.verbs.base import Refusal
from aurora_tui.verify import Sleep

ATTEMPTS = 5
"""How often a request is sent when only the object's status moves under it (409: nothing was done)."""
LOOKS = 3
"""How often, a second apart, the cluster is asked what became of a request whose answer was lost."""
_NOT_SHOWN = "the cluster does not show it: it may safely be tried again"


class Sent(Frozen):
    """What came of a request; `version` is the object's in the answer, "" without one."""

    outcome: Outcome
    words: str
    version: str = ""
    obstacle: Obstacle | None = None


class Delivery(Frozen):
    """Sends to one cluster what was planned, guarded by the object as it was last read."""

    _cluster: Cluster
    _sleep: Sleep

    async def read_again(self, plan: Plan) -> dict[str, Any]:
        """The object as it is now. Raises `Refusal` where the plan no longer rests on it, and `ClusterError`."""
        target = plan.action.target
        try:
            live = await self._cluster.get(resource_of(plan.action), target.namespace, target.name)
        except NotFoundError as error:
            raise Refusal(f"{target} no longer exists", Obstacle.ABSENT) from error
        if live["metadata"]["uid"] != target.uid:
            words = f"{target} was replaced by another object of that name since the preview"
            raise Refusal(words, Obstacle.ABSENT)
        if VERBS[plan.action.verb].basis(live) != plan.basis:
            raise Refusal(f"{target} changed since the preview: look at it again", Obstacle.CHANGED)
        return live

    async def send(self, plan: Plan, request: ObjectRequest, live: dict[str, Any]) -> Sent:
        """Send the plan's request on the object as it was last read; tried again only where nothing was done."""
        target = plan.action.target
        for _ in range(ATTEMPTS):
            try:
                answer = await sending.send(self._cluster, resource_of(plan.action), request, live)
            except ConflictError as error:
                if not isinstance(request, PatchRequest):
                    return Sent(Outcome.REFUSED, error.message)
                try:
                    live = await self.read_again(plan)
                except Refusal as refusal:
                    return Sent(Outcome.REFUSED, refusal.words, obstacle=refusal.obstacle)
                except ClusterError as error:
                    return Sent(Outcome.REFUSED, f"{target} changed since the preview, and then: {error.message}")
            except (ForbiddenError, UnauthorizedError, ReadOnlyError) as error:
                return Sent(Outcome.REFUSED, error.message, obstacle=sending.obstacle(error, request))
            except ClusterError as error:
                if (met := sending.obstacle(error, request)) is not None:
                    return Sent(Outcome.REFUSED, error.message, obstacle=met)
                # A gateway's or a server's own failure says nothing about what the request did.
                if isinstance(error, AnswerLostError) or (error.status or 0) >= 500:
                    return Sent(*await self._find_out(plan, live, error))
                return Sent(Outcome.FAILED, error.message)
            else:
                version = (answer.get("metadata") or {}).get("resourceVersion", "")
                return Sent(Outcome.DONE, plan.effect, version)
        return Sent(
            Outcome.REFUSED, f"{target} changes faster than it can be read: try again", obstacle=Obstacle.CHANGED
        )

    async def _find_out(self, plan: Plan, sent_on: dict[str, Any], lost: ClusterError) -> tuple[Outcome, str]:
        """Decide from the object itself what became of a request that was guarded by `sent_on`'s version."""
        seen = "the cluster could not be asked"
        for look in range(LOOKS):
            if look:
                await self._sleep(1.0)
            target = plan.action.target
            try:
                if isinstance(plan.request, CreateRequest | DeleteRequest):
                    found = await sending.trace(self._cluster, resource_of(plan.action), plan.request, sent_on)
                    if found is not None:
                        return found[0], f"{lost.message}; {found[1]}"
                    seen = _NOT_SHOWN
                    continue
                live = await self._cluster.get(resource_of(plan.action), target.namespace, target.name)
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


def resource_of(action: Action) -> Resource:
    resource = find(action.target.kind)
    if resource is None:
        raise ValueError(f"no kind {action.target.kind} is known")
    return resource
