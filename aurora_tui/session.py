"""One context, open: the cluster client, the live tables and the sources that feed them; no screen."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Collection, Coroutine, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import msgspec

from aurora_tui.backoff import Backoff
from aurora_tui.cluster import resources
from aurora_tui.cluster.errors import ClusterError, NotFoundError
from aurora_tui.cluster.headstart import HeadStart
from aurora_tui.cluster.kubeconfig import Context
from aurora_tui.cluster.kubernetes import KubernetesCluster
from aurora_tui.cluster.logtail import LogTail
from aurora_tui.cluster.metrics import PodMetricsSource
from aurora_tui.heavy import import_late
from aurora_tui.logbuffer import LogBuffer
from aurora_tui.model import kube, views
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.definitions import Capacity
from aurora_tui.model.freshness import SourceState
from aurora_tui.model.frozen import replace
from aurora_tui.model.pods import owner_workload
from aurora_tui.model.selection import LogOrigin, LogSelection, ObjectRef
from aurora_tui.model.status import ClusterStatus
from aurora_tui.settings import Settings
from aurora_tui.signals.errors import SignalError, Trouble
from aurora_tui.store import Store

if TYPE_CHECKING:
    from aurora_tui.signals.eslogs import ElasticTail
    from aurora_tui.silencing import WithAlerts

log = logging.getLogger(__name__)

STATUS = "cluster"
"""The table with the one row that says which server this is."""
SIGNALS = "signals"
USAGE = "podmetrics"
LINGER = 60.0
"""Seconds for which a table is fed on that nobody reads any more: who comes back finds it as it is."""
_KEPT_OF_A_NAME = 58
"""A pod's name begins with its workload's, of which the server keeps so many characters.

