"""The real program as the operator starts it: on a demo stack, with a home of its own."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from aurora_tui.sandbox.addresses import Addresses
from tests.terminal import Terminal

PROGRAM = str(Path(sys.executable).with_name("aurora-tui"))
BACKEND = "/apis/apps/v1/namespaces/aurora/deployments/aurora-backend"


def home(folder: Path) -> dict[str, str]:
    """The environment of somebody whose files all lie in a folder."""
    return {"HOME": str(folder), "XDG_STATE_HOME": str(folder / "state"), "XDG_CONFIG_HOME": str(folder / "config")}


@dataclass(frozen=True, slots=True)
class Program:
    """``aurora-tui`` with the addresses of a stack, run by one user."""

    stack: Addresses
    folder: Path

    def command(self, *options: str) -> list[str]:
        stack = self.stack
        given = ["--kubeconfig", stack.kubeconfig, "--config", stack.config, "--context", stack.context]
        return [PROGRAM, *given, *options]

    def open(
        self,
        *options: str,
        columns: int = 160,
        lines: int = 48,
        env: Mapping[str, str] | None = None,
        far: float = 0.0,
    ) -> Terminal:
        """The console in a terminal, whose answers take `far` seconds."""
        env = {**home(self.folder), **(env or {})}
        return Terminal(self.command(*options), columns=columns, lines=lines, env=env, far=far)

    def journal(self) -> list[dict[str, Any]]:
        """What the program says was done, newest first."""
        entries: list[dict[str, Any]] = msgspec.json.decode(self.run("journal", "list", "-o", "json").stdout)
        return entries

    def run(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """A command without a terminal, with `typed` as its input."""
        return subprocess.run(
            [PROGRAM, *arguments],
            check=False,
            env=home(self.folder),
            input=typed,
            capture_output=True,
            text=True,
        )

    def deployment(self) -> dict[str, Any]:
        """``aurora-backend`` as the API server has it, asked without the program."""
        kubeconfig = msgspec.json.decode(Path(self.stack.kubeconfig).read_bytes())
        token = kubeconfig["users"][0]["user"]["token"]
        asked = urllib.request.Request(self.stack.kubernetes + BACKEND, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(asked) as answer:
            found: dict[str, Any] = msgspec.json.decode(answer.read())
        return found
