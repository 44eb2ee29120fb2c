"""Following containers' logs: lines cut from a byte stream, resumed with neither loss nor repetition."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

from aurora_tui.backoff import Backoff
from aurora_tui.cluster.errors import ClusterError, NotFoundError
from aurora_tui.cluster.protocol import LogRequest
from aurora_tui.model.frozen import replace
from aurora_tui.model.loglines import LogLine

LINE_LIMIT = 1 << 20
"""Bytes kept of one line; a container may write without ever ending one."""
_NANO = 1_000_000_000
_STAMPS_START = re.compile(rb"[\d:.TZ+-]{1,35}")
"""A line that was cut within its time, or just behind it."""


class LogSource(Protocol):
    def logs(self, request: LogRequest) -> AsyncGenerator[bytes, None]: ...


class Unended(bytes):
    """The last line of a stream, without a line end: a container's last words, or what was read when it broke."""


async def split_lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Lines of a byte stream without their ends; past `LINE_LIMIT` the rest of a line is left out.

    The last one is `Unended` where the stream holds no end of it.
    """
    pending = bytearray()
    async for chunk in chunks:
        parts = chunk.split(b"\n")
        for part in parts[:-1]:
            _extend(pending, part)
            yield bytes(pending)
            pending.clear()
        _extend(pending, parts[-1])
    if pending:
        yield Unended(pending)


def _extend(pending: bytearray, part: bytes) -> None:
    room = LINE_LIMIT - len(pending)
    if room > 0:
        pending += part[:room]


class _Mark:
    """Where a stream stood: the second of its newest line, and how often each stamp since then was heard.

    ``sinceTime`` has whole seconds on the way to the kubelet, so a resumed stream begins with that
    second again. Its lines are known again by stamp and count: that loses none where several carry one
    stamp, where they came out of order, or where the file that they stood in was rotated away.
    """

    def __init__(self) -> None:
        self.second = -1
        self._heard: Counter[int] = Counter()
        self._repeated: Counter[int] = Counter()
        self._resumed_at = -1

    @property
    def since(self) -> str | None:
        """The time to resume from (RFC 3339); None before the first line."""
        return datetime.fromtimestamp(self.second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if self.second >= 0 else None

    def resume(self) -> None:
        """A new stream begins: what was heard of its first second comes again."""
        self._resumed_at = self.second
        self._repeated = self._heard.copy()

    def knows(self, stamp: int) -> bool:
        """Whether the line that comes now, with this stamp (nanoseconds), was heard before."""
        return stamp // _NANO < self._resumed_at or self._repeated.get(stamp, 0) > 0

    def passes(self, stamp: int) -> bool:
        """Note a line's stamp; whether it was not heard before."""
        if self.knows(stamp):
            self._repeated[stamp] -= 1
            return False
        second = stamp // _NANO
        if second > self.second:
            self.second = second
            self._heard.clear()
        if second == self.second:
            self._heard[stamp] += 1
        return True


Parsed = tuple[int | None, str]
"""A line's stamp in nanoseconds since the epoch, None where it has none, and its text."""


class _Sieve:
    """Lets each line through once, across the streams that bring it.

    Where the stream between kubelet and API server breaks, the API server ends its own like any other: a
    line may be cut anywhere. The piece is held back until it comes again whole, or once more as it is.
    """

    def __init__(self) -> None:
        self.mark = _Mark()
        self._unstamped: str | None = None
        self._piece = b""
        self._told = False
        """Whether the piece was let through, for want of more."""

    def sift(self, raw: bytes, final: bool) -> Iterator[Parsed]:
        """The lines to show now; `final` says that nothing comes after this stream."""
        if isinstance(raw, Unended) and not final:
            yield from self._hold(raw)
            return
        stamp, body = _parse(raw)
        if stamp is None:
            # The kubelet's own words ("unable to retrieve container logs …"), again at each try.
            if body == self._unstamped:
                return
            self._unstamped = body
        elif not self.mark.passes(stamp):
            return
        known = self._told and raw == self._piece
        yield from self.rest(raw)
        if not known:
            yield stamp, body

    def _hold(self, raw: Unended) -> Iterator[Parsed]:
        stamp, body = _parse(raw)
        if stamp is not None and self.mark.knows(stamp):
            return
        if raw == self._piece and not self._told:
            self._told = True
            yield stamp, body
        elif not self._piece.startswith(raw) and not _STAMPS_START.fullmatch(raw):
            yield from self.rest(raw)
            self._piece = raw

    def rest(self, coming: bytes = b"") -> Iterator[Parsed]:
        """What was held back, unless `coming` has it: a container that was started anew never says it again."""
        piece, told = self._piece, self._told
        self._piece, self._told = b"", False
        if piece and not told and not coming.startswith(piece):
            yield _parse(piece)


async def follow(
    source: LogSource,
    request: LogRequest,
    *,
    on_state: Callable[[str], None] = lambda _: None,
    ended: Callable[[], bool] = lambda: False,
) -> AsyncGenerator[LogLine, None]:
    """Lines of a container, across dropped connections, until its pod is gone or has `ended` for good.

    `on_state` is told in words what stands in the way of the stream, and "" when it is read again.
    """
    sieve = _Sieve()
    backoff = Backoff()
    resumed = request

    def line(stamp: int | None, body: str) -> LogLine:
        return LogLine(None if stamp is None else stamp / _NANO, request.pod, request.container, body)

    while True:
        over, heard = ended(), False
        final = over or not request.follow
        try:
            async with aclosing(source.logs(resumed)) as stream:
                async for raw in stream:
                    for stamp, body in sieve.sift(raw, final):
                        if stamp is not None and not heard:
                            heard = True
                            on_state("")
                            backoff.reset()
                        yield line(stamp, body)
            on_state("")
            if final:
                # The container had ended before this stream began: it held all there is.
                break
            resumed = replace(resumed, tail=None)
        except NotFoundError:
            on_state("the pod is gone")
            break
        except ClusterError as error:
            if not request.follow:
                raise
            on_state(str(error))
        await asyncio.sleep(backoff.next())
        sieve.mark.resume()
        if sieve.mark.since:
            resumed = replace(request, since=sieve.mark.since, tail=None)
    for stamp, body in sieve.rest():
        yield line(stamp, body)


def _parse(raw: bytes) -> Parsed:
    """Take a line apart into its stamp and what the container wrote."""
    head, _, body = raw.partition(b" ")
    stamp = _nanoseconds(head)
    text = (raw if stamp is None else body).removesuffix(b"\r").decode("utf-8", "replace")
    return stamp, text


def _nanoseconds(stamp: bytes) -> int | None:
    """An RFC 3339 time with up to nine decimals, in UTC or with the node's own offset."""
    if not 20 <= len(stamp) <= 35:
        return None
    rest = stamp[19:]
    zone = b""
    if not rest.endswith(b"Z"):
        rest, zone = rest[:-6], rest[-6:]
    decimals = rest.rstrip(b"Z")
    if decimals and not (decimals[:1] == b"." and decimals[1:].isdigit()):
        return None
    seconds = _seconds(stamp[:19] + (zone or b"+00:00"))
    return None if seconds is None else seconds * _NANO + int(decimals[1:].ljust(9, b"0") or 0)


@lru_cache(maxsize=64)
def _seconds(stamp: bytes) -> int | None:
    """Many lines carry the same second."""
    try:
        return int(datetime.fromisoformat(stamp.decode("ascii")).timestamp())
    except ValueError:
        return None
