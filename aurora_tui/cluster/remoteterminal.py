"""A process in a container over a websocket: what is typed, printed and resized, and how it ended.

The subprotocols are ``v5.channel.k8s.io`` and ``v4.channel.k8s.io``: the first byte of each message names its channel
(k8s.io/apimachinery, ``pkg/util/remotecommand``). How it ended is told by a Status on the error channel, before the
close.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from aurora_tui.cluster.answers import answer_lost, error_body, in_words, network_errors, refusal, unreachable
from aurora_tui.cluster.errors import (
    ClusterError,
    ConfigError,
    ReadOnlyError,
    UnauthorizedError,
    UnreachableError,
)
from aurora_tui.cluster.transport import ANSWER_SECONDS, Dial, Transport
from aurora_tui.model.terminals import ERR, OUT, Ended, Output

if TYPE_CHECKING:
    import aiohttp

    Socket = aiohttp.ClientWebSocketResponse[bool]

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
STDIN, ERROR, RESIZE = 0, 3, 4
HEARTBEAT_SECONDS = 30.0
"""A server is asked this often whether it is still there, and given half of it to answer."""
PIECE = 32 * 1024
"""Bytes of input in one message."""
CLOSE_SECONDS = 2.0


class RemoteTerminal:
    """One process; see `protocol.RemoteTerminal`."""

    def __init__(self, socket: Socket, server: str) -> None:
        self._socket = socket
        self._lost = f"the connection to {server} was lost"
        self.ended = Ended(None, self._lost, lost=True)

    async def output(self) -> AsyncIterator[Output]:
        import aiohttp

        async for message in self._socket:
            # A text message is not of this protocol, and an empty one opens a channel.
            if message.type is not aiohttp.WSMsgType.BINARY or len(message.data) < 2:
                continue
            channel, data = message.data[0], message.data[1:]
            if channel in (OUT, ERR):
                yield Output(channel, data)
            elif channel == ERROR:
                self.ended = read_status(data)
        error = self._socket.exception()
        if self.ended.lost and error is not None:
            self.ended = Ended(None, f"{self._lost}: {in_words(error)}", lost=True)

    async def send(self, data: bytes) -> None:
        for start in range(0, len(data), PIECE):
            await self._send(STDIN, data[start : start + PIECE])

    async def resize(self, columns: int, lines: int) -> None:
        await self._send(RESIZE, json.dumps({"Width": columns, "Height": lines}).encode())

    async def _send(self, channel: int, data: bytes) -> None:
        try:
            await self._socket.send_bytes(bytes([channel]) + data)
        except network_errors() as error:
            raise UnreachableError(f"{self._lost}: {in_words(error)}") from error


def read_status(raw: bytes) -> Ended:
    """The end as the Status of the error channel tells it (``NonZeroExitCode`` has the status among its causes)."""
    try:
        status = json.loads(raw)
        if status["status"] == "Success":
            return Ended(0)
        causes = (status.get("details") or {}).get("causes") or ()
        if status.get("reason") == "NonZeroExitCode":
            return Ended(next(int(cause["message"]) for cause in causes if cause["reason"] == "ExitCode"))
        return Ended(None, str(status.get("message") or status.get("reason") or "the server does not say why"))
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
        # A plain line comes from servers that do not speak of a Status.
        return Ended(None, raw.decode("utf-8", "replace").strip() or "the server does not say why")


@asynccontextmanager
async def open_terminal(
    transport: Transport, path: str, *, container: str, command: Sequence[str], tty: bool
) -> AsyncIterator[RemoteTerminal]:
    """Start a command in a container and give its terminal; without `tty` nothing can be typed.

    Raises `ClusterError` where it is not started, `AnswerLostError` where that is not known.
    """
    if transport.read_only:
        raise ReadOnlyError("read-only: no shell is opened; start without --read-only to act")
    query = [("container", container), ("stdout", "true"), *(("command", word) for word in command)]
    # With a terminal both streams are one; the API refuses stderr then.
    query += [("stdin", "true"), ("tty", "true")] if tty else [("stderr", "true")]
    dial = await transport.dial()
    try:
        socket, session = await _connect(dial, path, query)
    except UnauthorizedError:
        if not await transport.renew(dial.configuration):
            raise
        dial = await transport.dial()
        socket, session = await _connect(dial, path, query)
    try:
        yield RemoteTerminal(socket, dial.server)
    finally:
        with suppress(*network_errors()):
            await socket.close()
        await session.close()


async def _connect(dial: Dial, path: str, query: Sequence[tuple[str, str]]) -> tuple[Socket, aiohttp.ClientSession]:
    import aiohttp

    told: list[ClusterError] = []

    async def read_refusal(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        # The handshake's own error leaves out what the server says.
        response = await handler(request)
        if response.status != 101:
            told.append(refusal(response, await error_body(response), dial.context))
        return response

    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=dial.ssl),
        trust_env=True,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=ANSWER_SECONDS),
        middlewares=(read_refusal,),
    )
    options: dict[str, Any] = {"proxy": dial.proxy, "proxy_headers": dial.proxy_headers}
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            socket = await session.ws_connect(
                dial.server + path,
                params=query,
                headers=dial.headers,
                protocols=PROTOCOLS,
                heartbeat=HEARTBEAT_SECONDS,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),
                max_msg_size=0,
                server_hostname=dial.server_name,
                **{name: value for name, value in options.items() if value},
            )
    except BaseException as error:
        await session.close()
        if told:
            raise told[0] from error
        raise _failure(error, dial) from error
    if socket.protocol not in PROTOCOLS:
        await session.close()
        raise ClusterError(f"{dial.server} opens no shell that we know of: it offers none of {', '.join(PROTOCOLS)}")
    return socket, session


def _failure(error: BaseException, dial: Dial) -> BaseException:
    """The error for a connection that did not come about; what is no fault of the network stays what it is."""
    import aiohttp

    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.ClientHttpProxyError):
        return UnreachableError(unreachable(dial.server, error))
    if isinstance(error, aiohttp.WSServerHandshakeError):
        return ClusterError(
            f"{dial.server} opens no shell: {error.message}; does a proxy before it let websockets through?"
        )
    if isinstance(error, network_errors()):
        return answer_lost(dial.server, error)
    if isinstance(error, ValueError):
        return ConfigError(f"context {dial.context.name!r}: the request cannot be made: {error}")
    return error
