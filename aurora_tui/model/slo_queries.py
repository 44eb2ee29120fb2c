"""The PromQL that an objective is read with, made from its rates of good, bad and all events or from its figure."""

from __future__ import annotations

import math
from datetime import timedelta

from aurora_tui.model.definitions import WINDOW, Objective, ObjectiveKind, Origin
from aurora_tui.model.spans import promql_range, recorded_range

_MOMENTS = 8640
"""The most moments that a budget of time is judged by in one query: 30 days every five minutes."""
_MINUTE = timedelta(minutes=1)


def good_share(objective: Objective, window: timedelta) -> str:
    """The share of good events over a window, 0..1; NaN without traffic, empty without series.

    A counter of failures appears with the first failure, and one of successes may be missing in a
    total outage: where there is a total, a missing part therefore counts as none. A missing
    histogram bucket does not: it means that the threshold is no bucket, and nothing can be said.
    Where the budget is of time it is the share of moments with the figure as it must be, of those
    moments that have a figure.
    """
    if objective.good_while:
        return _good_time(objective, window)
    return f"1 - {_share(objective, window)}" if objective.good is None else _share(objective, window)


def bad_share(objective: Objective, window: timedelta) -> str:
    """The share of bad events over a window, where `good_share` has one."""
    if objective.good_while:
        return f"1 - {_good_time(objective, window)}"
    return _share(objective, window) if objective.good is None else f"1 - {_share(objective, window)}"


def judged_share(objective: Objective, window: timedelta) -> str:
    """The share of bad events over a window with enough traffic; empty where there is too little."""
    share = bad_share(objective, window)
    if objective.min_traffic is None:
        return share
    return f"({share}) and {traffic(objective, window)} >= {objective.min_traffic:.12g}"


def traffic(objective: Objective, window: timedelta) -> str:
    """All events, by the second, over a window; the objective must count them."""
    return _within(f"sum({objective.total})", window)


def current_value(objective: Objective, window: timedelta) -> str:
    """The figure that the objective is held against, in its own unit (see `SloReading.value`)."""
    if objective.good_while:
        return _figure(objective)
    if objective.value is not None:
        # The worst series, should the query give more than one.
        return _within(f"max({objective.value})", window)
    if objective.kind is ObjectiveKind.ERROR_RATE:
        return bad_share(objective, window)
    return good_share(objective, window)


def share_since(objective: Objective, span: timedelta) -> str:
    """The share of bad events over the last `span`, which is no window that rules record."""
    if not objective.recorded:
        return bad_share(objective, span)
    return f"avg_over_time(({bad_share(objective, objective.slice)})[{promql_range(span)}:{_every(span)}])"


def good_since(objective: Objective, span: timedelta) -> str:
    """The share of good events over the last `span`, whatever its length."""
    return f"1 - {share_since(objective, span)}" if objective.recorded else good_share(objective, span)


def _share(objective: Objective, window: timedelta) -> str:
    given = objective.bad if objective.good is None else objective.good
    if objective.recorded:
        # Shares of several series can't be weighed any more: the worst one counts.
        worst = f"{'max' if objective.good is None else 'min'}({given})"
        return worst.replace(WINDOW, _name_of(objective, window))
    part = f"sum({given})"
    if objective.good is None or objective.kind is not ObjectiveKind.LATENCY:
        part = f"({part} or vector(0))"
    return _within(f"{part} / sum({objective.total})", window)


def _name_of(objective: Objective, window: timedelta) -> str:
    """A window within the name of a series, as the program writes it that records them."""
    theirs = objective.origin in (Origin.SLOTH, Origin.PYRRA)
    return recorded_range(window) if theirs else promql_range(window)


def _figure(objective: Objective) -> str:
    """The figure of one moment: a rate adds up over its series, of other figures the worst one counts."""
    if objective.kind is ObjectiveKind.THROUGHPUT:
        combined = "sum"
    else:
        combined = "min" if objective.good_while.startswith(">") else "max"
    return _within(f"{combined}({objective.value})", objective.slice)


def _good_time(objective: Objective, window: timedelta) -> str:
    sign, _, limit = objective.good_while.partition(" ")
    figure = _figure(objective)
    judged = f"{figure} {sign} bool {limit}"
    if WINDOW in (objective.value or ""):
        # A rate is too low until its range is full: the first minutes of a new series are no outage.
        judged += f" and last_over_time(({figure})[1m:1m] offset {promql_range(objective.slice)})"
    return f"avg_over_time(({judged})[{promql_range(window)}:{_every(window)}])"


def _every(span: timedelta) -> str:
    return promql_range(max(_MINUTE, timedelta(seconds=math.ceil(span.total_seconds() / _MOMENTS))))


def _within(query: str, window: timedelta) -> str:
    return query.replace(WINDOW, promql_range(window))
