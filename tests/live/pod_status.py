"""Decides the status of a simulated pod at a moment, from its specification, annotations and age alone.

What a test can ask for, by annotation of the pod or by image tag:

- `aurora.test/state: JSON`: this very status, written as it is;
- `aurora.test/start-after: S`: ContainerCreating for S seconds;
- `aurora.test/ready: "false"` and `aurora.test/ready-after: S`: running, not ready, for good or for S s;
- `aurora.test/exit: CODE`: the containers run one second and end with CODE (those of a Job end with 0);
- `aurora.test/crash: "1"` or image tag `:crash`: CrashLoopBackOff, with waits of 10, 20 ... 300 s;
- image tag `:broken-pull`: ErrImagePull, then ImagePullBackOff.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from tests.live.api import Object

ANNOTATION = "aurora.test/"
RUN_SECONDS = 1.0
PULL_SECONDS = 2.0
FIRST_BACKOFF, LONGEST_BACKOFF = 10.0, 300.0


@dataclass(frozen=True)
class Placement:
    """What the kubelet itself knows of a pod: since when (epoch seconds), its address, restarts by churn."""

    born: float
    address: str
    restarts: int = 0
    restarted: float = 0.0


@dataclass(frozen=True)
class Run:
    """One run of a container, in epoch seconds; `finished` is None while it goes on."""

    started: float
    finished: float | None = None
    exit_code: int = 0


@dataclass(frozen=True)
class Moment:
    """A container at a moment: its runs, why it waits ("": it does not), when this changes by itself."""

    current: Run | None = None
    previous: Run | None = None
    restarts: int = 0
    waiting: str = ""
    message: str = ""
    until: float | None = None


def annotation(pod: Object, name: str) -> str | None:
    """The value of `aurora.test/<name>` on the pod, or None."""
    value = pod["metadata"].get("annotations", {}).get(ANNOTATION + name)
    return None if value is None else str(value)


def status_at(pod: Object, placement: Placement, now: float) -> tuple[Object, float | None]:
    """Return the pod's status at `now` and the time when it changes by itself (None: never)."""
    verbatim = annotation(pod, "state")
    kept = {name: value for name, value in pod.get("status", {}).items() if name == "qosClass"}
    if verbatim is not None:
        return kept | msgspec.json.decode(verbatim), None
    containers = pod["spec"]["containers"]
    moments = {container["name"]: moment(pod, container["image"], placement, now) for container in containers}
    changes = [found.until for found in moments.values() if found.until is not None]
    ready_at = placement.born + float(annotation(pod, "ready-after") or 0)
    may_be_ready = annotation(pod, "ready") != "false" and now >= ready_at
    if now < ready_at:
        changes.append(ready_at)
    statuses = [_container_status(pod, container, moments[container["name"]], may_be_ready) for container in containers]
    started = any(found.waiting != "ContainerCreating" for found in moments.values())
    ended = [found.current for found in moments.values() if found.current and found.current.finished]
    if len(ended) == len(containers):
        phase = "Failed" if any(run.exit_code for run in ended) else "Succeeded"
    elif any(found.current or found.previous for found in moments.values()):
        phase = "Running"
    else:
        phase = "Pending"
    status = kept | {
        "phase": phase,
        "conditions": _conditions(pod, placement, now, phase, statuses, started),
        "hostIP": "127.0.0.1",
        "hostIPs": [{"ip": "127.0.0.1"}],
        "startTime": stamp(placement.born),
        "containerStatuses": statuses,
    }
    if started:
        status |= {"podIP": placement.address, "podIPs": [{"ip": placement.address}]}
    if initial := pod["spec"].get("initContainers"):
        status["initContainerStatuses"] = [_init_status(pod, container, placement, started) for container in initial]
    return status, min(changes, default=None)


def moment(pod: Object, image: str, placement: Placement, now: float) -> Moment:
    """Return where the container with `image` stands at `now`."""
    start = placement.born + float(annotation(pod, "start-after") or 0)
    tag = image.rpartition(":")[2]
    exit_code = annotation(pod, "exit")
    if now < start:
        return Moment(waiting="ContainerCreating", until=start)
    if tag == "broken-pull":
        if now < start + PULL_SECONDS:
            problem = f'failed to pull and unpack image "{image}": not found'
            return Moment(waiting="ErrImagePull", message=problem, until=start + PULL_SECONDS)
        return Moment(waiting="ImagePullBackOff", message=f'Back-off pulling image "{image}"')
    if tag == "crash" or annotation(pod, "crash"):
        return _crashing(pod, start, now)
    if exit_code is not None or _owner_kind(pod) == "Job":
        end = start + RUN_SECONDS
        if now < end:
            return Moment(current=Run(start), until=end)
        return Moment(current=Run(start, end, int(exit_code or 0)))
    if placement.restarts:
        previous = Run(start, placement.restarted, 137)
        return Moment(current=Run(placement.restarted), previous=previous, restarts=placement.restarts)
    return Moment(current=Run(start))


