"""What every measurement is given: the cluster, the program's command line, and how long to look."""

from __future__ import annotations

import atexit
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.bench.console import LOCAL, Console
from tests.bench.line import Line
from tests.bench.server import Server, Target

PROGRAM = str(Path(sys.executable).with_name("aurora-tui"))


def _home() -> Path:
    """A folder that is gone when the harness ends."""
    folder = tempfile.TemporaryDirectory(prefix="aurora-bench-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


@dataclass(frozen=True)
class Bench:
    """One cluster under measurement; `short` asks for a fraction of the usual lengths."""

    target: Target
    config: str | None = None
    rate: float = 200.0
    """Pod changes a second where there is churn."""
    alertmanager: str | None = None
    """Where alerts can be made to fire."""
    short: bool = False
    home: Path = field(default_factory=_home)

    def scaled(self, seconds: float) -> float:
        return seconds / 3 if self.short else seconds

    def command(self) -> list[str]:
        given = ["--config", str(self._unhurried(Path(self.config)))] if self.config else []
        return [PROGRAM, *self.target.options(), *given, "-A"]

    def _unhurried(self, config: Path) -> Path:
        """The settings with the signals asked as often as shipped: tests ask them five times as often."""
        settings = yaml.safe_load(config.read_text(encoding="utf-8"))
        settings.pop("signals", None)
        self.home.mkdir(exist_ok=True)
        own = self.home / "settings.yaml"
        own.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
        return own

    @contextmanager
    def console(self, *, line: Line = LOCAL, settle: float = 3.0) -> Iterator[Console]:
        """The console with all pods on screen and the pods pane chosen; left as the operator leaves it."""
        pods = Server(self.target).count_pods()
        with Console(self.command(), line=line, env=self.environment()) as console:
            console.wait_for(f"{pods:,}", 60)
            console.wait_for("Running", 60)
            console.send(":pods\r")
            console.settle(settle)
            yield console
            console.send("\x03")
            console.wait_end()

    def environment(self) -> dict[str, str]:
        """A home of its own, so that nobody's settings and journal have a part in it."""
        home = str(self.home)
        return {"HOME": home, "XDG_STATE_HOME": f"{home}/state", "XDG_CONFIG_HOME": f"{home}/config"}
