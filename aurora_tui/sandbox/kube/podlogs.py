"""Container logs: made anew for each reader, and the same for all, from the container and the second.

A line is a function of the container's id, its image and the second, so a tail, a follow and a
resumed follow agree to the byte without any line being kept.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from aurora_tui.model.frozen import Frozen
from aurora_tui.sandbox.kube.kinds import Json
from aurora_tui.sandbox.kube.logvoices import voice_of
from aurora_tui.sandbox.kube.selectors import labels_of
from aurora_tui.sandbox.kube.stamps import seconds_of
from aurora_tui.sandbox.kube.statuses import bad_request
from aurora_tui.sandbox.scenarios.base import Fault

NANO = 1_000_000_000
SETTLING = 0.25
"""Seconds for which the newest lines are withheld: by then it is known whether the container ended."""
_ROTATION = 1800


Ails = Callable[[str, str, float], Fault | None]
"""What the pod of an app, by both their names, complained of at a moment."""


def nothing_ails(_app: str, _pod: str, _moment: float) -> Fault | None:
    return None


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a container, from start to end; the next restart is another run."""

    container_id: str
    pod: str
    container: str
    image: str
    started: int
    """Epoch seconds."""
    ended: int | None
    exit_code: int
    app: str = ""
    ails: Ails = field(default=nothing_ails, compare=False)


class Line(Frozen):
    stamp: int
    """Epoch nanoseconds; grows strictly within a run."""
    text: str


def container_name(pod: Json, asked: str) -> str:
    """The container whose log is meant; raises ApiError 400 as the registry does."""
    spec, name = pod["spec"], pod["metadata"]["name"]
    names = [each["name"] for each in spec["containers"]]
    inits = [each["name"] for each in spec.get("initContainers") or ()]
    if not asked:
        if len(names) == 1:
            return str(names[0])
        listed = f"[{' '.join(names)}]"
        if inits:
            listed += f" or one of the init containers: [{' '.join(inits)}]"
        raise bad_request(f"a container name must be specified for pod {name}, choose one of: {listed}")
    if asked not in (*names, *inits):
        raise bad_request(f"container {asked} is not valid for pod {name}")
    return asked


def current_run(pod: Json, container: str, previous: bool = False, ails: Ails = nothing_ails) -> Run:
    """The run whose log the kubelet would read; raises ApiError 400 where there is none yet."""
    run = _found_run(pod, container, previous)
    return replace(run, app=labels_of(pod).get("app", ""), ails=ails)


def _found_run(pod: Json, container: str, previous: bool) -> Run:
    status = pod.get("status", {})
    every = [*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())]
    found = next((each for each in every if each["name"] == container), None)
    pod_name = pod["metadata"]["name"]
    where = f'container "{container}" in pod "{pod_name}"'
    if found is None:
        raise bad_request(f"{where} is not available")
    state, last = found.get("state") or {}, (found.get("lastState") or {}).get("terminated")
    if previous:
        if last is None:
            raise bad_request(f"previous terminated {where} not found")
        return _ended_run(pod_name, found, last)
    if running := state.get("running"):
        return Run(found["containerID"], pod_name, container, found["image"], _second(running["startedAt"]), None, 0)
    if ended := state.get("terminated") or last:
        return _ended_run(pod_name, found, ended)
    reason = state.get("waiting", {}).get("reason")
    told = {
        "ErrImagePull": "image can't be pulled",
        "ImagePullBackOff": "trying and failing to pull image",
    }.get(reason, reason)
    raise bad_request(f"{where} is waiting to start: {told}")


def _ended_run(pod_name: str, status: Json, ended: Json) -> Run:
    return Run(
        container_id=ended["containerID"],
        pod=pod_name,
        container=status["name"],
        image=status["image"],
        started=_second(ended["startedAt"]),
        ended=_second(ended["finishedAt"]),
        exit_code=ended["exitCode"],
    )


def _second(stamp: str) -> int:
    return int(seconds_of(stamp))


def log_begin(run: Run, now: float) -> int:
    """The second at which the log begins: the kubelet rotates files away, here every half hour."""
    newest = int(now) if run.ended is None else run.ended
    oldest = (newest // _ROTATION - 1) * _ROTATION
    return max(run.started, oldest)


def lines_between(run: Run, after: int, until: int) -> Iterator[Line]:
    """Lines with a stamp later than `after` and no later than `until` (nanoseconds), oldest first."""
    first, last = max(after // NANO, run.started), until // NANO
    for second in range(first, last + 1 if run.ended is None else min(last, run.ended) + 1):
        for line in lines_of_second(run, second):
            if after < line.stamp <= until:
                yield line


def last_lines(run: Run, count: int, begin: int, until: int) -> list[Line]:
    """The last `count` lines no later than `until`, oldest first."""

    def backwards() -> Iterator[Line]:
        newest = until // NANO if run.ended is None else min(until // NANO, run.ended)
        for second in range(newest, begin - 1, -1):
            yield from (line for line in reversed(lines_of_second(run, second)) if line.stamp <= until)

    return list(islice(backwards(), count))[::-1]


def lines_of_second(run: Run, second: int) -> list[Line]:
    """What the container writes in one second of its life; the last words fall into its last."""
    voice = voice_of(run.image, run.pod)
    fault = run.ails(run.app, run.pod, float(second))
    if fault is not None and fault.mute:
        return []
    rng = random.Random(hashlib.blake2b(f"{run.container_id} {second}".encode(), digest_size=8).digest())
    age = second - run.started
    if second == run.ended:
        texts = voice.last_words(second, run.exit_code, rng, fault)
    elif age < len(voice.opening):
        texts = voice.opening_at(second, age)
    else:
        texts = voice.chatter(second, rng, fault)
    step = NANO // (len(texts) + 1)
    # Last words come in the first fifth: a restart may begin in the same second.
    spread = step // 5 if second == run.ended else step
    jitter = rng.randrange(max(spread // 2, 1))
    return [Line(second * NANO + jitter + spread * at, text) for at, text in enumerate(texts)]
