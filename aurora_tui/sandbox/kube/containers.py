"""The life of one container: pulled, started, probed, crashed and started again."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator

from aurora_tui.model.frozen import Frozen
from aurora_tui.sandbox.kube.appetites import memory_limit, memory_needed
from aurora_tui.sandbox.kube.behaviours import behaviour_of
from aurora_tui.sandbox.kube.kinds import Json
from aurora_tui.sandbox.kube.stamps import stamp

NEVER = math.inf
_PULL_SECONDS = 1.2
_RETRY_FIRST, _RETRY_MOST = 10.0, 300.0
"""Back-off of image pulls and of restarts: doubled from the first to the most."""
_UNREADY = (10.0, 22.0)
"""Where in a bad minute the readiness probe fails, in seconds."""
_MINUTES_AHEAD = 1440
_KILLED = 137
_STILLBORN = 0.5
"""Seconds that a run lasts which cannot start."""


class Break(Frozen):
    """The epoch second from which a container cannot run any more, and the exit code of the run that it ended."""

    at: float
    exit_code: int


class Host(Frozen):
    """What a container needs of its kubelet."""

    now: Callable[[], float]
    event: Callable[[str, str, str, str], None]
    """Type, reason, message, field path."""
    has_image: Callable[[str], bool]
    new_id: Callable[[], str]


class Container:
    """`life` yields the epoch second at which it is to be resumed; `status` is true between."""

    def __init__(
        self, host: Host, pod: Json, spec: Json, *, init: bool, crashes: bool, breaks: Break | None = None
    ) -> None:
        self._host = host
        self._policy = "OnFailure" if init else pod["spec"]["restartPolicy"]
        self._label = f"{spec['name']} in pod {_full_name(pod)}"
        self._field = f"spec.{'initContainers' if init else 'containers'}{{{spec['name']}}}"
        self._init = init
        self._crashes = crashes
        self._breaks = breaks
        limit = memory_limit(spec)
        self._filled = limit / memory_needed(pod) if limit else math.inf
        """The share of the memory that it comes to need at which its limit is reached."""
        self._probed = "readinessProbe" in spec
        self._behaviour = behaviour_of(spec["image"])
        self.name: str = spec["name"]
        self.image: str = spec["image"]
        self.state: Json = {"waiting": {"reason": "PodInitializing" if init else "ContainerCreating"}}
        self.last: Json = {}
        self.restarts = 0
        self.ready = False
        self._id = ""

    @property
    def running(self) -> bool:
        return "running" in self.state

    @property
    def done(self) -> bool:
        """Ended well and not to be started again."""
        return bool(self.state.get("terminated", {}).get("exitCode") == 0)

    def status(self) -> Json:
        return {
            "name": self.name,
            "state": self.state,
            "lastState": self.last,
            "ready": self.ready,
            "restartCount": self.restarts,
            "image": self.image,
            "imageID": f"docker.io/{self.image}@sha256:{hashlib.sha256(self.image.encode()).hexdigest()}"
            if self._id
            else "",
            **({"containerID": self._id} if self._id else {}),
            "started": self.running,
        }

    def life(self) -> Iterator[float]:
        yield from self._pull()
        backoff = 0.0
        while True:
            yield from self._run()
            code = self.state["terminated"]["exitCode"]
            if self._policy == "Never" or (self._policy == "OnFailure" and code == 0):
                return
            yield from self._wait_to_restart(backoff)
            # The first restart is at once; the next waits 10 s, and so on (kuberuntime's doBackOff).
            backoff = min(max(backoff * 2, _RETRY_FIRST), _RETRY_MOST)
            self.restarts += 1

    def _event(self, reason: str, message: str, kind: str = "Normal") -> None:
        self._host.event(kind, reason, message, self._field)

    def _pull(self) -> Iterator[float]:
        image, backoff = self.image, _RETRY_FIRST
        while self._behaviour.missing:
            self._event("Pulling", f'Pulling image "{image}"')
            yield self._host.now() + _PULL_SECONDS
            where = f"docker.io/{image}"
            why = (
                f'rpc error: code = NotFound desc = failed to pull and unpack image "{where}": '
                f'failed to resolve reference "{where}": {where}: not found'
            )
            self._event("Failed", f'Failed to pull image "{image}": {why}', "Warning")
            self._event("Failed", "Error: ErrImagePull", "Warning")
            self.state = {"waiting": {"reason": "ErrImagePull", "message": why}}
            yield self._host.now() + 3.0
            told = f'Back-off pulling image "{image}"'
            self._event("BackOff", told, "Normal")
            self._event("Failed", "Error: ImagePullBackOff", "Warning")
            self.state = {"waiting": {"reason": "ImagePullBackOff", "message": told}}
            yield self._host.now() + backoff
            backoff = min(backoff * 2, _RETRY_MOST)
        if self._host.has_image(image):
            self._event("Pulled", f'Container image "{image}" already present on machine')
        else:
            self._event("Pulling", f'Pulling image "{image}"')
            yield self._host.now() + _PULL_SECONDS
            size = 40_000_000 + int.from_bytes(hashlib.sha256(image.encode()).digest()[:4], "big") // 20
            took = f"{_PULL_SECONDS:g}s"
            self._event(
                "Pulled",
                f'Successfully pulled image "{image}" in {took} ({took} including waiting). Image size: {size} bytes.',
            )

    def _run(self) -> Iterator[float]:
        """From start to end; a container that serves never comes to the end by itself."""
        now = self._host.now()
        self._id = self._host.new_id()
        self._event("Created", f"Created container: {self.name}")
        self._event("Started", f"Started container {self.name}")
        self.state = {"running": {"startedAt": stamp(now)}}
        behaviour, crash = self._behaviour, self._behaviour.crash
        lasts = behaviour.runs_for if behaviour.runs_for is not None or not self._init else 1.0
        code = 0
        if crash is not None and self._crashes and lasts is None:
            lasts = crash.later_runs if self.restarts else crash.first_run
            code = crash.exit_code
        end = NEVER if lasts is None else float(math.ceil(now + lasts))
        reason = ""
        if self._filled < 1.0 and not self._init and (full := self._full(now)) < end:
            end, code, reason = full, _KILLED, "OOMKilled"
        if self._breaks is not None and (broken := max(self._breaks.at, math.ceil(now + _STILLBORN))) < end:
            end, code = broken, self._breaks.exit_code if now < self._breaks.at else 1
        if not self._init:
            yield from self._probe(now, end)
        if self._host.now() < end:
            yield end
        self.ready = False
        ended = {
            "exitCode": code,
            "reason": reason or ("Error" if code else "Completed"),
            "startedAt": self.state["running"]["startedAt"],
            "finishedAt": stamp(end),
            "containerID": self._id,
        }
        self.state = {"terminated": ended}

    def _full(self, started: float) -> float:
        """When the container has filled the memory that it may have: the sooner, the less that is."""
        spread = int.from_bytes(hashlib.blake2b(self._id.encode(), digest_size=1).digest(), "big") / 8.0
        return float(math.ceil(started + 120.0 * self._filled + spread))

    def _probe(self, started: float, end: float) -> Iterator[float]:
        """Readiness from the start of a run to its end."""
        first = started + (self._behaviour.ready_after if self._probed else 0.0)
        if first >= end:
            return
        if first > started:
            yield first
        self.ready = True
        while (bad := self._bad_minute(self._host.now())) is not None and bad + _UNREADY[1] < end:
            yield bad + _UNREADY[0]
            self._event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 500", "Warning")
            self.ready = False
            yield bad + _UNREADY[1]
            self.ready = True

    def _bad_minute(self, now: float) -> float | None:
        """The next whole minute in which the probe will fail for a while."""
        share = self._behaviour.unready_share if self._probed else 0.0
        if not share:
            return None
        minute = int(now) // 60 + 1
        for each in range(minute, minute + _MINUTES_AHEAD):
            digest = hashlib.blake2b(f"{self._id} {each}".encode(), digest_size=4).digest()
            if int.from_bytes(digest, "big") < share * 2**32:
                return each * 60.0
        return None

    def _wait_to_restart(self, backoff: float) -> Iterator[float]:
        finished = self._host.now()
        ended = self.state
        yield finished + 1.0
        if backoff:
            pretty = f"{int(backoff) // 60}m{int(backoff) % 60}s" if backoff >= 60 else f"{int(backoff)}s"
            told = f"back-off {pretty} restarting failed container={self._label.replace(' in pod ', ' pod=')}"
            self._event("BackOff", f"Back-off restarting failed container {self._label}", "Warning")
            self.state = {"waiting": {"reason": "CrashLoopBackOff", "message": told}}
            self.last = ended
            yield finished + backoff
        self.last = ended
        self._event("Pulled", f'Container image "{self.image}" already present on machine')


def _full_name(pod: Json) -> str:
    metadata = pod["metadata"]
    return f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
