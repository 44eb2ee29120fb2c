"""The figures of objectives as they are printed, never rounded across their target."""

from __future__ import annotations

import math

from aurora_tui.model.definitions import Objective, ObjectiveKind


def rounded_down(value: float, digits: int) -> float:
    """A figure for printing, rounded so that it never stands on the other side of its target than the figure itself."""
    # The small term undoes the error of binary fractions (0.29 * 100 is 28.999…).
    scale = 10.0**digits
    return math.floor(value * scale + 1e-6) / scale


def share_text(value: float) -> str:
    """A share (0..1) in percent, rounded down: ``99.97 %``."""
    percent = value * 100
    if 0 < percent < 0.01:
        return "<0.01 %"
    return f"{rounded_down(percent, 2):.2f} %"


def part_text(share: float) -> str:
    """A part of a whole budget in percent, rounded down; beyond 100 % there is less than nothing left."""
    percent = share * 100
    return "<0.1 %" if 0 < percent < 0.1 else f"{rounded_down(percent, 1):,.1f} %"


def rate_text(value: float) -> str:
    """Events a second, rounded down: ``137.2/s``, ``0.04/s``."""
    if math.isinf(value):
        return "∞"
    return f"{rounded_down(value, 1):,.1f}/s" if value >= 1 else f"{rounded_down(value, 3):g}/s"


def seconds_text(value: float) -> str:
    if math.isinf(value):
        return "∞"
    if value >= 1:
        return f"{rounded_down(value, 2):.2f} s"
    return f"{rounded_down(value * 1000, 0):.0f} ms" if value >= 0.01 else f"{rounded_down(value * 1000, 1):.1f} ms"


def value_text(objective: Objective, value: float) -> str:
    """A current value in the unit of its objective."""
    if objective.kind is ObjectiveKind.THROUGHPUT:
        return rate_text(value)
    if objective.good_while:
        return f"{value:.6g}"
    return share_text(value) if objective.value is None else seconds_text(value)


def target_text(objective: Objective, limit: float, at_least: bool) -> str:
    """What the value is held against: ``99.5 %``, ``< 500 ms``, ``> 100/s``."""
    if objective.good_while:
        return f"{objective.good_while}/s" if objective.kind is ObjectiveKind.THROUGHPUT else objective.good_while
    if objective.value is not None and objective.threshold is not None:
        return f"< {limit:g} s" if limit >= 1 else f"< {limit * 1000:g} ms"
    return f"{limit * 100:g} %" if at_least else f"< {limit * 100:g} %"
