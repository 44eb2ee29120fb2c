"""Pods and their usage on the wire (``core/v1``, ``metrics.k8s.io/v1beta1``): what rows and triage use."""

from __future__ import annotations

from datetime import datetime

from msgspec import field

from aurora_tui.model.wire import AnnotatedMeta, Condition, Meta, Wire


class Container(Wire):
    """A container of a pod or template; `restart_policy` is ``Always`` for a restartable init container."""

    name: str = ""
    image: str = ""
    restart_policy: str | None = None


class ReadinessGate(Wire):
    condition_type: str = ""


class PodSpec(Wire):
    node_name: str = ""
    containers: tuple[Container, ...] | None = None
    init_containers: tuple[Container, ...] | None = None
    readiness_gates: tuple[ReadinessGate, ...] | None = None


class Waiting(Wire):
    reason: str = ""
    message: str = ""


class Running(Wire):
    started_at: datetime | None = None


class Terminated(Wire):
    exit_code: int = 0
    signal: int = 0
    reason: str = ""
    message: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None


class ContainerState(Wire):
    """Exactly one is set; all absent means that the container waits for no known reason."""

    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Wire):
    name: str = ""
    ready: bool = False
    started: bool | None = None
    restart_count: int = 0
    state: ContainerState | None = None
    last_state: ContainerState | None = None


class PodStatus(Wire):
    phase: str = ""
    reason: str = ""
    message: str = ""
    nominated_node_name: str = ""
    pod_ip: str = field(name="podIP", default="")
    start_time: datetime | None = None
    conditions: tuple[Condition, ...] | None = None
    init_container_statuses: tuple[ContainerStatus, ...] | None = None
    container_statuses: tuple[ContainerStatus, ...] | None = None


class Pod(Wire):
    metadata: Meta = Meta()
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


class TemplateSpec(Wire):
    containers: tuple[Container, ...] | None = None
    init_containers: tuple[Container, ...] | None = None
    node_selector: dict[str, str] | None = None


class PodTemplate(Wire):
    """The pod that a workload makes: its labels and annotations (``restartedAt``) and its images."""

    metadata: AnnotatedMeta | None = None
    spec: TemplateSpec = TemplateSpec()


class ContainerMetrics(Wire):
    """A container's use; quantities as sent, e.g. ``{"cpu": "1043912n", "memory": "8120Ki"}``."""

    name: str = ""
    usage: dict[str, str] | None = None


class PodMetrics(Wire):
    metadata: Meta = Meta()
    timestamp: datetime | None = None
    window: str = ""
    containers: tuple[ContainerMetrics, ...] | None = None


class NodeMetrics(Wire):
    metadata: Meta = Meta()
    timestamp: datetime | None = None
    window: str = ""
    usage: dict[str, str] | None = None
