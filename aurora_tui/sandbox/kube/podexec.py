"""The pods' exec subresource: a websocket whose channels are a simulated container's terminal."""

from __future__ import annotations

import asyncio
import json

import msgspec
from aiohttp import WSMsgType, web

from aurora_tui.sandbox.kube.kinds import Json
from aurora_tui.sandbox.kube.listing import flag
from aurora_tui.sandbox.kube.podlogs import container_name, current_run
from aurora_tui.sandbox.kube.statuses import ApiError, bad_request
from aurora_tui.sandbox.kube.tinyshell import PROMPT, TinyShell

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
_SHELLS = (["sh"], ["bash"], ["/bin/sh"], ["/bin/bash"])


async def exec_in(request: web.Request, pod: Json, closed: asyncio.Event) -> web.StreamResponse:
    """Run what the query asks for until it ends, the client leaves, or `closed` is set.

    Raises ApiError before the websocket is opened; afterwards a failure is a Status on the error channel.
    """
    container = container_name(pod, request.query.get("container", ""))
    phase = pod.get("status", {}).get("phase")
    if phase in ("Succeeded", "Failed"):
        raise bad_request(f"cannot exec into a container in a completed pod; current phase is {phase}")
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise bad_request("Upgrade request required")
    socket = web.WebSocketResponse(protocols=PROTOCOLS, heartbeat=30.0)
    await socket.prepare(request)
    ended = asyncio.create_task(closed.wait())
    work = asyncio.create_task(_serve(socket, request, pod, container))
    await asyncio.wait((ended, work), return_when=asyncio.FIRST_COMPLETED)
    ended.cancel()
    work.cancel()
    await asyncio.gather(ended, work, return_exceptions=True)
    await socket.close()
    return socket


async def _serve(socket: web.WebSocketResponse, request: web.Request, pod: Json, container: str) -> None:
    command, tty = request.query.getall("command", []), flag(request.query, "tty")
    try:
        run = current_run(pod, container)
        if run.ended is not None:
            raise bad_request(f'container "{container}" has ended')
    except ApiError:
        status = _failure(f'unable to upgrade connection: container not found ("{container}")')
        await _say(socket, ERROR, status)
        return
    shell = TinyShell(pod["metadata"]["name"], _env(pod, container), [container])
    if tty and _is_shell(command):
        await _interact(socket, shell)
    else:
        try:
            printed = shell.run(command)
        except LookupError:
            why = f'exec: "{command[0]}": executable file not found in $PATH'
            status = _failure(
                f"error executing command in container: failed to exec in container: OCI runtime exec failed: {why}"
            )
            await _say(socket, ERROR, status)
            return
        await _say(socket, STDOUT, printed.replace("\n", "\r\n" if tty else "\n").encode())
    await _say(socket, ERROR, _status(shell.code or 0))


def _is_shell(command: list[str]) -> bool:
    """A shell without a command, or one that only looks for a better one."""
    return command[:1] in _SHELLS and (len(command) == 1 or "exec sh" in command[-1])


async def _interact(socket: web.WebSocketResponse, shell: TinyShell) -> None:
    await _say(socket, STDOUT, PROMPT.encode())
    async for message in socket:
        if message.type is not WSMsgType.BINARY or not message.data:
            continue
        channel, data = message.data[0], message.data[1:]
        if channel == STDIN:
            await _say(socket, STDOUT, shell.feed(data))
        elif channel == RESIZE:
            size = json.loads(data)
            shell.columns, shell.lines = size["Width"], size["Height"]
        if shell.code is not None or (channel == CLOSE and data == bytes([STDIN])):
            return


async def _say(socket: web.WebSocketResponse, channel: int, data: bytes) -> None:
    if data:
        await socket.send_bytes(bytes([channel]) + data)


def _env(pod: Json, container: str) -> dict[str, str]:
    """What the pod itself gives its container; values from elsewhere are left out, Secrets among them."""
    every = pod["spec"]["containers"]
    spec = next((each for each in every if each["name"] == container), every[0])
    return {each["name"]: each["value"] for each in spec.get("env") or () if "value" in each}


def _status(code: int) -> bytes:
    if code == 0:
        return msgspec.json.encode({"metadata": {}, "status": "Success"})
    return msgspec.json.encode(
        {
            "metadata": {},
            "status": "Failure",
            "message": f"command terminated with non-zero exit code: exit status {code}",
            "reason": "NonZeroExitCode",
            "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
        }
    )


def _failure(message: str) -> bytes:
    told = {"metadata": {}, "status": "Failure", "message": f"Internal error occurred: {message}"}
    return msgspec.json.encode({**told, "reason": "InternalError", "code": 500})
