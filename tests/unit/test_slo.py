"""Objectives: the arithmetic of budgets, the verdict, and what the operator reads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.model.alerts import Alert, AlertState
from aurora_tui.model.burn import Burns, ladder
from aurora_tui.model.columns import Tone
from aurora_tui.model.definitions import Objective, ObjectiveKind, Service
from aurora_tui.model.describe_alert import describe_alert
from aurora_tui.model.describe_slo import describe_slo
from aurora_tui.model.frozen import replace
from aurora_tui.model.onset import Shortfall
from aurora_tui.model.slo import (
    NOT_READ,
    Sample,
    SloReading,
    SloState,
    budget_remaining,
    burn_rate,
    read,
)
from aurora_tui.model.slo_columns import COLUMNS, THRIFTY_COLUMNS, state_text, worst_first
from aurora_tui.model.slo_queries import current_value, good_share
from aurora_tui.model.spans import promql_range
from aurora_tui.model.sparks import bar, chart, sparkline
from widgets.asciisigns import in_ascii

AVAILABILITY = Objective(ObjectiveKind.AVAILABILITY, 0.995, total="t[$window]", good="g[$window]")
ERROR_RATE = Objective(ObjectiveKind.ERROR_RATE, 0.99, total="t[$window]", bad="b[$window]")
LATENCY = Objective(
    ObjectiveKind.LATENCY, 0.95, total="t[$window]", good="g[$window]", value="p95[$window]", threshold=0.5
)
MONTH = timedelta(days=30)
FIVE_MINUTES, HALF_AN_HOUR, HOUR = (timedelta(minutes=minutes) for minutes in (5, 30, 60))
TWO_HOURS, SIX_HOURS, DAY, THREE_DAYS = (timedelta(hours=hours) for hours in (2, 6, 24, 72))
BACKEND = Service("backend", "API Backend", ("deployment/aurora-backend",), {})

shares = st.floats(0, 1)
ratios = st.floats(0.5, 0.9999)


def reading(
    objective: Objective,
    value: float | None,
    share: float | None = 1.0,
    reason: str = "",
    *,
    spark: tuple[float, ...] = (),
    share_reason: str = "",
    burns: Mapping[timedelta, float] | None = None,
) -> SloReading:
    return read(
        BACKEND,
        objective,
        current=Sample(value, reason),
        spark=spark,
        window_share=Sample(share, share_reason),
        burns=Burns(objective.budget, ladder(MONTH), burns or {}),
        budget_window=MONTH,
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
    row = reading(AVAILABILITY, 1.0, share=None, share_reason=NOT_READ)
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
    assert printed(row, "1H") == "▁▅█".rjust(12)


def test_a_chart_has_the_target_as_a_line_that_what_is_beyond_it_crosses() -> None:
    assert [in_ascii(row) for row in chart([0.0, 0.4, 0.5, 0.6, 0.95, None, 2.0], 2)] == [
        "    * #",
        "   :# #",
        "---##-#",
        " =### #",
        "_#### #",
    ]


def test_over_a_slow_line_the_hour_takes_fewer_characters_and_keeps_its_worst() -> None:
    row = reading(AVAILABILITY, 1.0, spark=(1.0,) * 50 + (0.9,) + (1.0,) * 9)
    (hour,) = [column for column in THRIFTY_COLUMNS if column.heading == "1H"]
    assert hour.cell(row, 0.0).text == "▁▁▁▁▁█"


def test_a_sparkline_leaves_gaps_and_keeps_spikes() -> None:
    assert sparkline([0.0, None, 1.0]) == "▁ █"
    assert sparkline([0.0, 1.0, 0.0, None, None, None], 2) == "█ "
    assert sparkline([], 3) == "   "


@given(st.lists(st.none() | st.floats(-5, 5), max_size=80), st.integers(1, 30))
def test_a_sparkline_is_never_wider_than_asked(levels: list[float | None], width: int) -> None:
    assert len(sparkline(levels, width)) == width


def test_any_budget_left_fills_a_cell() -> None:
    assert (bar(0.001), bar(0.0), bar(-3.0), bar(7.0)) == ("█░░░░░", "░░░░░░", "░░░░░░", "██████")


def test_queries_count_a_missing_part_as_none_but_not_a_missing_bucket() -> None:
    window = timedelta(minutes=5)
    assert good_share(AVAILABILITY, window) == "(sum(g[5m]) or vector(0)) / sum(t[5m])"
    assert good_share(ERROR_RATE, window) == "1 - (sum(b[5m]) or vector(0)) / sum(t[5m])"
    assert good_share(LATENCY, window) == "sum(g[5m]) / sum(t[5m])"
    assert current_value(LATENCY, window) == "max(p95[5m])"


@pytest.mark.parametrize(("seconds", "text"), [(2592000, "30d"), (5400, "90m"), (90, "90s"), (1.5, "1500ms")])
def test_spans_are_written_as_promql_does(seconds: float, text: str) -> None:
    assert promql_range(timedelta(seconds=seconds)) == text


def test_what_burns_fast_in_both_windows_of_a_step_is_a_page() -> None:
    row = reading(AVAILABILITY, 0.9, burns={FIVE_MINUTES: 0.1, HOUR: 0.08})
    assert printed(row, "STATE") == "burning 20x · page"


def test_what_is_over_is_no_page_any_more_however_bad_the_hour_was() -> None:
    row = reading(AVAILABILITY, 1.0, burns={FIVE_MINUTES: 0.0, HOUR: 0.08})
    assert printed(row, "STATE") == "ok"


def test_a_slow_leak_is_a_ticket_also_while_the_target_is_met() -> None:
    row = reading(AVAILABILITY, 0.996, burns={TWO_HOURS: 0.02, DAY: 0.016, SIX_HOURS: 0.02, THREE_DAYS: 0.01})
    assert printed(row, "STATE") == "ok · ticket 3.2x over 1d"
    (state,) = (column for column in COLUMNS if column.heading == "STATE")
    assert state.cell(row, 0.0).tone is Tone.WARN
    assert state.cell(reading(AVAILABILITY, 0.996), 0.0).tone is Tone.GOOD


def test_of_those_on_target_the_leaking_ones_come_first() -> None:
    leaks = reading(AVAILABILITY, 0.999, burns={TWO_HOURS: 0.02, DAY: 0.016})
    worse, fine = reading(AVAILABILITY, 0.996), reading(AVAILABILITY, 1.0)
    assert sorted([fine, worse, leaks], key=worst_first) == [leaks, worse, fine]


def test_a_window_that_nothing_is_known_of_raises_no_alarm() -> None:
    row = reading(AVAILABILITY, 0.9, burns={HOUR: 0.5})
    assert row.burns.verdict is None
    assert row.burns.climbed(row.burns.steps[0]) is None
    assert printed(row, "STATE") == "burning 20x"


@given(
    st.dictionaries(st.sampled_from([FIVE_MINUTES, HALF_AN_HOUR, HOUR, TWO_HOURS, SIX_HOURS, DAY, THREE_DAYS]), shares)
)
def test_the_verdict_is_the_first_step_whose_windows_are_both_beyond_its_limit(burns: dict[timedelta, float]) -> None:
    steps = [
        step for step in ladder(MONTH) if all(burns.get(w, 0) / 0.005 > step.factor for w in (step.long, step.short))
    ]
    budget = AVAILABILITY.budget
    if all(abs(share / budget - factor) > 1e-6 for share in burns.values() for factor in (14.4, 6, 3, 1)):
        assert reading(AVAILABILITY, 1.0, burns=burns).burns.verdict == (steps[0] if steps else None)


def test_the_budget_lasts_as_long_as_the_last_hours_pace_lets_it() -> None:
    row = reading(
        AVAILABILITY, 0.99, share=0.9975, burns={HOUR: 0.05}
    )  # half the budget left, spent ten times too fast
    assert row.exhausted_in is not None
    assert row.exhausted_in.total_seconds() == pytest.approx(1.5 * 86_400)
    lines = list(describe_slo(row, None))
    assert lines[4:6] == [
        "Budget:     ███░░░ 50% of 30d is left",
        "            at the pace of the last 1h it is spent in 36 hours",
    ]


def test_a_budget_that_nothing_spends_or_that_is_spent_has_no_end_to_tell() -> None:
    idle, spent = (
        reading(AVAILABILITY, 1.0, burns={HOUR: 0.0}),
        reading(AVAILABILITY, 0.9, share=0.9, burns={HOUR: 0.1}),
    )
    assert idle.exhausted_in is None
    assert not any("at the pace" in line for row in (idle, spent) for line in describe_slo(row, None))


def test_the_description_says_each_windows_rate_and_what_it_is_worth() -> None:
    row = reading(AVAILABILITY, 0.9, burns={FIVE_MINUTES: 0.1, HOUR: 0.08, HALF_AN_HOUR: 0.09})
    lines = list(describe_slo(row, None))
    assert "      5m       20x" in lines
    assert "      6h   no data" in lines
    assert [line.split()[-1] for line in lines if line.lstrip().startswith(("page", "ticket"))] == [
        "yes", "said", "said", "said"
    ]  # fmt: skip


THROUGHPUT = Objective(ObjectiveKind.THROUGHPUT, 0.99, value="t[$window]", threshold=100, good_while="> 100")


@pytest.mark.parametrize(
    ("value", "now", "state"),
    [(137.26, "137.2/s", SloState.OK), (100.0, "100.0/s", SloState.BURNING), (0.0456, "0.045/s", SloState.BURNING)],
)
def test_a_floor_must_be_exceeded(value: float, now: str, state: SloState) -> None:
    row = reading(THROUGHPUT, value)
    assert (printed(row, "NOW"), printed(row, "TARGET"), printed(row, "SLO")) == (now, "> 100/s", "throughput")
    assert row.state is state
    assert row.burn_rate is None, "its budget is of time: a rate of events says nothing of it"


def test_a_sparkline_of_a_floor_is_half_high_at_it_and_full_where_nothing_comes() -> None:
    row = reading(THROUGHPUT, 150.0)
    assert [row.strain(value) for value in (200.0, 100.0, 0.0)] == [0.0, 0.5, 1.0]


@pytest.mark.parametrize(
    ("while_", "value", "state"),
    [("< 5", 5, "burning"), ("<= 5", 5, "ok"), (">= 5", 5, "ok"), ("> 5", 5, "burning"), ("> 5", 6, "ok")],
)
def test_a_figure_is_held_against_its_comparison(while_: str, value: float, state: str) -> None:
    figure = Objective(ObjectiveKind.THRESHOLD, 0.9, value="q", threshold=5, good_while=while_, name="queue")
    row = reading(figure, value)
    assert (row.state, printed(row, "TARGET"), printed(row, "SLO")) == (state, while_, "queue")


def test_a_page_shows_the_hour_with_its_target_as_a_line() -> None:
    row = reading(AVAILABILITY, 0.5, spark=(1.0, 0.995, 0.99, 0.5))
    lines = [in_ascii(line) for line in describe_slo(row, None)]
    at = next(index for index, line in enumerate(lines) if line.startswith("Last hour"))

    assert lines[at + 1 : at + 8] == [
        "      ##",
        "      ##",
        "      ##",
        "    --##  99.5 %",
        "     ###",
        "     ###",
        "    _###",
    ]
    assert all(line.isascii() for line in lines)
    assert "┄" in "\n".join(describe_slo(row, None))


@pytest.mark.parametrize(
    ("shortfall", "words"),
    [
        (None, ["none: the target was not missed in the last 10 minutes"]),
        (Shortfall(40.0), ["missed for 60s", "over once the target is met for 10 minutes"]),
        (
            Shortfall(40.0, at_least=True, consumed=1.2345, by_time=True),
            [
                "missed for at least 60s, at least 123.4 % of the whole budget gone",
                "(reckoned as if traffic were even: its events are not counted)",
                "over once the target is met for 10 minutes",
            ],
        ),
        (
            Shortfall(40.0, consumed=0.0001),
            ["missed for 60s, <0.1 % of the whole budget gone", "over once the target is met for 10 minutes"],
        ),
    ],
)
def test_the_description_says_what_the_shortfall_has_cost(shortfall: Shortfall | None, words: list[str]) -> None:
    lines = list(describe_slo(replace(reading(AVAILABILITY, 0.99), shortfall=shortfall), BACKEND))
    at = next(index for index, line in enumerate(lines) if line.startswith("Shortfall:  "))

    assert [line[12:] for line in lines[at : at + len(words)]] == words
    assert not lines[at + len(words)]


def test_without_data_no_shortfall_is_denied() -> None:
    assert "Shortfall:  no data" in list(describe_slo(reading(AVAILABILITY, None), None))


def test_the_description_names_quiet_windows_partial_answers_and_who_defined_it() -> None:
    rare = replace(ERROR_RATE, min_traffic=2.0)
    row = read(
        BACKEND,
        rare,
        current=Sample(1.0),
        spark=(),
        window_share=Sample(1.0),
        burns=Burns(rare.budget, ladder(MONTH), {}, frozenset({FIVE_MINUTES})),
        budget_window=MONTH,
        now=100.0,
        traffic=1.5,
        warnings=("a store was away",),
    )
    lines = list(describe_slo(row, BACKEND))

    assert "Objective:  backend error rate (API Backend; defined by settings)" in lines
    assert "Traffic:    1.5/s, judged from 2.0/s on" in lines
    assert "Partial:    a store was away" in lines
    assert "      5m  too little traffic" in lines
    assert "    bad:   b[$window]" in lines


def test_a_latency_in_seconds_burns_as_fast_as_its_requests_are_slow() -> None:
    assert printed(reading(LATENCY, 0.9, burns={FIVE_MINUTES: 0.2}), "STATE") == "burning 4x"
    assert printed(reading(LATENCY, 0.9), "STATE") == "burning"


def test_an_objective_and_the_alerts_of_its_service_tell_of_each_other() -> None:
    row = reading(AVAILABILITY, 0.95, burns={FIVE_MINUTES: 10.0})
    alert = Alert("f1", "HighErrorRate", AlertState.FIRING, "critical", 0.0, "", {}, {}, "backend", "labels job=x")

    assert "Alerts:     HighErrorRate firing since 1970-01-01T00:00:00Z (labels job=x)" in list(
        describe_slo(row, BACKEND, [alert])
    )
    told = [line for line in describe_alert(alert, 60.0, [alert], [row]) if line.startswith("SLOs:")]
    assert told == [f"SLOs:      availability {row.value_text} ({row.target_text}): {state_text(row)}"]
