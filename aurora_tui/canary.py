"""Canary by replicas: two Deployments behind one Service share its traffic as their pods share the total."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aurora_tui.actions import ActionPath
from aurora_tui.bulk import Bulk
from aurora_tui.cluster.errors import NotFoundError
from aurora_tui.cluster.resources import DEPLOYMENTS, SERVICES
from aurora_tui.model.actions import Verb
from aurora_tui.model.frozen import Frozen, replace
from aurora_tui.model.rollouts import counted
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.series import SeriesPlan, Step
from aurora_tui.verbs.base import Refusal

Object = Mapping[str, Any]


class Split(Frozen):
    """How many pods each side gets so that the canary's share comes nearest to the wanted one."""

    canary: int
    stable: int

    @property
    def total(self) -> int:
        return self.canary + self.stable

    @property
    def percent(self) -> float:
        return 100.0 * self.canary / self.total


def split(total: int, percent: float) -> Split:
    """Share out `total` pods: one pod at least to each side that is to serve at all. Raises `ValueError`.

    A Service spreads connections evenly over its ready pods
    (https://kubernetes.io/docs/concepts/workloads/management/#canary-deployments).
    """
    if not 0 <= percent <= 100:
        raise ValueError(f"{percent:g} is not a percentage from 0 to 100")
    if total < 1 or (0 < percent < 100 and total < 2):
        raise ValueError(f"{counted(total, 'pod')} cannot be shared: give a total of 2 or more")
    canary = round(total * percent / 100)
    if 0 < percent < 100:
        canary = min(max(canary, 1), total - 1)
    return Split(canary, total - canary)


class Canary(Frozen):
    """Plans the two scalings. What grows is scaled first, and what shrinks only once those pods are there.

    `stable` None means the one other Deployment that shares a Service with the canary; `total` None the pods
    that both have now.
    """

    path: ActionPath
    canary: ObjectRef
    percent: float
    stable: str | None = None
    total: int | None = None

    async def plan(self) -> SeriesPlan:
        namespace = self.canary.namespace or "default"
        canary = await self._deployment(namespace, self.canary.name)
        stable, service = await self._partner(namespace, canary)
        before = Split(_replicas(canary), _replicas(stable))
        try:
            wanted = split(self.total or before.total, self.percent)
        except ValueError as error:
            raise Refusal(str(error)) from error
        sides = [(canary, before.canary, wanted.canary), (stable, before.stable, wanted.stable)]
        sides.sort(key=lambda side: side[2] - side[1], reverse=True)
        steps = [Step(Verb.SCALE, _ref(item), {"replicas": now}) for item, was, now in sides if now != was]
        share = f"{wanted.canary} of {counted(wanted.total, 'pod')}, {wanted.percent:.0f} %"
        if not steps:
            raise Refusal(f"{self.canary} has its share already: {share}")
        title = f"give {self.canary} {self.percent:g} % of service/{service}"
        plan = await Bulk(self.path, steps, title).plan()
        effect = f"{title}: {share} (now {before.canary} of {before.total})"
        return _strict(plan, effect, len(steps))

    async def remains(self) -> str:
        return ""

    async def _deployment(self, namespace: str, name: str) -> Object:
        try:
            return await self.path.cluster.get(DEPLOYMENTS, namespace, name)
        except NotFoundError as error:
            raise Refusal(f"there is no deployment/{name} in namespace {namespace}") from error

    async def _partner(self, namespace: str, canary: Object) -> tuple[Object, str]:
        """The Deployment that shares a Service with the canary, and that Service's name."""
        services, deployments = await asyncio.gather(
            self.path.cluster.list(SERVICES, namespace), self.path.cluster.list(DEPLOYMENTS, namespace)
        )
        name = canary["metadata"]["name"]
        selecting = [each for each in services if _selects(each, canary)]
        if not selecting:
            raise Refusal(f"no Service selects the pods of deployment/{name}: there is no traffic to share")
        found = [
            (other, service["metadata"]["name"])
            for other in deployments
            if other["metadata"]["name"] != name and self.stable in (None, other["metadata"]["name"])
            for service in selecting
            if _selects(service, other)
        ]
        partners = {other["metadata"]["name"] for other, _ in found}
        if not found:
            beside = f"deployment/{self.stable}" if self.stable else "no other Deployment"
            serving = ", ".join(service["metadata"]["name"] for service in selecting)
            raise Refusal(f"{beside} is not behind a Service of deployment/{name} ({serving})")
        if len(partners) > 1:
            raise Refusal(f"several Deployments share a Service with it: say which ({', '.join(sorted(partners))})")
        return found[0]


def _selects(service: Object, deployment: Object) -> bool:
    selector = service["spec"].get("selector") or {}
    labels = (deployment["spec"]["template"].get("metadata") or {}).get("labels") or {}
    return bool(selector) and selector.items() <= labels.items()


def _ref(item: Object) -> ObjectRef:
    meta = item["metadata"]
    return ObjectRef("Deployment", meta["namespace"], meta["name"], meta["uid"])


def _replicas(deployment: Object) -> int:
    return int(deployment["spec"].get("replicas", 1))


def _strict(plan: SeriesPlan, effect: str, steps: int) -> SeriesPlan:
    """All or nothing: half of it would serve fewer pods than wanted, or shift the traffic another way."""
    problems: Sequence[str] = plan.problems
    if len(plan.items) != steps:
        problems = [*problems, *(f"{each.ref}: {each.why}" for each in plan.left_out)]
    return replace(plan, effect=effect, problems=tuple(problems), may_choose=False)
