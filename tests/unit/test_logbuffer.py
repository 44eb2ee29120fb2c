"""The log buffer, its lines' levels and summaries, and the searches over it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.logbuffer import LONGEST_LINE, LogBuffer
from aurora_tui.model.filters import parse_filter
from aurora_tui.model.loglines import Level, LogLine, level, short_pod_name, summary
from widgets.tailfold import Folds
from widgets.tailindex import Matches, find_errors, finder


def lines(*texts: str) -> list[LogLine]:
    return [LogLine(None, "pod", "app", text) for text in texts]


def numbered(start: int, stop: int) -> list[LogLine]:
    return lines(*(f"line {number}" for number in range(start, stop)))


def test_a_line_keeps_its_sequence_number_while_older_ones_are_dropped() -> None:
    buffer = LogBuffer(capacity_lines=100)

    for start in range(0, 20_000, 50):
        buffer.append(numbered(start, start + 50))

    assert (buffer.first, buffer.end, buffer.dropped, len(buffer)) == (19_900, 20_000, 19_900, 100)
    assert buffer[19_900].text == "line 19900"
    assert buffer[19_999].text == "line 19999"
    assert [line.text for line in buffer.span(0, 19_902)] == ["line 19900", "line 19901"]


@pytest.mark.parametrize("seq", [19, 120])
def test_a_line_that_was_dropped_or_has_not_come_is_an_error(seq: int) -> None:
    buffer = LogBuffer(capacity_lines=100)
    buffer.append(numbered(0, 120))

    with pytest.raises(IndexError):
        buffer[seq]


def test_memory_is_bounded_too_but_the_newest_line_stays() -> None:
    buffer = LogBuffer(capacity_bytes=10_000)

    buffer.append(lines(*["x" * 1_000] * 100, "y" * 12_000))

    assert [line.text[:1] for line in buffer.span(buffer.first, buffer.end)] == ["y"]
    assert buffer.dropped == 100


def test_a_megabyte_in_one_line_is_kept_cut_with_its_length_said() -> None:
    buffer = LogBuffer()

    buffer.append([LogLine(1.5, "pod", "app", "é" * 500_000)])

    assert buffer[0].text.endswith("é… 1.0 MB in all")
    assert len(buffer[0].text) < LONGEST_LINE + 30
    assert buffer[0].stamp == 1.5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"log.level":"error","message":"x"}', Level.ERROR),
        ('{"log":{"level":"WARN"},"message":"x"}', Level.WARN),
        ('{"level":50,"msg":"pino"}', Level.ERROR),
        ('{"message":"no level, only the word ERROR"}', None),
        ("E0102 03:04:05.000006       1 reflector.go:138] Failed to watch", Level.ERROR),
        ("I0102 03:04:05.000006       1 main.go:1] error is only a word here", Level.INFO),
        ('ts=1 level=warn msg="error budget"', Level.WARN),
        ("2026-01-01 00:00:00,123 ERROR [main] boom", Level.ERROR),
        ("2026/01/01 00:00:00 [error] 7#7: *1 connect() failed", Level.ERROR),
        ("2026-01-01 00:00:00 UTC [1] FATAL:  password authentication failed", Level.FATAL),
        ("panic: runtime error: index out of range", Level.FATAL),
        ("Traceback (most recent call last):", Level.ERROR),
        ("\x1b[31mERROR\x1b[0m coloured", Level.ERROR),
        ("GET /error/log 200", None),
        ("0 errors found", None),
        ("{not json ERROR", Level.ERROR),
        ("[" * 100_000, None),
    ],
)
def test_a_lines_level_is_the_one_it_states(text: str, expected: Level | None) -> None:
    assert level(text) is expected


def test_a_json_line_in_short_has_level_message_and_the_other_fields() -> None:
    short = summary('{"@timestamp":"t","log.level":"error","message":"no route","http":{"status":502},"user":"a b"}')

    assert short is not None
    assert (short.level, short.message) == ("ERROR", "no route")
    assert short.pairs == (("http.status", "502"), ("user", '"a b"'))


@pytest.mark.parametrize("text", ["[1,2]", "plain", '{"cut": "off', '{"a":' * 2_000])
def test_what_is_no_json_object_has_no_summary(text: str) -> None:
    assert summary(text) is None


def test_a_pods_short_name_leaves_out_the_replica_sets_hash() -> None:
    assert short_pod_name("aurora-backend-7d9f8b6c5d-x2x4z") == "aurora-backend-x2x4z"
    assert short_pod_name("aurora-postgres-0") == "aurora-postgres-0"


TEXTS = st.lists(st.text(alphabet='ab İE=\n"{:0', max_size=12), max_size=30)


@given(TEXTS, st.sampled_from(["a", "!a", "E", "b a", "a.b", "-f ab", "-l pod=pod", "-l pod=x", "i", "[", "!İ"]))
def test_a_search_by_blocks_finds_the_lines_that_match_one_by_one(texts: list[str], typed: str) -> None:
    parsed = parse_filter(typed)
    found = finder(parsed)(lines(*texts))

    assert found == [n for n, text in enumerate(texts) if parsed.matches(text, {"pod": "pod"})]


def test_a_json_field_is_found_by_the_words_it_is_shown_in() -> None:
    shown = lines('{"http":{"status":502}}', '{"http.status": "502"}', '{"status":200,"n":502}', "status=502")

    assert finder(parse_filter("http.status=502"))(shown) == [0, 1]
    assert finder(parse_filter("status=502"))(shown) == [0, 1, 3]


def test_every_line_that_states_an_error_is_found() -> None:
    stated = lines(
        "fine", "E0102 03:04:05.000006 1 a.go:1] x", '{"level":50}', "[crit] x", "CRITICAL x", "an error in prose",
        '{"severity": "ALERT"}', "panic: x", "Exception in thread main", "F0102 03:04:05.0 x",
    )  # fmt: skip

    assert find_errors(stated) == [1, 2, 3, 4, 6, 7, 8, 9]


def test_matches_follow_the_buffer_as_it_grows_and_drops() -> None:
    buffer = LogBuffer(capacity_lines=100)
    buffer.append(numbered(0, 50))
    folds = Folds(buffer)
    folds.take()
    matches = Matches(buffer, finder(parse_filter("5$")), folds)
    matches.take()
    before = [matches[place] for place in range(len(matches))]

    buffer.append(numbered(50, 6_000))
    folds.take()
    matches.take()

    assert before == [5, 15, 25, 35, 45]
    assert [matches[place] for place in range(len(matches))] == list(range(5_905, 6_000, 10))
    assert (matches.place(5_906), matches.holds(5_915), matches.holds(5_916)) == (1, True, False)
