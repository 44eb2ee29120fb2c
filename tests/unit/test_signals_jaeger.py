"""Jaeger's client against answers recorded from Jaeger 2.13 and older ones: both APIs, one model, faults in words."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from aurora_tui.model.access import HttpAccess
from aurora_tui.model.tracequery import TraceQuery
from aurora_tui.model.traces import Event, Link, Span, Status, Trace
from aurora_tui.signals import http, otlp
from aurora_tui.signals.errors import SignalError, Trouble
from aurora_tui.signals.jaeger import JaegerClient, TraceNotFoundError
from tests.unit import certificates
from tests.unit.signal_servers import served

ID, ROOT, CHILD = "ea0ebdba46ce9757e290bedb7fd4dea3", "232554a575ba7534", "5435da9a1b028b5f"
BEGIN = 1_795_714_408_642_000
"""Microseconds since the epoch."""
SKEW = "clock skew adjustment disabled; not applying calculated delta of 25ms"
UI = "<!DOCTYPE html>\n<html><title>Jaeger UI</title></html>"

OTLP: Any = {
    "resourceSpans": [
        {
            "resource": {
                "attributes": [
                    {"key": "k8s.pod.name", "value": {"stringValue": "web-1"}},
                    {"key": "service.name", "value": {"stringValue": "web"}},
                ]
            },
            "scopeSpans": [
                {
                    "scope": {"name": "tests", "version": "1.0"},
                    "spans": [
                        {
                            "traceId": ID,
                            "spanId": ROOT,
                            "name": "GET /",
                            "kind": 2,
                            "startTimeUnixNano": f"{BEGIN}000",
                            "endTimeUnixNano": f"{BEGIN + 100_000}000",
                            "attributes": [
                                {"key": "a", "value": {"intValue": "1"}},
                                {"key": "b", "value": {"doubleValue": 2.5}},
                                {"key": "c", "value": {"boolValue": True}},
                                {
                                    "key": "e",
                                    "value": {"arrayValue": {"values": [{"stringValue": "p"}, {"intValue": "1"}]}},
                                },
                                {"key": "f", "value": {"bytesValue": "YWJj"}},
                                {"key": "whole", "value": {"doubleValue": 3}},
                            ],
                            "status": {},
                        }
                    ],
                }
            ],
        },
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "api"}}]},
            "scopeSpans": [
                {
                    "scope": {},
                    "spans": [
                        {
                            "traceId": ID,
                            "spanId": CHILD,
                            "parentSpanId": ROOT,
                            "name": "call",
                            "kind": 2,
                            "startTimeUnixNano": f"{BEGIN + 10_000}000",
                            "endTimeUnixNano": f"{BEGIN + 60_000}000",
                            "attributes": [
                                {
                                    "key": "@jaeger@warnings",
                                    "value": {
                                        "arrayValue": {"values": [{"stringValue": SKEW}, {"stringValue": "odd"}]}
                                    },
                                }
                            ],
                            "events": [
                                {
                                    "timeUnixNano": f"{BEGIN + 30_000}000",
                                    "name": "exception",
                                    "attributes": [{"key": "exception.type", "value": {"stringValue": "E"}}],
                                }
                            ],
                            "links": [{"traceId": "f" * 32, "spanId": "e" * 16}],
                            "status": {"message": "boom", "code": 2},
                        }
                    ],
                }
            ],
        },
    ]
}
LEGACY: Any = {
    "traceID": ID,
    "spans": [
        {
            "traceID": ID,
            "spanID": ROOT,
            "operationName": "GET /",
            "references": [],
            "startTime": BEGIN,
            "duration": 100_000,
            "tags": [
                {"key": "a", "type": "int64", "value": 1},
                {"key": "b", "type": "float64", "value": 2.5},
                {"key": "c", "type": "bool", "value": True},
                {"key": "e", "type": "string", "value": '["p",1]'},
                {"key": "f", "type": "binary", "value": "YWJj"},
                {"key": "otel.scope.name", "type": "string", "value": "tests"},
                {"key": "otel.scope.version", "type": "string", "value": "1.0"},
                {"key": "span.kind", "type": "string", "value": "server"},
                {"key": "whole", "type": "float64", "value": 3},
            ],
            "logs": [],
            "processID": "p1",
            "warnings": None,
        },
        {
            "traceID": ID,
            "spanID": CHILD,
            "operationName": "call",
            "references": [
                {"refType": "CHILD_OF", "traceID": ID, "spanID": ROOT},
                {"refType": "FOLLOWS_FROM", "traceID": "f" * 32, "spanID": "e" * 16},
            ],
            "startTime": BEGIN + 10_000,
            "duration": 50_000,
            "tags": [
                {"key": "error", "type": "bool", "value": True},
                {"key": "otel.status_code", "type": "string", "value": "ERROR"},
                {"key": "otel.status_description", "type": "string", "value": "boom"},
                {"key": "span.kind", "type": "string", "value": "server"},
            ],
            "logs": [
                {
                    "timestamp": BEGIN + 30_000,
                    "fields": [
                        {"key": "event", "type": "string", "value": "exception"},
                        {"key": "exception.type", "type": "string", "value": "E"},
                    ],
                }
            ],
            "processID": "p2",
            "warnings": [SKEW, SKEW, "odd"],
        },
    ],
    "processes": {
        "p1": {"serviceName": "web", "tags": [{"key": "k8s.pod.name", "type": "string", "value": "web-1"}]},
        "p2": {"serviceName": "api", "tags": []},
    },
    "warnings": None,
}
EXPECTED = Trace(
    ID,
    (
        Span(
            id=ROOT,
            parent="",
            service="web",
            operation="GET /",
            begin=BEGIN * 1000,
            duration=100_000_000,
            kind="server",
            tags=(
                ("a", "1"),
                ("b", "2.5"),
                ("c", "true"),
                ("e", '["p",1]'),
                ("f", "YWJj"),
                ("otel.scope.name", "tests"),
                ("otel.scope.version", "1.0"),
                ("whole", "3"),
            ),
            process=(("k8s.pod.name", "web-1"),),
        ),
        Span(
            id=CHILD,
            parent=ROOT,
            service="api",
            operation="call",
            begin=BEGIN * 1000 + 10_000_000,
            duration=50_000_000,
            kind="server",
            status=Status.ERROR,
            message="boom",
            events=(Event(BEGIN * 1000 + 30_000_000, "exception", (("exception.type", "E"),)),),
            links=(Link("f" * 32, "e" * 16),),
            warnings=("odd",),
        ),
    ),
)
QUERY = TraceQuery("api", BEGIN / 1e6 - 60, BEGIN / 1e6 + 60, shortest=0.25)


class FakeJaeger:
    """Answers by function, a path each; what is not served gets the user interface, as Jaeger's own server does."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[web.Request], web.StreamResponse]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_get("/{path:.*}", self._answer)
        return application

    def v3(self, traces: Any = OTLP) -> None:
        """Serve version 3."""
        self.answers["/api/v3/traces"] = lambda _: wrapped(traces)
        self.answers[f"/api/v3/traces/{ID}"] = lambda _: wrapped(traces)
        self.answers["/api/v3/services"] = lambda _: web.json_response({"services": ["web", "api"]})
        operations = [{"name": "call", "spanKind": "server"}, {"name": "call", "spanKind": "client"}]
        self.answers["/api/v3/operations"] = lambda _: web.json_response({"operations": operations})

    def v1(self, traces: Any = None) -> None:
        """Serve version 1."""
        found = [LEGACY] if traces is None else traces
        self.answers["/api/traces"] = lambda _: enveloped(found)
        self.answers[f"/api/traces/{ID}"] = lambda _: enveloped(found)
        self.answers["/api/services"] = lambda _: enveloped(["web", "api"])
        self.answers["/api/services/a/b/operations"] = lambda _: enveloped(["call"])

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path, dict(request.query)))
        known = self.answers.get(request.path)
        return known(request) if known is not None else web.Response(text=UI, content_type="text/html")


