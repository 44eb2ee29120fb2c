"""When an objective began to be missed, and what of its budget that has cost.

A shortfall of an objective lasts from the first moment at which its target was missed until it has been
met for `PAUSE`; a shorter recovery belongs to it. It begins with the burn itself, not with an alert: an
alert waits for its windows and its duration, and what burns until then is spent all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from aurora_tui.model.frozen import Frozen

PAUSE = timedelta(minutes=10)
"""Two of the handbook's rate windows: a shorter calm may be the next wave's beginning."""
LEAD_SECONDS = 60.0
"""Seconds by which an onset is told late at least: its rule looks at minutes, and is met late."""
LOG_BEFORE_SECONDS = 300.0
"""Seconds before an onset from which on a log is read: what was said until then tells what is new."""


class Shortfall(Frozen):
    """A target that is being missed. `began` is in seconds since the epoch."""

    began: float
    at_least: bool = False
    """The history that was read begins with it: it may be older."""
    consumed: float | None = None
    """The share of the whole budget that has gone since; beyond 1 it took more than there was."""
    by_time: bool = False
    """Reckoned as if traffic had been even, because the events of it are not counted."""


def onset(points: Sequence[tuple[float, bool | None]], pause: timedelta = PAUSE) -> Shortfall | None:
    """The shortfall that is on at the end of a history, of (seconds, whether the target was missed) by time.

    A moment that nothing is known of (None) neither begins nor prolongs one.
    """
    if not points:
        return None
    began: float | None = None
    reference = points[-1][0]
    for moment, missed in reversed(points):
        if reference - moment >= pause.total_seconds():
            break
        if missed:
            began = reference = moment
    if began is None:
        return None
    return Shortfall(began, at_least=began - points[0][0] < pause.total_seconds())


def consumed(share: float, events: float, volume: float, budget: float) -> float | None:
    """The share of a budget that a part of its window has taken: its bad events, of those that are allowed.

    `share` of the part's `events` were bad; the whole window has `volume` events (in the same unit).
    """
    return share * events / (volume * budget) if volume > 0 else None


def consumed_by_time(share: float, part: timedelta, window: timedelta, budget: float) -> float:
    """The same where the budget is of time, or where the events are not known."""
    return share * (part / window) / budget
