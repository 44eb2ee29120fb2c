"""Nodes, events and autoscalers on the wire (``core/v1``, ``autoscaling/v2``): what rows and triage use."""

from __future__ import annotations

from datetime import datetime

from msgspec import field

from aurora_tui.model.wire import AnnotatedMeta, Condition, Meta, ObjectReference, Wire


class Taint(Wire):
    key: str = ""
    value: str = ""
    effect: str = ""
    time_added: datetime | None = None


class NodeSpec(Wire):
    unschedulable: bool = False
    taints: tuple[Taint, ...] | None = None


class NodeAddress(Wire):
    type: str = ""
    address: str = ""


class NodeInfo(Wire):
    kubelet_version: str = ""
    os_image: str = ""
    kernel_version: str = ""
    container_runtime_version: str = ""
    architecture: str = ""


class NodeStatus(Wire):
    """`capacity` and `allocatable` are quantities by resource, e.g. ``{"cpu": "4", "memory": "16Gi"}``."""

    conditions: tuple[Condition, ...] | None = None
    addresses: tuple[NodeAddress, ...] | None = None
    node_info: NodeInfo = NodeInfo()
    capacity: dict[str, str] | None = None
    allocatable: dict[str, str] | None = None


class Node(Wire):
    metadata: Meta = Meta()
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()


class EventSource(Wire):
    component: str = ""
    host: str = ""


class EventSeries(Wire):
    count: int = 0
    last_observed_time: datetime | None = None


class Event(Wire):
    """A ``core/v1`` event; `type` is ``Normal`` or ``Warning``. Old emitters fill the three counters of
    `first_timestamp`, `last_timestamp` and `count`, new ones `event_time` and `series`."""

    metadata: Meta = Meta()
    involved_object: ObjectReference = ObjectReference()
    type: str = ""
    reason: str = ""
    message: str = ""
    source: EventSource = EventSource()
    reporting_controller: str = field(name="reportingComponent", default="")
    reporting_instance: str = ""
    count: int = 0
    first_timestamp: datetime | None = None
    last_timestamp: datetime | None = None
    event_time: datetime | None = None
    series: EventSeries | None = None


class MetricValue(Wire):
    """A target or a reading: a quantity, a quantity a pod, or percent of the request."""

    value: str | None = None
    average_value: str | None = None
    average_utilization: int | None = None


class MetricTargetSource(Wire):
    """What is measured against what; `name` is set for resources only."""

    name: str = ""
    target: MetricValue = MetricValue()


class MetricSpec(Wire):
    """``type`` says which of the sources is set (``Resource``, ``Pods``, ``Object``, …)."""

    type: str = ""
    resource: MetricTargetSource | None = None
    container_resource: MetricTargetSource | None = None
    pods: MetricTargetSource | None = None
    object: MetricTargetSource | None = None
    external: MetricTargetSource | None = None


class MetricCurrentSource(Wire):
    name: str = ""
    current: MetricValue = MetricValue()


class MetricStatus(Wire):
    type: str = ""
    resource: MetricCurrentSource | None = None
    container_resource: MetricCurrentSource | None = None
    pods: MetricCurrentSource | None = None
    object: MetricCurrentSource | None = None
    external: MetricCurrentSource | None = None


class AutoscalerSpec(Wire):
    scale_target_ref: ObjectReference = ObjectReference()
    min_replicas: int | None = None
    max_replicas: int = 0
    metrics: tuple[MetricSpec, ...] | None = None


class AutoscalerStatus(Wire):
    observed_generation: int | None = None
    current_replicas: int = 0
    desired_replicas: int = 0
    last_scale_time: datetime | None = None
    current_metrics: tuple[MetricStatus, ...] | None = None
    conditions: tuple[Condition, ...] | None = None


class HorizontalPodAutoscaler(Wire):
    metadata: AnnotatedMeta = AnnotatedMeta()
    spec: AutoscalerSpec = AutoscalerSpec()
    status: AutoscalerStatus = AutoscalerStatus()