def wrapped(traces: Any) -> web.Response:
    return web.Response(text=json.dumps({"result": traces}), content_type="text/plain")


def enveloped(data: Any, status: int = 200) -> web.Response:
    return web.json_response({"data": data, "total": 0, "limit": 0, "offset": 0, "errors": None}, status=status)


def refused(status: int, message: str) -> web.Response:
    text = json.dumps({"error": {"httpCode": status, "message": message}})
    return web.Response(text=text, status=status, content_type="text/plain")


@pytest.fixture
def jaeger() -> FakeJaeger:
    return FakeJaeger()


@pytest.fixture
async def client(jaeger: FakeJaeger) -> AsyncIterator[JaegerClient]:
    async with served(jaeger.application()) as url, JaegerClient(HttpAccess(url)) as client:
        yield client


async def failure(client: JaegerClient) -> SignalError:
    with pytest.raises(SignalError) as caught:
        await client.find(QUERY)
    return caught.value


async def test_version_3_is_asked_first_and_alone(jaeger: FakeJaeger, client: JaegerClient) -> None:
    jaeger.v3()
    jaeger.v1()

    assert await client.find(QUERY) == [EXPECTED]
    assert await client.trace(ID) == EXPECTED
    assert await client.services() == ["api", "web"]
    assert await client.operations("a/b") == ["call"]
    assert all(path.startswith("/api/v3/") for path, _ in jaeger.asked)
    assert client.api == "v3"
    assert jaeger.asked[0][1] == {
        "query.service_name": "api",
        "query.start_time_min": "2026-11-26T17:32:28.642000Z",
        "query.start_time_max": "2026-11-26T17:34:28.642000Z",
        "query.num_traces": "100",
        "query.duration_min": "250000us",
    }


