"""Service level objectives as measured: the arithmetic of budgets, and the reading of one objective.

The terms are those of Google's SRE workbook, chapters 2 and 5 (https://sre.google/workbook/alerting-on-slos/).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from aurora_tui.model.burn import Burns, lasts
from aurora_tui.model.definitions import Objective, ObjectiveKind, Service

NO_DATA = "no data"
NOT_READ = "not read yet"
"""The reason of a sample that was not asked for yet."""


class SloState(StrEnum):
    """How an objective stands; the order is from worst to best."""

    BURNING = "burning"
    """Misses its target now."""
    BREACHED = "breached"
    """Meets its target now, but the error budget of the window is spent."""
    NO_DATA = "no data"
    """Nothing can be said: no series, no traffic or a failed query. Never taken for healthy."""
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer to one query: a figure, or why there is none."""

    value: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SloReading:
    """One objective of one service at one time.

    `value` is in the objective's unit: availability the share of good events (0..1), error rate the
    share of bad ones (0..1), latency seconds (or, without a query for them, the share of fast ones).
    `limit` is the target in the same unit. `spark` is the value over the last hour, oldest first.
    """

    service: str
    title: str
    kind: ObjectiveKind
    state: SloState
    reason: str
    """Why there is no data; empty otherwise."""
    value: float | None
    limit: float
    at_least: bool
    """The value must reach the limit (shares of good) instead of staying below it."""
    value_text: str
    target_text: str
    spark: tuple[float | None, ...]
    burn_rate: float | None
    """How many times faster than allowed the budget is being spent; 1 spends it exactly over the window."""
    budget_remaining: float | None
    """The unspent share of the error budget over its window; 1 is whole, below 0 overspent."""
    budget_reason: str
    """Why the budget is not known; empty otherwise."""
    burns: Burns
    """The burn rates over the windows of the ladder, and what they come to."""
    budget_window: timedelta
    sampled_at: float
    """When the value was read, in seconds since the epoch."""

    @property
    def key(self) -> str:
        return f"{self.service}/{self.kind}"

    @property
    def exhausted_in(self) -> timedelta | None:
        """How long the budget lasts at the pace of the last hour (or of what the ladder has for it), if it ends."""
        pace = self.burns.steps[0].long if self.burns.steps else timedelta()
        return lasts(self.budget_remaining, self.burns.rate(pace), self.budget_window)

    def strain(self, value: float | None) -> float | None:
        """A value against the target: 0 is perfect, 0.5 exactly the target, 1 twice as bad; not clipped."""
        if value is None:
            return None
        if not self.at_least:
            return value / self.limit / 2
        return (1 - value) / (1 - self.limit) / 2


def burn_rate(good_share: float, ratio: float) -> float:
    """The share of bad events in units of the share that is allowed."""
    return (1.0 - good_share) / (1.0 - ratio)


def budget_remaining(good_share: float, ratio: float) -> float:
    """The unspent part of the budget of a window, from the share of good events over that window."""
    return 1.0 - burn_rate(good_share, ratio)


def read(
    service: Service,
    objective: Objective,
    *,
    current: Sample,
    spark: tuple[float | None, ...],
    window_share: Sample,
    burns: Burns,
    budget_window: timedelta,
    now: float,
) -> SloReading:
    """Judge one objective from its current value and the share of good events over the budget's window.

    A figure that is not a number (no traffic) counts as none.
    """
    in_seconds = objective.value is not None
    error_rate = objective.kind is ObjectiveKind.ERROR_RATE
    if in_seconds and objective.threshold is not None:
        limit, at_least = objective.threshold, False
    elif error_rate:
        limit, at_least = round(objective.budget, 12), False
    else:
        limit, at_least = objective.ratio, True
    value, share = _number(current.value), _number(window_share.value)
    left = None if share is None else budget_remaining(share, objective.ratio)
    rate = None
    if value is not None and not in_seconds:
        rate = burn_rate(1 - value if error_rate else value, objective.ratio)
    if value is None:
        state = SloState.NO_DATA
    elif value < limit if at_least else value >= limit:
        state = SloState.BURNING
    elif left is not None and left <= 0:
        state = SloState.BREACHED
    else:
        state = SloState.OK
    write = _seconds if in_seconds else share_text
    return SloReading(
        service=service.name,
        title=service.title,
        kind=objective.kind,
        state=state,
        reason=(current.reason or NO_DATA) if value is None else "",
        value=value,
        limit=limit,
        at_least=at_least,
        value_text=NO_DATA if value is None else write(value),
        target_text=_target(limit, at_least, in_seconds),
        spark=tuple(_number(point) for point in spark),
        burn_rate=rate,
        budget_remaining=left,
        budget_reason=(window_share.reason or NO_DATA) if left is None else "",
        burns=burns,
        budget_window=budget_window,
        sampled_at=now,
    )


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


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


def _seconds(value: float) -> str:
    if math.isinf(value):
        return "∞"
    if value >= 1:
        return f"{rounded_down(value, 2):.2f} s"
    return f"{rounded_down(value * 1000, 0):.0f} ms" if value >= 0.01 else f"{rounded_down(value * 1000, 1):.1f} ms"


def _target(limit: float, at_least: bool, in_seconds: bool) -> str:
    if in_seconds:
        return f"< {limit:g} s" if limit >= 1 else f"< {limit * 1000:g} ms"
    return f"{limit * 100:g} %" if at_least else f"< {limit * 100:g} %"
