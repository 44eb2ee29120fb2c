"""What keeps a pod from becoming ready, in words that hold no secret known by its form."""

from __future__ import annotations

from collections.abc import Iterator

from aurora_tui.model.ages import age
from aurora_tui.model.columns import Tone
from aurora_tui.model.masking import mask_text
from aurora_tui.model.pod_status import summarize
from aurora_tui.model.pods import condition, status_tone
from aurora_tui.model.printing import first_line
from aurora_tui.model.wire_pods import ContainerState, ContainerStatus, Pod, Terminated

LONGEST = 400
"""Characters that are kept of a line; messages of image pulls and of the scheduler run on."""
_LOOKED_AT = 10 * LONGEST
_ON_ITS_WAY = frozenset({"", "ContainerCreating", "PodInitializing"})
_NO_STATE = ContainerState()


def phrase(text: str) -> str:
    """Text from outside as one line of reasonable length, with its secrets hidden."""
    line = mask_text(" ".join(text[:_LOOKED_AT].split()))
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def is_ready(pod: Pod) -> bool:
    """Whether it serves; one that is being deleted counts no longer."""
    ready = condition(pod, "Ready")
    return ready is not None and ready.status == "True" and pod.metadata.deletion_timestamp is None


def state(pod: Pod) -> str:
    """STATUS as kubectl prints it, READY and RESTARTS: ``ImagePullBackOff, 0/1 ready, 2 restarts``."""
    summary = summarize(pod)
    restarts = f", {summary.restarts} restart{'s' if summary.restarts > 1 else ''}" if summary.restarts else ""
    return f"{first_line(summary.reason)}, {summary.ready}/{summary.total} ready{restarts}"


def trouble(pod: Pod) -> str:
    """What `state` leaves open of why it cannot become ready; empty for one that is, or that may be on its way."""
    if is_ready(pod):
        return ""
    if unschedulable := _unschedulable(pod):
        return unschedulable
    for container in unready(pod):
        if found := _hindrance(container):
            return found
    summary = summarize(pod)
    return phrase(f"{summary.reason}: {pod.status.message}") if status_tone(summary) is Tone.BAD else ""


def unready(pod: Pod) -> list[ContainerStatus]:
    """The containers that the pod waits for: the init container whose turn it is, else those that do not serve."""
    first = next((each for each in pod.status.init_container_statuses or () if not _done(each)), None)
    return [first] if first is not None else [each for each in pod.status.container_statuses or () if not each.ready]


def telling(pod: Pod) -> ContainerStatus | None:
    """The container whose log says most; None where none has written any yet."""
    waited_for = [each for each in unready(pod) if _has_run(each)]
    others = [each for each in pod.status.container_statuses or () if _has_run(each)]
    return next(iter([*(each for each in waited_for if _hindrance(each)), *waited_for, *others]), None)


def crashed_before(container: ContainerStatus) -> bool:
    """Whether its last words are in the log of the run before, not in that of the run that is shown now."""
    return (container.state or _NO_STATE).terminated is None and _last_run(container) is not None


def details(pod: Pod, now: float) -> Iterator[str]:
    """Everything that its status says about why it is not ready, a line each."""
    place = f" on node {pod.spec.node_name}" if pod.spec.node_name else ""
    yield f"pod {pod.metadata.name}: {state(pod)}{place}"
    if unschedulable := _unschedulable(pod):
        yield unschedulable
    if pod.status.message:
        yield phrase(f"{pod.status.reason}: {pod.status.message}")
    for container in unready(pod):
        known = container.state or _NO_STATE
        if known.waiting is not None and known.waiting.reason:
            yield phrase(f"container {container.name} waits: {known.waiting.reason}: {known.waiting.message}")
        elif known.running is not None:
            yield f"container {container.name} runs and is not ready"
        if ended := known.terminated or _last_run(container):
            said = f": {ended.message}" if ended.message else ""
            ago = f" {age(ended.finished_at, now)} ago" if ended.finished_at else ""
            yield phrase(f"container {container.name}: its last run ended{ago} with {_ending(ended)}{said}")


def _unschedulable(pod: Pod) -> str:
    scheduled = condition(pod, "PodScheduled")
    if scheduled is None or scheduled.reason != "Unschedulable":
        return ""
    return phrase(f"Unschedulable: {scheduled.message or 'no node takes it'}")


def _hindrance(container: ContainerStatus) -> str:
    """Why this container does not start, or does not stay."""
    known, last = container.state or _NO_STATE, _last_run(container)
    if known.waiting is not None and known.waiting.reason not in _ON_ITS_WAY:
        if known.waiting.reason == "CrashLoopBackOff" and last is not None:
            # Its message only tells how long the kubelet waits before the next try.
            return f"container {container.name} keeps ending, last with {_ending(last)}"
        return phrase(known.waiting.message or known.waiting.reason)
    if known.terminated is not None and known.terminated.exit_code:
        return f"container {container.name} ended with {_ending(known.terminated)}"
    if container.restart_count > 1 and last is not None:
        return f"container {container.name} keeps ending, last with {_ending(last)}"
    return ""


def _ending(run: Terminated) -> str:
    """``exit code 137 (OOMKilled)``."""
    reason = f" ({run.reason})" if run.reason else ""
    return f"signal {run.signal}{reason}" if run.signal else f"exit code {run.exit_code}{reason}"


def _done(initial: ContainerStatus) -> bool:
    ended = (initial.state or _NO_STATE).terminated
    return initial.ready or (ended is not None and ended.exit_code == 0)


def _last_run(container: ContainerStatus) -> Terminated | None:
    return container.last_state.terminated if container.last_state is not None else None


def _has_run(container: ContainerStatus) -> bool:
    known = container.state or _NO_STATE
    return known.running is not None or known.terminated is not None or _last_run(container) is not None
