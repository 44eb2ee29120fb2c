"""Serves exec as a kubelet does: the API server's SPDY streams are a real process's, with a terminal or without.

The process runs on this machine as whoever runs the tests, so only the API server is let in: by its certificate.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from tests.live.api import Object
from tests.live.kubelet_logs import Lookup
from tests.live.spdy import Connection, Stream
from tests.terminal import set_size

PROTOCOL = "v4.channel.k8s.io"
HEAD_BYTES = 64 * 1024
PIECE = 32 * 1024


@dataclass(frozen=True)
class Wanted:
    """What a request asks for: ``POST /exec/NAMESPACE/POD/CONTAINER?command=…&input=1&output=1&error=1&tty=1``."""

    namespace: str
    pod: str
    container: str
    command: Sequence[str]
    tty: bool
    streams: frozenset[str]


class Front:
    """The kubelet's port: exec is answered here, all else by the web server behind it."""

    def __init__(self, lookup: Lookup, behind: int) -> None:
        self._lookup = lookup
        self._behind = behind

    async def listen(self, port: int, tls: ssl.SSLContext) -> asyncio.Server:
        return await asyncio.start_server(self._answer, "127.0.0.1", port, ssl=tls, limit=HEAD_BYTES)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"POST /exec/"):
                await self._exec(head, reader, writer)
            else:
                await self._pass_on(head, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _pass_on(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, asks = await asyncio.open_connection("127.0.0.1", self._behind)
        asks.write(head)
        ways = {asyncio.create_task(_copy(reader, asks)), asyncio.create_task(_copy(answers, writer))}
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            asks.transport.abort()

    async def _exec(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wanted = _read(head)
        pod = self._lookup(wanted.namespace, wanted.pod)
        if writer.get_extra_info("peercert") in (None, {}):
            writer.write(_refusal(401, "Unauthorized"))
        elif pod is None:
            writer.write(_refusal(404, "pod does not exist"))
        elif not _runs(pod, wanted.container):
            writer.write(_refusal(404, f'container not found ("{wanted.container}")'))
        else:
            writer.write(
                b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
                b"X-Stream-Protocol-Version: " + PROTOCOL.encode() + b"\r\n\r\n"
            )
            connection = Connection(reader, writer)
            serving = asyncio.create_task(connection.serve())
            running = asyncio.create_task(_run(connection, wanted))
            await asyncio.wait({serving, running}, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await serving  # the API server leaves when it has heard the end
        await writer.drain()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(PIECE):
        writer.write(data)
        await writer.drain()


def _read(head: bytes) -> Wanted:
    split = urlsplit(head.split(b" ", 2)[1].decode())
    _, _, namespace, pod, *rest = split.path.split("/")
    query = parse_qs(split.query)
    streams = {name for name in ("input", "output", "error") if query.get(name, ["0"])[0] in ("1", "true")}
    tty = query.get("tty", ["0"])[0] in ("1", "true")
    return Wanted(namespace, pod, rest[-1], query.get("command", []), tty, frozenset(streams))


def _refusal(code: int, words: str) -> bytes:
    body = words.encode()
    return f"HTTP/1.1 {code} {words}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _runs(pod: Object, container: str) -> bool:
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    return any(each["name"] == container and "running" in each.get("state", {}) for each in statuses)


async def _run(connection: Connection, wanted: Wanted) -> None:
    names = {"input": "stdin", "output": "stdout", "error": "stderr"}
    expected = {"error", *(names[each] for each in wanted.streams), *(("resize",) if wanted.tty else ())}
    if wanted.tty:
        expected.discard("stderr")
    streams: dict[str, Stream] = {}
    while streams.keys() < expected:
        stream = await connection.opened.get()
        streams[stream.headers["streamtype"]] = stream
    env = {"PATH": os.environ["PATH"], "HOSTNAME": wanted.pod, "TERM": "xterm", "CONTAINER": wanted.container}
    try:
        code = await (_on_a_terminal if wanted.tty else _on_pipes)(streams, wanted.command, env)
        status = _status(code)
    except FileNotFoundError:
        why = f'exec: "{wanted.command[0]}": executable file not found in $PATH: unknown'
        words = f"failed to exec in container: OCI runtime exec failed: unable to start container process: {why}"
        status = {
            "status": "Failure",
            "reason": "InternalError",
            "code": 500,
            "message": f"Internal error occurred: error executing command in container: {words}",
        }
    for name in ("stdout", "stderr"):
        if name in streams:
            await streams[name].send(b"", last=True)
    await streams["error"].send(json.dumps({"metadata": {}, **status}).encode(), last=True)


def _status(code: int) -> Object:
    if code == 0:
        return {"status": "Success"}
    message = f"command terminated with non-zero exit code: exit status {code}"
    causes = [{"reason": "ExitCode", "message": str(code)}]
    return {"status": "Failure", "reason": "NonZeroExitCode", "message": message, "details": {"causes": causes}}


def _become_a_terminals() -> None:
    """In the new process: the terminal is its own, and signals mean what they mean in a fresh container."""
    os.login_tty(0)
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


async def _on_a_terminal(streams: Mapping[str, Stream], command: Sequence[str], env: Mapping[str, str]) -> int:
    outside, inside = os.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=inside, stdout=inside, stderr=inside, env=env, cwd="/", preexec_fn=_become_a_terminals
        )
    finally:
        os.close(inside)
    loop = asyncio.get_running_loop()
    os.set_blocking(outside, False)
    printed: asyncio.Queue[bytes] = asyncio.Queue()

    def read() -> None:
        try:
            piece = os.read(outside, PIECE)
        except OSError:  # EIO: nobody has the terminal open any longer
            piece = b""
        printed.put_nowait(piece)
        if not piece:
            loop.remove_reader(outside)

    async def type_in() -> None:
        while data := await streams["stdin"].received.get():
            os.write(outside, data)
        process.kill()

    async def resize() -> None:
        while data := await streams["resize"].received.get():
            size = json.loads(data)
            set_size(outside, size["Width"], size["Height"])

    loop.add_reader(outside, read)
    helpers = [asyncio.create_task(type_in()), asyncio.create_task(resize())]
    try:
        while piece := await printed.get():
            await streams["stdout"].send(piece)
        return _exit_code(await process.wait())
    finally:
        for helper in helpers:
            helper.cancel()
        loop.remove_reader(outside)
        os.close(outside)
        if process.returncode is None:
            process.kill()


async def _on_pipes(streams: Mapping[str, Stream], command: Sequence[str], env: Mapping[str, str]) -> int:
    pipe, none = subprocess.PIPE, subprocess.DEVNULL
    given = pipe if "stdin" in streams else none
    process = await asyncio.create_subprocess_exec(*command, stdin=given, stdout=pipe, stderr=pipe, env=env, cwd="/")

    async def tell(source: asyncio.StreamReader | None, name: str) -> None:
        while source is not None and (data := await source.read(PIECE)):
            if name in streams:
                await streams[name].send(data)

    async def type_in() -> None:
        while process.stdin is not None and (data := await streams["stdin"].received.get()):
            process.stdin.write(data)
            await process.stdin.drain()
        if process.stdin is not None:
            process.stdin.close()

    typing = asyncio.create_task(type_in())
    try:
        await asyncio.gather(tell(process.stdout, "stdout"), tell(process.stderr, "stderr"))
        return _exit_code(await process.wait())
    finally:
        typing.cancel()
        if process.returncode is None:
            process.kill()


def _exit_code(returned: int) -> int:
    return returned if returned >= 0 else 128 - returned
