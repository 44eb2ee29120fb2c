"""Situations for the tests of analyzers: a shop with a service in trouble, as the cluster and the metrics tell it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aurora_tui.incident.situation import ContainerLog, Situation, Subject
from aurora_tui.model.alerts import Alert, AlertState
from aurora_tui.model.changes import Change, ChangeKind
from aurora_tui.model.definitions import Capacity, Service
from aurora_tui.model.diffs import DiffLine
from aurora_tui.model.frozen import replace
from aurora_tui.model.loglines import LogLine
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.stamps import rfc3339

NOW = 1_700_000_600.0
ONSET = NOW - 600
Object = dict[str, Any]
CART = ObjectRef("Deployment", "shop", "cart")
DB = ObjectRef("StatefulSet", "shop", "db")
SERVICES = (
    Service("cart", "Cart", ("deployment/cart",), {"job": "cart"}, depends_on=("db",), capacity=Capacity(2, 10)),
    Service("db", "Database", ("statefulset/db",), {"job": "db"}),
    Service("web", "Web", ("deployment/web",), {"job": "web"}, depends_on=("cart",)),
)


def at(seconds: float) -> str:
    """The time so many seconds after the onset, as the API writes it."""
    return rfc3339(ONSET + seconds)


def meta(name: str, created: float = -90_000, **more: Any) -> Object:
    return {"name": name, "namespace": "shop", "uid": f"uid-{name}", "creationTimestamp": at(created), **more}


def owner(kind: str, name: str) -> list[Object]:
    return [{"kind": kind, "name": name, "uid": f"uid-{name}", "controller": True}]


def pod(
    name: str,
    *,
    of: tuple[str, str] = ("Deployment", "cart"),
    revision: str = "aaa",
    created: float = -90_000,
    ready: bool = True,
    since: float | None = None,
    node: str = "node-1",
    phase: str = "Running",
    conditions: Sequence[Object] = (),
    **container: Any,
) -> Object:
    """A pod with one container; `since` is when its readiness changed last, `container` its status."""
    kind, runs = of
    labels = {"app": runs}
    owners = owner(kind, runs)
    if kind == "Deployment":
        labels["pod-template-hash"] = revision
        owners = owner("ReplicaSet", f"{runs}-{revision}")
    state = container.pop("state", {"running": {"startedAt": at(created)}})
    status = {"name": "app", "ready": ready, "restartCount": 0, "state": state, **container}
    moved = created if since is None else since
    condition = {"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": at(moved)}
    return {
        "metadata": meta(name, created, labels=labels, ownerReferences=owners),
        "spec": {"nodeName": node, "containers": [{"name": "app", "image": f"{runs}:1"}]},
        "status": {
            "phase": phase,
            "startTime": at(created),
            "conditions": [condition, *conditions],
            "containerStatuses": [status],
        },
    }


def deployment(name: str = "cart", replicas: int = 2, **spec: Any) -> Object:
    container = {
        "name": "app",
        "image": f"{name}:1",
        "envFrom": [{"configMapRef": {"name": f"{name}-config"}}, {"secretRef": {"name": f"{name}-secrets"}}],
        "resources": {"limits": {"memory": "256Mi"}},
    }
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container], **spec}}
    return {"metadata": meta(name), "spec": {"replicas": replicas, "template": template}, "status": {}}


def event(about: str, reason: str, message: str, seen: float = 590, kind: str = "Pod", count: int = 1) -> Object:
    return {
        "metadata": meta(f"{about}.{reason}"),
        "involvedObject": {"kind": kind, "namespace": "shop", "name": about},
        "type": "Warning",
        "reason": reason,
        "message": message,
        "count": count,
        "firstTimestamp": at(0),
        "lastTimestamp": at(seen),
    }


def node(name: str = "node-1", *, cordoned: bool = False, **conditions: str) -> Object:
    """A node; conditions by their type, ``Ready`` as usual unless told."""
    told = {"Ready": "True", **conditions}
    return {
        "metadata": {"name": name, "uid": f"uid-{name}"},
        "spec": {"unschedulable": cordoned} if cordoned else {},
        "status": {
            "allocatable": {"cpu": "4"},
            "conditions": [
                {"type": kind, "status": status, "reason": "NodeStatusUnknown", "lastTransitionTime": at(-30)}
                for kind, status in told.items()
            ],
        },
    }


def alert(service: str = "cart", name: str = "HighErrorRate") -> Alert:
    return Alert(f"{name}-{service}", name, AlertState.FIRING, "critical", ONSET, "", {}, {}, service)


def rollout(gap: float = 60, ref: ObjectRef = CART, path: str = "template.spec.containers[app].image") -> Change:
    """A rollout so many seconds before the onset."""
    diff = (DiffLine("-", path, "1"), DiffLine("+", path, "2"))
    return Change(ONSET - gap, ChangeKind.ROLLOUT, ref, "revision 2: 1 → 2", "kubectl", diff, own=ref == CART)


def edit(
    gap: float = 60, kind: str = "ConfigMap", name: str = "cart-config", words: str = "changed data.URL"
) -> Change:
    return Change(ONSET - gap, ChangeKind.EDIT, ObjectRef(kind, "shop", name), words, "kubectl-edit")


def log(name: str, *texts: str, begin: float = 0, previous: bool = False) -> ContainerLog:
    """Lines of a pod, a second apart from so many seconds after the onset on."""
    lines = [LogLine(ONSET + begin + each, name, "app", text) for each, text in enumerate(texts)]
    return ContainerLog(name, "app", tuple(lines), previous)


def shop(*pods: Object, troubled: bool = True, listed: dict[str, list[Object]] | None = None, **more: Any) -> Situation:
    """A cart with two ready pods and its database, unless told otherwise; `troubled` says whether its alert fires."""
    healthy = [pod("cart-aaa-1"), pod("cart-aaa-2")]
    database = {"metadata": meta("db"), "spec": {"replicas": 1, "template": {"spec": {}}}, "status": {}}
    service = {"metadata": meta("cart"), "spec": {"selector": {"app": "cart"}}}
    objects: dict[str, list[Object]] = {
        "Deployment": [deployment()],
        "StatefulSet": [database],
        "Service": [service],
        "ConfigMap": [{"metadata": meta("cart-config"), "data": {}}],
        "Secret": [{"metadata": meta("cart-secrets")}],
        "Node": [node()],
        "Pod": [*(pods or healthy), pod("db-0", of=("StatefulSet", "db"))],
        **(listed or {}),
    }
    subject = Subject("shop", "cart", CART, ONSET if troubled else None, "HighErrorRate" if troubled else "")
    made = Situation(NOW, subject, services=SERVICES, listed=objects, alerts=(alert(),) if troubled else ())
    return replace(made, **more)
