"""A handed-on incident opened again: a session without a cluster whose tables are what was captured, at any moment."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from msgspec import field

from aurora_tui.cluster import resources
from aurora_tui.cluster.errors import ClusterError
from aurora_tui.cluster.kubeconfig import Context
from aurora_tui.cluster.kubernetes import KubernetesCluster
from aurora_tui.cluster.logtail import LogTail
from aurora_tui.cluster.transport import Transport
from aurora_tui.incident.capture import KINDS, Snapshot, unpacked, unpacked_lines
from aurora_tui.logbuffer import LogBuffer
from aurora_tui.model import kube, views
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.alerts import Alert, AlertState
from aurora_tui.model.definitions import Environment, Sources
from aurora_tui.model.facts import HEAVY, Fact, FactKind, light
from aurora_tui.model.freshness import SourceState
from aurora_tui.model.frozen import Veiled, replace
from aurora_tui.model.incidents import Incident, fold
from aurora_tui.model.loglines import LogLine
from aurora_tui.model.pods import owner_workload
from aurora_tui.model.selection import LogSelection
from aurora_tui.model.stamps import rfc3339
from aurora_tui.model.status import ClusterStatus
from aurora_tui.session import STATUS, Session
from aurora_tui.settings import Settings
from aurora_tui.signals.errors import SignalError, Trouble

OFFLINE = "this is a replay: there is no cluster to ask"
_STEP = 0.1


class Captured(Veiled):
    """A snapshot as it stands in the bundle: all of an incident unpacked at once would fill the memory."""

    VEILED = frozenset({"data"})

    at: float
    data: str

    def opened(self) -> Snapshot:
        return _opened(self.data)


@lru_cache(maxsize=2)
def _opened(data: str) -> Snapshot:
    """The one in sight, and the one before it."""
    return unpacked(data)


class Recorded(Veiled):
    """What a bundle holds, read: its incident at its end, snapshots and lines by time, and the moments."""

    VEILED = frozenset({"owners"})

    incident: Incident
    facts: tuple[Fact, ...]
    snapshots: tuple[Captured, ...]
    lines: tuple[LogLine, ...]
    moments: tuple[float, ...]
    owners: Mapping[str, tuple[str, str] | None] = field(default_factory=dict)
    """The workload of each pod that stands in any of the snapshots."""

    def snapshot(self, at: float) -> Snapshot | None:
        """The newest one at a moment; None before all of them: what was seen later says nothing of it."""
        place = bisect_right(self.snapshots, at, key=lambda each: each.at)
        return self.snapshots[place - 1].opened() if place else None

    def over(self, begin: float, end: float) -> Mapping[str, float]:
        """The alerts that were over within a time and did not fire again, by fingerprint, and since when."""
        found: dict[str, float] = {}
        told = (each for each in self.facts if each.kind is FactKind.ALERT and begin < each.happened <= end)
        for fact in sorted(told, key=lambda each: each.happened):
            name = str(fact.body.get("fingerprint"))
            if fact.body.get("state") == AlertState.RESOLVED:
                found[name] = fact.happened
            else:
                found.pop(name, None)
        return found

    def until(self, at: float) -> Incident | None:
        """The incident as it stood at a moment; before it was opened, what is known of it then."""
        opening = next(fact for fact in self.facts if fact.kind is FactKind.OPENED)
        found = fold([opening, *(fact for fact in self.facts if fact.happened <= at)])
        return found and replace(found, timeline=tuple(each for each in found.timeline if each.at <= at))


def recorded(facts: Sequence[Fact]) -> Recorded:
    """Read the facts of a bundle; raises `ValueError` for a capture that is none."""
    snapshots: list[Captured] = []
    owners: dict[str, tuple[str, str] | None] = {}
    for data in (fact.body["data"] for fact in facts if fact.kind is FactKind.SNAPSHOT and "data" in fact.body):
        snapshot = unpacked(data)
        snapshots.append(Captured(snapshot.at, data))
        pods = snapshot.tables.get(views.PODS.table, {}).values()
        owners.update((pod.metadata.name, owner_workload(pod)) for pod in pods)
    snapshots.sort(key=lambda each: each.at)
    lines = [
        line
        for fact in facts
        if fact.kind is FactKind.LOGS and "data" in fact.body
        for line in unpacked_lines(fact.body["data"])
    ]
    told = tuple(light(fact) if fact.kind in HEAVY else fact for fact in facts)
    incident = fold(told)
    if incident is None:
        raise ValueError("there is no incident in it")
    begin = snapshots[0].at if snapshots else incident.begin
    times = {each.at for each in snapshots} | {fact.happened for fact in told if _is_moment(fact)}
    moments = tuple(sorted(at for at in times if at >= min(begin, incident.begin)))
    ordered = sorted(lines, key=lambda line: line.stamp or 0.0)
    return Recorded(incident, told, tuple(snapshots), tuple(ordered), moments or (incident.opened_at,), owners)


def _is_moment(fact: Fact) -> bool:
    return fact.kind is not FactKind.TICK and fact.body.get("quiet") is not True


def _told_over(rows: Mapping[str, Alert], over: Mapping[str, float]) -> Mapping[str, Alert]:
    """The alerts of a snapshot, those that ended since as the timeline tells of them."""
    return {
        key: replace(row, state=AlertState.RESOLVED, ended=over[row.fingerprint]) if row.fingerprint in over else row
        for key, row in rows.items()
    }


class _NoTransport:
    """Stands where requests would be sent: there are none."""

    read_only = True

    def __getattr__(self, name: str) -> Any:
        raise ClusterError(OFFLINE)


class OfflineCluster(KubernetesCluster):
    """A cluster that answers nothing, in words."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, read_only=True)
        self.transport = cast(Transport, _NoTransport())

    async def close(self) -> None:
        """There is nothing to close."""

    async def http_access(self, address: str) -> HttpAccess | None:
        return None


