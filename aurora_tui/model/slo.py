"""Service level objectives as measured: the arithmetic of budgets, and the reading of one objective.

The terms are those of Google's SRE workbook, chapters 2 and 5 (https://sre.google/workbook/alerting-on-slos/).
"""

from __future__ import annotations

import math
import operator
from datetime import timedelta
from enum import StrEnum

from aurora_tui.model.burn import Burns, lasts
from aurora_tui.model.definitions import Objective, ObjectiveKind, Origin, Service
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.onset import Shortfall
from aurora_tui.model.slo_text import rate_text, target_text, value_text

NO_DATA = "no data"
NOT_READ = "not read yet"
"""The reason of a sample that was not asked for yet."""
_MEETS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}


class SloState(StrEnum):
    """How an objective stands; the order is from worst to best."""

    BURNING = "burning"
    """Misses its target now."""
    BREACHED = "breached"
    """Meets its target now, but the error budget of the window is spent."""
    NO_DATA = "no data"
    """Nothing can be said: a failed query or a figure that makes no sense. Never taken for healthy."""
    NO_SERIES = "no series"
    """The server has nothing by these names."""
    NO_TRAFFIC = "no traffic"
    """There are series, and nobody asked: a share of nothing is no number."""
    QUIET = "too little traffic"
    """Fewer events than `Objective.min_traffic`: the value is shown and not judged."""
    OK = "ok"


BLIND = frozenset({SloState.NO_DATA, SloState.NO_SERIES, SloState.NO_TRAFFIC})
"""The states in which nothing is known of an objective."""


class Sample(Frozen):
    """One answer to one query: a figure, or why there is none."""

    value: float | None
    reason: str = ""
    lack: SloState = SloState.NO_DATA
    """The state that comes of having no figure."""


class SloReading(Frozen):
    """One objective of one service at one time.

    `value` is in the objective's unit: availability the share of good events (0..1), error rate the
    share of bad ones (0..1), latency seconds (or, without a query for them, the share of fast ones),
    throughput events a second. `limit` is the target in the same unit. `spark` is the value over the
    last hour, oldest first.
    """

    service: str
    title: str
    kind: ObjectiveKind
    state: SloState
    reason: str
    """Why there is no data, or why it is not judged; empty otherwise."""
    value: float | None
    limit: float
    at_least: bool
    """The value must reach the limit (shares of good, floors) instead of staying below it."""
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
    slug: str = ""
    """What tells the objective from others of its service."""
    origin: Origin = Origin.SETTINGS
    traffic: float | None = None
    """Events a second now, where the objective asks for a least of them."""
    min_traffic: float | None = None
    shortfall: Shortfall | None = None
    """Since when the target is missed, and what that has cost; None while it is met."""
    objective: Objective | None = None
    """Its definition."""
    warnings: tuple[str, ...] = ()
    """What the server says of its own answers: parts of them may be missing."""

    @property
    def key(self) -> str:
        return key_of(self.service, self.slug or str(self.kind), self.origin)

    @property
    def words(self) -> str:
        """The objective as a sentence names it: ``error rate``, or its own name."""
        return self.kind.words if self.slug in ("", self.kind) else self.slug

    @property
    def of_demand(self) -> bool:
        """It is about how much is asked, not how well that is answered: few requests are no trouble of who is asked."""
        return self.kind is ObjectiveKind.THROUGHPUT

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
            return value / self.limit / 2 if self.limit else math.inf
        if self.kind in (ObjectiveKind.THROUGHPUT, ObjectiveKind.THRESHOLD):
            return 1 - value / self.limit / 2 if self.limit else 0.0
        return (1 - value) / (1 - self.limit) / 2


def key_of(service: str, slug: str, origin: Origin = Origin.SETTINGS) -> str:
    """The row of an objective; what other programs record never takes the place of what the settings define."""
    return f"{service}/{slug} ({origin})" if origin in (Origin.SLOTH, Origin.PYRRA) else f"{service}/{slug}"


def burn_rate(good_share: float, ratio: float) -> float:
    """The share of bad events in units of the share that is allowed."""
    return (1.0 - good_share) / (1.0 - ratio)


def budget_remaining(good_share: float, ratio: float) -> float:
    """The unspent part of the budget of a window, from the share of good events over that window."""
    return 1.0 - burn_rate(good_share, ratio)


def misses(objective: Objective, value: float) -> bool:
    """Whether a value of the objective's unit is on the wrong side of its target."""
    limit, at_least = target(objective)
    if objective.good_while:
        return not _MEETS[objective.good_while.partition(" ")[0]](value, limit)
    return value < limit if at_least else value >= limit


def target(objective: Objective) -> tuple[float, bool]:
    """The limit in the unit of the current value, and whether the value must reach it."""
    if objective.good_while:
        sign, _, limit = objective.good_while.partition(" ")
        return float(limit), sign.startswith(">")
    if objective.value is not None and objective.threshold is not None:
        return objective.threshold, False
    if objective.kind is ObjectiveKind.ERROR_RATE:
        return round(objective.budget, 12), False
    return objective.ratio, True


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
    traffic: float | None = None,
    shortfall: Shortfall | None = None,
    warnings: tuple[str, ...] = (),
) -> SloReading:
    """Judge one objective from its current value and the share of good events over the budget's window.

    A figure that is not a number (no traffic) counts as none. `traffic` is the rate of all events now,
    which only an objective with a `min_traffic` needs.
    """
    limit, at_least = target(objective)
    value, share = _number(current.value), _number(window_share.value)
    left = None if share is None else budget_remaining(share, objective.ratio)
    rate = None
    if value is not None and objective.value is None:
        rate = burn_rate(1 - value if objective.kind is ObjectiveKind.ERROR_RATE else value, objective.ratio)
    least, reason = objective.min_traffic, ""
    if value is None:
        state, reason = current.lack, current.reason or NO_DATA
    elif least is not None and traffic is not None and traffic < least:
        state, reason = SloState.QUIET, f"{rate_text(traffic)} of the {rate_text(least)} it takes to judge"
        rate = None
    elif misses(objective, value):
        state = SloState.BURNING
    elif left is not None and left <= 0:
        state = SloState.BREACHED
    else:
        state = SloState.OK
    return SloReading(
        service=service.name,
        title=service.title,
        kind=objective.kind,
        state=state,
        reason=reason,
        value=value,
        limit=limit,
        at_least=at_least,
        value_text=NO_DATA if value is None else value_text(objective, value),
        target_text=target_text(objective, limit, at_least),
        spark=tuple(_number(point) for point in spark),
        burn_rate=rate,
        budget_remaining=left,
        budget_reason=(window_share.reason or NO_DATA) if left is None else "",
        burns=burns,
        budget_window=budget_window,
        sampled_at=now,
        slug=objective.slug,
        origin=objective.origin,
        traffic=traffic,
        min_traffic=least,
        shortfall=shortfall,
        objective=objective,
        warnings=warnings,
    )


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value
