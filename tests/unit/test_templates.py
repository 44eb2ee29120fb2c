"""Templates of log lines: what is masked, what is new since a moment, and that nothing makes it slow or big."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.model.filters import parse_filter
from aurora_tui.model.loglines import Level, LogLine
from aurora_tui.model.template_rows import COLUMNS, template_rows
from aurora_tui.model.templates import LONGEST, MOST, OTHERS, Templates, template_of, templates_of


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("connection refused to 10.0.0.1:5432", "connection refused to <ip>:<num>"),
        ("GET /api/v1/orders/53874 200 in 16 ms", "GET /api/v1/orders/<num> <num> in <num> ms"),
        ("took 1.5s, then 300ms", "took <duration>, then <duration>"),
        ("id 550e8400-e29b-41d4-a716-446655440000 gone", "id <uuid> gone"),
        ('relation "orders_v2" does not exist', "relation <str> does not exist"),
        ("user 'a b' can't and won't", "user <str> can't and won't"),
        ("span 4bf92f3577b34da6a3ce929d0e0e4736 at 0x7ffe12", "span <hex> at <hex>"),
        ("the feedface of a deadbeef", "the feedface of a deadbeef"),
        ("pod aurora-backend-7dfcb7599b-cpbdg evicted from node-3", "pod <pod> evicted from node-<num>"),
        ("2026-01-01 00:00:00,123 ERROR [main] boom", "ERROR [main] boom"),
        ("2026-01-01T00:00:00.123Z INFO since 2026-01-01", "INFO since <time>"),
        ("2026/01/01 00:00:00 [error] 7#8: upstream", "[error] <num>#<num>: upstream"),
        ("E0102 03:04:05.000006       1 reflector.go:138] Failed", "E reflector.go:<num>] Failed"),
        ("\x1b[31mERROR\x1b[0m of 3", "ERROR of <num>"),
        ("http2 and user42 stay", "http2 and user42 stay"),
        ('{"level":"error","message":"try 3 of 5","trace.id":"x"}', "try <num> of <num>"),
        ('{"body":"try 3","severityText":"ERROR"}', "try <num>"),
        ('{"a":1,"b":"two"}', "a=<num> b=two"),
        ('{"message":"first 1\\nsecond"}', "first <num>"),
        ("", ""),
    ],
)
def test_what_varies_is_masked(text: str, template: str) -> None:
    assert template_of(text) == template


@given(st.integers(0, 10**12), st.integers(1, 254), st.uuids())
def test_lines_that_differ_in_figures_are_of_one_template(number: int, byte: int, uuid: object) -> None:
    text = f"order {number} of {uuid} refused by 10.{byte}.0.{byte}:{number} after {number}ms"

    assert template_of(text) == "order <num> of <uuid> refused by <ip>:<num> after <duration>"


@given(st.text(max_size=3_000))
def test_any_text_has_a_template_of_one_bounded_line(text: str) -> None:
    template = template_of(text)

    assert len(template) <= LONGEST * len("<duration>")
    assert template.split() == template.split(" ") or not template


def said(stamp: float | None, text: str) -> LogLine:
    return LogLine(stamp, "pod", "app", text)


def test_new_ones_since_the_onset_come_first_then_errors_then_those_of_which_there_are_most() -> None:
    lines = [said(float(n), f"served {n}") for n in range(100)]
    lines += [said(float(n), f"ERROR old {n}") for n in range(0, 100, 10)]
    lines += [said(80.0 + n, f"ERROR refused by 10.0.0.{n}") for n in range(5)]
    lines += [said(90.0, "retrying 1")]

    found = templates_of(lines, onset=75.0)

    assert [(each.text, each.count, each.level) for each in found] == [
        ("ERROR refused by <ip>", 5, Level.ERROR),
        ("retrying <num>", 1, None),
        ("ERROR old <num>", 10, Level.ERROR),
        ("served <num>", 100, None),
    ]
    assert (found[0].first, found[0].last, found[0].example) == (80.0, 84.0, "ERROR refused by 10.0.0.4")
    assert [each.is_new(75.0) for each in found] == [True, True, False, False]
    assert (found[0].since(75.0), found[3].since(69.9)) == (5, 30)


def test_nothing_is_new_where_no_line_is_from_before_the_onset() -> None:
    templates = Templates()
    templates.add([said(10.0, "served"), said(11.0, "served"), said(12.0, "ERROR refused")])

    assert not templates.tells_new(5.0)
    assert [each.new for each in template_rows(templates, 5.0)] == [False, False]
    assert [each.new for each in template_rows(templates, 11.5)] == [True, False]


def test_without_an_onset_the_middle_of_the_lines_is_taken() -> None:
    found = templates_of([said(0.0, "old"), said(6.0, "new"), said(10.0, "old"), said(None, "when")])

    assert [each.text for each in found] == ["new", "old", "when"]


@given(st.permutations([said(float(n), f"{'ERROR ' * (n % 2)}line {n}") for n in range(8)]))
def test_the_order_in_which_lines_come_does_not_matter(lines: list[LogLine]) -> None:
    templates = Templates()
    for line in lines:
        templates.add([line])

    assert templates.ranked(4.0) == templates_of(sorted(lines, key=lambda line: line.stamp or 0), 4.0)


def test_json_lines_of_one_message_are_told_apart_by_their_level() -> None:
    found = templates_of(
        [said(1.0, json.dumps({"log.level": level, "message": "done 1"})) for level in ("INFO", "ERROR", "INFO")], 0.0
    )

    assert [(each.text, each.level, each.count) for each in found] == [
        ("done <num>", Level.ERROR, 1),
        ("done <num>", Level.INFO, 2),
    ]


def test_kinds_without_end_are_counted_as_others() -> None:
    letters = [f"{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676)}" for n in range(MOST + 50)]
    found = templates_of([said(1.0, f"word {word}") for word in letters], 5.0)

    assert len(found) == MOST + 1
    assert {each.text: each.count for each in found}[OTHERS] == 50


def test_a_row_says_new_how_many_since_the_onset_and_when() -> None:
    templates = Templates()
    templates.add([said(3_600.0, "WARN slow 1"), said(7_200.0, "WARN slow 2"), said(7_200.0, "fresh")])
    fresh, slow = template_rows(templates, 7_000.0)

    assert [column.cell(fresh, 0.0).text for column in COLUMNS] == [
        "new", "1", "+1", "", "02:00:00", "02:00:00", "fresh",
    ]  # fmt: skip
    assert [column.cell(slow, 0.0).text for column in COLUMNS] == [
        "", "2", "+1", "WARN", "01:00:00", "02:00:00", "WARN slow <num>",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "passed"),
    [
        ("-t refused by <ip>", ["refused by 10.0.0.1"]),
        ("!-t refused by <ip>", ["ERROR x", "WARN y", '{"level":"fatal"}', "plain"]),
        ("-level warn", ["ERROR x", "WARN y", '{"level":"fatal"}']),
        ("-level error", ["ERROR x", '{"level":"fatal"}']),
        ("!-level warning", ["refused by 10.0.0.1", "plain"]),
        ("-t", ["refused by 10.0.0.1", "ERROR x", "WARN y", '{"level":"fatal"}', "plain"]),
    ],
)
def test_lines_are_filtered_by_template_and_by_level(typed: str, passed: list[str]) -> None:
    texts = ["refused by 10.0.0.1", "ERROR x", "WARN y", '{"level":"fatal"}', "plain"]
    parsed = parse_filter(typed)

    assert [text for text in texts if parsed.matches(text)] == passed


def test_a_level_that_does_not_exist_is_said() -> None:
    assert parse_filter("-level loud").remark == "no level 'loud': trace, debug, info, warn, error, fatal"


@pytest.mark.parametrize(
    "text",
    ["a-" * 5_000, "1" * 10_000, "'" * 10_000, '"' * 9_999, "0x" * 5_000, "1.1." * 5_000, "é" * 10_000, "\ud800 1",
     "f" * 64 + "g" * 1_000, "2026-" * 2_000, '{"message":' * 3_000],
)  # fmt: skip
def test_hostile_lines_have_a_template_too(text: str) -> None:
    assert len(template_of(text)) <= LONGEST * len("<duration>")
