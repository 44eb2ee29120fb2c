"""Makes the alerts that are shown out of what Alertmanager and Prometheus say, each alert once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from aurora_tui.model.alerts import Alert, AlertState, Hush, fingerprint, object_name, summary_of
from aurora_tui.model.definitions import Service
from aurora_tui.model.frozen import replace
from aurora_tui.model.linking import link_of
from aurora_tui.signals.alertmanager import ActiveAlert, Silence
from aurora_tui.signals.members import Together

Labels = Mapping[str, str]


class Namesakes:
    """Finds an alert's twin by its labels: Prometheus adds external labels on the way to Alertmanager, and
    relabelling may drop some, so that the labels of one hold the other's
    (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#alert_relabel_configs).

    It stays cheap in a storm of thousands of one name: alerts are looked up by the values of their label names,
    of which there are few sets.
    """

    def __init__(self, known: Mapping[str, Labels]) -> None:
        self._known = known
        self._by_name: dict[str, dict[frozenset[str], dict[tuple[str, ...], str]]] = {}
        for key, labels in known.items():
            kinds = self._by_name.setdefault(labels.get("alertname", ""), {})
            kinds.setdefault(frozenset(labels), {}).setdefault(_values(labels, labels), key)
        self._wider: dict[tuple[str, frozenset[str], frozenset[str]], dict[tuple[str, ...], str]] = {}

    def twin(self, labels: Labels) -> str | None:
        """The key of one whose labels hold these, or are held by them."""
        name, names = labels.get("alertname", ""), frozenset(labels)
        for theirs, by_values in self._by_name.get(name, {}).items():
            if theirs <= names:
                found = by_values.get(_values(labels, theirs))
            elif names < theirs:
                found = self._narrowed(name, theirs, names).get(_values(labels, names))
            else:
                continue
            if found is not None:
                return found
        return None

    def _narrowed(self, name: str, theirs: frozenset[str], names: frozenset[str]) -> dict[tuple[str, ...], str]:
        found = self._wider.get((name, theirs, names))
        if found is None:
            keys = self._by_name[name][theirs].values()
            found = {_values(self._known[key], names): key for key in keys}
            self._wider[name, theirs, names] = found
        return found


def _values(labels: Labels, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(labels[name] for name in sorted(names))


class Merger:
    """Keeps what it made of each alert: most of them are the same at the next look."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._services = tuple(services)
        self._made: dict[str, tuple[object, Alert]] = {}
        self._prints: dict[frozenset[tuple[str, str]], str] = {}

    def merge(self, active: Together, own: Iterable[Mapping[str, Any]]) -> dict[str, Alert]:
        """Alertmanager's alerts and, by fingerprint too, those of Prometheus that it does not know.

        Alertmanager's state counts; the time is the earlier one, when the condition began to hold.
        """
        before, self._made = self._made, {}
        names = {key: object_name(each.labels.get("alertname", ""), key) for key, each in active.alerts.items()}
        merged = {key: self._alert(before, key, active, names) for key in active.alerts}
        known = Namesakes({key: alert.labels for key, alert in merged.items()})
        prints, self._prints = self._prints, {}
        for raw in own:
            labels: Labels = raw.get("labels") or {}
            twin = known.twin(labels)
            if twin is None:
                mark = frozenset(labels.items())
                self._prints[mark] = prints.get(mark) or fingerprint(labels)
                alert = from_prometheus(raw, self._prints[mark], self._services)
                merged[alert.fingerprint] = alert
                continue
            alert, began = merged[twin], epoch(str(raw.get("activeAt", "")))
            since = min((time for time in (alert.since, began) if time is not None), default=None)
            merged[twin] = replace(alert, since=since, sources=("alertmanager", "prometheus"))
        return merged

    def _alert(
        self, before: Mapping[str, tuple[object, Alert]], key: str, active: Together, names: Mapping[str, str]
    ) -> Alert:
        raw = active.alerts[key]
        status = raw.status
        hushes = tuple(hushes_of(active.silences[each] for each in status.silenced_by if each in active.silences))
        inhibited_by = tuple(names.get(each, each) for each in status.inhibited_by)
        of = (raw, hushes, inhibited_by, active.groups.get(key), active.told_by.get(key, ()))
        known = before.get(key)
        if known is None or known[0] != of:
            known = of, self._make(raw, hushes, inhibited_by, of[3], of[4])
        self._made[key] = known
        return known[1]

    def _make(
        self,
        raw: ActiveAlert,
        hushes: tuple[Hush, ...],
        inhibited_by: tuple[str, ...],
        group: tuple[tuple[str, str], ...] | None,
        told_by: tuple[str, ...],
    ) -> Alert:
        status = raw.status
        state = AlertState.FIRING
        if status.silenced_by or status.muted_by:
            state = AlertState.SILENCED
        elif status.inhibited_by:
            state = AlertState.INHIBITED
        link = link_of(raw.labels, self._services)
        return Alert(
            fingerprint=raw.fingerprint,
            name=raw.labels.get("alertname", ""),
            state=state,
            severity=raw.labels.get("severity", ""),
            since=epoch(raw.starts_at),
            fired_at=epoch(raw.starts_at),
            summary=summary_of(raw.annotations),
            labels=raw.labels,
            annotations=raw.annotations,
            service=link.service,
            linked_by=link.rule,
            silenced_by=(*status.silenced_by, *status.muted_by),
            silences=hushes,
            sources=("alertmanager",),
            receivers=tuple(receiver.name for receiver in raw.receivers),
            group=group,
            inhibited_by=inhibited_by,
            muted_by=status.muted_by,
            told_by=told_by,
            generator_url=raw.generator_url,
        )


def hushes_of(silences: Iterable[Silence]) -> Iterator[Hush]:
    """The silences in short, the one that ends last first; one that several Alertmanagers keep only once."""
    found = {
        (each.ends_at, each.matchers, each.created_by, each.comment): Hush(
            each.id, epoch(each.ends_at), each.created_by, each.comment
        )
        for each in silences
    }
    yield from sorted(found.values(), key=lambda each: each.until or 0.0, reverse=True)


def from_prometheus(raw: Mapping[str, Any], mark: str, services: tuple[Service, ...]) -> Alert:
    """An alert that only Prometheus has; `mark` is its fingerprint."""
    labels: Labels = raw.get("labels") or {}
    annotations: Mapping[str, str] = raw.get("annotations") or {}
    link = link_of(labels, services)
    return Alert(
        fingerprint=mark,
        name=labels.get("alertname", ""),
        state=AlertState.PENDING if raw.get("state") == "pending" else AlertState.FIRING,
        severity=labels.get("severity", ""),
        since=epoch(str(raw.get("activeAt", ""))),
        summary=summary_of(annotations),
        labels=labels,
        annotations=annotations,
        service=link.service,
        linked_by=link.rule,
        sources=("prometheus",),
    )


def epoch(text: str) -> float | None:
    """Seconds since the epoch; None for a missing time and for Go's zero time (year 1)."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.year == 1 else moment.timestamp()
