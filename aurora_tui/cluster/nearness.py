"""How near a server is: measured by how long its connections take to be made."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aiohttp


class Nearness:
    """The shortest time, in seconds, that a connection has taken so far with TLS; infinite before the first one."""

    def __init__(self) -> None:
        self.seconds = math.inf

    def trace(self) -> aiohttp.TraceConfig:
        """What tells it of each connection of a client."""
        import aiohttp

        config = aiohttp.TraceConfig()
        config.on_connection_create_start.append(self._begun)
        config.on_connection_create_end.append(self._made)
        return config

    async def _begun(self, session: aiohttp.ClientSession, about: Any, _: Any) -> None:
        about.begun = asyncio.get_running_loop().time()

    async def _made(self, session: aiohttp.ClientSession, about: Any, _: Any) -> None:
        self.seconds = min(self.seconds, asyncio.get_running_loop().time() - about.begun)
