"""What Prometheus remembers of alerts: which of them ended lately, and in which of the last 24 hours each fired."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from aurora_tui.model.alerts import Alert, AlertState, fingerprint
from aurora_tui.model.definitions import Service
from aurora_tui.model.frozen import Frozen, replace
from aurora_tui.model.linking import link_of
from aurora_tui.signals.alertmerge import Namesakes
from aurora_tui.signals.prometheus import Line, PrometheusClient

HOURS = 24
DAY_SECONDS = 300.0
"""How often the last day is read anew."""
_LONGEST_NAME = 200
_HOUR = 3600.0
_MINUTE = 60.0
_FIRED = 'ALERTS{alertstate="firing"}'
"""https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/#inspecting-alerts-during-runtime"""
_OF_THE_SERIES = ("__name__", "alertstate")


class History(Frozen):
    """What Prometheus remembers; its times are by its clock, which is `ahead` of ours by so many seconds."""

    ahead: float = 0.0
    lately: tuple[Line, ...] = ()
    """Minute by minute the last hour of alerts of which some have ended."""
    ends: float = 0.0
    """The last point of these."""
    hours: tuple[Line, ...] = ()
    """What fired within the last 24 hours, hour by hour."""
    last_hour: float = 0.0
    """The last point of these."""
    labels: tuple[Mapping[str, str], ...] = ()
    """Those of `hours`, without what makes them series."""
    read: float = 0.0
    """When the hours were read, by our clock."""


async def read_history(client: PrometheusClient, now: float, before: History | None = None) -> History:
    """What ended within the last hour, and every few minutes the last day. Raises `SignalError`.

    The questions stay small while thousands fire: 24 points a series for the day, and 61 for the names of which
    anything has ended, if anything has.
    """
    server = await client.time()
    end = server // _MINUTE * _MINUTE
    over = [dict(point.labels) for point in await client.instant(f"max_over_time({_FIRED}[1h]) unless {_FIRED}")]
    names = sorted({name for labels in over if 0 < len(name := labels.get("alertname", "")) <= _LONGEST_NAME})
    lately: list[Line] = []
    if names:
        chosen = json.dumps("|".join(map(re.escape, names)), ensure_ascii=False)
        series = f'ALERTS{{alertstate="firing", alertname=~{chosen}}}'
        lately = joined((await client.range(each_minute(series), end - _HOUR, end, _MINUTE)).series)
    if before is None or now - before.read >= DAY_SECONDS:
        start = end - (HOURS - 1) * _HOUR
        hours = tuple((await client.range(f"max_over_time({_FIRED}[1h])", start, end, _HOUR)).series)
        labels = tuple(_labels(line) for line in hours)
        return History(server - now, tuple(lately), end, hours, end, labels, now)
    return replace(before, ahead=server - now, lately=tuple(lately), ends=end)


def each_minute(series: str) -> str:
    """What a series said within the minute before: one that ended between two points would be stale at both.

    A rule that is evaluated less often than once a minute is seen by its last value, as ever.
    """
    return f"{series} or max_over_time({series}[1m])"


def joined(lines: Iterable[Line]) -> list[Line]:
    """Series that differ only in what makes them series as one; a range gives those of either side of an ``or``."""
    found: dict[frozenset[tuple[str, str]], tuple[dict[str, str], set[tuple[float, float]]]] = {}
    for line in lines:
        labels = _labels(line)
        found.setdefault(frozenset(labels.items()), (labels, set()))[1].update(line.points)
    return [Line(labels, sorted(points)) for labels, points in found.values()]


def resolved(history: History, services: Sequence[Service], least: float) -> dict[str, Alert]:
    """The alerts whose firing ended after `least`, to the minute, by our clock."""
    found: dict[str, Alert] = {}
    for line in history.lately:
        times = [time for time, value in line.points if value]
        if not times or times[-1] >= history.ends or times[-1] - history.ahead < least:
            continue
        labels = _labels(line)
        began = times[-1]
        for time in reversed(times):
            if began - time > _MINUTE:
                break
            began = time
        link = link_of(labels, services)
        alert = Alert(
            fingerprint=fingerprint(labels),
            name=labels.get("alertname", ""),
            state=AlertState.RESOLVED,
            severity=labels.get("severity", ""),
            since=began - history.ahead,
            summary="",
            labels=labels,
            annotations={},
            service=link.service,
            linked_by=link.rule,
            sources=("prometheus",),
            ended=times[-1] - history.ahead,
        )
        found[alert.fingerprint] = alert
    return found


def fired(history: History, alerts: Iterable[Alert]) -> dict[str, tuple[bool, ...]]:
    """In which hours each of these alerts fired, by its fingerprint."""
    known = Namesakes({str(index): labels for index, labels in enumerate(history.labels)})
    found: dict[str, tuple[bool, ...]] = {}
    for alert in alerts:
        place = known.twin(alert.labels)
        times = {round(time) for time, value in history.hours[int(place)].points if value} if place else set()
        steps = (round(history.last_hour - back * _HOUR) for back in reversed(range(HOURS)))
        found[alert.fingerprint] = tuple(step in times for step in steps)
    return found


def _labels(line: Line) -> dict[str, str]:
    return {name: value for name, value in line.labels.items() if name not in _OF_THE_SERIES}
