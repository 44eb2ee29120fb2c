"""What labels lead to: the service that they concern, or the object that they name, and by which rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from aurora_tui.model.definitions import Service
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.selection import ObjectRef

_WORKLOAD_LABELS = (
    "deployment",
    "statefulset",
    "daemonset",
    "workload",
    "app",
    "app_kubernetes_io_name",
    "container",
    "job_name",
    "job",
)
_KINDS = {
    "pod": "Pod",
    "deployment": "Deployment",
    "statefulset": "StatefulSet",
    "daemonset": "DaemonSet",
    "cronjob": "CronJob",
    "job_name": "Job",
    "horizontalpodautoscaler": "HorizontalPodAutoscaler",
}
"""The labels of kube-state-metrics and cAdvisor that name an object, the most exact first.

A Job is ``job_name`` there, because ``job`` is the scrape job
(kube-state-metrics, docs/metrics/workload/job-metrics.md).
"""
_WORKLOAD_TYPES = {"deployment": "Deployment", "statefulset": "StatefulSet", "daemonset": "DaemonSet"}
"""What ``workload_type`` says beside ``workload`` in the recording rules of kubernetes-mixin."""


class Link(Frozen):
    """The service that something concerns, and the rule that says so, in words: ``labels job=aurora-backend``."""

    service: str | None
    rule: str = ""


NO_LINK = Link(None)


def link_of(labels: Mapping[str, str], services: Iterable[Service]) -> Link:
    """The service that labels concern; `NO_LINK` where nothing tells.

    First a service whose settings name such labels (``services.NAME.alerts``), then the one all of whose
    identifying labels are there, then a label `service` (or Sloth's), then a label that holds the name of a
    workload, or of a pod of one.
    """
    services = tuple(services)
    for service in services:
        for wanted in service.alerts:
            if all(fnmatchcase(labels.get(name, ""), glob) for name, glob in wanted.items()):
                return Link(service.name, f"services.{service.name}.alerts {_pairs(wanted)}")
    for service in services:
        if service.labels and service.labels.items() <= labels.items():
            return Link(service.name, f"labels {_pairs(service.labels)}")
    workloads = {workload.partition("/")[2]: service.name for service in services for workload in service.workloads}
    names = {service.name: service.name for service in services}
    for label in ("service", "sloth_service"):
        if found := (workloads | names).get(named := labels.get(label, "")):
            return Link(found, f"label {label}={named}")
    for label in _WORKLOAD_LABELS:
        if found := workloads.get(labels.get(label, "")):
            return Link(found, f"label {label}={labels[label]}")
    pod = labels.get("pod", "")
    owners = [workload for workload in workloads if pod.startswith(f"{workload}-")]
    return Link(workloads[max(owners, key=len)], f"label pod={pod}") if owners else NO_LINK


def service_of(labels: Mapping[str, str], services: Iterable[Service]) -> str | None:
    """The name of the service that labels concern; None where nothing tells."""
    return link_of(labels, services).service


class Named(Frozen):
    """The object that labels name, and the label that does."""

    ref: ObjectRef
    rule: str


def object_of(labels: Mapping[str, str]) -> Named | None:
    """The object that labels name, as far as they name one, and the rule; for what no service of the settings owns."""
    namespace = labels.get("namespace", "")
    if namespace and (kind := _WORKLOAD_TYPES.get(labels.get("workload_type", ""))) and labels.get("workload"):
        return Named(ObjectRef(kind, namespace, labels["workload"]), f"label workload={labels['workload']}")
    for label, kind in _KINDS.items():
        if namespace and (name := labels.get(label)):
            return Named(ObjectRef(kind, namespace, name), f"label {label}={name}")
    if node := labels.get("node"):
        return Named(ObjectRef("Node", None, node), f"label node={node}")
    return None


def _pairs(labels: Mapping[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in sorted(labels.items()))
