"""What the API server refuses: malformed objects (400), invalid values and edits of immutable fields (422)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from aurora_tui.sandbox.kube.kinds import Json, Resource
from aurora_tui.sandbox.kube.schedules import next_run
from aurora_tui.sandbox.kube.selectors import matches, requirements_of
from aurora_tui.sandbox.kube.stamps import seconds_of
from aurora_tui.sandbox.kube.statuses import ApiError, FieldFault, bad_request, invalid

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_IMMUTABLE = "Invalid value: {}: field is immutable"
_NOT_NEGATIVE = "Invalid value: {}: must be greater than or equal to 0"

_TYPES: Mapping[str, tuple[type, ...]] = {
    "replicas": (int,),
    "minReplicas": (int,),
    "maxReplicas": (int,),
    "paused": (bool,),
    "template": (dict,),
    "selector": (dict,),
    "revisionHistoryLimit": (int,),
    "progressDeadlineSeconds": (int,),
    "minReadySeconds": (int,),
    "containers": (list,),
    "unschedulable": (bool,),
}
"""JSON types of the spec fields that the simulation computes with."""


def check_form(resource: Resource, obj: Json) -> None:
    """Raise ApiError 400 for an object that the server could not decode."""
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict):
        raise bad_request(f"{resource.kind}: metadata is missing or is not an object")
    for name in ("labels", "annotations"):
        given = metadata.get(name)
        if given is not None and not (isinstance(given, dict) and all(map(_is_text, given.values()))):
            raise _undecodable(resource, f"ObjectMeta.metadata.{name} of type string")
    spec = obj.get("spec")
    if spec is not None and not isinstance(spec, dict):
        raise _undecodable(resource, f"{resource.kind}.spec of type v1.{resource.kind}Spec")
    for name, types in _TYPES.items():
        value = (spec or {}).get(name)
        if value is None or (name == "selector" and resource.kind == "Service"):
            continue
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise _undecodable(resource, f"{resource.kind}Spec.spec.{name} of type {types[0].__name__}")

    if resource.kind == "Event":
        for name in ("firstTimestamp", "lastTimestamp", "eventTime"):
            try:
                seconds_of(obj.get(name) or "1970-01-01T00:00:00Z")
            except ValueError:
                raise _undecodable(resource, f"Event.{name} of type v1.Time") from None


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _undecodable(resource: Resource, where: str) -> ApiError:
    return bad_request(
        f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: '
        f"json: cannot unmarshal value into Go struct field {where}"
    )


def check(resource: Resource, new: Json, old: Json | None) -> None:
    """Raise ApiError 422 with every fault of `new`; `old` is what it is to replace, if anything."""
    faults = [*_name_faults(resource, new), *_faults(resource, new, old)]
    if faults:
        raise invalid(resource, new["metadata"].get("name", ""), faults)


def _name_faults(resource: Resource, obj: Json) -> Iterator[FieldFault]:
    name = obj["metadata"].get("name", "")
    if not re.fullmatch(_SUBDOMAIN, name) or len(name) > 253:
        rule = (
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
            "and must start and end with an alphanumeric character"
        )
        yield FieldFault("metadata.name", f'Invalid value: "{name}": {rule}')


def _faults(resource: Resource, new: Json, old: Json | None) -> Iterator[FieldFault]:
    spec = new.get("spec") or {}
    match resource.kind:
        case "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet":
            yield from _workload_faults(spec, (old or {}).get("spec"))
            if resource.kind == "StatefulSet" and old:
                yield from _stateful_set_faults(spec, old["spec"])
        case "Job":
            yield from _template_faults(spec.get("template"), "spec.template")
        case "CronJob":
            yield from _schedule_faults(str(spec.get("schedule")))
            template = (spec.get("jobTemplate") or {}).get("spec", {}).get("template")
            yield from _template_faults(template, "spec.jobTemplate.spec.template")
        case "Pod":
            yield from _pod_faults(spec, "spec")
            if old:
                yield from _pod_update_faults(spec, old["spec"])
        case "PodDisruptionBudget":
            yield from _share_faults(spec, "spec", "minAvailable", "maxUnavailable")
        case "Service":
            for at, port in enumerate(spec.get("ports") or ()):
                if not isinstance(port.get("port"), int):
                    yield FieldFault(f"spec.ports[{at}].port", "Required value")
        case "HorizontalPodAutoscaler":
            yield from _autoscaler_faults(spec)


def _workload_faults(spec: Json, old: Json | None) -> Iterator[FieldFault]:
    yield from not_negative(spec, "replicas", "minReadySeconds", "revisionHistoryLimit")
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= spec.get("minReadySeconds", 0):
        text = f"Invalid value: {deadline}: must be greater than minReadySeconds"
        yield FieldFault("spec.progressDeadlineSeconds", text)
    rolling = (spec.get("strategy") or spec.get("updateStrategy") or {}).get("rollingUpdate") or {}
    yield from _share_faults(rolling, "spec.strategy.rollingUpdate", "maxSurge", "maxUnavailable")
    selector = spec.get("selector")
    if not selector:
        yield FieldFault("spec.selector", "Required value")
        return
    if old and selector != old.get("selector"):
        told = msgspec.json.encode(selector).decode()
        yield FieldFault("spec.selector", _IMMUTABLE.format(told))
    template = spec.get("template")
    labels = (template or {}).get("metadata", {}).get("labels") or {}
    if template is not None and not matches(requirements_of(selector) or (), labels):
        told = msgspec.json.encode(labels).decode()
        yield FieldFault(
            "spec.template.metadata.labels",
            f"Invalid value: {told}: `selector` does not match template `labels`",
        )
    yield from _template_faults(template, "spec.template")


def _share_faults(holder: Json, path: str, *names: str) -> Iterator[FieldFault]:
    """Values that may be a count or a percentage."""
    for name in names:
        value = holder.get(name, 0)
        if isinstance(value, int) and value < 0:
            yield FieldFault(f"{path}.{name}", _NOT_NEGATIVE.format(value))
        elif not isinstance(value, int) and not re.fullmatch(r"\d+%", str(value)):
            text = "a valid percent string must be a numeric string followed by an ending '%'"
            yield FieldFault(f"{path}.{name}", f'Invalid value: "{value}": {text}')


def _schedule_faults(schedule: str) -> Iterator[FieldFault]:
    try:
        next_run(schedule, 0.0)
    except ValueError as error:
        yield FieldFault("spec.schedule", f'Invalid value: "{schedule}": {error}')


def not_negative(spec: Json, *names: str) -> Iterator[FieldFault]:
    for name in names:
        if spec.get(name, 0) < 0:
            yield FieldFault(f"spec.{name}", _NOT_NEGATIVE.format(spec[name]))


def _template_faults(template: Any, path: str) -> Iterator[FieldFault]:
    if not isinstance(template, dict) or not isinstance(template.get("spec"), dict):
        yield FieldFault(f"{path}.spec.containers", "Required value")
        return
    yield from _pod_faults(template["spec"], f"{path}.spec")


def _pod_faults(spec: Json, path: str) -> Iterator[FieldFault]:
    if not spec.get("containers"):
        yield FieldFault(f"{path}.containers", "Required value")
    seen: set[str] = set()
    for kind in ("initContainers", "containers"):
        for at, container in enumerate(spec.get(kind) or ()):
            here = f"{path}.{kind}[{at}]"
            name = container.get("name") or ""
            if not name:
                yield FieldFault(f"{here}.name", "Required value")
            elif not re.fullmatch(_LABEL, name) or len(name) > 63:
                yield FieldFault(f"{here}.name", f'Invalid value: "{name}": must be a lowercase RFC 1123 label')
            elif name in seen:
                yield FieldFault(f"{here}.name", f'Duplicate value: "{name}"')
            seen.add(name)
            image = container.get("image") or ""
            if not image:
                yield FieldFault(f"{here}.image", "Required value")
            elif image != image.strip():
                text = f'Invalid value: "{image}": must not have leading or trailing whitespace'
                yield FieldFault(f"{here}.image", text)


def _pod_update_faults(new: Json, old: Json) -> Iterator[FieldFault]:
    def frozen_part(spec: Json) -> Json:
        kept = {k: v for k, v in spec.items() if k not in ("activeDeadlineSeconds", "tolerations")}
        for name in ("initContainers", "containers"):
            kept[name] = [{**each, "image": ""} for each in spec.get(name) or ()]
        return kept

    if frozen_part(new) != frozen_part(old):
        yield FieldFault(
            "spec",
            "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
            "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to"
            " existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was"
            " previously negative)",
        )


_STATEFUL_EDITS = (
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
)  # fmt: skip


def _stateful_set_faults(new: Json, old: Json) -> Iterator[FieldFault]:
    def frozen_part(spec: Json) -> Json:
        return {key: value for key, value in spec.items() if key not in (*_STATEFUL_EDITS, "selector")}

    if frozen_part(new) != frozen_part(old):
        *most, last = (f"'{name}'" for name in _STATEFUL_EDITS)
        allowed = f"{', '.join(most)} and {last}"
        yield FieldFault(
            "spec", f"Forbidden: updates to statefulset spec for fields other than {allowed} are forbidden"
        )


def _autoscaler_faults(spec: Json) -> Iterator[FieldFault]:
    least, most = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
    target = spec.get("scaleTargetRef") or {}
    for name in ("kind", "name"):
        if not target.get(name):
            yield FieldFault(f"spec.scaleTargetRef.{name}", "Required value")
    if least < 1:
        yield FieldFault("spec.minReplicas", f"Invalid value: {least}: must be greater than or equal to 1")
    if most < 1:
        yield FieldFault("spec.maxReplicas", f"Invalid value: {most}: must be greater than 0")
    elif most < least:
        text = f"Invalid value: {most}: must be greater than or equal to `minReplicas`"
        yield FieldFault("spec.maxReplicas", text)


def check_identity(resource: Resource, namespace: str, name: str, obj: Json) -> None:
    """Raise ApiError 400 where body and URL speak of different objects."""
    kind, version = obj.get("kind"), obj.get("apiVersion")
    if (kind, version) != (resource.kind, resource.api_version):
        raise bad_request(
            f"{version}, Kind={kind} in the body does not match the expected "
            f"{resource.api_version}, Kind={resource.kind}"
        )
    given = obj["metadata"].get("name")
    if name and given != name:
        raise bad_request(f"the name of the object ({given}) does not match the name on the URL ({name})")
    if resource.namespaced and obj["metadata"].get("namespace", namespace) != namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
