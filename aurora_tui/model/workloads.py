"""Deployments, replica sets, stateful sets and daemon sets as kubectl prints them, and which are faulty.

The columns are those of ``kubernetes/pkg/printers/internalversion/printers.go``.
"""

from __future__ import annotations

from collections.abc import Iterable

from aurora_tui.model.ages import stamp
from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.pods import SETTLE
from aurora_tui.model.printing import (
    NONE,
    age_column,
    count_column,
    labels_text,
    name_column,
    selector_text,
    template_columns,
    text_column,
)
from aurora_tui.model.wire import Condition
from aurora_tui.model.wire_workloads import DaemonSet, Deployment, ReplicaSet, StatefulSet

Workload = Deployment | ReplicaSet | StatefulSet | DaemonSet


def desired(workload: Workload) -> int:
    """How many pods there should be; one where the field is missing, as the API server defaults it."""
    if isinstance(workload, DaemonSet):
        return workload.status.desired_number_scheduled
    return 1 if workload.spec.replicas is None else workload.spec.replicas


def ready(workload: Workload) -> int:
    if isinstance(workload, DaemonSet):
        return workload.status.number_ready
    return workload.status.ready_replicas


def updated(workload: Workload) -> int:
    """Pods made from the current template (a replica set has no other)."""
    match workload:
        case DaemonSet():
            return workload.status.updated_number_scheduled
        case ReplicaSet():
            return workload.status.replicas
        case _:
            return workload.status.updated_replicas


def available(workload: Workload) -> int:
    if isinstance(workload, DaemonSet):
        return workload.status.number_available
    return workload.status.available_replicas


def condition(workload: Workload, kind: str) -> Condition | None:
    """The workload's condition of a type, e.g. ``Progressing``."""
    conditions: Iterable[Condition] = workload.status.conditions or ()
    return next((each for each in conditions if each.type == kind), None)


def faulty(workload: Workload, now: float) -> bool:
    """Whether an operator should look at the workload.

    Its rollout missed the deadline, its pods can't be made, or pods are missing and nothing has moved
    for `pods.SETTLE`. A paused deployment is not blamed for the pods that it does not update.
    """
    progressing, failure = condition(workload, "Progressing"), condition(workload, "ReplicaFailure")
    if progressing is not None and progressing.reason == "ProgressDeadlineExceeded":
        return True
    if failure is not None and failure.status == "True":
        return True
    wanted = desired(workload)
    missing = min(ready(workload), available(workload)) < wanted
    behind = isinstance(workload, Deployment) and not workload.spec.paused and updated(workload) < wanted
    if not (missing or behind):
        return False
    moved = stamp(getattr(progressing, "last_update_time", None))
    since = moved or stamp(workload.metadata.creation_timestamp)
    return since is None or now - since > SETTLE


def _tone(workload: Workload, have: int) -> Tone:
    wanted = desired(workload)
    if have >= wanted:
        return Tone.PLAIN
    return Tone.WARN if have else Tone.BAD


def _share(workload: Deployment | StatefulSet, now: float) -> Cell:
    have = ready(workload)
    return Cell(f"{have}/{desired(workload)}", _tone(workload, have))


def _share_key(workload: Deployment | StatefulSet) -> tuple[int, int]:
    return ready(workload) - desired(workload), desired(workload)


def _ready_tone(workload: Workload) -> Tone:
    return _tone(workload, ready(workload))


def _updated_tone(workload: Workload) -> Tone:
    return Tone.PLAIN if updated(workload) >= desired(workload) else Tone.WARN


def _available_tone(workload: Workload) -> Tone:
    return _tone(workload, available(workload))


DEPLOYMENT_COLUMNS: tuple[Column[Deployment], ...] = (
    name_column(),
    Column("READY", _share, _share_key),
    count_column("UP-TO-DATE", updated, tone=_updated_tone, rank=2),
    count_column("AVAILABLE", available, tone=_available_tone, rank=3),
    age_column(rank=2),
    *template_columns(lambda row: row.spec.template),
    text_column("SELECTOR", lambda row: selector_text(row.spec.selector), rank=6),
)

REPLICA_SET_COLUMNS: tuple[Column[ReplicaSet], ...] = (
    name_column(),
    count_column("DESIRED", desired, rank=1),
    count_column("CURRENT", lambda row: row.status.replicas, rank=3),
    count_column("READY", ready, tone=_ready_tone, rank=0),
    age_column(rank=2),
    *template_columns(lambda row: row.spec.template),
    text_column("SELECTOR", lambda row: selector_text(row.spec.selector) or NONE, rank=6),
)

STATEFUL_SET_COLUMNS: tuple[Column[StatefulSet], ...] = (
    name_column(),
    Column("READY", _share, _share_key),
    age_column(rank=2),
    *template_columns(lambda row: row.spec.template),
)

DAEMON_SET_COLUMNS: tuple[Column[DaemonSet], ...] = (
    name_column(),
    count_column("DESIRED", desired, rank=1),
    count_column("CURRENT", lambda row: row.status.current_number_scheduled, rank=3),
    count_column("READY", ready, tone=_ready_tone, rank=0),
    count_column("UP-TO-DATE", updated, tone=_updated_tone, rank=2),
    count_column("AVAILABLE", available, tone=_available_tone, rank=3),
    text_column("NODE SELECTOR", lambda row: labels_text(row.spec.template.spec.node_selector), rank=5, wide=False),
    age_column(rank=2),
    *template_columns(lambda row: row.spec.template),
    text_column("SELECTOR", lambda row: selector_text(row.spec.selector) or NONE, rank=6),
)
