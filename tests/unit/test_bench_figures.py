"""The harness's own arithmetic: percentiles, medians over runs, verdicts, and how numbers are printed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.figures import Budget, Figure, Verdict, merge, number, percentile, table


def test_percentile_is_the_nearest_rank() -> None:
    values = [float(each) for each in range(1, 101)]
    assert [percentile(values, share) for share in (0.5, 0.95, 0.99, 1.0)] == [50, 95, 99, 100]


def test_percentile_of_few_values_is_one_of_them() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([3.0, 1.0, 2.0], 0.99) == 3.0
    assert math.isnan(percentile([], 0.5))


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_percentile_is_not_exceeded_by_its_share(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values) + 1e-9


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(4.9, Verdict.AIM), (5.0, Verdict.AIM), (5.1, Verdict.KEPT), (12.0, Verdict.KEPT), (12.1, Verdict.MISSED)],
)
def test_verdict_by_budget_and_aim(value: float, verdict: Verdict) -> None:
    assert Budget(12, 5).verdict(value) is verdict


def test_what_never_came_misses_its_budget() -> None:
    assert Figure("key", [math.inf], "ms", Budget(30, 16)).verdict is Verdict.MISSED
    assert Figure("key", [math.nan], "ms", Budget(30, 16)).verdict is Verdict.MISSED


def test_runs_are_merged_by_name_and_judged_by_their_median() -> None:
    def run(value: float) -> list[Figure]:
        return [Figure("a", [value], "s", Budget(2, 1)), Figure("b", [7.0], "MB")]

    a, b = merge([run(5.0), run(1.5), run(0.5)])
    assert (a.name, a.value, a.spread, a.verdict) == ("a", 1.5, (0.5, 5.0), Verdict.KEPT)
    assert (b.name, list(b.values), b.verdict) == ("b", [7.0, 7.0, 7.0], Verdict.NONE)


def test_table_says_median_spread_budget_and_verdict() -> None:
    figure = Figure("CPU of one core", [9.0, 13.0, 14.5], "%", Budget(12, 5), "at 199/s")
    [line] = table([figure]).splitlines()[1:]
    assert " ".join(line.split()) == "CPU of one core 13 % 9 … 14.5 12 5 MISSED at 199/s"


def test_json_holds_every_run() -> None:
    assert Figure("a", [2.0, 1.0, 3.0], "s", Budget(2, 1)).as_json() == {
        "name": "a",
        "unit": "s",
        "value": 2.0,
        "low": 1.0,
        "high": 3.0,
        "runs": 3,
        "values": [2.0, 1.0, 3.0],
        "remark": "",
        "budget": 2,
        "aim": 1,
        "verdict": "kept",
    }


def test_numbers_have_three_digits() -> None:
    printed = [number(value) for value in (0.1234, 1.234, 12.34, 123.4, 12345.6, 0.0, math.nan, math.inf)]
    assert printed == ["0.123", "1.23", "12.3", "123", "12,346", "0", "nan", "inf"]