async def test_version_1_is_asked_where_3_is_not_served_and_from_then_on(
    jaeger: FakeJaeger, client: JaegerClient
) -> None:
    jaeger.v1()

    assert await client.find(QUERY) == [EXPECTED]
    assert await client.trace(ID) == EXPECTED
    assert await client.services() == ["api", "web"]
    assert await client.operations("a/b") == ["call"]
    assert client.api == "v1"
    assert [path for path, _ in jaeger.asked].count("/api/v3/traces") == 1
    assert jaeger.asked[1][1] == {
        "service": "api",
        "start": f"{BEGIN - 60_000_000}",
        "end": f"{BEGIN + 60_000_000}",
        "limit": "100",
        "minDuration": "250000us",
    }


async def test_a_plain_404_is_not_served_either(jaeger: FakeJaeger, client: JaegerClient) -> None:
    jaeger.v1()
    jaeger.answers["/api/v3/traces"] = lambda _: web.Response(text="404 page not found", status=404)

    assert await client.find(QUERY) == [EXPECTED]


async def test_ids_in_base64_and_enums_by_name_are_read_as_protobuf_writes_them(
    jaeger: FakeJaeger, client: JaegerClient
) -> None:
    wire = {
        "traceId": "AAAAAAAAAAAAAAAAAAAAAQ==",
        "spanId": "AAAAAAAAAAI=",
        "parentSpanId": "",
        "kind": "SPAN_KIND_CLIENT",
        "status": {"code": "STATUS_CODE_ERROR"},
        "startTimeUnixNano": "5000",
        "endTimeUnixNano": "7000",
    }
    jaeger.v3({"resourceSpans": [{"scopeSpans": [{"spans": [wire]}]}]})

    (trace,) = await client.find(QUERY)

    (span,) = trace.spans
    assert (trace.id, span.id, span.parent) == ("0" * 31 + "1", "0" * 15 + "2", "")
    assert (span.kind, span.status, span.service, span.duration) == ("client", Status.ERROR, "", 2000)


async def test_a_stream_of_messages_is_one_answer(jaeger: FakeJaeger, client: JaegerClient) -> None:
    parts = [{"result": {"resourceSpans": [each]}} for each in OTLP["resourceSpans"]]
    jaeger.v3()
    jaeger.answers["/api/v3/traces"] = lambda _: web.Response(text="\n".join(map(json.dumps, parts)))

    assert await client.find(QUERY) == [EXPECTED]


async def test_figures_that_are_none_and_times_beyond_any_calendar_are_kept_as_text(
    jaeger: FakeJaeger, client: JaegerClient
) -> None:
    odd = [{"key": word, "value": {"doubleValue": word}} for word in ("NaN", "Infinity", "-Infinity")]
    odd.append({"key": "huge", "value": {"intValue": "9223372036854775807"}})
    wire = {
        "traceId": ID,
        "spanId": ROOT,
        "name": "odd",
        "startTimeUnixNano": "18446744073709551615",
        "endTimeUnixNano": "5",
        "attributes": odd,
    }
    jaeger.v3({"resourceSpans": [{"scopeSpans": [{"spans": [wire]}]}]})

    (span,) = (await client.trace(ID)).spans

    assert dict(span.tags) == {word: word for word in ("NaN", "Infinity", "-Infinity")} | {
        "huge": "9223372036854775807"
    }
    assert (span.begin, span.duration) == (2**64 - 1, 0)
    assert span.warnings == ("it ends before it begins: its clock was set back, or its times are wrong",)


