"""What Prometheus and Alertmanager are given, made from the objectives and alerts of the settings.

Formats: https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/ and
https://prometheus.io/docs/alerting/latest/configuration/.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from aurora_tui.model.burn import PAGE, TICKET, Step, ladder_of, windows
from aurora_tui.model.definitions import WINDOW, AlertRule, Objective, Service
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.slo_queries import bad_share, judged_share
from aurora_tui.model.spans import promql_range, quoted, span_text

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


class Promises(Frozen):
    """What rules are made from; the spans are those of the settings."""

    services: Sequence[Service]
    alerts: Sequence[AlertRule]
    sli_window: timedelta
    budget_window: timedelta


class _Pledge(Frozen):
    """One objective with all that its rules hang on."""

    service: Service
    objective: Objective
    window: timedelta
    steps: tuple[Step, ...]

    @property
    def labels(self) -> dict[str, str]:
        return {**self.service.labels, "service": self.service.name, "slo": self.objective.slug}


def prometheus_rules(promises: Promises) -> dict[str, Any]:
    """A rule file: the recorded shares of bad events, the burn alerts of each objective, the alerts of the settings."""
    window = promises.budget_window
    pledges = [
        _Pledge(service, objective, objective.window or window, ladder_of(objective, window))
        for service in promises.services
        for objective in service.objectives
    ]
    groups = [
        _group(f"slo-{name}", pace, [_share(pledge, span) for span, pledge in some])
        for (name, _, pace), some in zip(_PACES, _by_pace(pledges), strict=True)
    ]
    groups += [
        _group("slo-budgets", "4m", [rule for pledge in pledges for rule in _budgets(pledge)]),
        _group("slo-alerts", "30s", [rule for pledge in pledges for rule in _burns(pledge)]),
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


def _by_pace(pledges: Iterable[_Pledge]) -> list[list[tuple[timedelta, _Pledge]]]:
    """Every share that is recorded, in the group of its pace: by window, and in the order of the objectives."""
    spans = [(span, pledge) for pledge in pledges for span in {*windows(pledge.steps), pledge.window}]
    sorted_out: list[list[tuple[timedelta, _Pledge]]] = [[] for _ in _PACES]
    for span, pledge in sorted(spans, key=lambda each: each[0]):
        at = next(index for index, (_, longest, _) in enumerate(_PACES) if span <= longest)
        sorted_out[at].append((span, pledge))
    return sorted_out


def _series(name: str, labels: dict[str, str]) -> str:
    return f"{name}{{{', '.join(f'{label}={quoted(value)}' for label, value in labels.items())}}}"


def _share(pledge: _Pledge, span: timedelta) -> _Rule:
    # What an alert looks at says nothing where there is too little traffic; the budget counts every event.
    share = judged_share if span != pledge.window else bad_share
    return {
        "record": f"{RATIO}{promql_range(span)}",
        "expr": share(pledge.objective, span),
        "labels": pledge.labels,
    }


def _budgets(pledge: _Pledge) -> list[_Rule]:
    objective, labels = pledge.objective, pledge.labels
    share = _series(f"{RATIO}{promql_range(pledge.window)}", labels)
    return [
        {"record": OBJECTIVE, "expr": f"vector({objective.ratio:.12g})", "labels": labels},
        {"record": BUDGET, "expr": f"1 - {share} / {objective.budget:.12g}", "labels": labels},
    ]


def _burns(pledge: _Pledge) -> list[_Rule]:
    return [_burn(pledge, step) for step in pledge.steps if step.limit(pledge.objective) < 1]


def _burn(pledge: _Pledge, step: Step) -> _Rule:
    objective, service, labels = pledge.objective, pledge.service, pledge.labels
    limit = f"{step.limit(objective):.12g}"
    long, short, budget = promql_range(step.long), promql_range(step.short), promql_range(pledge.window)
    what = objective.slug.replace("_", " ")
    counted = "time" if objective.good_while else "events"
    return {
        "alert": ALERT,
        "expr": " and ".join(f"{_series(f'{RATIO}{span}', labels)} > {limit}" for span in (long, short)),
        "labels": {**labels, "severity": step.severity, "window": long},
        "annotations": {
            "summary": f"{service.name} burns its {what} budget: {{{{ $value | humanizePercentage }}}} bad over {long}",
            "description": (
                f"Over {long} and over {short} more than {step.factor:.3g} times the allowed share of {counted} "
                f"({objective.budget * 100:.4g} %) was bad. At {step.factor:.3g} times the budget of {budget} lasts "
                f"{span_text(pledge.window / step.factor)}; {step.spent * 100:.3g} % of it go in {long}."
            ),
        },
    }
