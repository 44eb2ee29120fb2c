"""Puts facts down one after the other, keeps those of the incident in hand, and shares them with other operators."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from aurora_tui.incident.book import LISTS, Book
from aurora_tui.incident.meeting import Meeting
from aurora_tui.model.checklists import MAINTENANCE, Tick
from aurora_tui.model.facts import HEAVY, Fact, FactKind, Place, light, merged
from aurora_tui.model.incidents import Incident, fold
from aurora_tui.model.timeline import TimelineEntry


class FactKeeper:
    """The facts of one incident in hand; `clock` gives seconds since the epoch, `who` says who is at the keys."""

    def __init__(
        self, book: Book, *, clock: Callable[[], float], who: Callable[[], str], meeting: Meeting | None
    ) -> None:
        self.book = book
        self.incident: Incident | None = None
        self.trouble = ""
        """What keeps facts from others or from the cluster from being known, in words; empty where nothing does."""
        self._name = ""
        self._clock = clock
        self._who = who
        self._meeting = meeting
        self._facts: tuple[Fact, ...] = ()
        self._entries: dict[Place, TimelineEntry] = {}
        self._writing = asyncio.Lock()

    async def ticks(self) -> Mapping[str, Tick]:
        """The ticks of guided lists that belong to no incident, by ``LIST.PHASE.STEP`` or ``maintenance.TASK``."""
        await self._meet()
        facts = await asyncio.to_thread(self.book.facts, LISTS)
        found: dict[str, list[Tick]] = {}
        for fact in merged(facts):
            step = fact.body.get("step")
            if isinstance(step, str) and fact.kind is FactKind.TICK:
                done = found.setdefault(step, [])
                if fact.body.get("done"):
                    done.append(Tick(fact.at, fact.by))
                elif step.startswith(f"{MAINTENANCE}."):
                    del done[-1:]  # when it was done before is as true as it was
                else:
                    done.clear()
        return {step: done[-1] for step, done in found.items() if done}

    async def names(self) -> Sequence[str]:
        """The names of all incidents, the newest first."""
        found = await asyncio.to_thread(self.book.names)
        return sorted(set(found) - {LISTS}, reverse=True)

    async def tick_list(self, step: str, words: str, *, done: bool) -> None:
        """Tick a step of a guided list that belongs to no incident."""
        body = {"step": step, "done": done, "words": words}
        async with self._writing:
            await asyncio.to_thread(self.book.append, LISTS, FactKind.TICK, body, by=self._who(), at=self._clock())
        await self._meet()

    async def _put(self, kind: FactKind, body: Mapping[str, Any]) -> Fact:
        return await self._append(self._name, kind, body)

    async def _append(self, name: str, kind: FactKind, body: Mapping[str, Any]) -> Fact:
        async with self._writing:
            at = self._clock()
            if name == self._name and self._facts and (known := self._facts[-1].order[0]) > at:
                body = {**body, "after": known}
            fact = await asyncio.to_thread(self.book.append, name, kind, body, by=self._who(), at=at)
        if name == self._name:
            self._add([fact])
        await self._publish(name)
        return fact

    def _take(self, name: str, facts: Iterable[Fact]) -> None:
        self._name = name
        self._facts = ()
        self._entries = {}
        self.incident = None
        self._add(facts)

    def _add(self, facts: Iterable[Fact]) -> None:
        self._facts = merged(self._facts, (light(fact) if fact.kind in HEAVY else fact for fact in facts))
        self.incident = fold(self._facts, self._entries)

    async def _publish(self, name: str) -> None:
        if self._meeting is not None:
            self.trouble = await self._meeting.publish(name)

    async def _meet(self) -> None:
        """Hear what others put down, and give them what they have not heard."""
        if self._meeting is None:
            return
        new, self.trouble = await self._meeting.hear()
        mine = [fact for fact in new if self.incident is not None and fact.incident == self._name]
        if mine:
            self._add(mine)
