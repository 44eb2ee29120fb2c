"""What a description says of pods and of the pod templates in workloads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from aurora_tui.model.ages import age
from aurora_tui.model.masking import HIDDEN, is_secret_variable
from aurora_tui.model.outline import Outline
from aurora_tui.model.pod_status import summarize
from aurora_tui.model.printing import NONE
from aurora_tui.model.raw import moment, section, sections, when
from aurora_tui.model.wire_pods import Pod

_STATE_FIELDS = (
    ("reason", "Reason"),
    ("message", "Message"),
    ("exitCode", "Exit Code"),
    ("signal", "Signal"),
)
_PROBES = (("livenessProbe", "Liveness"), ("readinessProbe", "Readiness"), ("startupProbe", "Startup"))
_PROBE_TIMING = (
    ("initialDelaySeconds", "delay={}s"),
    ("timeoutSeconds", "timeout={}s"),
    ("periodSeconds", "period={}s"),
    ("successThreshold", "#success={}"),
    ("failureThreshold", "#failure={}"),
)


def pod(out: Outline, raw: Mapping[str, Any], now: float) -> None:
    """Everything of a pod between its header and its conditions."""
    spec, status = section(raw, "spec"), section(raw, "status")
    out.pair("Status", _status(raw, now))
    out.optional("Reason", status.get("reason"))
    out.optional("Message", status.get("message"))
    node = spec.get("nodeName")
    out.pair("Node", "/".join(filter(None, (node, status.get("hostIP")))) if node else NONE)
    out.optional("Nominated Node", status.get("nominatedNodeName"))
    out.pair("IP", status.get("podIP") or NONE)
    if status.get("startTime"):
        out.pair("Started", when(status["startTime"], now))
    out.optional("Priority", spec.get("priorityClassName") or spec.get("priority"))
    out.optional("Service Account", spec.get("serviceAccountName"))
    out.optional("QoS Class", status.get("qosClass"))
    for label, kind in (
        ("Init Containers", "initContainer"),
        ("Containers", "container"),
        ("Ephemeral Containers", "ephemeralContainer"),
    ):
        found = sections(spec, f"{kind}s")
        if found:
            containers(out, label, found, sections(status, f"{kind}Statuses"), now)
    out.table("Volumes", ("Name", "Type", "From"), [_volume(each) for each in sections(spec, "volumes")])
    out.pairs("Node-Selectors", section(spec, "nodeSelector"), "=")
    out.pair("Tolerations", "\n".join(map(_toleration, sections(spec, "tolerations"))) or NONE)


def _status(raw: Mapping[str, Any], now: float) -> str:
    """The printed status, with the phase where that says something else."""
    phase = str(section(raw, "status").get("phase") or "")
    try:
        reason = summarize(msgspec.convert(raw, Pod)).reason
    except msgspec.ValidationError:
        reason = phase
    if reason == "Terminating":
        deleted = moment(section(raw, "metadata").get("deletionTimestamp"))
        return f"Terminating (due {age(deleted, now)} ago)" if deleted and deleted.timestamp() <= now else reason
    return reason if reason == phase or not phase else f"{reason} (phase {phase})"


def containers(
    out: Outline,
    label: str,
    specs: Sequence[Mapping[str, Any]],
    statuses: Sequence[Mapping[str, Any]] = (),
    now: float = 0.0,
    level: int = 0,
) -> None:
    """A section of containers; those of a template have no statuses."""
    by_name = {status.get("name"): status for status in statuses}
    out.heading(label, level)
    for spec in specs:
        out.heading(str(spec.get("name", "")), level + 1)
        _container(out, spec, level + 2)
        status = by_name.get(spec.get("name"))
        if status is not None:
            _container_status(out, status, now, level + 2)


def _container(out: Outline, spec: Mapping[str, Any], level: int) -> None:
    out.pair("Image", spec.get("image", ""), level)
    ports = ", ".join(f"{port.get('containerPort')}/{port.get('protocol', 'TCP')}" for port in sections(spec, "ports"))
    out.optional("Ports", ports, level)
    for field, label in (("command", "Command"), ("args", "Args")):
        out.optional(label, "\n".join(map(str, spec.get(field) or ())), level)
    out.optional("Restart Policy", spec.get("restartPolicy"), level)
    for field, label in (("limits", "Limits"), ("requests", "Requests")):
        amounts = section(spec, "resources", field)
        if amounts:
            out.pair(label, ", ".join(f"{name} {amounts[name]}" for name in sorted(amounts)), level)
    for field, label in _PROBES:
        if section(spec, field):
            out.pair(label, _probe(section(spec, field)), level)
    sources = [_source(each) for each in sections(spec, "envFrom")]
    out.optional("Environment from", "\n".join(sources), level)
    environment = [f"{each.get('name', '')}: {_variable(each)}" for each in sections(spec, "env")]
    out.optional("Environment", "\n".join(environment), level)
    mounts = [
        f"{each.get('mountPath')} from {each.get('name')} ({'ro' if each.get('readOnly') else 'rw'})"
        for each in sections(spec, "volumeMounts")
    ]
    out.optional("Mounts", "\n".join(mounts), level)


def _container_status(out: Outline, status: Mapping[str, Any], now: float, level: int) -> None:
    _state(out, "State", section(status, "state"), now, level)
    if section(status, "lastState"):
        _state(out, "Last State", section(status, "lastState"), now, level)
    out.pair("Ready", bool(status.get("ready")), level)
    out.pair("Restart Count", status.get("restartCount", 0), level)
    out.optional("Image ID", status.get("imageID"), level)


def _state(out: Outline, label: str, state: Mapping[str, Any], now: float, level: int) -> None:
    name = next((key for key in ("running", "waiting", "terminated") if section(state, key)), "waiting")
    details = section(state, name)
    out.pair(label, name.capitalize(), level)
    for field, title in _STATE_FIELDS:
        if details.get(field) is not None:
            out.pair(title, details[field], level + 1)
    for field, title in (("startedAt", "Started"), ("finishedAt", "Finished")):
        if details.get(field):
            out.pair(title, when(details[field], now), level + 1)


def _probe(probe: Mapping[str, Any]) -> str:
    """``http-get :8080/healthz delay=5s timeout=1s period=10s #success=1 #failure=3``."""
    http, tcp, grpc = section(probe, "httpGet"), section(probe, "tcpSocket"), section(probe, "grpc")
    if http:
        action = f"http-get {http.get('host', '')}:{http.get('port', '')}{http.get('path', '')}"
    elif tcp:
        action = f"tcp-socket {tcp.get('host', '')}:{tcp.get('port', '')}"
    elif grpc:
        action = f"grpc :{grpc.get('port', '')} {grpc.get('service') or ''}".rstrip()
    else:
        action = f"exec {section(probe, 'exec').get('command') or []}"
    return " ".join([action, *(form.format(probe[key]) for key, form in _PROBE_TIMING if key in probe)])


