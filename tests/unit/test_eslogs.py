"""Logs from Elasticsearch: every document once and in its place, whatever the server and the writers do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web

from aurora_tui.signals import elasticsearch
from tests.unit.elasticserver import INDEX, NOW, POD, FakeElastic, stamp, tailed


def backend() -> FakeElastic:
    server = FakeElastic()
    for number in range(5):
        server.write(number - 10, f"line {number}")
    return server


async def test_what_comes_is_appended_and_what_comes_late_stands_where_it_belongs() -> None:
    server = backend()
    async with tailed(server) as logs:
        await logs.until(lambda: len(logs.lines) == 5)
        server.write(-2, "newer")
        server.write(-7.5, "late by a moment")
        await logs.until(lambda: len(logs.lines) == 7)
        server.now += 100
        server.write(95, "much newer")
        await logs.until(lambda: len(logs.lines) == 8)
        server.write(-9.5, "late by far")
        await logs.until(lambda: len(logs.lines) == 9)

        assert logs.lines == [
            "line 0",
            "late by far",
            "line 1",
            "line 2",
            "late by a moment",
            "line 3",
            "line 4",
            "newer",
            "much newer",
        ]


async def test_what_the_overlap_reads_again_is_shown_once_even_where_two_lines_are_alike() -> None:
    server = backend()
    async with tailed(server) as logs:
        await logs.until(lambda: len(logs.lines) == 5)
        server.write(-6, "line 4")
        await logs.until(lambda: len(logs.lines) == 6)
        await logs.looked()

        assert logs.lines.count("line 4") == 2


async def test_a_host_whose_clock_is_ahead_makes_the_others_neither_late_nor_lost() -> None:
    server = backend()
    server.write(3600, "from the future", pod="aurora-backend-7d4b9c6f5-vvb8k")
    async with tailed(server) as logs:
        await logs.until(lambda: len(logs.lines) == 6)
        server.write(-1, "of a sound clock")
        await logs.until(lambda: len(logs.lines) == 7)

        assert logs.lines[-2:] == ["of a sound clock", "from the future"]
        assert "1 line dated in the future: a host's clock is ahead" in logs.tail.facts


async def test_the_lag_is_what_the_pipeline_says_or_else_how_late_a_line_was_first_seen() -> None:
    server = backend()
    async with tailed(server) as logs:
        await logs.until(lambda: logs.tail.looks)
        assert logs.tail.facts == ("from the first line on",)
        server.write(-12, "seen 12 s after it was written")
        await logs.until(lambda: "ingest lag 12 s" in logs.tail.facts)

    server.write(0, "with its time of ingestion", event={"ingested": stamp(45)})
    async with tailed(server) as logs:
        await logs.until(lambda: "ingest lag 45 s" in logs.tail.facts)


async def test_older_lines_come_page_by_page_up_to_the_first_one() -> None:
    server = FakeElastic()
    for number in range(1000):
        server.write(-2 - (1000 - number) // 7, f"line {number}")
    async with tailed(server) as logs:
        await logs.until(lambda: logs.tail.looks and len(logs.lines) == 200)
        assert "from the first line on" not in logs.tail.facts
        while "from the first line on" not in logs.tail.facts:
            logs.tail.want_older()
            await logs.until(lambda: not logs.tail.reading_back)

        # The fake numbers documents of one moment upwards, and a page from the newest on reads them so.
        assert sorted(logs.lines) == sorted(f"line {number}" for number in range(1000))
        assert len(server.points) == 1
    assert server.points == {}, "the point in time is closed at the end"


async def test_a_point_in_time_that_ended_is_opened_anew_without_loss_or_repetition() -> None:
    server = FakeElastic()
    for number in range(1400):
        server.write(-5, f"line {number}")
    async with tailed(server) as logs:
        await logs.until(lambda: logs.tail.looks and len(logs.lines) == 200)
        assert server.opened == 0, "only whoever pages back needs a point in time"
        logs.tail.want_older()
        await logs.until(lambda: not logs.tail.reading_back)
        assert len(server.points) == 1
        server.points.clear()
        while "from the first line on" not in logs.tail.facts:
            logs.tail.want_older()
            await logs.until(lambda: not logs.tail.reading_back)

        assert sorted(logs.lines) == sorted(f"line {number}" for number in range(1400))
        assert (logs.note, server.opened) == ("", 2)


async def test_a_window_of_time_is_filled_down_to_its_begin_and_older_lines_follow_when_wanted() -> None:
    server = FakeElastic()
    for number in range(1500):
        server.write(number - 1500, f"line {number}")
    async with tailed(server, since=stamp(-900), tail=None) as logs:
        await logs.until(lambda: logs.tail.looks and not logs.tail.reading_back)
        assert logs.lines == [f"line {number}" for number in range(600, 1500)]
        logs.tail.want_older()
        await logs.until(lambda: len(logs.lines) > 900)

        assert logs.lines == [f"line {number}" for number in range(100, 1500)]


async def test_a_window_that_has_ended_shows_nothing_from_behind_its_end() -> None:
    server = backend()
    async with tailed(server, since=stamp(-10), until=stamp(-8), tail=None) as logs:
        await logs.until(lambda: logs.tail.looks)

        assert logs.lines == ["line 0", "line 1", "line 2"]


async def test_a_buffer_without_room_says_so_and_keeps_the_newest_lines() -> None:
    server = FakeElastic()
    for number in range(800):
        server.write(number - 900, f"line {number}")
    async with tailed(server, lines=300, since=stamp(-900), tail=None) as logs:
        await logs.until(lambda: logs.tail.looks)

        assert logs.lines[-1] == "line 799"
        assert "no room for older lines" in logs.tail.notes["buffer"]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "refuses the credentials (401): sign in again"),
        (403, "forbids it (403): action [indices:data/read/search] is unauthorized for user [me]"),
    ],
)
async def test_a_refusal_is_told_with_the_servers_reason_and_asked_again(status: int, words: str) -> None:
    server = backend()

    async def refuse(request: web.Request, body: Mapping[str, Any]) -> web.Response:
        reason = "action [indices:data/read/search] is unauthorized for user [me]"
        error = {"type": "security_exception", "reason": reason}
        return web.json_response({"error": {"root_cause": [error], **error}, "status": status}, status=status)

    server.refuse = refuse
    async with tailed(server) as logs:
        await logs.until(lambda: words in logs.note)
        server.refuse = None
        await logs.until(lambda: len(logs.lines) == 5 and logs.note == "")


@pytest.mark.parametrize("status", [200, 302, 502])
async def test_a_sign_in_page_in_the_way_is_named(status: int) -> None:
    server = backend()

    async def refuse(request: web.Request, body: Mapping[str, Any]) -> web.Response:
        return web.Response(text="<html>Sign in</html>", content_type="text/html", status=status)

    server.refuse = refuse
    async with tailed(server) as logs:
        await logs.until(lambda: "answered with a web page" in logs.note)


async def test_a_server_that_is_no_elasticsearch_is_not_read() -> None:
    server = backend()

    async def refuse(request: web.Request, body: Mapping[str, Any]) -> web.Response:
        return web.json_response({"indices": [INDEX], "fields": {}})

    server.refuse = refuse
    async with tailed(server) as logs:
        await logs.until(lambda: "is not Elasticsearch" in logs.note)


async def test_an_answer_that_does_not_come_is_told_and_what_was_missed_is_read_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = backend()
    hanging = asyncio.Event()

    async def refuse(request: web.Request, body: Mapping[str, Any]) -> None:
        await hanging.wait()

    async with tailed(server) as logs:
        await logs.until(lambda: logs.tail.looks and len(logs.lines) == 5)
        monkeypatch.setattr(elasticsearch, "TIMEOUT_SECONDS", 0.1)
        server.refuse = refuse
        server.write(-4, "written meanwhile")
        await logs.until(lambda: "did not answer in 0 s" in logs.note)
        hanging.set()
        monkeypatch.setattr(elasticsearch, "TIMEOUT_SECONDS", 8.0)
        await logs.until(lambda: logs.note == "" and len(logs.lines) == 6)

        assert logs.lines[-1] == "written meanwhile"


async def test_shards_that_failed_are_told_beside_what_the_others_gave() -> None:
    server = backend()
    reason = {"type": "exception", "reason": "disk is broken"}
    failures = [{"shard": 1, "index": INDEX, "node": "n", "reason": reason}]
    server.shards = {"total": 5, "successful": 3, "skipped": 0, "failed": 2, "failures": failures}  # type: ignore[dict-item]
    async with tailed(server) as logs:
        await logs.until(lambda: len(logs.lines) == 5 and logs.note)

        assert logs.note == f"partial: 2 of 5 shards failed ({INDEX}: disk is broken)"
        server.shards = {"total": 5, "successful": 5, "skipped": 0, "failed": 0}
        await logs.until(lambda: logs.note == "")


async def test_fields_of_several_types_and_indices_without_the_time_are_told() -> None:
    server = backend()
    server.indices = [INDEX, "logs-a", "logs-b", "logs-c"]
    server.types = {
        "@timestamp": {"date": [INDEX, "logs-a", "logs-b"], "unmapped": ["logs-c"]},
        "log.level": {"keyword": [INDEX, "logs-a", "logs-b"], "text": ["logs-c"]},
    }
    async with tailed(server) as logs:
        await logs.until(lambda: len(logs.lines) == 5 and logs.note)

        assert logs.note == (
            "logs-c has no @timestamp: documents there are not shown; "
            "log.level is keyword in 3 indices and text in 1 index"
        )


async def test_an_index_whose_time_is_no_date_is_left_out_of_the_search() -> None:
    server = backend()
    server.indices = [INDEX, "logs-odd"]
    server.types = {"@timestamp": {"date": [INDEX], "keyword": ["logs-odd"]}}
    async with tailed(server) as logs:
        await logs.until(lambda: len(logs.lines) == 5 and logs.note)

        assert logs.note == "@timestamp is keyword in logs-odd: documents there are not shown"
        assert {path for path, _ in server.asked if path.endswith("_search")} == {"/logs-*,-logs-odd/_search"}


@pytest.mark.parametrize(
    ("indices", "types", "words"),
    [
        ([], {}, "no index matches logs-*: name yours under logs.indices in the settings"),
        (
            ["logs-c"],
            {"@timestamp": {"unmapped": ["logs-c"]}},
            "logs-c has no @timestamp: name the field with the time under logs.fields.time in the settings",
        ),
    ],
)
async def test_where_nothing_can_be_read_it_is_said_what_to_set(
    indices: list[str], types: dict[str, dict[str, list[str]]], words: str
) -> None:
    server = FakeElastic()
    server.indices, server.types = indices, types
    async with tailed(server) as logs:
        await logs.until(lambda: logs.note == words)


async def test_a_document_of_10_mb_is_told_of_and_what_stands_around_it_is_shown() -> None:
    server = backend()
    server.write(-3, "x" * 10_000_000)
    server.write(-2, "after it")
    async with tailed(server) as logs:
        await logs.until(lambda: len(logs.lines) == 7)

        assert logs.lines[:5] == [f"line {number}" for number in range(5)]
        assert (
            logs.lines[5]
            == "(the document 000000000005 in logs-app-default cannot be shown: too large, or kept without its source)"
        )
        assert logs.lines[6] == "after it"
        assert logs.buffer[logs.buffer.end - 2].origin == POD


async def test_a_document_of_1_mb_is_shown_cut() -> None:
    server = FakeElastic()
    server.write(-3, "y" * 1_000_000)
    async with tailed(server) as logs:
        await logs.until(lambda: logs.lines)

        assert logs.lines[0].startswith("yyyy")
        assert logs.lines[0].endswith("… 1.0 MB in all")


async def test_a_line_is_its_message_or_its_fields_by_their_ecs_names() -> None:
    server = FakeElastic()
    server.write(-9, "plain", service={"name": "aurora-backend"}, agent={"version": "8.17.0"})
    server.write(-8, "failed", log={"level": "ERROR"}, error={"stack_trace": "at A\nat B"}, trace={"id": "ab"})
    server.write(-7, '{"message": "as it was", "log.level": "WARN"}', stream="stdout")
    server.write(-6, "of OpenTelemetry", severity_text="WARN", attributes={"http": {"status": 500}})
    async with tailed(server) as logs:
        await logs.until(lambda: len(logs.lines) == 4)
        plain, failed, raw, otel = logs.lines

        assert plain == "plain"
        assert json.loads(failed) == {
            "log.level": "ERROR",
            "message": "failed",
            "error.stack_trace": "at A\nat B",
            "trace.id": "ab",
        }
        assert raw == '{"message": "as it was", "log.level": "WARN"}'
        assert json.loads(otel) == {"log.level": "WARN", "message": "of OpenTelemetry", "attributes.http.status": 500}


async def test_a_workload_is_known_by_its_own_field_and_else_by_the_names_of_its_pods() -> None:
    server = FakeElastic()
    server.write(-9, "by its pod's name")
    server.write(-8, "of another deployment", pod="aurora-backend-worker-7d4b9c6f5-x2x4z")
    named = {"namespace": "aurora", "pod": {"name": "renamed"}, "deployment": {"name": "aurora-backend"}}
    server.write(-7, "by its field", kubernetes=named)
    async with tailed(server) as logs:
        await logs.until(lambda: len(logs.lines) == 2)
        await logs.looked()

        assert logs.lines == ["by its pod's name", "by its field"]


async def test_the_clocks_of_server_and_operator_may_differ() -> None:
    server = backend()
    async with tailed(server) as logs:
        await logs.until(lambda: len(logs.lines) == 5)
        server.now = NOW + 7
        server.write(6.5, "new")
        await logs.until(lambda: len(logs.lines) == 6)

        assert "ingest lag 0 s" in logs.tail.facts