def _crashing(pod: Object, start: float, now: float) -> Moment:
    restarts, backoff, previous = 0, FIRST_BACKOFF, None
    while True:
        end = start + RUN_SECONDS
        if now < end:
            return Moment(current=Run(start), previous=previous, restarts=restarts, until=end)
        previous = Run(start, end, 1)
        start = end + backoff
        if now < start:
            who = pod["metadata"]
            message = f"back-off {backoff:.0f}s restarting failed container of pod {who['name']}_{who['namespace']}"
            return Moment(None, previous, restarts, "CrashLoopBackOff", message, until=start)
        restarts, backoff = restarts + 1, min(backoff * 2, LONGEST_BACKOFF)


def _owner_kind(pod: Object) -> str:
    owners = pod["metadata"].get("ownerReferences") or [{"kind": ""}]
    return str(owners[0]["kind"])


def _container_status(pod: Object, container: Object, found: Moment, may_be_ready: bool) -> Object:
    running = found.current is not None and found.current.finished is None
    state: Object
    if found.current is not None:
        state = _run_state(pod, container["name"], found.current, found.restarts)
    else:
        state = {"waiting": {"reason": found.waiting} | ({"message": found.message} if found.message else {})}
    status = _identity(pod, container, found.restarts if found.current or found.previous else None) | {
        "state": state,
        "ready": running and may_be_ready,
        "started": running,
        "restartCount": found.restarts,
    }
    if found.previous is not None:
        run = found.restarts - 1 if found.current is not None else found.restarts
        status["lastState"] = _run_state(pod, container["name"], found.previous, run)
    return status


def _init_status(pod: Object, container: Object, placement: Placement, started: bool) -> Object:
    sidecar = container.get("restartPolicy") == "Always"
    run = Run(placement.born) if sidecar else Run(placement.born, placement.born)
    state = _run_state(pod, container["name"], run, 0) if started else {"waiting": {"reason": "PodInitializing"}}
    return _identity(pod, container, 0 if started else None) | {
        "state": state,
        "ready": started,
        "started": started and sidecar,
        "restartCount": 0,
    }


def _identity(pod: Object, container: Object, run: int | None) -> Object:
    """Name and image; a container that never ran (`run` None) has neither an id nor an image digest."""
    digest = hashlib.sha256(container["image"].encode()).hexdigest()
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "" if run is None else f"{container['image'].partition(':')[0]}@sha256:{digest}",
        "containerID": "" if run is None else container_id(pod, container["name"], run),
    }


def container_id(pod: Object, name: str, run: int) -> str:
    """The id of the run-th run (from 0) of a container."""
    return "containerd://" + hashlib.sha256(f"{pod['metadata']['uid']}/{name}/{run}".encode()).hexdigest()


def _run_state(pod: Object, name: str, run: Run, number: int) -> Object:
    if run.finished is None:
        return {"running": {"startedAt": stamp(run.started)}}
    return {
        "terminated": {
            "exitCode": run.exit_code,
            "reason": "Error" if run.exit_code else "Completed",
            "startedAt": stamp(run.started),
            "finishedAt": stamp(run.finished),
            "containerID": container_id(pod, name, number),
        }
    }


def _conditions(
    pod: Object, placement: Placement, now: float, phase: str, statuses: list[Object], started: bool
) -> list[Object]:
    """The kubelet's conditions, dated by their last change, and behind them those that others have set."""
    before = {found["type"]: found for found in pod.get("status", {}).get("conditions", [])}
    unready = [status["name"] for status in statuses if not status["ready"]]
    gates = [gate["conditionType"] for gate in pod["spec"].get("readinessGates", [])]
    closed = [gate for gate in gates if before.get(gate, {}).get("status") != "True"]
    if phase == "Succeeded":
        containers, reason, message = False, "PodCompleted", ""
    elif phase == "Failed":
        containers, reason, message = False, "PodFailed", ""
    else:
        containers = not unready
        reason, message = "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]"
    wanted: dict[str, tuple[bool, str, str]] = {
        "PodReadyToStartContainers": (started and phase in ("Pending", "Running"), "", ""),
        "Initialized": (started or not pod["spec"].get("initContainers"), "", ""),
        "Ready": (containers and not closed, reason, message),
        "ContainersReady": (containers, reason, message),
        "PodScheduled": (True, "", ""),
    }
    if containers and closed:
        wanted["Ready"] = (
            False,
            "ReadinessGatesNotReady",
            f"corresponding condition of pod readiness gate {closed}",
        )
    made = [_condition(before.get(kind), kind, value, placement, now) for kind, value in wanted.items()]
    return made + [found for kind, found in before.items() if kind not in wanted]


def _condition(
    before: Mapping[str, object] | None,
    kind: str,
    wanted: tuple[bool, str, str],
    placement: Placement,
    now: float,
) -> Object:
    holds, reason, message = wanted
    status = str(holds)
    if before is None:
        since = stamp(placement.born)
    else:
        since = str(before["lastTransitionTime"]) if before["status"] == status else stamp(now)
    condition: Object = {"type": kind, "status": status, "lastProbeTime": None, "lastTransitionTime": since}
    if not holds and reason:
        condition["reason"] = reason
        if message:
            condition["message"] = message
    return condition


def stamp(seconds: float) -> str:
    """Return epoch seconds as the API writes a time: UTC, whole seconds."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
