"""How healthy each revision of a workload was while it ran: the service's SLI over that time, from Prometheus."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import timedelta

from msgspec import field

from aurora_tui.inspection import History, history
from aurora_tui.journal import Entry, Journal, JournalError
from aurora_tui.model.actions import Outcome, Verb
from aurora_tui.model.definitions import Objective
from aurora_tui.model.frozen import Frozen, replace
from aurora_tui.model.history import ASKING, NO_DATA, NOT_ASKED, Health, RevisionRow
from aurora_tui.model.runs import Restored
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.slo_queries import good_since
from aurora_tui.session import Session
from aurora_tui.signalling import locate
from aurora_tui.signals.errors import SignalError, Trouble
from aurora_tui.signals.prometheus import PrometheusClient
from aurora_tui.sli import objective_of, service_of

NEWEST = 10
"""Revisions that are asked about: a query over a month of samples is dear."""
JOURNAL_ENTRIES = 1000
"""The newest entries of the journal, which are looked through for undos."""
_AT_ONCE = 2


class Findings(Frozen):
    """What is known so far: health by the rows' keys, and what went wrong, in words."""

    health: Mapping[str, Health] = field(default_factory=dict)
    trouble: str = ""


def restored(entries: Sequence[Entry], context: str, ref: ObjectRef) -> list[Restored]:
    """The undos of a workload among the journal's entries.

    An undo made a revision the newest, so that it got the number after the one that ran. Its time is that
    of the intent: the outcome may have been found out much later. A restart makes a new template, and so
    does an image unless it ran before: when those began, their keepers say.
    """
    found = []
    for entry in entries:
        target, before, after = entry.action.target, entry.action.before, entry.action.after
        same = (target.context, target.namespace, str(target)) == (context, ref.namespace or "default", str(ref))
        done = entry.action.verb is Verb.UNDO and entry.outcome is Outcome.DONE
        number, keeper = before.get("revision"), after.get("keeper")
        if same and done and isinstance(number, int) and isinstance(keeper, str):
            found.append(Restored(entry.started_at, keeper, number + 1))
    return found


async def history_of(session: Session, journal: Journal, ref: ObjectRef) -> History:
    """The rollout history with what the journal knows of it. Raises `ClusterError`."""
    try:
        entries, words = await asyncio.to_thread(journal.entries, JOURNAL_ENTRIES), ""
    except JournalError as error:
        entries, words = [], f" · earlier undos not known: {error}"
    undos = restored(entries, session.context, ref)
    found = await history(session.cluster, ref, session.clock(), undos)
    return replace(found, status=found.status + words)


async def healths(session: Session, ref: ObjectRef, rows: Sequence[RevisionRow]) -> AsyncGenerator[Findings]:
    """Ask Prometheus about the newest revisions, and yield what is known whenever an answer comes.

    The range is the run's length, at most the objectives' window, up to its end; of the one that runs the
    rollout is left out where it is known when that was complete. What cannot be asked is
    said in `Findings.trouble`. Leaving the iteration ends the asking.
    """
    service = service_of(session.settings.services, ref)
    objective = objective_of(service) if service else None
    if objective is None:
        yield Findings(trouble=f"health not asked: no service of the settings with an objective runs {ref}")
        return
    now = session.clock()
    spans = {row.key: span for row in rows[:NEWEST] if row.run and (span := row.run.undiluted(now)) is not None}
    if not spans:
        return
    yield Findings(dict.fromkeys(spans, ASKING))
    found = await locate("prometheus", session.environment, session.cluster, session.home)
    if found.access is None:
        yield Findings(dict.fromkeys(spans, NOT_ASKED), f"health not asked: {found.reason}")
        return
    open_ended = {row.key for row in rows if row.run and row.run.current}
    client = PrometheusClient(found.access)
    questions = _Questions(client, objective, session.settings.budget_window)
    tasks = [
        asyncio.create_task(questions.ask(key, end - begin, None if key in open_ended else end))
        for key, (begin, end) in spans.items()
    ]
    try:
        known = dict.fromkeys(spans, ASKING)
        for answer in asyncio.as_completed(tasks):
            key, health = await answer
            known[key] = health
            yield Findings(dict(known), questions.trouble)
    finally:
        for task in tasks:
            task.cancel()
        client.close()


class _Questions:
    """The questions about one workload's revisions; they stop where the server itself is away."""

    def __init__(self, client: PrometheusClient, objective: Objective, window: timedelta) -> None:
        self._client = client
        self._objective = objective
        self._longest = window.total_seconds()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._away = False
        self.trouble = ""

    async def ask(self, key: str, length: float, end: float | None) -> tuple[str, Health]:
        """The health over the `length` seconds before `end`; None is now by the server's clock."""
        window = timedelta(seconds=int(min(length, self._longest)))
        if not window:
            return key, NO_DATA
        async with self._slots:
            if self._away:
                return key, NO_DATA
            try:
                points = await self._client.instant(good_since(self._objective, window), end)
            except SignalError as error:
                self._away = error.trouble in (Trouble.UNREACHABLE, Trouble.DENIED)
                self.trouble = f"health not known: {error}"
                return key, NO_DATA
        if not points or math.isnan(points[0].value):
            return key, NO_DATA
        return key, Health(points[0].value, self._objective.ratio)
