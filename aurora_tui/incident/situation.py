"""The situation: everything that is known about a service in trouble at one moment, frozen, for analyzers to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from typing import Any

import msgspec
from msgspec import field

from aurora_tui.model import kube
from aurora_tui.model.alerts import Alert, AlertState, worst_first
from aurora_tui.model.belonging import Listed, belonging
from aurora_tui.model.changes import Change
from aurora_tui.model.definitions import Service, leaning
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.loglines import LogLine
from aurora_tui.model.pod_trouble import is_ready
from aurora_tui.model.pods import owner_workload
from aurora_tui.model.raw import section, sections
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.slo import SloReading, SloState
from aurora_tui.model.thresholds import Thresholds
from aurora_tui.model.trace_rows import TraceRow

Object = Mapping[str, Any]
RUNNING_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Rollout", "ReplicaSet", "CronJob", "Job")
"""What runs pods, as the settings may name it."""
_HOLDS = frozenset({AlertState.FIRING, AlertState.SILENCED, AlertState.INHIBITED})
"""The states of an alert whose condition holds, whether or not anybody is paged for it."""


class Part(StrEnum):
    """What a situation is read from; each part comes, or fails, by itself."""

    OBJECTS = "objects"
    CHANGES = "changes"
    LOGS = "logs"
    METRICS = "metrics"
    TRACES = "traces"


class Subject(Frozen):
    """What the operator has in hand; `onset` in seconds since the epoch, None where nothing is known to be wrong."""

    namespace: str
    service: str | None = None
    ref: ObjectRef | None = None
    """What runs the service, or what the alert names."""
    onset: float | None = None
    alert: str = ""
    """The alert's name."""
    fingerprint: str = ""
    """The alert's, where no service tells which others it is seen together with."""

    def __str__(self) -> str:
        return str(self.ref or (f"service {self.service}" if self.service else f"ns {self.namespace}"))


class ContainerLog(Frozen):
    """The newest lines of one container, or of its run before (`previous`)."""

    pod: str
    container: str
    lines: tuple[LogLine, ...]
    previous: bool = False
    gone: bool = False
    """Its pod is no more: what Elasticsearch has of it."""


class Load(Frozen):
    """What a pod uses: cores and bytes, and what it may; None where that is not known or there is no limit."""

    pod: str
    namespace: str
    node: str = ""
    cpu: float | None = None
    cpu_limit: float | None = None
    memory: float | None = None
    memory_limit: float | None = None


class Pool(Frozen):
    """A pool of connections of a pod: how many are in use of how many, and how many requests wait for one."""

    pod: str
    name: str
    used: float
    most: float
    waiting: float = 0.0

    @property
    def used_up(self) -> bool:
        """Whether requests have to wait because all are in use."""
        return self.used >= self.most > 0 and self.waiting > 0

    @property
    def words(self) -> str:
        wait = f", {self.waiting:.0f} wait" if self.waiting else ""
        return f"{self.used:.0f} of {self.most:.0f} in use{wait}"


class Figures(Frozen):
    """What Prometheus tells of each pod by its name: shares 0..1, seconds."""

    errors: Mapping[str, float] = field(default_factory=dict)
    """The share of a pod's answers that failed."""
    latency: Mapping[str, float] = field(default_factory=dict)
    throttled: Mapping[str, float] = field(default_factory=dict)
    """The share of its periods in which a pod was held back (CFS)."""
    expiries: Mapping[str, float] = field(default_factory=dict)
    """What ends when, in seconds since the epoch: certificates by their names, probed addresses."""
    cores: tuple[Load, ...] = ()
    """The pods of all namespaces that used most CPU of late, those that have ended since as well."""
    pools: tuple[Pool, ...] = ()
    """The pools of connections of the namespace's pods, where they are exported."""
    affected: float | None = None
    """Requests that failed since the onset."""
    requests: float | None = None
    """All requests since the onset."""


