"""What is written to the terminal: by a thread of its own, and pictures no faster than the terminal takes them."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable

_TRY_AGAIN = 1.0
"""Seconds between two looks whether a terminal that takes nothing takes something again."""


class Outlet:
    """Writes to a file descriptor without ever keeping its caller waiting.

    Once the terminal is gone, what is still written goes nowhere. `drained` is called, in the thread that
    writes, each time that everything was handed over.
    """

    def __init__(self, fd: int, drained: Callable[[], None]) -> None:
        self._fd = fd
        self._drained = drained
        self._texts: deque[str] = deque()
        self._ready = threading.Condition()
        self._writing = False
        self._thread: threading.Thread | None = None

    def write(self, text: str) -> None:
        """Write a text, now or as soon as the terminal takes it."""
        with self._ready:
            if self._thread is None:
                # A thread that the end of the program does not wait for: the terminal may never take the rest.
                self._thread = threading.Thread(target=self._run, name="output", daemon=True)
                self._thread.start()
            self._texts.append(text)
            self._ready.notify_all()

    @property
    def is_idle(self) -> bool:
        """Whether everything was handed over."""
        return not (self._texts or self._writing)

    def drain(self, seconds: float) -> bool:
        """Wait until everything was handed over, at most so long; whether it was."""
        with self._ready:
            return self._ready.wait_for(lambda: self.is_idle, seconds)

    def _run(self) -> None:
        while True:
            with self._ready:
                self._ready.wait_for(lambda: bool(self._texts))
                text = "".join(self._texts)
                self._texts.clear()
                self._writing = True
            self._hand_over(text.encode("utf-8", "replace"))
            with self._ready:
                self._writing = False
                self._ready.notify_all()
                idle = not self._texts
            if idle:
                self._drained()

    def _hand_over(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            while data:
                try:
                    data = data[os.write(self._fd, data) :]
                except BlockingIOError:  # whoever shares the terminal may have set it so
                    select.select([], [self._fd], [], _TRY_AGAIN)


class Pace:
    """How fast the terminal at the other end of the line takes pictures, by the answers that it gives.

    Behind a picture the terminal is asked for its cursor (CPR, which all terminals know); the answer comes
    when it has read everything before it. An answer that takes longer than the line itself means that
    bytes queue up on their way: the next picture waits for it, and is then the newest one. Whoever
    wrote into the queue would see keys answered seconds later.
    """

    ASK = "\x1b[6n"
    _SLACK = 0.05
    """Seconds beyond the line's own time that bytes may queue before pictures wait."""
    _AHEAD = 8192
    """Bytes that may be under way without an answer, beside the picture that was asked behind."""
    _LOST = 3.0
    """Seconds after which an answer is not waited for any more."""
    _LOSSES = 3
    """Answers in a row after whose loss the terminal is taken for one that does not answer."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: float | None = None
        self._under_way = 0
        self._known = False
        """Whether this terminal answers at all."""
        self._lost = 0
        """How many answers in a row did not come."""
        self.round_trip: float | None = None
        """Seconds that the line takes there and back, at its best; None before the first answer."""
        self.answers = 0
        """How many answers that is known by."""

    @property
    def may_send(self) -> bool:
        """Whether the next picture would be seen soon."""
        if self._asked is None or not self._known:
            return True
        waited = self._clock() - self._asked
        if waited > self._LOST:
            self._lost += 1
            self._asked, self._known = None, self._lost < self._LOSSES
            return True
        return waited <= (self.round_trip or 0.0) + self._SLACK and self._under_way < self._AHEAD

    @property
    def wait(self) -> float:
        """Seconds after which to look again where no answer comes."""
        return 0.0 if self._asked is None else max(self._asked + self._LOST - self._clock(), 0.0) + 0.01

    def sent(self, size: int) -> str:
        """A picture of so many bytes is written now; what to write behind it."""
        if self._asked is None:
            self._asked, self._under_way = self._clock(), 0
            return self.ASK
        self._under_way += size
        return ""

    def answered(self, moment: float) -> None:
        """The terminal had read everything up to the question."""
        if self._asked is None:
            return
        took = moment - self._asked
        self._asked, self._known, self._lost = None, True, 0
        self.answers += 1
        # Slowly forgotten: the line may become another one while the program runs.
        self.round_trip = took if self.round_trip is None else min(took, self.round_trip * 1.01 + 0.0005)
