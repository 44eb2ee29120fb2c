"""The ladder of burn rates: the workbook's figures for a month, and what stays true for any other window."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.model.burn import PAGE, TICKET, ladder, windows
from aurora_tui.model.definitions import Objective, ObjectiveKind

MONTH = timedelta(days=30)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def test_a_month_has_the_workbooks_steps() -> None:
    steps = [(step.severity, round(step.factor, 9), step.long, step.short) for step in ladder(MONTH)]

    assert steps == [
        (PAGE, 14.4, hours(1), hours(1 / 12)),
        (PAGE, 6, hours(6), hours(0.5)),
        (TICKET, 3, hours(24), hours(2)),
        (TICKET, 1, hours(72), hours(6)),
    ]


def test_a_week_is_looked_at_through_windows_of_its_own_with_the_same_urgency() -> None:
    week = ladder(timedelta(days=7))

    assert [step.long for step in week] == [timedelta(minutes=14), timedelta(minutes=84), hours(5.6), hours(16.8)]
    assert [step.short for step in week] == [timedelta(minutes=minutes) for minutes in (2, 7, 28, 84)]
    assert [round(step.factor, 9) for step in week] == [14.4, 6, 3, 1]


@given(st.integers(min_value=1, max_value=366))
def test_whatever_the_window_each_step_spends_its_share_of_the_budget(days: int) -> None:
    window = timedelta(days=days)
    for step in ladder(window):
        assert step.factor * (step.long / window) == pytest.approx(step.spent)
        assert step.short <= step.long
        assert step.long % timedelta(minutes=1) == step.short % timedelta(minutes=1) == timedelta()
        assert step.short >= timedelta(minutes=2)


def test_every_window_is_named_once() -> None:
    assert windows(ladder(MONTH)) == (
        timedelta(minutes=5), timedelta(minutes=30), hours(1), hours(2), hours(6), hours(24), hours(72)
    )  # fmt: skip


def test_the_limit_is_a_share_of_bad_events() -> None:
    objective = Objective(ObjectiveKind.AVAILABILITY, 0.995, total="t", good="g")

    assert ladder(MONTH)[0].limit(objective) == pytest.approx(0.072)
