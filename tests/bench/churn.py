"""``python -m tests.bench.churn``: changes pods' statuses at a steady rate, from a process of its own.

Each change is what a kubelet writes when a container was restarted: one more restart, the end of the run before,
the begin of the new one. Only pods in namespaces whose names begin with the prefix are touched. Prints one line
of JSON a second and ends with its standard input.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.bench.figures import percentile
from tests.bench.server import Object, RefusedError, Server, Target, path_of

PREFIX = "load-"
CONNECTIONS = 16
"""Requests in flight at most: the API server takes some milliseconds for each."""


@dataclass(frozen=True)
class Second:
    """What was done within one second; `answer` is the 95th percentile of the server's time, in milliseconds."""

    at: float
    done: int
    refused: int
    answer: float


class Churn:
    """The changes and their pace: each is due at its time, and one that is late is made up for."""

    def __init__(self, target: Target, rate: float) -> None:
        self._target = target
        self._rate = rate
        self._pods = Server(target).pods(PREFIX)
        if not self._pods:
            raise SystemExit(f"no running pods in namespaces {PREFIX}*: nothing to change")
        self._restarts = {path_of(pod): _restarts(pod) for pod in self._pods}
        self._lock = threading.Lock()
        self._due = time.monotonic()
        self._answers: list[float] = []
        self._refused = 0

    def start(self) -> None:
        for _ in range(CONNECTIONS):
            threading.Thread(target=self._work, daemon=True).start()

    def second(self) -> Second:
        """Take what was counted since the call before."""
        with self._lock:
            answers, refused = self._answers, self._refused
            self._answers, self._refused = [], 0
        return Second(time.monotonic(), len(answers), refused, 1000 * percentile(answers or [0.0], 0.95))

    def _work(self) -> None:
        server = Server(self._target)
        while True:
            with self._lock:
                due = self._due
                # After a standstill of the server nobody is owed a burst.
                self._due = max(due + 1 / self._rate, time.monotonic() - 1)
                pod = random.choice(self._pods)
                path = path_of(pod)
                self._restarts[path] += 1
                count = self._restarts[path]
            time.sleep(max(due - time.monotonic(), 0))
            begun = time.monotonic()
            try:
                server.patch(f"{path}/status", restarted(pod, count, datetime.now(UTC)))
            except (RefusedError, OSError):
                with self._lock:
                    self._refused += 1
                continue
            with self._lock:
                self._answers.append(time.monotonic() - begun)


def restarted(pod: Object, count: int, now: datetime) -> list[Object]:
    """The JSON patch of a pod whose first container has just been restarted for the `count`-th time."""
    status = pod["status"]["containerStatuses"][0]
    stamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    ended = {"exitCode": 137, "reason": "Error", "startedAt": pod["status"]["startTime"], "finishedAt": stamp}
    fresh = status | {
        "restartCount": count,
        "state": {"running": {"startedAt": stamp}},
        "lastState": {"terminated": ended | {"containerID": status.get("containerID", "")}},
    }
    return [{"op": "replace", "path": "/status/containerStatuses/0", "value": fresh}]


def _restarts(pod: Object) -> int:
    return int(pod["status"]["containerStatuses"][0]["restartCount"])


class Running:
    """The generator as a child process, and what it said so far."""

    def __init__(self, target: Target, rate: float) -> None:
        command = [sys.executable, "-m", "tests.bench.churn", *target.options(), "--kubectl", target.kubectl]
        self._process = subprocess.Popen(
            [*command, "--rate", str(rate)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.seconds: list[Second] = []
        self._begun = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def await_begin(self) -> None:
        if not self._begun.wait(60) or self._process.poll() is not None:
            raise SystemExit("the generator of changes did not begin")

    def rate_since(self, begun: float) -> float:
        """Changes a second that the server has taken since then."""
        counted = [second for second in self.seconds if second.at - 1 >= begun]
        return sum(second.done for second in counted) / len(counted) if counted else float("nan")

    def answer_since(self, begun: float) -> float:
        """The median of the seconds' 95th percentiles of the server's answers since then, in milliseconds."""
        counted = [second.answer for second in self.seconds if second.at - 1 >= begun]
        return percentile(counted, 0.5)

    def stop(self) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        self._process.wait(10)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.seconds.append(Second(**json.loads(line)))
            self._begun.set()
        self._begun.set()


@contextmanager
def churning(target: Target, rate: float) -> Iterator[Running]:
    """Changes at this rate while within."""
    running = Running(target, rate)
    try:
        running.await_begin()
        yield running
    finally:
        running.stop()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.churn", description=__doc__)
    parser.add_argument("--kubeconfig", required=True)
    parser.add_argument("--context", required=True)
    parser.add_argument("--kubectl", default="kubectl")
    parser.add_argument("--rate", type=float, default=200.0, help="changes a second")
    options = parser.parse_args()
    churn = Churn(Target(options.kubeconfig, options.context, options.kubectl), options.rate)
    churn.start()
    over = threading.Event()

    def await_end() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=await_end, daemon=True).start()
    while not over.wait(1.0):
        print(json.dumps(churn.second().__dict__), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
