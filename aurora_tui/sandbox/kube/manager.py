"""The work queue of the controllers: which objects to look at now, and which later."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from aurora_tui.sandbox.kube.kinds import STORED
from aurora_tui.sandbox.kube.objects import Change, ObjectStore

Key = tuple[str, str]
"""Namespace and name of the object that a controller is to look at."""

_log = logging.getLogger(__name__)
_MOST = 20_000
"""Reconciliations in one step; more can only be two controllers undoing each other's work."""


class Controller(Protocol):
    def keys_of(self, change: Change) -> Iterable[Key]:
        """The objects that a write concerns."""

    def reconcile(self, key: Key) -> float | None:
        """Bring one object nearer to what it should be; gives the epoch second to look again, if any."""


class Manager:
    def __init__(self, store: ObjectStore, clock: Callable[[], float], controllers: Sequence[Controller]) -> None:
        self._store = store
        self._clock = clock
        self._controllers = controllers
        self._queue: dict[tuple[int, Key], None] = {}
        self._due: dict[tuple[int, Key], float] = {}
        self._timers: list[tuple[float, tuple[int, Key]]] = []
        self.on_work: Callable[[], None] = lambda: None
        """Called when an object comes to need a look."""
        store.subscribe(self._note)

    def _note(self, change: Change) -> None:
        for at, controller in enumerate(self._controllers):
            for key in controller.keys_of(change):
                self._queue[at, key] = None
        self.on_work()

    def resync(self) -> None:
        """Have every controller look at everything once more."""
        for resource in STORED:
            for obj in self._store.items(resource):
                self._note(Change(self._store.revision, "MODIFIED", resource, obj, obj))

    def next_due(self) -> float | None:
        """When there is something to do without any further write; now or earlier if it waits already."""
        if self._queue:
            return self._clock()
        while self._timers and self._due.get(self._timers[0][1]) != self._timers[0][0]:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def step(self) -> None:
        """Do everything that is due, and what follows from it."""
        for _ in range(_MOST):
            self._take_due()
            if not self._queue:
                return
            item = next(iter(self._queue))
            del self._queue[item]
            self._run(item)
        self._queue.clear()
        _log.error("the simulated controllers do not come to rest")

    def _take_due(self) -> None:
        now = self._clock()
        while (due := self.next_due()) is not None and due <= now and not self._queue:
            _, item = heapq.heappop(self._timers)
            del self._due[item]
            self._queue[item] = None

    def _run(self, item: tuple[int, Key]) -> None:
        at, key = item
        try:
            due = self._controllers[at].reconcile(key)
        except Exception:
            # One object that a controller cannot digest must not stop the cluster.
            _log.exception("%s %s", type(self._controllers[at]).__name__, key)
            due = None
        if due is None:
            self._due.pop(item, None)
        elif self._due.get(item) != due:
            self._due[item] = due
            heapq.heappush(self._timers, (due, item))
