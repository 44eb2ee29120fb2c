"""The keys and commands that lead to traces, and from a span to its log lines, to its pod, and back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from aurora_tui.looking import Carried
from aurora_tui.model import kube, views
from aurora_tui.model.frozen import Frozen, replace
from aurora_tui.model.pods import owner_workload
from aurora_tui.model.selection import LogOrigin, LogSelection, ObjectRef, TraceSelection, key_of
from aurora_tui.model.spanview import container_of, namespace_of, pod_of
from aurora_tui.model.stamps import rfc3339
from aurora_tui.model.tracequery import TraceQuery
from aurora_tui.model.traces import NANO, TRACE_DIGITS, Trace, read_id, short_id
from aurora_tui.model.tracetree import Node, Tree, tree_of
from aurora_tui.reading import ReadingLogs
from aurora_tui.signals.threads import in_thread
from aurora_tui.tailing import Tailing
from widgets.pane import Pane
from widgets.traces import TracesScreen
from widgets.tracescreen import SpanPage, TraceScreen

if TYPE_CHECKING:
    from aurora_tui.fleet import Opened
    from aurora_tui.session import Session
    from aurora_tui.traces import TraceReader

_BEFORE, _AFTER = 300.0, 900.0
"""Seconds around the onset of an alert: what led to it, and what it looked like."""
_BESIDE, _AFTERWARDS = 2, 60
"""Seconds before a span's beginning and after its trace's end whose lines are its own: other clocks stamp them."""
_TRACE_ID = re.compile(r"[0-9a-fA-F]{16}|[0-9a-fA-F]{32}")


class _Left(Frozen):
    """The pages that were left for a pane, to come back to."""

    pane: Pane
    listed: tuple[TracesScreen, ...]
    tree: Tree
    span: str
    told: bool
    """Whether the span's own page was open."""


