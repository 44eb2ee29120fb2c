"""The logs pane's sources: the cluster's pods, or Elasticsearch for what is history or gone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.cluster.logtail import LogTail
from aurora_tui.logbuffer import LogBuffer
from aurora_tui.model import kube, views
from aurora_tui.model.selection import LogOrigin, LogSelection
from aurora_tui.model.stamps import rfc3339
from aurora_tui.offering import Offering
from aurora_tui.signals.errors import SignalError
from widgets.logs import SourcedTail

if TYPE_CHECKING:
    from aurora_tui.fleet import Opened
    from aurora_tui.signals.eslogs import ElasticTail


class Tailing(Offering):
    """Follows one selection's logs in the logs pane, from the source that has them."""

    def __init__(self, session: Opened) -> None:
        super().__init__(session)
        self._log_task: asyncio.Task[None] | None = None
        self._elastic: ElasticTail | None = None
        self._turned = False
        """Whether the source was chosen by the operator, or it was tried once to choose it for them."""
        self._turning: asyncio.Task[None] | None = None

    def open_logs(self, selection: LogSelection, *, focus: bool = True) -> None:
        """Follow a selection's logs from now on; the one followed before is left."""
        if self._log_task is not None:
            self._log_task.cancel()
        before = self.logs_pane.selection
        if before is None or before.from_source(selection.source) != selection:
            self._turned = False
        buffer = LogBuffer(capacity_lines=self.session.settings.log_lines)
        tail = self.session.of(selection.context).tail(selection, buffer)
        self._elastic = None if isinstance(tail, LogTail) else tail
        self._log_task = self._work(tail.run())
        facts = tuple if isinstance(tail, LogTail) else (lambda: tail.facts)
        self.logs_pane.follow(selection, buffer, tail.notes, facts)
        if focus:
            self.go_to(self.logs_pane)

    def flush(self) -> None:
        super().flush()
        selection = self.logs_pane.selection
        if self._turned or selection is None or selection.source is not LogOrigin.CLUSTER:
            return
        # Among thousands of pods that is not looked at more often than they can have changed for an operator.
        second = self._frames % self._per_second == 0
        if second and not len(self.logs_pane.buffer) and self._seems_gone(selection):
            self._turned = True
            self._turning = self._work(self._turn_to_elasticsearch(selection))

    def on_sourced_tail_head_passed(self, message: SourcedTail.HeadPassed) -> None:
        if self._elastic is not None:
            self._elastic.want_older()

    def action_log_window(self, seconds: int) -> None:
        """Read the logs again from so many seconds ago."""
        selection = self.logs_pane.selection
        if selection is not None:
            self.open_logs(selection.from_time(rfc3339(self.session.clock() - seconds)))

    def action_log_source(self) -> None:
        """Read the same logs from the other source."""
        selection = self.logs_pane.selection
        if selection is not None:
            other = LogOrigin.CLUSTER if selection.source is LogOrigin.ELASTICSEARCH else LogOrigin.ELASTICSEARCH
            self._turned = True
            self.open_logs(selection.from_source(other))

    async def _turn_to_elasticsearch(self, selection: LogSelection) -> None:
        """Read Elasticsearch, where there is one, instead of pods that the cluster does not have any more."""
        with suppress(SignalError, ClusterError):
            # The rows may not be all there yet.
            session = self.session.of(selection.context)
            if _has_logs(selection, await session.pods_of(selection)):
                return
            await session.elasticsearch()
            if self.logs_pane.selection == selection and not len(self.logs_pane.buffer):
                self.notify(f"{selection}: not in the cluster any more; reading Elasticsearch", markup=False)
                self.open_logs(selection.from_source(LogOrigin.ELASTICSEARCH), focus=False)

    def _seems_gone(self, selection: LogSelection) -> bool:
        session = self.session.of(selection.context)
        pods = session.store.table(views.PODS.table)
        known = pods.freshness.last_good is not None and session.namespace in (None, selection.namespace)
        begin = f"{selection.namespace}/"
        # At each tick, as long as no line came: the key alone tells most of many pods apart.
        near = (pod for key, pod in pods.rows.items() if key.startswith(begin))
        return known and not _has_logs(selection, near)


def _has_logs(selection: LogSelection, pods: Iterable[kube.Pod]) -> bool:
    """Whether the cluster has something to read: a pod, and with the previous run where that is asked for."""
    wanted = filter(selection.wants, pods)
    if not selection.previous:
        return any(True for _ in wanted)
    statuses = [
        status
        for pod in wanted
        for status in (*(pod.status.init_container_statuses or ()), *(pod.status.container_statuses or ()))
    ]
    return any(
        status.last_state and status.last_state.terminated
        for status in statuses
        if selection.container in (None, status.name)
    )
