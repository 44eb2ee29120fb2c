"""The stack's pods that are no more, as they were last: what they wrote was shipped to the log store before."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from aurora_tui.model.frozen import Frozen
from aurora_tui.sandbox.kube.kinds import PODS, Json
from aurora_tui.sandbox.kube.manifests import NAMESPACE
from aurora_tui.sandbox.kube.objects import Change, ObjectStore

_MOST = 100


class DepartedPod(Frozen):
    """A pod as it was last, and when it went, in epoch seconds."""

    pod: Json
    at: float


class Departed:
    """Remembers the newest of them."""

    def __init__(self, store: ObjectStore, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pods: deque[DepartedPod] = deque(maxlen=_MOST)
        store.subscribe(self._note)

    @property
    def pods(self) -> Sequence[DepartedPod]:
        """Those that went first come first."""
        return tuple(self._pods)

    def _note(self, change: Change) -> None:
        if change.verb == "DELETED" and change.resource is PODS and change.new["metadata"]["namespace"] == NAMESPACE:
            self._pods.append(DepartedPod(change.new, self._clock()))