async def test_a_reference_that_follows_makes_a_parent_that_did_not_wait(
    jaeger: FakeJaeger, client: JaegerClient
) -> None:
    kind = [{"key": "opentracing.ref_type", "value": {"stringValue": "follows_from"}}]
    spans = [
        {"traceId": ID, "spanId": ROOT, "startTimeUnixNano": "1000", "endTimeUnixNano": "2000"},
        {
            "traceId": ID,
            "spanId": CHILD,
            "parentSpanId": ROOT,
            "startTimeUnixNano": "3000",
            "endTimeUnixNano": "4000",
            "links": [{"traceId": ID, "spanId": ROOT, "attributes": kind}],
        },
    ]
    jaeger.v3({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]})

    _, child = (await client.trace(ID)).spans

    assert (child.parent, child.follows, child.links) == (ROOT, True, ())


@pytest.mark.parametrize("version", [1, 3])
async def test_nothing_found_is_an_answer(version: int, jaeger: FakeJaeger, client: JaegerClient) -> None:
    if version == 3:
        jaeger.v3()
        for path in ("/api/v3/traces", f"/api/v3/traces/{ID}"):
            jaeger.answers[path] = lambda _: refused(404, "No traces found")
    else:
        jaeger.v1([])
        missing = {"data": None, "errors": [{"code": 404, "msg": "trace not found"}]}
        jaeger.answers[f"/api/traces/{ID}"] = lambda _: web.json_response(missing, status=404)

    assert await client.find(QUERY) == []
    with pytest.raises(TraceNotFoundError, match=f"has no trace {ID}"):
        await client.trace(ID)


async def test_failed_ones_are_asked_of_version_1_where_3_cannot_look_for_them(
    jaeger: FakeJaeger, client: JaegerClient
) -> None:
    healthy = {**OTLP["resourceSpans"][0]}
    jaeger.v3({"resourceSpans": [healthy]})
    jaeger.v1()

    assert await client.find(QUERY.only_failed(True)) == [EXPECTED]
    assert [(path, given.get("query.attributes"), given.get("tags")) for path, given in jaeger.asked] == [
        ("/api/v3/traces", '{"error":"true"}', None),
        ("/api/traces", None, '{"error":"true"}'),
    ]


async def test_of_one_that_can_only_tell_the_newest_those_that_failed_are_left(
    jaeger: FakeJaeger, client: JaegerClient
) -> None:
    fine = json.loads(json.dumps(OTLP["resourceSpans"][0]).replace(ID, "1" * 32))
    jaeger.v3({"resourceSpans": [fine, *OTLP["resourceSpans"]]})

    assert [trace.id for trace in await client.find(QUERY.only_failed(True))] == [ID]


async def test_one_that_takes_the_tag_for_another_is_asked_for_the_newest(
    jaeger: FakeJaeger, client: JaegerClient
) -> None:
    """The memory storage of Jaeger 2.13 looks for what ended well when it is asked for ``error=true``."""
    jaeger.v3()
    jaeger.v1([])
    jaeger.answers["/api/v3/traces"] = lambda request: (
        refused(404, "No traces found") if "query.attributes" in request.query else wrapped(OTLP)
    )

    assert await client.find(QUERY.only_failed(True)) == [EXPECTED]


async def test_jaegers_own_refusal_is_told_in_its_words(jaeger: FakeJaeger, client: JaegerClient) -> None:
    jaeger.v3()
    jaeger.answers["/api/v3/traces"] = lambda _: refused(400, "malformed parameter query.num_traces")

    error = await failure(client)

    assert error.trouble is Trouble.QUERY
    assert "refuses it (HTTP 400): malformed parameter query.num_traces" in str(error)


async def test_its_storage_being_away_is_no_refusal(jaeger: FakeJaeger, client: JaegerClient) -> None:
    jaeger.v3()
    jaeger.answers["/api/v3/traces"] = lambda _: refused(500, "no such host: elasticsearch")

    error = await failure(client)

    assert error.trouble is Trouble.UNREACHABLE
    assert "no such host: elasticsearch" in str(error)


