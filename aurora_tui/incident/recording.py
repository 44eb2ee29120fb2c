"""When the panes are captured for an incident: at the onset, at the opening, again and again, and at the end."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

import msgspec

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.cluster.logs import follow
from aurora_tui.cluster.protocol import LogRequest
from aurora_tui.cluster.resources import EVENTS
from aurora_tui.incident.capture import MOST_LINES, Rows, packed, packed_lines, rows_of
from aurora_tui.incident.watch import Told
from aurora_tui.model import kube
from aurora_tui.model.incidents import FactKind, Incident
from aurora_tui.model.loglines import LogLine
from aurora_tui.model.selection import logs_of
from aurora_tui.model.stamps import rfc3339
from aurora_tui.session import Session

LEAD_SECONDS = 120.0
"""Seconds before the onset from which log lines are kept."""
_PODS = 12
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
        self._count = 0
        self.onset: Rows | None = None
        """What the panes showed when the incident's alert began to fire, until it is put down."""

    def begin_anew(self) -> None:
        self._last, self._count, self.onset = None, 0, None

    async def due(self, incident: Incident) -> list[Told]:
        """What is to be captured now."""
        now = self._session.clock()
        if self._last is None:
            told = [snap async for snap in self._opening(incident)]
        elif now - max(self._last, _captured(incident)) >= self._every and self._count < MOST_SNAPSHOTS:
            told = [await self._snapshot(incident, rows_of(self._session.store, now), "as it went on", quiet=True)]
        else:
            return []
        self._last = now
        self._count += len(told)
        return told

    async def last(self, incident: Incident) -> list[Told]:
        """What the panes show at the end."""
        rows = rows_of(self._session.store, self._session.clock())
        return [await self._snapshot(incident, rows, "at the end", events=True)]

    async def _opening(self, incident: Incident) -> AsyncIterator[Told]:
        onset, self.onset = self.onset, None
        if onset is not None and incident.onset is not None and onset.at < incident.opened_at:
            yield await self._snapshot(incident, onset, "when the alert came")
        if any(fact.kind is FactKind.SNAPSHOT for fact in incident.facts):
            return  # somebody has captured the opening
        rows = rows_of(self._session.store, self._session.clock())
        yield await self._snapshot(incident, rows, "at the opening", events=True)

    async def lines(self, incident: Incident) -> list[Told]:
        """The log around the onset, once for each incident; it may take long, and is read beside all else."""
        if any(fact.kind is FactKind.LOGS for fact in incident.facts):
            return []
        lines = await self._log_lines(incident)
        if not lines:
            return []
        data = await asyncio.to_thread(packed_lines, lines)
        kept = min(len(lines), MOST_LINES)
        words = f"kept {kept:,} log lines of {incident.ref} since {rfc3339(self._begin(incident))}"
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

    def _begin(self, incident: Incident) -> float:
        return incident.begin - LEAD_SECONDS

    async def _log_lines(self, incident: Incident) -> list[LogLine]:
        """The lines of the workload's containers since just before the onset, in the order of time."""
        ref = incident.ref
        if ref is None or not ref.namespace:
            return []
        selection = logs_of(ref)
        try:
            pods = (await self._session.pods_of(selection))[:_PODS]
        except ClusterError:
            return []
        since = rfc3339(self._begin(incident))
        requests = [
            LogRequest(ref.namespace, pod.metadata.name, container.name, tail=MOST_LINES // _PODS, since=since)
            for pod in pods
            for container in pod.spec.containers or ()
        ]
        found = await asyncio.gather(*map(self._read, requests))
        return sorted((line for lines in found for line in lines), key=lambda line: line.stamp or 0.0)

    async def _read(self, request: LogRequest) -> list[LogLine]:
        lines: list[LogLine] = []
        try:
            async with asyncio.timeout(_SECONDS), aclosing(follow(self._session.cluster, request)) as stream:
                async for line in stream:
                    lines.append(line)
        except (ClusterError, TimeoutError):
            pass  # what was read until then is kept
        return lines


def _captured(incident: Incident) -> float:
    """When the panes were captured last, by whomever."""
    return max((fact.happened for fact in incident.of_kind(FactKind.SNAPSHOT)), default=-math.inf)
