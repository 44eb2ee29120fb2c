"""Drain: cordon a node, then evict its pods as their disruption budgets allow; the same again takes up where it was."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence

from aurora_tui.actions import ActionPath
from aurora_tui.cluster.errors import ClusterError, NotFoundError
from aurora_tui.cluster.resources import BUDGETS, DAEMONSETS, NODES, PODS, find
from aurora_tui.model.actions import READ_ONLY, Plan, Verb
from aurora_tui.model.draining import Leaving, Pod, budget_warnings, controller, sort_out
from aurora_tui.model.endpoints import is_serving
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.rollouts import counted
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.series import Item, LeftOut, SeriesPlan, Step, Way
from aurora_tui.model.text import listed
from aurora_tui.rights import denied
from aurora_tui.verbs.base import Refusal

NAMED = 3
"""How many pods a warning names before it only counts the rest."""


class Drain(Frozen):
    """Plans the drain of one node. The cordon is previewed by the server; evictions when their turn comes.

    A server's trial of an eviction says only what its budget allows at that moment, and every one that is
    carried out changes the next one's answer.
    """

    path: ActionPath
    node: ObjectRef
    lose_emptied: bool = True
    """Whether the data of emptyDir volumes may be lost; else that is a problem, as for kubectl."""
    lose_unmanaged: bool = True
    """The same for pods that nothing makes anew."""

    async def plan(self) -> SeriesPlan:
        cordon = await self._cordon()
        pods = await self._pods()
        leaving, staying = sort_out(pods, await self._daemon_sets(pods))
        denied, allowed = self._judged(leaving)
        by_uid = {pod["metadata"]["uid"]: pod for pod in pods}
        going = [by_uid[each.ref.uid] for each in allowed if not each.ending]
        items, left_out = list(map(_evict, allowed)), [LeftOut(each.ref, each.why) for each in staying] + denied
        budgets, problems, last = await asyncio.gather(
            self._budgets(going), self._problems(allowed), self._last_ready(going)
        )
        if isinstance(cordon, LeftOut):
            left_out.insert(0, cordon)
        else:
            items.insert(0, cordon)
            own = cordon.plan.problems if cordon.plan else ()
            problems = [*own, *(words for words in problems if words not in own)]
        rulings = [self.path.ruling(item.step) for item in items]
        asked = dict.fromkeys(words for each in rulings for words in each.warnings)
        return SeriesPlan(
            title=f"drain {self.node}",
            effect=_effect(cordon, self.node, allowed),
            items=tuple(items),
            left_out=tuple(left_out),
            warnings=(*_unmanaged(allowed), *_emptied(allowed), *last, *budgets, *asked),
            problems=(*problems, *self._not_agreed(allowed))
            or (() if items else ("it is cordoned, and no pod is left to evict",)),
            protected=self.path.protected or any(each.confirm for each in rulings),
            needs_reason=self.path.protected or any(each.reason for each in rulings),
            way=Way.TOGETHER,
            may_choose=False,
            lead=1 if isinstance(cordon, Item) else 0,
        )

    async def remains(self) -> str:
        """The pods that are still on the node and should not be."""
        pods = await self._pods()
        leaving, _ = sort_out(pods, await self._daemon_sets(pods))
        ending = [each.ref.name for each in leaving if each.ending]
        left = [each.ref.name for each in leaving if not each.ending]
        found = [f"{_named(ending)} still ending"] if ending else []
        found += [f"{_named(left)} still on it: drain it again to go on"] if left else []
        return "; ".join(found)

    def _not_agreed(self, leaving: Sequence[Leaving]) -> list[str]:
        found = []
        if not self.lose_unmanaged:
            found += [f"{words}: agree to it with --force" for words in _unmanaged(leaving)]
        if not self.lose_emptied:
            found += [f"{words}: agree to it with --delete-emptydir-data" for words in _emptied(leaving)]
        return found

    async def _cordon(self) -> Item | LeftOut:
        try:
            plan: Plan = await self.path.plan(Verb.CORDON, NODES, "", self.node.name, {})
        except Refusal as error:
            if error.obstacle is not None:  # there is no such node
                raise
            return LeftOut(self.node, error.words)
        return Item(Step(Verb.CORDON, self.node, {}), plan.effect, plan.warnings, plan)

    async def _pods(self) -> Sequence[Pod]:
        return await self.path.cluster.list(PODS, None, fields=f"spec.nodeName={self.node.name}")

    async def _daemon_sets(self, pods: Iterable[Pod]) -> frozenset[tuple[str, str]]:
        """Those that these pods name and that exist, or cannot be asked for."""
        owners = ((pod["metadata"]["namespace"], controller(pod)) for pod in pods)
        named = {(place, owner[1]) for place, owner in owners if owner and owner[0] == "DaemonSet"}

        async def exists(place: str, name: str) -> bool:
            try:
                await self.path.cluster.get(DAEMONSETS, place, name)
            except NotFoundError:
                return False
            except ClusterError:
                return True
            return True

        ordered = sorted(named)
        found = await asyncio.gather(*(exists(*each) for each in ordered))
        return frozenset(each for each, there in zip(ordered, found, strict=True) if there)

    def _judged(self, leaving: Sequence[Leaving]) -> tuple[list[LeftOut], list[Leaving]]:
        """The pods that a policy keeps from being evicted, and the others."""
        denied, allowed = [], []
        for each in leaving:
            if why := self.path.ruling(Step(Verb.EVICT, each.ref, {})).deny:
                denied.append(LeftOut(each.ref, "; ".join(why)))
            else:
                allowed.append(each)
        return denied, allowed

    async def _budgets(self, pods: Sequence[Pod]) -> tuple[str, ...]:
        try:
            budgets = await self.path.cluster.list(BUDGETS, None)
        except ClusterError as error:
            return (f"could not see the disruption budgets: {error.message}",)
        return budget_warnings(budgets, pods)

    async def _problems(self, leaving: Sequence[Leaving]) -> list[str]:
        """Why nothing may be evicted; asked once for each namespace."""
        problems = [READ_ONLY] if self.path.read_only else []
        places = sorted({each.ref.namespace or "" for each in leaving})
        for place in places:
            try:
                answer = await self.path.cluster.may("create", PODS, place, "", "eviction")
            except ClusterError:
                continue  # each eviction asks again
            if not answer.allowed:
                problems.append(denied("create", PODS, "eviction", place, answer.reason))
        return problems

    async def _last_ready(self, pods: Sequence[Pod]) -> tuple[str, ...]:
        """Controllers all of whose ready pods are on this node: nothing of theirs serves until others are ready."""
        here = Counter(
            (pod["metadata"]["namespace"], owner) for pod in pods if (owner := controller(pod)) and is_serving(pod)
        )

        async def lost(place: str, kind: str, name: str, count: int) -> str:
            resource = find(kind)
            if resource is None or kind not in ("ReplicaSet", "StatefulSet"):
                return ""
            try:
                status = (await self.path.cluster.get(resource, place, name)).get("status") or {}
            except ClusterError:
                return ""
            if status.get("readyReplicas", 0) > count:
                return ""
            pods = "the only ready pod" if count == 1 else f"all {count} ready pods"
            verb = "is" if count == 1 else "are"
            return f"{pods} of {kind} {name} {verb} here: nothing of it serves until others are ready"

        found = await asyncio.gather(*(lost(place, *owner, count) for (place, owner), count in sorted(here.items())))
        return tuple(words for words in found if words)


def _effect(cordon: Item | LeftOut, node: ObjectRef, leaving: Sequence[Leaving]) -> str:
    evicts = f"evicts {counted(len(leaving), 'pod')} from"
    return f"{evicts} {node}" if isinstance(cordon, LeftOut) else f"cordons {node} and {evicts} it"


def _evict(each: Leaving) -> Item:
    return Item(Step(Verb.EVICT, each.ref, {}), each.words, each.warnings)


def _unmanaged(leaving: Sequence[Leaving]) -> tuple[str, ...]:
    names = [each.ref.name for each in leaving if each.unmanaged]
    return (f"nothing controls {_named(names)}: not made anew",) if names else ()


def _emptied(leaving: Sequence[Leaving]) -> tuple[str, ...]:
    names = [each.ref.name for each in leaving if each.emptied]
    return (f"data in emptyDir volumes is lost with {_named(names)}",) if names else ()


def _named(names: Iterable[str]) -> str:
    every = list(names)
    return f"{counted(len(every), 'pod')} ({listed(every, NAMED)})"
