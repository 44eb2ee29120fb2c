"""When the panes are captured for an incident: at the onset, at the opening, again and again, and at the end."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import msgspec

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.cluster.logs import follow
from aurora_tui.cluster.protocol import LogRequest
from aurora_tui.cluster.resources import EVENTS
from aurora_tui.incident.capture import MOST_LINES, Rows, packed, packed_lines, rows_of
from aurora_tui.incident.storedlogs import stored_lines
from aurora_tui.incident.watch import Told
from aurora_tui.model import kube
from aurora_tui.model.ages import stamp
from aurora_tui.model.facts import FactKind
from aurora_tui.model.frozen import replace
from aurora_tui.model.incidents import Incident
from aurora_tui.model.logfields import NoLogsError
from aurora_tui.model.loglines import LogLine
from aurora_tui.model.selection import ObjectRef, logs_of
from aurora_tui.model.stamps import rfc3339
from aurora_tui.session import Session
from aurora_tui.signals.errors import SignalError

LEAD_SECONDS = 120.0
"""Seconds before the onset from which on it is captured."""
_PODS = 12
_MOST_BYTES = 12 * 2**20
"""Read of all their logs together, in search of the lines around the onset."""
_SECONDS = 30.0
"""How long the log of one container is read at most."""
MOST_SNAPSHOTS = 240
"""Of one incident: beyond them only its end is captured."""


class Recorder:
    """What is captured of one incident; `every` so many seconds."""

    def __init__(self, session: Session, every: float) -> None:
        self._session = session
        self._every = every
        self._last: float | None = None
        self.onset: Rows | None = None
        """What the panes showed when the incident's alert began to fire, until it is put down."""

    def begin_anew(self) -> None:
        self._last, self.onset = None, None

    async def due(self, incident: Incident) -> list[Told]:
        """What is to be captured now."""
        now = self._session.clock()
        if self._last is None:
            told = [snap async for snap in self._opening(incident)]
        elif now - max(self._last, _captured(incident)) >= self._every and _count(incident) < MOST_SNAPSHOTS:
            told = [await self._snapshot(incident, rows_of(self._session.store, now), "as it went on", quiet=True)]
        else:
            return []
        self._last = now
        return told

    async def last(self, incident: Incident) -> list[Told]:
        """What the panes show at the end."""
        rows = rows_of(self._session.store, self._session.clock())
        return [await self._snapshot(incident, rows, "at the end", events=True)]

    async def _opening(self, incident: Incident) -> AsyncIterator[Told]:
        onset, self.onset = self.onset, None
        begin = incident.onset
        if onset is not None and begin is not None and begin - LEAD_SECONDS <= onset.at < incident.opened_at:
            yield await self._snapshot(incident, onset, "when the alert came")
        if any(fact.kind is FactKind.SNAPSHOT for fact in incident.facts):
            return  # somebody has captured the opening
        rows = rows_of(self._session.store, self._session.clock())
        yield await self._snapshot(incident, rows, "at the opening", events=True)

    async def lines(self, incident: Incident) -> list[Told]:
        """The log around the onset, once for each incident; it may take long, and is read beside all else."""
        if any(fact.kind is FactKind.LOGS for fact in incident.facts):
            return []
        gone, lines = await self._log_lines(incident)
        if not lines:
            return []
        data = await asyncio.to_thread(packed_lines, lines)
        first, last = (rfc3339(line.stamp or 0.0) for line in (lines[0], lines[-1]))
        words = f"kept {len(lines):,} log lines of {incident.ref} from {first} to {last}"
        if gone:
            words += f", {gone:,} of them of pods that are no more (Elasticsearch)"
        return [(FactKind.LOGS, {"words": words, "origin": str(incident.ref), "data": data, "key": "logs"})]

    async def _snapshot(
        self, incident: Incident, rows: Rows, when: str, *, events: bool = False, quiet: bool = False
    ) -> Told:
        more = {"events": found} if events and (found := await self._events(incident)) else {}
        data = await asyncio.to_thread(packed, rows, more, incident.namespace)
        body = {"words": f"captured the panes {when}", "happened": rows.at, "data": data}
        return FactKind.SNAPSHOT, body | ({"quiet": True} if quiet else {})

    async def _events(self, incident: Incident) -> Mapping[str, Any]:
        namespace = incident.namespace or self._session.home
        try:
            raw = await self._session.cluster.list(EVENTS, namespace)
        except ClusterError:
            return {}
        events = [msgspec.convert(each, kube.Event) for each in raw]
        return {f"{each.metadata.namespace}/{each.metadata.name}": each for each in events}

    async def _log_lines(self, incident: Incident) -> tuple[int, list[LogLine]]:
        """How many lines are of pods that are gone, and all of the workload's around the onset, by their time."""
        ref = incident.ref
        if ref is None or not ref.namespace:
            return 0, []
        selection = logs_of(ref)
        try:
            pods = await self._session.pods_of(selection)
        except ClusterError:
            return 0, []
        gone = await self._replaced(ref, ref.namespace, pods, incident.begin)
        places = [
            (pod.metadata.name, container.name) for pod in pods[:_PODS] for container in pod.spec.containers or ()
        ]
        limit, most = (room // max(len(places), 1) for room in (_MOST_BYTES, MOST_LINES - len(gone)))
        requests = [LogRequest(ref.namespace, *place, limit=limit) for place in places]
        found = await asyncio.gather(*(self._read(request, incident.begin, most) for request in requests))
        lines = sorted((line for lines in (gone, *found) for line in lines), key=lambda line: line.stamp or 0.0)
        return len(gone), lines

    async def _replaced(self, ref: ObjectRef, namespace: str, pods: Sequence[kube.Pod], onset: float) -> list[LogLine]:
        """What pods that are no more said before the onset, as Elasticsearch has it: a release replaces all of them."""
        begin = onset - LEAD_SECONDS
        if pods and all((stamp(pod.metadata.creation_timestamp) or onset) < begin for pod in pods):
            return []  # they were there already
        there = {pod.metadata.name for pod in pods}
        try:
            async with asyncio.timeout(_SECONDS):
                lines = await stored_lines(self._session, ref, namespace, begin, onset, MOST_LINES // 3)
        except (SignalError, NoLogsError, TimeoutError):
            return []  # the pods' own lines are kept all the same
        return [line for line in lines if line.origin not in there]

    async def _read(self, request: LogRequest, onset: float, most: int) -> list[LogLine]:
        """The last lines before the onset, a third of them at most, and the first ones from then on."""
        before: deque[LogLine] = deque(maxlen=most // 3)
        after: list[LogLine] = []
        # Where so much was said before the onset that the bytes do not reach it, what came then is asked for alone.
        for since in (onset - LEAD_SECONDS, onset):
            asked = replace(request, since=rfc3339(since))
            try:
                async with asyncio.timeout(_SECONDS), aclosing(follow(self._session.cluster, asked)) as stream:
                    async for line in stream:
                        if line.stamp is None:
                            continue  # no word of the container's
                        if line.stamp >= onset:
                            after.append(line)
                        elif since < onset:
                            before.append(line)
                        if after and len(before) + len(after) >= most:
                            break
            except (ClusterError, TimeoutError):
                pass  # what was read until then is kept
            if after:
                break
        return [*before, *after]


def _count(incident: Incident) -> int:
    """How many captures there are of it, by whomever."""
    return len(incident.of_kind(FactKind.SNAPSHOT))


def _captured(incident: Incident) -> float:
    """When the panes were captured last, by whomever."""
    return max((fact.happened for fact in incident.of_kind(FactKind.SNAPSHOT)), default=-math.inf)
