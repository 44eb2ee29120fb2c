"""What a pod's status says in one word, as the API server's table printer decides it.

The rules are those of ``printPod`` in ``kubernetes/pkg/printers/internalversion/printers.go``.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from aurora_tui.model.ages import stamp
from aurora_tui.model.wire_pods import ContainerState, ContainerStatus, Pod, PodSpec, PodStatus, Terminated

_NO_STATE = ContainerState()


class PodSummary(NamedTuple):
    """The printed figures of a pod; `last_restart` is in seconds since the epoch."""

    reason: str
    ready: int
    total: int
    restarts: int
    last_restart: float | None


class _Restarts:
    """A count of restarts and the end of the run before the newest of them."""

    __slots__ = ("count", "last")

    def __init__(self) -> None:
        self.count = 0
        self.last: datetime | None = None

    def add(self, status: ContainerStatus) -> None:
        self.count += status.restart_count
        ended = status.last_state and status.last_state.terminated
        if ended and ended.finished_at and (self.last is None or self.last < ended.finished_at):
            self.last = ended.finished_at


def summarize(pod: Pod) -> PodSummary:
    """READY, STATUS and RESTARTS of a pod, before its age matters."""
    spec, status = pod.spec, pod.status
    reason = status.reason or status.phase
    if any(c.type == "PodScheduled" and c.reason == "SchedulingGated" for c in status.conditions or ()):
        reason = "SchedulingGated"
    total = len(spec.containers or ())
    ready = 0
    restarts = _Restarts()
    unfinished: str | None = None
    if spec.init_containers or status.init_container_statuses:
        sidecars = frozenset(c.name for c in spec.init_containers or () if c.restart_policy == "Always")
        total += sum(1 for c in spec.init_containers or () if c.restart_policy == "Always")
        unfinished, ready, restarts, sidecar_restarts = _initializing(spec, status, sidecars)
        if unfinished is None or _initialized(status):
            restarts = sidecar_restarts
        reason = unfinished or reason
    if unfinished is None or _initialized(status):
        reason, running = _running(status, reason, restarts, is_ready=_any_ready(status))
        ready += running
    if pod.metadata.deletion_timestamp is not None:
        if status.reason == "NodeLost":
            reason = "Unknown"
        elif status.phase not in {"Failed", "Succeeded"}:
            reason = "Terminating"
    return PodSummary(reason, ready, total, restarts.count, stamp(restarts.last))


def _initializing(
    spec: PodSpec, status: PodStatus, sidecars: frozenset[str]
) -> tuple[str | None, int, _Restarts, _Restarts]:
    """The reason of the first unfinished init container (None: all are done), the ready restartable
    ones, the restarts of all that were looked at, and those of the restartable ones alone."""
    ready = 0
    restarts, sidecar_restarts = _Restarts(), _Restarts()
    for index, container in enumerate(status.init_container_statuses or ()):
        sidecar = container.name in sidecars
        restarts.add(container)
        if sidecar:
            sidecar_restarts.add(container)
        state = container.state or _NO_STATE
        if state.terminated is not None and state.terminated.exit_code == 0:
            continue
        if sidecar and container.started:
            ready += container.ready
            continue
        if state.terminated is not None:
            reason = f"Init:{_ending(state.terminated)}"
        elif state.waiting is not None and state.waiting.reason not in {"", "PodInitializing"}:
            reason = f"Init:{state.waiting.reason}"
        else:
            reason = f"Init:{index}/{len(spec.init_containers or ())}"
        return reason, ready, restarts, sidecar_restarts
    return None, ready, restarts, sidecar_restarts


def _running(status: PodStatus, reason: str, restarts: _Restarts, *, is_ready: bool) -> tuple[str, int]:
    """The reason that the first container with one gives, and how many containers are ready."""
    ready = 0
    failure = ""
    for container in reversed(status.container_statuses or ()):
        restarts.add(container)
        state = container.state or _NO_STATE
        if state.waiting is not None and state.waiting.reason:
            reason = state.waiting.reason
        elif state.terminated is not None:
            reason = _ending(state.terminated)
            if state.terminated.exit_code != 0:
                failure = reason
        elif container.ready and state.running is not None:
            ready += 1
    if reason == "Completed":
        if ready and is_ready:
            reason = "Running"
        elif failure:
            reason = failure
        elif ready:
            reason = "NotReady"
    return reason, ready


def _ending(terminated: Terminated) -> str:
    if terminated.reason:
        return terminated.reason
    return f"Signal:{terminated.signal}" if terminated.signal else f"ExitCode:{terminated.exit_code}"


def _any_ready(status: PodStatus) -> bool:
    return any(c.type == "Ready" and c.status == "True" for c in status.conditions or ())


def _initialized(status: PodStatus) -> bool:
    first = next((each for each in status.conditions or () if each.type == "Initialized"), None)
    return first is not None and first.status == "True"
