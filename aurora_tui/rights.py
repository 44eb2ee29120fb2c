"""What the cluster lets its user do: access reviews, asked before a key is pressed and remembered briefly."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.cluster.protocol import Cluster
from aurora_tui.cluster.resources import Resource, find
from aurora_tui.model.actions import Verb
from aurora_tui.model.frozen import Frozen, replace
from aurora_tui.model.selection import ObjectRef
from aurora_tui.verbs import VERBS

log = logging.getLogger(__name__)

ASK_AGAIN = 60.0
"""Seconds after which an answer is asked for again."""
FORGET = 120.0
"""Seconds after which an answer counts no longer, whether or not there is another."""
AT_ONCE = 4
"""How many questions the server gets at a time."""


class Need(Frozen):
    """One question to the server: an API verb on a resource, on the object `name` or on all of the kind."""

    verb: str
    resource: Resource
    namespace: str
    name: str = ""
    subresource: str = ""

    @property
    def of_all(self) -> Need:
        return replace(self, name="")


class _Answer(Frozen):
    words: str
    """Why it is denied; empty where it is allowed, or where nobody could say."""
    at: float


_UNKNOWN = _Answer("", 0.0)


def need_of(verb: Verb, ref: ObjectRef) -> Need | None:
    """What a verb needs for an object, as its rules say it; None where it does not apply to the kind."""
    rules = VERBS[verb]
    right = rules.right
    resource = find(right.kind or ref.kind)
    if ref.kind not in rules.kinds or resource is None:
        return None
    place = (ref.namespace or "") if resource.namespaced else ""
    return Need(right.verb, resource, place, "" if right.kind else ref.name, right.subresource)


def inapplicable(verb: Verb, kind: str) -> str:
    """Why a verb makes no sense for a kind, in words; empty where it does."""
    kinds = VERBS[verb].kinds
    if kind in kinds:
        return ""
    return f"{verb} does not apply to a {kind.lower()}, only to {', '.join(f'{each.lower()}s' for each in kinds)}"


def denied(verb: str, resource: Resource, subresource: str, namespace: str, reason: str) -> str:
    """A denial in words, with the reason that the server gave, if any."""
    what = f"{resource.qualified}/{subresource}" if subresource else resource.qualified
    place = f" in namespace {namespace}" if resource.namespaced else ""
    return f"you may not {verb} {what}{place}{f': {reason}' if reason else ''}"


class Rights:
    """Asks each question once, about all objects of a kind first, and tells what it knows without waiting.

    Only where that is denied, and a Role there grants something by name, is it asked for the very object.
    What could not be asked is not known, and so not denied.
    """

    def __init__(self, cluster: Cluster, clock: Callable[[], float]) -> None:
        self._cluster = cluster
        self._clock = clock
        self._answers: dict[Need, _Answer] = {}
        self._names_matter: dict[str, bool] = {}

    def denial(self, need: Need) -> str:
        """Why it is not allowed, in words; empty where it is, or where that is not known."""
        found = self._final(need)
        return found.words if found is not None else ""

    def wants(self, need: Need) -> bool:
        """Whether the answer is missing or has become old."""
        return self._old(self._final(need))

    async def ask(self, needs: Iterable[Need]) -> None:
        """Get the answers that are missing or old. Never raises what the cluster raises."""
        now = self._clock()
        self._answers = {need: answer for need, answer in self._answers.items() if now - answer.at < FORGET}
        wanted = [need for need in needs if self.wants(need)]
        first = {need.of_all for need in wanted if self._old(self._answers.get(need.of_all))}
        await self._ask_all(first)
        refused = [need for need in wanted if self._answers.get(need.of_all, _UNKNOWN).words]
        for place in {need.namespace for need in refused if need.of_all in first}:
            self._names_matter[place] = await self._ask_names(place)
        await self._ask_all({need for need in refused if need.name and self._names_matter[need.namespace]})

    def forget(self) -> None:
        """Know nothing any more: all is asked again."""
        self._answers.clear()

    def _final(self, need: Need) -> _Answer | None:
        """The answer that decides, unless it is forgotten."""
        found = self._answers.get(need.of_all)
        if found is not None and found.words and need.name and self._names_matter.get(need.namespace, True):
            found = self._answers.get(need)
        return found if found is not None and self._clock() - found.at < FORGET else None

    def _old(self, found: _Answer | None) -> bool:
        return found is None or self._clock() - found.at >= ASK_AGAIN

    async def _ask_all(self, needs: Iterable[Need]) -> None:
        slots = asyncio.Semaphore(AT_ONCE)

        async def ask(need: Need) -> None:
            async with slots:
                self._answers[need] = _Answer(await self._ask(need), self._clock())

        await asyncio.gather(*map(ask, needs))

    async def _ask(self, need: Need) -> str:
        try:
            found = await self._cluster.may(need.verb, need.resource, need.namespace, need.name, need.subresource)
        except ClusterError as error:
            log.info("could not ask whether %s %s is allowed: %s", need.verb, need.resource.qualified, error)
            return ""
        if found.allowed:
            return ""
        return denied(need.verb, need.resource, need.subresource, need.namespace, found.reason)

    async def _ask_names(self, namespace: str) -> bool:
        try:
            return await self._cluster.names_matter(namespace)
        except ClusterError as error:
            log.info("could not ask for the rules in namespace %r: %s", namespace, error)
            return True
