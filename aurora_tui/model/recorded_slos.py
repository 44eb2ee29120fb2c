"""Objectives that other programs have made rules of, recognised by the series that their rules record.

Sloth (https://sloth.dev) records ``slo:sli_error:ratio_rateWINDOW`` with ``slo:objective:ratio`` and
``slo:time_period:days``, told by ``sloth_id``. Pyrra (https://github.com/pyrra-dev/pyrra) records
``METRIC:burnrateWINDOW``, told by ``slo``; its objective is recorded with its generic rules
(``pyrra_objective``, ``pyrra_window``) or stands in the expressions of its alerts. Both record shares of
bad events, and both write windows as Prometheus does, in weeks where they are whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from aurora_tui.model.burn import PAGE, TICKET, ladder
from aurora_tui.model.definitions import WINDOW, Objective, ObjectiveKind, Origin, Service, Step
from aurora_tui.model.frozen import Frozen, replace
from aurora_tui.model.linking import link_of
from aurora_tui.model.spans import quoted

_SLOTH_OBJECTIVE, _SLOTH_DAYS = "slo:objective:ratio", "slo:time_period:days"
_PYRRA_OBJECTIVE, _PYRRA_WINDOW, _PYRRA_WHOLE = "pyrra_objective", "pyrra_window", "pyrra_availability"
_BURNRATE = ":burnrate"
SERIES = (
    f'{{__name__=~"{_SLOTH_OBJECTIVE}|{_SLOTH_DAYS}|{_PYRRA_OBJECTIVE}|{_PYRRA_WINDOW}|{_PYRRA_WHOLE}'
    f'|.+{_BURNRATE}.+"}}'
)
"""All that tells of such objectives, in one query."""

_MONTH = timedelta(days=30)
_FACTOR = re.compile(r"\((\d+(?:\.\d+)?) \* \(1\s*-\s*(0?\.\d+)\)\)")
_SPAN = re.compile(r"(\d+)(y|w|d|h|m|s)")
_SECONDS = {"y": 31_536_000, "w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
_PYRRA_STEPS = (
    (PAGE, 14.0, 28 * 24, 28 * 24 * 12),
    (PAGE, 7.0, 28 * 4, 28 * 24 * 2),
    (TICKET, 2.0, 28, 28 * 12),
    (TICKET, 1.0, 7, 28 * 4),
)
"""Severity, factor, and how many times the long and the short window go into that of the budget."""


class Seen(Frozen):
    """One series, its name among its labels, and its value."""

    labels: Mapping[str, str]
    value: float

    @property
    def name(self) -> str:
        return self.labels.get("__name__", "")


def lacks_objectives(seen: Iterable[Seen]) -> bool:
    """Whether there are burn rates of Pyrra whose objective only the alert rules can tell."""
    every = list(seen)
    told = {each.labels.get("slo") for each in every if each.name == _PYRRA_OBJECTIVE}
    return any(_BURNRATE in each.name and each.labels.get("slo") not in told for each in every)


def recognised(
    seen: Sequence[Seen],
    rules: Iterable[Mapping[str, object]],
    services: Sequence[Service],
    *,
    known_only: bool = False,
) -> list[Service]:
    """Their objectives by service: one of the settings where the name or the labels say so, else one of that name.

    `rules` are alerting rules as Prometheus lists them.
    """
    found: dict[str, Service] = {}
    for service, objective in (*_sloth(seen, services), *_pyrra(seen, rules, services)):
        if known_only and service not in services:
            continue
        others = found[service.name].objectives if service.name in found else ()
        found[service.name] = replace(service, objectives=(*others, objective))
    return list(found.values())


def _sloth(seen: Sequence[Seen], services: Sequence[Service]) -> Iterator[tuple[Service, Objective]]:
    days = {each.labels.get("sloth_id"): each.value for each in seen if each.name == _SLOTH_DAYS}
    for each in seen:
        identity = each.labels.get("sloth_id")
        if each.name != _SLOTH_OBJECTIVE or not identity or not 0 < each.value < 1:
            continue
        length = days.get(identity, 30.0)
        window = timedelta(days=length) if length >= 1 else _MONTH
        name = each.labels.get("sloth_slo") or identity
        yield (
            _service(each.labels.get("sloth_service") or identity, each.labels, services),
            Objective(
                kind=ObjectiveKind.RATIO,
                ratio=round(each.value, 12),
                bad=f"slo:sli_error:ratio_rate{WINDOW}{{sloth_id={quoted(identity)}}}",
                recorded=True,
                window=window,
                steps=_sloth_steps(window),
                name=name,
                origin=Origin.SLOTH,
            ),
        )


def _sloth_steps(window: timedelta) -> tuple[Step, ...]:
    """A month's windows whatever the budget's is, their factors set by its length."""
    return tuple(
        Step(step.severity, step.spent * (window / step.long), step.spent, step.long, step.short)
        for step in ladder(_MONTH)
    )


def _pyrra(
    seen: Sequence[Seen], rules: Iterable[Mapping[str, object]], services: Sequence[Service]
) -> Iterator[tuple[Service, Objective]]:
    told = _told_by_rules(rules)
    ratios = {each.labels.get("slo", ""): each.value for each in seen if each.name == _PYRRA_OBJECTIVE}
    spans = {each.labels.get("slo", ""): each.value for each in seen if each.name == _PYRRA_WINDOW}
    whole = {each.labels.get("slo") for each in seen if each.name == _PYRRA_WHOLE}
    rates = {each.labels["slo"]: each for each in seen if _BURNRATE in each.name and each.labels.get("slo")}
    for slo, each in rates.items():
        ratio, window = told.get(slo, (0.0, timedelta()))
        if slo in ratios and slo in spans:
            ratio, window = ratios[slo], timedelta(seconds=spans[slo])
        if not 0 < ratio < 1 or window < timedelta(hours=1):
            continue
        metric = each.name.partition(_BURNRATE)[0]
        yield (
            _service(slo, each.labels, services),
            Objective(
                kind=ObjectiveKind.RATIO,
                ratio=round(ratio, 12),
                bad=f"{metric}{_BURNRATE}{WINDOW}{{slo={quoted(slo)}}}",
                recorded=True,
                slice=_pyrra_steps(window)[0].short,
                window=window,
                steps=_pyrra_steps(window),
                whole=f"min({_PYRRA_WHOLE}{{slo={quoted(slo)}}})" if slo in whole else "",
                name=slo,
                origin=Origin.PYRRA,
            ),
        )


def _pyrra_steps(window: timedelta) -> tuple[Step, ...]:
    """Its own ladder: parts of the window, rounded to minutes."""
    steps = []
    for severity, factor, long_part, short_part in _PYRRA_STEPS:
        long, short = (max(_minutes(window / part), timedelta(minutes=1)) for part in (long_part, short_part))
        steps.append(Step(severity, factor, factor * (long / window), long, short))
    return tuple(steps)


def _minutes(span: timedelta) -> timedelta:
    """Half a minute is rounded up, as Go does."""
    return timedelta(minutes=int(span / timedelta(minutes=1) + 0.5))


def _told_by_rules(rules: Iterable[Mapping[str, object]]) -> dict[str, tuple[float, timedelta]]:
    """Objective and window by ``slo``, from burn alerts: ``(14 * (1-0.99))``, exhausted after window / factor."""
    told = {}
    for rule in rules:
        labels = rule.get("labels")
        stated = _FACTOR.search(str(rule.get("query", "")))
        if not isinstance(labels, Mapping) or stated is None or _BURNRATE not in str(rule.get("query")):
            continue
        exhausted = sum(int(count) * _SECONDS[unit] for count, unit in _SPAN.findall(str(labels.get("exhaustion", ""))))
        if labels.get("slo") and exhausted:
            told[str(labels["slo"])] = float(stated[2]), timedelta(seconds=exhausted * float(stated[1]))
    return told


def _service(name: str, labels: Mapping[str, str], services: Sequence[Service]) -> Service:
    by_name = {service.name: service for service in services}
    linked = link_of(labels, services).service
    return by_name.get(name) or by_name.get(linked or "") or Service(name, name, (), {})
