"""The objects of the simulated cluster, as an operator would have applied them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aurora_tui.sandbox.kube.kinds import Json
from aurora_tui.sandbox.kube.stamps import stamp

NAMESPACE = "aurora"
CHANGE_CAUSE = "kubernetes.io/change-cause"
NODE_NAMES = ("prod-node-1", "prod-node-2", "prod-node-3")
NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system", "monitoring", NAMESPACE)

BACKEND_ENV: Mapping[str, Mapping[str, str]] = {
    "2.3.9": {"ORDERS_TABLE": "orders", "DB_POOL_SIZE": "15"},
    "2.4.0": {"ORDERS_TABLE": "orders", "DB_POOL_SIZE": "20"},
    "2.4.1": {"ORDERS_TABLE": "orders_v2", "DB_POOL_SIZE": "20"},
}
"""What the releases of the backend set, by version."""


def node(at: int, name: str, since: float) -> Json:
    def condition(kind: str, status: str, reason: str, message: str) -> Json:
        moment = stamp(since)
        return {
            "type": kind,
            "status": status,
            "lastHeartbeatTime": moment,
            "lastTransitionTime": moment,
            "reason": reason,
            "message": message,
        }

    room = {"cpu": "8", "memory": "32873212Ki", "pods": "110", "ephemeral-storage": "101430960Ki"}
    return {
        "kind": "Node",
        "apiVersion": "v1",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "node-role.kubernetes.io/worker": "",
                "topology.kubernetes.io/region": "eu-south-1",
                "topology.kubernetes.io/zone": f"eu-south-1{'abc'[at % 3]}",
            },
        },
        "spec": {"podCIDR": f"10.244.{at}.0/24", "podCIDRs": [f"10.244.{at}.0/24"]},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": f"10.0.0.{11 + at}"},
                {"type": "Hostname", "address": name},
            ],
            "capacity": room,
            "allocatable": {**room, "cpu": "7800m", "memory": "31824636Ki"},
            "conditions": [
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory"),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID"),
                condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "architecture": "amd64",
                "containerRuntimeVersion": "containerd://1.7.27",
                "kernelVersion": "6.1.0-34-amd64",
                "kubeletVersion": "v1.32.4",
                "kubeProxyVersion": "v1.32.4",
                "operatingSystem": "linux",
                "osImage": "Debian GNU/Linux 12 (bookworm)",
                "machineID": f"{at + 1:032x}",
                "systemUUID": f"{at + 1:032x}",
                "bootID": f"{at + 1:032x}",
            },
        },
    }


def head(kind: str, api_version: str, name: str, namespace: str, **labels: str) -> Json:
    metadata: Json = {"name": name, "namespace": namespace}
    if labels:
        metadata["labels"] = labels
    return {"kind": kind, "apiVersion": api_version, "metadata": metadata}


def container(name: str, image: str, port: int = 0, cpu: str = "", memory: str = "", **more: Any) -> Json:
    made: Json = {"name": name, "image": image}
    if port:
        made["ports"] = [{"containerPort": port, "name": "http"}]
    if cpu:
        made["resources"] = {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}}
    return {**made, **more}


def probe(path: str, port: int) -> Json:
    return {"httpGet": {"path": path, "port": port}, "initialDelaySeconds": 2, "periodSeconds": 5}


def template(app: str, *containers: Json, inits: tuple[Json, ...] = (), **spec: Any) -> Json:
    first = {"initContainers": list(inits)} if inits else {}
    return {
        "metadata": {"labels": {"app": app, "app.kubernetes.io/part-of": part_of(app)}},
        "spec": {**first, "containers": list(containers), **spec},
    }


def part_of(app: str) -> str:
    return "aurora" if app.startswith("aurora-") else "platform"


def workload(kind: str, app: str, namespace: str, pods: Json, replicas: int = 0, **spec: Any) -> Json:
    """A Deployment, StatefulSet or DaemonSet of one app."""
    sized = {"replicas": replicas} if replicas else {}
    return {
        **head(kind, "apps/v1", app, namespace, app=app, **{"app.kubernetes.io/part-of": part_of(app)}),
        "spec": {**sized, "selector": {"matchLabels": {"app": app}}, "template": pods, **spec},
    }


def service(app: str, namespace: str, port: int, target: int = 0) -> Json:
    return {
        **head("Service", "v1", app, namespace, app=app, **{"app.kubernetes.io/name": app}),
        "spec": {
            "selector": {"app": app},
            "ports": [{"name": "http", "port": port, "targetPort": target or port}],
        },
    }


def backend_template(version: str) -> Json:
    env = [{"name": name, "value": value} for name, value in BACKEND_ENV[version].items()]
    secret = {"secretKeyRef": {"name": "aurora-secrets", "key": "database-password"}}
    return template(
        "aurora-backend",
        container(
            "backend", f"aurora/backend:{version}", 8080, "500m", "768Mi",
            env=[*env, {"name": "DB_PASSWORD", "valueFrom": secret}],
            envFrom=[{"configMapRef": {"name": "aurora-config"}}],
            readinessProbe=probe("/health/ready", 8080),
            livenessProbe={**probe("/health/live", 8080), "failureThreshold": 6},
        ),
    )  # fmt: skip


def aurora_stack() -> Iterator[Json]:
    """The stack at its first release; figures are the operations handbook's."""
    yield {
        **head("ConfigMap", "v1", "aurora-config", NAMESPACE, app="aurora"),
        "data": {
            "LOG_LEVEL": "info",
            "DB_HOST": "aurora-postgres",
            "OIDC_ISSUER": "http://aurora-keycloak:8080/realms/aurora",
        },
    }
    yield {
        **head("Secret", "v1", "aurora-secrets", NAMESPACE, app="aurora"),
        "stringData": {
            "database-password": "invented-database-password",
            "keycloak-admin-password": "invented-admin-password",
            "jwt-secret": "invented-jwt-secret",
        },
    }
    yield {
        **head("ConfigMap", "v1", "aurora-flags", NAMESPACE, app="aurora"),
        "data": {"new-checkout": "true", "recommendations": "on", "banner": "Spring sale"},
    }
    postgres = container(
        "postgres", "aurora/postgres:16.4", 5432, "500m", "2Gi",
        readinessProbe={"exec": {"command": ["pg_isready", "-U", "aurora"]}, "periodSeconds": 5},
    )  # fmt: skip
    pods = template("aurora-postgres", postgres)
    yield workload("StatefulSet", "aurora-postgres", NAMESPACE, pods, 3, serviceName="aurora-postgres")
    wait = container("wait-for-postgres", "aurora/wait-for:1.2.0", args=["aurora-postgres:5432"])
    keycloak = container(
        "keycloak", "aurora/keycloak:26.0.5", 8080, "300m", "1Gi", readinessProbe=probe("/health/ready", 9000)
    )
    pods = template("aurora-keycloak", keycloak, inits=(wait,))
    yield workload("StatefulSet", "aurora-keycloak", NAMESPACE, pods, 2, serviceName="aurora-keycloak")
    backend = workload("Deployment", "aurora-backend", NAMESPACE, backend_template("2.3.9"), 3)
    backend["metadata"]["annotations"] = {CHANGE_CAUSE: "release 2.3.9"}
    yield backend
    frontend = container(
        "frontend", "aurora/frontend:2.4.0", 3000, "200m", "256Mi", readinessProbe=probe("/", 3000),
        volumeMounts=[{"name": "flags", "mountPath": "/etc/aurora/flags"}],
    )  # fmt: skip
    flags = [{"name": "flags", "configMap": {"name": "aurora-flags"}}]
    yield workload("Deployment", "aurora-frontend", NAMESPACE, template("aurora-frontend", frontend, volumes=flags), 2)
    for app, port, target in (
        ("aurora-backend", 80, 8080),
        ("aurora-frontend", 80, 3000),
        ("aurora-keycloak", 8080, 0),
        ("aurora-postgres", 5432, 0),
    ):
        yield service(app, NAMESPACE, port, target)
    yield _autoscaler("aurora-backend", 3, 20, cpu=70, memory=80)
    yield _autoscaler("aurora-frontend", 2, 10, cpu=60)
    yield _budget("aurora-backend", "minAvailable", 2)
    yield _budget("aurora-frontend", "minAvailable", 1)
    yield _budget("aurora-keycloak", "maxUnavailable", 1)
    yield _budget("aurora-postgres", "maxUnavailable", 1)
    backup = container("backup", "aurora/backup:1.3.0", cpu="100m", memory="256Mi")
    pods = template("aurora-backup", backup, restartPolicy="OnFailure")
    yield {
        **head("CronJob", "batch/v1", "aurora-backup", NAMESPACE, app="aurora-backup"),
        "spec": {"schedule": "0 2 * * *", "concurrencyPolicy": "Forbid", "jobTemplate": {"spec": {"template": pods}}},
    }


