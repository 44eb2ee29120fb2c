"""What the settings may hold: the merged tree becomes environments, services, alert rules, policies …"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from aurora_tui.model.definitions import (
    WINDOW,
    AlertRule,
    Capacity,
    Environment,
    Objective,
    ObjectiveKind,
    Service,
    Sources,
)
from aurora_tui.model.logfields import LogStore
from aurora_tui.model.policies import Policy
from aurora_tui.settings_kinds import (
    DURATION,
    FLAG,
    GLOBS,
    LABEL_GLOBS,
    NUMBER,
    PERCENT,
    SHARE,
    SOURCE,
    SOURCES,
    TEXT,
    TEXT_BY_NAME,
    TEXTS,
    WORKLOADS,
    Section,
    choice,
    whole,
)
from aurora_tui.settings_logs import credentials, log_store
from aurora_tui.settings_policies import policy
from aurora_tui.settings_tree import clip

_BUCKET = "$bucket"
_THRESHOLD = "$threshold"
_FAVOURITES = 9  # the keys 1 to 9


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the program is told by files. Spans are timedeltas; shares 0..1."""

    environments: tuple[Environment, ...]
    services: tuple[Service, ...]
    alerts: tuple[AlertRule, ...]
    policies: tuple[Policy, ...]
    """The rules for changes, all that match an action count."""
    sli_window: timedelta
    """The range that the current value of an SLI is taken over."""
    budget_window: timedelta
    """The range that an error budget covers."""
    verify_window: timedelta
    """The range for watching an SLI recover after an action."""
    signal_interval: timedelta
    """How often the sources of signals are asked."""
    namespaces: tuple[str, ...]
    """Favourites, reached by the keys 1 to 9."""
    keys: Mapping[str, str]
    """The user's keymap: id of a binding -> its keys, comma-separated."""
    theme: str
    log_lines: int
    """How many lines a log buffer holds before it drops the oldest."""
    read_only: bool
    logs: LogStore
    """Where Elasticsearch keeps logs."""

    def environment(self, context: str) -> Environment:
        """The environment of a kubeconfig context, the first whose globs match; else one titled UNLISTED."""
        for environment in self.environments:
            if environment.matches(context):
                return environment
        return Environment("unlisted", "UNLISTED", ("*",), protected=False, tone="warn")


def build(root: Section) -> Settings:
    """Read the whole tree. The result may only be used if `root` has reported no fault."""
    signals = root.section("signals")
    environments = root.section("environments")
    settings = Settings(
        environments=tuple(_environment(name, part) for name, part in environments.sections()),
        services=tuple(_service(name, part) for name, part in root.section("services").sections()),
        alerts=tuple(_alert(name, part) for name, part in root.section("alerts").sections()),
        policies=tuple(policy(name, part) for name, part in root.section("policies").sections()),
        sli_window=signals.required("sli_window", DURATION),
        budget_window=signals.required("budget_window", DURATION),
        verify_window=signals.required("verify_window", DURATION),
        signal_interval=signals.required("interval", DURATION),
        namespaces=root.optional("namespaces", TEXTS) or (),
        keys=root.optional("keys", TEXT_BY_NAME) or {},
        theme=root.required("theme", TEXT),
        log_lines=root.required("log_lines", whole(100, 1_000_000)),
        read_only=root.required("read_only", FLAG),
        logs=log_store(root.section("logs")),
    )
    if len(settings.namespaces) > _FAVOURITES:
        root.fault("namespaces", f"at most {_FAVOURITES} favourites", f"{len(settings.namespaces)}")
    signals.finish()
    root.finish()
    return settings


def _environment(name: str, part: Section) -> Environment:
    sources = part.section("sources")
    defaults = Sources()
    environment = Environment(
        name=name,
        title=part.optional("title", TEXT) or name.upper(),
        contexts=part.required("contexts", GLOBS),
        protected=part.required("protected", FLAG),
        tone=part.optional("tone", choice("good", "warn", "bad")) or "warn",
        namespace=part.optional("namespace", TEXT),
        sources=Sources(
            prometheus=sources.optional("prometheus", SOURCE) or defaults.prometheus,
            alertmanager=sources.optional("alertmanager", SOURCES) or defaults.alertmanager,
            elasticsearch=sources.optional("elasticsearch", SOURCE) or defaults.elasticsearch,
            jaeger=sources.optional("jaeger", SOURCE) or defaults.jaeger,
        ),
        credentials=credentials(part.section("credentials")),
    )
    sources.finish()
    part.finish()
    return environment


def _service(name: str, part: Section) -> Service:
    objectives = part.section("objectives")
    given = [(kind, objectives.section_if_given(kind)) for kind in ObjectiveKind]
    objectives.finish()
    capacity = part.section_if_given("capacity")
    service = Service(
        name=name,
        title=part.optional("title", TEXT) or name,
        workloads=part.required("workloads", WORKLOADS),
        labels=part.optional("labels", TEXT_BY_NAME) or {},
        objectives=tuple(_objective(kind, section) for kind, section in given if section),
        capacity=_capacity(capacity) if capacity else None,
        alerts=part.optional("alerts", LABEL_GLOBS) or (),
    )
    part.finish()
    return service


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


def _objective(kind: ObjectiveKind, part: Section) -> Objective:
    objective, limit = part.optional("objective", SHARE), part.optional("limit", SHARE)
    threshold = part.optional("threshold", DURATION)
    queries = {name: _query(part, name, threshold) for name in ("good", "bad", "total", "value")}
    if (objective is None) == (limit is None):
        part.fault("limit", 'either "objective" (the good share) or "limit" (the bad share)', _count(limit))
    if (queries["good"] is None) == (queries["bad"] is None):
        part.fault("bad", 'either "good" or "bad", a rate of events', _count(queries["bad"]))
    if queries["total"] is None:
        part.fault("total", "the PromQL of the rate of all events", "nothing")
    if kind is ObjectiveKind.LATENCY and threshold is None:
        part.fault("threshold", DURATION.expected, "nothing")
    part.finish()
    return Objective(
        kind=kind,
        ratio=objective if objective is not None else round(1 - (limit or 0.5), 12),
        total=queries["total"] or "",
        good=queries["good"],
        bad=queries["bad"],
        value=queries["value"],
        threshold=None if threshold is None else threshold.total_seconds(),
    )


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


def _alert(name: str, part: Section) -> AlertRule:
    expr = part.required("expr", TEXT)
    threshold = part.optional("threshold", NUMBER)
    if _THRESHOLD in expr and threshold is None:
        part.fault("threshold", NUMBER.expected, "nothing")
    rule = AlertRule(
        name=name,
        expr=expr if threshold is None else expr.replace(_THRESHOLD, f"{threshold:g}"),
        hold=part.required("for", DURATION),
        severity=part.required("severity", choice("critical", "warning", "info")),
        summary=part.required("summary", TEXT),
        description=part.optional("description", TEXT) or "",
    )
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        part.fault("", "an alert name of letters, digits and _", f'"{name}"')
    part.finish()
    return rule
