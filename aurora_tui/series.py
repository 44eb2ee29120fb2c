"""Carries a series out on the action path: one by one or together, waiting for budgets, stopped at any time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from aurora_tui.actions import ActionPath, undo_of
from aurora_tui.cluster.errors import ClusterError, NotFoundError
from aurora_tui.cluster.protocol import Cluster
from aurora_tui.cluster.resources import find
from aurora_tui.model.actions import (
    Action,
    Obstacle,
    Outcome,
    Plan,
    Progress,
    Record,
    Verb,
    Verdict,
)
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.series import Ended, Item, Moved, SeriesPlan, Stage, Step, Way, summary
from aurora_tui.verbs import VERBS
from aurora_tui.verbs.base import Refusal
from aurora_tui.verify import Limits, SloProbe

RETRY = 5.0
"""Seconds until an eviction that a disruption budget withheld is asked for again, as kubectl drain waits."""
AT_ONCE = 8
"""How many requests of a series are under way together."""
LOOKS_A_SECOND = 10
"""How often the server is asked for the objects that are followed, all together."""

T = TypeVar("T")
ProbeOf = Callable[[Action], Awaitable[SloProbe | None]]


class Maker(Protocol):
    """Something that plans a series, and says at its end what is still not as it was to be."""

    async def plan(self) -> SeriesPlan:
        """Work the series out; changes nothing. Raises `Refusal` and `ClusterError`."""

    async def remains(self) -> str:
        """What the cluster still shows undone, "" if nothing; raises `ClusterError`."""


async def plan_step(path: ActionPath, step: Step) -> Plan:
    """Preview a step. Raises `ClusterError` and `Refusal`, also where a namesake has taken the object's place.

    An object that is marked with a context is never looked for in another one.
    """
    if step.ref.context not in ("", path.cluster.context):
        raise Refusal(f"{step.ref.words} is not of context {path.cluster.context}: nothing was asked or sent")
    resource = find(step.ref.kind)
    if resource is None:
        raise Refusal(f"{step.ref.kind} cannot be changed from here")
    plan = await path.plan(step.verb, resource, step.ref.namespace or "default", step.ref.name, step.params)
    if step.ref.uid and plan.action.target.uid != step.ref.uid:
        words = f"{step.ref} was replaced by another of that name since it was shown: look again"
        raise Refusal(words, Obstacle.ABSENT)
    return plan


def undo_step(record: Record) -> Step | None:
    """What takes an action back, on the very object; None where nothing does."""
    inverse = undo_of(record)
    return Step(inverse[0], record.action.target.ref, inverse[1]) if inverse else None


async def or_words(planning: Awaitable[T]) -> T | str:
    """What planning gives, or in words why it gives nothing."""
    try:
        return await planning
    except Refusal as error:
        return error.words
    except ClusterError as error:
        return str(error)


class Series:
    """One confirmed series under way."""

    def __init__(self, path: ActionPath, maker: Maker, plan: SeriesPlan, probe_of: ProbeOf) -> None:
        self._path = path
        self._maker = maker
        self._plan = plan
        self._probe_of = probe_of
        self._stopped = asyncio.Event()
        self._moves: asyncio.Queue[Moved | None] = asyncio.Queue()
        self._stages = [Stage.READY] * len(plan.items)
        self._records: list[Record] = []
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._context: str | None = None
        self._reason: str | None = None

    def stop(self) -> None:
        """Begin nothing more and follow nothing further; a request that is under way is awaited."""
        self._stopped.set()

    async def run(self, way: Way, *, context: str | None, reason: str | None) -> AsyncIterator[Moved | Ended]:
        """Carry the series out; every move as it happens, the end last. Never raises what the cluster raises."""
        self._context, self._reason = context, reason
        work = asyncio.create_task(self._work(way))
        work.add_done_callback(lambda _: self._moves.put_nowait(None))
        try:
            while (moved := await self._moves.get()) is not None:
                yield moved
        finally:
            # Whoever asks no longer, or is cancelled, must not cut a request in two.
            self.stop()
            await work
        yield await self._end()

    async def _work(self, way: Way) -> None:
        items = list(enumerate(self._plan.items))
        lead, rest = items[: self._plan.lead], items[self._plan.lead :]
        good = await self._one_by_one(lead)
        if not good or way is Way.ONE_BY_ONE:
            await self._one_by_one(rest, begin=good)
        else:
            await asyncio.gather(*(self._carry_out(index, item) for index, item in rest))

    async def _one_by_one(self, items: Sequence[tuple[int, Item]], *, begin: bool = True) -> bool:
        for index, item in items:
            if begin:
                begin = await self._carry_out(index, item)
            else:
                self._say(index, Stage.LEFT, "an earlier one failed")
        return begin

    async def _carry_out(self, index: int, item: Item) -> bool:
        """Do one item and follow it; False where it failed or was not begun."""
        try:
            record = await self._send(index, item)
        except Refusal as error:
            return await self._obstructed(index, item, error.obstacle, error.words)
        except ClusterError as error:
            return self._say(index, Stage.FAILED, f"nothing was sent: {error.message}")
        if record is None:
            return self._say(index, Stage.LEFT, "stopped")
        self._records.append(record)
        if record.outcome not in (Outcome.DONE, Outcome.UNCERTAIN):
            return await self._obstructed(index, item, record.obstacle, record.message, record)
        return await self._follow(index, record)

    async def _obstructed(
        self, index: int, item: Item, obstacle: Obstacle | None, words: str, record: Record | None = None
    ) -> bool:
        """An object that is gone, or going, is no failure of what wants it gone."""
        ends = VERBS[item.step.verb].ends
        if ends and obstacle is Obstacle.ENDING:
            return await self._follow_ending(index, item)
        if ends and obstacle is Obstacle.ABSENT:
            return self._say(index, Stage.DONE, words, record)
        return self._say(index, Stage.FAILED, f"{record.outcome}: {words}" if record else words, record)

    async def _send(self, index: int, item: Item) -> Record | None:
        """The record of the request; None where the series was stopped before it went out."""
        plan = item.plan
        while not self._stopped.is_set():
            async with self._slots:
                if self._stopped.is_set():
                    break
                self._say(index, Stage.SENDING, "")
                try:
                    plan = plan or await plan_step(self._path, item.step)
                    record = await self._path.execute(
                        plan, confirmed_context=self._context, reason=self._reason, part_of=self._plan.title
                    )
                except Refusal as error:
                    if error.obstacle is not Obstacle.BUDGET:
                        raise
                    withheld = error.words
                else:
                    if record.obstacle is not Obstacle.BUDGET:
                        return record
                    withheld = record.message
            plan = None  # what withheld it will have changed the preview too
            self._say(index, Stage.WAITING, f"{_budget(withheld)}; tried again every {RETRY:.0f} s")
            await self._pause()
        return None

    async def _follow(self, index: int, record: Record) -> bool:
        followed = len([stage for stage in self._stages if stage is Stage.FOLLOWED]) + 1
        # Several are evicted to empty a node: as for kubectl drain, that they are gone is the end of it.
        replacement = record.action.verb is not Verb.EVICT
        limits = Limits(rollout_interval=max(1.0, followed / LOOKS_A_SECOND), replacement=replacement)
        verdict: Verdict | None = None
        async for step in self._path.verify(record, await self._probe_of(record.action), limits):
            if self._stopped.is_set():
                return self._say(index, Stage.DONE, f"{record.message}; not followed to its end", record)
            if isinstance(step, Progress):
                trouble = f"; {step.pod}" if step.pod is not None and step.pod.trouble else ""
                self._say(index, Stage.FOLLOWED, f"{step.text}{trouble}", record)
            elif isinstance(step, Verdict):
                verdict = step
        good = verdict is not None and verdict.good
        return self._say(index, Stage.DONE if good else Stage.FAILED, verdict.text if verdict else "", record)

    async def _follow_ending(self, index: int, item: Item) -> bool:
        """Wait for the end of an object that somebody else is ending already."""
        ref, limit = item.step.ref, self._path.clock() + Limits().rollout
        while not self._stopped.is_set():
            self._say(index, Stage.FOLLOWED, f"{ref} was ending already")
            if not await is_there(self._path.cluster, ref):
                return self._say(index, Stage.DONE, f"{ref} is gone")
            if self._path.clock() >= limit:
                break
            await self._path.sleep(Limits().rollout_interval)
        return self._say(index, Stage.FAILED, f"{ref} is still ending")

    def _say(self, index: int, stage: Stage, text: str, record: Record | None = None) -> bool:
        self._stages[index] = stage
        self._moves.put_nowait(Moved(index, stage, text, record))
        return stage is Stage.DONE

    async def _pause(self) -> None:
        """Wait for the next try, or for the stop."""
        waits = asyncio.ensure_future(self._path.sleep(RETRY))
        stops = asyncio.ensure_future(self._stopped.wait())
        await asyncio.wait({waits, stops}, return_when=asyncio.FIRST_COMPLETED)
        waits.cancel()
        stops.cancel()

    async def _end(self) -> Ended:
        good = all(stage is Stage.DONE for stage in self._stages)
        text = summary(self._stages)
        try:
            remains = await self._maker.remains()
        except ClusterError as error:
            remains = f"how the cluster looks now could not be read: {error.message}"
        return Ended(good and not remains, f"{text}; {remains}" if remains else text, tuple(self._undo()))

    def _undo(self) -> list[Step]:
        return [step for record in reversed(self._records) if (step := undo_step(record)) is not None]


def _budget(words: str) -> str:
    """The server's sentence that names the budget, without the general one before it."""
    _, found, rest = words.partition("The disruption budget ")
    return f"the disruption budget {rest.rstrip('.')}" if found else words


async def is_there(cluster: Cluster, ref: ObjectRef) -> bool:
    """Whether the very object is still there, as far as the cluster can be asked."""
    resource = find(ref.kind)
    try:
        live = await cluster.get(resource, ref.namespace, ref.name) if resource else None
    except NotFoundError:
        return False
    except ClusterError:
        return True
    return live is not None and live["metadata"]["uid"] == ref.uid