class Situation(Frozen, dict=True):
    """Read only; what is derived is reckoned once. `parts` say of each part that was read what kept it from being
    whole (empty: nothing); a part that is missing there is still being read."""

    now: float
    subject: Subject
    limits: Thresholds = field(default_factory=Thresholds)
    services: tuple[Service, ...] = ()
    listed: Listed = field(default_factory=dict)
    """Raw objects of the namespace, and nodes, by their kind."""
    changes: tuple[Change, ...] = ()
    """Nearest to the onset first."""
    logs: tuple[ContainerLog, ...] = ()
    loads: tuple[Load, ...] = ()
    figures: Figures = field(default_factory=Figures)
    traces: tuple[TraceRow, ...] = ()
    slos: tuple[SloReading, ...] = ()
    alerts: tuple[Alert, ...] = ()
    parts: Mapping[Part, str] = field(default_factory=dict)
    sli_window: float = 300.0
    """Over how many seconds alerts and objectives look back."""

    @property
    def onset(self) -> float | None:
        return self.subject.onset

    @cached_property
    def pods(self) -> tuple[kube.Pod, ...]:
        return tuple(msgspec.convert(item, kube.Pod, strict=False) for item in self.listed.get("Pod", ()))

    @cached_property
    def nodes(self) -> tuple[kube.Node, ...]:
        return tuple(msgspec.convert(item, kube.Node, strict=False) for item in self.listed.get("Node", ()))

    @cached_property
    def events(self) -> tuple[kube.Event, ...]:
        return tuple(msgspec.convert(item, kube.Event, strict=False) for item in self.listed.get("Event", ()))

    def raw(self, ref: ObjectRef) -> Object | None:
        """An object as the server sent it."""
        return next((each for each in self.listed.get(ref.kind, ()) if each["metadata"]["name"] == ref.name), None)

    def runner(self, pod: kube.Pod) -> ObjectRef:
        """What runs a pod: a CronJob for the pods of its Jobs, the pod itself where nothing does."""
        meta = pod.metadata
        kind, name = owner_workload(pod) or ("Pod", meta.name)
        if kind == "Job":
            job = self.raw(ObjectRef("Job", meta.namespace, name))
            owners = sections(job or {}, "metadata", "ownerReferences")
            kind, name = next(((o["kind"], o["name"]) for o in owners if o.get("kind") == "CronJob"), (kind, name))
        return ObjectRef(kind, meta.namespace, name)

    @cached_property
    def _by_runner(self) -> Mapping[ObjectRef, tuple[kube.Pod, ...]]:
        found: dict[ObjectRef, list[kube.Pod]] = {}
        for pod in self.pods:
            found.setdefault(self.runner(pod), []).append(pod)
        return {ref: tuple(pods) for ref, pods in found.items()}

    def pods_of(self, ref: ObjectRef) -> tuple[kube.Pod, ...]:
        return self._by_runner.get(ObjectRef(ref.kind, ref.namespace, ref.name), ())

    def running(self) -> Iterator[tuple[ObjectRef, tuple[kube.Pod, ...]]]:
        """Whatever runs pods, with them."""
        yield from self._by_runner.items()

    def service_of(self, ref: ObjectRef) -> Service | None:
        """The service of the settings that something runs."""
        return next((each for each in self.services if str(ref) in each.workloads), None)

    def workload_of(self, name: str) -> ObjectRef | None:
        """What runs a service of the settings, of those that are there; the first that they name else."""
        service = next((each for each in self.services if each.name == name), None)
        refs = [self._ref(each) for each in service.workloads] if service is not None else []
        there = [ref for ref in refs if self.raw(ref) is not None]
        return next(iter([*there, *refs]), None)

    def _ref(self, workload: str) -> ObjectRef:
        kind, _, name = workload.partition("/")
        proper = next((each for each in RUNNING_KINDS if each.lower() == kind), kind)
        return ObjectRef(proper, self.subject.namespace, name)

    @cached_property
    def leans_on(self) -> tuple[str, ...]:
        """The services that the one in hand cannot do without, the nearest first."""
        return leaning(self.services, self.subject.service or "")

    @cached_property
    def own(self) -> ObjectRef | None:
        """The workload in hand, without a uid."""
        ref = self.subject.ref
        return None if ref is None else ObjectRef(ref.kind, ref.namespace, ref.name)

    @cached_property
    def concerned(self) -> tuple[ObjectRef, ...]:
        """The workload in hand, and those of the services that it leans on."""
        others = (self.workload_of(name) for name in self.leans_on)
        return tuple(dict.fromkeys(ref for ref in (self.own, *others) if ref is not None))

    @cached_property
    def belongings(self) -> Mapping[ObjectRef, frozenset[tuple[str, str]]]:
        """Kind and name of all that belongs to each of those."""
        return {ref: belonging(ref, self.listed) for ref in self.concerned}

    def owner(self, ref: ObjectRef) -> ObjectRef | None:
        """Which of those something belongs to."""
        return next((each for each, own in self.belongings.items() if (ref.kind, ref.name) in own), None)

    def ails(self, service: str | None) -> tuple[str, ...]:
        """What says that a service's users are served badly: its alerts that fire, its objectives that are missed."""
        alerts = [
            f"{alert.name} fires"
            for alert in sorted(self.alerts, key=worst_first)
            if alert.service == service and service is not None and alert.state in _HOLDS
        ]
        slos = [
            f"{each.words} {each.value_text}, target {each.target_text}"
            for each in self.slos
            if each.service == service and each.state is SloState.BURNING and not each.of_demand
        ]
        return tuple(dict.fromkeys((*alerts, *slos)))

    @cached_property
    def in_trouble(self) -> bool:
        """Whether what is in hand does badly, by an alert or an objective."""
        return self.onset is not None and (bool(self.subject.alert) or bool(self.ails(self.subject.service)))

    def desired(self, ref: ObjectRef) -> int | None:
        """How many pods a workload wants; None where nothing says it."""
        item = self.raw(ref)
        if item is None:
            return None
        if ref.kind == "DaemonSet":
            return int(section(item, "status").get("desiredNumberScheduled") or 0)
        replicas = section(item, "spec").get("replicas", 1)
        return int(replicas) if isinstance(replicas, int) else None

    def ready(self, ref: ObjectRef) -> int:
        return sum(map(is_ready, self.pods_of(ref)))

    def serves(self, ref: ObjectRef) -> bool:
        """Whether all pods that a workload wants are ready."""
        wanted = self.desired(ref)
        return wanted is not None and self.ready(ref) >= wanted

    def log_of(self, pod: str, *, previous: bool | None = None) -> Sequence[LogLine]:
        """The lines that were read of a pod, of both runs unless told."""
        return [line for log in self.logs if log.pod == pod and previous in (None, log.previous) for line in log.lines]

    def lines_of(self, ref: ObjectRef) -> Iterator[LogLine]:
        """The lines of a workload's runs as they are, and of pods that it had before as far as they were read."""
        names = {pod.metadata.name for pod in self.pods_of(ref)}
        for log in self.logs:
            if not log.previous and (log.pod in names or (log.gone and ref == self.own)):
                yield from log.lines

    def gap(self, at: float) -> float | None:
        """How long before the onset something was; negative after it."""
        return None if self.onset is None else self.onset - at

    def onset_after(self, at: float, within: float) -> float | None:
        """The onset that something at a time may have brought about, at most so many seconds before it; None for none.

        Trouble upon trouble is one stretch for its objective, and its onset the first one's: what a later alert
        began by is told by that alert's own time.
        """
        own = (each.since for each in self.alerts if each.service == self.subject.service and each.state in _HOLDS)
        onsets = [each for each in (self.onset, *own) if each is not None]
        near = [each for each in onsets if -self.limits.late_by <= each - at <= within]
        return min(near, key=lambda each: abs(each - at), default=None)
