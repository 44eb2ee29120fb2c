"""The /scale subresource: a workload's replicas seen as an autoscaling/v1 Scale."""

from __future__ import annotations

from aurora_tui.sandbox.kube.kinds import Json, Resource
from aurora_tui.sandbox.kube.selectors import selector_text
from aurora_tui.sandbox.kube.statuses import FieldFault, bad_request, invalid
from aurora_tui.sandbox.kube.validation import not_negative

SCALE = Resource("autoscaling", "v1", "scales", "Scale")


def scale_of(resource: Resource, obj: Json) -> Json:
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": SCALE.kind,
        "apiVersion": SCALE.api_version,
        "metadata": {key: obj["metadata"][key] for key in kept},
        "spec": {"replicas": obj["spec"].get("replicas", 0)},
        "status": {
            "replicas": obj.get("status", {}).get("replicas", 0),
            "selector": selector_text(obj["spec"].get("selector")),
        },
    }


def scaled(obj: Json, scale: Json) -> Json:
    """`obj` with the replicas that `scale` asks for; raises ApiError for what is no valid Scale."""
    if (scale.get("kind"), scale.get("apiVersion")) != (SCALE.kind, SCALE.api_version):
        raise bad_request(f"{scale.get('apiVersion')}, Kind={scale.get('kind')} is not {SCALE.api_version}, Kind=Scale")
    name = obj["metadata"]["name"]
    if scale["metadata"].get("name", name) != name:
        raise bad_request("the name of the object does not match the name on the URL")
    spec = scale.get("spec") or {}
    faults: list[FieldFault] = list(not_negative(spec, "replicas"))
    if faults:
        raise invalid(SCALE, name, faults)
    return {**obj, "spec": {**obj["spec"], "replicas": spec.get("replicas", 0)}}
