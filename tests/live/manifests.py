"""Describes what runs on the live cluster: the Aurora workloads, the users' rights, and pods in bulk."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.live.api import Object

NAMESPACE = "aurora"
BACKEND_IMAGES = ("aurora/backend:2.3.9", "aurora/backend:2.4.0")
"""Applied in this order, so that an earlier revision exists; `aurora/backend:2.4.1` is the bad release."""
FLAGS, POOL_SIZE = "aurora-flags", "db-pool-size"
"""The ConfigMap that the backend mounts, and the key that says how many connections to the database it may have."""
REPLICAS_PER_DEPLOYMENT = 100


def to_text(objects: list[Object]) -> str:
    """Return the objects as one List for `kubectl apply -f -`."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})


def rights() -> list[Object]:
    """The namespace and the bindings of the kubeconfig's users `viewer` and `one-namespace`."""
    return [
        _object("v1", "Namespace", NAMESPACE, namespace=None),
        _binding("ClusterRoleBinding", "viewer", "view", namespace=None),
        _binding("RoleBinding", "one-namespace", "view", namespace=NAMESPACE),
    ]


def aurora(backend_image: str, revision_note: str) -> list[Object]:
    """The Aurora Stack with the given release of its backend."""
    backend = _workload("Deployment", "aurora-backend", backend_image, replicas=3)
    backend["metadata"]["annotations"] = {"kubernetes.io/change-cause": revision_note}
    pod = backend["spec"]["template"]["spec"]
    pod["volumes"] = [{"name": "flags", "configMap": {"name": FLAGS}}]
    pod["containers"][0]["volumeMounts"] = [{"name": "flags", "mountPath": "/etc/aurora/flags"}]
    return [
        _object("v1", "ConfigMap", FLAGS) | {"data": {POOL_SIZE: "20", "new-checkout": "true"}},
        backend,
        _workload("Deployment", "aurora-frontend", "aurora/frontend:2.4.0", replicas=2),
        _workload("StatefulSet", "aurora-keycloak", "quay.io/keycloak/keycloak:26.0", replicas=2),
        _workload("StatefulSet", "aurora-postgres", "postgres:17.2", replicas=1),
        _service("aurora-backend", 8080),
        _service("aurora-frontend", 80),
        _service("aurora-keycloak", 8080),
        _service("aurora-postgres", 5432),
        _autoscaler("aurora-backend", 3, 20),
        _autoscaler("aurora-frontend", 2, 10),
    ]


def load(pods: int, namespaces: int) -> Iterator[list[Object]]:
    """Yield, a namespace `load-00`, `load-01` ... at a time, Deployments that run `pods` pods in all."""
    for number in range(namespaces):
        name = f"load-{number:02d}"
        left = pods // namespaces + (number < pods % namespaces)
        objects = [_object("v1", "Namespace", name, namespace=None)]
        while left > 0:
            replicas = min(left, REPLICAS_PER_DEPLOYMENT)
            left -= replicas
            deployment = f"service-{len(objects):02d}"
            objects.append(_workload("Deployment", deployment, "aurora/load:1.0", replicas, namespace=name))
        yield objects


def _object(version: str, kind: str, name: str, namespace: str | None = NAMESPACE) -> Object:
    metadata: Object = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _binding(kind: str, user: str, role: str, namespace: str | None) -> Object:
    return _object("rbac.authorization.k8s.io/v1", kind, user, namespace) | {
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": user}],
        "roleRef": {"kind": "ClusterRole", "apiGroup": "rbac.authorization.k8s.io", "name": role},
    }


def _workload(kind: str, name: str, image: str, replicas: int, namespace: str = NAMESPACE) -> Object:
    made = _object("apps/v1", kind, name, namespace)
    made["metadata"]["labels"] = {"app": name}
    container = {
        "name": name.removeprefix("aurora-"),
        "image": image,
        "env": [{"name": "LOG_LEVEL", "value": "info"}, {"name": "SERVICE", "value": name}],
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
    }
    made["spec"] = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}},
    }
    if kind == "StatefulSet":
        made["spec"]["serviceName"] = name
    return made


def _service(name: str, port: int) -> Object:
    return _object("v1", "Service", name) | {
        "spec": {"selector": {"app": name}, "ports": [{"name": "main", "port": port, "targetPort": port}]}
    }


def _autoscaler(name: str, least: int, most: int) -> Object:
    target = {"type": "Utilization", "averageUtilization": 70}
    return _object("autoscaling/v2", "HorizontalPodAutoscaler", name) | {
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": least,
            "maxReplicas": most,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        }
    }
