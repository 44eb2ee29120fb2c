"""The lines of a watch, as many at a time as came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aiohttp

BREATH_SECONDS = 0.03
"""What comes within this time of a change is taken in one go, not one by one: most of a change's cost is the waking."""


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
