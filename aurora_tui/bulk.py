"""Bulk: one verb on several objects, each previewed by the server, no more of them than the policies allow."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aurora_tui.actions import ActionPath
from aurora_tui.model.actions import READ_ONLY, Plan
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.series import Item, LeftOut, SeriesPlan, Step, Way, objects
from aurora_tui.series import AT_ONCE, or_words, plan_step


class Bulk(Frozen):
    """Plans the steps of one bulk action; `remarks` say what of the marked objects is not among them."""

    path: ActionPath
    steps: Sequence[Step]
    title: str
    remarks: tuple[str, ...] = ()
    way: Way = Way.ONE_BY_ONE

    async def plan(self) -> SeriesPlan:
        """Preview every step. What makes no sense or is not allowed is left out with the reason, not in silence."""
        cap = min((self.path.ruling(step).cap for step in self.steps), default=0)
        if len(self.steps) > cap:
            return self._refused(
                f"these are {len(self.steps)} objects, and policies allow {cap} in one bulk action: choose fewer"
            )
        slots = asyncio.Semaphore(AT_ONCE)

        async def preview(step: Step) -> Plan | str:
            async with slots:
                return await or_words(plan_step(self.path, step))

        items: list[Item] = []
        left_out: list[LeftOut] = []
        for step, found in zip(self.steps, await asyncio.gather(*map(preview, self.steps)), strict=True):
            if isinstance(found, str):
                left_out.append(LeftOut(step.ref, found))
            elif denied := [words for words in found.problems if words != READ_ONLY]:
                left_out.append(LeftOut(step.ref, "; ".join(denied)))
            else:
                items.append(Item(step, found.effect, found.warnings, found))
        plans = [item.plan for item in items if item.plan]
        return SeriesPlan(
            title=self.title,
            effect=_effect(items),
            items=tuple(items),
            left_out=tuple(left_out),
            warnings=self.remarks,
            problems=self._problems(items),
            protected=any(plan.protected for plan in plans),
            needs_reason=any(plan.needs_reason for plan in plans),
            way=self.way,
            may_choose=len(items) > 1,
        )

    async def remains(self) -> str:
        """Nothing that the steps themselves do not tell."""
        return ""

    def _problems(self, items: Sequence[Item]) -> tuple[str, ...]:
        if self.path.read_only:
            return (READ_ONLY,)
        return () if items else ("nothing of it can be done",)

    def _refused(self, words: str) -> SeriesPlan:
        protected = self.path.protected
        return SeriesPlan(
            self.title, words, (), (), self.remarks, (words,), protected, protected, Way.ONE_BY_ONE, may_choose=False
        )


def _effect(items: Sequence[Item]) -> str:
    places = sorted({item.step.ref.namespace or "" for item in items} - {""})
    where = f" in {', '.join(places)}" if places else ""
    return f"changes {objects(item.step.ref for item in items) or 'nothing'}{where}"
