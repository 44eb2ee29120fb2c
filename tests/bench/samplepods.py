"""Pods as an API server sends them, made on paper: about four kilobytes each, as those of a cluster are."""

from __future__ import annotations

import json
from typing import Any

Object = dict[str, Any]
_MANAGED: Object = {f"f:field-{number:02}": {"f:value": {}, "f:name": {}, ".": {}} for number in range(40)}


def pod(number: int, restarts: int = 0) -> Object:
    """The n-th pod, running."""
    app = f"service-{number // 100 % 10:02}"
    name = f"{app}-7d9f8b6c5d-{number:05}"
    meta = {
        "name": name,
        "namespace": f"load-{number // 1000:02}",
        "uid": f"00000000-0000-4000-8000-{number:012}",
        "resourceVersion": str(10_000 + number + 100_000 * restarts),
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "labels": {"app": app, "pod-template-hash": "7d9f8b6c5d"},
        "ownerReferences": [{"kind": "ReplicaSet", "name": f"{app}-7d9f8b6c5d", "uid": "u", "controller": True}],
        "managedFields": [{"manager": "kubelet", "operation": "Update", "fieldsV1": _MANAGED}],
    }
    status = {
        "phase": "Running",
        "podIP": f"10.1.{number >> 8 & 255}.{number & 255}",
        "startTime": "2026-01-01T00:00:00Z",
        "conditions": [
            {"type": kind, "status": "True", "lastTransitionTime": "2026-01-01T00:00:01Z"}
            for kind in ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
        ],
        "containerStatuses": [
            {
                "name": "main",
                "image": "aurora/load:1.0",
                "ready": True,
                "started": True,
                "restartCount": restarts,
                "state": {"running": {"startedAt": "2026-01-01T00:00:01Z"}},
            }
        ],
    }
    spec = {"nodeName": f"node-{number % 12:02}", "containers": [{"name": "main", "image": "aurora/load:1.0"}]}
    return {"kind": "Pod", "apiVersion": "v1", "metadata": meta, "spec": spec, "status": status}


def page(numbers: range) -> bytes:
    """One page of a list."""
    items = [pod(number) for number in numbers]
    return json.dumps(
        {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items}
    ).encode()


def event(number: int, restarts: int) -> bytes:
    """One line of a watch: the pod was restarted."""
    return json.dumps({"type": "MODIFIED", "object": pod(number, restarts)}).encode()