class ReplayTail(LogTail):
    """The lines that were kept, as far as the moment in hand has come."""

    def __init__(self, session: ReplaySession, selection: LogSelection, buffer: LogBuffer) -> None:
        super().__init__(session.cluster, session.store.table(resources.PODS.table), selection, buffer, session.clock)
        self._session = session
        self._wanted = [line for line in session.recorded.lines if session.wants(selection, line)]
        none = (
            f"no lines before {rfc3339(self._wanted[0].stamp or 0.0)}" if self._wanted else "no lines of it were kept"
        )
        self.notes[str(selection)] = none

    async def run(self) -> None:
        """Show what is past; what is still to come appears as the moment moves on."""
        shown = 0
        while True:
            end = bisect_right(self._wanted, self._session.clock(), key=lambda line: line.stamp or 0.0)
            if end > shown:
                self.notes.clear()
                self._buffer.append(self._wanted[shown:end])
                shown = end
            await asyncio.sleep(_STEP)


class ReplaySession(Session):
    """A session that is fed by a bundle; read-only, without any network."""

    is_past = True

    def __init__(self, settings: Settings, found: Recorded) -> None:
        self.at = found.moments[0]
        incident = found.incident
        context = Context(incident.context or "replay", "", "", incident.namespace or None, "", ())
        off = Environment(
            "replay", "REPLAY", ("*",), protected=False, tone="warn", namespace=incident.namespace or None,
            sources=Sources("off", ("off",), "off", "off"),
        )  # fmt: skip
        quiet = replace(settings, environments=(off,), incident=replace(settings.incident, shared=None))
        super().__init__(quiet, context, all_namespaces=True, read_only=True, clock=lambda: self.at)
        self.cluster = OfflineCluster(context)
        self.recorded = found

    def start(self) -> None:
        self.store.table(STATUS).apply({STATUS: ClusterStatus(self.context, "", "")})
        self.go_to(self.at)

    def go_to(self, at: float) -> None:
        """Show everything as it stood at a moment."""
        self.at = at
        place = self.recorded.moments.index(at) + 1 if at in self.recorded.moments else 0
        title = f"REPLAY {rfc3339(at)} {place}/{len(self.recorded.moments)}"
        snapshot = self.recorded.snapshot(at)
        if snapshot is not None and (dropped := sum(snapshot.dropped.values())):
            title += f" · {dropped:,} rows dropped"
        self.environment = replace(self.environment, title=title)
        for name in KINDS:
            table = self.store.table(name)
            rows = snapshot.tables.get(name) if snapshot is not None else None
            if rows is None or snapshot is None:
                table.clear()
                table.set_freshness(SourceState.UNCAPTURED, at, self._why_none(snapshot))
                continue
            if name == "alerts":
                rows = _told_over(rows, self.recorded.over(snapshot.at, at))
            table.apply(rows, [key for key in table.rows if key not in rows])
            state = snapshot.states[name]
            table.set_freshness(SourceState.LIVE, snapshot.at, state.message)
            if state.state is not SourceState.LIVE:
                table.set_freshness(state.state, snapshot.at, state.message)

    def _why_none(self, snapshot: Snapshot | None) -> str:
        if snapshot is None and self.recorded.snapshots:
            return f"no snapshot before {rfc3339(self.recorded.snapshots[0].at)}"
        return "nothing of it was captured"

    def step(self, moments: int) -> None:
        """So many moments on, or back."""
        known = self.recorded.moments
        here = bisect_right(known, self.at) - 1
        self.go_to(known[min(max(here + moments, 0), len(known) - 1)])

    def want(self, table: str) -> None:
        """What was captured is there already."""

    def refresh(self) -> None:
        self.go_to(self.at)

    def switch_namespace(self, namespace: str | None) -> None:
        """All of what was captured stays in sight."""
        if namespace is not None:
            self.home = namespace

    def tail(self, selection: LogSelection, buffer: LogBuffer) -> ReplayTail:
        return ReplayTail(self, selection, buffer)

    async def pods_of(self, selection: LogSelection) -> list[kube.Pod]:
        return [pod for pod in self.store.table(views.PODS.table).rows.values() if selection.wants(pod)]

    async def elasticsearch(self) -> HttpAccess:
        raise SignalError(Trouble.UNREACHABLE, OFFLINE)

    def wants(self, selection: LogSelection, line: LogLine) -> bool:
        """Whether a kept line belongs to a selection, also of a pod that is gone at the moment."""
        if selection.pod is not None:
            return line.origin == selection.pod
        if selection.workload is None:
            return False
        owner = self.recorded.owners.get(line.origin)
        return owner == selection.workload if owner else line.origin.startswith(f"{selection.workload[1]}-")
