"""The stack as the settings define it: environments, services, objectives, alert rules, capacity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

WINDOW = "$window"
"""Placeholder in a PromQL text that is replaced by a range such as ``5m`` before it is sent."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where an environment's signals live.

    Each is an ``http(s)://`` address, ``svc/NAMESPACE/NAME:PORT`` (reached through the API server's
    service proxy), ``auto`` (look for it by its usual service labels) or ``off``. Of Alertmanagers there may
    be several: of one cluster, or each by itself.
    """

    prometheus: str = "auto"
    alertmanager: tuple[str, ...] = ("auto",)
    elasticsearch: str = "auto"
    jaeger: str = "auto"


SIGNALS = ("prometheus", "alertmanager", "elasticsearch", "jaeger")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What proves who we are to a signal: names of files and environment variables, never the secret itself."""

    api_key_file: str | None = None
    api_key_env: str | None = None
    username: str | None = None
    password_file: str | None = None
    password_env: str | None = None
    token_file: str | None = None
    token_env: str | None = None
    ca_file: str | None = None
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class Environment:
    """A group of kubeconfig contexts treated alike; `contexts` are shell globs, first match wins."""

    name: str
    title: str
    contexts: tuple[str, ...]
    protected: bool
    tone: str
    """``good``, ``warn`` or ``bad``: the colour of the environment's badge, which also says its title."""
    namespace: str | None = None
    sources: Sources = field(default_factory=Sources)
    credentials: Mapping[str, Credentials] = field(default_factory=dict)
    """By signal; a signal without any is asked without."""

    def matches(self, context: str) -> bool:
        return any(fnmatchcase(context, pattern) for pattern in self.contexts)


class ObjectiveKind(StrEnum):
    AVAILABILITY = "availability"
    LATENCY = "latency"
    ERROR_RATE = "error_rate"

    @property
    def words(self) -> str:
        """As a sentence names it: ``error rate``."""
        return self.value.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Objective:
    """One service level objective.

    `good` or `bad`, and `total`, are PromQL of a *rate* of events (events a second) holding `WINDOW`;
    their ratio is held against `ratio`, the share of events that must be good (0..1, exclusive).
    `value`, where given, is the PromQL of the figure that the operator knows (seconds for a latency
    percentile) and `threshold` its limit in the same unit.
    """

    kind: ObjectiveKind
    ratio: float
    total: str
    good: str | None = None
    bad: str | None = None
    value: str | None = None
    threshold: float | None = None

    @property
    def budget(self) -> float:
        """The share of events that may be bad, 0..1."""
        return 1.0 - self.ratio


@dataclass(frozen=True, slots=True)
class Capacity:
    """Replica bounds and autoscaling targets (percent of request) that the handbook sets."""

    min_replicas: int
    max_replicas: int
    target_cpu: int | None = None
    target_memory: int | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the stack: the workloads that run it (``kind/name``) and what it promises."""

    name: str
    title: str
    workloads: tuple[str, ...]
    labels: Mapping[str, str]
    """Metric and alert labels that identify the service, e.g. ``{"job": "aurora-backend"}``."""
    objectives: tuple[Objective, ...] = ()
    capacity: Capacity | None = None
    alerts: tuple[Mapping[str, str], ...] = ()
    """Labels (their values are globs) of alerts that concern the service before all other rules; one set is enough."""


@dataclass(frozen=True, slots=True)
class AlertRule:
    """An alert as the handbook defines it; `expr` may hold `WINDOW`, `hold` is Prometheus' ``for``."""

    name: str
    expr: str
    hold: timedelta
    severity: str
    summary: str
    description: str = ""
