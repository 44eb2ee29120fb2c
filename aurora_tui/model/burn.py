"""When spending an error budget too fast is worth a page: the multiwindow, multi-burn-rate ladder of an objective.

Source: Google's SRE workbook, chapter 5, "6: Multiwindow, Multi-Burn-Rate Alerts"
(https://sre.google/workbook/alerting-on-slos/); the step from a day is that of its table for tickets.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from msgspec import field

from aurora_tui.model.definitions import Objective, Step
from aurora_tui.model.frozen import Frozen

__all__ = ["PAGE", "TICKET", "Burns", "Step", "ladder", "ladder_of", "lasts", "windows"]

PAGE, TICKET = "critical", "warning"
"""How the handbook's alerts call what wakes somebody and what waits for the morning."""

_MONTH = timedelta(days=30)
_MINUTE = timedelta(minutes=1)
_SHORTEST = timedelta(minutes=2)
"""A rate needs several samples: two minutes hold four of a scrape every half a minute."""
_STEPS = (
    (PAGE, 0.02, timedelta(hours=1), timedelta(minutes=5)),
    (PAGE, 0.05, timedelta(hours=6), timedelta(minutes=30)),
    (TICKET, 0.10, timedelta(days=1), timedelta(hours=2)),
    (TICKET, 0.10, timedelta(days=3), timedelta(hours=6)),
)
"""Severity, the share of a month's budget that is gone when it fires, long and short window of a month's budget."""


class Burns(Frozen):
    """How fast a budget is spent over the windows of its ladder, as measured."""

    budget: float
    """The share of events that may be bad (0..1)."""
    steps: tuple[Step, ...] = ()
    shares: Mapping[timedelta, float] = field(default_factory=dict)
    """The share of bad events (0..1) by window; one without traffic, series or answer is missing."""
    quiet: frozenset[timedelta] = frozenset()
    """The windows with less traffic than the objective asks for: nothing is made of their shares."""

    def rate(self, window: timedelta) -> float | None:
        """The burn rate over a window; None where nothing can be said."""
        share = self.shares.get(window)
        return None if share is None else share / self.budget

    def climbed(self, step: Step) -> bool | None:
        """Whether both windows burn faster than a step allows; None where one of them is not known."""
        long, short = self.rate(step.long), self.rate(step.short)
        return None if long is None or short is None else long > step.factor < short

    @property
    def verdict(self) -> Step | None:
        """The most urgent step that is climbed, which is what the rules made from it fire."""
        return next((step for step in self.steps if self.climbed(step)), None)


def ladder_of(objective: Objective, window: timedelta) -> tuple[Step, ...]:
    """The objective's own steps, or those of its own window, or those of the window that all others have."""
    return objective.steps or ladder(objective.window or window)


def lasts(left: float | None, rate: float | None, window: timedelta) -> timedelta | None:
    """How long the unspent share of a budget lasts at a burn rate; None where it does not end or is not known."""
    if left is None or not rate:
        return None
    return max(left, 0.0) * window / rate


def ladder(window: timedelta) -> tuple[Step, ...]:
    """The steps for a budget over `window`, the most urgent first: 14.4, 6, 3 and 1 for 30 days.

    For another length the windows are a month's in proportion, whole minutes and no less than two,
    and each factor is what spends its share of the budget over the window as rounded.
    """
    scale = window / _MONTH
    steps = []
    for severity, spent, long, short in _STEPS:
        scaled = max(_whole(long * scale), _SHORTEST)
        steps.append(Step(severity, spent * (window / scaled), spent, scaled, max(_whole(short * scale), _SHORTEST)))
    return tuple(steps)


def windows(steps: tuple[Step, ...]) -> tuple[timedelta, ...]:
    """Every window that a ladder looks at, the shortest first."""
    return tuple(sorted({window for step in steps for window in (step.long, step.short)}))


def _whole(span: timedelta) -> timedelta:
    return round(span / _MINUTE) * _MINUTE
