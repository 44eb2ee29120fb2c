"""The terminal under the screen: Textual's driver, made to outlive a terminal that is slow or goes away."""

from __future__ import annotations

import contextlib
import contextvars
import os
import re
import select
import signal
import threading
import time
from codecs import getincrementaldecoder
from collections.abc import Callable
from typing import Any, Protocol, cast

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.events import CursorPosition
from textual.message import Message

from aurora_tui.outlet import Outlet, Pace
from aurora_tui.surroundings import ASK_BACKGROUND, light_answer

_LOOK = 1000
"""Milliseconds between two looks whether the input is still wanted, while the terminal is there."""
_SYNC_FROM = 512
"""Bytes from which a picture is marked as one, so that no half of it is seen; less comes in one piece anyway."""
_SYNC_ON, _SYNC_OFF = "\x1b[?2026h", "\x1b[?2026l"
_LAST_WORDS = 2.0
"""Seconds that a terminal has to take what restores it, and to answer what it was asked before."""
_FIRST_ANSWER = 0.5
"""Seconds that one has to answer which has not answered yet: it may be of those that never do."""
_ANSWER_WITHIN = 5.0
"""Seconds in which a terminal tells its background, or never."""


class Painting(Protocol):
    """The program as the driver knows it."""

    asks_background: bool
    """Whether the terminal's background is to be asked for."""

    def terminal_is_ready(self) -> None:
        """The terminal took what was written."""

    def terminal_is_blank(self) -> None:
        """What was painted is not there any more."""

    def background_told(self, light: bool) -> None:
        """The terminal said whether its background is light."""


class ConsoleDriver(LinuxDriver):
    """Never waits for its terminal, and ends with it.

    Textual writes from a thread with a short queue: whoever writes to a terminal that takes nothing waits,
    and the keys with it; an error ends the thread, and the program waits for ever. Here pictures are
    painted only while the terminal keeps up (`is_ready`). While it is suspended nothing is painted: the
    terminal is somebody else's.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._program = cast(Painting, self._app)
        self._context = contextvars.copy_context()
        """In which Textual knows which app is meant."""
        assert self._file is not None
        self._outlet = Outlet(self._file.fileno(), lambda: self._tell(self._program.terminal_is_ready))
        self.pace = Pace()
        self._suspended = False
        self._heard = threading.Condition()
        self._owed = 0
        """Answers that the terminal has still to give."""
        self._answers = self._asks = True
        """Whether there is a terminal that could answer, and whether it is asked."""
        self._wake: int | None = None
        self._background_until = 0.0

    @property
    def is_ready(self) -> bool:
        """Whether a picture that is painted now is seen soon."""
        return self._outlet.is_idle and self.pace.may_send

    def write(self, data: str) -> None:
        if not self._suspended:
            self._outlet.write(data)

    def paint(self, picture: str, *, whole: bool) -> None:
        """Write a picture; `whole` where the terminal can hold it back until all of it is there."""
        if self._suspended:
            return
        size = len(picture.encode("utf-8", "replace"))
        if whole and size >= _SYNC_FROM:
            picture = f"{_SYNC_ON}{picture}{_SYNC_OFF}"
            size += len(_SYNC_ON) + len(_SYNC_OFF)
        if not self._asks:
            self.write(picture)
            return
        with self._heard:
            self._owed += 1
        self.write(picture + self.pace.sent(size))

    def start_application_mode(self) -> None:
        self.pace = Pace()
        self._asks = True
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._program.asks_background and self.input_tty:
            self._background_until = time.monotonic() + _ANSWER_WITHIN
            self.write(ASK_BACKGROUND)

    def close(self) -> None:
        self._outlet.drain(_LAST_WORDS)
        super().close()

    def suspend_application_mode(self) -> None:
        super().suspend_application_mode()
        self._suspended = True

    def resume_application_mode(self) -> None:
        self._suspended = False
        super().resume_application_mode()
        self._tell(self._program.terminal_is_blank)

    def process_message(self, message: Message) -> None:
        if isinstance(message, CursorPosition):
            with self._heard:
                self._owed = max(self._owed - 1, 0)
                self._heard.notify_all()
            self._tell(self._take_answer, time.monotonic())
        else:
            super().process_message(message)

    def _hear_out(self) -> None:
        """Wait for the answers that are still to come: who has the terminal next would take them for keys."""
        until = time.monotonic() + (_LAST_WORDS if self.pace.answers else _FIRST_ANSWER)
        self._asks = False
        self._outlet.drain(until - time.monotonic())
        with self._heard:
            self._heard.wait_for(lambda: not (self._owed and self._answers), max(until - time.monotonic(), 0.0))
            self._owed = 0

    def _hang_up(self) -> None:
        with self._heard:
            self._answers = False
            self._heard.notify_all()

    def _take_answer(self, moment: float) -> None:
        self.pace.answered(moment)
        self._program.terminal_is_ready()

    def _tell(self, call: Callable[..., None], *values: object) -> None:
        """From another thread; nobody is there any more where the loop is closed."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *values, context=self._context)

    def _get_terminal_size(self) -> tuple[int, int]:
        """Columns and lines of the terminal itself: an exported ``COLUMNS`` is that of another time or place."""
        try:
            size = os.get_terminal_size(self.fileno)
        except OSError:
            return super()._get_terminal_size()
        return size.columns or 80, size.lines or 24

    def disable_input(self) -> None:
        if self._wake is not None and not self.exit_event.is_set():
            self._hear_out()
            os.write(self._wake, b"\0")
        super().disable_input()

    def run_input_thread(self) -> None:
        """Read keys, and sleep while there are none: Textual's own loop looks ten times a second.

        Bytes that are no text are shown as such; Textual's own loop ends with them.
        """
        awake, self._wake = os.pipe()
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        held = ""
        try:
            while not self.exit_event.is_set():
                until = parser._timeout_time
                wait = None if until is None else max(until - time.monotonic(), 0.0)
                ready = select.select([self.fileno, awake], [], [], wait)[0]
                if awake in ready:
                    break
                if self.fileno in ready:
                    data = os.read(self.fileno, 4096)
                    if not data:  # hung up: `_await_hang_up` ends the program
                        self._hang_up()
                        select.select([awake], [], [])
                        break
                    text = held + decode(data)
                    text, held = self._without_background(text)
                    for event in parser.feed(text) if text else ():
                        self.process_message(event)
                for event in parser.tick():
                    self.process_message(event)
        except OSError:  # hung up, too
            self._hang_up()
            select.select([awake], [], [])
        finally:
            wake, self._wake = self._wake, None
            os.close(awake)
            os.close(wake)

    def _without_background(self, text: str) -> tuple[str, str]:
        """The input without the terminal's answer on its background, and what may be the beginning of one."""
        if time.monotonic() > self._background_until:
            return text, ""
        found = _ANSWER.search(text)
        if found is None:
            begun = _BEGUN.search(text)
            return (text[: begun.start()], begun[0]) if begun else (text, "")
        self._background_until = 0.0
        light = light_answer(found[0])
        if light is not None:
            self._tell(self._program.background_told, light)
        return text[: found.start()] + text[found.end() :], ""

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


_ANSWER = re.compile(r"\x1b\]11;[^\x07\x1b]*(?:\x07|\x1b\\)")
_BEGUN = re.compile(r"\x1b\](?:1(?:1(?:;[^\x07\x1b]*\x1b?)?)?)?\Z")
