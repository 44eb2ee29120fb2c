"""What leaves for an API server, and what every kind of answer, or none, is called."""

from __future__ import annotations

import asyncio
import json
import ssl
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from aurora_tui.cluster import login
from aurora_tui.cluster import transport as transports
from aurora_tui.cluster.clients import rest_module
from aurora_tui.cluster.errors import (
    AnswerLostError,
    ClusterError,
    ConfigError,
    ConflictError,
    ForbiddenError,
    GoneError,
    NotFoundError,
    ReadOnlyError,
    ThrottledError,
    UnauthorizedError,
    UnreachableError,
)
from aurora_tui.cluster.kubernetes import KubernetesCluster
from aurora_tui.cluster.protocol import MERGE_PATCH, LogRequest
from aurora_tui.cluster.resources import DEPLOYMENTS, NODES, PODS
from aurora_tui.cluster.transport import SilenceError, Transport
from tests.unit import certificates
from tests.unit.apiserver import (
    ApiServer,
    context_for,
    hung_up,
    item,
    listing,
    page,
    refused,
    running,
    silent,
    stream,
)

PATH = "/api/v1/pods"
LIST = f"GET {PATH}"


@pytest.fixture
async def transport(server: ApiServer, tmp_path: Path) -> AsyncIterator[Transport]:
    transport = Transport(context_for(tmp_path, server.url, user={"token": "t"}))
    yield transport
    await transport.close()


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, none of which takes time."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr("aurora_tui.cluster.transport._pause", pause)
    return pauses


async def failure(transport: Transport, method: str = "GET", path: str = PATH, **options: Any) -> ClusterError:
    """The error that a request ends with; anything but a `ClusterError` fails the test."""
    with pytest.raises(ClusterError) as caught:
        await transport.json(method, path, **options)
    assert "\n" not in str(caught.value)
    return caught.value


# Refusals


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (403, ForbiddenError),
        (404, NotFoundError),
        (409, ConflictError),
        (410, GoneError),
        (500, ClusterError),
    ],
)
async def test_a_refusal_is_told_in_the_servers_own_words(
    server: ApiServer, transport: Transport, code: int, kind: type[ClusterError]
) -> None:
    server.on(LIST, refused(code, "what the server said", "ItsReason"))

    error = await failure(transport)

    assert (type(error), str(error), error.status, error.reason) == (kind, "what the server said", code, "ItsReason")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (page(500, ""), "HTTP 500 Internal Server Error"),
        (page(502, "<html><h1>Bad gateway</h1></html>"), "HTTP 502 Bad Gateway"),
        (
            page(400, "Client sent an HTTP request to an HTTPS server.\n", "text/plain"),
            "HTTP 400 Bad Request: Client sent",
        ),
        (page(500, "[]", "application/json"), "HTTP 500 Internal Server Error"),
        (page(500, '{"error": 5}', "application/json"), "HTTP 500 Internal Server Error"),
    ],
)
async def test_a_refusal_without_a_status_is_called_by_its_http_status(
    server: ApiServer, transport: Transport, answer: Any, words: str
) -> None:
    server.on(LIST, answer)

    assert str(await failure(transport)).startswith(words)


async def test_a_status_that_arrives_in_pieces_is_read_whole(server: ApiServer, transport: Transport) -> None:
    body = json.dumps({"kind": "Status", "message": "pods is forbidden: " + "x" * 3000}).encode()

    async def handle(request: Any) -> Any:
        from aiohttp import web

        response = web.StreamResponse(status=403)
        await response.prepare(request)
        for start in range(0, len(body), 1000):
            await response.write(body[start : start + 1000])
            await asyncio.sleep(0.01)
        return response

    server.on(LIST, handle)

    assert str(await failure(transport)).startswith("pods is forbidden")


