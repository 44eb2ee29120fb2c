"""The table of API resources that the sandbox serves, and of the real ones that it does not."""

from __future__ import annotations

from typing import Any

from aurora_tui.model.frozen import Frozen

Json = dict[str, Any]

READ = ("get", "list", "watch")
ALL = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


class Subresource(Frozen):
    """A subresource as discovery shows it; `group`/`version` only where they differ from the parent's."""

    name: str
    kind: str
    verbs: tuple[str, ...]
    group: str = ""
    version: str = ""


_STATUS = ("get", "patch", "update")


class Resource(Frozen, eq=False):
    """One API resource: where it lives and what may be done with it; told apart by identity."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[Subresource, ...] = ()
    verbs: tuple[str, ...] = ALL
    counted: bool = False
    """The spec's edits are counted in `metadata.generation`."""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def path(self) -> str:
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    @property
    def qualified(self) -> str:
        """``deployments.apps``: how error messages name the resource."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified_kind(self) -> str:
        return f"{self.kind}.{self.group}" if self.group else self.kind

    def subresource(self, name: str) -> Subresource | None:
        return next((sub for sub in self.subresources if sub.name == name), None)


def _with_status(kind: str, *more: Subresource) -> tuple[Subresource, ...]:
    return (*more, Subresource("status", kind, _STATUS))


_SCALE = Subresource("scale", "Scale", _STATUS, "autoscaling", "v1")
_STREAM = ("create", "get")

NAMESPACES = Resource(
    "", "v1", "namespaces", "Namespace", False, ("ns",), subresources=_with_status("Namespace"),
    verbs=("create", "get", "list", "patch", "update", "watch"),
)  # fmt: skip
NODES = Resource("", "v1", "nodes", "Node", False, ("no",), subresources=_with_status("Node"))
PODS = Resource(
    "", "v1", "pods", "Pod", True, ("po",), ("all",), _with_status(
        "Pod",
        Subresource("attach", "PodAttachOptions", _STREAM),
        Subresource("eviction", "Eviction", ("create",), "policy", "v1"),
        Subresource("exec", "PodExecOptions", _STREAM),
        Subresource("log", "Pod", ("get",)),
        Subresource("portforward", "PodPortForwardOptions", _STREAM),
    ),
)  # fmt: skip
SERVICES = Resource(
    "", "v1", "services", "Service", True, ("svc",), ("all",), _with_status(
        "Service", Subresource("proxy", "ServiceProxyOptions", _STREAM),
    ),
)  # fmt: skip
CONFIGMAPS = Resource("", "v1", "configmaps", "ConfigMap", True, ("cm",))
SECRETS = Resource("", "v1", "secrets", "Secret")
EVENTS = Resource("", "v1", "events", "Event", True, ("ev",))
SERVICE_ACCOUNTS = Resource("", "v1", "serviceaccounts", "ServiceAccount", True, ("sa",))
ENDPOINTS = Resource("", "v1", "endpoints", "Endpoints", True, ("ep",))
CLAIMS = Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", True, ("pvc",))
QUOTAS = Resource("", "v1", "resourcequotas", "ResourceQuota", True, ("quota",))
LIMITS = Resource("", "v1", "limitranges", "LimitRange", True, ("limits",))

DEPLOYMENTS = Resource(
    "apps", "v1", "deployments", "Deployment", True, ("deploy",), ("all",),
    _with_status("Deployment", _SCALE), counted=True,
)  # fmt: skip
REPLICASETS = Resource(
    "apps", "v1", "replicasets", "ReplicaSet", True, ("rs",), ("all",),
    _with_status("ReplicaSet", _SCALE), counted=True,
)  # fmt: skip
STATEFULSETS = Resource(
    "apps", "v1", "statefulsets", "StatefulSet", True, ("sts",), ("all",),
    _with_status("StatefulSet", _SCALE), counted=True,
)  # fmt: skip
DAEMONSETS = Resource(
    "apps", "v1", "daemonsets", "DaemonSet", True, ("ds",), ("all",), _with_status("DaemonSet"), counted=True
)
REVISIONS = Resource("apps", "v1", "controllerrevisions", "ControllerRevision")
JOBS = Resource("batch", "v1", "jobs", "Job", True, (), ("all",), _with_status("Job"), counted=True)
CRONJOBS = Resource(
    "batch", "v1", "cronjobs", "CronJob", True, ("cj",), ("all",), _with_status("CronJob"), counted=True
)
AUTOSCALERS = Resource(
    "autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", True, ("hpa",), ("all",),
    _with_status("HorizontalPodAutoscaler"),
)  # fmt: skip
BUDGETS = Resource(
    "policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", True, ("pdb",),
    subresources=_with_status("PodDisruptionBudget"), counted=True,
)  # fmt: skip
NETWORK_POLICIES = Resource(
    "networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", True, ("netpol",), counted=True
)
INGRESSES = Resource(
    "networking.k8s.io", "v1", "ingresses", "Ingress", True, ("ing",),
    subresources=_with_status("Ingress"), counted=True,
)  # fmt: skip
LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")
SLICES = Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")
POD_METRICS = Resource("metrics.k8s.io", "v1beta1", "pods", "PodMetrics", verbs=("get", "list"))
NODE_METRICS = Resource("metrics.k8s.io", "v1beta1", "nodes", "NodeMetrics", False, verbs=("get", "list"))

STORED: tuple[Resource, ...] = (
    CONFIGMAPS, ENDPOINTS, EVENTS, LIMITS, NAMESPACES, NODES, CLAIMS, PODS, QUOTAS, SECRETS,
    SERVICE_ACCOUNTS, SERVICES, REVISIONS, DAEMONSETS, DEPLOYMENTS, REPLICASETS, STATEFULSETS,
    AUTOSCALERS, CRONJOBS, JOBS, LEASES, SLICES, BUDGETS, NETWORK_POLICIES, INGRESSES,
)  # fmt: skip
"""Resources that the object store keeps."""

REVIEWS: tuple[Resource, ...] = (
    Resource("authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", False,
             verbs=("create",)),
    Resource("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", False,
             verbs=("create",)),
    Resource("authorization.k8s.io", "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview", False,
             verbs=("create",)),
)  # fmt: skip
"""Questions that are answered and not kept."""

SERVED: tuple[Resource, ...] = (*STORED, *REVIEWS, POD_METRICS, NODE_METRICS)

NOT_SIMULATED = frozenset(
    (
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "certificates.k8s.io",
        "events.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "node.k8s.io",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
    )
)
"""API groups that every cluster has and this one lacks: answered with 501, not 404."""

NOT_SIMULATED_CORE = frozenset(
    ["bindings", "componentstatuses", "persistentvolumes", "podtemplates", "replicationcontrollers"]
)

_BY_PATH = {(r.group, r.version, r.plural): r for r in SERVED}
_BY_KIND = {(r.api_version, r.kind): r for r in STORED}


def find(group: str, version: str, plural: str) -> Resource | None:
    return _BY_PATH.get((group, version, plural))


def of_kind(api_version: str, kind: str) -> Resource | None:
    """The stored resource that an object or an owner reference names."""
    return _BY_KIND.get((api_version, kind))
