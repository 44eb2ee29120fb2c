"""Whether an incident is over: its alerts silent and its objectives met for as long as the settings ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aurora_tui.incident.watch import concerns
from aurora_tui.model.ages import human_duration
from aurora_tui.model.alerts import AlertState
from aurora_tui.model.freshness import SourceState
from aurora_tui.model.incidents import Incident
from aurora_tui.model.onset import PAUSE
from aurora_tui.model.slo import BLIND, SloReading, SloState
from aurora_tui.model.text import listed
from aurora_tui.store import Store


def unrest(incident: Incident, store: Store) -> Iterator[str]:
    """What keeps an incident from being over now, in words. What cannot be seen is no calm.

    Where no source of alerts is configured, the service's objectives speak for it, unless an alert opened it.
    """
    alerts, slos = store.table("alerts"), store.table("slos")
    for table in (alerts, slos):
        state = table.freshness.state
        if state is not SourceState.LIVE and state is not SourceState.UNCONFIGURED:
            yield f"{table.name} cannot be seen ({state.value})"
    own = [each for each in slos.rows.values() if not incident.service or each.service == incident.service]
    if alerts.freshness.state is SourceState.UNCONFIGURED and (incident.alert or not own):
        yield f"{incident.alert or incident.service or 'whether all is well'} cannot be seen from here"
    for alert in alerts.rows.values():
        if alert.state in (AlertState.RESOLVED, AlertState.PENDING) or not concerns(incident, alert):
            continue
        if alert.state is not AlertState.SILENCED or alert.name == incident.alert:
            yield f"{alert.name} is {alert.state.value}{f' ({alert.service})' if alert.service else ''}"
    for reading in own:
        if reading.state is SloState.BURNING and not _quiet_before(incident, reading):
            yield f"{reading.service} {reading.words} misses its target"
        elif reading.state in BLIND:
            yield f"{reading.service} {reading.words}: {reading.state.value}"


def _quiet_before(incident: Incident, reading: SloReading) -> bool:
    """Whether few asked before it began already: at night a throughput is below its floor until the morning."""
    shortfall, onset = reading.shortfall, incident.onset
    if not reading.of_demand or shortfall is None or onset is None:
        return False
    return shortfall.began < onset - PAUSE.total_seconds()


def silenced(incident: Incident, store: Store) -> Iterator[str]:
    """The alerts that somebody silenced: no unrest, but named. The incident's own one is unrest all the same: who
    acknowledges it is at it, and not done with it."""
    for alert in store.table("alerts").rows.values():
        if alert.state is AlertState.SILENCED and alert.name != incident.alert and concerns(incident, alert):
            yield alert.name


def not_well(incident: Incident, store: Store) -> list[str]:
    """What speaks against an end now, in words, and what somebody silenced."""
    return [*unrest(incident, store), *(f"{name} is silenced" for name in silenced(incident, store))]


def without_calm(incident: Incident, store: Store, reason: str) -> dict[str, Any]:
    """The body of an end that somebody chose: why, and what was not well then."""
    words = f"resolved without calm: {reason}"
    return {"words": words, "without_calm": reason, "details": not_well(incident, store)}


class Calm:
    """Since when all has been well; asked again and again."""

    def __init__(self, needed: float) -> None:
        self._needed = needed
        self._since: float | None = None
        self._unrest: tuple[str, ...] = ()
        self._silenced: tuple[str, ...] = ()

    def begin_anew(self) -> None:
        self._since = None

    def holds(self, incident: Incident, store: Store, now: float) -> bool:
        """Whether it has been calm for long enough."""
        self._unrest = tuple(unrest(incident, store))
        self._silenced = tuple(silenced(incident, store))
        if self._unrest:
            self._since = None
        elif self._since is None:
            self._since = now
        return self._since is not None and now - self._since >= self._needed

    def words(self, now: float) -> str:
        needed = human_duration(self._needed)
        quiet = f", {len(self._silenced)} silenced: {listed(self._silenced, 1)}" if self._silenced else ""
        if self._unrest:
            more = f" and {len(self._unrest) - 1} more" if len(self._unrest) > 1 else ""
            return f"not well yet: {self._unrest[0]}{more}{quiet}"
        if self._since is None:
            return f"waits for {needed} of calm"
        return f"well for {human_duration(now - self._since)} of {needed}{quiet}"