@pytest.mark.parametrize(("status", "words"), [(401, "refuses the credentials (401)"), (403, "forbids it (403)")])
async def test_refused_credentials_are_denied(
    status: int, words: str, jaeger: FakeJaeger, client: JaegerClient
) -> None:
    jaeger.v1()
    jaeger.answers["/api/v3/traces"] = lambda _: web.Response(text="<html>", status=status, content_type="text/html")

    error = await failure(client)

    assert (error.trouble, words in str(error)) == (Trouble.DENIED, True), error


async def test_a_web_page_for_everything_is_told_as_one(client: JaegerClient) -> None:
    error = await failure(client)

    assert error.trouble is Trouble.UNREACHABLE
    assert "answered /api/traces with a web page: is this Jaeger's query service?" in str(error)


async def test_the_api_servers_own_answer_is_told(jaeger: FakeJaeger, client: JaegerClient) -> None:
    status = {"kind": "Status", "status": "Failure", "message": "no endpoints available for service", "code": 503}
    for path in ("/api/v3/traces", "/api/traces"):
        jaeger.answers[path] = lambda _: web.json_response(status, status=503)

    assert "HTTP 503: no endpoints available for service" in str(await failure(client))


@pytest.mark.parametrize(
    "body",
    ['{"result":{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"x y","spanId":"1"}]}]}]}}', '{"result":7}', "{"],
    ids=["no id", "another shape", "cut off"],
)
async def test_an_answer_of_another_shape_is_told(body: str, jaeger: FakeJaeger, client: JaegerClient) -> None:
    jaeger.v3()
    jaeger.answers["/api/v3/traces"] = lambda _: web.Response(text=body)

    assert "does not answer as version 3 of Jaeger's API does" in str(await failure(client))


async def test_an_answer_too_large_to_read_is_not_read(
    jaeger: FakeJaeger, client: JaegerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MOST_BYTES", 2**20)
    jaeger.v3()
    jaeger.answers["/api/v3/traces"] = lambda _: web.Response(body=b'{"result":' + b" " * 2**21)

    error = await failure(client)

    assert (error.trouble, "more than 1 MiB" in str(error)) == (Trouble.QUERY, True), error


async def test_a_server_that_does_not_answer_is_given_up(
    jaeger: FakeJaeger, client: JaegerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "READ_SECONDS", 0.1)
    ended = asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        await ended.wait()
        return web.Response()

    application = web.Application()
    application.router.add_get("/api/v3/traces", hang)
    async with served(application) as url, JaegerClient(HttpAccess(url)) as slow:
        error = await failure(slow)
        ended.set()

    assert (error.trouble, "did not answer in time" in str(error)) == (Trouble.SLOW, True), error


async def test_nobody_there_is_told() -> None:
    async with JaegerClient(HttpAccess("http://127.0.0.1:9")) as client:
        error = await failure(client)

    assert (error.trouble, "Connection refused" in str(error)) == (Trouble.UNREACHABLE, True), error


async def test_a_self_signed_certificate_is_told_and_trusted_where_its_authority_is_given(
    jaeger: FakeJaeger, tmp_path: Path
) -> None:
    authority = certificates.make(tmp_path)
    jaeger.v3()
    runner = web.AppRunner(jaeger.application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=authority.server())
    await site.start()
    url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with JaegerClient(HttpAccess(url)) as client:
            error = await failure(client)
        async with JaegerClient(HttpAccess(url, ca_file=str(authority.ca))) as client:
            found = await client.find(QUERY)
    finally:
        await runner.cleanup()

    assert (error.trouble, "no TLS with" in str(error)) == (Trouble.UNREACHABLE, True), error
    assert found == [EXPECTED]


async def test_ten_thousand_spans_are_read_in_a_thread_and_a_few_at_once(
    jaeger: FakeJaeger, client: JaegerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    decode = otlp.decode_traces

    def noting(body: bytes) -> list[Trace]:
        threads.append(threading.current_thread().name)
        return decode(body)

    monkeypatch.setattr(otlp, "decode_traces", noting)
    wire = OTLP["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    spans = [{**wire, "spanId": f"{number + 1:016x}", "parentSpanId": ROOT} for number in range(10_000)]
    body = json.dumps({"result": {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}}).encode()
    jaeger.v3()
    await client.trace(ID)
    jaeger.answers[f"/api/v3/traces/{ID}"] = lambda _: web.Response(body=body)

    trace = await client.trace(ID)

    assert len(trace.spans) == 10_000
    assert threads == [threading.current_thread().name, "signal"]