async def test_a_refusal_names_the_causes_that_its_message_leaves_out(server: ApiServer, transport: Transport) -> None:
    causes = [
        {"reason": "DisruptionBudget", "message": "The disruption budget web needs 2 healthy pods and has 2 currently"},
        {"reason": "Other", "message": "would violate"},
        {"reason": "Empty"},
    ]
    status = {"kind": "Status", "message": "Cannot evict pod: it would violate one.", "details": {"causes": causes}}
    server.on(LIST, page(429, json.dumps(status), "application/json"))

    assert (await failure(transport)).message == (
        "Cannot evict pod: it would violate one. The disruption budget web needs 2 healthy pods and has 2 currently"
    )


@pytest.mark.parametrize(
    ("after", "seconds"),
    [("7", 7.0), ("", 1.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 1.0), ("inf", 1.0), ("-4", 1.0), ("99999999", 300.0)],
)
async def test_a_busy_server_says_how_long_to_wait(
    server: ApiServer, transport: Transport, waited: list[float], after: str, seconds: float
) -> None:
    server.on(LIST, refused(429, "too many requests", Retry_After=after))

    error = await failure(transport)

    assert isinstance(error, ThrottledError)
    assert error.retry_after == seconds


async def test_a_question_waits_for_a_busy_server_as_long_as_it_says(
    server: ApiServer, transport: Transport, waited: list[float]
) -> None:
    busy = refused(429, "too many requests", Retry_After="3")
    server.on(LIST, busy, refused(503, "starting", Retry_After="2"), {"kind": "PodList"})

    assert await transport.json("GET", PATH) == {"kind": "PodList"}
    assert waited == [3.0, 2.0]


async def test_a_server_that_stays_busy_is_told_of_in_the_end(
    server: ApiServer, transport: Transport, waited: list[float]
) -> None:
    server.on(LIST, refused(429, "too many requests", Retry_After="4"))

    with pytest.raises(ThrottledError, match="too many requests"):
        await transport.json("GET", PATH)
    assert waited == [4.0, 4.0]


async def test_what_changes_something_is_never_sent_twice(
    server: ApiServer, transport: Transport, waited: list[float]
) -> None:
    server.on(f"POST {PATH}", refused(429, "too many requests", Retry_After="1"))

    with pytest.raises(ThrottledError):
        await transport.json("POST", PATH, body={})
    assert waited == [] and len(server.requests(f"POST {PATH}")) == 1


@pytest.mark.parametrize(("seconds", "near"), [(0.002, True), (0.2, False)])
async def test_how_near_a_server_is_tells_how_long_its_connections_take(
    tmp_path: Path, seconds: float, near: bool
) -> None:
    transport = Transport(context_for(tmp_path, "https://api.example.org"))
    assert not transport.near  # nothing is known yet

    transport._nearness.seconds = seconds

    assert transport.near is near


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
@pytest.mark.parametrize(("seconds", "near"), [(0.002, True), (0.015, True), (0.04, False)])
async def test_behind_a_tunnel_of_this_machine_a_server_is_as_far_as_its_connections_take(
    tmp_path: Path, host: str, seconds: float, near: bool
) -> None:
    transport = Transport(context_for(tmp_path, f"https://{host}:6443"))
    assert transport.near  # nothing is known yet

    transport._nearness.seconds = seconds

    assert transport.near is near


async def test_a_connection_that_is_made_is_measured(server: ApiServer, transport: Transport) -> None:
    server.on(LIST, {"kind": "PodList"})

    await transport.json("GET", PATH)

    assert 0 < transport._nearness.seconds < 60


@pytest.mark.parametrize("body", ["<html>log in</html>", "", "[1]", '"text"'])
async def test_a_good_answer_of_something_else_is_no_kubernetes(
    server: ApiServer, transport: Transport, body: str
) -> None:
    server.on(LIST, page(200, body))

    assert "is it an API server?" in str(await failure(transport))


# No answer


async def test_a_read_without_an_answer_names_the_server(server: ApiServer, transport: Transport) -> None:
    server.on(LIST, hung_up())

    error = await failure(transport)

    assert isinstance(error, UnreachableError)
    assert server.url in str(error)


