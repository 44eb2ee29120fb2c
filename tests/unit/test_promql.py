"""PromQL in the sandbox: figures worked out by hand, and queries that must be refused.

The whole evaluator is held against a real Prometheus in tests/live/test_promql_oracle.py.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.sandbox import promql
from aurora_tui.sandbox.promql import Matrix, evaluate, evaluate_range
from aurora_tui.sandbox.promql_lexer import PromqlError
from aurora_tui.sandbox.promql_parser import parse
from aurora_tui.sandbox.series import STALE, SeriesStore, format_value
from aurora_tui.sandbox.traffic import Labels

NOW = 1_000_000_000


def labels(name: str, **pairs: str) -> Labels:
    return tuple(sorted({"__name__": name, **pairs}.items()))


@pytest.fixture
def store() -> SeriesStore:
    """Ten minutes, every 15 s, of two counters at 2/s and 3/s, and a histogram of 100 observations a scrape."""
    store = SeriesStore()
    for index in range(41):
        stamp = NOW - (40 - index) * 15_000
        store.append(labels("hits", job="a", code="200"), stamp, 30.0 * index)
        store.append(labels("hits", job="b", code="500"), stamp, 45.0 * index)
        for bound, count in (("0.1", 50), ("0.5", 90), ("1", 100), ("+Inf", 100)):
            store.append(labels("took_bucket", le=bound), stamp, float(count * index))
    return store


def value(store: SeriesStore, query: str, now: int = NOW) -> Any:
    """A vector as labels -> value, a scalar or string as it is."""
    found = evaluate(store, query, now)
    assert not isinstance(found, Matrix)
    return dict(found) if isinstance(found, list) else found


def test_a_rate_is_the_growth_a_second(store: SeriesStore) -> None:
    assert value(store, 'rate(hits{job="a"}[5m])') == {(("code", "200"), ("job", "a")): pytest.approx(2.0)}


def test_a_counter_that_began_again_from_zero_still_grew() -> None:
    store = SeriesStore()
    for index, count in enumerate([100.0, 110.0, 5.0, 15.0, 25.0]):
        store.append(labels("hits"), NOW - (4 - index) * 15_000, count)

    # 10 + 5 + 10 + 10 over the window of exactly four intervals, both ends of which hold a sample
    assert value(store, "increase(hits[1m])") == {(): pytest.approx(35.0)}
    assert value(store, "delta(hits[1m])") == {(): pytest.approx(-75.0)}


def test_growth_is_stretched_to_a_near_edge_of_the_window_and_half_an_interval_to_a_far_one() -> None:
    store = SeriesStore()
    for stamp, count in ((NOW - 60_000, 100.0), (NOW - 45_000, 130.0), (NOW - 30_000, 160.0)):
        store.append(labels("hits"), stamp, count)

    # 60 in 30 s; the far end (30 s) counts half an interval, the near start (10 s) wholly: 30 + 7.5 + 10 s
    assert value(store, "increase(hits[70s])") == {(): pytest.approx(60 * 47.5 / 30)}


def test_a_ratio_of_sums_pairs_by_the_labels_that_are_left(store: SeriesStore) -> None:
    query = "sum by (job) (rate(hits[1m])) / on () group_left () sum(rate(hits[1m]))"

    assert value(store, query) == {(("job", "a"),): pytest.approx(0.4), (("job", "b"),): pytest.approx(0.6)}


def test_a_comparison_keeps_what_holds_and_bool_says_whether(store: SeriesStore) -> None:
    assert value(store, "rate(hits[1m]) > 2.5") == {(("code", "500"), ("job", "b")): pytest.approx(3.0)}
    assert value(store, "sum(rate(hits[1m])) > bool 100") == {(): 0.0}


def test_a_quantile_lies_within_its_bucket(store: SeriesStore) -> None:
    # 95 of 100: half way from 90 to 100, so half way from 0.5 s to 1 s
    assert value(store, "histogram_quantile(0.95, rate(took_bucket[5m]))") == {(): pytest.approx(0.75)}


def test_no_series_is_no_result_and_never_zero(store: SeriesStore) -> None:
    assert value(store, "sum(rate(misses[5m]))") == {}
    assert value(store, 'rate(hits{code="503"}[5m]) / rate(hits[5m])') == {}
    assert value(store, 'absent(misses{job="a"})') == {(("job", "a"),): 1.0}


def test_a_series_is_gone_five_minutes_after_its_last_sample_or_at_once_where_it_ended(store: SeriesStore) -> None:
    store.append(labels("alarm"), NOW - 15_000, 1.0)
    store.append(labels("alarm"), NOW, STALE)

    assert len(value(store, "hits", NOW + 300_000)) == 2
    assert value(store, "hits", NOW + 300_001) == {}
    assert value(store, "alarm", NOW - 1) == {labels("alarm"): 1.0}
    assert value(store, "alarm") == {}


def test_a_range_has_a_point_for_each_step_that_has_a_value(store: SeriesStore) -> None:
    found = evaluate_range(store, 'hits{job="a"}', NOW - 615_000, NOW, 205_000)

    (track,) = found.tracks
    assert track.points == [(NOW - 410_000, 360.0), (NOW - 205_000, 780.0), (NOW, 1200.0)]


def test_precedence_is_that_of_prometheus(store: SeriesStore) -> None:
    assert value(store, "2 + 3 * 2 ^ 3 ^ 0 - -1") == 9.0
    assert value(store, "-2 ^ 2") == -4.0
    assert value(store, "1 == bool 1 + 0") == 1.0
    assert value(store, 'hits{job="a"} or hits{job="b"} unless hits{job="b"}') == {
        labels("hits", job="a", code="200"): 1200.0
    }


def test_division_by_zero_is_infinite_or_no_number(store: SeriesStore) -> None:
    assert value(store, "1 / 0") == math.inf
    assert math.isnan(value(store, "0 / 0"))


@pytest.mark.parametrize(
    ("query", "position", "says"),
    [
        ("", "1:1", "end of input"),
        ("sum(rate(hits[5m])", "1:19", '")"'),
        ("rate(hits)", "1:1", 'expected type range vector in call to function "rate", got instant vector'),
        ("sum by (job hits)", "1:13", "grouping"),
        ("hits{code=~}", "1:12", "string"),
        ('hits{code=~"("}', "1:6", "regexp"),
        ("hits\n+ ]", "2:3", "]"),
        ('{code!=""', "1:10", '"}"'),
        ('{code=~".*"}', "1:1", "non-empty matcher"),
        ("5mm", "1:1", "5mm"),
        ('"open', "1:1", "unterminated"),
        ("hits and 3", "1:6", "set operator"),
        ("1 > 2", "1:3", "BOOL"),
        ("hits[5m] offset 1x", "1:17", "1x"),
        ("frob(hits)", "1:1", "frob"),
    ],
)
def test_what_is_not_promql_is_refused_with_its_position(
    store: SeriesStore, query: str, position: str, says: str
) -> None:
    with pytest.raises(PromqlError) as refused:
        evaluate(store, query, NOW)

    assert refused.value.kind == "bad_data"
    assert str(refused.value).startswith(f"{position}: parse error: ")
    assert says in str(refused.value)


@pytest.mark.parametrize("query", ["hour()", "hits @ 5", "holt_winters(hits[5m], 0.5, 0.5)", "1 atan2 2"])
def test_promql_that_is_not_spoken_is_said_so(store: SeriesStore, query: str) -> None:
    with pytest.raises(PromqlError) as refused:
        evaluate(store, query, NOW)

    assert refused.value.kind == "not_implemented"


@pytest.mark.parametrize(
    "query",
    [
        "hits + ignoring (code, job) hits",
        'label_replace(hits, "x", "$1", "job", "(")',
        'sum by (code) (hits) + on () hits{job="a"} + on () sum by (job) (hits)',
    ],
)
def test_series_that_do_not_pair_are_an_execution_error(store: SeriesStore, query: str) -> None:
    with pytest.raises(PromqlError) as refused:
        evaluate(store, query, NOW)

    assert refused.value.kind == "execution"


def test_deep_nesting_is_refused_and_not_followed(store: SeriesStore) -> None:
    for query in ("(" * 10_000, "-" * 10_000 + "1", "1" + "^1" * 10_000):
        with pytest.raises(PromqlError, match="nested"):
            evaluate(store, query, NOW)


@given(st.text(alphabet="abhits(){}[]\"'`=~!<>+-*/%^,:@ 0159.mehd\n\\", max_size=40))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        parse(text)
    except PromqlError as refused:
        assert refused.kind in ("bad_data", "not_implemented")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_value_as_text_is_the_same_value_without_an_exponent(number: float) -> None:
    text = format_value(number)

    assert float(text) == number
    assert "e" not in text


def test_a_subquery_that_is_asked_again_while_samples_come_in_tells_what_it_would_have_told_anew() -> None:
    """What is remembered of the past is not of a moment that was not over, nor of one that the query looks ahead of."""
    queries = (
        "max_over_time(sum(rate(hits[1m]))[5m:30s])",
        "avg_over_time((hits offset -30s)[3m:15s])",
        "sum_over_time(count(max_over_time(hits[1m:15s]))[2m:30s])",
        "sum_over_time(absent(lost)[2m:15s])",
    )
    grown = SeriesStore()
    written: list[tuple[int, str, float]] = []
    for index in range(60):
        for job in ("a", "b", "c")[: 1 + index // 20]:
            written.append((NOW + index * 10_000, job, float(index**2 % 37)))
            grown.append(labels("hits", job=job), *written[-1][::2])
            # In the middle of a scrape, too: not all that belongs to this moment is there.
            afresh = SeriesStore()
            for stamp, each, number in written:
                afresh.append(labels("hits", job=each), stamp, number)
            for query in queries:
                now = NOW + index * 10_000
                assert value(grown, query, now) == value(afresh, query, now), (index, job, query)


def test_what_is_remembered_counts_as_read(monkeypatch: pytest.MonkeyPatch, store: SeriesStore) -> None:
    query = "sum_over_time(sum(hits)[10m:15s])"
    value(store, query)
    monkeypatch.setattr(promql, "MAX_SAMPLES", 60)

    with pytest.raises(PromqlError, match="too many samples"):
        value(store, query)
