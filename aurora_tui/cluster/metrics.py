"""CPU and memory of pods from metrics.k8s.io, which can only be polled; absent where not served."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from aurora_tui.cluster.errors import ClusterError, ForbiddenError, NotFoundError, ThrottledError
from aurora_tui.cluster.resources import POD_METRICS
from aurora_tui.cluster.transport import Transport
from aurora_tui.model import kube
from aurora_tui.model.freshness import SourceState
from aurora_tui.store import Table

POLL_SECONDS = 30.0
"""metrics-server itself measures every 15 s at the fastest, 60 s by default."""
_ABSENT_SECONDS = 300.0
_LOOK_SECONDS = 1.0
_STEP = 500
"""Samples decoded at once: a millisecond."""
_ABSENT = "this server does not serve metrics.k8s.io: install metrics-server to see CPU and memory"


class PodMetricsSource:
    """Fills a table with `kube.PodMetrics` by ``namespace/name``; `fallback` as in `Reflector`."""

    def __init__(
        self,
        transport: Transport,
        namespace: str | None,
        table: Table[kube.PodMetrics],
        clock: Callable[[], float],
        *,
        fallback: str | None = None,
    ) -> None:
        self._transport = transport
        self._namespace = namespace
        self._fallback = fallback
        self._table = table
        self._clock = clock
        self._list = msgspec.json.Decoder(kube.ListPage[msgspec.Raw])
        self._sample = msgspec.json.Decoder(kube.PodMetrics)

    async def run(self) -> None:
        """Poll until cancelled; never raises because a server did."""
        while True:
            # What nobody has looked at is not asked for again.
            wait = _LOOK_SECONDS if self._table.unread else await self.poll()
            await _pause(wait)

    async def poll(self) -> float:
        """Read once; the seconds until it is worth asking again."""
        try:
            raw = await self._transport.bytes("GET", POD_METRICS.path(self._namespace))
            rows = await self._rows(raw)
        except NotFoundError:
            self._table.set_freshness(SourceState.UNCONFIGURED, self._clock(), _ABSENT)
            return _ABSENT_SECONDS
        except ForbiddenError as error:
            if self._namespace is None and self._fallback is not None:
                self._namespace = self._fallback
                return 0.0
            self._table.set_freshness(SourceState.DENIED, self._clock(), str(error))
            return _ABSENT_SECONDS
        except ThrottledError as error:
            self._table.set_freshness(self._table.freshness.lost, self._clock(), str(error))
            return max(POLL_SECONDS, error.retry_after)
        except (ClusterError, msgspec.DecodeError) as error:
            self._table.set_freshness(self._table.freshness.lost, self._clock(), str(error))
            return POLL_SECONDS
        self._table.apply(rows)
        self._table.retain(set(rows))
        self._table.set_freshness(SourceState.LIVE, self._clock())
        return POLL_SECONDS

    async def _rows(self, raw: bytes) -> dict[str, kube.PodMetrics]:
        """Decode the list, which the server gives in one piece, in steps that no key waits for."""
        rows = {}
        for place, item in enumerate(self._list.decode(raw).items or ()):
            sample = self._sample.decode(item)
            rows[kube.key(sample.metadata)] = sample
            if place % _STEP == _STEP - 1:
                await asyncio.sleep(0)
        return rows


async def _pause(seconds: float) -> None:
    await asyncio.sleep(seconds)
