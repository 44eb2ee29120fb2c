"""The source of the table of alerts: Alertmanager's, completed by what Prometheus has pending."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from aurora_tui.backoff import Backoff
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.alerts import Alert, AlertState, Hush, fingerprint, summary_of
from aurora_tui.model.definitions import Service
from aurora_tui.model.freshness import SourceState
from aurora_tui.model.linking import service_of
from aurora_tui.signals.alertmanager import ActiveAlert, AlertmanagerClient, Silence
from aurora_tui.signals.errors import SignalError, Trouble
from aurora_tui.signals.prometheus import PrometheusClient
from aurora_tui.store import Table

T = TypeVar("T")

HOW_TO_CONFIGURE = (
    "no Alertmanager and no Prometheus here: set environments.NAME.sources.alertmanager to http(s)://HOST, "
    "svc/NAMESPACE/NAME:PORT or auto in ~/.config/aurora-tui/config.yaml"
)


@dataclass(slots=True)
class _Side(Generic[T]):
    """One of the two servers: its last answer, None while it fails, and what is not known without it."""

    name: str
    ask: Callable[[], Awaitable[list[T]]]
    lost: str
    answer: list[T] | None = None
    error: SignalError | None = None
    next_try: float | None = None

    async def poll(self) -> None:
        try:
            self.answer, self.error = await self.ask(), None
        except SignalError as error:
            self.answer, self.error = None, error


class AlertSource:
    """Keeps a table of `Alert` by fingerprint from Alertmanager, from Prometheus or from both.

    Each is asked at its own pace, so that neither waits for the other. While one is away the other's
    alerts are shown and the state is *stale*, with the reason; while both are, the last rows stay.
    """

    def __init__(
        self,
        services: Iterable[Service],
        alertmanager: HttpAccess | None,
        prometheus: HttpAccess | None,
        table: Table[Alert],
        clock: Callable[[], float],
        *,
        interval: timedelta,
    ) -> None:
        self._services = tuple(services)
        self._table = table
        self._clock = clock
        self._interval = interval.total_seconds()
        self._alertmanager = None if alertmanager is None else AlertmanagerClient(alertmanager)
        self._prometheus = None if prometheus is None else PrometheusClient(prometheus)
        self._active = self._own = None
        self._silences: Mapping[str, Silence] = {}
        if self._alertmanager is not None:
            self._active = _Side("Alertmanager", self._ask_active, "what is silenced is not known")
        if self._prometheus is not None:
            self._own = _Side("Prometheus", self._prometheus.alerts, "what is pending is not known")

    async def run(self) -> None:
        """Poll until cancelled; without any address say how to give one and return."""
        sides = self._sides()
        if not sides:
            self._unconfigured()
            return
        self._table.set_freshness(SourceState.CONNECTING, self._clock(), "connecting")
        try:
            async with asyncio.TaskGroup() as group:
                for side in sides:
                    group.create_task(self._follow(side))
        finally:
            await self._close()

    async def read_once(self) -> None:
        """Fill the table once, for the command line; its freshness tells what went wrong."""
        sides = self._sides()
        if not sides:
            self._unconfigured()
            return
        try:
            await asyncio.gather(*(side.poll() for side in sides))
            self._show()
        finally:
            await self._close()

    async def _ask_active(self) -> list[ActiveAlert]:
        """The alerts, and the silences where any of them is silenced: there may be many that are long over."""
        assert self._alertmanager is not None
        alerts = await self._alertmanager.alerts()
        silenced = any(each.status.silenced_by for each in alerts)
        self._silences = {}
        if silenced:
            with suppress(SignalError):  # the alerts are known, and that they are silenced
                self._silences = {each.id: each for each in await self._alertmanager.silences()}
        return alerts

    def _sides(self) -> list[_Side[Any]]:
        return [side for side in (self._active, self._own) if side is not None]

    def _unconfigured(self) -> None:
        self._table.set_freshness(SourceState.UNCONFIGURED, self._clock(), HOW_TO_CONFIGURE)

    async def _follow(self, side: _Side[Any]) -> None:
        backoff = Backoff()
        while True:
            await side.poll()
            if side.error is None:
                backoff.reset()
            wait = self._interval if side.error is None else backoff.next()
            side.next_try = self._clock() + wait
            self._show()
            await asyncio.sleep(wait)

    def _show(self) -> None:
        """Merge the last answers into the table and put the state of both into words."""
        sides, now = self._sides(), self._clock()
        failed = [(side, side.error) for side in sides if side.error is not None]
        answered = any(side.answer is not None for side in sides)
        if answered:
            active = self._active.answer if self._active is not None else None
            own = self._own.answer if self._own is not None else None
            alerts = merge(active or (), own or (), self._services, self._silences)
            self._table.apply(alerts)
            self._table.retain(set(alerts))
        waiting = [f"waiting for {side.name}" for side in sides if side.answer is None and side.error is None]
        words = "; ".join([*(f"{side.name}: {error}" for side, error in failed), *waiting])
        next_try = min((side.next_try for side, _ in failed if side.next_try is not None), default=None)
        if waiting:
            self._table.set_freshness(SourceState.CONNECTING, now, words, next_try=next_try)
        elif not failed:
            self._table.set_freshness(SourceState.LIVE, now, self._remark())
        elif answered:
            words = f"{words}; {failed[0][0].lost}"
            self._table.set_freshness(SourceState.STALE, now, words, next_try=next_try)
        else:
            denied = all(error.trouble is Trouble.DENIED for _, error in failed)
            state = SourceState.DENIED if denied else self._table.freshness.lost
            self._table.set_freshness(state, now, words, next_try=next_try)
        if answered:
            self._table.touch(now)  # what is shown came just now, if only from one of them

    def _remark(self) -> str:
        if self._active is None:
            return "Alertmanager is not configured: what is silenced is not known"
        if self._own is None:
            return "Prometheus is not configured: what is pending is not known"
        return ""

    async def _close(self) -> None:
        if self._prometheus is not None:
            self._prometheus.close()
        if self._alertmanager is not None:
            await self._alertmanager.close()


def merge(
    active: Iterable[ActiveAlert],
    own: Iterable[Mapping[str, Any]],
    services: Iterable[Service],
    silences: Mapping[str, Silence] = MappingProxyType({}),
) -> dict[str, Alert]:
    """Alertmanager's alerts and, by fingerprint too, those of Prometheus that it does not know.

    Two are the same where the labels of one hold the other's: Prometheus adds its external labels on
    the way to Alertmanager, and relabelling may drop some
    (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#alert_relabel_configs).
    Alertmanager's state counts; the time is the earlier one, when the condition began to hold.
    """
    services = tuple(services)
    merged = {alert.fingerprint: _from_alertmanager(alert, services, silences) for alert in active}
    named: dict[str, list[str]] = {}
    for key, alert in merged.items():
        named.setdefault(alert.name, []).append(key)
    for raw in own:
        alert = _from_prometheus(raw, services)
        twin = next((key for key in named.get(alert.name, ()) if _same(merged[key].labels, alert.labels)), None)
        if twin is None:
            merged[alert.fingerprint] = alert
            continue
        known = merged[twin]
        since = min((time for time in (known.since, alert.since) if time is not None), default=None)
        merged[twin] = replace(known, since=since, sources=("alertmanager", "prometheus"))
    return merged


def _same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return one.items() <= other.items() or other.items() <= one.items()


def _from_alertmanager(raw: ActiveAlert, services: tuple[Service, ...], silences: Mapping[str, Silence]) -> Alert:
    status = raw.status
    state = AlertState.FIRING
    if status.silenced_by or status.muted_by:
        state = AlertState.SILENCED
    elif status.inhibited_by:
        state = AlertState.INHIBITED
    known = (silences[name] for name in status.silenced_by if name in silences)
    return Alert(
        fingerprint=raw.fingerprint,
        name=raw.labels.get("alertname", ""),
        state=state,
        severity=raw.labels.get("severity", ""),
        since=_epoch(raw.starts_at),
        summary=summary_of(raw.annotations),
        labels=raw.labels,
        annotations=raw.annotations,
        service=service_of(raw.labels, services),
        silenced_by=(*status.silenced_by, *status.muted_by),
        silences=tuple(sorted(map(_hush, known), key=lambda each: each.until or 0.0, reverse=True)),
        sources=("alertmanager",),
    )


def _hush(silence: Silence) -> Hush:
    return Hush(silence.id, _epoch(silence.ends_at), silence.created_by, silence.comment)


def _from_prometheus(raw: Mapping[str, Any], services: tuple[Service, ...]) -> Alert:
    labels: Mapping[str, str] = raw.get("labels") or {}
    annotations: Mapping[str, str] = raw.get("annotations") or {}
    return Alert(
        fingerprint=fingerprint(labels),
        name=labels.get("alertname", ""),
        state=AlertState.PENDING if raw.get("state") == "pending" else AlertState.FIRING,
        severity=labels.get("severity", ""),
        since=_epoch(str(raw.get("activeAt", ""))),
        summary=summary_of(annotations),
        labels=labels,
        annotations=annotations,
        service=service_of(labels, services),
        sources=("prometheus",),
    )


def _epoch(text: str) -> float | None:
    """Seconds since the epoch; None for a missing time and for Go's zero time (year 1)."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.year == 1 else moment.timestamp()
