"""Service level objectives as measured: the arithmetic of budgets, the reading of one objective, its columns.

The terms are those of Google's SRE workbook, chapters 2 and 5 (https://sre.google/workbook/alerting-on-slos/).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.definitions import Objective, ObjectiveKind, Service
from aurora_tui.model.sparks import bar, sparkline

SPARK_WIDTH = 20
_NO_DATA = "no data"
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


_ORDER = {state: rank for rank, state in enumerate(SloState)}


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
    sampled_at: float
    """When the value was read, in seconds since the epoch."""

    @property
    def key(self) -> str:
        return f"{self.service}/{self.kind}"

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
        reason=(current.reason or _NO_DATA) if value is None else "",
        value=value,
        limit=limit,
        at_least=at_least,
        value_text=_NO_DATA if value is None else write(value),
        target_text=_target(limit, at_least, in_seconds),
        spark=tuple(_number(point) for point in spark),
        burn_rate=rate,
        budget_remaining=left,
        budget_reason=(window_share.reason or _NO_DATA) if left is None else "",
        sampled_at=now,
    )


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


def _down(value: float, digits: int) -> float:
    # Rounded down, so that what is printed never stands on the other side of the target than the figure
    # itself; the small term undoes the error of binary fractions (0.29 * 100 is 28.999…).
    scale = 10.0**digits
    return math.floor(value * scale + 1e-6) / scale


def share_text(value: float) -> str:
    """A share (0..1) in percent, rounded down: ``99.97 %``."""
    percent = value * 100
    if 0 < percent < 0.01:
        return "<0.01 %"
    return f"{_down(percent, 2):.2f} %"


def _seconds(value: float) -> str:
    if math.isinf(value):
        return "∞"
    if value >= 1:
        return f"{_down(value, 2):.2f} s"
    return f"{_down(value * 1000, 0):.0f} ms" if value >= 0.01 else f"{_down(value * 1000, 1):.1f} ms"


def _target(limit: float, at_least: bool, in_seconds: bool) -> str:
    if in_seconds:
        return f"< {limit:g} s" if limit >= 1 else f"< {limit * 1000:g} ms"
    return f"{limit * 100:g} %" if at_least else f"< {limit * 100:g} %"


_TONES = {
    SloState.BURNING: Tone.BAD,
    SloState.BREACHED: Tone.WARN,
    SloState.NO_DATA: Tone.WARN,
    SloState.OK: Tone.GOOD,
}
_NAMES = {
    ObjectiveKind.AVAILABILITY: "availability",
    ObjectiveKind.LATENCY: "latency p95",
    ObjectiveKind.ERROR_RATE: "error rate",
}
_LOW_BUDGET = 0.25  # below a quarter the budget is shown as a warning


def worst_first(reading: SloReading) -> tuple[int, float, str, str]:
    """Sorts by state, then by how far the value is beyond its target, then by name."""
    strain = reading.strain(reading.value)
    return (_ORDER[reading.state], -(strain or 0.0), reading.service, reading.kind)


def state_text(reading: SloReading) -> str:
    if reading.state is SloState.NO_DATA:
        return _NO_DATA if reading.reason == _NO_DATA else f"{_NO_DATA}: {reading.reason}"
    if reading.state is SloState.BURNING and reading.burn_rate is not None:
        rate = reading.burn_rate
        return f"burning {rate:.3g}x" if rate < 999.5 else f"burning {rate:,.0f}x"
    return str(reading.state)


def budget_cell(reading: SloReading, *, ascii_only: bool = False) -> Cell:
    """The unspent budget as a bar and a percentage, rounded down: ``████░░ 62%``."""
    left = reading.budget_remaining
    if left is None:
        return Cell("…" if reading.budget_reason == NOT_READ else _NO_DATA, Tone.DIM)
    percent = "<1%" if 0 < left < 0.01 else f"{_down(left * 100, 0):.0f}%"
    tone = Tone.BAD if left <= 0 else Tone.WARN if left < _LOW_BUDGET else Tone.GOOD
    return Cell(f"{bar(left, ascii_only=ascii_only)} {percent}", tone)


def slo_columns(*, ascii_only: bool = False) -> tuple[Column[SloReading], ...]:
    """The columns of objectives; `ascii_only` for terminals without block characters."""

    def spark(reading: SloReading) -> Cell:
        levels = [reading.strain(point) for point in reading.spark]
        return Cell(sparkline(levels, SPARK_WIDTH, ascii_only=ascii_only), _TONES[reading.state])

    def by(part: Callable[[SloReading], float | None]) -> Callable[[SloReading], tuple[bool, float]]:
        return lambda reading: (part(reading) is not None, part(reading) or 0.0)

    return (
        Column("SERVICE", lambda reading, _: Cell(reading.service), lambda reading: reading.service),
        Column("SLO", lambda reading, _: Cell(_NAMES[reading.kind]), lambda reading: reading.kind),
        Column(
            "NOW",
            lambda reading, _: Cell(reading.value_text, _TONES[reading.state]),
            by(lambda reading: reading.strain(reading.value)),
            right=True,
        ),
        Column(
            "TARGET",
            lambda reading, _: Cell(reading.target_text),
            lambda reading: reading.limit,
            right=True,
            rank=2,
        ),
        Column("1H", lambda reading, _: spark(reading), by(lambda reading: reading.strain(reading.value)), rank=3),
        Column(
            "BUDGET",
            lambda reading, _: budget_cell(reading, ascii_only=ascii_only),
            by(lambda reading: reading.budget_remaining),
            rank=1,
        ),
        Column(
            "STATE",
            lambda reading, _: Cell(state_text(reading), _TONES[reading.state]),
            worst_first,
            flexible=True,
            yields=True,
        ),
    )


COLUMNS: tuple[Column[SloReading], ...] = slo_columns()
