"""Asking a server over HTTP: one connection pool, the failures in words, and no answer of any size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aurora_tui.heavy import IMPORTS
from aurora_tui.model.access import HttpAccess
from aurora_tui.signals.errors import SignalError, Trouble, plain
from aurora_tui.signals.threads import in_thread
from aurora_tui.signals.tls import ssl_context

if TYPE_CHECKING:
    import aiohttp

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
_TOTAL_SECONDS = 20.0
MOST_BYTES = 64 * 2**20
"""An answer beyond this is not read: it would take the memory of the console, and nobody reads it."""


class HttpConnection:
    """Requests to one server; each raises SignalError unless an answer came, whatever it is.

    One that changes something (not GET) and may have arrived, but whose answer is lost, says so with Trouble.LOST.
    """

    def __init__(self, access: HttpAccess) -> None:
        self.access = access
        self._session: aiohttp.ClientSession | None = None

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """The status and the body of an answer."""
        return await self.send("GET", path, query)

    async def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> tuple[int, bytes]:
        """The same of any request; `body` is sent as JSON."""
        server, writes = self.access.shown, method != "GET"
        aiohttp = await in_thread(_library)
        try:
            session = await self._connected(aiohttp)
            url = f"{self.access.url.rstrip('/')}{path}"
            async with session.request(method, url, params=query, json=body) as response:
                return response.status, await _body(response, server)
        except aiohttp.ClientSSLError as error:
            told = isinstance(error, aiohttp.ClientConnectorCertificateError)
            cause = error.certificate_error if told else error.os_error
            raise SignalError(Trouble.UNREACHABLE, f"no TLS with {server} ({plain(cause)})") from error
        except aiohttp.ClientConnectorError as error:
            reason = f"{server} can't be reached ({plain(error.os_error)})"
            raise SignalError(Trouble.UNREACHABLE, reason) from error
        except TimeoutError as error:
            sent = writes and not isinstance(error, aiohttp.ConnectionTimeoutError)
            raise SignalError(Trouble.LOST if sent else Trouble.SLOW, f"{server} did not answer in time") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            trouble = Trouble.LOST if writes and not isinstance(error, ValueError) else Trouble.UNREACHABLE
            raise SignalError(trouble, f"{server}: {plain(error)}") from error

    async def close(self) -> None:
        """Let go of the connections; it may be used again."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _connected(self, aiohttp: Any) -> aiohttp.ClientSession:
        if self._session is None:
            # Reading the system's authorities takes longer than the event loop may stand still.
            secure = self.access.url.startswith("https:")
            tls = await in_thread(lambda: ssl_context(self.access)) if secure else True
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=tls),
                headers=self.access.headers,
                timeout=aiohttp.ClientTimeout(
                    total=_TOTAL_SECONDS, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS
                ),
                trust_env=not self.access.loopback,
            )
        return self._session


async def _body(response: aiohttp.ClientResponse, server: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_chunked(2**18):
        size += len(part)
        if size > MOST_BYTES:
            words = f"{server} answered with more than {MOST_BYTES // 2**20} MiB: ask for less"
            raise SignalError(Trouble.QUERY, words)
        parts.append(part)
    return b"".join(parts)


def _library() -> Any:
    """aiohttp, imported in a thread: it takes longer than the event loop may stand still."""
    with IMPORTS:
        import aiohttp

    return aiohttp
