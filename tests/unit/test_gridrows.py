"""The grid's order, filter, cursor and column widths."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.model import slo_columns
from aurora_tui.model.columns import Cell, Column
from widgets.gridlayout import Widths, fit
from widgets.gridrows import Rows, comparable
from widgets.gridstate import GridState

VALUES = st.one_of(st.none(), st.integers(-3, 3), st.sampled_from(["", "a", "b"]), st.just(float("nan")))
STEPS = st.lists(
    st.dictionaries(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), st.tuples(st.booleans(), VALUES), max_size=4),
    max_size=12,
)


def in_order(rows: dict[str, Any], reverse: bool) -> list[str]:
    """What the order must be, sorted anew: with a value first, by value and key; then the others by key."""
    valued = sorted(key for key, row in rows.items() if comparable(row))
    valued.sort(key=lambda key: comparable(rows[key]), reverse=reverse)
    return valued + sorted(key for key, row in rows.items() if not comparable(row))


@given(st.dictionaries(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1), VALUES, min_size=20), STEPS, st.booleans())
def test_rows_merged_one_by_one_stand_as_if_sorted_and_filtered_anew(
    start: dict[str, Any], steps: list[dict[str, tuple[bool, Any]]], reverse: bool
) -> None:
    def keeps(key: str, row: Any) -> bool:
        return row != 1 and key != "c"

    rows: Rows[Any] = Rows()
    filtered: Rows[Any] = Rows()
    filtered.filter(lambda keys: [key for key in keys if keeps(key, filtered.rows[key])])
    expected = dict(start)
    for each in (rows, filtered):
        each.replace(start, lambda row: row, reverse)

    for step in steps:
        for key, (kept, value) in step.items():
            if kept:
                expected[key] = value
            else:
                expected.pop(key, None)
        for each in (rows, filtered):
            each.merge(expected, step.keys())

        order = in_order(expected, reverse)
        assert list(rows.visible) == order
        assert list(filtered.visible) == [key for key in order if keeps(key, expected[key])]
        assert [rows.index(key) for key in order] == list(range(len(order)))


@given(st.dictionaries(st.sampled_from("abcdefghijkl"), st.integers(-3, 3)), st.integers(-3, 3), st.booleans())
def test_rows_whose_values_change_beside_them_stand_as_if_sorted_anew_and_the_same_stay(
    worth: dict[str, int], turned: int, reverse: bool
) -> None:
    rows: Rows[str] = Rows()
    rows.filter(lambda keys: [key for key in keys if key < "h"])
    rows.replace({key: key for key in worth}, worth.__getitem__, reverse)

    worth |= {key: turned - value for key, value in worth.items()}
    rows.reorder()

    left = {key: value for key, value in worth.items() if key < "h"}
    assert list(rows.visible) == in_order(left, reverse)
    assert [rows.index(key) for key in rows.visible] == list(range(len(left)))


def test_equal_rows_stand_by_key_either_way_round_and_rows_without_a_value_last() -> None:
    rows: Rows[Any] = Rows()
    content = {"b": 1, "a": 1, "c": 2, "none": None, "words": "x"}

    rows.replace(content, lambda row: row, False)
    assert list(rows.visible) == ["a", "b", "c", "words", "none"]
    rows.sort(lambda row: row, True)
    assert list(rows.visible) == ["words", "c", "a", "b", "none"]


def state_of(keys: str, page: int = 3) -> GridState[str]:
    state: GridState[str] = GridState()
    state.page = page
    put(state, keys)
    return state


def put(state: GridState[str], keys: str) -> None:
    state.change(lambda: state.rows.replace({key: key for key in keys}, None, False))


def test_the_cursor_keeps_to_its_row_and_the_row_to_its_line() -> None:
    state = state_of("dfhjl")
    state.go(3)
    assert (state.cursor_key, list(state.window)) == ("j", ["f", "h", "j"])

    put(state, "abdfhjl")

    assert (state.cursor_key, list(state.window)) == ("j", ["f", "h", "j"])


def test_where_the_cursors_row_goes_away_the_cursor_stays_at_its_line() -> None:
    state = state_of("abcde")
    state.go(1)

    put(state, "acde")
    assert state.cursor_key == "c"
    put(state, "a")
    assert state.cursor_key == "a"
    put(state, "")
    assert state.cursor_key is None


def test_rows_that_arrive_before_anyone_aimed_leave_the_cursor_on_the_first_line() -> None:
    state = state_of("mno")

    put(state, "abcmno")

    assert (state.cursor_key, state.top) == ("a", 0)


def test_a_window_scrolled_away_from_the_cursor_stays_on_its_rows() -> None:
    state = state_of("dfhjlnpr")
    state.go(0)
    state.scroll(3)

    put(state, "abcdfhjlnpr")

    assert (list(state.window), state.cursor_key) == (["j", "l", "n"], "d")


def test_a_row_that_comes_back_is_no_longer_marked() -> None:
    state = state_of("abc")
    state.marked.add("b")

    put(state, "ac")
    put(state, "abc")

    assert state.visible_marked() == ()


def column(heading: str, rank: int = 0, *, flexible: bool = False) -> Column[Any]:
    return Column(heading, lambda row, now: Cell(""), lambda row: row, rank=rank, flexible=flexible)


COLUMNS = (column("NAME", flexible=True), column("STATUS"), column("AGE", 3), column("NODE", 5))


@pytest.mark.parametrize(
    ("room", "shown"),
    [(80, "NAME STATUS AGE NODE"), (60, "NAME STATUS AGE"), (50, "NAME STATUS"), (20, "NAME STATUS")],
)
def test_a_narrow_window_gives_up_the_columns_of_the_highest_rank_first(room: int, shown: str) -> None:
    layout = fit(COLUMNS, (30, 10, 5, 12), room)

    assert [COLUMNS[slot.index].heading for slot in layout.slots] == shown.split()
    assert layout.hidden == 4 - len(shown.split())


@pytest.mark.parametrize(
    ("room", "shown"),
    [(95, "SERVICE SLO NOW TARGET 1H BUDGET STATE"), (71, "SERVICE SLO NOW BUDGET STATE")],
)
def test_objectives_that_burn_keep_their_last_hour_at_160_columns_and_their_budget_at_120(
    room: int, shown: str
) -> None:
    layout = fit(slo_columns.COLUMNS, (8, 12, 7, 8, slo_columns.SPARK_WIDTH, 11, len("burning 58.6x · page")), room)

    assert [slo_columns.COLUMNS[slot.index].heading for slot in layout.slots] == shown.split()


def test_the_flexible_column_takes_what_is_left_over() -> None:
    layout = fit(COLUMNS, (10, 10, 5, 12), 100)

    assert layout.slots[-1].x + layout.slots[-1].width + 2 == layout.width == 100


def test_a_column_grows_at_once_and_shrinks_after_it_was_too_wide_for_long() -> None:
    widths = Widths(COLUMNS)
    widths.grow([[30, 8, 3, 4]])
    assert widths.wanted == (30, 8, 3, 4)

    seen = []
    for _ in range(10):
        widths.settle([[20, 8, 3, 4]])
        seen.append(widths.wanted[0])

    assert seen == [30] * 9 + [20]
