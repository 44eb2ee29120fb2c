"""Asks Prometheus for the rule behind an alert, and for the minutes of the last day in which it fired."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from aurora_tui.model.alerts import Alert
from aurora_tui.model.describe_alert import Details, Firings, SourceRule
from aurora_tui.signals.alerthistory import each_minute
from aurora_tui.signals.alertmerge import epoch
from aurora_tui.signals.errors import SignalError
from aurora_tui.signals.prometheus import Line, PrometheusClient

_MINUTE = 60.0
_DAY_MINUTES = 1440
_PLAIN = re.compile(r"[a-zA-Z_]\w*", re.ASCII)
_LONGEST = 200
"""Characters of a label's value; longer ones tell nothing apart that the others do not."""
NO_RULE = "Prometheus has no alerting rule of this name with these labels"


class RuleAlert(msgspec.Struct, frozen=True):
    labels: dict[str, str] = {}


class Rule(msgspec.Struct, frozen=True, rename="camel"):
    """An alerting rule (https://prometheus.io/docs/prometheus/latest/querying/api/#rules)."""

    name: str
    query: str
    duration: float = 0.0
    keep_firing_for: float = 0.0
    labels: dict[str, str] = {}
    alerts: tuple[RuleAlert, ...] = ()
    health: str = ""
    last_error: str = ""
    last_evaluation: str = ""


class RuleGroup(msgspec.Struct, frozen=True):
    name: str
    file: str = ""
    interval: float = 0.0
    rules: tuple[Rule, ...] = ()


async def read_details(client: PrometheusClient, alert: Alert) -> Details:
    """Everything that is to be had; what fails is said in its place and keeps nothing else back."""
    rule, firings = await asyncio.gather(_rule(client, alert), _firings(client, alert))
    return Details(
        rule if isinstance(rule, SourceRule) else None,
        "" if isinstance(rule, SourceRule) else rule,
        firings if isinstance(firings, Firings) else None,
        "" if isinstance(firings, Firings) else firings,
    )


def rule_of(groups: Iterable[RuleGroup], alert: Alert) -> SourceRule | None:
    """The rule of that name whose own labels the alert has; of several the one that lists the alert."""
    found: list[tuple[bool, RuleGroup, Rule]] = []
    for group in groups:
        for rule in group.rules:
            if rule.name == alert.name and all(_agrees(alert.labels, *label) for label in rule.labels.items()):
                lists = any(each.labels.items() <= alert.labels.items() for each in rule.alerts)
                found.append((lists, group, rule))
    if not found:
        return None
    _, group, rule = max(found, key=lambda each: each[0])
    return SourceRule(
        rule.name,
        rule.query,
        group.name,
        group.file,
        rule.duration,
        rule.keep_firing_for,
        group.interval,
        rule.health,
        rule.last_error,
        epoch(rule.last_evaluation),
    )


def firing_query(alert: Alert) -> str:
    """The series of an alert's firing, with or without the labels that Prometheus adds on the way to Alertmanager."""
    return f"ALERTS{{{', '.join(_conditions(alert.labels))}}}"


def _conditions(labels: Mapping[str, str]) -> Iterator[str]:
    yield 'alertstate="firing"'
    for name, value in sorted(labels.items()):
        if name == "alertname":
            yield f"alertname={json.dumps(value, ensure_ascii=False)}"
        elif _PLAIN.fullmatch(name) and len(value) <= _LONGEST:
            yield f"{name}=~{json.dumps(f'{re.escape(value)}|', ensure_ascii=False)}"


def _agrees(labels: Mapping[str, str], name: str, value: str) -> bool:
    """Whether an alert may have a label from a rule, which may be a template of it."""
    return "{{" in value or labels.get(name, "") == value


async def _rule(client: PrometheusClient, alert: Alert) -> SourceRule | str:
    try:
        raw = await client.rules()
        groups = msgspec.convert(raw, tuple[RuleGroup, ...], strict=False)
    except SignalError as error:
        return str(error)
    except msgspec.ValidationError:
        return f"{client.access.shown} does not answer as Prometheus does"
    return rule_of(groups, alert) or NO_RULE


async def _firings(client: PrometheusClient, alert: Alert) -> Firings | str:
    try:
        end = await client.time() // _MINUTE * _MINUTE
        start = end - (_DAY_MINUTES - 1) * _MINUTE
        answer = await client.range(each_minute(firing_query(alert)), start, end, _MINUTE)
        return minutes_of(answer.series, start)
    except SignalError as error:
        return str(error)


def minutes_of(lines: Iterable[Line], start: float) -> Firings:
    """The minutes from `start` on in which any of the series says that it fired."""
    found = {round((time - start) / _MINUTE) for line in lines for time, value in line.points if value}
    return Firings(tuple(minute in found for minute in range(_DAY_MINUTES)))
