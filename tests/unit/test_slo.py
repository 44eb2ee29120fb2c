"""Objectives: the arithmetic of budgets, the verdict, and what the operator reads."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.model.definitions import Objective, ObjectiveKind, Service
from aurora_tui.model.slo import (
    COLUMNS,
    NOT_READ,
    Sample,
    SloReading,
    SloState,
    budget_remaining,
    burn_rate,
    read,
    worst_first,
)
from aurora_tui.model.slo_queries import current_value, good_share, promql_range
from aurora_tui.model.sparks import bar, sparkline

AVAILABILITY = Objective(ObjectiveKind.AVAILABILITY, 0.995, total="t[$window]", good="g[$window]")
ERROR_RATE = Objective(ObjectiveKind.ERROR_RATE, 0.99, total="t[$window]", bad="b[$window]")
LATENCY = Objective(
    ObjectiveKind.LATENCY, 0.95, total="t[$window]", good="g[$window]", value="p95[$window]", threshold=0.5
)
BACKEND = Service("backend", "API Backend", ("deployment/aurora-backend",), {})

shares = st.floats(0, 1)
ratios = st.floats(0.5, 0.9999)


def reading(
    objective: Objective,
    value: float | None,
    share: float | None = 1.0,
    reason: str = "",
    **spark: tuple[float, ...],
) -> SloReading:
    return read(
        BACKEND,
        objective,
        current=Sample(value, reason),
        spark=spark.get("spark", ()),
        window_share=Sample(share),
        now=100.0,
    )


def printed(row: SloReading, heading: str) -> str:
    return next(column.cell(row, 0.0).text for column in COLUMNS if column.heading == heading)


@given(ratios)
def test_a_window_that_just_meets_its_objective_has_spent_exactly_its_budget(ratio: float) -> None:
    assert budget_remaining(ratio, ratio) == pytest.approx(0, abs=1e-9)
    assert burn_rate(ratio, ratio) == pytest.approx(1)
    assert budget_remaining(1.0, ratio) == 1.0


@given(shares, shares, ratios)
def test_a_worse_window_never_leaves_more_budget(one: float, other: float, ratio: float) -> None:
    worse, better = sorted((one, other))
    assert budget_remaining(worse, ratio) <= budget_remaining(better, ratio) <= 1


@given(st.integers(1, 10_000), st.integers(1, 10_000), ratios)
def test_quiet_and_busy_hours_weigh_by_their_traffic(quiet: int, busy: int, ratio: float) -> None:
    # All requests of the quiet part fail: what is left depends on its share of the requests alone.
    left = budget_remaining(busy / (quiet + busy), ratio)
    assert left == pytest.approx(1 - quiet / (quiet + busy) / (1 - ratio), abs=1e-6)


@pytest.mark.parametrize(
    ("objective", "value", "state"),
    [
        (AVAILABILITY, 0.995, SloState.OK),
        (AVAILABILITY, 0.9949, SloState.BURNING),
        (ERROR_RATE, 0.0099, SloState.OK),
        (ERROR_RATE, 0.01, SloState.BURNING),
        (LATENCY, 0.499, SloState.OK),
        (LATENCY, 0.5, SloState.BURNING),
        (LATENCY, math.inf, SloState.BURNING),
        (LATENCY, math.nan, SloState.NO_DATA),
        (AVAILABILITY, math.nan, SloState.NO_DATA),
        (ERROR_RATE, None, SloState.NO_DATA),
    ],
)
def test_the_current_value_is_held_against_the_target(
    objective: Objective, value: float | None, state: SloState
) -> None:
    assert reading(objective, value).state is state


def test_a_spent_budget_is_breached_even_when_all_is_well_now() -> None:
    assert reading(AVAILABILITY, 1.0, share=0.98).state is SloState.BREACHED
    assert reading(AVAILABILITY, 1.0, share=None).state is SloState.OK


def test_without_data_the_reason_is_said_and_nothing_looks_healthy() -> None:
    row = reading(AVAILABILITY, None, share=None, reason="no traffic in 5m")
    assert printed(row, "NOW") == "no data"
    assert printed(row, "BUDGET") == "no data"
    assert printed(row, "STATE") == "no data: no traffic in 5m"


def test_a_budget_that_was_not_read_yet_is_not_called_missing() -> None:
    row = read(BACKEND, AVAILABILITY, current=Sample(1.0), spark=(), window_share=Sample(None, NOT_READ), now=100.0)
    assert printed(row, "BUDGET") == "…"


@pytest.mark.parametrize(
    ("objective", "value", "now", "target"),
    [
        (AVAILABILITY, 0.99499, "99.49 %", "99.5 %"),
        (AVAILABILITY, 1.0, "100.00 %", "99.5 %"),
        (AVAILABILITY, 0.999999, "99.99 %", "99.5 %"),
        (ERROR_RATE, 0.29, "29.00 %", "< 1 %"),
        (ERROR_RATE, 0.00001, "<0.01 %", "< 1 %"),
        (LATENCY, 0.4999, "499 ms", "< 500 ms"),
        (LATENCY, 0.0048, "4.8 ms", "< 500 ms"),
        (LATENCY, 1.999, "1.99 s", "< 500 ms"),
    ],
)
def test_figures_are_printed_without_crossing_the_target(
    objective: Objective, value: float, now: str, target: str
) -> None:
    row = reading(objective, value)
    assert (printed(row, "NOW"), printed(row, "TARGET")) == (now, target)


@pytest.mark.parametrize(
    ("share", "text"),
    [(1.0, "██████ 100%"), (0.9981, "████░░ 62%"), (0.99501, "█░░░░░ <1%"), (0.98, "░░░░░░ -300%")],
)
def test_the_budget_is_a_bar_and_a_figure_rounded_down(share: float, text: str) -> None:
    assert printed(reading(AVAILABILITY, 1.0, share=share), "BUDGET") == text


def test_the_worst_stands_first() -> None:
    rows = [
        reading(AVAILABILITY, 1.0),
        reading(AVAILABILITY, None),
        reading(AVAILABILITY, 1.0, share=0.9),
        reading(AVAILABILITY, 0.99),
        reading(AVAILABILITY, 0.5),
    ]
    assert [row.value_text + row.state for row in sorted(rows, key=worst_first)] == [
        "50.00 %burning",
        "99.00 %burning",
        "100.00 %breached",
        "no datano data",
        "100.00 %ok",
    ]


def test_the_burn_rate_is_said_where_it_is_known() -> None:
    assert printed(reading(AVAILABILITY, 0.7), "STATE") == "burning 60x"
    assert printed(reading(LATENCY, 2.0), "STATE") == "burning"


def test_a_sparkline_is_higher_the_worse_it_is_and_half_high_at_the_target() -> None:
    row = reading(AVAILABILITY, 1.0, spark=(1.0, 0.995, 0.9))
    assert printed(row, "1H") == "▁▅█".rjust(20)
    assert sparkline([row.strain(point) for point in (1.0, 0.995, 0.9)], ascii_only=True) == "_=#"


def test_a_sparkline_leaves_gaps_and_keeps_spikes() -> None:
    assert sparkline([0.0, None, 1.0]) == "▁ █"
    assert sparkline([0.0, 1.0, 0.0, None, None, None], 2) == "█ "
    assert sparkline([], 3) == "   "


@given(st.lists(st.none() | st.floats(-5, 5), max_size=80), st.integers(1, 30))
def test_a_sparkline_is_never_wider_than_asked(levels: list[float | None], width: int) -> None:
    assert len(sparkline(levels, width)) == width


def test_any_budget_left_fills_a_cell() -> None:
    assert (bar(0.001), bar(0.0), bar(-3.0), bar(7.0)) == ("█░░░░░", "░░░░░░", "░░░░░░", "██████")
    assert bar(0.5, 4, ascii_only=True) == "##--"


def test_queries_count_a_missing_part_as_none_but_not_a_missing_bucket() -> None:
    window = timedelta(minutes=5)
    assert good_share(AVAILABILITY, window) == "(sum(g[5m]) or vector(0)) / sum(t[5m])"
    assert good_share(ERROR_RATE, window) == "1 - (sum(b[5m]) or vector(0)) / sum(t[5m])"
    assert good_share(LATENCY, window) == "sum(g[5m]) / sum(t[5m])"
    assert current_value(LATENCY, window) == "max(p95[5m])"


@pytest.mark.parametrize(("seconds", "text"), [(2592000, "30d"), (5400, "90m"), (90, "90s"), (1.5, "1500ms")])
def test_spans_are_written_as_promql_does(seconds: float, text: str) -> None:
    assert promql_range(timedelta(seconds=seconds)) == text
