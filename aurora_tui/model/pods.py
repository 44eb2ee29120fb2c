"""Pods as ``kubectl get pods`` prints them, which of them are faulty, and which workload they belong to."""

from __future__ import annotations

import re
from typing import Any

from aurora_tui.model import argo
from aurora_tui.model.ages import age, stamp
from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.pod_status import PodSummary, summarize
from aurora_tui.model.printing import NONE, age_column, first_line, name_column, text_column
from aurora_tui.model.wire import Condition
from aurora_tui.model.wire_pods import Pod

SETTLE = 60.0
"""Seconds that a pod or workload may take to start, stop or become ready before it counts as faulty."""

RECENT_RESTART = 600.0
"""Seconds for which a restart counts as a fault. The kubelet, too, forgets a container's crashes after ten
minutes of running (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy)."""

_PROGRESS = re.compile(
    r"(Init:)?(\d+/\d+|Pending|ContainerCreating|PodInitializing|SchedulingGated|Terminating|NotReady|)"
)
_BY_HASH = (("Rollout", argo.HASH_LABEL), ("Deployment", "pod-template-hash"))
_SEVERITY = {Tone.BAD: 0, Tone.WARN: 1, Tone.PLAIN: 2, Tone.DIM: 3}


_last: tuple[Pod, PodSummary] | None = None


def _summary(pod: Pod) -> PodSummary:
    """`summarize`, once for the columns of one row after the other: rows are frozen."""
    global _last  # noqa: PLW0603 - a cache of one
    last = _last
    if last is None or last[0] is not pod:
        last = _last = (pod, summarize(pod))
    return last[1]


def status_tone(summary: PodSummary) -> Tone:
    """Bad for every reason that is neither a healthy state nor one on the way to it."""
    if summary.reason in {"Completed", "Succeeded"}:
        return Tone.DIM
    if summary.reason == "Running":
        return Tone.PLAIN if summary.ready == summary.total else Tone.WARN
    return Tone.WARN if _PROGRESS.fullmatch(summary.reason) else Tone.BAD


def faulty(pod: Pod, now: float) -> bool:
    """Whether an operator should look at the pod.

    It failed, can't be scheduled, restarted within `RECENT_RESTART`, or has been starting, stopping
    or unready for longer than `SETTLE`. A pod that ended well or is held by a scheduling gate is not.
    """
    summary = _summary(pod)
    tone = status_tone(summary)
    if tone in {Tone.BAD, Tone.DIM}:
        return tone is Tone.BAD
    if summary.reason == "SchedulingGated":
        return False
    if summary.reason == "Terminating":
        return _older(stamp(pod.metadata.deletion_timestamp), SETTLE, now)
    if summary.restarts and summary.last_restart is not None and now - summary.last_restart < RECENT_RESTART:
        return True
    if tone is Tone.PLAIN:
        return False
    scheduled, ready = condition(pod, "PodScheduled"), condition(pod, "Ready")
    if scheduled is not None and scheduled.reason == "Unschedulable":
        return True
    since = stamp(ready.last_transition_time) if ready is not None else None
    return _older(since or stamp(pod.metadata.creation_timestamp), SETTLE, now)


def _older(since: float | None, seconds: float, now: float) -> bool:
    return since is None or now - since > seconds


def condition(pod: Pod, kind: str) -> Condition | None:
    """The pod's condition of a type, e.g. ``Ready``."""
    return next((each for each in pod.status.conditions or () if each.type == kind), None)


def owner_workload(pod: Pod) -> tuple[str, str] | None:
    """Kind and name of what runs the pod; None for a bare pod.

    A Deployment owns its pods through ReplicaSets that are called after it and the template's hash
    (label ``pod-template-hash``), a Rollout of Argo Rollouts in the same way by a label of its own; a ReplicaSet of
    any other name stands for itself.
    """
    owner = next((each for each in pod.metadata.owner_references or () if each.controller), None)
    if owner is None:
        return None
    labels = pod.metadata.labels or {} if owner.kind == "ReplicaSet" else {}
    for kind, label in _BY_HASH:
        hash_ = labels.get(label)
        if hash_ and owner.name.endswith(f"-{hash_}"):
            return kind, owner.name.removesuffix(f"-{hash_}")
    return owner.kind, owner.name


def _ready(pod: Pod, now: float) -> Cell:
    summary = _summary(pod)
    unready = summary.ready < summary.total and status_tone(summary) is not Tone.DIM
    return Cell(f"{summary.ready}/{summary.total}", Tone.WARN if unready else Tone.PLAIN)


def _ready_key(pod: Pod) -> tuple[int, int]:
    summary = _summary(pod)
    return summary.ready - summary.total, summary.total


def _status(pod: Pod, now: float) -> Cell:
    summary = _summary(pod)
    return Cell(first_line(summary.reason), status_tone(summary))


def _status_key(pod: Pod) -> tuple[int, str]:
    summary = _summary(pod)
    return _SEVERITY[status_tone(summary)], summary.reason


def _restarts(pod: Pod, now: float) -> Cell:
    summary = _summary(pod)
    if not summary.restarts or summary.last_restart is None:
        return Cell(str(summary.restarts))
    recent = now - summary.last_restart < RECENT_RESTART
    text = f"{summary.restarts} ({age(summary.last_restart, now)} ago)"
    return Cell(text, Tone.WARN if recent else Tone.PLAIN)


def _restarts_key(pod: Pod) -> tuple[int, float]:
    summary = _summary(pod)
    return summary.restarts, summary.last_restart or 0.0


def _gates(pod: Pod) -> str:
    gates = pod.spec.readiness_gates or ()
    if not gates:
        return NONE
    found = [condition(pod, gate.condition_type) for gate in gates]
    passed = sum(1 for each in found if each is not None and each.status == "True")
    return f"{passed}/{len(gates)}"


def _ip_key(pod: Pod) -> tuple[Any, ...]:
    """Orders IPv4 addresses by number, others after them by text."""
    parts = pod.status.pod_ip.split(".")
    if len(parts) == 4 and all(part.isdecimal() for part in parts):
        return (0, *map(int, parts))
    return 1, pod.status.pod_ip


COLUMNS: tuple[Column[Pod], ...] = (
    name_column(),
    Column("READY", _ready, _ready_key),
    Column("STATUS", _status, _status_key),
    Column("RESTARTS", _restarts, _restarts_key, rank=2),
    age_column(rank=3),
    Column("IP", lambda pod, now: Cell(pod.status.pod_ip or NONE), _ip_key, rank=6, wide=True),
    text_column("NODE", lambda pod: pod.spec.node_name or NONE, rank=5),
    text_column("NOMINATED NODE", lambda pod: pod.status.nominated_node_name or NONE, rank=7),
    text_column("READINESS GATES", _gates, rank=7),
)
"""``NAME READY STATUS RESTARTS AGE`` and the wide ``IP NODE NOMINATED NODE READINESS GATES``."""
