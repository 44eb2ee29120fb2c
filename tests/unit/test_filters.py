"""Filters as they are typed: what stays, and what is said of what was not understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.model.filters import fold, parse_filter

ROW = "aurora  aurora-backend-7d9f8b6c5d-x2x4z  1/1  Running"
LABELS = {"app": "backend", "tier": "web"}


@pytest.mark.parametrize(
    ("typed", "stays"),
    [
        ("", True),
        ("running", True),
        ("Running", True),
        ("RUNNING", False),
        ("backend.*running$", True),
        (r"running\S*$", True),  # \S is no upper-case letter
        ("!running", False),
        ("! crashloop", True),
        ("-f abx2", True),
        ("-f run aur", True),
        ("-f zebra", False),
        ("!-f zebra", True),
        ("-l app=backend", True),
        ("-l app==backend, tier != db", True),
        ("-l tier in (db, web)", True),
        ("-l tier notin (db,web)", False),
        ("-l zone!=eu", True),  # as in Kubernetes, a missing label is unequal
        ("-l zone notin (eu)", True),
        ("-l zone in (eu)", False),
        ("-l app", True),
        ("-l !app", False),
        ("!-l app=backend", False),
    ],
)
def test_a_row_stays_where_the_filter_matches_it(typed: str, stays: bool) -> None:
    assert parse_filter(typed).matches(ROW, LABELS) is stays


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "run",
        "Run",
        "!run",
        "! Run",
        "run|ban",
        "!run.*$",
        "web[0",
        "-f abx2",
        "!-f zebra",
        "-l app=backend",
        "!-l app",
    ],
)
@given(rows=st.lists(st.sampled_from([ROW, "İstanbul  Running", "banana  web[0]  RUN", ""]), max_size=6))
def test_of_many_rows_those_stay_that_stay_one_by_one(typed: str, rows: list[str]) -> None:
    parsed = parse_filter(typed)
    texts = {str(number): row for number, row in enumerate(rows)}
    labels = {key: LABELS if int(key) % 2 else {} for key in texts}

    stay = parsed.sift(list(texts), texts, {key: fold(row) for key, row in texts.items()}, labels.__getitem__)

    assert stay == [key for key, row in texts.items() if parsed.matches(row, labels[key])]


def test_what_is_no_regular_expression_is_looked_for_as_it_stands_and_that_is_said() -> None:
    parsed = parse_filter("web[0")

    assert parsed.matches("pod web[0] ready")
    assert not parsed.matches("pod web0 ready")
    assert "not a regular expression" in parsed.remark


def test_a_repeat_within_a_repeat_is_looked_for_as_it_stands_instead_of_trying_for_ever() -> None:
    parsed = parse_filter(r"(\S+ ?)+Error")

    assert not parsed.matches("GET /api/v1/products took 3.2 s and went well in the end")
    assert "a repeat within a repeat could take for ever" in parsed.remark


def test_a_label_selector_that_is_not_finished_hides_nothing_and_says_what_is_expected() -> None:
    parsed = parse_filter("-l app in (back")

    assert parsed.matches(ROW, {})
    assert not parsed
    assert "env in (a,b)" in parsed.remark


def test_hits_are_found_at_their_place_even_where_lower_case_is_longer() -> None:
    text = "İİ ERROR error"

    assert [text[start:end] for start, end in parse_filter("error").spans(text)] == ["ERROR", "error"]


def test_an_inverse_filter_has_no_hits_to_highlight() -> None:
    assert parse_filter("!error").spans("an error") == ()


@given(st.text(max_size=20), st.text(max_size=60))
def test_whatever_is_typed_its_inverse_shows_the_other_rows(typed: str, row: str) -> None:
    plain, inverse = parse_filter(typed), parse_filter(f"!{typed}")

    if plain and not typed.strip().startswith("!"):
        assert plain.matches(row) is not inverse.matches(row)
    else:
        assert isinstance(inverse.matches(row), bool)


@given(st.text("aAbB!. ", max_size=4), st.text("aAbB!. ", max_size=3), st.lists(st.text("aAbB. ", max_size=8)))
def test_a_filter_that_narrows_lets_nothing_stay_that_did_not_before(begun: str, more: str, texts: list[str]) -> None:
    before, after = parse_filter(begun), parse_filter(begun + more)
    if before and after and after.narrows(before):
        assert all(before.matches(text) for text in texts if after.matches(text))


@pytest.mark.parametrize(
    ("before", "after", "narrows"),
    [("bac", "back", True), ("bac", "bacK", True), ("Bac", "Back", True), ("BAC", "bac", False), ("back", "bac", False),
     ("!bac", "!back", False), ("ba", "ba|x", False), ("-l a", "-l ab", False), ("", "b", False)],
)  # fmt: skip
def test_a_letter_typed_on_narrows_a_plain_filter(before: str, after: str, narrows: bool) -> None:
    assert parse_filter(after).narrows(parse_filter(before)) is narrows
