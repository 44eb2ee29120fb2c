"""Describes objects of every kind that the program lists, in the states that change what their rows say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]


def many_objects(namespace: str) -> Sequence[Object]:
    """Objects to be created in a fresh namespace."""
    return [
        workload("Deployment", "healthy", replicas=2),
        workload("Deployment", "broken", image="aurora/backend:broken-pull"),
        workload("Deployment", "crashing", image="aurora/backend:crash"),
        workload("Deployment", "stopped", replicas=0),
        workload("Deployment", "paused", spec={"paused": True}),
        workload("Deployment", "unschedulable", pod={"nodeSelector": {"aurora.test/none": "x"}}),
        workload("StatefulSet", "ordered", replicas=2, spec={"serviceName": "ordered"}),
        workload("StatefulSet", "stuck", replicas=3, image="i:broken-pull", spec={"serviceName": "stuck"}),
        workload("DaemonSet", "everywhere"),
        workload("DaemonSet", "nowhere", pod={"nodeSelector": {"a": "b", "aurora.test/none": "x"}}),
        workload("ReplicaSet", "bare"),
        _job("done", {"completions": 2, "parallelism": 2}),
        _job("failed", {"backoffLimit": 0}, annotations={"aurora.test/exit": "3"}),
        _job("suspended", {"suspend": True}),
        _job("parallel", {"parallelism": 3}, pod={"schedulerName": "aurora-nobody"}),
        _job("counted", {"completions": 4, "parallelism": 2}, pod={"schedulerName": "aurora-nobody"}),
        _cron_job("nightly", {"schedule": "0 3 * * *", "timeZone": "Europe/Madrid"}),
        _cron_job("suspended", {"schedule": "*/5 * * * *", "suspend": True}),
        _autoscaler("plain", "healthy", [_resource("cpu", "Utilization", "averageUtilization", 70)]),
        _autoscaler("none", "missing", [_resource("memory", "AverageValue", "averageValue", "500Mi")]),
        _autoscaler(
            "several",
            "broken",
            [
                _resource("cpu", "Utilization", "averageUtilization", 70),
                _resource("memory", "AverageValue", "averageValue", "1536Mi"),
                _container("cpu", "main", 55),
                _external("queue_depth", "30"),
            ],
        ),
        _service("plain", {"selector": {"tier": "web", "app": "healthy"}, "ports": [_port(80), _port(443, "https")]}),
        _service("none", {"clusterIP": "None"}),
        _service("outside", {"type": "ExternalName", "externalName": "db.example.org"}),
        _service("node", {"type": "NodePort", "ports": [_port(8080), _port(53, "dns", protocol="UDP")]}),
        _service("waits", {"type": "LoadBalancer", "ports": [_port(80)]}),
        _service(
            "balanced", {"type": "LoadBalancer", "externalIPs": ["192.0.2.9", "192.0.2.10"], "ports": [_port(80)]}
        ),
        _service("addressed", {"externalIPs": ["192.0.2.7"], "selector": {"app": "healthy"}, "ports": [_port(80)]}),
        _config_map(
            "flags", {"data": {"new-checkout": "true", "page": "x" * 5000}, "binaryData": {"logo": "iVBORw=="}}
        ),
        _config_map("empty", {}),
        event(namespace, "one-line", "Warning", "BackOff", "Back-off restarting failed container", count=7),
        event(namespace, "two-lines", "Normal", "Note", "first line\nsecond line"),
        event(namespace, "wide", "Warning", "Wide", "[bold]markup[/] 漢字 e\u0301 🙂"),
    ]


def to_list(objects: Sequence[Object]) -> str:
    """One List for `kubectl create -f -`."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


def workload(
    kind: str,
    name: str,
    *,
    image: str = "aurora/backend:2.4.0",
    replicas: int | None = None,
    spec: Object | None = None,
    pod: Object | None = None,
    annotations: Object | None = None,
) -> Object:
    """A workload of one container, called `main`; `annotations` are its pods'."""
    template = {
        "metadata": {"labels": {"app": name}, "annotations": annotations or {}},
        "spec": {"containers": [{"name": "main", "image": image}]} | (pod or {}),
    }
    made = {"selector": {"matchLabels": {"app": name}}, "template": template} | (spec or {})
    if replicas is not None:
        made["replicas"] = replicas
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": made}


def _job_spec(spec: Object, pod: Object | None, annotations: Object | None) -> Object:
    inside = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "aurora/job:1"}]} | (pod or {})
    return {"template": {"metadata": {"annotations": annotations or {}}, "spec": inside}} | spec


def _job(name: str, spec: Object, *, pod: Object | None = None, annotations: Object | None = None) -> Object:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": _job_spec(spec, pod, annotations),
    }


def _cron_job(name: str, spec: Object) -> Object:
    template = {"jobTemplate": {"spec": _job_spec({}, None, None)}}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name}, "spec": template | spec}


def _autoscaler(name: str, target: str, metrics: Sequence[Object]) -> Object:
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target},
            "maxReplicas": 9,
            "metrics": list(metrics),
        },
    }


def _resource(name: str, kind: str, field: str, value: object) -> Object:
    return {"type": "Resource", "resource": {"name": name, "target": {"type": kind, field: value}}}


def _container(name: str, container: str, value: int) -> Object:
    target = {"type": "Utilization", "averageUtilization": value}
    return {"type": "ContainerResource", "containerResource": {"name": name, "container": container, "target": target}}


def _external(name: str, value: str) -> Object:
    target = {"type": "AverageValue", "averageValue": value}
    return {"type": "External", "external": {"metric": {"name": name}, "target": target}}


def _service(name: str, spec: Object) -> Object:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def _port(number: int, name: str = "http", **more: Any) -> Object:
    return {"name": name, "port": number, **more}


def _config_map(name: str, parts: Object) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}} | parts


def event(namespace: str, name: str, kind: str, reason: str, message: str, count: int | None = None) -> Object:
    now = datetime.now(UTC)
    times: Object = {"eventTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
    if count is not None:
        times = {"firstTimestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "count": count}
        times["lastTimestamp"] = times["firstTimestamp"]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": namespace,
            "name": "healthy-x",
            "fieldPath": "spec.containers{main}",
        },
        "type": kind,
        "reason": reason,
        "message": message,
        "action": "Testing",
        "source": {"component": "aurora-tests", "host": "aurora-node-01"},
        "reportingComponent": "aurora.test/reporter",
        "reportingInstance": "one",
    } | times
