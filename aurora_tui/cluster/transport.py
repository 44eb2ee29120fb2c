"""One HTTP request to an API server: credentials, time limits, and errors turned into words."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from aurora_tui.cluster import kubeconfig
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
from aurora_tui.cluster.kubeconfig import Context
from aurora_tui.heavy import IMPORTS

if TYPE_CHECKING:
    import aiohttp
    from kubernetes.aio.client.configuration import Configuration
    from kubernetes.aio.client.rest import RESTClientObject

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 20.0
_REVIEWS = ("/apis/authorization.k8s.io/", "/apis/authentication.k8s.io/")
"""Questions that are asked with POST and change nothing."""

_BY_STATUS: Mapping[int, type[ClusterError]] = {
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    410: GoneError,
}


class Transport:
    """The connection to one context's API server, shared by everything that asks it something.

    The official asyncio client gives configuration and transport; bodies stay bytes so that the
    caller decodes them once. `read_only` refuses every request that could change the cluster,
    whoever sends it.
    """

    def __init__(self, context: Context, *, read_only: bool = False) -> None:
        self.context = context
        self.read_only = read_only
        self.configuration: Configuration | None = None
        self._rest: RESTClientObject | None = None
        self._connecting = asyncio.Lock()

    async def connect(self) -> Configuration:
        """Load configuration and credentials, once."""
        async with self._connecting:
            if self.configuration is None:
                await self._load()
        assert self.configuration is not None
        return self.configuration

    async def _load(self) -> None:
        # The generated client takes a third of a second to import: not on the event loop.
        rest = await asyncio.to_thread(_rest_module)
        configuration = await kubeconfig.configure(self.context)
        try:
            fresh = rest.RESTClientObject(configuration)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"context {self.context.name!r}: the certificates cannot be used: {error}"
            ) from error
        stale, self._rest, self.configuration = self._rest, fresh, configuration
        if stale is not None:
            await stale.close()

    async def renew(self) -> None:
        """Load the credentials again: a token or a plugin's certificate ran out."""
        async with self._connecting:
            await self._load()

    async def close(self) -> None:
        if self._rest is not None:
            await self._rest.close()

    async def headers(self) -> dict[str, str]:
        """Authorization and impersonation, as sent with each request; never to be shown or logged."""
        configuration = await self.connect()
        headers = dict(self.context.impersonate or {})
        token = await configuration.get_api_key_with_prefix("BearerToken")
        if token:
            headers["Authorization"] = token
        return headers

    @asynccontextmanager
    async def open(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
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
        response = await self._send(method, path, query, body, content_type, silence, writes=writes)
        if response.status == 401:
            response.release()
            await self.renew()
            response = await self._send(method, path, query, body, content_type, silence, writes=writes)
        try:
            if response.status >= 400:
                raise _refusal(response, await _text(response), self.context)
            yield response
        except _network_errors() as error:
            raise self._lost(error, writes=writes) from error
        finally:
            response.release()

    async def json(self, method: str, path: str, **options: Any) -> Any:
        """Send a request and decode the whole answer."""
        raw = await self.bytes(method, path, **options)
        try:
            return json.loads(raw)
        except ValueError as error:
            raise ClusterError(
                f"{self.server} answered something that is not JSON: is it a Kubernetes API server?"
            ) from error

    async def bytes(self, method: str, path: str, **options: Any) -> bytes:
        async with self.open(method, path, **options) as response:
            return await response.read()

    @property
    def server(self) -> str:
        return self.configuration.host if self.configuration else self.context.server

    @property
    def loopback(self) -> bool:
        return urlsplit(self.server).hostname in ("127.0.0.1", "localhost", "::1")

    async def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Any,
        content_type: str,
        silence: float | None,
        *,
        writes: bool,
    ) -> aiohttp.ClientResponse:
        import aiohttp

        headers = await self.headers()
        headers["Accept"] = "application/json"
        headers["Content-Type"] = content_type
        # Compressing 30 MB costs the server more than sending it over loopback.
        headers["Accept-Encoding"] = "identity" if self.loopback else "gzip"
        timeout = aiohttp.ClientTimeout(
            total=None if silence else ANSWER_SECONDS, sock_connect=CONNECT_SECONDS, sock_read=silence
        )
        url = self.server + path + (f"?{urlencode(query)}" if query else "")
        assert self._rest is not None
        try:
            answer = await self._rest.request(method, url, headers=headers, body=body, _request_timeout=timeout)
        except aiohttp.ClientConnectorError as error:
            raise UnreachableError(_unreachable(self.server, error)) from error
        except _network_errors() as error:
            raise self._lost(error, writes=writes) from error
        response: aiohttp.ClientResponse = answer.response
        return response

    def _lost(self, error: Exception, *, writes: bool) -> ClusterError:
        words = "no answer in time" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
        if writes:
            return AnswerLostError(f"the answer of {self.server} was lost: {words}")
        return UnreachableError(f"{self.server}: {words}")


def _rest_module() -> Any:
    with IMPORTS:
        import kubernetes.aio.config  # noqa: F401 - for kubeconfig.configure, which runs on the loop
        from kubernetes.aio.client import rest

    return rest


def _network_errors() -> tuple[type[Exception], ...]:
    import aiohttp

    return (aiohttp.ClientError, TimeoutError, ConnectionError)


def _unreachable(server: str, error: Any) -> str:
    inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    if isinstance(inner, ssl.SSLCertVerificationError):
        return (
            f"{server}: its certificate is not trusted ({inner.verify_message});"
            " check certificate-authority in the kubeconfig"
        )
    if isinstance(inner, ConnectionRefusedError):
        return f"{server}: connection refused; is the API server up, is a tunnel or VPN missing?"
    return f"{server}: {getattr(inner, 'strerror', None) or inner}"


async def _text(response: aiohttp.ClientResponse) -> bytes:
    return await response.content.read(64 * 1024)


def _refusal(response: aiohttp.ClientResponse, body: bytes, context: Context) -> ClusterError:
    """The error for an HTTP status, with the server's own Status message where it sent one."""
    status = response.status
    message, reason = "", ""
    try:
        answer = json.loads(body)
        message, reason = str(answer.get("message") or ""), str(answer.get("reason") or "")
    except (ValueError, AttributeError):
        message = f"HTTP {status} {response.reason or ''}".strip()
    if status == 401:
        login = f"; to log in again run: {context.exec_command}" if context.exec_command else ""
        return UnauthorizedError(
            f"the credentials of user {context.user!r} were refused (401 Unauthorized){login or '; log in again'}",
            status=401,
            reason=reason,
        )
    if status == 429 or (status == 503 and "Retry-After" in response.headers):
        try:
            wait = float(response.headers.get("Retry-After", "1"))
        except ValueError:
            wait = 1.0
        return ThrottledError(message, retry_after=wait, reason=reason)
    return _BY_STATUS.get(status, ClusterError)(message or f"HTTP {status}", status=status, reason=reason)
