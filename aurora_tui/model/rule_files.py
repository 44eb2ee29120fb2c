"""What Prometheus and Alertmanager are given, made from the objectives and alerts of the settings.

Formats: https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/ and
https://prometheus.io/docs/alerting/latest/configuration/.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aurora_tui.model.burn import PAGE, TICKET, Step, ladder, windows
from aurora_tui.model.definitions import WINDOW, AlertRule, Objective, Service
from aurora_tui.model.slo_queries import bad_share, promql_range

ALERT = "ErrorBudgetBurn"
RATIO = "service:slo_errors:ratio_rate"
"""Recorded name of the share of bad events, the window at its end: ``service:slo_errors:ratio_rate5m``."""
OBJECTIVE = "service:slo_objective:ratio"
BUDGET = "service:slo_error_budget:remaining"

_Rule = dict[str, Any]
_PACES = (
    ("short", timedelta(hours=1), "30s"),
    ("medium", timedelta(hours=6), "2m"),
    ("long", timedelta.max, "4m"),
)
"""The groups of recorded shares, up to which window each goes and how often: a long one is dear and moves slowly.

No pace is beyond five minutes, after which Prometheus holds a series for gone.
"""


@dataclass(frozen=True, slots=True)
class Promises:
    """What rules are made from; the spans are those of the settings."""

    services: Sequence[Service]
    alerts: Sequence[AlertRule]
    sli_window: timedelta
    budget_window: timedelta


def prometheus_rules(promises: Promises) -> dict[str, Any]:
    """A rule file: the recorded shares of bad events, the burn alerts of each objective, the alerts of the settings."""
    steps = ladder(promises.budget_window)
    spans = windows(steps)
    recorded = (*spans, promises.budget_window)
    groups = [
        _group(f"slo-{name}", pace, _shares(promises.services, some))
        for (name, _, pace), some in zip(_PACES, _by_pace(recorded), strict=True)
    ]
    groups += [
        _group("slo-budgets", "4m", _budgets(promises.services, promises.budget_window)),
        _group("slo-alerts", "30s", _burns(promises.services, steps, promises.budget_window)),
        _group("alerts", "30s", [alert_rule(rule, promises.sli_window) for rule in promises.alerts]),
    ]
    return {"groups": [group for group in groups if group["rules"]]}


def alert_rule(rule: AlertRule, window: timedelta) -> _Rule:
    """One alert of the settings, its rates over a window."""
    return {
        "alert": rule.name,
        "expr": rule.expr.replace(WINDOW, promql_range(window)),
        "for": promql_range(rule.hold),
        "labels": {"severity": rule.severity},
        "annotations": {"summary": rule.summary, "description": rule.description},
    }


def alertmanager_config() -> dict[str, Any]:
    """How Alertmanager should group these alerts: one page for a service, whatever of it burns.

    A ticket about what somebody has been woken for already is held back. The receivers are names to be
    filled in: where messages go is nothing that this program knows.
    """
    return {
        "route": {
            "receiver": "ticket",
            "group_by": ["alertname", "service", "job"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "4h",
            "routes": [{"receiver": "page", "matchers": [f'severity="{PAGE}"']}],
        },
        "inhibit_rules": [
            {
                "source_matchers": [f'alertname="{ALERT}"', f'severity="{PAGE}"'],
                "target_matchers": [f'alertname="{ALERT}"', f'severity="{TICKET}"'],
                "equal": ["service", "slo"],
            }
        ],
        "receivers": [{"name": "page"}, {"name": "ticket"}],
    }


def _group(name: str, interval: str, rules: list[_Rule]) -> dict[str, Any]:
    return {"name": f"aurora-{name}", "interval": interval, "rules": rules}


def _by_pace(spans: Iterable[timedelta]) -> list[list[timedelta]]:
    sorted_out: list[list[timedelta]] = [[] for _ in _PACES]
    for span in spans:
        at = next(index for index, (_, longest, _) in enumerate(_PACES) if span <= longest)
        sorted_out[at].append(span)
    return sorted_out


def _identity(service: Service, objective: Objective) -> dict[str, str]:
    return {**service.labels, "service": service.name, "slo": str(objective.kind)}


def _series(name: str, labels: dict[str, str]) -> str:
    return f"{name}{{{', '.join(f'{label}={_quoted(value)}' for label, value in labels.items())}}}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _each(services: Sequence[Service]) -> Iterable[tuple[Service, Objective]]:
    return ((service, objective) for service in services for objective in service.objectives)


def _shares(services: Sequence[Service], spans: Iterable[timedelta]) -> list[_Rule]:
    return [
        {
            "record": f"{RATIO}{promql_range(span)}",
            "expr": bad_share(objective, span),
            "labels": _identity(service, objective),
        }
        for span in spans
        for service, objective in _each(services)
    ]


def _budgets(services: Sequence[Service], window: timedelta) -> list[_Rule]:
    rules: list[_Rule] = []
    for service, objective in _each(services):
        labels = _identity(service, objective)
        share = _series(f"{RATIO}{promql_range(window)}", labels)
        rules.append({"record": OBJECTIVE, "expr": f"vector({objective.ratio:.12g})", "labels": labels})
        rules.append({"record": BUDGET, "expr": f"1 - {share} / {objective.budget:.12g}", "labels": labels})
    return rules


def _burns(services: Sequence[Service], steps: Iterable[Step], window: timedelta) -> list[_Rule]:
    return [
        _burn(service, objective, step, window)
        for service, objective in _each(services)
        for step in steps
        if step.limit(objective) < 1
    ]


def _burn(service: Service, objective: Objective, step: Step, window: timedelta) -> _Rule:
    identity, limit = _identity(service, objective), f"{step.limit(objective):.12g}"
    long, short, budget = promql_range(step.long), promql_range(step.short), promql_range(window)
    what = objective.kind.words
    left = window / step.factor
    return {
        "alert": ALERT,
        "expr": " and ".join(f"{_series(f'{RATIO}{span}', identity)} > {limit}" for span in (long, short)),
        "labels": {**identity, "severity": step.severity, "window": long},
        "annotations": {
            "summary": f"{service.name} burns its {what} budget: {{{{ $value | humanizePercentage }}}} bad over {long}",
            "description": (
                f"Over {long} and over {short} more than {step.factor:.3g} times the allowed share of events "
                f"({objective.budget * 100:.4g} %) was bad. At {step.factor:.3g} times the budget of {budget} lasts "
                f"{_days(left)}; {step.spent * 100:.3g} % of it go in {long}."
            ),
        },
    }


def _days(span: timedelta) -> str:
    days = span / timedelta(days=1)
    return f"{days:.3g} days" if days >= 2 else f"{days * 24:.3g} hours"
