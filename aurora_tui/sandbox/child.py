"""Runs the sandbox in a process of its own, which ends with the one that started it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO

import msgspec

from aurora_tui.sandbox.addresses import Addresses
from aurora_tui.sandbox.scenarios import DEFAULT

_CHECKOUT = Path(__file__).resolve().parents[2]
_GRACE_S = 3.0


class SandboxError(Exception):
    """The sandbox did not start; the message says why."""


def start_in_subprocess(scenario: str = DEFAULT) -> ChildSandbox:
    """Begin to start the sandbox in a child process; returns at once, `ChildSandbox.ready` waits.

    The child ends when its standard input closes, and so when this process dies in whatever way.
    Raises OSError.
    """
    report, child_end = os.pipe()
    errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the child
    paths = os.pathsep.join(filter(None, (str(_CHECKOUT), os.environ.get("PYTHONPATH"))))
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "aurora_tui.sandbox", "--scenario", scenario, "--ready-fd", str(child_end)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            pass_fds=(child_end,),
            env={**os.environ, "PYTHONPATH": paths},
            start_new_session=True,  # a Ctrl+C at the terminal is the program's to handle
        )
    except OSError:
        os.close(report)
        errors.close()
        raise
    finally:
        os.close(child_end)
    return ChildSandbox(process, report, errors)


class ChildSandbox:
    """A sandbox in a child process; as a context manager it waits at the start and stops at the end."""

    def __init__(self, process: subprocess.Popen[bytes], report: int, errors: IO[bytes]) -> None:
        self._process = process
        self._report = report
        self._errors = errors
        self._addresses: Addresses | None = None

    def ready(self, timeout: float = 60.0) -> Addresses:
        """Wait until it serves.  Blocks; raises SandboxError when it ends or `timeout` seconds pass."""
        if self._addresses is None:
            text = self._reported(time.monotonic() + timeout)
            if not text.endswith(b"\n"):
                self.stop()
                raise SandboxError(f"the sandbox did not start: {self._last_words() or 'it gave no answer'}")
            self._addresses = msgspec.json.decode(text, type=Addresses)
        return self._addresses

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        """End the child and wait for it; its files are gone then.  May be called again."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._report >= 0:
            os.close(self._report)
            self._report = -1

    def __enter__(self) -> Addresses:
        return self.ready()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _reported(self, deadline: float) -> bytes:
        """What the child wrote: a line once it serves, less if it ended or did not in time."""
        text = b""
        while not text.endswith(b"\n"):
            readable, _, _ = select.select([self._report], [], [], max(0.0, deadline - time.monotonic()))
            if not readable or not (part := os.read(self._report, 4096)):
                break
            text += part
        return text

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""
