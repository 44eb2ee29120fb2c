"""What the operator has in hand: an object, and the pods whose logs belong to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from aurora_tui.model import kube
from aurora_tui.model.frozen import Frozen, replace
from aurora_tui.model.placing import placed_key
from aurora_tui.model.pods import owner_workload
from aurora_tui.model.traces import short_id


class ObjectRef(Frozen):
    """One object as a pane shows it; `uid` pins it, so that a namesake made later is not taken for it.

    `context` tells it from its namesakes in other clusters; it is empty where only one is open.
    """

    kind: str
    namespace: str | None
    name: str
    uid: str = ""
    context: str = ""

    def __str__(self) -> str:
        return f"{self.kind.lower()}/{self.name}"

    @property
    def words(self) -> str:
        """The same with its context where several are open."""
        return f"{self} in {self.context}" if self.context else str(self)


def key_of(ref: ObjectRef) -> str:
    """The key of an object's row."""
    return placed_key(ref.context, f"{ref.namespace}/{ref.name}")


def runner_of(pods: Mapping[str, kube.Pod], pod: ObjectRef) -> ObjectRef | None:
    """The workload that runs a pod, by the pods' rows; None where that is not known, as of one that is gone."""
    row = pods.get(key_of(pod))
    owner = owner_workload(row) if row is not None else None
    return ObjectRef(owner[0], pod.namespace, owner[1], context=pod.context) if owner is not None else None


class ServiceRef(Frozen):
    """A service of the settings, meant by an alert or an objective of a context (empty: the only one)."""

    name: str
    context: str = ""

    def __str__(self) -> str:
        return f"service {self.name}"


class LogOrigin(StrEnum):
    """Who is asked for the lines."""

    CLUSTER = "cluster"
    ELASTICSEARCH = "elasticsearch"

    @property
    def words(self) -> str:
        return "Elasticsearch" if self is LogOrigin.ELASTICSEARCH else "the cluster"


class LogSelection(Frozen):
    """Whose logs: one pod, or all pods of a workload or Service; `since` and `until` are RFC 3339 times."""

    namespace: str
    pod: str | None = None
    workload: tuple[str, str] | None = None
    """Kind and name, e.g. ``("Deployment", "aurora-backend")``."""
    labels: tuple[tuple[str, str], ...] = ()
    """What a Service selects by, where `workload` names one."""
    container: str | None = None
    previous: bool = False
    tail: int | None = 200
    since: str | None = None
    source: LogOrigin = LogOrigin.CLUSTER
    until: str | None = None
    trace: str | None = None
    """Only the lines of this trace, of whatever pod where none is named."""
    context: str = ""
    """Whose cluster it is; empty where only one is open."""

    def wants(self, pod: kube.Pod) -> bool:
        """Whether this pod's log belongs to the selection."""
        if pod.metadata.namespace != self.namespace:
            return False
        if self.pod is not None:
            return pod.metadata.name == self.pod
        if self.labels:
            return set(self.labels) <= (pod.metadata.labels or {}).items()
        return self.workload is not None and owner_workload(pod) == self.workload

    def keeps(self, stamp: float | None, text: str) -> bool:
        """Whether a line of these pods is meant: what a source cannot choose itself is chosen by this."""
        if self.until is not None and stamp is not None and stamp > datetime.fromisoformat(self.until).timestamp():
            return False
        return self.trace is None or short_id(self.trace) in text

    def from_time(self, since: str | None) -> LogSelection:
        """The same logs from another time on; None for the newest lines."""
        return replace(self, since=since, until=None, tail=None if since else 200)

    def from_source(self, source: LogOrigin) -> LogSelection:
        """The same logs as another source has them."""
        return replace(self, source=source)

    def __str__(self) -> str:
        if self.pod is not None:
            name = f"pod/{self.pod}"
        elif self.workload is not None:
            name = f"{self.workload[0].lower()}/{self.workload[1]}"
        elif self.trace is not None:
            name = f"trace {self.trace}"
        else:
            name = self.namespace
        place = f" in {self.context}" if self.context else ""
        return f"{name}{place} (previous container)" if self.previous else f"{name}{place}"


def logs_of(ref: ObjectRef, namespace: str = "") -> LogSelection:
    """The logs of a pod, or of all pods of a workload; `namespace` is that of an object that names none."""
    place = ref.namespace or namespace
    if ref.kind == "Pod":
        return LogSelection(place, pod=ref.name, context=ref.context)
    return LogSelection(place, workload=(ref.kind, ref.name), context=ref.context)


class TraceSelection(Frozen):
    """Whose traces, and when: `service` as the settings name it, else as Jaeger does; times in epoch seconds.

    Without times it is the last hour. A `trace` alone is that one.
    """

    service: str | None
    begin: float | None = None
    end: float | None = None
    trace: str | None = None
    context: str = ""

    def __str__(self) -> str:
        return self.service or f"trace {self.trace}"