async def test_a_write_whose_answer_is_lost_is_told_apart(server: ApiServer, transport: Transport) -> None:
    server.on(f"PATCH {PATH}/a", hung_up())

    error = await failure(transport, "PATCH", f"{PATH}/a", body={}, content_type=MERGE_PATCH)

    assert isinstance(error, AnswerLostError)
    assert len(server.requests(f"PATCH {PATH}/a")) == 1


async def test_a_write_whose_answer_breaks_off_is_lost_too(server: ApiServer, transport: Transport) -> None:
    server.on(f"PATCH {PATH}/a", stream(b'{"metadata"', cut=True))

    error = await failure(transport, "PATCH", f"{PATH}/a", body={}, content_type=MERGE_PATCH)

    assert isinstance(error, AnswerLostError)


async def test_a_write_that_was_never_sent_is_unreachable_not_lost(tmp_path: Path) -> None:
    async with running() as gone:
        address = gone.url
    transport = Transport(context_for(tmp_path, address))

    error = await failure(transport, "PATCH", f"{PATH}/a", body={}, content_type=MERGE_PATCH)

    assert isinstance(error, UnreachableError)
    assert "connection refused" in str(error)
    await transport.close()


async def test_a_write_that_no_name_server_can_place_is_unreachable(tmp_path: Path) -> None:
    transport = Transport(context_for(tmp_path, "http://no-such-host.invalid"))

    assert isinstance(await failure(transport, "PATCH", PATH, body={}, content_type=MERGE_PATCH), UnreachableError)
    await transport.close()


async def test_an_answer_that_does_not_come_in_time_is_given_up(
    server: ApiServer, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transports, "ANSWER_SECONDS", 0.05)
    server.on(LIST, silent(asyncio.Event()))

    assert "no answer in time" in str(await failure(transport))


async def test_a_stream_that_falls_silent_is_told_from_one_that_breaks(server: ApiServer, transport: Transport) -> None:
    server.on(LIST, stream(b"{", until=asyncio.Event()), stream(b"{", cut=True))

    first = await failure(transport, silence=0.05)
    second = await failure(transport, silence=5.0)

    assert isinstance(first, SilenceError)
    assert isinstance(second, UnreachableError)
    assert not isinstance(second, SilenceError)


async def test_a_token_with_a_line_break_inside_is_a_config_error(server: ApiServer, tmp_path: Path) -> None:
    transport = Transport(context_for(tmp_path, server.url, user={"token": "two\nlines"}))

    assert isinstance(await failure(transport), ConfigError)
    assert server.asked == []
    await transport.close()


async def test_after_closing_nothing_is_sent(server: ApiServer, transport: Transport) -> None:
    await transport.connect()
    await transport.close()

    assert isinstance(await failure(transport), UnreachableError)
    assert server.asked == []


async def test_being_cancelled_is_not_an_error_of_the_server(server: ApiServer, transport: Transport) -> None:
    server.on(LIST, silent(asyncio.Event()))
    task = asyncio.create_task(transport.json("GET", PATH))
    await server.until_asked(LIST)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_more_streams_than_a_pool_usually_holds_leave_room_for_questions(
    server: ApiServer, transport: Transport
) -> None:
    server.on("GET /stream", stream(b"{", until=asyncio.Event()))
    server.on(LIST, listing())

    async def hold() -> None:
        async with transport.open("GET", "/stream", silence=60) as response:
            await response.read()

    streams = [asyncio.create_task(hold()) for _ in range(120)]
    await server.until_asked("GET /stream", 120)

    async with asyncio.timeout(5):
        assert (await transport.json("GET", PATH))["items"] == []
    for task in streams:
        task.cancel()
    await asyncio.gather(*streams, return_exceptions=True)


# Credentials


