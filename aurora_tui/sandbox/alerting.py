"""Evaluates alert rules over the series as Prometheus does: pending, firing after ``for``, resolved."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from aurora_tui.model.definitions import WINDOW, AlertRule
from aurora_tui.sandbox.promql import evaluate
from aurora_tui.sandbox.promql_lexer import PromqlError
from aurora_tui.sandbox.promql_values import NAME, with_label, without
from aurora_tui.sandbox.series import STALE, SeriesStore, format_value
from aurora_tui.sandbox.templates import expand
from aurora_tui.sandbox.traffic import Labels
from aurora_tui.sandbox.wire import rfc3339

_KEEP_RESOLVED_MS = 900_000
"""How long a resolved alert is still sent: Prometheus' ``resolvedRetention``."""
_RUNBOOKS = "https://runbooks.example.org/aurora/"
_VALID_MS = 240_000
"""How long a sent alert holds without another: 4 times the resend delay of a minute."""


class AlertState(StrEnum):
    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"


@dataclass(slots=True)
class ActiveAlert:
    """One alert of a rule; times in milliseconds."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    active_at: int
    value: float
    state: AlertState = AlertState.PENDING
    fired_at: int = 0
    resolved_at: int = 0


@dataclass(slots=True)
class RuleStatus:
    """A rule and what its last evaluation found."""

    rule: AlertRule
    query: str
    active: dict[Labels, ActiveAlert] = field(default_factory=dict)
    evaluated_at: int = 0
    error: str = ""


class Alerting:
    """All rules of one group.  `window` (``5m``) stands for the range in their expressions."""

    def __init__(self, store: SeriesStore, rules: Sequence[AlertRule], window: str = "5m") -> None:
        self._store = store
        self.rules = tuple(RuleStatus(rule, rule.expr.replace(WINDOW, window)) for rule in rules)

    def evaluate(self, now: int) -> None:
        """Evaluate every rule at `now` and record the ``ALERTS`` series."""
        for status in self.rules:
            self._evaluate(status, now)

    def alerts(self) -> list[ActiveAlert]:
        """Pending and firing alerts, in the order of the rules."""
        return [
            alert for status in self.rules for alert in status.active.values() if alert.state is not AlertState.INACTIVE
        ]

    def postable(self, now: int, address: str) -> list[dict[str, Any]]:
        """What Prometheus at `address` sends to Alertmanager: firing and lately resolved alerts."""
        return [
            {
                "labels": alert.labels,
                "annotations": alert.annotations,
                "startsAt": rfc3339(alert.fired_at),
                "endsAt": rfc3339(alert.resolved_at or now + _VALID_MS),
                "generatorURL": f"{address}/graph",
            }
            for status in self.rules
            for alert in status.active.values()
            if alert.state is not AlertState.PENDING
        ]

    def _evaluate(self, status: RuleStatus, now: int) -> None:
        rule = status.rule
        status.evaluated_at = now
        try:
            samples = evaluate(self._store, status.query, now)
            status.error = ""
        except PromqlError as error:
            # As in Prometheus the alerts stay as they are: not knowing is not a recovery.
            status.error = str(error)
            return
        found: set[Labels] = set()
        for sample in samples if isinstance(samples, list) else []:
            assert isinstance(sample, tuple)
            labels, value = sample
            own = with_label(with_label(without(labels, NAME), "alertname", rule.name), "severity", rule.severity)
            found.add(own)
            names = dict(labels)
            annotations = {"summary": expand(rule.summary, names, value), "runbook_url": f"{_RUNBOOKS}{rule.name}"}
            if rule.description:
                annotations["description"] = expand(rule.description, names, value)
            alert = status.active.get(own)
            if alert is None or alert.state is AlertState.INACTIVE:
                status.active[own] = ActiveAlert(dict(own), annotations, now, value)
            else:
                alert.value, alert.annotations = value, annotations
        for own, alert in list(status.active.items()):
            before = alert.state
            self._move(status, own, there=own in found, now=now)
            self._record(own, before, AlertState.INACTIVE if own not in status.active else alert.state, now)

    @staticmethod
    def _move(status: RuleStatus, own: Labels, *, there: bool, now: int) -> None:
        alert = status.active[own]
        if there:
            if alert.state is AlertState.PENDING and now - alert.active_at >= status.rule.hold.total_seconds() * 1000:
                alert.state, alert.fired_at = AlertState.FIRING, now
        elif alert.state is AlertState.FIRING:
            alert.state, alert.resolved_at = AlertState.INACTIVE, now
        elif alert.state is AlertState.PENDING or now - alert.resolved_at > _KEEP_RESOLVED_MS:
            del status.active[own]

    def _record(self, own: Labels, before: AlertState, after: AlertState, now: int) -> None:
        series = with_label(own, "__name__", "ALERTS")
        if before is not after and before is not AlertState.INACTIVE:
            self._store.append(with_label(series, "alertstate", before), now, STALE)
        if after is not AlertState.INACTIVE:
            self._store.append(with_label(series, "alertstate", after), now, 1.0)


def exponent_form(value: float) -> str:
    """A float as Prometheus' alerts write it: shortest digits and an exponent, ``3.5e-01``."""
    if not math.isfinite(value):
        return format_value(value)
    sign, digits, _ = Decimal(repr(value)).normalize().as_tuple()
    power = Decimal(repr(value)).adjusted() if value else 0
    rest = "".join(map(str, digits[1:]))
    return f"{'-' * sign}{digits[0]}{'.' * bool(rest)}{rest}e{'-' if power < 0 else '+'}{abs(power):02d}"
