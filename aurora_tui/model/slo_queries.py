"""The PromQL that an objective is read with, made from its rates of good, bad and all events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from aurora_tui.model.definitions import WINDOW, Objective, ObjectiveKind

WINDOW_LABEL = "window"


def promql_range(span: timedelta) -> str:
    """A span as PromQL writes durations, in the largest whole unit: ``30d``, ``5m``, ``90s``, ``1500ms``."""
    millis = round(span.total_seconds() * 1000)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if millis % size == 0:
            return f"{millis // size}{unit}"
    return f"{millis}ms"


def good_share(objective: Objective, window: timedelta) -> str:
    """The share of good events over a window, 0..1; NaN without traffic, empty without series.

    A counter of failures appears with the first failure, and one of successes may be missing in a
    total outage: where there is a total, a missing part therefore counts as none. A missing
    histogram bucket does not: it means that the threshold is no bucket, and nothing can be said.
    """
    return f"1 - {_share(objective, window)}" if objective.good is None else _share(objective, window)


def bad_share(objective: Objective, window: timedelta) -> str:
    """The share of bad events over a window, where `good_share` has one."""
    return _share(objective, window) if objective.good is None else f"1 - {_share(objective, window)}"


def _share(objective: Objective, window: timedelta) -> str:
    part = f"sum({objective.bad if objective.good is None else objective.good})"
    if objective.good is None or objective.kind is not ObjectiveKind.LATENCY:
        part = f"({part} or vector(0))"
    return f"{part} / sum({objective.total})".replace(WINDOW, promql_range(window))


def current_value(objective: Objective, window: timedelta) -> str:
    """The figure that the objective is held against, in its own unit (see `SloReading.value`)."""
    if objective.value is not None:
        # The worst series, should the query give more than one.
        return f"max({objective.value})".replace(WINDOW, promql_range(window))
    if objective.kind is ObjectiveKind.ERROR_RATE:
        return bad_share(objective, window)
    return good_share(objective, window)


def bad_shares(objective: Objective, windows: Sequence[timedelta]) -> str:
    """The shares of bad events over several windows in one query, each told by its label `WINDOW_LABEL`."""
    return " or ".join(
        f'label_replace({bad_share(objective, window)}, "{WINDOW_LABEL}", "{promql_range(window)}", "", "")'
        for window in windows
    )