def _autoscaler(app: str, least: int, most: int, **targets: int) -> Json:
    return {
        **head("HorizontalPodAutoscaler", "autoscaling/v2", app, NAMESPACE, app=app),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": app},
            "minReplicas": least,
            "maxReplicas": most,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": name, "target": {"type": "Utilization", "averageUtilization": share}},
                }
                for name, share in targets.items()
            ],
        },
    }


def _budget(app: str, rule: str, value: int) -> Json:
    return {
        **head("PodDisruptionBudget", "policy/v1", app, NAMESPACE, app=app),
        "spec": {rule: value, "selector": {"matchLabels": {"app": app}}},
    }


def platform() -> Iterator[Json]:
    """What every cluster runs beside: DNS, metrics, monitoring."""

    def deployment(app: str, namespace: str, image: str, replicas: int = 1) -> Json:
        pods = template(app, container(app, image, cpu="100m", memory="128Mi"))
        return workload("Deployment", app, namespace, pods, replicas)

    yield {**head("Service", "v1", "kubernetes", "default"), "spec": {"ports": [{"name": "https", "port": 443}]}}
    for namespace in NAMESPACES:
        yield head("ServiceAccount", "v1", "default", namespace)
    yield deployment("coredns", "kube-system", "registry.k8s.io/coredns/coredns:v1.11.3", 2)
    yield deployment("metrics-server", "kube-system", "registry.k8s.io/metrics-server/metrics-server:v0.7.2")
    proxy = template("kube-proxy", container("kube-proxy", "registry.k8s.io/kube-proxy:v1.32.4"))
    yield workload("DaemonSet", "kube-proxy", "kube-system", proxy)
    exporter = template("node-exporter", container("node-exporter", "prom/node-exporter:v1.8.2", 9100))
    yield workload("DaemonSet", "node-exporter", "monitoring", exporter)
    for app, image, port in (
        ("prometheus", "prom/prometheus:v2.53.3", 9090),
        ("alertmanager", "prom/alertmanager:v0.27.0", 9093),
    ):
        pods = template(app, container(app, image, port, "200m", "512Mi"))
        yield workload("StatefulSet", app, "monitoring", pods, 1, serviceName=app)
        yield service(app, "monitoring", port)
    yield deployment("grafana", "monitoring", "grafana/grafana:11.3.0")
    yield service("grafana", "monitoring", 3000)
