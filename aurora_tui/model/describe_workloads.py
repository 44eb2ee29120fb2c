"""What a description says of workloads: selector, counts, strategy and the pod template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aurora_tui.model import argo, batch
from aurora_tui.model.describe_pods import containers
from aurora_tui.model.masking import mask_annotations
from aurora_tui.model.outline import Outline
from aurora_tui.model.printing import NONE, selector_text
from aurora_tui.model.raw import section, sections, when
from aurora_tui.model.wire import LabelSelector
from aurora_tui.model.wire_rollouts import Rollout
from aurora_tui.model.wire_workloads import Job

_REVISION = "deployment.kubernetes.io/revision"
_REPLICAS = (
    ("updatedReplicas", "updated"),
    ("replicas", "total"),
    ("readyReplicas", "ready"),
    ("availableReplicas", "available"),
    ("unavailableReplicas", "unavailable"),
)
_SCHEDULED = (
    ("currentNumberScheduled", "scheduled"),
    ("updatedNumberScheduled", "updated"),
    ("numberReady", "ready"),
    ("numberAvailable", "available"),
    ("numberMisscheduled", "misscheduled"),
)
_COUNTED = (("active", "active"), ("succeeded", "succeeded"), ("failed", "failed"))


def workload(out: Outline, kind: str, raw: Mapping[str, Any], now: float) -> None:
    """Everything of a workload between its header and its conditions."""
    spec = section(raw, "spec")
    if kind == "CronJob":
        _cron_job(out, raw, now)
        _template(out, section(spec, "jobTemplate", "spec", "template"))
        return
    out.pair("Selector", _selector(section(spec, "selector")))
    if kind == "Job":
        _job(out, raw, now)
    elif kind == "Rollout":
        _counts(out, kind, raw)
        _rollout(out, raw)
    else:
        _counts(out, kind, raw)
        _strategy(out, kind, raw)
    if spec.get("workloadRef"):
        out.pair("Pod Template", f"of {argo.template_owner(raw)}")
    else:
        _template(out, section(spec, "template"))


def _selector(raw: Mapping[str, Any]) -> str:
    try:
        return selector_text(msgspec.convert(raw, LabelSelector)) or NONE
    except msgspec.ValidationError:
        return NONE


def _tally(status: Mapping[str, Any], fields: tuple[tuple[str, str], ...]) -> str:
    return " | ".join(f"{status.get(field) or 0} {word}" for field, word in fields)


def _counts(out: Outline, kind: str, raw: Mapping[str, Any]) -> None:
    spec, status = section(raw, "spec"), section(raw, "status")
    if kind == "DaemonSet":
        out.pair("Pods", f"{status.get('desiredNumberScheduled') or 0} desired | {_tally(status, _SCHEDULED)}")
        return
    wanted = 1 if spec.get("replicas") is None else spec["replicas"]
    fields = _REPLICAS if kind in ("Deployment", "Rollout") else tuple(each for each in _REPLICAS if each[0] in status)
    out.pair("Replicas", " | ".join(filter(None, (f"{wanted} desired", _tally(status, fields)))))


def _strategy(out: Outline, kind: str, raw: Mapping[str, Any]) -> None:
    spec, status = section(raw, "spec"), section(raw, "status")
    strategy = section(spec, "strategy" if kind == "Deployment" else "updateStrategy")
    rolling = section(strategy, "rollingUpdate")
    limits = ", ".join(f"{key} {value}" for key, value in rolling.items())
    out.optional("Strategy", " ".join(filter(None, (strategy.get("type"), f"({limits})" if limits else ""))))
    out.optional("Paused", "True" if spec.get("paused") else None)
    out.optional("Revision", section(raw, "metadata", "annotations").get(_REVISION))
    current, update = status.get("currentRevision"), status.get("updateRevision")
    out.optional("Revision", f"{current} -> {update}" if update and current != update else current)
    observed, generation = status.get("observedGeneration"), section(raw, "metadata").get("generation")
    if observed is not None and observed != generation:
        out.pair("Observed", f"generation {observed} of {generation}: the controller has not seen the last change")


def _rollout(out: Outline, raw: Mapping[str, Any]) -> None:
    try:
        rollout = msgspec.convert(raw, Rollout)
    except msgspec.ValidationError:
        return
    spec, status = rollout.spec, rollout.status
    out.pair("Status", ": ".join(filter(None, argo.phase(rollout))))
    out.pair("Strategy", argo.strategy(rollout))
    if spec.strategy.blue_green is not None:
        out.optional("Active Service", spec.strategy.blue_green.active_service)
        out.optional("Preview Service", spec.strategy.blue_green.preview_service)
    out.optional("Paused", "True" if spec.paused else None)
    out.optional("Revision", section(raw, "metadata", "annotations").get(argo.REVISION_ANNOTATION))
    out.optional("Version", status.current_pod_hash)
    out.optional("Stable Version", status.stable_rs)
    words = [argo.step_words(step) for step in argo.steps(rollout)]
    if words:
        done = argo.step_index(rollout)
        marks = ("done", "now", "")
        rows = [(str(at + 1), text, marks[(at >= done) + (at > done)]) for at, text in enumerate(words)]
        out.table("Steps", ("No", "Step", "State"), rows)


def _job(out: Outline, raw: Mapping[str, Any], now: float) -> None:
    spec, status = section(raw, "spec"), section(raw, "status")
    try:
        job = msgspec.convert(raw, Job)
        out.pair("Status", batch.status(job))
        out.pair("Completions", batch.completions(job))
    except msgspec.ValidationError:
        pass
    out.pair("Pods", _tally(status, _COUNTED))
    for field, label in (("parallelism", "Parallelism"), ("backoffLimit", "Backoff Limit")):
        out.optional(label, spec.get(field))
    for field, label in (("startTime", "Started"), ("completionTime", "Completed")):
        if status.get(field):
            out.pair(label, when(status[field], now))


def _cron_job(out: Outline, raw: Mapping[str, Any], now: float) -> None:
    spec, status = section(raw, "spec"), section(raw, "status")
    out.pair("Schedule", spec.get("schedule", ""))
    out.optional("Time Zone", spec.get("timeZone"))
    out.pair("Suspend", bool(spec.get("suspend")))
    out.optional("Concurrency", spec.get("concurrencyPolicy"))
    out.pair("Last Schedule", when(status["lastScheduleTime"], now) if status.get("lastScheduleTime") else NONE)
    active = "\n".join(str(each.get("name", "")) for each in sections(status, "active"))
    out.pair("Active Jobs", active or NONE)


def _template(out: Outline, template: Mapping[str, Any]) -> None:
    spec = section(template, "spec")
    out.heading("Pod Template")
    out.pairs("Labels", section(template, "metadata", "labels"), "=", level=1)
    annotations = mask_annotations(section(template, "metadata", "annotations"))
    if annotations:
        out.pairs("Annotations", annotations, ": ", level=1)
    for label, field in (("Init Containers", "initContainers"), ("Containers", "containers")):
        found = sections(spec, field)
        if found:
            containers(out, label, found, level=1)
