"""Following containers' logs: lines cut from a byte stream, resumed with neither loss nor repetition."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from aurora_tui.backoff import Backoff
from aurora_tui.cluster.errors import ClusterError, NotFoundError
from aurora_tui.cluster.protocol import LogRequest
from aurora_tui.model.loglines import LogLine

LINE_LIMIT = 1 << 20
"""Bytes kept of one line; a container may write without ever ending one."""


class LogSource(Protocol):
    def logs(self, request: LogRequest) -> AsyncIterator[bytes]: ...


async def split_lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Lines of a byte stream without their ends; past `LINE_LIMIT` the rest of a line is left out."""
    pending = bytearray()
    async for chunk in chunks:
        parts = chunk.split(b"\n")
        for part in parts[:-1]:
            _extend(pending, part)
            yield bytes(pending)
            pending.clear()
        _extend(pending, parts[-1])
    if pending:
        yield bytes(pending)


def _extend(pending: bytearray, part: bytes) -> None:
    room = LINE_LIMIT - len(pending)
    if room > 0:
        pending += part[:room]


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where a stream stood: the last line's time, and how many lines carried that same time."""

    stamp: str = ""
    order: str = ""
    count: int = 0

    def after(self, stamp: str, order: str) -> _Mark:
        return _Mark(stamp, order, self.count + 1 if order == self.order else 1)


async def follow(
    source: LogSource, request: LogRequest, *, on_state: Callable[[str], None] = lambda _: None
) -> AsyncIterator[LogLine]:
    """Lines of a container, across dropped connections, until its pod is gone.

    ``sinceTime`` has whole seconds on the way to the kubelet, so a resumed stream repeats up to a
    second: lines at or before the mark are passed over by time and by count, which loses none even
    where several lines carry the same time. `on_state` is told in words what happens to the stream,
    and "" when lines come.
    """
    mark = _Mark()
    backoff = Backoff()
    resumed = request
    while True:
        known, skipped, heard = mark, 0, False
        try:
            async for raw in source.logs(resumed):
                head, _, body = raw.partition(b" ")
                stamp = head.decode("ascii", "replace")
                order = _order(stamp)
                if order < known.order:
                    continue
                if order == known.order and skipped < known.count:
                    skipped += 1
                    continue
                if not heard:
                    heard = True
                    on_state("")
                    backoff.reset()
                mark = mark.after(stamp, order)
                yield LogLine(_epoch(stamp), request.pod, request.container, body.decode("utf-8", "replace"))
            if not request.follow:
                return
            on_state("the stream ended")
        except NotFoundError:
            on_state("the pod is gone")
            return
        except ClusterError as error:
            if not request.follow:
                raise
            on_state(str(error))
        await asyncio.sleep(backoff.next())
        if mark.stamp:
            resumed = replace(request, since=mark.stamp, tail=None)


def _order(stamp: str) -> str:
    """The time with all nine decimals, so that text compares as time does."""
    return stamp[:19] + stamp[19:].strip(".Z").ljust(9, "0")


def _epoch(stamp: str) -> float | None:
    """Seconds since the epoch of an RFC 3339 time with up to nine decimals; None where it is none."""
    try:
        whole = datetime.fromisoformat(stamp[:19] + "+00:00").timestamp()
        return whole + float("0." + (stamp[19:].strip(".Z") or "0"))
    except ValueError:
        return None
