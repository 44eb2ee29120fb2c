"""Alerts in the groups in which Alertmanager sends them: what those share, and how each group stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from aurora_tui.model.alerts import Alert, AlertState, severity_rank, severity_tone, since_words, worst_first
from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.placing import context_of, placed_key

Labels = tuple[tuple[str, str], ...]


class AlertGroup(Frozen):
    """One group; what stands for it is its worst alert."""

    labels: Labels
    """What it is grouped by."""
    alerts: tuple[Alert, ...]
    """Worst first, at least one."""

    @property
    def key(self) -> str:
        return placed_key(self.context, self.words)

    @property
    def words(self) -> str:
        """What it is grouped by, in words."""
        return written(self.labels)

    @property
    def context(self) -> str:
        """The context that all of its alerts are from; empty where only one is open."""
        return context_of(self.worst)

    @property
    def worst(self) -> Alert:
        return self.alerts[0]


def group_of(alert: Alert) -> Labels:
    """The labels of an alert's group; what Alertmanager does not group stands by its name."""
    return alert.group if alert.group is not None else (("alertname", alert.name),)


def groups_of(alerts: Iterable[Alert]) -> dict[str, AlertGroup]:
    """All groups by their keys; those of two contexts are never one."""
    found: dict[tuple[str, Labels], list[Alert]] = {}
    for alert in alerts:
        found.setdefault((context_of(alert), group_of(alert)), []).append(alert)
    groups = (AlertGroup(labels, tuple(sorted(each, key=worst_first))) for (_, labels), each in found.items())
    return {group.key: group for group in groups}


def shared(alerts: Sequence[Alert]) -> dict[str, str]:
    """The labels that all of these alerts have alike."""
    first, *rest = [alert.labels.items() for alert in alerts] or [{}.items()]
    return dict(sorted(item for item in first if all(item in other for other in rest)))


def siblings(alert: Alert, alerts: Iterable[Alert]) -> list[Alert]:
    """The others of an alert's group, worst first."""
    mine = group_of(alert)
    others = (each for each in alerts if each.fingerprint != alert.fingerprint and group_of(each) == mine)
    return sorted(others, key=worst_first)


def apart(labels: Mapping[str, str], common: Mapping[str, str]) -> str:
    """What tells an alert from others that share some labels, in words."""
    return " ".join(f"{name}={value}" for name, value in sorted(labels.items()) if common.get(name) != value)


def written(labels: Labels) -> str:
    return " ".join(f"{name}={value}" for name, value in labels) or "(all)"


def counts(alerts: Sequence[Alert]) -> str:
    """How many are how: ``3 firing, 1 silenced``."""
    states = [alert.state for alert in alerts]
    return ", ".join(f"{states.count(state)} {state}" for state in AlertState if state in states)


def _count(group: AlertGroup, _: float) -> Cell:
    tone = {AlertState.FIRING: Tone.BAD, AlertState.PENDING: Tone.WARN}.get(group.worst.state, Tone.DIM)
    return Cell(counts(group.alerts), tone)


def _services(group: AlertGroup) -> str:
    return ", ".join(sorted({alert.service for alert in group.alerts if alert.service})) or "-"


GROUP_COLUMNS: tuple[Column[AlertGroup], ...] = (
    Column(
        "SEVERITY",
        lambda group, _: Cell(group.worst.severity or "-", severity_tone(group.worst)),
        lambda group: severity_rank(group.worst.severity),
    ),
    Column("GROUP", lambda group, _: Cell(group.words), lambda group: group.words, flexible=True),
    Column("ALERTS", _count, lambda group: worst_first(group.worst)),
    Column(
        "SINCE",
        lambda group, now: Cell(since_words(group.worst, now)),
        lambda group: group.worst.since or 0.0,
        right=True,
    ),
    Column("SERVICE", lambda group, _: Cell(_services(group)), _services, rank=1),
)
