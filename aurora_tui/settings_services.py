"""The services of the settings: what runs them, how they are recognised, what they promise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from difflib import get_close_matches

from aurora_tui.model.definitions import WINDOW, Capacity, Objective, ObjectiveKind, Service
from aurora_tui.settings_kinds import (
    DURATION,
    LABEL_GLOBS,
    PERCENT,
    SHARE,
    TEXT,
    TEXT_BY_NAME,
    TEXTS,
    WORKLOADS,
    Section,
    whole,
)
from aurora_tui.settings_numbers import RATE
from aurora_tui.settings_tree import clip

KINDS = (ObjectiveKind.AVAILABILITY, ObjectiveKind.LATENCY, ObjectiveKind.ERROR_RATE, ObjectiveKind.THROUGHPUT)
"""The objectives that a service of the settings may have, each once."""
_BUCKET = "$bucket"


def service(name: str, part: Section, sli_window: timedelta) -> Service:
    """One entry of ``services``."""
    objectives = part.section("objectives")
    given = [(kind, objectives.section_if_given(kind)) for kind in KINDS]
    objectives.finish()
    capacity = part.section_if_given("capacity")
    found = Service(
        name=name,
        title=part.optional("title", TEXT) or name,
        workloads=part.required("workloads", WORKLOADS),
        labels=part.optional("labels", TEXT_BY_NAME) or {},
        objectives=tuple(_objective(kind, section, sli_window) for kind, section in given if section),
        capacity=_capacity(capacity) if capacity else None,
        alerts=part.optional("alerts", LABEL_GLOBS) or (),
        traces=part.optional("traces", TEXT),
        depends_on=part.optional("depends_on", TEXTS) or (),
    )
    part.finish()
    return found


def check_dependencies(services: Sequence[Service], part: Section) -> None:
    """Report a service that leans on itself, or on a misspelt one; one that the user has removed is no fault."""
    names = {each.name for each in services}
    for each in services:
        others = names - {each.name}
        for name in each.depends_on:
            near = get_close_matches(name, others, n=1, cutoff=0.6)
            if name == each.name or (name not in names and near):
                hint = f' (did you mean "{near[0]}"?)' if near else ""
                known = f"names of other services ({', '.join(sorted(others)) or 'none'})"
                part.section(each.name).fault("depends_on", known, f'"{name}"{hint}')


def _capacity(part: Section) -> Capacity:
    capacity = Capacity(
        min_replicas=part.required("min_replicas", whole(0, 100_000)),
        max_replicas=part.required("max_replicas", whole(1, 100_000)),
        target_cpu=part.optional("target_cpu", PERCENT),
        target_memory=part.optional("target_memory", PERCENT),
    )
    least, most = capacity.min_replicas, capacity.max_replicas
    if least > most:
        part.fault("max_replicas", f"at least min_replicas ({least})", str(most))
    part.finish()
    return capacity


def _objective(kind: ObjectiveKind, part: Section, sli_window: timedelta) -> Objective:
    if kind is ObjectiveKind.THROUGHPUT:
        return _throughput(part, sli_window)
    ratio, window = _ratio(part), part.optional("window", DURATION)
    recorded = part.section_if_given("recorded")
    threshold = part.optional("threshold", DURATION)
    shares = recorded or part
    queries = {name: _query(shares, name, threshold) for name in ("good", "bad")}
    queries |= {name: _query(part, name, threshold) for name in ("total", "value")}
    if (queries["good"] is None) == (queries["bad"] is None):
        what = "a share" if recorded else "a rate of events"
        shares.fault("bad", f'either "good" or "bad", {what}', _count(queries["bad"]))
    least = part.optional("min_traffic", RATE)
    if queries["total"] is None and (recorded is None or least is not None):
        part.fault("total", "the PromQL of the rate of all events", "nothing")
    if kind is ObjectiveKind.LATENCY and threshold is None:
        part.fault("threshold", DURATION.expected, "nothing")
    if recorded is not None:
        recorded.finish()
        for name in ("good", "bad"):
            part.given(name)  # the shipped ones, whose place it takes
    part.finish()
    return Objective(
        kind=kind,
        ratio=ratio,
        total=queries["total"] or "",
        good=queries["good"],
        bad=queries["bad"],
        value=queries["value"],
        threshold=None if threshold is None else threshold.total_seconds(),
        recorded=recorded is not None,
        slice=sli_window,
        min_traffic=least,
        window=window,
    )


def _throughput(part: Section, sli_window: timedelta) -> Objective:
    ratio, window = _ratio(part), part.optional("window", DURATION)
    floor = part.required("floor", RATE)
    total = _query(part, "total", None)
    if total is None:
        part.fault("total", "the PromQL of the rate of all events", "nothing")
    part.finish()
    return Objective(
        kind=ObjectiveKind.THROUGHPUT,
        ratio=ratio,
        value=total,
        threshold=floor,
        good_while=f"> {floor:.12g}",
        slice=sli_window,
        window=window,
    )


def _ratio(part: Section) -> float:
    objective, limit = part.optional("objective", SHARE), part.optional("limit", SHARE)
    if (objective is None) == (limit is None):
        part.fault("limit", 'either "objective" (the good share) or "limit" (the bad share)', _count(limit))
    return objective if objective is not None else round(1 - (limit or 0.5), 12)


def _count(second: object) -> str:
    return "both" if second is not None else "neither"


def _query(part: Section, name: str, threshold: timedelta | None) -> str | None:
    query = part.optional(name, TEXT)
    if query is None:
        return None
    if WINDOW not in query:
        part.fault(name, f"a query with {WINDOW} as its range, as in rate(x[{WINDOW}])", f'"{clip(query)}"')
    if _BUCKET in query:
        if threshold is None:
            part.fault(name, f'a "threshold" for {_BUCKET}', "none")
        else:
            query = query.replace(_BUCKET, _bucket(threshold.total_seconds()))
    return query


def _bucket(seconds: float) -> str:
    """The `le` label of a bucket as a regular expression inside a PromQL string.

    Prometheus 3 stores a whole bound as ``2.0``, version 2 as the client sent it, ``2``
    (https://prometheus.io/docs/prometheus/latest/migration/).
    """
    text = f"{seconds:g}"
    return text.replace(".", r"\\.") if "." in text else text + r"(\\.0)?"
