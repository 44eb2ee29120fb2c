"""Whether an API server is still there: asked once all that it streams has been quiet for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from aurora_tui.cluster.errors import ClusterError, UnreachableError

if TYPE_CHECKING:
    import aiohttp

QUIET_SECONDS = 6.0
"""How long nothing may be heard before the server is asked."""
PULSE_SECONDS = 6.0
"""How long it may then say nothing at all."""
PULSE_PATH = "/livez"
"""Whatever is answered will do. A busy server lets it wait for nothing else: the flow schema "probes" is exempt,
https://kubernetes.io/docs/concepts/cluster-administration/flow-control/"""


class Stream:
    """An answer that may be quiet for long, from its request on."""

    def __init__(self) -> None:
        self._response: aiohttp.ClientResponse | None = None
        self._limit: asyncio.Timeout | None = None
        self._error: UnreachableError | None = None

    @property
    def heard(self) -> int:
        """The bytes that have come."""
        return self._response.content.total_bytes if self._response is not None else 0

    def begin(self, response: aiohttp.ClientResponse) -> None:
        """The answer has begun: it is still to be read."""
        self._response = response

    @asynccontextmanager
    async def awaited(self) -> AsyncIterator[None]:
        """Around the request, until its answer begins."""
        try:
            async with asyncio.timeout(None) as self._limit:
                yield
        except TimeoutError as error:
            if self._error is None:
                raise
            raise self._error from error

    def break_off(self, error: UnreachableError) -> None:
        """Whoever waits for it, or reads it, gets the error."""
        self._error = error
        if self._response is not None:
            self._response.content.set_exception(error)
        elif self._limit is not None:
            self._limit.reschedule(asyncio.get_running_loop().time())


class Pulse:
    """Breaks a server's streams off when it neither says anything on one of them nor answers when asked.

    A watch may be quiet for a minute. A server that hangs, or a line that died without a word, as a VPN
    does, is quiet, too: without asking, old rows would be called live for as long. While anything is heard,
    nothing is asked. `ask` is any question whose answer does not matter; `server` is what it is called.
    """

    def __init__(self, ask: Callable[[], Awaitable[None]], server: Callable[[], str]) -> None:
        self._ask = ask
        self._server = server
        self._streams: set[Stream] = set()
        self._feeling: asyncio.Task[None] | None = None
        self._beats = 0
        """Answers that have begun, and bytes of streams that are over."""

    def beat(self) -> None:
        """An answer has begun."""
        self._beats += 1

    @contextmanager
    def felt(self) -> Iterator[Stream]:
        """For as long as a stream is open."""
        stream = Stream()
        self._streams.add(stream)
        if self._feeling is None:
            self._feeling = asyncio.create_task(self._feel())
        try:
            yield stream
        finally:
            self._streams.discard(stream)
            self._beats += stream.heard
            if not self._streams:
                self.stop()

    def stop(self) -> None:
        if self._feeling is not None:
            self._feeling.cancel()
            self._feeling = None

    @property
    def _heard(self) -> int:
        """Grows with all that comes from the server."""
        return self._beats + sum(stream.heard for stream in self._streams)

    async def _feel(self) -> None:
        while True:
            before = self._heard
            await asyncio.sleep(QUIET_SECONDS)
            if self._heard == before and not await self._is_there() and self._heard == before:
                words = f"{self._server()}: no answer within {PULSE_SECONDS:.0f} s; is a tunnel or VPN down?"
                for stream in self._streams:
                    stream.break_off(UnreachableError(words))

    async def _is_there(self) -> bool:
        try:
            async with asyncio.timeout(PULSE_SECONDS):
                await self._ask()
        except (TimeoutError, UnreachableError):
            return False
        except ClusterError:
            return True  # we could not ask: that tells nothing of the server
        return True
