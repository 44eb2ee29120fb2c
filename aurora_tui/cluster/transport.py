"""One HTTP request to an API server: credentials, time limits, and errors turned into words."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from aurora_tui.cluster.answers import (
    CONNECT_SECONDS,
    answer_lost,
    error_body,
    network_errors,
    no_answer,
    not_kubernetes,
    refusal,
    unreachable,
)
from aurora_tui.cluster.clients import Clients
from aurora_tui.cluster.errors import (
    ClusterError,
    ConfigError,
    ReadOnlyError,
    ThrottledError,
    UnreachableError,
)
from aurora_tui.cluster.headstart import HeadStart
from aurora_tui.cluster.kubeconfig import Context
from aurora_tui.cluster.login import Login
from aurora_tui.cluster.nearness import Nearness
from aurora_tui.cluster.pulse import PULSE_PATH, Pulse, Stream
from aurora_tui.model.frozen import Frozen, Veiled

if TYPE_CHECKING:
    import ssl

    import aiohttp
    from kubernetes.aio.client.configuration import Configuration
    from kubernetes.aio.client.rest import RESTClientObject
    from multidict import CIMultiDict

ANSWER_SECONDS = 20.0
BUSY_SECONDS = 10.0
"""How long a question waits at most, over all, for a server that is too busy to answer it and says until when."""
_SHORTEST_PAUSE = 0.1
_REVIEWS = ("/apis/authorization.k8s.io/", "/apis/authentication.k8s.io/")
"""Questions that are asked with POST and change nothing."""


class SilenceError(UnreachableError):
    """A stream said nothing for as long as it may: it is quiet, or the connection is dead."""


class Dial(Veiled):
    """What a connection is made with that the official client does not make: a websocket."""

    VEILED = frozenset({"headers", "proxy_headers"})

    context: Context
    configuration: Configuration
    headers: CIMultiDict[str]
    ssl: ssl.SSLContext
    proxy: str | None
    proxy_headers: Any

    @property
    def server(self) -> str:
        return str(self.configuration.host)

    @property
    def server_name(self) -> str | None:
        """The name that its certificate must bear, where it is another than the host's."""
        return self.configuration.tls_server_name or None


