"""A kubelet in memory: containers' logs with stamps, served as `/containerLogs` serves them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.cluster.protocol import LogRequest

DAY = "2026-01-01T00:00:"


def at(seconds: str, text: str = "") -> bytes:
    """A line written at so many seconds past midnight, as the log has it (``at("01.5", "hello")``)."""
    return f"{DAY}{seconds}Z {text or seconds}".encode()


@dataclass
class Kubelet:
    """Each request is answered with the lines since its ``sinceTime`` (whole seconds, as the API has it).

    `drops` says after how many lines the stream breaks, one figure a request, None for not at all; a
    stream that does not break ends, or stays open while `open` says so. `faults` are raised first, in
    turn, and `fault` as long as it is set.
    """

    lines: list[bytes] = field(default_factory=list)
    drops: list[int | None] = field(default_factory=list)
    faults: list[ClusterError] = field(default_factory=list)
    fault: ClusterError | None = None
    open: bool = False
    requests: list[LogRequest] = field(default_factory=list)

    async def logs(self, request: LogRequest) -> AsyncGenerator[bytes, None]:
        self.requests.append(request)
        await asyncio.sleep(0)
        if self.faults:
            raise self.faults.pop(0)
        if self.fault:
            raise self.fault
        lines = [line for line in self.lines if request.since is None or _second(line) >= request.since[:19]]
        if request.tail is not None:
            lines = lines[-request.tail :] if request.tail else []
        drop = self.drops.pop(0) if self.drops else None
        for line in lines[:drop]:
            yield line
        if drop is not None:
            raise ClusterError("the stream broke")
        while self.open:
            await asyncio.sleep(0)


def _second(line: bytes) -> str:
    stamp = line.partition(b" ")[0].decode()
    try:
        moment = datetime.fromisoformat(stamp[:19] + (stamp[-6:] if stamp[-6:-5] in "+-" else "+00:00"))
    except ValueError:
        return "9999"
    return moment.astimezone(UTC).isoformat()[:19]
