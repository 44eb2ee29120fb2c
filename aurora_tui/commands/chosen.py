"""Several objects on the command line: named one by one or chosen by their labels, and the bulk action on them."""

from __future__ import annotations

from collections.abc import Sequence

import click

from aurora_tui.actions import ActionPath
from aurora_tui.bulk import Bulk
from aurora_tui.cluster import resources
from aurora_tui.cluster.resources import Resource
from aurora_tui.commands.target import read_target
from aurora_tui.model.actions import Params, Verb
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.series import SeriesPlan, Step, title_of
from aurora_tui.verbs.base import Refusal


class Choice(Frozen):
    """Kinds with names; without names all objects of the kinds that have the labels."""

    named: tuple[tuple[Resource, str], ...]
    labels: str | None


def read_chosen(words: Sequence[str], labels: str | None) -> Choice:
    """Read ``KIND/NAME...``, or with labels ``KIND[,KIND]...``. Raises `click.UsageError`."""
    if labels is None:
        return Choice(tuple(dict.fromkeys(map(read_target, words))), None)
    if not labels.strip():
        raise click.UsageError("an empty selector would choose everything: say which labels, e.g. -l app=shop")
    kinds = [kind for word in words for kind in word.split(",")]
    if named := [kind for kind in kinds if "/" in kind]:
        raise click.UsageError(f"with a selector give kinds without names, not {', '.join(named)}")
    found = [(kind, resources.find(kind)) for kind in kinds]
    if unknown := [kind for kind, resource in found if resource is None]:
        raise click.UsageError(f"{', '.join(unknown)}: give kinds, e.g. deployments,statefulsets")
    return Choice(tuple(dict.fromkeys((resource, "") for _, resource in found if resource)), labels)


class Chosen(Frozen):
    """Plans one verb on all that was chosen, in a namespace; None means all of them, where only names are in `home`."""

    path: ActionPath
    verb: Verb
    params: Params
    choice: Choice
    namespace: str | None
    home: str

    async def plan(self) -> SeriesPlan:
        refs = await self._refs()
        steps = [Step(self.verb, ref, self.params) for ref in refs]
        return await Bulk(self.path, steps, title_of(self.verb, self.params, refs)).plan()

    async def remains(self) -> str:
        """Nothing that the steps themselves do not tell."""
        return ""

    async def _refs(self) -> list[ObjectRef]:
        named, labels = self.choice.named, self.choice.labels
        if labels is None:
            home = self.namespace or self.home
            return [ObjectRef(kind.kind, home if kind.namespaced else None, name) for kind, name in named]
        found: list[ObjectRef] = []
        for kind, _ in named:
            place = self.namespace if kind.namespaced else None
            metas = [item["metadata"] for item in await self.path.cluster.list(kind, place, labels=labels)]
            found += [ObjectRef(kind.kind, meta.get("namespace"), meta["name"], meta["uid"]) for meta in metas]
        if not found:
            kinds = ", ".join(kind.plural for kind, _ in named)
            raise Refusal(f"no {kinds} with the labels {labels}{self._where()}")
        return found

    def _where(self) -> str:
        if not any(kind.namespaced for kind, _ in self.choice.named):
            return ""
        return f" in namespace {self.namespace}" if self.namespace else " in any namespace"
