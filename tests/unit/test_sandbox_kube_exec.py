"""A shell in a simulated container, spoken to as the API server is: a websocket of channels."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSServerHandshakeError
from yarl import URL

from aurora_tui.sandbox.kube.tinyshell import TinyShell
from tests.unit.kubesandbox import AURORA, Kube, serving

POD = f"{AURORA}/pods/aurora-postgres-0"
V4, V5 = "v4.channel.k8s.io", "v5.channel.k8s.io"
SHELL = "command=sh&stdin=true&stdout=true&tty=true"


@pytest.fixture
async def kube() -> AsyncIterator[Kube]:
    async with serving() as kube:
        yield kube


@asynccontextmanager
async def opened(kube: Kube, query: str, protocol: str = V5) -> AsyncIterator[ClientWebSocketResponse[Any]]:
    url = URL(f"{kube.sandbox.url}{POD}/exec?{query}", encoded=True)
    async with kube.session.ws_connect(url, protocols=[protocol]) as socket:
        assert socket.protocol == protocol
        yield socket


async def rest(socket: ClientWebSocketResponse[Any]) -> tuple[str, Any]:
    """All that is printed until the end, and the Status."""
    printed, status = b"", None
    async for message in socket:
        if message.data[:1] == b"\x01":
            printed += message.data[1:]
        else:
            assert message.data[:1] == b"\x03"
            status = json.loads(message.data[1:])
    return printed.decode(), status


@pytest.mark.parametrize("protocol", [V4, V5])
async def test_what_is_typed_is_echoed_and_carried_out_and_the_exit_status_told(kube: Kube, protocol: str) -> None:
    async with opened(kube, SHELL, protocol) as socket:
        await socket.send_bytes(b"\x04" + json.dumps({"Width": 132, "Height": 43}).encode())
        await socket.send_bytes(b"\x00hostname\rstty size\r")
        await socket.send_bytes(b"\x00exit 3\r")
        printed, status = await rest(socket)

    assert printed == "/ $ hostname\r\naurora-postgres-0\r\n/ $ stty size\r\n43 132\r\n/ $ exit 3\r\n"
    assert (status["status"], status["reason"]) == ("Failure", "NonZeroExitCode")
    assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "3"}]


async def test_one_command_ends_by_itself_without_a_terminal(kube: Kube) -> None:
    async with opened(kube, "command=hostname&stdout=true&stderr=true") as socket:
        assert await rest(socket) == ("aurora-postgres-0\n", {"metadata": {}, "status": "Success"})


async def test_a_program_that_the_image_lacks_is_the_runtimes_complaint(kube: Kube) -> None:
    async with opened(kube, "command=nosuch&stdout=true") as socket:
        printed, status = await rest(socket)

    assert (printed, status["reason"]) == ("", "InternalError")
    assert 'exec: "nosuch": executable file not found in $PATH' in status["message"]


async def test_the_end_of_the_input_ends_the_shell(kube: Kube) -> None:
    async with opened(kube, SHELL) as socket:
        await socket.send_bytes(bytes([255, 0]))
        _, status = await rest(socket)

    assert status["status"] == "Success"


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        (f"{POD}/exec?{SHELL}&container=nosuch", 400, "container nosuch is not valid for pod aurora-postgres-0"),
        (f"{AURORA}/pods/nosuch/exec?{SHELL}", 404, 'pods "nosuch" not found'),
        (f"{POD}/exec?{SHELL}", 400, "Upgrade request required"),
    ],
)
async def test_what_cannot_be_opened_is_refused_before_the_handshake(
    kube: Kube, path: str, code: int, words: str
) -> None:
    found, body = await kube.get(path)

    assert (found, body["message"]) == (code, words)
    if code == 404:
        with pytest.raises(WSServerHandshakeError):
            await kube.session.ws_connect(URL(kube.sandbox.url + path, encoded=True))


async def test_a_completed_pod_has_no_shell(kube: Kube) -> None:
    (pod, *_) = await kube.pods("aurora-backup")

    code, body = await kube.get(f"{AURORA}/pods/{pod['metadata']['name']}/exec?{SHELL}")

    assert code == 400
    assert body["message"] == "cannot exec into a container in a completed pod; current phase is Succeeded"


async def test_a_stack_that_stops_ends_its_shells() -> None:
    async with serving() as kube, opened(kube, SHELL) as socket:
        assert await socket.receive_bytes() == b"\x01/ $ "
        await kube.sandbox.stop()
        assert (await rest(socket))[1] is None


@pytest.mark.parametrize(
    ("typed", "printed", "code"),
    [
        (b"echo 'a b' $HOME $?\r", "echo 'a b' $HOME $?\r\na b / 0\r\n/ $ ", None),
        (b"nosuch\rexit\r", "nosuch\r\nsh: nosuch: not found\r\n/ $ exit\r\n", 127),
        (b"hosx\x7ft\x03\x04", "hosx\b \bt^C\r\n/ $ \r\n", 130),
        (b"false\r\x04", "false\r\n/ $ \r\n", 1),
        (b"echo 'half\rexit 300\r", None, 44),
        (b"exit now\r", None, 2),
        (b"\x1b[A\r", None, None),
    ],
)
def test_the_shell_knows_little_and_says_so(typed: bytes, printed: str | None, code: int | None) -> None:
    shell = TinyShell("web-0", {}, ["web"])
    found = shell.feed(typed).decode()

    assert printed is None or found == printed
    assert shell.code == code


def test_values_of_secrets_are_in_no_environment() -> None:
    shell = TinyShell("web-0", {"PORT": "80"}, ["web"])

    assert "PORT=80" in shell.run(["env"])
    assert shell.code == 0


async def test_who_may_look_at_pods_may_not_open_a_shell_in_one(kube: Kube) -> None:
    users = json.loads(kube.sandbox.kubeconfig())["users"]
    (token,) = [each["user"]["token"] for each in users if "viewer" in each["name"]]

    code, body = await kube.get(f"{POD}/exec?{SHELL}", Authorization=f"Bearer {token}")

    assert code == 403
    assert 'cannot create resource "pods/exec"' in body["message"]
