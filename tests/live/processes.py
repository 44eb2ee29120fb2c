"""Runs child processes, each with its own group and log, tells when one dies, and stops them by id."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TAIL_BYTES = 4000
PATIENCE = 3.0
"""Seconds between the polite and the hard end of a child."""
_claims: list[socket.socket] = []
"""What keeps given ports from being given again."""


class ChildDiedError(RuntimeError):
    """A child ended by itself, or did not become ready; the text holds the end of its log."""


@dataclass(frozen=True)
class Child:
    """One running program: its process group has the same id as its process."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def tail(self) -> str:
        return self.log.read_bytes()[-TAIL_BYTES:].decode(errors="replace")


class Processes:
    """The children of one stack, in the order in which they were started."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: list[Child] = []
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> Child:
        """Start `command` with its output in `<logs>/<name>.log`; it dies with this process."""
        setpriv = shutil.which("setpriv")
        leash = [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
        log = self._logs / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [*leash, *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        child = Child(name, process, log)
        self._children.append(child)
        return child

    def children(self) -> Sequence[Child]:
        return tuple(self._children)

    def check(self) -> None:
        """Raise ChildDiedError when any child has ended."""
        for child in self._children:
            status = child.process.poll()
            if status is not None:
                raise ChildDiedError(
                    f"{child.name} ended with status {status}; the end of {child.log}:\n{child.tail()}"
                )

    def wait_until(self, ready: Callable[[], bool], what: str, timeout: float, child: Child | None = None) -> None:
        """Poll `ready` until it is true; raise ChildDiedError after `timeout` seconds or a child's death."""
        deadline = time.monotonic() + timeout
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                tail = f"; the end of {child.log}:\n{child.tail()}" if child else f"; logs in {self._logs}"
                raise ChildDiedError(f"{what} not reached within {timeout:.0f} s{tail}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End every child group, the last started first, so that none loses what it depends on."""
        for child in reversed(self._children):
            _signal(child, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(PATIENCE)
            _signal(child, signal.SIGKILL)
            child.process.wait()
        self._children.clear()


def _signal(child: Child, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.process.pid, number)


def free_ports(count: int) -> list[int]:
    """Return free ports of 127.0.0.1, below the range from which outgoing connections take theirs.

    Until this process ends no other call gives one of them, in whatever process: who asked for it may not listen yet.
    """
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            claim = socket.socket(socket.AF_UNIX)
            _claims.append(claim)
            claim.bind(f"\0aurora-live-port-{port}")  # a name in memory, which goes when the process does
            found.append(port)
    return found
