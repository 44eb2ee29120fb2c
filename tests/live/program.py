"""Runs the program under test as an operator does: one subprocess a call, with folders of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

TIMEOUT = 150.0
"""Seconds after which a call counts as hung; a verified action is the longest."""


@dataclass(frozen=True)
class Run:
    """What one call printed, and its exit status."""

    stdout: str
    stderr: str
    code: int

    @property
    def json(self) -> Any:
        """The JSON that the call printed; an AssertionError shows what it printed instead."""
        try:
            return json.loads(self.stdout)
        except ValueError:
            raise AssertionError(f"not JSON; {self}") from None

    def __str__(self) -> str:
        return f"exit {self.code}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"


Act = Callable[..., Run]
"""Runs a verb of the program on the object under test: `act("scale", "deployment/web", "--replicas=3")`."""


@dataclass(frozen=True)
class Program:
    """`aurora-tui` on one context, its journal and settings in the folder `home`; call it with a command.

    Without a `kubeconfig` or `context` it is left to find its own, as an operator may leave it.
    """

    home: Path
    kubeconfig: Path | None
    context: str | None

    def on(self, context: str | None) -> Program:
        """The same on another context."""
        return replace(self, context=context)

    @property
    def command(self) -> list[str]:
        """How the program is started: the installed script beside this Python, else its entry point."""
        script = Path(sys.executable).with_name("aurora-tui")
        start = [str(script)] if script.is_file() else [sys.executable, "-c", "from aurora_tui.cli import main; main()"]
        # The settings that name the stack's sources; another cluster's sources are found by the program itself.
        settings = os.environ.get("AURORA_LIVE_CONFIG")
        given = {"--kubeconfig": self.kubeconfig, "--context": self.context, "--config": settings}
        return start + [f"{name}={value}" for name, value in given.items() if value]

    @property
    def environ(self) -> dict[str, str]:
        """The variables that keep the program out of the user's own folders."""
        return {"XDG_STATE_HOME": str(self.home / "state"), "XDG_CONFIG_HOME": str(self.home / "config")}

    def __call__(self, *arguments: str, environ: Mapping[str, str] | None = None) -> Run:
        """Run one command to its end."""
        done = subprocess.run(
            [*self.command, *arguments],
            env={**os.environ, **self.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        # Whatever happens, an operator never reads a traceback.
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return Run(done.stdout, done.stderr, done.returncode)


def stack_variable(name: str) -> str:
    """A variable by which `python -m tests.live.stack` is found; a test that needs it fails in words."""
    value = os.environ.get(name)
    if not value:
        pytest.fail(f"{name} is not set: this test needs the stack that `make live` starts", pytrace=False)
    return value
