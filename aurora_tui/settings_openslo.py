"""Objectives out of OpenSLO v1 documents: what of them Prometheus can answer, and in words what of them can't.

Format: https://github.com/OpenSLO/OpenSLO (``openslo/v1``). Services, SLOs and SLIs are read; data sources only
for their type; alert policies, conditions and notification targets are left to who sends the alerts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from aurora_tui.model.definitions import WINDOW, Objective, ObjectiveKind, Origin, Service
from aurora_tui.model.frozen import Frozen, replace
from aurora_tui.settings_kinds import (
    DURATION,
    FLAG,
    ONE_OR_MORE_TEXTS,
    TEXT,
    Section,
    UnfitError,
    choice,
)
from aurora_tui.settings_numbers import PLAIN_NUMBER, between
from aurora_tui.settings_tree import Branch, Fault, Leaf, Node, clip, read_documents

OPENSLO_FILES = ONE_OR_MORE_TEXTS
_VERSION = "openslo/v1"
_LEFT_TO_OTHERS = ("DataSource", "AlertPolicy", "AlertCondition", "AlertNotificationTarget")
_KINDS = choice("Service", "SLO", "SLI", *_LEFT_TO_OTHERS)
_SIGNS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_TEMPLATE = re.compile(r"\{\{\s*\.window\s*\}\}|\$\{window\}")
_STRING = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'"
_SELECTOR = rf"[a-zA-Z_:][\w:]*\s*(?:\{{(?:[^{{}}\"']|{_STRING})*\}})?"
_COUNTER = re.compile(
    rf"(?:sum\s*(?:(?:by|without)\s*\([^()]*\)\s*)?\(\s*(?P<summed>{_SELECTOR})\s*\)|(?P<plain>{_SELECTOR}))"
)


def is_openslo(document: Branch) -> bool:
    """Whether a document is one of OpenSLO's, of whatever version."""
    version = document.entries.get("apiVersion")
    return isinstance(version, Leaf) and version.text.startswith("openslo/")


def named_documents(tree: Node, faults: list[Fault]) -> list[Branch]:
    """The documents of the files and folders that the settings' ``openslo`` names, from where it stands."""
    node = tree.entries.get("openslo") if isinstance(tree, Branch) else None
    if node is None:
        return []
    try:
        names = OPENSLO_FILES.read(node)
    except UnfitError:
        return []  # which is reported where the settings are built
    documents: list[Branch] = []
    for name in names:
        path = Path(node.mark.file).parent / Path(name).expanduser()
        files = sorted([*path.glob("*.yaml"), *path.glob("*.yml")]) if path.is_dir() else [path]
        if not files or not path.exists():
            faults.append(node.mark.fault("openslo", "a file or a folder with *.yaml files", f'"{clip(name)}"'))
            continue
        for file in files:
            documents += [document for document in read_documents(file, faults) if document.entries]
    return documents


class _Documents(Frozen):
    """What the SLOs of all documents may refer to, by name."""

    indicators: Mapping[str, Section]
    sources: Mapping[str, str]
    """The type of each data source."""
    sli_window: timedelta


def with_openslo(
    services: Sequence[Service], documents: Sequence[Branch], root: Section, sli_window: timedelta
) -> tuple[Service, ...]:
    """The services with the objectives of the documents added, and with those that only the documents have."""
    objects: dict[str, list[tuple[str, Section]]] = {}
    for document in documents:
        part = root.beside(document)
        version = part.required("apiVersion", TEXT)
        if version != _VERSION:
            part.fault("apiVersion", _VERSION, f'"{clip(version)}"')
            continue
        kind = part.required("kind", _KINDS)
        objects.setdefault(kind, []).append((part.section("metadata").required("name", TEXT), part))
    known = _Documents(
        indicators={name: part.section("spec") for name, part in objects.get("SLI", [])},
        sources={
            name: part.section("spec").optional("type", TEXT) or "" for name, part in objects.get("DataSource", [])
        },
        sli_window=sli_window,
    )
    titles = {
        name: part.section("metadata").optional("displayName", TEXT) or name
        for name, part in objects.get("Service", [])
    }
    by_name = {service.name: service for service in services}
    for name, part in objects.get("SLO", []):
        owner = part.section("spec").required("service", TEXT)
        service = by_name.get(owner) or Service(owner, titles.get(owner, owner), (), {})
        for objective in _objectives(name, part, known):
            if any(each.slug == objective.slug for each in service.objectives):
                part.section("metadata").fault("name", f"a name that {owner} has no objective by", f'"{clip(name)}"')
            service = replace(service, objectives=(*service.objectives, objective))
        by_name[owner] = service
    return tuple(by_name.values())


