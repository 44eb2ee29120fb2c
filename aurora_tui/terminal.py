"""The terminal under the screen: Textual's driver, made to outlive a terminal that goes away."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
from typing import IO, Any

from textual.drivers.linux_driver import LinuxDriver

_LOOK = 1000
"""Milliseconds between two looks whether the input is still wanted, while the terminal is there."""


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
    a program whose connection was lost would stay behind. While it is suspended nothing is painted: the
    terminal is somebody else's, and the thread that writes to it is not there.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._file: Any = Outlet(self._file)
        self._suspended = False

    def write(self, data: str) -> None:
        if not self._suspended:
            super().write(data)

    def suspend_application_mode(self) -> None:
        super().suspend_application_mode()
        self._suspended = True

    def resume_application_mode(self) -> None:
        self._suspended = False
        super().resume_application_mode()

    def _get_terminal_size(self) -> tuple[int, int]:
        """Columns and lines of the terminal itself: an exported ``COLUMNS`` is that of another time or place."""
        try:
            size = os.get_terminal_size(self.fileno)
        except OSError:
            return super()._get_terminal_size()
        return size.columns or 80, size.lines or 24

    def _run_input_thread(self) -> None:
        over = threading.Event()
        threading.Thread(target=self._await_hang_up, args=(over,), name="hang-up", daemon=True).start()
        try:
            super()._run_input_thread()
        finally:
            over.set()

    def _await_hang_up(self, over: threading.Event) -> None:
        """End the program with its terminal, also where nobody sends SIGHUP.

        The kernel sends it to the session's leader alone, and make, for one, keeps it to itself; Textual
        takes the end of the input for a pause and would ask again at once, for ever.
        """
        poll = select.poll()
        poll.register(self.fileno, 0)  # a hang-up is told unasked
        while not over.is_set():
            if poll.poll(_LOOK) and not over.is_set():
                self._app.call_later(self._app.exit, 128 + signal.SIGHUP)
                return

    def _sigcont_application(self, *_: object) -> None:
        # The kernel sends SIGCONT after every SIGHUP; taken for the end of a suspension that never was,
        # it would start a second set of threads on the terminal that is just going away.
        if self._must_signal_resume:
            super()._sigcont_application()
