"""How near a server is: measured by how long its connections take to be made."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aiohttp

NEAR_SECONDS = 0.01
"""A connection with TLS takes three times there and back: one that is made sooner is as good as local."""
LOCAL_SECONDS = 0.025
"""The same for an address of this machine: the mouth of a tunnel, or a server that shares a busy processor with us."""
_LOCAL = ("127.0.0.1", "localhost", "::1")


class Nearness:
    """The shortest time, in seconds, that a connection has taken so far with TLS; infinite before the first one."""

    def __init__(self) -> None:
        self.seconds = math.inf

    def is_near(self, host: str | None) -> bool:
        """Whether connections to a host say so; before the first one, whether its name does."""
        if host in _LOCAL:
            return self.seconds < LOCAL_SECONDS or math.isinf(self.seconds)
        return self.seconds < NEAR_SECONDS

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
