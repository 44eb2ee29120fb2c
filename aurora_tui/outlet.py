"""What is written to the terminal: by a thread of its own, and pictures no faster than the terminal takes them."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable

from aurora_tui.model.frozen import Frozen

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


class _Question(Frozen):
    """What the terminal was asked behind a picture: when, and how many bytes were written and read until then."""

    moment: float
    written: int
    read: int


class Pace:
    """How fast the terminal at the other end of the line takes pictures, by the answers that it gives.

    Behind each picture the terminal is asked for its cursor (CPR, which all terminals know); the answer comes
    when it has read everything before it. So it is known how much is under way, how long the line is (its
    quickest answer) and, where answers are late because bytes queue up, how many bytes a second it takes. Only
    as much is put under way as keeps the line full: the next picture waits until there is room, and is then the
    newest one. Whoever wrote into the queue would see keys answered seconds later.
    """

    ASK = "\x1b[6n"
    _SLACK = 0.05
    """Seconds beyond the line's own time that bytes may queue."""
    _LEAST, _MOST = 2048, 32768
    """Bytes that may be under way on any line, and on one that never was too slow."""
    _GROWTH = 1.25
    """By how much more may be under way after an answer in the line's own time."""
    _FADING = 0.8
    """What is left of a rate after an answer that tells of a lower one."""
    _LOST = 3.0
    """Seconds after which an answer is not waited for any more."""
    _LOSSES = 3
    """Answers in a row after whose loss the terminal is taken for one that does not answer."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: deque[_Question] = deque()
        self._written = self._read = 0
        """Bytes of pictures since the beginning, and those of them that the terminal has read for certain."""
        self._room = float(self._MOST)
        """Bytes that may be under way."""
        self._rate = 0.0
        """Bytes a second that a full line takes."""
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
        if self._asked and self._known and self._clock() - self._asked[0].moment > self._LOST:
            # What is lost once is lost for all that were asked meanwhile.
            self._lost += 1
            self._forget()
            self._known = self._lost < self._LOSSES
        return not self._known or self._written - self._read < self._bears

    @property
    def _bears(self) -> float:
        """Bytes that may be under way now: few where the line was quick, and now does not answer in its own time."""
        stalls = self._asked and self._clock() - self._asked[0].moment > (self.round_trip or 0.0) + self._SLACK
        return self._LEAST if stalls and not self._rate else self._room

    @property
    def wait(self) -> float:
        """Seconds after which to look again where no answer comes."""
        return max(self._asked[0].moment + self._LOST - self._clock(), 0.0) + 0.01 if self._asked else 0.01

    def sent(self, size: int) -> str:
        """A picture of so many bytes is written now; what to write behind it."""
        if not self._known and self._asked and self._clock() - self._asked[0].moment > self._LOST:
            self._forget()
        self._written += size
        self._asked.append(_Question(self._clock(), self._written, self._read))
        return self.ASK

    def answered(self, moment: float) -> None:
        """The terminal had read everything up to the question that was asked first of those without an answer."""
        if not self._asked:
            return
        asked = self._asked.popleft()
        took = moment - asked.moment
        self._known, self._lost, self._read = True, 0, asked.written
        self.answers += 1
        # Slowly forgotten: the line may become another one while the program runs.
        self.round_trip = took if self.round_trip is None else min(took, self.round_trip * 1.01 + 0.0005)
        if took > self.round_trip + self._SLACK:
            # Less than the line bears where it was empty before, so that it is believed by and by.
            self._rate = max((asked.written - asked.read) / took, self._rate * self._FADING)
            self._room = max(self._LEAST, self._rate * (self.round_trip + self._SLACK))
        else:
            self._room = min(self._MOST, self._room * self._GROWTH)

    def _forget(self) -> None:
        self._asked.clear()
        self._read = self._written
