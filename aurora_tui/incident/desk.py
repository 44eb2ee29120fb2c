"""The desk of the incident in hand: opens it, puts down what is done and seen, and waits for the calm at its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.incident.book import Book
from aurora_tui.incident.calm import Calm, without_calm
from aurora_tui.incident.capture import Rows
from aurora_tui.incident.factkeeping import FactKeeper
from aurora_tui.incident.meeting import Meeting
from aurora_tui.incident.opening import Opening
from aurora_tui.incident.outbox import Outbox, notice_body
from aurora_tui.incident.recording import Recorder
from aurora_tui.incident.watch import Told, action_facts, alert_facts, change_facts, known_keys
from aurora_tui.journal import Journal, JournalError
from aurora_tui.model.checklists import GuidedList
from aurora_tui.model.facts import Fact, FactKind
from aurora_tui.model.incident_settings import Channel, Occasion
from aurora_tui.model.incidents import Incident, fold
from aurora_tui.session import Session

JOURNAL_ENTRIES = 200
CHANGES_EVERY = 60.0
"""Seconds between two looks at what changed in the cluster."""
THOUGHT_EVERY = 300.0
"""Seconds between two readings of the whole situation: it is asked of many servers."""
THOUGHT_AGAIN = 60.0
"""The same while nothing was found: just after the onset there is little to go by."""


class IncidentDesk(FactKeeper):
    """One incident in hand at a time, of the session's context; `who` says who is at the keys.

    What raises, raises `JournalError`. Facts are put down one after the other, in the order in which they came.
    """

    def __init__(
        self,
        session: Session,
        book: Book,
        journal: Journal,
        *,
        who: Callable[[], str],
        meeting: Meeting | None = None,
    ) -> None:
        super().__init__(book, clock=session.clock, who=who, meeting=meeting)
        self.session = session
        self._journal = journal
        self._calm = Calm(session.settings.incident.calm)
        self._recorder = Recorder(session, session.settings.incident.snapshot_every)
        self._changes_at: float | None = None
        self.outbox = Outbox(book, session.settings.incident.channels, session.clock, self._put_to)
        self._looked_for_unsent = False
        self._thought_at: float | None = None
        self._beside: set[asyncio.Task[None]] = set()
        self._late = ""
        """What went wrong beside all else and was not told yet."""

    @property
    def procedure(self) -> GuidedList:
        """The guided list that an incident is worked through by."""
        wanted = self.session.settings.incident.procedure
        return next(each for each in self.session.settings.checklists if each.name == wanted)

    async def known(self) -> Sequence[Incident]:
        """All incidents, open or over, of whatever context, the newest first; those of other operators as well."""
        await self._meet()
        return await asyncio.to_thread(self.book.incidents)

    async def open(self, opening: Opening, onset: Rows | None = None) -> Incident:
        """Open an incident and have it in hand; `onset` is what the panes showed when its alert came."""
        name = opening.name(self.session.clock())
        fact = await self._append(name, FactKind.OPENED, opening.body(self.session.context))
        self._take(name, [fact])  # what was in hand stays there where that fails
        self._recorder.onset = onset
        assert self.incident is not None
        return self.incident

    async def attach(self, name: str) -> Incident | None:
        """Have an incident in hand that is open already."""
        facts = await asyncio.to_thread(self.book.facts, name, heavy=False)
        found = fold(facts)
        if found is None:
            return None
        self._take(name, facts)
        if self._who() not in found.people:
            await self._put(FactKind.JOINED, {"words": "joined"})
        return self.incident

    async def note(self, text: str) -> None:
        """Put a note down; when this returns it is on the disk."""
        await self._put(FactKind.NOTE, {"words": text.strip(), "seen": ["noted"]})
        await self._saw("noted")

    async def tick(self, step: str, words: str, *, done: bool) -> None:
        """Tick a step by hand, or take its tick off."""
        said = f"{'done' if done else 'not done after all'}: {words}"
        await self._put(FactKind.TICK, {"step": step, "done": done, "words": said})

    async def saw(self, name: str, at: float | None = None) -> None:
        """The program saw something, now or `at`: what it was first is ticked, wherever the list says so."""
        if self.incident is not None and self.incident.is_open:
            await self._saw(name, at)

    async def change_severity(self, severity: str) -> None:
        await self._put(FactKind.SEVERITY, {"severity": severity, "words": f"is {severity} now"})

    async def give_role(self, role: str, who: str) -> None:
        words = f"{role}: {who}" if who else f"nobody is {role}"
        await self._put(FactKind.ROLE, {"role": role, "who": who, "words": words})

    async def tell(self, channels: Sequence[Channel], occasion: Occasion, text: str) -> None:
        """Tell others what was shown and consented to; it is on the disk before anything is sent."""
        for channel in channels:
            self.outbox.add(await self._put(FactKind.NOTICE, notice_body(channel, occasion, text)))
        await self.outbox.flush()

    async def wait_for_calm(self, *, waits: bool) -> None:
        """Begin to wait until all is well for long enough, or stop waiting."""
        words = "waits until all is well" if waits else "no longer waits for its end"
        self._calm.begin_anew()
        await self._put(FactKind.RESOLVING, {"waits": waits, "words": words})

    @property
    def calm_words(self) -> str:
        """How far the wait for the calm is; empty while nobody waits."""
        waits = self.incident is not None and self.incident.resolving_since is not None
        return self._calm.words(self.session.clock()) if waits else ""

    async def end_without_calm(self, reason: str) -> None:
        """End the incident although all may not be well; what was not is kept, and then what it has cost."""
        incident = self.incident
        if incident is not None and incident.is_open:
            await self._put(FactKind.RESOLVED, without_calm(incident, self.session.store, reason))
            self._do_beside(self._keep_the_end(incident))

    async def _keep_the_end(self, incident: Incident) -> None:
        from aurora_tui.incident.cost import impact_facts

        for kind, body in (*await impact_facts(self.session, incident), *await self._recorder.last(incident)):
            await self._append(incident.id, kind, body)

    async def watch(self) -> None:
        """Take in what happened since the last time; called again and again while the program runs."""
        await self._meet()
        if not self._looked_for_unsent:
            self._looked_for_unsent = True
            await self.outbox.look()
        await self.outbox.flush()
        incident = self.incident
        if incident is None or not incident.is_open:
            return
        alerts = list(self.session.store.table("alerts").rows.values())
        await self._take_in(incident, alert_facts(incident, alerts))
        entries = await asyncio.to_thread(self._journal.entries, JOURNAL_ENTRIES)
        await self._take_in(incident, action_facts(incident, reversed(entries), self.session.settings.services))
        await self._look_at_changes(incident)
        for kind, body in await self._recorder.due(incident):
            await self._append(incident.id, kind, body)
        self._think(incident)
        await self._end_when_calm()
        if self._late:
            self.trouble, self._late = self._late, ""

    async def close(self) -> None:
        """Put down what is still to come, and let go of the file."""
        for task in self._beside:
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)
        async with self._writing:
            await asyncio.to_thread(self.book.close)

    async def _look_at_changes(self, incident: Incident) -> None:
        now = self.session.clock()
        if self._changes_at is not None and now - self._changes_at < CHANGES_EVERY:
            return
        self._changes_at = now
        from aurora_tui.incident.changes import changes_around

        namespace = incident.namespace or self.session.home
        try:
            found = await changes_around(self.session, namespace, incident.begin, incident.ref)
        except ClusterError as error:
            self.trouble = f"what changed is not known: {error}"
            return
        await self._take_in(incident, change_facts(incident, found.rows))

    async def measure(self) -> None:
        """Ask what it has cost until now; what is measured later takes the place of it."""
        from aurora_tui.incident.cost import impact_facts

        incident = self.incident
        if incident is not None and incident.is_open:
            for kind, body in await impact_facts(self.session, incident):
                await self._append(incident.id, kind, body)

    def _think(self, incident: Incident) -> None:
        """Read the log and have the analyzers look at it, beside all else: at the opening and from time to time."""
        now = self.session.clock()
        wait = THOUGHT_EVERY if incident.of_kind(FactKind.FINDING) else THOUGHT_AGAIN
        if self._thought_at is not None and now - self._thought_at < wait:
            return
        from aurora_tui.incident.thinking import thought

        self._thought_at = now
        for work in (self._recorder.lines(incident), thought(self.session, incident)):
            self._do_beside(self._take_in_later(incident, work))

    async def _take_in_later(self, incident: Incident, work: Awaitable[list[Told]]) -> None:
        await self._take_in(incident, await work)

    def _do_beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._beside.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._late = str(error) if isinstance(error, JournalError) else f"{type(error).__name__}: {error}"

    async def _end_when_calm(self) -> None:
        incident = self.incident
        if incident is None or not self._is_calm(incident):
            return
        await self.measure()
        told = await self._recorder.last(incident)
        words = f"resolved: {self._calm.words(self.session.clock())}"
        told.append((FactKind.RESOLVED, {"key": "resolved", "words": words, "who_did": incident.resolving_by}))
        for kind, body in told:
            if not self._is_calm(incident):
                return  # it burns again, or somebody took the wait back while others were asked
            await self._put(kind, body)

    def _is_calm(self, incident: Incident) -> bool:
        """Whether this incident is in hand, its end is waited for as it was then, and it has been calm long enough."""
        now, since = self.incident, incident.resolving_since
        if now is None or now.id != incident.id or since is None or now.resolving_since != since:
            return False
        return now.is_open and self._calm.holds(now, self.session.store, self.session.clock())

    def _take(self, name: str, facts: Iterable[Fact]) -> None:
        self._changes_at = self._thought_at = None
        self._recorder.begin_anew()
        super()._take(name, facts)

    async def _put_to(self, incident: str, kind: FactKind, body: Mapping[str, Any]) -> None:
        await self._append(incident, kind, body)
        if incident == self._name:
            for name in body.get("seen") or ():
                await self._saw(name)

    async def _take_in(self, incident: Incident, told: Iterable[Told]) -> None:
        known = known_keys(self._facts)
        for kind, body in told:
            if incident.id != self._name:
                return  # another incident is in hand meanwhile
            if body["key"] not in known:
                known.add(body["key"])
                await self._put(kind, body)
                for name in body.get("seen") or ():
                    await self._saw(name, body.get("happened"))

    async def _saw(self, name: str, at: float | None = None) -> None:
        incident = self.incident
        if incident is None:
            return
        for phase in self.procedure.phases:
            for step in phase.steps:
                full = f"{phase.name}.{step.name}"
                if step.seen == name and full not in incident.ticks:
                    key = f"saw/{full}"
                    if key not in known_keys(self._facts):
                        body = {"step": full, "done": True, "itself": True, "words": f"seen done: {step.text}"}
                        when = {} if at is None else {"happened": at}
                        await self._put(FactKind.TICK, {**body, **when, "seen": [name], "key": key})


__all__ = ["IncidentDesk", "JournalError", "Opening"]
