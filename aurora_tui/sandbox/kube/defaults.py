"""The values that the API server fills in where a manifest is silent (defaults.go of each group)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aurora_tui.sandbox.kube.kinds import Json, Resource

_CONTAINER: Json = {
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
_PROBE: Json = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_POD: Json = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}


def with_defaults(resource: Resource, obj: Json) -> Json:
    """`obj` with the defaults of its kind; what it says itself stands."""
    fill = _FILLERS.get(resource.kind)
    return fill(obj) if fill else obj


def _under(defaults: Mapping[str, Any], given: Any) -> Any:
    """`given` over `defaults`, nested dicts alike; a null counts as silence."""
    if not isinstance(given, dict):
        return given
    merged = {key: value for key, value in given.items() if value is not None}
    for key, value in defaults.items():
        if key not in merged:
            merged[key] = value
        elif isinstance(value, dict):
            merged[key] = _under(value, merged[key])
    return merged


def _listed(items: Any, fill: Callable[[Json], Json]) -> Any:
    if not isinstance(items, list):
        return items
    return [fill(item) if isinstance(item, dict) else item for item in items]


def pod_spec(spec: Json) -> Json:
    filled: Json = _under(_POD, spec)
    for name in ("initContainers", "containers"):
        if name in filled:
            filled[name] = _listed(filled[name], _container)
    if "volumes" in filled:
        filled["volumes"] = _listed(filled["volumes"], _volume)
    if account := filled.get("serviceAccountName"):
        filled["serviceAccount"] = account
    return filled


def _container(container: Json) -> Json:
    image = str(container.get("image", ""))
    policy = "IfNotPresent" if ":" in image.rsplit("/", 1)[-1] and not image.endswith(":latest") else "Always"
    filled: Json = _under({**_CONTAINER, "imagePullPolicy": policy}, container)
    if "ports" in filled:
        filled["ports"] = _listed(filled["ports"], lambda port: _under({"protocol": "TCP"}, port))
    for name in _PROBES:
        if isinstance(filled.get(name), dict):
            probe = _under(_PROBE, filled[name])
            if isinstance(probe.get("httpGet"), dict):
                probe["httpGet"] = _under({"path": "/", "scheme": "HTTP"}, probe["httpGet"])
            filled[name] = probe
    return filled


def _volume(volume: Json) -> Json:
    for source in ("configMap", "secret"):
        if isinstance(volume.get(source), dict):
            return {**volume, source: _under({"defaultMode": 420}, volume[source])}
    return volume


def _template(template: Any) -> Any:
    if not isinstance(template, dict) or not isinstance(template.get("spec"), dict):
        return template
    metadata = _under({"creationTimestamp": None}, template.get("metadata") or {})
    return {**template, "metadata": metadata, "spec": pod_spec(template["spec"])}


def _workload(defaults: Json) -> Callable[[Json], Json]:
    def fill(obj: Json) -> Json:
        if not isinstance(obj.get("spec"), dict):
            return obj
        spec = _under(defaults, obj["spec"])
        if "template" in spec:
            spec["template"] = _template(spec["template"])
        return {**obj, "spec": spec}

    return fill


def _deployment(obj: Json) -> Json:
    spec = obj.get("spec")
    recreate = isinstance(spec, dict) and (spec.get("strategy") or {}).get("type") == "Recreate"
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    return _workload(
        {
            "replicas": 1,
            "strategy": {} if recreate else rolling,
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
        }
    )(obj)


_stateful_set = _workload(
    {
        "replicas": 1,
        "podManagementPolicy": "OrderedReady",
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        "revisionHistoryLimit": 10,
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
    }
)
_daemon_set = _workload(
    {
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
        "revisionHistoryLimit": 10,
    }
)
_job = _workload(
    {
        "parallelism": 1,
        "completions": 1,
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "suspend": False,
        "podReplacementPolicy": "TerminatingOrFailed",
        "manualSelector": False,
    }
)


def _cron_job(obj: Json) -> Json:
    filled = _workload(
        {
            "concurrencyPolicy": "Allow",
            "suspend": False,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 1,
        }
    )(obj)
    inner = filled.get("spec", {}).get("jobTemplate")
    if isinstance(inner, dict) and isinstance(inner.get("spec"), dict):
        template = {**inner["spec"], "template": _template(inner["spec"].get("template"))}
        inner = {**inner, "metadata": inner.get("metadata") or {}, "spec": template}
        filled = {**filled, "spec": {**filled["spec"], "jobTemplate": inner}}
    return filled


def _service(obj: Json) -> Json:
    defaults = {
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
    }
    filled = _workload(defaults)(obj)
    if isinstance(filled.get("spec"), dict) and "ports" in filled["spec"]:
        ports = _listed(filled["spec"]["ports"], _service_port)
        filled = {**filled, "spec": {**filled["spec"], "ports": ports}}
    return filled


def _service_port(port: Json) -> Json:
    filled: Json = _under({"protocol": "TCP", "targetPort": port.get("port")}, port)
    return filled


def _pod(obj: Json) -> Json:
    if not isinstance(obj.get("spec"), dict):
        return obj
    spec = _under(
        {
            "enableServiceLinks": True,
            "preemptionPolicy": "PreemptLowerPriority",
            "priority": 0,
            "serviceAccountName": "default",
        },
        obj["spec"],
    )
    return {**obj, "spec": pod_spec(spec)}


_FILLERS: Mapping[str, Callable[[Json], Json]] = {
    "Pod": _pod,
    "Deployment": _deployment,
    "ReplicaSet": _workload({"replicas": 1}),
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "CronJob": _cron_job,
    "Service": _service,
    "HorizontalPodAutoscaler": _workload({"minReplicas": 1}),
}