class Tracing(Tailing, ReadingLogs):
    """Everything about traces that is the screen's: pages on top of the panes, and the ways between them."""

    _left: _Left | None = None
    _seeking = False
    """Whether the logs are to be shown at the first line of a trace, which is still to come."""
    _selection: TraceSelection | None = None
    """What was looked at last."""

    def __init__(self, session: Opened) -> None:
        super().__init__(session)
        self._readers: dict[str, TraceReader] = {}

    @property
    def _traced_in(self) -> Session:
        """The session of the context whose traces are looked at: pages of two contexts are never open together."""
        return self.session.of(self._selection.context if self._selection else self._context_here())

    @property
    def traces(self) -> TraceReader:
        """The reader of that context, made when it is wanted: the first frame needs no traces."""
        from aurora_tui.traces import TraceReader

        session = self._traced_in
        if session.label not in self._readers:
            self._readers[session.label] = TraceReader(session)
        return self._readers[session.label]

    async def on_unmount(self) -> None:
        await asyncio.gather(*(reader.close() for reader in self._readers.values()))

    def flush(self) -> None:
        super().flush()
        tail = self.logs_pane.tail
        if self._seeking and tail.check_action("next_hit", (1,)):
            self._seeking = False
            tail.action_next_hit(1)
        screen = self.on_top(TracesScreen)
        if screen is not None and self._frames % self._per_second == 0:
            screen.tick()

    def action_traces(self) -> None:
        """The traces of what is under the cursor."""
        selection = self._traced()
        if selection is not None:
            self.open_traces(selection)

    def traces_command(self, given: str) -> None:
        """``:traces``: of a service, one by its id, or those of what is under the cursor, else the last ones."""
        if _TRACE_ID.fullmatch(given):
            self.open_traces(TraceSelection(None, trace=given, context=self._context_here()))
        elif given:
            self.open_traces(TraceSelection(given, context=self._context_here()))
        elif (selection := self._traced(quiet=True) or self._selection) is not None:
            self.open_traces(selection)
        else:
            self._warn("whose traces? :traces SERVICE or :traces TRACE-ID")

    def open_traces(self, selection: TraceSelection) -> None:
        """Show the traces of a selection, or its one trace, over the panes."""
        from aurora_tui.traces import query_of

        self._left = None
        self._selection = selection
        if selection.service is None:
            if selection.trace is not None:
                self._open_trace(selection.trace)
            return
        query = query_of(self.session.settings, selection, self.session.clock())
        subject = f"{selection.service} in {selection.context}" if selection.context else selection.service
        screen = TracesScreen(subject, query, clock=self.session.clock)
        self._work(self._fill_traces(self.push_screen(screen), screen, query))
        if selection.trace is not None:
            self._open_trace(selection.trace)

    def action_trace_of_line(self, trace: str) -> None:
        """The trace that a log line names."""
        self.open_traces(TraceSelection(None, trace=trace, context=self.logs_pane.context))

    def on_traces_screen_asked(self, message: TracesScreen.Asked) -> None:
        self._work(self._fill_traces(None, message.screen, message.query))

    def on_traces_screen_opened(self, message: TracesScreen.Opened) -> None:
        trace = message.row.trace
        screen = TraceScreen(trace.id, context=self._traced_in.label, clock=self.session.clock)
        self._work(self._grow(screen, trace, self.push_screen(screen)))

    def on_trace_screen_asked(self, message: TraceScreen.Asked) -> None:
        self._work(self._fill_trace(message.screen))

    def on_trace_screen_logs_wanted(self, message: TraceScreen.LogsWanted) -> None:
        """The log that the span left: its pod's searched for the trace, else the trace's own lines in Elasticsearch."""
        tree, node = message.tree, message.node
        since = _stamp(node.span.begin // NANO - _BESIDE)
        pod, name = self._pod_of(node), pod_of(node)
        ref = None if pod or name else self._workload_of(node)
        if pod is not None:
            meta, container = pod.metadata, container_of(node) or None
            selection = LogSelection(meta.namespace or "", pod=meta.name, container=container, tail=None, since=since)
        elif ref is not None:
            selection = LogSelection(ref.namespace or "", workload=(ref.kind, ref.name), tail=None, since=since)
        else:
            # Of a pod that is gone, and of one that nothing names, only what was shipped can be read.
            selection = LogSelection(
                namespace_of(node) or self._traced_in.home,
                pod=name or None,
                tail=None,
                since=since,
                until=_stamp(tree.end // NANO + _AFTERWARDS),
                source=LogOrigin.ELASTICSEARCH,
                trace=short_id(tree.trace),
            )
        self._leave(self.logs_pane, tree, node)
        self.open_logs(replace(selection, context=self._traced_in.label))
        self.logs_pane.tail.set_search(short_id(tree.trace))
        self._seeking = True

    def on_trace_screen_pod_wanted(self, message: TraceScreen.PodWanted) -> None:
        pod = self._pod_of(message.node)
        if pod is None:
            self._warn(_whence(message.node))
            return
        self._leave(self.objects_pane, message.tree, message.node)
        self.objects_pane.show_view(views.PODS, select=key_of(self._ref_of(pod)))
        self.go_to(self.objects_pane)

    def on_trace_screen_changes_wanted(self, message: TraceScreen.ChangesWanted) -> None:
        node = message.node
        pod = self._pod_of(node)
        runner = self._runner_of(self._ref_of(pod)) if pod else None
        ref = runner or self._workload_of(node)
        self.open_changes(Carried(self._service_of(ref), ref, node.span.begin / NANO, self._traced_in.label))

    def on_trace_screen_description_wanted(self, message: TraceScreen.DescriptionWanted) -> None:
        pod = self._pod_of(message.node)
        if pod is None:
            self._warn(_whence(message.node))
        else:
            self.look_at(self._ref_of(pod), "describe")

    async def action_back(self) -> None:
        """Back; from where a span has led, to the span again."""
        left = self._left
        if left is None or self.active is not left.pane:
            await super().action_back()
        elif not left.pane.back():
            self._left = None
            await self._return(left)

    async def _return(self, left: _Left) -> None:
        for before in left.listed:
            await self.push_screen(before.again())
        screen = TraceScreen(left.tree.trace, context=self._traced_in.label, clock=self.session.clock)
        screen.fill(left.tree, left.span)
        await self.push_screen(screen)
        place = left.tree.place(left.span)
        if left.told and place is not None:
            await self.push_screen(SpanPage(left.tree, left.tree.nodes[place], clock=self.session.clock))

    def _leave(self, pane: Pane, tree: Tree, node: Node) -> None:
        """Take the pages over the panes away, and keep what brings those of traces back."""
        stack = self.screen_stack
        listed = tuple(screen for screen in stack if isinstance(screen, TracesScreen))
        told = any(isinstance(screen, SpanPage) for screen in stack)
        self._left = _Left(pane, listed, tree, node.span.id, told)
        while self.screen is not self.main:  # a log line's page may lie below: it led here
            self.pop_screen()

    def _open_trace(self, trace_id: str) -> None:
        context = self._traced_in.label
        screen = TraceScreen(read_id(trace_id, TRACE_DIGITS), context=context, clock=self.session.clock)
        self._work(self._fill_trace(screen, self.push_screen(screen)))

    async def _fill_traces(self, opened: Awaitable[None] | None, screen: TracesScreen, query: TraceQuery) -> None:
        from aurora_tui.traces import TracesError

        if opened is not None:
            await opened
        try:
            found = await self.traces.find(query)
        except TracesError as error:
            screen.fail(error.state, str(error), query)
        else:
            screen.fill(found.rows, query, found.remarks, found.at, found.exemplars)

    async def _grow(self, screen: TraceScreen, trace: Trace, opened: Awaitable[None] | None = None) -> None:
        """Show a trace; thousands of spans take longer to put in order than the keys may wait."""
        tree = await in_thread(lambda: tree_of(trace))
        if opened is not None:
            await opened
        screen.fill(tree)

    async def _fill_trace(self, screen: TraceScreen, opened: Awaitable[None] | None = None) -> None:
        from aurora_tui.traces import TracesError

        if opened is not None:
            await opened
        try:
            trace = await self.traces.trace(screen.trace)
        except TracesError as error:
            screen.say(str(error))
        else:
            await self._grow(screen, trace)

    def _traced(self, *, quiet: bool = False) -> TraceSelection | None:
        """The traces that the keys mean: around an alert's onset, else of the last hour."""
        pane, held = self.active, self.carried()
        if pane is None or pane.allows("traces", ()) is False or not (held.service or held.ref):
            if not quiet:
                self._warn("nothing here that has traces of its own")
            return None
        name = held.service or (held.ref.name if held.ref else None)
        if pane is self.alerts_pane and held.onset is not None:
            end = min(self.session.clock(), held.onset + _AFTER)
            return TraceSelection(name, held.onset - _BEFORE, end, context=held.context)
        return TraceSelection(name, context=held.context)

    def _ref_of(self, pod: kube.Pod) -> ObjectRef:
        return self._traced_in.place(ObjectRef("Pod", pod.metadata.namespace, pod.metadata.name))

    def _pod_of(self, node: Node) -> kube.Pod | None:
        """The pod of a span among the rows; of namesakes the one in our own namespace."""
        name, namespace = pod_of(node), namespace_of(node)
        found = [
            pod
            for pod in self._traced_in.store.table(views.PODS.table).rows.values()
            if pod.metadata.name == name and namespace in ("", pod.metadata.namespace)
        ]
        return min(found, key=lambda pod: pod.metadata.namespace != self._traced_in.home, default=None)

    def _workload_of(self, node: Node) -> ObjectRef | None:
        """The workload of a span's service: by the settings, else by its name among the pods' workloads."""
        from aurora_tui.traces import traced_service

        service = traced_service(self.session.settings, node.span.service)
        if service is not None:
            return self._traced_in.workload_of(service.name)
        for pod in self._traced_in.store.table(views.PODS.table).rows.values():
            owner = owner_workload(pod)
            if owner is not None and owner[1] == node.span.service:
                return self._traced_in.place(ObjectRef(owner[0], pod.metadata.namespace, owner[1]))
        return None


def _stamp(seconds: int) -> str | None:
    """The time as the API writes it; None for one that no calendar has: a span may say anything."""
    try:
        return rfc3339(seconds)
    except (OverflowError, OSError, ValueError):
        return None


def _whence(node: Node) -> str:
    """Why there is no pod to go to."""
    name = pod_of(node)
    if not name:
        return "the span does not say in which pod it ran (k8s.pod.name, host.name)"
    return f"pod {name}, in which the span ran, is not among the pods: it is gone, or in another namespace"