https://github.com/kubernetes/apiserver/blob/master/pkg/storage/names/generate.go
"""


class Session:
    """What the screen and the command line share.

    Sources start when a table is wanted (`want`) and go on until the session is closed or the
    namespace changes. `namespace` None means all namespaces.
    """

    is_past = False
    """Whether what it shows is somebody's incident of another day: our own journal tells nothing of that."""

    def __init__(
        self,
        settings: Settings,
        context: Context,
        *,
        namespace: str | None = None,
        all_namespaces: bool = False,
        read_only: bool = False,
        clock: Callable[[], float] = time.time,
        ahead: HeadStart | None = None,
    ) -> None:
        self.settings = settings
        self.environment = settings.environment(context.name)
        self.read_only = read_only or settings.read_only
        self.home = self.environment.home(namespace, context.namespace)
        self.namespace = None if all_namespaces else self.home
        self.clock = clock
        self.label = ""
        """What its objects are marked with on the screen: its context where several are open, else nothing."""
        self.store = Store()
        self.cluster = KubernetesCluster(context, read_only=self.read_only, ahead=ahead)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._unread: dict[str, float] = {}
        """Since when nobody reads a table that is fed, by the monotonic clock."""

    @property
    def context(self) -> str:
        return self.cluster.context

    @property
    def sessions(self) -> Sequence[Session]:
        """Those of all contexts that are open: this one."""
        return (self,)

    @property
    def many_namespaces(self) -> bool:
        """Whether rows of several namespaces are shown."""
        return self.namespace is None

    def of(self, context: str) -> Session:
        """The session of the context that an object is marked with. LookupError for one that is not open."""
        if context != self.label:
            raise LookupError(f"context {context} is not open")
        return self

    def mark(self, context: str) -> str:
        """What the objects of a context are marked with: nothing where it is the only one."""
        return self.label

    def gather(self) -> None:
        """Bring the tables up to date: those of a single context are."""

    def place(self, ref: ObjectRef) -> ObjectRef:
        """An object that this session's cluster named, as the screen knows it."""
        return replace(ref, context=self.label) if self.label else ref

    @cached_property
    def with_alerts(self) -> WithAlerts:
        """What actions are planned on and sent to; made when the first one is."""
        from aurora_tui.signalling import locate_alertmanagers
        from aurora_tui.silencing import WithAlerts

        return WithAlerts(self.cluster, lambda: locate_alertmanagers(self.environment, self.cluster, self.home))

    async def close(self) -> None:
        """Stop all sources and connections."""
        for name in list(self._tasks):
            self._stop(name)
        await asyncio.gather(*self._leaving, return_exceptions=True)
        if "with_alerts" in vars(self):
            await self.with_alerts.close()
        await self.cluster.close()

    def start(self) -> None:
        """Say which server this is and follow the signals; tables come when they are wanted."""
        self._spawn(STATUS, self._identify())
        self._spawn(SIGNALS, self._signal())

    def want(self, table: str) -> None:
        """Feed a table from now on, if it is not fed yet."""
        if table in self._tasks:
            return
        if table == USAGE:
            metrics = PodMetricsSource(
                self.cluster.transport, self.namespace, self.store.table(table), self.clock, fallback=self.home
            )
            self._spawn(table, metrics.run())
            return
        resource = resources.find(table)
        if resource is not None:
            self._spawn(table, self._reflect(resource))

    def keep(self, tables: Collection[str]) -> None:
        """Stop feeding the tables of objects that nobody has read for a minute; pods are read by more than panes."""
        now = time.monotonic()
        for name in list(self._tasks):
            if name in tables or name == resources.PODS.table or not _of_objects(name):
                self._unread.pop(name, None)
            elif now - self._unread.setdefault(name, now) >= LINGER:
                del self._unread[name]
                self._stop(name)
                self.store.table(name).clear()

    def switch_namespace(self, namespace: str | None) -> None:
        """Show another namespace, or all (None): the namespaced tables start anew."""
        if namespace == self.namespace:
            return
        self.namespace = namespace
        if namespace is not None:
            self.home = namespace
        for name in list(self._tasks):
            resource = resources.find(name)
            if name == USAGE or (resource is not None and resource.namespaced):
                self._stop(name)
                self.store.table(name).clear()
                self.want(name)

    def tail(self, selection: LogSelection, buffer: LogBuffer) -> LogTail | ElasticTail:
        """The source that fills `buffer` with the selection's logs; the caller runs it."""
        if selection.source is LogOrigin.ELASTICSEARCH:
            from aurora_tui.signals.eslogs import ElasticTail

            return ElasticTail(self.elasticsearch, self.settings.logs, selection, buffer, self.clock)
        self.want(resources.PODS.table)
        return LogTail(self.cluster, self.store.table(resources.PODS.table), selection, buffer, self.clock)

    async def pods_of(self, selection: LogSelection) -> list[kube.Pod]:
        """The pods whose logs a selection means, asked of the API server now. Raises ClusterError."""
        try:
            if selection.pod is not None:
                items: Sequence[dict[str, Any]] = [
                    await self.cluster.get(resources.PODS, selection.namespace, selection.pod)
                ]
            else:
                items = await self.cluster.list(resources.PODS, selection.namespace)
        except NotFoundError:
            return []
        return [pod for pod in (msgspec.convert(item, kube.Pod) for item in items) if selection.wants(pod)]

    async def elasticsearch(self) -> HttpAccess:
        """How Elasticsearch is reached. Raises SignalError where there is none, or it is not to be reached."""
        from aurora_tui.signalling import locate

        found = await locate("elasticsearch", self.environment, self.cluster, self.home)
        if found.access is None:
            how = f": set environments.{self.environment.name}.sources.elasticsearch in the settings"
            raise SignalError(Trouble.UNREACHABLE, found.reason + ("" if found.unsigned else how))
        return found.access

    def refresh(self) -> None:
        """Ask every source again now, for the operator who does not want to wait for the next try."""
        for name in list(self._tasks):
            self._stop(name)
            if name not in (STATUS, SIGNALS):
                self.want(name)
        self.start()

    def workload_of(self, service: str) -> ObjectRef | None:
        """The first workload that the settings name for a service: where it was seen, else in our own namespace."""
        named = self._named_workload(service)
        return named and (self.seen_workload_of(service) or self.place(ObjectRef(named[0].kind, self.home, named[1])))

    def seen_workload_of(self, service: str) -> ObjectRef | None:
        """The same while the workload or a pod of it is among the rows, our own namespace's before others."""
        named = self._named_workload(service)
        if named is None:
            return None
        view, name = named
        wanted = (view.kind, name)
        rows = [row.metadata for row in self.store.table(view.table).rows.values() if row.metadata.name == name]
        # By the beginning of the name, at first: of twenty thousand pods few need be asked whose they are.
        begin = name[:_KEPT_OF_A_NAME]
        pods = (
            pod.metadata
            for pod in self.store.table(views.PODS.table).rows.values()
            if pod.metadata.name.startswith(begin) and owner_workload(pod) == wanted
        )
        seen = [ObjectRef(view.kind, row.namespace, name, row.uid) for row in rows]
        seen += [ObjectRef(view.kind, pod.namespace, name) for pod in pods]
        found = min(seen, key=lambda ref: ref.namespace != self.home, default=None)
        return found and self.place(found)

    def _named_workload(self, service: str) -> tuple[views.View, str] | None:
        named = next((each for each in self.settings.services if each.name == service), None)
        if named is None or not named.workloads:
            return None
        kind, _, name = named.workloads[0].partition("/")
        view = views.of_kind(kind)
        return None if view is None else (view, name)

    def capacity_of(self, ref: ObjectRef) -> Capacity | None:
        """The replica bounds of the service that a workload runs."""
        found = next((each for each in self.settings.services if str(ref) in each.workloads), None)
        return found.capacity if found else None

    async def _reflect(self, resource: resources.Resource) -> None:
        reflector = self.cluster.reflector(
            resource, self.namespace, self.store.table(resource.table), self.clock, fallback=self.home
        )
        await reflector.run()

    async def _identify(self) -> None:
        backoff = Backoff()
        while True:
            try:
                version = await self.cluster.version()
                status = ClusterStatus(self.context, version, await self.cluster.user())
                self.store.table(STATUS).apply({STATUS: status})
                return
            except ClusterError as error:
                log.warning("%s: %s", self.context, error)
                await asyncio.sleep(backoff.next())

    async def _signal(self) -> None:
        # The pods come first: either needs modules whose import keeps a core busy.
        with contextlib.suppress(ClusterError):
            await self.cluster.connect()
        signalling = await asyncio.to_thread(import_late, "aurora_tui.signalling")
        await signalling.feed_signals(self.settings, self.environment, self.cluster, self.store, self.clock, self.home)

    def _spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=f"source {name}")
        task.add_done_callback(partial(self._report, name))
        self._tasks[name] = task

    def _stop(self, name: str) -> None:
        task = self._tasks.pop(name)
        task.cancel()
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    def _report(self, name: str, task: asyncio.Task[None]) -> None:
        """A source ends only when cancelled: anything else is a fault of ours, told in the log file and the pane."""
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        log.error("%s ended", task.get_name(), exc_info=error)
        for table in ("slos", "alerts") if name == SIGNALS else (name,):
            words = f"its source broke down ({type(error).__name__}; see the log file): refresh to start it again"
            self.store.table(table).set_freshness(SourceState.DOWN, self.clock(), words)


def _of_objects(table: str) -> bool:
    """Whether a table is fed with objects of a kind, or with what they use."""
    return table == USAGE or resources.find(table) is not None