def counting_plugin(folder: Path, server: ApiServer, **more: Any) -> Any:
    """A context whose plugin gives ``token-1``, ``token-2`` … at each run."""
    path = folder / "login"
    answer = "{'apiVersion': 'v1', 'kind': 'ExecCredential', 'status': {'token': f'token-{count}'}}"
    path.write_text(
        f"#!{sys.executable}\nimport json, pathlib, sys\nruns = pathlib.Path({str(folder / 'runs')!r})\n"
        "count = len(runs.read_text()) + 1 if runs.exists() else 1\nruns.write_text('x' * count)\n"
        f"if pathlib.Path({str(folder / 'expired')!r}).exists(): sys.exit('please log in')\n"
        f"print(json.dumps({answer}))\n"
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    user = {"exec": {"apiVersion": "v1", "command": str(path), "args": ["prod"]}}
    return context_for(folder, server.url, user=user, **more)


def runs(folder: Path) -> int:
    return len((folder / "runs").read_text())


async def test_refused_credentials_are_renewed_once_for_all_who_were_refused(server: ApiServer, tmp_path: Path) -> None:
    async def guarded(request: Any) -> Any:
        fresh = request.headers["Authorization"] == "Bearer token-2"
        return await (stream(b"{}") if fresh else refused(401, "Unauthorized"))(request)

    server.on(LIST, guarded)
    transport = Transport(counting_plugin(tmp_path, server))

    answers = await asyncio.gather(*(transport.json("GET", PATH) for _ in range(8)))

    assert answers == [{}] * 8
    assert runs(tmp_path) == 2
    await transport.close()


async def test_credentials_that_stay_refused_end_in_words_with_the_login_command(
    server: ApiServer, tmp_path: Path
) -> None:
    server.on(LIST, refused(401, "Unauthorized"))
    transport = Transport(counting_plugin(tmp_path, server))

    first, second = await failure(transport), await failure(transport)

    for error in (first, second):
        assert isinstance(error, UnauthorizedError)
        assert f"user 'it' were refused (401 Unauthorized); to log in again run: {tmp_path / 'login'} prod" in str(
            error
        )
    # A plugin may open a browser: it is not run at every refusal.
    assert runs(tmp_path) == 2
    await transport.close()


async def test_a_plugin_that_fails_is_not_run_again_for_every_source(server: ApiServer, tmp_path: Path) -> None:
    (tmp_path / "expired").touch()
    transport = Transport(counting_plugin(tmp_path, server))

    errors = await asyncio.gather(*(failure(transport) for _ in range(8)))

    assert all(isinstance(error, ConfigError) and "please log in" in str(error) for error in errors)
    assert runs(tmp_path) == 1
    assert server.asked == []
    await transport.close()


async def test_renewing_leaves_the_streams_of_others_alone(server: ApiServer, tmp_path: Path) -> None:
    ended = asyncio.Event()
    server.on("GET /stream", stream(b"{", b'"a":', until=ended))
    server.on(LIST, refused(401, "Unauthorized"), {})
    transport = Transport(counting_plugin(tmp_path, server))

    async def read() -> bytes:
        async with transport.open("GET", "/stream", silence=60) as response:
            return await response.read()

    reading = asyncio.create_task(read())
    await server.until_asked("GET /stream")
    await transport.json("GET", PATH)
    ended.set()

    assert await reading == b'{"a":'
    await transport.close()


async def test_credentials_that_run_out_are_renewed_before_they_do(server: ApiServer, tmp_path: Path) -> None:
    script = (
        f"#!{sys.executable}\nimport json, pathlib\nruns = pathlib.Path({str(tmp_path / 'runs')!r})\n"
        "count = len(runs.read_text()) + 1 if runs.exists() else 1\nruns.write_text('x' * count)\n"
        "status = {'token': f'token-{count}', 'expirationTimestamp': '2026-01-01T00:0%d:00Z' % count}\n"
        "print(json.dumps({'apiVersion': 'v1', 'kind': 'ExecCredential', 'status': status}))\n"
    )
    (path := tmp_path / "login").write_text(script)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    now = 1767225600.0  # 2026-01-01T00:00:00Z
    context = context_for(tmp_path, server.url, user={"exec": {"apiVersion": "v1", "command": str(path)}})
    transport = Transport(context, clock=lambda: now)
    server.on(LIST, {})

    await transport.json("GET", PATH)
    await transport.json("GET", PATH)
    now += 55
    await transport.json("GET", PATH)

    tokens = [each.headers["Authorization"] for each in server.requests(LIST)]
    assert tokens == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]
    await transport.close()


