"""The views of the objects pane and of ``get``: which table, which columns, what the keys may do there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aurora_tui.model import argo_rows, batch, configmaps, events, hpas, nodes, pods, services, workloads
from aurora_tui.model.columns import Column
from aurora_tui.model.frozen import Frozen


class View(Frozen):
    """One kind of object as a list. `names` are what commands call it, kubectl's short names among them."""

    title: str
    kind: str
    table: str
    columns: tuple[Column[Any], ...]
    names: tuple[str, ...]
    faulty: Callable[[Any, float], bool] | None = None
    namespaced: bool = True
    workload: bool = False
    """Runs pods, which drilling in shows."""
    keys: frozenset[str] = frozenset()
    """What the keys may do to a row: actions of the app, or what ``act`` is asked for."""
    extra: tuple[str, ...] = ()
    """Wide columns that the pane shows where there is room."""


_LOGS = frozenset({"traces", "logs", "previous_logs"})
_ROLLING = frozenset({"restart", "undo", "rollout", "set_image"})


PODS = View(
    "Pods",
    "Pod",
    "pods",
    pods.COLUMNS,
    ("pods", "pod", "po"),
    pods.faulty,
    keys=_LOGS | _ROLLING | {"shell", "delete", "kill", "evict"},
    extra=("NODE",),
)
DEPLOYMENTS = View(
    "Deployments",
    "Deployment",
    "deployments",
    workloads.DEPLOYMENT_COLUMNS,
    ("deployments", "deployment", "deploy", "dp"),
    workloads.faulty,
    workload=True,
    keys=_LOGS | _ROLLING | {"scale", "canary"},
    extra=("IMAGES",),
)
STATEFULSETS = View(
    "StatefulSets",
    "StatefulSet",
    "statefulsets",
    workloads.STATEFUL_SET_COLUMNS,
    ("statefulsets", "statefulset", "sts"),
    workloads.faulty,
    workload=True,
    keys=_LOGS | _ROLLING | {"scale"},
    extra=("IMAGES",),
)
DAEMONSETS = View(
    "DaemonSets",
    "DaemonSet",
    "daemonsets",
    workloads.DAEMON_SET_COLUMNS,
    ("daemonsets", "daemonset", "ds"),
    workloads.faulty,
    workload=True,
    keys=_LOGS | _ROLLING,
    extra=("IMAGES",),
)
REPLICASETS = View(
    "ReplicaSets",
    "ReplicaSet",
    "replicasets",
    workloads.REPLICA_SET_COLUMNS,
    ("replicasets", "replicaset", "rs"),
    workloads.faulty,
    extra=("IMAGES",),
)
JOBS = View("Jobs", "Job", "jobs", batch.JOB_COLUMNS, ("jobs", "job"), batch.faulty)
CRONJOBS = View(
    "CronJobs",
    "CronJob",
    "cronjobs",
    batch.CRON_JOB_COLUMNS,
    ("cronjobs", "cronjob", "cj"),
    keys=frozenset({"trigger", "suspend"}),
)
HPAS = View(
    "Autoscalers",
    "HorizontalPodAutoscaler",
    "horizontalpodautoscalers",
    hpas.COLUMNS,
    ("hpas", "hpa", "horizontalpodautoscalers", "horizontalpodautoscaler"),
    hpas.faulty,
)
NODES = View(
    "Nodes",
    "Node",
    "nodes",
    nodes.COLUMNS,
    ("nodes", "node", "no"),
    nodes.faulty,
    namespaced=False,
    keys=frozenset({"cordon", "uncordon", "drain"}),
)
EVENTS = View("Events", "Event", "events", events.COLUMNS, ("events", "event", "ev"), events.faulty)
SERVICES = View(
    "Services",
    "Service",
    "services",
    services.COLUMNS,
    ("services", "service", "svc"),
    keys=frozenset({"logs", "switch"}),
    extra=("SELECTOR",),
)
CONFIGMAPS = View(
    "ConfigMaps",
    "ConfigMap",
    "configmaps",
    configmaps.COLUMNS,
    ("configmaps", "configmap", "cm"),
    keys=frozenset({"set_flag"}),
)

ROLLOUTS = View(
    "Rollouts",
    "Rollout",
    "rollouts",
    argo_rows.COLUMNS,
    ("rollouts", "rollout", "ro"),
    argo_rows.faulty,
    workload=True,
    keys=_LOGS | _ROLLING | {"scale", "promote", "promote full", "abort", "retry"},
)

VIEWS = (
    PODS, DEPLOYMENTS, STATEFULSETS, DAEMONSETS, REPLICASETS, JOBS, CRONJOBS, HPAS, NODES, EVENTS,
    SERVICES, CONFIGMAPS, ROLLOUTS,
)  # fmt: skip
WORKLOADS = (DEPLOYMENTS, STATEFULSETS, DAEMONSETS)
ROW_KEYS = frozenset().union(*(view.keys for view in VIEWS))
"""Everything that the keys may do to a row of some view."""


def of_kind(kind: str) -> View | None:
    """The view that lists a kind, written as the API or as ``kind/name`` references write it."""
    return next((view for view in VIEWS if view.kind.lower() == kind.lower()), None)


def named(name: str) -> View | None:
    """The view that a command or ``get`` means; None for an unknown name."""
    return next((view for view in VIEWS if name.lower() in view.names), None)