def _objectives(name: str, part: Section, known: _Documents) -> Iterator[Objective]:
    spec = part.section("spec")
    indicator = _indicator(spec, known)
    method = spec.optional("budgetingMethod", choice("Occurrences", "Timeslices", "RatioTimeslices")) or "Occurrences"
    window = _window(spec)
    targets = list(spec.items("objectives"))
    if not spec.given("objectives"):
        spec.fault("objectives", "a list of one or more mappings", "nothing")
    if indicator is None:
        return
    for index, target in enumerate(targets):
        for key in ("indicator", "indicatorRef"):
            if target.given(key):
                target.fault(key, "one indicator for the whole SLO (composites can't be measured here)")
        own_name = target.optional("displayName", TEXT) or str(index + 1)
        objective = Objective(
            kind=ObjectiveKind.RATIO,
            ratio=_target(target),
            slice=known.sli_window,
            window=window,
            name=name if len(targets) == 1 else f"{name} {own_name}",
            origin=Origin.OPENSLO,
        )
        if indicator.given("thresholdMetric"):
            yield _threshold(objective, indicator, target, method, known)
        else:
            if method != "Occurrences":
                expected = "Occurrences (slices of time are judged of a thresholdMetric only)"
                spec.fault("budgetingMethod", expected, method)
            yield _ratio(objective, indicator.section("ratioMetric"), known)


def _indicator(spec: Section, known: _Documents) -> Section | None:
    """The spec of the SLI, in the SLO itself or by its name."""
    if spec.given("indicator"):
        found = spec.section("indicator").section("spec")
    elif (name := spec.required("indicatorRef", TEXT)) in known.indicators:
        found = known.indicators[name]
    else:
        spec.fault("indicatorRef", "the name of an SLI in one of the files", f'"{clip(name)}"')
        return None
    if found.given("thresholdMetric") == found.given("ratioMetric"):
        found.fault("ratioMetric", 'either "ratioMetric" or "thresholdMetric"')
        return None
    return found


def _window(spec: Section) -> timedelta | None:
    for window in spec.items("timeWindow"):
        duration = window.required("duration", DURATION)
        rolling = window.optional("isRolling", FLAG)
        if rolling is False or window.given("calendar"):
            window.fault("isRolling", "true (a budget by the calendar can't be measured here)")
        return duration
    return None


def _target(part: Section) -> float:
    share, percent = part.optional("target", between(0, 1)), part.optional("targetPercent", between(0, 100))
    if (share is None) == (percent is None):
        part.fault("target", 'either "target" or "targetPercent"', "neither" if share is None else "both")
    if percent is not None:
        return round(percent / 100, 12)
    return 0.5 if share is None else share


def _ratio(objective: Objective, metric: Section, known: _Documents) -> Objective:
    if metric.given("raw"):
        side = "good" if metric.required("rawType", choice("success", "failure")) == "success" else "bad"
        share = _query(metric.section("raw"), known)
        if WINDOW not in share:
            metric.fault("raw", "a ratio that is recorded by window, with {{.window}} in its name", f'"{clip(share)}"')
        # Spelled out for the type checker: which field it is depends on the document.
        good, bad = (share, None) if side == "good" else (None, share)
        return replace(objective, recorded=True, good=good, bad=bad)
    counter: bool | None = metric.optional("counter", FLAG)
    if metric.given("good") == metric.given("bad"):
        metric.fault("bad", 'either "good" or "bad", beside "total"', "both" if metric.given("bad") else "neither")
    if not metric.given("total"):
        metric.fault("total", "the metric of all events", "nothing")
    rates = {
        side: _rate(metric, side, _query(metric.section(side), known), counter=counter is True)
        for side in ("good", "bad", "total")
        if metric.given(side)
    }
    return replace(objective, good=rates.get("good"), bad=rates.get("bad"), total=rates.get("total", ""))


def _rate(metric: Section, side: str, query: str, *, counter: bool) -> str:
    """A rate of events holding `WINDOW`; only what a range can be put on is made into one."""
    if WINDOW in query or not query:
        return query
    plain = _COUNTER.fullmatch(query)
    if not counter or plain is None:
        expected = "a counter, sum(counter) or a query with {{.window}} as its range"
        metric.fault(side, expected if counter else f'"counter: true" with {expected}', f'"{clip(query)}"')
        return query
    return f"rate({(plain['summed'] or plain['plain']).strip()}[{WINDOW}])"


def _threshold(objective: Objective, indicator: Section, target: Section, method: str, known: _Documents) -> Objective:
    """A figure held against a limit: its budget is of time, each minute one moment."""
    sign = _SIGNS[target.required("op", choice(*_SIGNS))]
    limit = target.required("value", PLAIN_NUMBER)
    value = _query(indicator.section("thresholdMetric"), known)
    moment = objective.slice
    if method == "Timeslices":
        moment = target.required("timeSliceWindow", DURATION)
        if (target.optional("timeSliceTarget", PLAIN_NUMBER) or 1) < 1:
            target.fault("timeSliceTarget", "1 (a slice is judged by its one figure)")
    elif method != "Occurrences":
        target.fault("", "Occurrences or Timeslices for a thresholdMetric", method)
    return replace(
        objective,
        kind=ObjectiveKind.THRESHOLD,
        value=value,
        threshold=limit,
        good_while=f"{sign} {limit:.12g}",
        slice=moment,
    )


def _query(metric: Section, known: _Documents) -> str:
    source = metric.section("metricSource")
    reference = source.optional("metricSourceRef", TEXT)
    kind = source.optional("type", TEXT) or known.sources.get(reference or "", "")
    if kind and kind.lower() != "prometheus":
        source.fault("type", "a source of type Prometheus", f'"{clip(kind)}"')
    spec = source.section("spec")
    query = spec.required("promql" if spec.given("promql") else "query", TEXT)
    return _TEMPLATE.sub(WINDOW, query)
