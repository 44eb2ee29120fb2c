"""Rollouts of Argo Rollouts as ``kubectl argo rollouts list`` prints them, with their message, and which are faulty."""

from __future__ import annotations

from aurora_tui.model import argo
from aurora_tui.model.ages import stamp
from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.pods import SETTLE
from aurora_tui.model.printing import (
    age_column,
    count_column,
    first_line,
    name_column,
    selector_text,
    template_columns,
    text_column,
)
from aurora_tui.model.wire_rollouts import Rollout

_TONES = {argo.HEALTHY: Tone.PLAIN, argo.PROGRESSING: Tone.PLAIN, argo.PAUSED: Tone.WARN}


def faulty(rollout: Rollout, now: float) -> bool:
    """Degraded, or pods are missing and nothing has moved for `pods.SETTLE`; a pause is no fault."""
    if argo.phase(rollout)[0] == argo.DEGRADED:
        return True
    if rollout.status.available_replicas >= argo.desired(rollout):
        return False
    moved = [stamp(each.last_update_time) or 0.0 for each in rollout.status.conditions or ()]
    since = max(moved, default=0.0) or stamp(rollout.metadata.creation_timestamp)
    return since is None or now - since > SETTLE


def _status(rollout: Rollout, now: float) -> Cell:
    phase = argo.phase(rollout)[0]
    return Cell(phase, _TONES.get(phase, Tone.BAD))


def _weight(rollout: Rollout) -> str:
    weight = argo.weight(rollout)
    return "-" if weight is None else str(weight)


def _ready(rollout: Rollout, now: float) -> Cell:
    have, all_ = rollout.status.ready_replicas, rollout.status.replicas
    return Cell(f"{have}/{all_}", Tone.PLAIN if have >= all_ else Tone.WARN)


def _available_tone(rollout: Rollout) -> Tone:
    have, wanted = rollout.status.available_replicas, argo.desired(rollout)
    return Tone.PLAIN if have >= wanted else Tone.WARN if have else Tone.BAD


COLUMNS: tuple[Column[Rollout], ...] = (
    name_column(),
    text_column("STRATEGY", argo.strategy, rank=5, wide=False),
    Column("STATUS", _status, lambda row: (argo.phase(row)[0] != argo.DEGRADED, argo.phase(row)[0])),
    Column("STEP", lambda row, _: Cell(argo.step_text(row)), argo.step_index, rank=1),
    Column("SET-WEIGHT", lambda row, _: Cell(_weight(row)), lambda row: argo.weight(row) or 0, rank=2),
    Column("READY", _ready, lambda row: row.status.ready_replicas - row.status.replicas, rank=1),
    count_column("DESIRED", argo.desired, rank=3),
    count_column("CURRENT", lambda row: row.status.replicas, rank=5),
    count_column("UP-TO-DATE", lambda row: row.status.updated_replicas, rank=4),
    count_column("AVAILABLE", lambda row: row.status.available_replicas, tone=_available_tone, rank=4),
    age_column(rank=3),
    text_column("MESSAGE", lambda row: first_line(argo.phase(row)[1]), rank=2, wide=False),
    *template_columns(lambda row: row.spec.template),
    text_column("SELECTOR", lambda row: selector_text(row.spec.selector), rank=6),
)
"""The plugin's columns in its order, kubectl's CURRENT and AGE among them."""
