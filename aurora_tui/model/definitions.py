"""The stack as the settings define it: environments, services, objectives, alert rules, capacity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from msgspec import field

from aurora_tui.model.frozen import Frozen

WINDOW = "$window"
"""Placeholder in a PromQL text that is replaced by a range such as ``5m`` before it is sent."""


class Sources(Frozen):
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


class Credentials(Frozen):
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


class Environment(Frozen):
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

    def home(self, *given: str | None) -> str:
        """The namespace that is meant: the first one given, else its own, else ``default``."""
        return next(filter(None, (*given, self.namespace)), "default")

    def matches(self, context: str) -> bool:
        return any(fnmatchcase(context, pattern) for pattern in self.contexts)


class ObjectiveKind(StrEnum):
    AVAILABILITY = "availability"
    LATENCY = "latency"
    ERROR_RATE = "error_rate"
    THROUGHPUT = "throughput"
    """A floor that a rate of events must stay above; its budget is of time, not of events."""
    RATIO = "ratio"
    """A share of good events of a meaning that only its name tells, as OpenSLO, Sloth and Pyrra have them."""
    THRESHOLD = "threshold"
    """A figure of its own unit held against a limit; its budget is of time (OpenSLO's ``thresholdMetric``)."""

    @property
    def words(self) -> str:
        """As a sentence names it: ``error rate``."""
        return self.value.replace("_", " ")


class Origin(StrEnum):
    """Who defined an objective."""

    SETTINGS = "settings"
    OPENSLO = "OpenSLO"
    SLOTH = "Sloth"
    PYRRA = "Pyrra"


class Step(Frozen):
    """One step of a ladder of burn rates: both windows must burn at least `factor` times too fast."""

    severity: str
    factor: float
    """The burn rate; 1 spends the budget exactly over its window."""
    spent: float
    """The share of the whole budget (0..1) that burning at `factor` takes over the long window."""
    long: timedelta
    """Tells that it is worth somebody's time."""
    short: timedelta
    """Tells that it is still going on: once it is over, so is the alert."""

    def limit(self, objective: Objective) -> float:
        """The share of bad events (0..1) at which this step begins; above 1 it can never be reached."""
        return self.factor * objective.budget


class Objective(Frozen):
    """One service level objective, measured in one of three ways.

    - A ratio of events: `good` or `bad`, and `total`, are PromQL of a *rate* of events (events a second)
      holding `WINDOW`; the ratio of their sums is held against `ratio`.
    - A share that rules record already (`recorded`): `good` or `bad` is that series, `WINDOW` in its name.
    - A figure (`good_while`): the share of *time* in which `value` meets that comparison, as in ``> 100``.

    `ratio` is the share of events or of time that must be good (0..1, exclusive). `value` is the PromQL
    of the figure that the operator knows (seconds for a latency percentile, events a second for a
    throughput) and `threshold` its limit in the same unit.
    """

    kind: ObjectiveKind
    ratio: float
    total: str = ""
    """Empty where the events are not counted: of recorded shares and of figures."""
    good: str | None = None
    bad: str | None = None
    value: str | None = None
    threshold: float | None = None
    recorded: bool = False
    good_while: str = ""
    slice: timedelta = timedelta(minutes=5)
    """Where the budget is of time, the range of `value` at each moment; of recorded shares the range that is "now"."""
    min_traffic: float | None = None
    """Events a second below which a share says too little to be judged."""
    window: timedelta | None = None
    """What the budget covers, where it is not what the settings say for all."""
    steps: tuple[Step, ...] = ()
    """Its own ladder, where it is not the one that fits its window."""
    whole: str = ""
    """PromQL of the share of good events over the whole window, where rules record it under another name."""
    name: str = ""
    """What tells it from others of its service, where the kind does not."""
    origin: Origin = Origin.SETTINGS

    @property
    def budget(self) -> float:
        """The share of events (or of time) that may be bad, 0..1."""
        return 1.0 - self.ratio

    @property
    def slug(self) -> str:
        """What the label ``slo`` of its rules says."""
        return self.name or str(self.kind)


class Capacity(Frozen):
    """Replica bounds and autoscaling targets (percent of request) that the handbook sets."""

    min_replicas: int
    max_replicas: int
    target_cpu: int | None = None
    target_memory: int | None = None


class Service(Frozen):
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
    traces: str | None = None
    """Its name in Jaeger, where that is not its first workload's."""
    depends_on: tuple[str, ...] = ()
    """The services that it cannot do its work without."""

    @property
    def traced_as(self) -> str:
        """What it is called in Jaeger."""
        return self.traces or next((workload.partition("/")[2] for workload in self.workloads), self.name)


def leaning(services: Iterable[Service], name: str) -> tuple[str, ...]:
    """The services that one cannot do without, the nearest first."""
    known = {each.name: each for each in services}
    found: list[str] = []
    waiting = [name]
    while waiting:
        service = known.get(waiting.pop(0))
        for other in service.depends_on if service is not None else ():
            if other in known and other not in found and other != name:
                found.append(other)
                waiting.append(other)
    return tuple(found)


class AlertRule(Frozen):
    """An alert as the handbook defines it; `expr` may hold `WINDOW`, `hold` is Prometheus' ``for``."""

    name: str
    expr: str
    hold: timedelta
    severity: str
    summary: str
    description: str = ""
