"""The terminal under the screen: Textual's driver, made to outlive a terminal that goes away."""

from __future__ import annotations

import contextlib
from typing import IO, Any

from textual.drivers.linux_driver import LinuxDriver


class Outlet:
    """What the screen is written to. Once the terminal is gone, what is still written goes nowhere."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._file.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._file.flush()

    def fileno(self) -> int:
        return self._file.fileno()


class ConsoleDriver(LinuxDriver):
    """Ends with its terminal.

    Textual writes from a thread that an error ends; whoever writes next then waits for it for ever, and
    a program whose connection was lost would stay behind.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._file: Any = Outlet(self._file)

    def _sigcont_application(self, *_: object) -> None:
        # The kernel sends SIGCONT after every SIGHUP; taken for the end of a suspension that never was,
        # it would start a second set of threads on the terminal that is just going away.
        if self._must_signal_resume:
            super()._sigcont_application()
