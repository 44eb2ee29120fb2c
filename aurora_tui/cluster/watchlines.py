"""A watch as it is asked for, and its lines, as many at a time as came."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aiohttp

WATCH_SECONDS = 300
BREATH_SECONDS = 0.03
"""What comes within this time of a change is taken in one go, not one by one: most of a change's cost is the waking."""


def watch_query(version: str) -> dict[str, str]:
    """Changes since a version; without one everything that there is, as a stream, and what changes from then on."""
    query = {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "timeoutSeconds": str(int(WATCH_SECONDS * (1 + random.random()))),
    }
    if version:
        return query | {"resourceVersion": version}
    return query | {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}


async def breathe(response: aiohttp.ClientResponse) -> None:
    """Leave what comes next in the socket for a moment."""
    connection = response.connection
    protocol = connection.protocol if connection is not None else None
    if protocol is None:
        return
    protocol.pause_reading()
    try:
        await asyncio.sleep(BREATH_SECONDS)
    finally:
        protocol.resume_reading()


async def line_batches(chunks: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
    """Complete lines of a stream, all that one chunk ended at a time."""
    rest: list[bytes] = []
    async for chunk in chunks:
        head, newline, tail = chunk.rpartition(b"\n")
        if not newline:
            rest.append(chunk)
            continue
        text = b"".join([*rest, head])
        rest = [tail] if tail else []
        yield [line for line in text.split(b"\n") if line]
