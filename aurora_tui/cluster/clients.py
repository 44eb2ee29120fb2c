"""The HTTP clients of one connection: the newest is asked, those before it serve what they have begun."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aurora_tui.cluster.errors import ConfigError
from aurora_tui.cluster.kubeconfig import Context
from aurora_tui.heavy import IMPORTS

if TYPE_CHECKING:
    from kubernetes.aio.client.configuration import Configuration
    from kubernetes.aio.client.rest import RESTClientObject


class Clients:
    """Each is closed once another is in its place and its last answer is read: it holds a copy of the authorities."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.newest: RESTClientObject | None = None
        """None before the first one, and after the end."""
        self._asked: Counter[RESTClientObject] = Counter()

    async def renew(self, rest: Any, configuration: Configuration) -> None:
        """Have a client for a configuration; the one before serves its streams until they end."""
        before = self.newest
        if before is not None and _trust(before.configuration) == _trust(configuration):
            return
        try:
            self.newest = await asyncio.to_thread(rest.RESTClientObject, configuration)
        except (OSError, ValueError) as error:
            raise ConfigError(f"context {self._context.name!r}: the certificates cannot be used: {error}") from error
        if before is not None and not self._asked[before]:
            await before.close()

    @asynccontextmanager
    async def asked(self, client: RESTClientObject) -> AsyncIterator[None]:
        """For as long as an answer of the client is awaited and read."""
        self._asked[client] += 1
        try:
            yield
        finally:
            self._asked[client] -= 1
            if not self._asked[client]:
                del self._asked[client]
                if client is not self.newest:
                    await client.close()

    async def close(self) -> None:
        """Close them all, also those that are being asked."""
        last, self.newest = self.newest, None
        for client in {*self._asked, *([last] if last else [])}:
            await client.close()


def rest_module() -> Any:
    with IMPORTS:
        _leave_out_what_is_not_used()
        import kubernetes.aio.config  # noqa: F401 - for configure(), which runs on the loop
        from kubernetes.aio.client import rest

    return rest


def _leave_out_what_is_not_used() -> None:
    """Make the library's packages known without running their ``__init__``.

    Those import the synchronous client and the dynamic one, which the parts used here do not refer to; without them
    the import takes a third less time.
    """
    for package in ("kubernetes", "kubernetes.aio"):
        if package not in sys.modules and (spec := importlib.util.find_spec(package)) is not None:
            sys.modules[package] = importlib.util.module_from_spec(spec)


def _trust(configuration: Configuration) -> tuple[Any, ...]:
    """What a client is built from besides the address; a certificate file may have new content."""
    if configuration.cert_file:
        return (configuration,)
    return (configuration.ssl_ca_cert, configuration.verify_ssl, configuration.tls_server_name, configuration.proxy)
