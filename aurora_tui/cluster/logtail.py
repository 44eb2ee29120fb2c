"""The log of one pod or of all pods of a workload, merged into a buffer while pods come and go."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import aclosing, suppress
from datetime import datetime
from functools import partial

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.cluster.logs import LogSource, follow
from aurora_tui.cluster.protocol import LogRequest
from aurora_tui.logbuffer import LogBuffer
from aurora_tui.model import kube
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.loglines import LogLine
from aurora_tui.model.selection import LogSelection
from aurora_tui.store import Feed, Table

FLUSH_SECONDS = 0.05
"""Lines are handed to the buffer in batches: one append for what a moment brought."""
MEMBERSHIP_SECONDS = 0.25
BATCH = 2000
"""Lines that are handed over at once, however short the moment."""

log = logging.getLogger(__name__)


class _Stream(Frozen):
    namespace: str
    pod: str
    container: str
    uid: str
    """Of the pod: a StatefulSet makes its pods anew under their old names."""


class LogTail:
    """Follows every container that a `LogSelection` means and appends its lines to `buffer`.

    New pods join and ended ones keep their lines. `notes` tells in words what stands in the way of
    a stream ("pod: the container is waiting to start"), by pod.
    """

    def __init__(
        self,
        source: LogSource,
        pods: Table[kube.Pod],
        selection: LogSelection,
        buffer: LogBuffer,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._started = int(clock())
        self._pods = pods
        self._selection = selection
        self._buffer = buffer
        self._pending: list[LogLine] = []
        self._came = asyncio.Event()
        """Set while there are lines to hand over: a log that is quiet wakes nobody."""
        self._streams: dict[_Stream, asyncio.Task[None]] = {}
        self._noted: dict[str, _Stream] = {}
        self.notes: dict[str, str] = {}

    async def run(self) -> None:
        """Follow until cancelled; a selection of the previous container ends when it was read."""
        feed: Feed[kube.Pod] = self._pods.feed()
        due, now = 0.0, asyncio.get_running_loop().time
        try:
            while True:
                if now() >= due:
                    due = now() + MEMBERSHIP_SECONDS
                    self._join(feed.drain().keys)
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(due):
                        await self._came.wait()
                        await asyncio.sleep(FLUSH_SECONDS)
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
        self._came.clear()
        if self._pending:
            # Streams arrive one after the other; within a batch the containers' own times decide,
            # unless a line has none.
            if all(line.stamp is not None for line in self._pending):
                self._pending.sort(key=lambda line: line.stamp or 0.0)
            self._buffer.append(self._pending)
            self._pending.clear()

    def _join(self, keys: Iterable[str]) -> None:
        for pod in filter(None, map(self._pods.rows.get, keys)):
            if not self._selection.wants(pod):
                continue
            for stream, begun in self._containers(pod):
                if stream not in self._streams:
                    self._leave_namesakes(stream)
                    # What began since we did is read from its first line.
                    tail = None if begun is not None and begun.timestamp() >= self._started else self._selection.tail
                    task = asyncio.create_task(self._read(stream, tail), name=f"log of {stream.pod}")
                    task.add_done_callback(_report)
                    self._streams[stream] = task

    def _leave_namesakes(self, stream: _Stream) -> None:
        for other, task in self._streams.items():
            if (other.namespace, other.pod) == (stream.namespace, stream.pod) and other.uid != stream.uid:
                task.cancel()
                self._note(other, "")

    def _containers(self, pod: kube.Pod) -> Iterator[tuple[_Stream, datetime | None]]:
        """The containers that have a log to read, and when each began."""
        for status in _statuses(pod):
            state, last = status.state, status.last_state
            if self._selection.previous or (state and state.waiting):
                # A container that waits to be restarted still has the log of its last run.
                state = last
            begun = state and (state.running or state.terminated)
            if begun and self._selection.container in (None, status.name):
                meta = pod.metadata
                yield _Stream(meta.namespace or "", meta.name, status.name, meta.uid), begun.started_at

    def _ended(self, stream: _Stream) -> bool:
        """Whether a container will write nothing more, as far as the pod's row says."""
        pod = self._pods.rows.get(f"{stream.namespace}/{stream.pod}")
        if pod is None or pod.metadata.uid != stream.uid:
            return False
        done = (
            status.state.terminated.exit_code == 0
            for status in pod.status.init_container_statuses or ()
            if status.name == stream.container and status.state and status.state.terminated
        )
        return pod.status.phase in ("Succeeded", "Failed") or any(done)

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
        note, ended = partial(self._note, stream), partial(self._ended, stream)
        try:
            async with aclosing(follow(self._source, request, on_state=note, ended=ended)) as lines:
                async for line in lines:
                    if not self._selection.keeps(line.stamp, line.text):
                        continue
                    self._pending.append(line)
                    self._came.set()
                    if len(self._pending) >= BATCH:
                        # A burst must not starve the keys.
                        self._hand_over()
                        await asyncio.sleep(0)
        except ClusterError as error:
            self._note(stream, str(error))
        else:
            if self._selection.workload is not None:
                # Its pods come and go: that one went is no news.
                self._note(stream, "")

    def _note(self, stream: _Stream, words: str) -> None:
        """Notes are by pod; a container takes back its own only."""
        if words:
            self.notes[stream.pod] = words
            self._noted[stream.pod] = stream
        elif self._noted.get(stream.pod) == stream:
            del self.notes[stream.pod], self._noted[stream.pod]


def _statuses(pod: kube.Pod) -> tuple[kube.ContainerStatus, ...]:
    return (*(pod.status.init_container_statuses or ()), *(pod.status.container_statuses or ()))


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("%s ended", task.get_name(), exc_info=task.exception())
