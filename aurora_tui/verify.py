"""Follows an action to its end: first the pods as ``kubectl rollout status`` does, then the service's SLI."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from aurora_tui.cluster.errors import ClusterError, ForbiddenError, NotFoundError
from aurora_tui.cluster.protocol import Cluster
from aurora_tui.cluster.resources import Resource
from aurora_tui.evidence import NOTHING, Witness
from aurora_tui.model.actions import Evidence, Followed, Phase, Plan, Progress, Recovery, Remedy, Rollout, Verdict
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.rollouts import RolloutState, RolloutStatus
from aurora_tui.verbs.base import Following, Replacing, VerbRules

_UNDER_WAY = (RolloutState.WAITING, RolloutState.FAILED)
"""The states in which the pods say more than the workload."""

_TAKEN_AWAY_WITHIN = 10.0
"""Seconds beyond its grace period after which a pod that is still there is not going to be taken away."""

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


class SliReading(Frozen):
    """One objective of a service at one time: `share` is 0..1 or None for no data; `ratio` is the objective's.

    `name` stands in the texts, e.g. ``backend availability``.
    """

    name: str
    share: float | None
    ratio: float

    def __str__(self) -> str:
        if self.share is None:
            return f"{self.name}: no data"
        return f"{self.name}: {self.share:.2%} good, {self.ratio:.2%} wanted"

    @property
    def missed(self) -> bool:
        """Whether it is known that the objective is not met."""
        return self.share is not None and self.share < self.ratio


SloProbe = Callable[[], Awaitable[SliReading]]
"""How to read a service's SLI: of several objectives the one that suffers most."""


class Limits(Frozen):
    """How long to wait and how often to look, in seconds.

    600 s is the API's default ``progressDeadlineSeconds``: a Deployment gives up by itself then.
    """

    rollout: float = 600.0
    rollout_interval: float = 1.0
    sli: float = 300.0
    sli_interval: float = 5.0
    replacement: bool = True
    """Whether an object that had to go is followed until another has come in its place."""


class _Pods(Frozen):
    end: Rollout
    seconds: float
    text: str
    settled: bool = False
    """Nothing moved: neither pods nor the SLI are in question."""


