"""The kinds that the program knows: where the API serves them and what kubectl calls them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from aurora_tui.cluster.errors import NotFoundError
from aurora_tui.model import kube
from aurora_tui.model.frozen import Frozen


class Resource(Frozen):
    """One kind of the Kubernetes API; `struct` is the typed row, None where only raw JSON is read."""

    kind: str
    plural: str
    group: str
    version: str
    struct: type[Any] | None = None
    namespaced: bool = True
    aliases: tuple[str, ...] = ()
    product: str = ""
    """What brings the kind (a CustomResourceDefinition) to a cluster; empty for what every API server has."""

    @property
    def table(self) -> str:
        """The store's table of this kind."""
        return self.plural

    @property
    def qualified(self) -> str:
        """The plural with its group, as RBAC and error messages name it (``deployments.apps``)."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def missing(self) -> str:
        """What it means that a server does not serve the kind."""
        why = f"{self.product} is not installed: " if self.product else ""
        return f"{why}this server does not serve {self.qualified}/{self.version}"

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str = "") -> str:
        """The request path (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris).

        Names are escaped. Raises `NotFoundError` for one that could leave its place in the path: no
        object can have it.
        """
        parts = ["/apis", self.group, self.version] if self.group else ["/api", self.version]
        if namespace and self.namespaced:
            parts += ["namespaces", _segment(namespace)]
        parts.append(self.plural)
        if name:
            parts.append(_segment(name))
        if subresource:
            parts.append(subresource)
        return "/".join(parts)


def _segment(name: str) -> str:
    if name in (".", "..") or "/" in name or "%" in name:
        raise NotFoundError(f"{name!r} is not a name that an object can have")
    return quote(name, safe=":")


PODS = Resource("Pod", "pods", "", "v1", kube.Pod, aliases=("po", "pod"))
DEPLOYMENTS = Resource(
    "Deployment", "deployments", "apps", "v1", kube.Deployment, aliases=("deploy", "deployment", "dp")
)
REPLICASETS = Resource("ReplicaSet", "replicasets", "apps", "v1", kube.ReplicaSet, aliases=("rs", "replicaset"))
STATEFULSETS = Resource("StatefulSet", "statefulsets", "apps", "v1", kube.StatefulSet, aliases=("sts", "statefulset"))
DAEMONSETS = Resource("DaemonSet", "daemonsets", "apps", "v1", kube.DaemonSet, aliases=("ds", "daemonset"))
JOBS = Resource("Job", "jobs", "batch", "v1", kube.Job, aliases=("job",))
CRONJOBS = Resource("CronJob", "cronjobs", "batch", "v1", kube.CronJob, aliases=("cj", "cronjob"))
NODES = Resource("Node", "nodes", "", "v1", kube.Node, namespaced=False, aliases=("no", "node"))
EVENTS = Resource("Event", "events", "", "v1", kube.Event, aliases=("ev", "event"))
HPAS = Resource(
    "HorizontalPodAutoscaler",
    "horizontalpodautoscalers",
    "autoscaling",
    "v2",
    kube.HorizontalPodAutoscaler,
    aliases=("hpa", "horizontalpodautoscaler"),
)
POD_METRICS = Resource("PodMetrics", "pods", "metrics.k8s.io", "v1beta1", kube.PodMetrics)
NAMESPACES = Resource("Namespace", "namespaces", "", "v1", namespaced=False, aliases=("ns", "namespace"))
CONTROLLER_REVISIONS = Resource("ControllerRevision", "controllerrevisions", "apps", "v1")
SERVICES = Resource("Service", "services", "", "v1", kube.Service, aliases=("svc", "service"))
CONFIGMAPS = Resource("ConfigMap", "configmaps", "", "v1", kube.ConfigMap, aliases=("cm", "configmap"))
ROLLOUTS = Resource(
    "Rollout", "rollouts", "argoproj.io", "v1alpha1", kube.Rollout, aliases=("ro", "rollout"), product="Argo Rollouts"
)
ALERTS = Resource("Alert", "alerts", "", "v2", namespaced=False, aliases=("alert",), product="Alertmanager")
"""Of no API server: Alertmanager has them, `aurora_tui.silencing` shows them as objects beside the cluster's own."""
SECRETS = Resource("Secret", "secrets", "", "v1")
"""Only ever read as metadata."""
QUOTAS = Resource("ResourceQuota", "resourcequotas", "", "v1")
BUDGETS = Resource("PodDisruptionBudget", "poddisruptionbudgets", "policy", "v1")
NETWORK_POLICIES = Resource("NetworkPolicy", "networkpolicies", "networking.k8s.io", "v1")
INGRESSES = Resource("Ingress", "ingresses", "networking.k8s.io", "v1")
CLAIMS = Resource("PersistentVolumeClaim", "persistentvolumeclaims", "", "v1")
CERTIFICATES = Resource("Certificate", "certificates", "cert-manager.io", "v1", product="cert-manager")
APPLICATIONS = Resource("Application", "applications", "argoproj.io", "v1alpha1", product="Argo CD")
ENDPOINT_SLICES = Resource("EndpointSlice", "endpointslices", "discovery.k8s.io", "v1")

WATCHED = (
    PODS, DEPLOYMENTS, REPLICASETS, STATEFULSETS, DAEMONSETS, JOBS, CRONJOBS, NODES, EVENTS, HPAS,
    SERVICES, CONFIGMAPS, ROLLOUTS,
)  # fmt: skip
"""The kinds that have a table, each fed by list and watch."""

_BY_NAME = {name: resource for resource in WATCHED for name in (resource.plural, *resource.aliases)}
_BY_NAME |= dict.fromkeys(ALERTS.aliases, ALERTS)  # not by its plural: the table of alerts is not a watched one


def find(name: str) -> Resource | None:
    """The kind that is meant by a plural, singular or short name, as kubectl takes them; None if there is none."""
    return _BY_NAME.get(name.lower())
