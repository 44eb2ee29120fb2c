"""Tables of several contexts in one: nothing lost, nothing mixed up, and what is away is marked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.merging import MergedStore
from aurora_tui.model import kube
from aurora_tui.model.alert_groups import groups_of
from aurora_tui.model.alerts import Alert, AlertState
from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.freshness import Freshness, SourceState
from aurora_tui.model.frozen import replace
from aurora_tui.model.placing import context_of, placed, placed_key, short_names, together
from aurora_tui.model.selection import ObjectRef, key_of, runner_of
from aurora_tui.store import Store

EU, US = "prod-eu", "prod-us"
NAME: Column[kube.Pod] = Column(
    "NAME", lambda pod, _: Cell(pod.metadata.name, Tone.GOOD), lambda pod: pod.metadata.name
)

contexts = st.sampled_from([EU, US, "arn:aws:eks:eu-west-1:1:cluster/c"])
keys = st.sampled_from(["aurora/a", "aurora/b", "monitoring/a", "node"])
Write = tuple[str, str, int | None]
writes = st.tuples(contexts, keys, st.one_of(st.none(), st.integers(0, 3)))
"""A row with a version is written, without one it is deleted."""


def pod(name: str, version: str = "1", owner: str = "") -> kube.Pod:
    owners = (kube.OwnerReference(kind="StatefulSet", name=owner, controller=True),) if owner else None
    return kube.Pod(kube.Meta(name, "aurora", resource_version=version, owner_references=owners))


def stores() -> dict[str, Store]:
    return {EU: Store(), US: Store()}


@given(st.lists(st.one_of(writes, st.none())))
def test_whatever_the_order_of_events_the_merged_table_is_the_union(events: list[Write | None]) -> None:
    members = {context: Store() for context in (EU, US, "arn:aws:eks:eu-west-1:1:cluster/c")}
    merged = MergedStore(members)
    table, feed = merged.table("pods"), merged.table("pods").feed()
    seen: dict[str, kube.Pod] = {}

    def catch_up() -> None:
        """As a pane does it: only what is told to have changed is looked at."""
        merged.gather()
        for key in feed.drain().keys:
            if key in table.rows:
                seen[key] = table.rows[key]
            else:
                seen.pop(key, None)

    for event in events:
        if event is None:
            catch_up()
            continue
        context, key, version = event
        member = members[context].table("pods")
        if version is None:
            member.apply({}, [key])
        else:
            member.apply({key: pod(key, str(version))})
    catch_up()

    union = {(c, key): row for c, store in members.items() for key, row in store.table("pods").rows.items()}
    assert seen == table.rows == {placed_key(c, key): placed(row, c) for (c, key), row in union.items()}
    assert {(context_of(row), row.metadata) for row in seen.values()} == {
        (c, row.metadata) for (c, _), row in union.items()
    }


def test_rows_that_were_there_before_are_there_at_once() -> None:
    members = stores()
    members[EU].table("pods").apply({"aurora/a": pod("a")})

    assert list(MergedStore(members).table("pods").rows) == [placed_key(EU, "aurora/a")]


def test_namesakes_of_two_contexts_are_two_rows_and_keep_their_type() -> None:
    members = stores()
    for store in members.values():
        store.table("pods").apply({"aurora/a": pod("a")})

    rows = list(MergedStore(members).table("pods").rows.values())

    assert [(type(row).__name__, row.metadata.name, row.context) for row in rows] == [
        ("Pod", "a", EU),
        ("Pod", "a", US),
    ]
    assert rows[0] != rows[1]
    assert all(isinstance(row, kube.Pod) for row in rows)


def test_what_runs_a_pod_is_looked_for_in_its_own_context() -> None:
    members = stores()
    members[EU].table("pods").apply({"aurora/db-0": pod("db-0", owner="old")})
    members[US].table("pods").apply({"aurora/db-0": pod("db-0", owner="db")})
    rows = MergedStore(members).table("pods").rows

    there = ObjectRef("Pod", "aurora", "db-0", context=US)

    assert runner_of(rows, there) == ObjectRef("StatefulSet", "aurora", "db", context=US)
    assert runner_of(rows, replace(there, context="")) is None
    assert rows[key_of(there)].metadata.owner_references[0].name == "db"


def test_groups_of_alerts_are_of_one_context_each() -> None:
    alert = Alert("f", "Down", AlertState.FIRING, "", None, "", {}, {}, None, group=(("job", "db"),))

    groups = groups_of([placed(alert, EU), placed(alert, US)])

    assert sorted(group.context for group in groups.values()) == [EU, US]
    assert all(len(group.alerts) == 1 for group in groups.values())
    assert {group.words for group in groups.values()} == {"job=db"}


def test_a_context_that_goes_away_leaves_its_rows_marked_and_the_others_as_they_are() -> None:
    members = stores()
    for store in members.values():
        store.table("pods").apply({"aurora/a": pod("a")})
        store.table("pods").set_freshness(SourceState.LIVE, 1.0)
    merged = MergedStore(members)
    table = merged.table("pods")
    where, name = merged.columns("pods", [NAME])
    feed = table.feed()
    feed.drain()

    members[US].table("pods").set_freshness(SourceState.STALE, 2.0, "no answer")
    merged.gather()

    eu, us = (table.rows[placed_key(context, "aurora/a")] for context in (EU, US))
    assert [where.cell(eu, 0.0).text, name.cell(eu, 0.0)] == [EU, Cell("a", Tone.GOOD)]
    assert [where.cell(us, 0.0).text, name.cell(us, 0.0)] == [f"{US} ○", Cell("a", Tone.DIM)]
    changes = feed.drain()
    assert changes.keys == {placed_key(US, "aurora/a")}
    assert changes.freshness

    members[US].table("pods").set_freshness(SourceState.LIVE, 3.0)
    merged.gather()

    assert where.cell(us, 0.0).text == US
    assert feed.drain().keys == {placed_key(US, "aurora/a")}


def test_the_rows_of_a_context_whose_first_list_is_still_read_are_shown_as_the_new_ones_that_they_are() -> None:
    members = stores()
    for store in members.values():
        store.table("pods").apply({"aurora/a": pod("a")})
        store.table("pods").set_freshness(SourceState.CONNECTING, 1.0, "reading, more to come")
    members[EU].table("pods").set_freshness(SourceState.LIVE, 1.0)
    merged = MergedStore(members)
    table = merged.table("pods")
    where, name = merged.columns("pods", [NAME])

    us = table.rows[placed_key(US, "aurora/a")]
    assert [where.cell(us, 0.0).text, name.cell(us, 0.0)] == [US, Cell("a", Tone.GOOD)]
    assert not table.freshness.whole and US in table.freshness.message

    members[US].table("pods").set_freshness(SourceState.DOWN, 2.0, "no answer; more to come")
    merged.gather()
    assert where.cell(us, 0.0).text == f"{US} ○"


def test_data_that_is_still_good_is_no_change_but_its_time_is_known() -> None:
    members = stores()
    for store in members.values():
        store.table("pods").set_freshness(SourceState.LIVE, 1.0)
    merged = MergedStore(members)
    feed = merged.table("pods").feed()
    feed.drain()

    for store in members.values():
        store.table("pods").touch(5.0)
    merged.gather()

    assert not feed.drain()
    assert merged.table("pods").freshness.last_good == 5.0


@pytest.mark.parametrize(
    ("eu", "us", "worst"),
    [
        (SourceState.LIVE, SourceState.LIVE, SourceState.LIVE),
        (SourceState.LIVE, SourceState.CONNECTING, SourceState.CONNECTING),
        (SourceState.DOWN, SourceState.LIVE, SourceState.DOWN),
        (SourceState.DENIED, SourceState.STALE, SourceState.DENIED),
    ],
)
def test_together_they_are_as_fresh_as_the_worst(eu: SourceState, us: SourceState, worst: SourceState) -> None:
    assert together({EU: Freshness(eu), US: Freshness(us)}).state is worst


def test_what_one_context_does_not_tell_is_not_whole_and_no_longer_awaited() -> None:
    found = together({EU: Freshness(SourceState.LIVE, 5.0), US: Freshness(SourceState.CONNECTING)})

    assert found.last_good == 5.0
    assert not found.whole
    assert not found.awaited
    assert together({EU: Freshness(), US: Freshness(SourceState.DOWN, message="no route")}).awaited


def test_what_is_wrong_is_told_with_its_context_and_once_where_it_is_the_same_everywhere() -> None:
    off, live = Freshness(SourceState.UNCONFIGURED, message="none here"), Freshness(SourceState.LIVE, 5.0)

    assert together({EU: live, US: off}).message == "prod-us: none here"
    assert together({EU: off, US: off}).message == "none here"


@pytest.mark.parametrize(
    ("contexts", "names"),
    [
        ((EU, US), (EU, US)),
        (("arn:aws:eks:eu-west-1:1:cluster/a", "arn:aws:eks:eu-west-1:1:cluster/b"), ("a", "b")),
        (("gke_shop_europe-west1_a", "gke_shop_us-east1_a"), ("europe-west1_a", "us-east1_a")),
        (("a/", "a/b"), ("a/", "a/b")),
        (("admin@a", "viewer@a"), ("admin@a", "viewer@a")),
    ],
)
def test_long_contexts_are_called_by_what_tells_them_apart(contexts: tuple[str, ...], names: tuple[str, ...]) -> None:
    assert tuple(short_names(contexts).values()) == names
    table = MergedStore({context: Store() for context in contexts}).table("pods")
    assert tuple(name for name, _ in table.freshness.members) == names


def test_a_row_that_tells_its_context_itself_stays_as_it_is() -> None:
    row = placed(pod("a"), EU)

    assert placed(row, US) is row
    assert context_of(pod("a")) == ""
