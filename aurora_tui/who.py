"""Who acts, as the server knows them: asked for the journal, and not for every pod of a drain again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aurora_tui.cluster.protocol import Cluster

KNOWN_FOR = 60.0
"""Seconds for which an answer is good."""


class Who:
    """The name behind the credentials of one cluster's client."""

    def __init__(self, cluster: Cluster, clock: Callable[[], float]) -> None:
        self._cluster = cluster
        self._clock = clock
        self._told: tuple[float, str] | None = None
        self._asking = asyncio.Lock()

    async def acts(self) -> str:
        """The server's word of the last minute. Raises `ClusterError`."""
        async with self._asking:  # those that act together wait for one answer
            now = self._clock()
            if self._told is None or not 0 <= now - self._told[0] < KNOWN_FOR:
                self._told = now, await self._cluster.user()
            return self._told[1]
