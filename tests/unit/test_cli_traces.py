"""``traces`` and ``trace``: rows, waterfall and JSON on standard output, remarks and faults on the other."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import pytest
from aiohttp import web

from aurora_tui.commands import traces
from aurora_tui.session import Session
from aurora_tui.settings import load_settings
from tests.unit.apiserver import context_for, running, write
from tests.unit.signal_servers import served
from tests.unit.test_signals_jaeger import OTLP, FakeJaeger, refused, wrapped

ID = "ea0ebdba46ce9757e290bedb7fd4dea3"
NOW = 1_795_714_500.0
ASKED: dict[str, Any] = {"around": None, "within": "1h", "at_least": "", "only": None, "form": "table"}
Capture = pytest.CaptureFixture[str]
SERVICE = {
    "workloads": ["deployment/web-app"],
    "labels": {"job": "web"},
    "traces": "web",
    "objectives": {
        "latency": {
            "objective": "95%",
            "threshold": "50ms",
            "good": 'sum(rate(seconds_bucket{job="web",le=~"$bucket"}[$window]))',
            "total": 'sum(rate(seconds_count{job="web"}[$window]))',
        }
    },
}


@dataclass
class World:
    session: Session
    jaeger: FakeJaeger
    exemplars: list[Any] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    jaeger = FakeJaeger()
    jaeger.v3()
    found: World

    async def exemplars(request: web.Request) -> web.Response:
        found.asked.append(dict(request.query))
        return web.json_response({"status": "success", "data": found.exemplars})

    prometheus = web.Application()
    prometheus.router.add_get("/api/v1/query_exemplars", exemplars)
    async with running() as api, served(jaeger.application()) as url, served(prometheus) as metrics:
        sources = {"prometheus": metrics, "alertmanager": "off", "elasticsearch": "off", "jaeger": url}
        environments = {"here": {"title": "HERE", "contexts": ["it"], "protected": False, "sources": sources}}
        config = write(tmp_path / "config.yaml", {"environments": environments, "services": {"shop": SERVICE}})
        context = context_for(tmp_path, api.url, namespace="aurora", user={"token": "t"})
        session = Session(load_settings(config, environ={}), context, clock=lambda: NOW)
        found = World(session, jaeger)
        yield found
        await session.close()


async def listing(world: World, service: str = "shop", **changed: Any) -> int:
    return await traces.listing(world.session, service, **{**ASKED, **changed})


async def test_the_rows_are_those_of_the_page(world: World, capsys: Capture) -> None:
    assert await listing(world) == 0

    heading, row = capsys.readouterr().out.splitlines()
    assert " ".join(heading.split()) == "STATE TIME DURATION SPANS ERRORS ROOT OPERATION SERVICES FROM TRACE"
    assert "failed slow   17:33:28   100ms" in row and "web GET /" in row and "web, api" in row


async def test_the_services_name_in_jaeger_is_asked_for_and_what_its_objective_calls_slow(world: World) -> None:
    await listing(world)

    searches = [given for path, given in world.jaeger.asked if path == "/api/v3/traces"]
    assert {given["query.service_name"] for given in searches} == {"web"}
    assert {given.get("query.duration_min") for given in searches} == {None, "50000us"}
    assert {given.get("query.attributes") for given in searches} == {None, '{"error":"true"}'}


async def test_json_has_the_figures(world: World, capsys: Capture) -> None:
    await listing(world, form="json")

    (row,) = json.loads(capsys.readouterr().out)
    assert row["raw"]["trace"] == ID
    assert (row["raw"]["duration"], row["raw"]["errors"], row["raw"]["slow"]) == (0.1, 1, True)
    assert row["raw"]["root"] == {"service": "web", "operation": "GET /"}


@pytest.mark.parametrize(
    ("around", "begin", "end"),
    [
        ("17:30", "2026-11-26T17:29:30.000000Z", "2026-11-26T17:30:30.000000Z"),
        ("23:00:10", "2026-11-25T22:59:40.000000Z", "2026-11-25T23:00:40.000000Z"),
        ("2026-11-26T12:00:00Z", "2026-11-26T11:59:30.000000Z", "2026-11-26T12:00:30.000000Z"),
        ("10m", "2026-11-26T17:24:30.000000Z", "2026-11-26T17:25:30.000000Z"),
        (None, "2026-11-26T17:34:00.000000Z", "2026-11-26T17:35:00.000000Z"),
    ],
)
async def test_the_time_is_given_in_several_ways(world: World, around: str | None, begin: str, end: str) -> None:
    await listing(world, around=around, within="1m")

    given = world.jaeger.asked[0][1]
    assert (given["query.start_time_min"], given["query.start_time_max"]) == (begin, end)


@pytest.mark.parametrize("changed", [{"around": "noon"}, {"within": "long"}, {"at_least": "some"}])
async def test_what_is_no_time_is_told(world: World, changed: dict[str, str]) -> None:
    with pytest.raises(click.UsageError, match=next(iter(changed.values()))):
        await listing(world, **changed)


async def test_only_slow_or_only_failed_ones(world: World, capsys: Capture) -> None:
    fine = json.loads(json.dumps(OTLP["resourceSpans"][0]).replace(ID, "1" * 32).replace("714408742", "714408644"))
    world.jaeger.v3({"resourceSpans": [fine, *OTLP["resourceSpans"]]})

    for only in ("slow", "failed"):
        await listing(world, only=only, form="json")
        assert [row["raw"]["trace"] for row in json.loads(capsys.readouterr().out)] == [ID]


async def test_none_found_says_what_was_asked_and_which_services_there_are(world: World, capsys: Capture) -> None:
    world.jaeger.answers["/api/v3/traces"] = lambda _: refused(404, "No traces found")

    assert await listing(world, "nosuch", at_least="2s") == 0

    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Jaeger knows no service 'nosuch': it knows api, web" in shown.err
    assert "no traces of nosuch of at least 2s from 16:35:00 to 17:35:00 UTC" in shown.err


async def test_what_a_further_search_is_refused_is_remarked_and_the_rest_shown(world: World, capsys: Capture) -> None:
    world.jaeger.answers["/api/v3/traces"] = lambda request: (
        refused(500, "too slow") if "query.duration_min" in request.query else wrapped(OTLP)
    )

    assert await listing(world) == 0

    shown = capsys.readouterr()
    assert "GET /" in shown.out
    assert "some may be missing (traces of web of at least 50ms from" in shown.err and "too slow" in shown.err


async def test_a_refusal_is_one_line_and_exit_status_2(world: World, capsys: Capture) -> None:
    world.jaeger.answers["/api/v3/traces"] = lambda _: refused(500, "no such host: elasticsearch")

    assert await listing(world) == 2

    shown = capsys.readouterr()
    assert shown.out == ""
    assert "no such host: elasticsearch" in shown.err and len(shown.err.splitlines()) == 1


async def test_traces_that_exemplars_name_are_read_and_marked(world: World, capsys: Capture) -> None:
    other = "ab" * 16
    labels = {"trace_id": other}
    world.exemplars = [
        {
            "seriesLabels": {"le": "5"},
            "exemplars": [
                {"labels": labels, "value": "4.2", "timestamp": NOW - 60},
                {"labels": {"trace_id": "not an id"}, "value": "9", "timestamp": NOW},
                {"labels": {"user": "x"}, "value": "NaN", "timestamp": NOW},
            ],
        }
    ]
    pointed = json.loads(json.dumps(OTLP).replace(ID, other))
    world.jaeger.answers[f"/api/v3/traces/{other}"] = lambda _: wrapped(pointed)

    assert await listing(world, form="json") == 0

    shown = capsys.readouterr()
    assert {row["raw"]["trace"]: row["from"] for row in json.loads(shown.out)} == {ID: "", other: "exemplar"}
    assert "exemplars of 1 trace" in shown.err
    assert world.asked[0]["query"] == 'sum(rate(seconds_bucket{job="web"}[5m]))'


async def test_without_exemplars_it_says_what_keeps_them_and_goes_on(world: World, capsys: Capture) -> None:
    assert await listing(world) == 0

    shown = capsys.readouterr()
    assert "Prometheus keeps them with --enable-feature=exemplar-storage" in shown.err
    assert "GET /" in shown.out


async def test_one_trace_is_a_waterfall(world: World, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    assert await traces.show(world.session, ID, "table") == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"trace {ID}: 100ms · 2 spans · 1 failed"
    assert [line[:12] for line in lines[2:4]] == ["- web GET / ", "    api call"]
    assert all(len(line) <= 80 for line in lines[1:])


async def test_one_trace_as_json_has_all_of_its_spans(world: World, capsys: Capture) -> None:
    assert await traces.show(world.session, ID.upper(), "json") == 0

    found = json.loads(capsys.readouterr().out)
    assert (found["trace"], found["duration"]) == (ID, 0.1)
    first, second = found["spans"]
    assert first["critical"] == [[0, 0.01], [0.06, 0.1]]
    assert first["resource"] == {"k8s.pod.name": "web-1"}
    assert (second["parent"], second["cause"], second["message"]) == (first["span"], True, "boom")
    assert second["events"] == [{"at": 0.03, "name": "exception", "tags": {"exception.type": "E"}}]


async def test_a_trace_that_is_not_there_is_told(world: World, capsys: Capture) -> None:
    world.jaeger.answers[f"/api/v3/traces/{'1' * 32}"] = lambda _: refused(404, "No traces found")

    assert await traces.show(world.session, "1" * 32, "table") == 2
    assert "has no trace 11111111111111111111111111111111: it was not sampled" in capsys.readouterr().err
    with pytest.raises(click.UsageError, match="'x y' is not an id"):
        await traces.show(world.session, "x y", "table")
