"""What a log line says in JSON, of its trace, and in full on its page; the moments that an operator types."""

from __future__ import annotations

import json

import pytest

from aurora_tui.model.linepage import page_lines
from aurora_tui.model.loglines import Level, LogLine, level, summary, trace_id
from aurora_tui.model.moments import moment

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
NOON = 1_767_268_800.0  # 2026-01-01T12:00:00Z


@pytest.mark.parametrize(
    ("line", "stated", "message"),
    [
        ({"severityText": "ERROR", "body": "no route"}, Level.ERROR, "no route"),
        ({"severityNumber": 13, "body": {"stringValue": "slow"}}, Level.WARN, "slow"),
        ({"severity_number": 24, "Body": "gone"}, Level.FATAL, "gone"),
        ({"level": 3, "short_message": "GELF"}, Level.ERROR, "GELF"),
        ({"level": 20, "msg": "pino"}, Level.DEBUG, "pino"),
        ({"@l": "Warning", "@m": "Serilog"}, Level.WARN, "Serilog"),
        ({"level": True, "message": None}, None, ""),
        ({"level": "info", "message": ["a", 1]}, Level.INFO, "a"),
    ],
)
def test_level_and_message_are_found_under_the_names_of_the_usual_loggers(
    line: dict[str, object], stated: Level | None, message: str
) -> None:
    short = summary(json.dumps(line))

    assert short is not None
    assert (short.stated, short.message, level(json.dumps(line))) == (stated, message, stated)


def test_numbers_arrays_and_nested_fields_are_pairs() -> None:
    short = summary('{"message":"m","n":1.5,"on":true,"none":null,"list":[1,{"a":2}],"a":{"b":{"c":"x y"}},"e":{}}')

    assert short is not None
    assert dict(short.pairs) == {
        "n": "1.5", "on": "true", "none": "null", "list": '[1,{"a":2}]', "a.b.c": '"x y"', "e": "{}",
    }  # fmt: skip


def test_the_attributes_of_opentelemetry_are_named_by_their_keys() -> None:
    short = summary('{"body":"b","attributes":[{"key":"http.status","value":{"intValue":"502"}}]}')

    assert short is not None
    assert short.pairs == (("attributes.http.status", "502"),)


@pytest.mark.parametrize(
    ("line", "stack"),
    [
        ({"message": "m", "error.stack_trace": "A: b\n\tat c\n"}, ("A: b", "\tat c")),
        ({"message": "m", "error": {"stack_trace": "A: b\n\tat c"}}, ("A: b", "\tat c")),
        ({"message": "m", "stack_trace": ["A: b", "at c"]}, ("A: b", "at c")),
        ({"message": "m\nmore", "exception": "A\nB"}, ("more", "A", "B")),
        ({"message": "m", "exception": "of one line"}, ()),
    ],
)
def test_a_stack_trace_in_a_field_is_folded_below_the_line_and_is_no_pair(
    line: dict[str, object], stack: tuple[str, ...]
) -> None:
    short = summary(json.dumps(line))

    assert short is not None
    assert (short.message, short.stack) == ("m", stack)
    assert bool(short.pairs) is not bool(stack)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f'{{"message":"m","trace.id":"{TRACE}"}}', TRACE),
        (f'{{"trace":{{"id":"{TRACE.upper()}"}}}}', TRACE),
        (f'{{"body":"b","traceId":"{TRACE}"}}', TRACE),
        ('{"trace_id":"4bf92f3577b34da6"}', "4bf92f3577b34da6"),
        (f'{{"traceparent":"00-{TRACE}-00f067aa0ba902b7-01"}}', TRACE),
        (f'{{"message":"m","http":{{"headers":{{"traceparent":"00-{TRACE}-00f067aa0ba902b7-01"}}}}}}', TRACE),
        (f"GET / 200 trace_id={TRACE}", TRACE),
        (f"[traceId: {TRACE}] hello", TRACE),
        (f"traceparent 00-{TRACE}-00f067aa0ba902b7-01", TRACE),
        (f'{{"trace.id":"{"0" * 32}"}}', None),
        ('{"trace.id":"not hexadecimal!"}', None),
        (f"trace_id={TRACE}ff", None),
        (f"checksum {TRACE}", None),
        ("backtrace ids: none", None),
    ],
)
def test_the_trace_that_a_line_belongs_to(text: str, found: str | None) -> None:
    assert trace_id(text) == found


def test_the_page_of_a_line_has_every_field_in_one_column_and_the_stack_below() -> None:
    error = '"error":{"stack_trace":"A: b\\n\\tat c"}'
    text = f'{{"@timestamp":"t","log.level":"error","message":"no route","http":{{"status":502}},{error}}}'
    shown = list(page_lines(LogLine(NOON + 0.25, "api-0", "app", text), ["\tat d"]))

    assert shown == [
        "time       2026-01-01T12:00:00.250Z (server)",
        "pod        api-0",
        "container  app",
        "level      ERROR",
        "",
        "message      no route",
        "@timestamp   t",
        "log.level    error",
        "http.status  502",
        "",
        "A: b",
        "\tat c",
        "\tat d",
    ]


@pytest.mark.parametrize(
    ("typed", "ago"),
    [
        ("11:45", 900), ("11:45:30", 870), ("11:59:59.5", 0.5), ("12:01", 86_400 - 60), ("-15m", 900), ("15m", 900),
        ("1h30m", 5_400), ("90s ago", 90), ("2026-01-01T11:00:00Z", 3_600), ("2026-01-01 12:00:00+01:00", 3_600),
        ("2026-01-01 10:00", 7_200), ("12:00Z", 0),
    ],
)  # fmt: skip
def test_a_moment_is_understood_as_an_operator_writes_it(typed: str, ago: float) -> None:
    assert moment(typed, NOON) == pytest.approx(NOON - ago)


@pytest.mark.parametrize("typed", ["", "25:00", "12:60", "soon", "15", "m", "9999-99-99", "1e9"])
def test_what_is_no_moment_is_none(typed: str) -> None:
    assert moment(typed, NOON) is None


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({f"field{n}": n for n in range(10_000)}),
        '{"a":' * 5_000 + "1" + "}" * 5_000,
        '{"a":' * 100 + "1" + "}" * 100,
        '{"message":"' + "x" * 1_000_000 + '"}',
        '{"n":1e999}',
        '{"\\ud800":"\\udfff"}',
        "{" * 100_000,
    ],
)
def test_hostile_json_is_data(text: str) -> None:
    short = summary(text)
    assert short is None or short.message is not None
    assert level(text) is None
    assert trace_id(text) is None
    assert list(page_lines(LogLine(None, "p", "c", text)))
