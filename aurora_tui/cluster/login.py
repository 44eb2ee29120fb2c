"""What a context's requests are sent with: its configuration, and credentials that are renewed before they run out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from aurora_tui.cluster.clients import Clients, rest_module
from aurora_tui.cluster.configuration import configure
from aurora_tui.cluster.errors import ConfigError
from aurora_tui.cluster.headstart import HeadStart
from aurora_tui.cluster.kubeconfig import Context

if TYPE_CHECKING:
    import aiohttp
    from kubernetes.aio.client.configuration import Configuration
    from multidict import CIMultiDict

RENEWAL_SECONDS = 5.0
"""Credentials are not asked for again sooner: a plugin may open a browser each time."""
_EARLY_SECONDS = 20.0


class Login:
    """Loaded with the first request; `clients` gets a new client with each renewal that needs one.

    `trace` is what watches each client's connections, `ahead` what asks with the same credentials before.
    """

    def __init__(
        self,
        context: Context,
        clients: Clients,
        *,
        trace: Callable[[], aiohttp.TraceConfig],
        clock: Callable[[], float],
        ahead: HeadStart | None,
    ) -> None:
        self._context = context
        self._clients = clients
        self._trace = trace
        self._clock = clock
        self._ahead = ahead
        self.configuration: Configuration | None = None
        """None until they are loaded."""
        self._connecting = asyncio.Lock()
        self._expires: float | None = None
        self._renewed_at = -RENEWAL_SECONDS
        self._failure: tuple[float, ConfigError] | None = None

    async def connect(self) -> Configuration:
        """Load configuration and credentials, once; a failure is remembered for `RENEWAL_SECONDS`."""
        async with self._connecting:
            return self.configuration or await self._load()

    async def _load(self) -> Configuration:
        now = asyncio.get_running_loop().time()
        if self._failure is not None and now - self._failure[0] < RENEWAL_SECONDS:
            # Every source asks at the same moment: the plugin is not run for each of them.
            raise ConfigError(self._failure[1].message)
        if self._ahead is not None:
            await self._ahead.settled()
        try:
            # The generated client takes a third of a second to import: not on the event loop.
            rest = await asyncio.to_thread(rest_module)
            configuration, self._expires = await configure(self._context)
            configuration.trace_configs = [self._trace()]
            await self._clients.renew(rest, configuration)
        except ConfigError as error:
            self._failure = (asyncio.get_running_loop().time(), error)
            raise
        self._failure = None
        self.configuration = configuration
        return configuration

    async def renew(self, refused: Configuration) -> bool:
        """Load the credentials again after some were refused; False where that was done just now.

        Requests that were refused together share one renewal.
        """
        async with self._connecting:
            if self.configuration is not refused:
                return True
            now = asyncio.get_running_loop().time()
            if now - self._renewed_at < RENEWAL_SECONDS:
                return False
            self._renewed_at = now
            await self._load()
            return True

    async def current(self) -> Configuration:
        """The configuration, renewed shortly before its credentials run out."""
        configuration = await self.connect()
        if self._expires is not None and self._expires - _EARLY_SECONDS <= self._clock():
            await self.renew(configuration)
            configuration = await self.connect()
        return configuration

    async def headers(self, configuration: Configuration) -> CIMultiDict[str]:
        """Authorization and impersonation, as sent with each request; never to be shown or logged."""
        from multidict import CIMultiDict

        headers = CIMultiDict(self._context.impersonate)
        try:
            # In a pod this reads the service account's token again, which is replaced every hour.
            token = await configuration.get_api_key_with_prefix("BearerToken")
        except Exception as error:  # the official loader raises its own and the file system's
            raise ConfigError(f"context {self._context.name!r}: {error}") from error
        if token:
            headers["Authorization"] = token
        return headers
