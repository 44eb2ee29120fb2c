"""The log of one pod or of all pods of a workload, merged into a buffer while pods come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.cluster.logs import LogSource, follow
from aurora_tui.cluster.protocol import LogRequest
from aurora_tui.logbuffer import LogBuffer
from aurora_tui.model import kube
from aurora_tui.model.loglines import LogLine
from aurora_tui.model.selection import LogSelection
from aurora_tui.store import Feed, Table

FLUSH_SECONDS = 0.05
"""Lines are handed to the buffer in batches: one append for what a moment brought."""
MEMBERSHIP_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class _Stream:
    namespace: str
    pod: str
    container: str


class LogTail:
    """Follows every container that a `LogSelection` means and appends its lines to `buffer`.

    New pods join and ended ones keep their lines. `notes` tells in words what stands in the way of
    a stream ("pod: the container is waiting to start"), by pod.
    """

    def __init__(self, source: LogSource, pods: Table[kube.Pod], selection: LogSelection, buffer: LogBuffer) -> None:
        self._source = source
        self._pods = pods
        self._selection = selection
        self._buffer = buffer
        self._pending: list[LogLine] = []
        self._streams: dict[_Stream, asyncio.Task[None]] = {}
        self.notes: dict[str, str] = {}

    async def run(self) -> None:
        """Follow until cancelled; a selection of the previous container ends when it was read."""
        feed: Feed[kube.Pod] = self._pods.feed()
        due = 0.0
        try:
            while True:
                if due <= 0:
                    due = MEMBERSHIP_SECONDS
                    if feed.drain():
                        self._join()
                await asyncio.sleep(FLUSH_SECONDS)
                due -= FLUSH_SECONDS
                self._hand_over()
        finally:
            feed.close()
            for task in self._streams.values():
                task.cancel()
            await asyncio.gather(*self._streams.values(), return_exceptions=True)
            self._hand_over()

    @property
    def following(self) -> int:
        """How many containers are being read."""
        return sum(not task.done() for task in self._streams.values())

    def _hand_over(self) -> None:
        if self._pending:
            # Streams arrive one after the other; within a batch the containers' own times decide.
            self._pending.sort(key=lambda line: line.stamp or 0.0)
            self._buffer.append(self._pending)
            self._pending.clear()

    def _join(self) -> None:
        first = not self._streams
        for pod in list(self._pods.rows.values()):
            if not self._selection.wants(pod):
                continue
            for stream in self._containers(pod):
                if stream not in self._streams:
                    # A pod that joins later is read from its first line.
                    tail = self._selection.tail if first else None
                    self._streams[stream] = asyncio.create_task(self._read(stream, tail))

    def _containers(self, pod: kube.Pod) -> Iterator[_Stream]:
        statuses = [*(pod.status.init_container_statuses or ()), *(pod.status.container_statuses or ())]
        for status in statuses:
            state = status.last_state if self._selection.previous else status.state
            wanted = self._selection.container in (None, status.name)
            if wanted and state and (state.running or state.terminated):
                yield _Stream(pod.metadata.namespace or "", pod.metadata.name, status.name)

    async def _read(self, stream: _Stream, tail: int | None) -> None:
        previous = self._selection.previous
        request = LogRequest(
            stream.namespace,
            stream.pod,
            stream.container,
            not previous,
            previous,
            tail,
            self._selection.since,
        )
        note: Callable[[str], None] = lambda words: self._note(stream.pod, words)  # noqa: E731
        try:
            async for line in follow(self._source, request, on_state=note):
                self._pending.append(line)
                if len(self._pending) >= 2000:
                    # A burst must not starve the keys.
                    self._hand_over()
                    await asyncio.sleep(0)
        except ClusterError as error:
            self._note(stream.pod, str(error))

    def _note(self, pod: str, words: str) -> None:
        if words:
            self.notes[pod] = words
        else:
            self.notes.pop(pod, None)