def _variable(variable: Mapping[str, Any]) -> str:
    origin = section(variable, "valueFrom")
    for field, form in (
        ("secretKeyRef", "<set to the key '{key}' in secret '{name}'>"),
        ("configMapKeyRef", "<set to the key '{key}' of config map '{name}'>"),
    ):
        reference = section(origin, field)
        if reference:
            return form.format(key=reference.get("key"), name=reference.get("name"))
    if section(origin, "fieldRef"):
        return f"({section(origin, 'fieldRef').get('fieldPath')})"
    if section(origin, "resourceFieldRef"):
        return f"({section(origin, 'resourceFieldRef').get('resource')})"
    return HIDDEN if is_secret_variable(variable) else str(variable.get("value", ""))


def _source(source: Mapping[str, Any]) -> str:
    kind = "ConfigMap" if section(source, "configMapRef") else "Secret"
    reference = section(source, "configMapRef") or section(source, "secretRef")
    return f"{reference.get('name', '')} ({kind}{', optional' if reference.get('optional') else ''})"


def _volume(volume: Mapping[str, Any]) -> tuple[str, str, str]:
    kind = next((key for key in volume if key != "name"), "emptyDir")
    details = section(volume, kind)
    origin = next((details[key] for key in ("claimName", "secretName", "name", "path", "driver") if key in details), "")
    return str(volume.get("name", "")), kind, str(origin)


def _toleration(toleration: Mapping[str, Any]) -> str:
    """``key=value:NoExecute op=Exists for 300s``."""
    key, value, effect = (str(toleration.get(field) or "") for field in ("key", "value", "effect"))
    text = f"{key}{'=' if value else ''}{value}{':' if effect else ''}{effect}"
    if toleration.get("operator") == "Exists":
        text += " op=Exists"
    if toleration.get("tolerationSeconds") is not None:
        text += f" for {toleration['tolerationSeconds']}s"
    return text.strip()