async def test_every_impersonated_group_is_sent(server: ApiServer, tmp_path: Path) -> None:
    groups: list[str] = []

    async def handle(request: Any) -> Any:
        groups.extend(request.headers.getall("Impersonate-Group"))
        return await stream(b"{}")(request)

    server.on(LIST, handle)
    transport = Transport(context_for(tmp_path, server.url, user={"as": "me", "as-groups": ["a", "b"]}))

    await transport.json("GET", PATH)

    assert groups == ["a", "b"]
    await transport.close()


async def test_a_password_for_the_host_in_netrc_does_not_get_in_the_way(
    server: ApiServer, transport: Transport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server.on(LIST, {})

    await transport.json("GET", PATH)

    assert server.asked[0].headers["Authorization"] == "Bearer t"


# Read-only


async def test_a_read_only_client_lets_no_write_out(server: ApiServer, tmp_path: Path) -> None:
    transport = Transport(context_for(tmp_path, server.url), read_only=True)

    for method in ("POST", "PUT", "PATCH", "DELETE"):
        error = await failure(transport, method, PATH, body={}, query={"dryRun": ""})
        assert isinstance(error, ReadOnlyError)

    assert server.asked == []
    await transport.close()


async def test_a_read_only_client_still_asks(server: ApiServer, tmp_path: Path) -> None:
    cluster = KubernetesCluster(context_for(tmp_path, server.url), read_only=True)
    server.on("POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"status": {"allowed": True}})
    server.on("POST /apis/authentication.k8s.io/v1/selfsubjectreviews", {"status": {"userInfo": {"username": "ann"}}})
    server.on("PATCH /apis/apps/v1/namespaces/aurora/deployments/a", item("a"))

    permission = await cluster.may("patch", DEPLOYMENTS, "aurora")
    user = await cluster.user()
    await cluster.patch(DEPLOYMENTS, "aurora", "a", {}, content_type=MERGE_PATCH, dry_run=True)
    with pytest.raises(ReadOnlyError):
        await cluster.patch(DEPLOYMENTS, "aurora", "a", {}, content_type=MERGE_PATCH)

    assert permission.allowed
    assert user == "ann"
    assert [each.query.get("dryRun") for each in server.asked if each.verb == "PATCH"] == ["All"]
    await cluster.close()


@pytest.mark.parametrize(
    ("status", "matter"),
    [
        ({"resourceRules": [{"verbs": ["get", "list"], "resources": ["pods"]}]}, False),
        ({"resourceRules": [{"verbs": ["get"], "resources": ["configmaps"], "resourceNames": ["kubeadm"]}]}, False),
        ({"resourceRules": [{"verbs": ["get", "patch"], "resourceNames": ["web"]}]}, True),
        ({"resourceRules": [{"verbs": ["*"], "resourceNames": ["web"]}]}, True),
        ({"resourceRules": [], "incomplete": True, "evaluationError": "webhook authorizer"}, True),
        ({}, False),
    ],
)
async def test_whether_names_matter_is_read_from_the_rules_of_the_namespace(
    server: ApiServer, tmp_path: Path, status: dict[str, object], matter: bool
) -> None:
    cluster = KubernetesCluster(context_for(tmp_path, server.url))
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    server.on(f"POST {path}", {"status": status})

    assert await cluster.names_matter("aurora") is matter
    await cluster.names_matter("")

    asked = [json.loads(request.body)["spec"]["namespace"] for request in server.requests(f"POST {path}")]
    assert asked == ["aurora", "default"]
    await cluster.close()


# The client on top


async def test_a_server_without_self_reviews_leaves_the_kubeconfigs_user_name(
    server: ApiServer, tmp_path: Path
) -> None:
    cluster = KubernetesCluster(context_for(tmp_path, server.url, user={"token": "t"}))

    assert await cluster.user() == "it"
    await cluster.close()


async def test_a_list_follows_its_pages(server: ApiServer, tmp_path: Path) -> None:
    cluster = KubernetesCluster(context_for(tmp_path, server.url))
    server.on(LIST, listing(item("a"), token="more"), {"items": [item("b")]})

    found = await cluster.list(PODS, None, labels="app=x y")

    assert [each["metadata"]["name"] for each in found] == ["a", "b"]
    assert [each.query.get("continue") for each in server.asked] == [None, "more"]
    assert server.asked[1].query["labelSelector"] == "app=x y"
    await cluster.close()


@pytest.mark.parametrize("name", ["..", "a/b", "a%2fb", "."])
async def test_a_name_cannot_lead_to_another_object(server: ApiServer, tmp_path: Path, name: str) -> None:
    cluster = KubernetesCluster(context_for(tmp_path, server.url))

    with pytest.raises(NotFoundError, match="not a name"):
        await cluster.get(NODES, None, name)

    assert server.asked == []
    await cluster.close()


async def test_a_name_stays_in_its_place_in_the_path(server: ApiServer, tmp_path: Path) -> None:
    cluster = KubernetesCluster(context_for(tmp_path, server.url))

    with pytest.raises(NotFoundError):
        await cluster.get(NODES, None, "a?watch=true&b#c")

    assert server.asked[0].path == "/api/v1/nodes/a?watch=true&b#c"
    assert server.asked[0].query == {}
    await cluster.close()


async def test_a_followed_log_that_falls_silent_just_ends(
    server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aurora_tui.cluster.kubernetes._LOG_SILENCE", 0.05)
    cluster = KubernetesCluster(context_for(tmp_path, server.url))
    path = "GET /api/v1/namespaces/aurora/pods/a/log"
    server.on(path, stream(b"one\ntw", until=asyncio.Event()), silent(asyncio.Event()))
    request = LogRequest("aurora", "a", "main", follow=True)

    assert [line async for line in cluster.logs(request)] == [b"one"]
    assert [line async for line in cluster.logs(request)] == []
    await cluster.close()


async def test_the_service_proxy_is_reached_with_the_operators_credentials(server: ApiServer, tmp_path: Path) -> None:
    cluster = KubernetesCluster(context_for(tmp_path, server.url, user={"token": "t"}))

    access = await cluster.http_access("svc/monitoring/prometheus:web")

    assert access is not None
    assert access.url == f"{server.url}/api/v1/namespaces/monitoring/services/prometheus:web/proxy"
    assert access.headers == {"Authorization": "Bearer t"}
    assert "Bearer t" not in repr(access)
    await cluster.close()


# TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> certificates.Authority:
    return certificates.make(tmp_path_factory.mktemp("pki"), "IP:127.0.0.1,DNS:api.example.org")


@pytest.fixture
async def tls_server(authority: certificates.Authority) -> AsyncIterator[ApiServer]:
    async with running(authority.server()) as server:
        server.on(LIST, {"kind": "PodList"})
        yield server


async def reach(folder: Path, url: str, **cluster: Any) -> dict[str, Any]:
    transport = Transport(context_for(folder, url, **cluster))
    try:
        return await transport.json("GET", PATH)
    finally:
        await transport.close()


def test_the_authority_of_these_tests_is_one_that_strict_checks_refuse(authority: certificates.Authority) -> None:
    context = ssl.create_default_context(cafile=authority.ca)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    server, client = authority.server(), context
    a, b = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(a, b, server_hostname="api.example.org")
    theirs = server.wrap_bio(b, a, server_side=True)

    with pytest.raises(ssl.SSLCertVerificationError):
        for _ in range(4):
            for side in (ours, theirs):
                try:
                    side.do_handshake()
                except ssl.SSLWantReadError:
                    continue


async def test_an_authority_without_modern_extensions_is_accepted(
    tls_server: ApiServer, authority: certificates.Authority, tmp_path: Path
) -> None:
    assert await reach(tmp_path, tls_server.url, certificate_authority=str(authority.ca)) == {"kind": "PodList"}


async def test_an_unknown_authority_is_refused_with_what_to_check(tls_server: ApiServer, tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match=r"certificate is not trusted \(.*check certificate-authority"):
        await reach(tmp_path, tls_server.url)


async def test_checks_can_be_switched_off(tls_server: ApiServer, tmp_path: Path) -> None:
    assert await reach(tmp_path, tls_server.url, insecure_skip_tls_verify=True) == {"kind": "PodList"}


async def test_another_name_can_be_expected_of_the_server(
    tls_server: ApiServer, authority: certificates.Authority, tmp_path: Path
) -> None:
    known = {"certificate_authority": str(authority.ca)}

    assert await reach(tmp_path, tls_server.url, tls_server_name="api.example.org", **known) == {"kind": "PodList"}
    with pytest.raises(UnreachableError, match="not trusted"):
        await reach(tmp_path, tls_server.url, tls_server_name="other.example.org", **known)


async def test_renewed_certificates_leave_no_client_behind_but_the_streams_that_it_still_serves(
    tls_server: ApiServer, authority: certificates.Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest = rest_module()
    made: list[Any] = []

    class Noted(rest.RESTClientObject):  # type: ignore[misc, name-defined]
        def __init__(self, configuration: Any) -> None:
            super().__init__(configuration)
            made.append(self)

    def still_open() -> list[int]:
        return [number for number, client in enumerate(made) if client.pool_manager and not client.pool_manager.closed]

    monkeypatch.setattr(rest, "RESTClientObject", Noted)
    monkeypatch.setattr(login, "RENEWAL_SECONDS", 0.0)
    ended = asyncio.Event()
    tls_server.on("GET /stream", stream(b"{", until=ended))
    tls_server.on(LIST, refused(401, "Unauthorized"))
    user = {"client-certificate": str(authority.certificate), "client-key": str(authority.key)}
    where = context_for(tmp_path, tls_server.url, user=user, certificate_authority=str(authority.ca))
    transport = Transport(where)

    async def hold() -> bytes:
        async with transport.open("GET", "/stream", silence=60) as response:
            return await response.read()

    holding = asyncio.create_task(hold())
    await tls_server.until_asked("GET /stream")
    for _ in range(4):
        assert isinstance(await failure(transport), UnauthorizedError)

    assert len(made) == 5
    assert still_open() == [0, 4]  # the one with the stream, and the newest
    ended.set()
    assert await holding == b"{"
    assert still_open() == [4]
    await transport.close()
    assert still_open() == []


async def test_tls_towards_a_plain_server_is_said(server: ApiServer, tmp_path: Path) -> None:
    with pytest.raises(UnreachableError):
        await reach(tmp_path, server.url.replace("http:", "https:"), insecure_skip_tls_verify=True)


async def test_an_unusable_certificate_is_a_config_error(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")

    with pytest.raises(ConfigError, match="certificates cannot be used"):
        await reach(tmp_path, "https://127.0.0.1:1", certificate_authority="ca.pem")


async def test_a_proxy_of_the_kubeconfig_carries_the_requests(server: ApiServer, tmp_path: Path) -> None:
    server.on("GET /api/v1/pods", {"via": "proxy"})

    assert await reach(tmp_path, "http://cluster.invalid", proxy_url=server.url) == {"via": "proxy"}
    assert server.asked[0].headers["Host"] == "cluster.invalid"


async def test_a_proxy_that_refuses_the_way_means_that_nothing_was_sent(server: ApiServer, tmp_path: Path) -> None:
    transport = Transport(context_for(tmp_path, "https://cluster.invalid", proxy_url=server.url))

    error = await failure(transport, "PATCH", PATH, body={}, content_type=MERGE_PATCH)

    assert isinstance(error, UnreachableError)
    await transport.close()
