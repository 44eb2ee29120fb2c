"""Autoscalers as ``kubectl get hpa`` prints them (``printHorizontalPodAutoscaler``), and which are faulty."""

from __future__ import annotations

from aurora_tui.model.ages import UNKNOWN
from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.printing import NONE, age_column, count_column, name_column, text_column
from aurora_tui.model.wire_cluster import (
    HorizontalPodAutoscaler,
    MetricCurrentSource,
    MetricSpec,
    MetricStatus,
    MetricTargetSource,
)

_SHOWN = 2
_SOURCES = {
    "Resource": "resource",
    "ContainerResource": "container_resource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}


def targets(autoscaler: HorizontalPodAutoscaler) -> str:
    """``current/target`` of the first two metrics, e.g. ``cpu: 34%/70%, memory: <unknown>/80%``."""
    specs = autoscaler.spec.metrics or ()
    statuses = autoscaler.status.current_metrics or ()
    if not specs:
        return NONE
    texts = [_target(spec, statuses[i] if i < len(statuses) else None) for i, spec in enumerate(specs[:_SHOWN])]
    more = len(specs) - _SHOWN
    return ", ".join(texts) + (f" + {more} more..." if more > 0 else "")


def _target(spec: MetricSpec, status: MetricStatus | None) -> str:
    source = _SOURCES.get(spec.type)
    target: MetricTargetSource | None = getattr(spec, source) if source else None
    if target is None:
        return "<unknown type>"
    current: MetricCurrentSource | None = getattr(status, source) if source and status is not None else None
    if spec.type in {"Resource", "ContainerResource"}:
        return f"{target.name}: {_usage(target, current)}"
    if spec.type == "Pods":
        return f"{_quantity(current, 'average_value')}/{target.target.average_value or _NIL}"
    return _amount(target, current)


_NIL = "<nil>"
"""What Go prints for a quantity that is not there."""


def _usage(target: MetricTargetSource, current: MetricCurrentSource | None) -> str:
    if target.target.average_value is not None:
        return f"{_quantity(current, 'average_value')}/{target.target.average_value}"
    wanted = target.target.average_utilization
    have = None if current is None else current.current.average_utilization
    return f"{UNKNOWN if have is None else f'{have}%'}/{'<auto>' if wanted is None else f'{wanted}%'}"


def _amount(target: MetricTargetSource, current: MetricCurrentSource | None) -> str:
    average = target.target.average_value
    if average is not None:
        have = None if current is None else current.current.average_value
        return f"{have or UNKNOWN}/{average} (avg)"
    return f"{_quantity(current, 'value')}/{target.target.value or _NIL}"


def _quantity(current: MetricCurrentSource | None, field: str) -> str:
    if current is None:
        return UNKNOWN
    quantity: str | None = getattr(current.current, field)
    return quantity or _NIL


def faulty(autoscaler: HorizontalPodAutoscaler, now: float) -> bool:
    """Whether it can't scale: no metrics, or no access to its target. Scaling switched off (no replicas
    wanted) is no fault."""
    return any(
        each.status == "False" and each.type in {"AbleToScale", "ScalingActive"} and each.reason != "ScalingDisabled"
        for each in autoscaler.status.conditions or ()
    )


def at_limit(autoscaler: HorizontalPodAutoscaler) -> bool:
    """Whether it runs as many replicas as it may, so that more load finds no more pods."""
    return autoscaler.status.current_replicas >= autoscaler.spec.max_replicas > 0


def _reference(autoscaler: HorizontalPodAutoscaler) -> str:
    return f"{autoscaler.spec.scale_target_ref.kind}/{autoscaler.spec.scale_target_ref.name}"


def _targets_cell(autoscaler: HorizontalPodAutoscaler, now: float) -> Cell:
    return Cell(targets(autoscaler), Tone.WARN if faulty(autoscaler, now) else Tone.PLAIN)


def _least(autoscaler: HorizontalPodAutoscaler) -> int:
    """One where the field is missing, as the API server defaults it."""
    least = autoscaler.spec.min_replicas
    return 1 if least is None else least


COLUMNS: tuple[Column[HorizontalPodAutoscaler], ...] = (
    name_column(),
    text_column("REFERENCE", _reference, rank=4, wide=False),
    Column("TARGETS", _targets_cell, targets, rank=1),
    count_column("MINPODS", _least, rank=3),
    count_column("MAXPODS", lambda row: row.spec.max_replicas, rank=2),
    count_column(
        "REPLICAS",
        lambda row: row.status.current_replicas,
        tone=lambda row: Tone.WARN if at_limit(row) else Tone.PLAIN,
        rank=0,
    ),
    age_column(rank=3),
)
"""``NAME REFERENCE TARGETS MINPODS MAXPODS REPLICAS AGE``."""
