"""Live tables and what their readers are told."""

from __future__ import annotations

import pytest

from aurora_tui.model.freshness import Freshness, SourceState
from aurora_tui.store import Changes, Store, Table

NONE = Changes(frozenset(), False)


@pytest.fixture
def table() -> Table[str]:
    table: Table[str] = Table("pods")
    table.apply({"a": "1", "b": "1"})
    return table


def test_a_feed_begins_with_every_row_that_is_there(table: Table[str]) -> None:
    assert table.feed().drain() == Changes(frozenset("ab"), True)


def test_only_what_differs_is_a_change(table: Table[str]) -> None:
    feed = table.feed()
    feed.drain()

    table.apply({"a": "1", "b": "2", "c": "1"}, deletes=["nobody"])

    assert feed.drain() == Changes(frozenset("bc"), False)
    assert table.rows == {"a": "1", "b": "2", "c": "1"}


def test_a_quiet_feed_is_false(table: Table[str]) -> None:
    feed = table.feed()
    feed.drain()

    table.apply({"a": "1"})

    assert not feed.drain()


def test_each_reader_drains_at_its_own_pace(table: Table[str]) -> None:
    eager, hidden = table.feed(), table.feed()
    for feed in (eager, hidden):
        feed.drain()

    table.apply({"a": "2"})
    eager.drain()
    table.apply({}, deletes=["b"])

    assert eager.drain().keys == {"b"}
    assert hidden.drain().keys == {"a", "b"}


def test_a_reader_that_is_away_is_told_nothing_of_what_came_and_went(table: Table[str]) -> None:
    hidden = table.feed()
    hidden.drain()

    for number in range(1000):
        table.apply({f"job-{number}": "1"})
        table.apply({f"job-{number}": "2"})
        table.apply({}, deletes=[f"job-{number}"])

    assert not hidden


def test_a_reader_that_is_away_is_told_of_each_row_that_it_knows_and_that_went(table: Table[str]) -> None:
    hidden = table.feed()
    hidden.drain()

    table.apply({}, deletes=["a"])
    table.apply({"a": "2"})
    table.apply({}, deletes=["a"])
    table.apply({"c": "1"})
    table.apply({}, deletes=["c"])
    table.apply({"c": "2"})

    assert hidden.drain().keys == {"a", "c"}
    table.apply({}, deletes=["c"])
    assert hidden.drain().keys == {"c"}


def test_a_row_that_goes_before_the_first_look_is_no_change(table: Table[str]) -> None:
    feed = table.feed()

    table.apply({}, deletes=["a"])

    assert feed.drain().keys == {"b"}


def test_a_closed_feed_hears_no_more(table: Table[str]) -> None:
    feed = table.feed()
    feed.drain()

    feed.close()
    table.apply({"a": "2"})

    assert feed.drain() == NONE


def test_a_relist_removes_what_it_no_longer_holds(table: Table[str]) -> None:
    feed = table.feed()
    feed.drain()

    table.retain({"b"})

    assert table.rows == {"b": "1"}
    assert feed.drain().keys == {"a"}


def test_freshness_keeps_the_time_of_the_last_good_data(table: Table[str]) -> None:
    table.set_freshness(SourceState.LIVE, 100.0)

    table.set_freshness(SourceState.STALE, 160.0, "connection refused", next_try=161.0)

    assert table.freshness == Freshness(SourceState.STALE, 100.0, "connection refused", 161.0)


def test_time_going_by_is_no_news_for_a_reader_and_a_new_state_is(table: Table[str]) -> None:
    feed = table.feed()
    table.set_freshness(SourceState.LIVE, 100.0)
    feed.drain()

    table.set_freshness(SourceState.LIVE, 110.0)
    table.touch(120.0)
    assert feed.drain() == NONE
    table.set_freshness(SourceState.DOWN, 130.0, "away")

    assert feed.drain() == Changes(frozenset(), True)
    assert table.freshness.last_good == 120.0


def test_a_cleared_table_knows_nothing_of_the_data_it_had(table: Table[str]) -> None:
    table.set_freshness(SourceState.LIVE, 100.0)
    feed = table.feed()
    feed.drain()

    table.clear()

    assert (table.rows, table.freshness) == ({}, Freshness())
    assert feed.drain() == Changes(frozenset("ab"), True)


def test_a_table_is_the_same_whoever_asks_first() -> None:
    store = Store()

    assert store.table("pods") is store.table("pods")
    assert store.names() == ["pods"]