class Transport:
    """The connection to one context's API server, shared by everything that asks it something.

    The official asyncio client gives configuration and transport; bodies stay bytes so that the
    caller decodes them once. `read_only` refuses every request that could change the cluster,
    whoever sends it.
    """

    def __init__(
        self,
        context: Context,
        *,
        read_only: bool = False,
        clock: Callable[[], float] = time.time,
        ahead: HeadStart | None = None,
    ) -> None:
        self._nearness = Nearness()
        self.context = context
        self.read_only = read_only
        self._clients = Clients(context)
        self._login = Login(context, self._clients, trace=self._nearness.trace, clock=clock, ahead=ahead)
        self._pulse = Pulse(self._ask, lambda: self.server)
        self._closed = False

    async def connect(self) -> Configuration:
        """Load configuration and credentials, once."""
        return await self._login.connect()

    async def renew(self, refused: Configuration) -> bool:
        """Load the credentials again after some were refused; False where that was done just now."""
        return await self._login.renew(refused)

    async def close(self) -> None:
        self._closed = True
        self._pulse.stop()
        await self._clients.close()

    async def headers(self) -> dict[str, str]:
        """Authorization and impersonation, as sent with each request; never to be shown or logged."""
        return dict(await self._login.headers(await self._login.current()))

    async def dial(self) -> Dial:
        """The same credentials and TLS for a websocket; whoever opens one that can change things asks `read_only`."""
        configuration = await self._login.current()
        headers = await self._login.headers(configuration)
        rest = self._client()
        return Dial(self.context, configuration, headers, rest.ssl_context, rest.proxy, rest.proxy_headers)

    @asynccontextmanager
    async def open(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        silence: float | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request and give the successful response, whose body is still to be read.

        `silence` is how long a stream may say nothing; None bounds the whole answer instead.
        Raises `ClusterError`; a write whose answer is lost raises `AnswerLostError`.
        """
        dry_run = (query or {}).get("dryRun") == "All"
        writes = method != "GET" and not dry_run and not path.startswith(_REVIEWS)
        if writes and self.read_only:
            raise ReadOnlyError("read-only: nothing is sent to the cluster; start without --read-only to act")
        request = _Request(method, path, query or {}, body, content_type, accept, silence, writes)
        configuration = await self._login.current()
        try:
            async with self._answer(configuration, request) as response:
                if response.status != 401 or not await self.renew(configuration):
                    yield await self._good(response)
                    return
            async with self._answer(await self.connect(), request) as response:
                yield await self._good(response)
        except network_errors() as error:
            raise self._lost(error, request) from error

    async def json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """Send a request and decode the whole answer, a JSON object.

        A question is asked again when the server says that it is too busy for it now, at the time it names.
        """
        left = BUSY_SECONDS if method == "GET" else 0.0
        while True:
            try:
                raw = await self.bytes(method, path, **options)
                break
            except ThrottledError as error:
                left -= max(error.retry_after, _SHORTEST_PAUSE)
                if left < 0:
                    raise
                await _pause(max(error.retry_after, _SHORTEST_PAUSE))
        try:
            answer = json.loads(raw)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise ClusterError(not_kubernetes(self.server))
        return answer

    async def bytes(self, method: str, path: str, **options: Any) -> bytes:
        async with self.open(method, path, **options) as response:
            return await response.read()

    @property
    def server(self) -> str:
        configuration = self._login.configuration
        return configuration.host if configuration is not None else self.context.server

    @property
    def near(self) -> bool:
        """Whether bytes cost less than to compress them: on this machine, or on a line that answers at once."""
        return self._nearness.is_near(urlsplit(self.server).hostname)

    @asynccontextmanager
    async def _answer(self, configuration: Configuration, request: _Request) -> AsyncIterator[aiohttp.ClientResponse]:
        """What the server says, of whatever status, until it is read."""
        headers = await self._login.headers(configuration)
        client = self._client()
        async with self._clients.asked(client):
            with self._pulse.felt() if request.silence else nullcontext(Stream()) as stream:
                async with stream.awaited():
                    response = await self._send(client, headers, request)
                self._pulse.beat()
                stream.begin(response)
                try:
                    yield response
                finally:
                    response.release()

    async def _ask(self) -> None:
        """Have some answer, whatever it is."""
        request = _Request("GET", PULSE_PATH, {}, None, "application/json", "*/*", None, False)
        async with self._answer(await self._login.current(), request):
            pass

    async def _good(self, response: aiohttp.ClientResponse) -> aiohttp.ClientResponse:
        if response.status >= 400:
            raise refusal(response, await error_body(response), self.context)
        return response

    def _client(self) -> RESTClientObject:
        if self._closed or self._clients.newest is None:
            raise UnreachableError(f"{self.server}: the connection was closed")
        return self._clients.newest

    async def _send(
        self, client: RESTClientObject, headers: CIMultiDict[str], request: _Request
    ) -> aiohttp.ClientResponse:
        import aiohttp

        headers["Accept"] = request.accept
        headers["Content-Type"] = request.content_type
        # Compressing 30 MB costs the server more than sending it to somebody near.
        headers["Accept-Encoding"] = "identity" if self.near else "gzip"
        timeout = aiohttp.ClientTimeout(
            total=None if request.silence else ANSWER_SECONDS, sock_connect=CONNECT_SECONDS, sock_read=request.silence
        )
        url = self.server + request.path + (f"?{urlencode(request.query)}" if request.query else "")
        try:
            answer = await client.request(
                request.method, url, headers=headers, body=request.body, _request_timeout=timeout
            )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError) as error:
            raise UnreachableError(unreachable(self.server, error)) from error
        except ValueError as error:
            # An address or a header that cannot be sent: a line break in a token, a host with a blank.
            raise ConfigError(f"context {self.context.name!r}: the request cannot be made: {error}") from error
        except network_errors() as error:
            raise self._lost(error, request) from error
        response: aiohttp.ClientResponse = answer.response
        return response

    def _lost(self, error: Exception, request: _Request) -> ClusterError:
        if request.writes:
            return answer_lost(self.server, error)
        if isinstance(error, TimeoutError) and request.silence:
            return SilenceError(f"{self.server}: nothing was heard for {request.silence:.0f} s")
        return UnreachableError(f"{self.server}: {no_answer(error)}")


async def _pause(seconds: float) -> None:
    await asyncio.sleep(seconds)


class _Request(Frozen):
    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    content_type: str
    accept: str
    silence: float | None
    writes: bool
