"""A process in a container, over the websocket that the API server opens for it, and over those that it does not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from aurora_tui.cluster.errors import (
    AnswerLostError,
    ClusterError,
    ForbiddenError,
    NotFoundError,
    ReadOnlyError,
    UnauthorizedError,
    UnreachableError,
)
from aurora_tui.cluster.kubernetes import KubernetesCluster
from aurora_tui.cluster.remoteterminal import PROTOCOLS, read_status
from aurora_tui.model.terminals import ERR, OUT, Ended, Output
from tests.unit.apiserver import ApiServer, Handler, context_for, hung_up, refused

PATH = "/api/v1/namespaces/aurora/pods/web-0/exec"
LINE = f"GET {PATH}"
SUCCESS = b'{"status": "Success"}'


def exit_status(code: int) -> bytes:
    causes = {"causes": [{"reason": "ExitCode", "message": str(code)}]}
    return json.dumps({"status": "Failure", "reason": "NonZeroExitCode", "details": causes}).encode()


def shell(talk: Callable[[web.WebSocketResponse], Awaitable[None]], protocols: Sequence[str] = PROTOCOLS) -> Handler:
    """A handshake that succeeds, and what the server then does."""

    async def handle(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=protocols)
        await socket.prepare(request)
        await talk(socket)
        await socket.close()
        return socket

    return handle


def says(*messages: bytes, protocols: Sequence[str] = PROTOCOLS) -> Handler:
    async def talk(socket: web.WebSocketResponse) -> None:
        for message in messages:
            await socket.send_bytes(message)

    return shell(talk, protocols)


async def run(cluster: KubernetesCluster, *, tty: bool = True) -> tuple[list[Output], Ended]:
    """Look on until it has ended."""
    async with cluster.exec("aurora", "web-0", container="web", command=["ls", "-l /"], tty=tty) as remote:
        pieces = [piece async for piece in remote.output()]
        return pieces, remote.ended


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_output_comes_by_stream_and_the_status_at_the_end(
    server: ApiServer, cluster: KubernetesCluster, protocol: str
) -> None:
    server.on(LINE, says(b"\x01", b"\x01one", b"\x02two", b"\x03" + SUCCESS, protocols=[protocol]))

    assert await run(cluster, tty=False) == ([Output(OUT, b"one"), Output(ERR, b"two")], Ended(0))
    (asked,) = server.requests(LINE)
    assert asked.headers["Authorization"] == "Bearer t"
    assert asked.headers["Sec-WebSocket-Protocol"] == ",".join(PROTOCOLS)


async def test_each_word_of_the_command_is_its_own_and_a_terminal_has_no_stderr(
    server: ApiServer, cluster: KubernetesCluster
) -> None:
    queries: list[Any] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        queries.append(list(request.query.items()))
        return await says(b"\x03" + SUCCESS)(request)

    server.on(LINE, handle)
    for tty in (True, False):
        await run(cluster, tty=tty)

    words = [("container", "web"), ("stdout", "true"), ("command", "ls"), ("command", "-l /")]
    assert queries == [[*words, ("stdin", "true"), ("tty", "true")], [*words, ("stderr", "true")]]


async def test_what_is_typed_and_the_windows_size_go_to_their_channels(
    server: ApiServer, cluster: KubernetesCluster
) -> None:
    heard: list[bytes] = []

    async def talk(socket: web.WebSocketResponse) -> None:
        while b"".join(heard)[-1:] != b"\r":
            heard.append(await socket.receive_bytes())
        await socket.send_bytes(b"\x03" + exit_status(3))

    server.on(LINE, shell(talk))
    async with cluster.exec("aurora", "web-0", container="web", command=["sh"], tty=True) as remote:
        await remote.resize(132, 43)
        await remote.send(b"x" * 40_000 + b"\r")
        assert [piece async for piece in remote.output()] == []
        assert remote.ended == Ended(3)

    assert heard[0][:1] == b"\x04"
    assert json.loads(heard[0][1:]) == {"Width": 132, "Height": 43}
    assert {piece[:1] for piece in heard[1:]} == {b"\x00"}
    assert b"".join(piece[1:] for piece in heard[1:]) == b"x" * 40_000 + b"\r"
    assert max(map(len, heard)) <= 32 * 1024 + 1


@pytest.mark.parametrize(
    ("raw", "ended"),
    [
        (SUCCESS, Ended(0)),
        (exit_status(137), Ended(137)),
        (b'{"status": "Failure", "reason": "InternalError", "message": "no container"}', Ended(None, "no container")),
        (b'{"status": "Failure", "reason": "Timeout"}', Ended(None, "Timeout")),
        (b'{"status": "Failure", "reason": "NonZeroExitCode"}', None),
        (b"[]", None),
        (b"exec failed\n", Ended(None, "exec failed")),
        (b"\xff", None),
        (b" ", Ended(None, "the server does not say why")),
    ],
)
def test_the_end_is_read_from_the_status_and_from_whatever_else_a_server_says(raw: bytes, ended: Ended | None) -> None:
    found = read_status(raw)

    assert found == ended or (ended is None and found.code is None and found.words)
    assert not found.lost


async def test_a_connection_that_ends_without_a_status_is_lost(server: ApiServer, cluster: KubernetesCluster) -> None:
    server.on(LINE, says(b"\x01half a li"))

    pieces, ended = await run(cluster)

    assert pieces == [Output(OUT, b"half a li")]
    assert (ended.code, ended.lost) == (None, True)
    assert ended.words.startswith(f"the connection to {server.url} was lost")


async def test_a_connection_that_is_cut_is_lost_and_takes_no_more(
    server: ApiServer, cluster: KubernetesCluster
) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=PROTOCOLS)
        await socket.prepare(request)
        assert request.transport is not None
        request.transport.abort()
        return socket

    server.on(LINE, handle)
    async with cluster.exec("aurora", "web-0", container="web", command=["sh"], tty=True) as remote:
        assert [piece async for piece in remote.output()] == []
        assert remote.ended.lost
        with pytest.raises(UnreachableError, match="was lost"):
            await remote.send(b"ls\r")


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (refused(403, 'pods "web-0" is forbidden: no exec for you', "Forbidden"), ForbiddenError, "no exec for you"),
        (refused(404, 'pods "web-0" not found', "NotFound"), NotFoundError, 'pods "web-0" not found'),
        (refused(400, "container web is not valid for pod web-0"), ClusterError, "container web is not valid"),
        (refused(500, "error dialing backend: connection refused"), ClusterError, "error dialing backend"),
        (refused(401, "Unauthorized"), UnauthorizedError, "were refused"),
        (says(protocols=[]), ClusterError, "offers none of v5.channel.k8s.io"),
        (hung_up(), AnswerLostError, "was lost"),
    ],
)
async def test_a_handshake_that_fails_says_what_the_server_says(
    server: ApiServer, cluster: KubernetesCluster, answer: Handler, kind: type[ClusterError], words: str
) -> None:
    server.on(LINE, answer)

    with pytest.raises(kind) as caught:
        await run(cluster)

    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_refused_credentials_are_renewed_once(server: ApiServer, cluster: KubernetesCluster) -> None:
    server.on(LINE, refused(401, "Unauthorized"), says(b"\x03" + SUCCESS))

    assert await run(cluster) == ([], Ended(0))
    assert len(server.requests(LINE)) == 2


async def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    cluster = KubernetesCluster(context_for(tmp_path, "http://127.0.0.1:9", user={"token": "t"}))

    with pytest.raises(UnreachableError, match="connection refused"):
        await run(cluster)
    await cluster.close()


async def test_a_read_only_client_asks_for_nothing(server: ApiServer, tmp_path: Path) -> None:
    server.on(LINE, says(b"\x03" + SUCCESS))
    cluster = KubernetesCluster(context_for(tmp_path, server.url, user={"token": "t"}), read_only=True)

    with pytest.raises(ReadOnlyError):
        await run(cluster)

    assert server.asked == []
    await cluster.close()


async def test_leaving_cuts_the_connection(server: ApiServer, cluster: KubernetesCluster) -> None:
    left = asyncio.Event()

    async def talk(socket: web.WebSocketResponse) -> None:
        async for _ in socket:
            pass
        left.set()

    server.on(LINE, shell(talk))
    async with cluster.exec("aurora", "web-0", container="web", command=["sh"], tty=True):
        pass

    async with asyncio.timeout(10):
        await left.wait()
