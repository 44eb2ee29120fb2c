"""The Prometheus client: answers decoded, credentials sent, every failure in words and asked only once."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from aurora_tui.model.access import HttpAccess
from aurora_tui.signals.errors import SignalError, Trouble
from aurora_tui.signals.prometheus import PrometheusClient
from tests.unit.signal_servers import FakePrometheus, refusal, served, vector


@pytest.fixture
def server() -> FakePrometheus:
    return FakePrometheus()


@pytest.fixture
async def client(server: FakePrometheus) -> AsyncIterator[PrometheusClient]:
    async with served(server.application()) as url:
        client = PrometheusClient(HttpAccess(f"{url}/"))
        yield client
        client.close()


async def failure(client: PrometheusClient) -> SignalError:
    with pytest.raises(SignalError) as caught:
        await client.instant("up")
    return caught.value


async def test_figures_that_json_has_no_numbers_for_are_decoded(
    client: PrometheusClient, server: FakePrometheus
) -> None:
    server.instant = lambda query: vector(query, {"job": "x"})
    (point,) = await client.instant("+Inf")
    assert (point.value, point.labels) == (math.inf, {"job": "x"})
    (point,) = await client.instant("NaN")
    assert math.isnan(point.value)


async def test_a_query_is_for_the_given_time_else_for_now(client: PrometheusClient, server: FakePrometheus) -> None:
    await client.instant("up", 1_700_000_000.25)
    await client.instant("up")
    assert server.times == [1_700_000_000.25, None]


async def test_a_range_is_decoded_by_time(client: PrometheusClient, server: FakePrometheus) -> None:
    server.range = lambda query, start, end: {
        "status": "success",
        "data": {"resultType": "matrix", "result": [{"metric": {}, "values": [[start, "1"], [end, "NaN"]]}]},
    }
    (line,) = (await client.range("up", 600, 660, 60)).series
    assert line.points[0] == (600, 1)
    assert line.points[1][0] == 660 and math.isnan(line.points[1][1])


@pytest.mark.parametrize(
    ("answer", "trouble", "words"),
    [
        (refusal("bad_data", "1:5: parse error"), Trouble.QUERY, "1:5: parse error"),
        (
            refusal("execution", "query processing would load too many samples"),
            Trouble.QUERY,
            "too many samples",
        ),
        (refusal("timeout", "query timed out in expression evaluation"), Trouble.SLOW, "took too long"),
        (web.Response(status=401), Trouble.DENIED, "sign in again"),
        (
            web.json_response({"kind": "Status", "message": 'services "x" is forbidden'}, status=403),
            Trouble.DENIED,
            'services "x" is forbidden',
        ),
        (
            web.Response(text="<html>Sign in</html>", content_type="text/html"),
            Trouble.UNREACHABLE,
            "web page",
        ),
        (web.Response(status=502, text="<h1>Bad Gateway</h1>"), Trouble.UNREACHABLE, "HTTP 502"),
        (
            web.json_response({"kind": "Status", "message": "no endpoints available"}, status=503),
            Trouble.UNREACHABLE,
            "HTTP 503: no endpoints available",
        ),
        (web.Response(text="OK"), Trouble.UNREACHABLE, "did not answer with JSON"),
        (web.json_response({"status": "success"}), Trouble.UNREACHABLE, "does not answer as Prometheus does"),
        (
            web.json_response({"data": {"result": [{"value": 1}]}}),
            Trouble.UNREACHABLE,
            "not answer as Prometheus",
        ),
        (web.Response(text="{broken"), Trouble.UNREACHABLE, "127.0.0.1"),
    ],
)
async def test_a_failure_is_said_in_words_and_not_retried(
    client: PrometheusClient, server: FakePrometheus, answer: object, trouble: Trouble, words: str
) -> None:
    server.instant = lambda query: answer
    error = await failure(client)
    assert error.trouble is trouble
    assert words in str(error)
    assert len(server.queries) == 1


async def test_a_refused_connection_names_the_address_without_its_password() -> None:
    async with served(FakePrometheus().application()) as url:
        pass
    error = await failure(PrometheusClient(HttpAccess(url.replace("//", "//user:secret@"))))
    assert str(error) == f"{url} can't be reached (Connection refused)"


async def test_our_credentials_are_sent_and_those_of_a_netrc_are_not(
    server: FakePrometheus, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setattr(HttpAccess, "loopback", False)
    monkeypatch.setenv("NO_PROXY", "*")
    async with served(server.application()) as url:
        await PrometheusClient(HttpAccess(url, {"Authorization": "Bearer token"})).instant("up")
    assert server.headers[0]["Authorization"] == "Bearer token"


def test_an_access_never_prints_its_credentials() -> None:
    access = HttpAccess("https://user:secret@host:9090/x", {"Authorization": "Bearer secret"})
    assert "secret" not in f"{access!r} {access} {access.shown}"
    assert access.shown == "https://host:9090/x"
    assert not access.loopback
    assert HttpAccess("http://127.0.0.5:1").loopback and HttpAccess("http://localhost").loopback
