"""The arithmetic of objectives against a slow, exact reference: fractions, and events counted one by one."""

from __future__ import annotations

import math
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.model.burn import Burns, ladder, ladder_of, lasts
from aurora_tui.model.definitions import Objective, ObjectiveKind, Origin
from aurora_tui.model.onset import PAUSE, consumed, consumed_by_time, onset
from aurora_tui.model.recorded_slos import Seen, recognised
from aurora_tui.model.slo import budget_remaining

MONTH = timedelta(days=30)
MINUTE = 60.0

parts = st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), min_size=1, max_size=20)
"""Good and bad events of the parts of a window, or of the series of a service."""
per_mille = st.integers(500, 999)


def close(value: float | None, exact: Fraction) -> bool:
    assert value is not None
    return math.isclose(value, float(exact), rel_tol=1e-9, abs_tol=1e-9)


@given(parts, per_mille)
def test_what_is_left_depends_on_the_events_of_all_parts_together(some: list[tuple[int, int]], ratio: int) -> None:
    good, bad = sum(good for good, _ in some), sum(bad for _, bad in some)
    if good + bad == 0:
        return
    exact = 1 - Fraction(bad, good + bad) / Fraction(1000 - ratio, 1000)

    assert close(budget_remaining(good / (good + bad), ratio / 1000), exact)


@given(parts, per_mille, st.data())
def test_what_the_parts_of_a_window_consume_adds_up_to_what_is_spent(
    some: list[tuple[int, int]], ratio: int, data: st.DataObject
) -> None:
    volume, budget = sum(good + bad for good, bad in some), 1 - ratio / 1000
    if volume == 0:
        return
    cut = data.draw(st.integers(0, len(some)))

    def taken(piece: list[tuple[int, int]]) -> float:
        events = sum(good + bad for good, bad in piece)
        share = sum(bad for _, bad in piece) / events if events else 0.0
        return consumed(share, events, volume, budget) or 0.0

    exact = Fraction(sum(bad for _, bad in some), volume) / Fraction(1000 - ratio, 1000)
    assert close(taken(some[:cut]) + taken(some[cut:]), exact)


@given(st.integers(1, 1000), st.integers(1, 400), st.integers(1, 60), per_mille)
def test_where_traffic_is_even_time_and_events_consume_alike(bad: int, hours: int, days: int, ratio: int) -> None:
    window, part = timedelta(days=days), min(timedelta(hours=hours), timedelta(days=days))
    share, budget = bad / 1000, 1 - ratio / 1000
    by_events = consumed(share, part.total_seconds() * 7, window.total_seconds() * 7, budget)

    assert by_events == pytest.approx(consumed_by_time(share, part, window, budget))


def test_a_window_without_events_has_no_budget_to_consume() -> None:
    assert consumed(0.5, 10, 0, 0.01) is None


@given(per_mille, st.integers(1, 1000), st.integers(1, 90))
def test_a_budget_that_lasts_is_gone_exactly_then(ratio: int, spent: int, days: int) -> None:
    window, left = timedelta(days=days), 1 - spent / 1000
    rate = Fraction(1000 - ratio, 7)
    ends = lasts(left, float(rate), window)

    assert ends is not None
    assert ends / window * float(rate) == pytest.approx(left, abs=1e-6)


@given(st.integers(1, 366), st.lists(st.integers(0, 100), min_size=8, max_size=8), per_mille)
def test_the_verdict_is_that_of_exact_shares(days: int, percents: list[int], ratio: int) -> None:
    """Of each step, both windows; the page of the smallest part of the window first."""
    steps = ladder(timedelta(days=days))
    spans = sorted({span for step in steps for span in (step.long, step.short)})
    shares = {span: Fraction(percent, 100) for span, percent in zip(spans, percents, strict=False)}
    budget = Fraction(1000 - ratio, 1000)
    limits = [(step, Fraction(step.spent).limit_denominator(100) * (timedelta(days=days) // timedelta(minutes=1))
               / (step.long // timedelta(minutes=1)) * budget) for step in steps]  # fmt: skip
    if any(abs(share - limit) < Fraction(1, 10**6) for share in shares.values() for _, limit in limits):
        return
    exact = next((step for step, limit in limits if shares[step.long] > limit < shares[step.short]), None)
    measured = {span: float(share) for span, share in shares.items()}

    assert Burns(float(budget), steps, measured).verdict == exact


@given(st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=60))
def test_an_incident_begins_where_a_walk_back_meets_no_pause_any_more(missed: list[bool | None]) -> None:
    history = [(MINUTE * index, each) for index, each in enumerate(missed)]
    pause = round(PAUSE.total_seconds() / MINUTE)
    began: int | None = None
    for index in range(len(missed)):  # slow and forwards: a miss begins an incident unless one is on
        if missed[index] and (began is None or not any(missed[max(index - pause + 1, 0) : index])):
            began = index
        if began is not None and not any(missed[max(index - pause + 1, 0) : index + 1]):
            began = None
    found = onset(history)

    assert (found.began if found else None) == (None if began is None else MINUTE * began)
    if found is not None and began is not None:
        assert found.at_least is (began < pause)


@pytest.mark.parametrize(("calm", "began"), [(8, 0.0), (9, 600.0)])
def test_ten_minutes_on_target_end_an_incident_and_nine_do_not(calm: int, began: float) -> None:
    missed = [True, *[False] * calm, True]
    found = onset([(MINUTE * index, each) for index, each in enumerate(missed)])

    assert found is not None and found.began == began


def test_an_empty_history_has_no_incident() -> None:
    assert onset([]) is None


def test_sloths_month_of_28_days_keeps_its_windows_and_scales_its_factors() -> None:
    labels = {"sloth_id": "shop-up", "sloth_service": "shop", "sloth_slo": "up"}
    seen = [
        Seen({"__name__": "slo:objective:ratio", **labels}, 0.99),
        Seen({"__name__": "slo:time_period:days", **labels}, 28.0),
    ]
    (service,) = recognised(seen, [], [])
    (objective,) = service.objectives

    assert [(round(step.factor, 9), step.long, step.short) for step in objective.steps] == [
        (13.44, timedelta(hours=1), timedelta(minutes=5)),
        (5.6, timedelta(hours=6), timedelta(minutes=30)),
        (2.8, timedelta(days=1), timedelta(hours=2)),
        (round(2.8 / 3, 9), timedelta(days=3), timedelta(hours=6)),
    ]
    assert objective.origin is Origin.SLOTH


@pytest.mark.parametrize("days", [1, 7, 28, 30, 90, 365])
def test_a_budget_of_any_length_is_watched_in_the_same_parts_of_it(days: int) -> None:
    """The workbook's page consumes 2 % in a 720th part of the window, the second 5 % in a 120th, the tickets 10 %."""
    window = timedelta(days=days)
    wanted = [(Fraction(2, 100), 720), (Fraction(5, 100), 120), (Fraction(10, 100), 30), (Fraction(10, 100), 10)]
    for step, (spent, part) in zip(ladder(window), wanted, strict=True):
        assert step.factor * (step.long / window) == pytest.approx(float(spent))
        assert abs(step.long - max(window / part, timedelta(minutes=2))) <= timedelta(seconds=30)


def test_an_objectives_own_window_decides_over_that_of_all() -> None:
    week = timedelta(days=7)
    own = Objective(ObjectiveKind.AVAILABILITY, 0.99, total="t", good="g", window=week)

    assert ladder_of(own, MONTH) == ladder(week)
    assert ladder_of(Objective(ObjectiveKind.AVAILABILITY, 0.99, total="t", good="g"), MONTH) == ladder(MONTH)