class Verification:
    """One action being followed; `clock` gives seconds since the epoch."""

    def __init__(
        self,
        cluster: Cluster,
        resource: Resource,
        rules: VerbRules,
        plan: Plan,
        *,
        clock: Clock,
        sleep: Sleep,
        limits: Limits,
    ) -> None:
        self._cluster = cluster
        self._resource = resource
        self._rules = rules
        self._plan = plan
        self._clock = clock
        self._sleep = sleep
        self._limits = limits
        self._began = clock()
        self._witness = Witness(cluster, plan.action.target, clock)

    async def run(self, probe: SloProbe | None) -> AsyncIterator[Followed]:
        """Yield a `Progress` at each look and the `Verdict` last.

        In between a `Remedy` after each look that knows one, and the `Evidence` once the pods have failed or
        are out of time. After a rollout that did not complete the SLI is read once: the old pods may serve well.
        """
        pods = _Pods(Rollout.TIMED_OUT, 0.0, "")
        async for step in self._follow_pods():
            if isinstance(step, _Pods):
                pods = step
            else:
                yield step
        if pods.settled:
            yield Verdict(pods.end, pods.seconds, Recovery.NOT_ASKED, None, pods.text)
            return
        if probe is None:
            yield Verdict(pods.end, pods.seconds, Recovery.NOT_ASKED, None, f"pods {pods.end}: {pods.text}")
            return
        patient = pods.end in (Rollout.COMPLETE, Rollout.HELD, Rollout.NOT_FOLLOWED)
        async for reading in self._follow_sli(probe, self._limits.sli if patient else 0.0):
            if isinstance(reading, Progress):
                yield reading
            else:
                sli, text = reading
                words = f"pods {pods.end}: {pods.text}; {text}"
                yield Verdict(pods.end, pods.seconds, sli, self._elapsed(), words)

    async def _follow_pods(self) -> AsyncIterator[Progress | Remedy | Evidence | _Pods]:
        end = self._clock() + self._limits.rollout
        done, total = 0, 0
        item: dict[str, Any] | None = None
        while True:
            try:
                item, status = await self._look()
            except ClusterError as error:
                text = f"cannot see the rollout: {error.message}"
                yield Progress(Phase.PODS, done, total, text, self._elapsed())
            else:
                done, total, text = status.done, status.total, status.text
                seen = await self._witness.look(item) if item and status.state in _UNDER_WAY else NOTHING
                yield Progress(Phase.PODS, done, total, text, self._elapsed(), seen.note)
                if seen.remedy is not None:
                    yield seen.remedy
                if (ended := self._end_of(status)) is not None:
                    pods = self._ended(ended, text, settled=status.state is RolloutState.SETTLED)
                    break
            if self._clock() >= end:
                pods = self._ended(Rollout.TIMED_OUT, text)
                break
            await self._sleep(self._limits.rollout_interval)
        failed = pods.end in (Rollout.FAILED, Rollout.TIMED_OUT)
        if failed and item is not None and (evidence := await self._witness.evidence(item)) is not None:
            yield evidence
        yield pods

    async def _look(self) -> tuple[dict[str, Any] | None, RolloutStatus]:
        """The object, None where it is there no longer, and what that means. Raises `ClusterError`."""
        target = self._plan.action.target
        try:
            item = await self._cluster.get(self._resource, target.namespace, target.name)
        except NotFoundError:
            return None, await self._gone(f"{target} was deleted")
        if item["metadata"]["uid"] != target.uid:
            return None, await self._gone(f"{target} was replaced by another object of that name")
        return item, await self._status(item)

    async def _status(self, item: Mapping[str, Any]) -> RolloutStatus:
        action = self._plan.action
        try:
            if isinstance(self._rules, Replacing) and self._limits.replacement and self._is_overdue(item):
                words = f"{action.target} does not end (is its node lost?)"
                replaced = await self._rules.replaced(self._cluster, action, words)
                if replaced.state is RolloutState.COMPLETE:
                    return replaced
            if not isinstance(self._rules, Following):
                return self._rules.progress(action, item)
            return await self._rules.follow(self._cluster, action, item)
        except ClusterError as error:
            return RolloutStatus(RolloutState.WAITING, 0, 0, f"cannot see how far it is: {error.message}")

    def _is_overdue(self, item: Mapping[str, Any]) -> bool:
        """Whether an object that ends should be gone by now: on a lost node nobody takes it away."""
        meta = item["metadata"]
        given = meta.get("deletionGracePeriodSeconds") or 0
        return bool(meta.get("deletionTimestamp")) and self._elapsed() > given + _TAKEN_AWAY_WITHIN

    async def _gone(self, words: str) -> RolloutStatus:
        action = self._plan.action
        status = self._rules.gone(action, words)
        if not isinstance(self._rules, Replacing) or not self._limits.replacement:
            return status
        try:
            return await self._rules.replaced(self._cluster, action, status.text)
        except ForbiddenError as error:
            words = f"{status.text}, may not see what takes its place: {error.message}"
            return RolloutStatus(RolloutState.UNFOLLOWED, 0, 1, words)
        except ClusterError as error:
            words = f"{status.text}, cannot see what takes its place: {error.message}"
            return RolloutStatus(RolloutState.WAITING, 0, 1, words)

    def _end_of(self, status: RolloutStatus) -> Rollout | None:
        match status.state:
            case RolloutState.COMPLETE | RolloutState.SETTLED:
                return Rollout.COMPLETE
            case RolloutState.HELD:
                return Rollout.HELD
            case RolloutState.UNFOLLOWED:
                return Rollout.NOT_FOLLOWED
            # A deadline that had passed before the action stands until its pods make the first progress.
            case RolloutState.FAILED if status.since != self._plan.known_failure:
                return Rollout.FAILED
        return None

    async def _follow_sli(self, probe: SloProbe, patience: float) -> AsyncIterator[Progress | tuple[Recovery, str]]:
        end = self._clock() + patience
        while True:
            reading = await probe()
            share, text = reading.share, str(reading)
            if share is None:
                recovery = Recovery.NO_DATA
            else:
                recovery = Recovery.NOT_RECOVERED if reading.missed else Recovery.RECOVERED
            permille = 0 if share is None else min(1000, int(1000 * share / reading.ratio))
            yield Progress(Phase.SLI, permille, 1000, text, self._elapsed())
            if recovery is Recovery.RECOVERED or self._clock() >= end:
                yield recovery, f"SLI {text}" if share is None else f"SLI {recovery}: {text}"
                return
            await self._sleep(self._limits.sli_interval)

    def _ended(self, end: Rollout, text: str, *, settled: bool = False) -> _Pods:
        return _Pods(end, self._elapsed(), text, settled)

    def _elapsed(self) -> float:
        return self._clock() - self._began
