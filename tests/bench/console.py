"""The program in a pseudo-terminal as the harness drives it: what came when, and when the right paint stood there.

While a key is measured nothing is computed: arrivals are stamped and kept, and only then fed to the emulator. Where
the program asks for the cursor's place that is counted (`place_after`); what cannot be is fed at once.
"""

from __future__ import annotations

import os
import re
import select
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.cursor import FAR, place_after
from tests.bench.line import Line, Throttle
from tests.terminal import Terminal

LOCAL = Line()
_ASKED = re.compile(rb"\x1b\[(?:\?(?P<mode>\d+)\$p|(?P<device>>?0?)c|(?P<place>6n)|(?P<keyboard>\?u)|(?P<name>>0?q))")
_UNKNOWN_MODES = (b"2048",)
_WINDOW = 0.15
"""Seconds after a key in which only arrivals are stamped."""


@dataclass(frozen=True)
class Answered:
    """What followed a key or a change, in seconds from it; `painted` is None where it never stood there."""

    first: float | None
    painted: float | None
    size: int
    """Bytes that came within the time looked at."""


class Console(Terminal):
    """The program behind a line, answering its terminal's queries as an xterm with synchronized output does."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        line: Line = LOCAL,
        columns: int = 160,
        lines: int = 48,
        env: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(command, columns=columns, lines=lines, env=env)
        self.line = line
        self._throttle = Throttle(line, time.monotonic())
        self._under_way: deque[tuple[float, bytes]] = deque()
        self._arrivals: deque[tuple[float, int]] = deque()
        """(when, how far `raw` reached then) of what the emulator was not yet fed."""
        self._last_arrival = self.started
        self._awaited: Callable[[], bool] | None = None
        self._seen_at: float | None = None
        self.arrived: list[tuple[float, int]] | None = None
        """All arrivals from the start on, kept where this is made a list before anything is read."""
        self._asked = b""

    def read(self, seconds: float = 0.05) -> bytes:
        """What arrives within `seconds` at the far end of the line; empty when nothing does."""
        deadline = time.monotonic() + seconds
        while True:
            self._take(min(deadline, self._next_arrival()))
            now = time.monotonic()
            if self._under_way and self._under_way[0][0] <= now:
                return self._deliver(now)
            if now >= deadline:
                return b""

    def text(self) -> str:
        self.feed()
        return "\n".join(row.rstrip() for row in self.screen.display)

    def feed(self) -> None:
        """Feed the emulator what arrived; the arrival with which the screen first is as awaited is noted."""
        while self._arrivals:
            at, end = self._arrivals.popleft()
            self._stream.feed(bytes(self.raw[self._fed : end]))
            self._fed = end
            if self._awaited is not None and self._awaited():
                self._seen_at, self._awaited = at, None

    def settle(self, seconds: float) -> None:
        """Take what comes for so long, and show it."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.read(left)
        self.feed()

    def press(self, keys: str, seen: Callable[[], bool], patience: float = 10.0) -> Answered:
        """Type, and look when the first byte came and when the screen was as it must be then."""
        self.settle(0.0)
        begun = time.monotonic()
        self.send(keys)
        return self.await_paint(begun, seen, patience)

    def await_paint(
        self, begun: float, seen: Callable[[], bool], patience: float = 10.0, since: Callable[[], float] | None = None
    ) -> Answered:
        """What came after `begun`; where `since` is given the times count from what it returns in the end."""
        start, first = len(self.raw), None
        self._seen_at, self._awaited = (begun, None) if seen() else (None, seen)
        while self._seen_at is None and time.monotonic() < begun + patience:
            until = time.monotonic() + _WINDOW
            while (left := until - time.monotonic()) > 0:
                if self.read(left) and first is None:
                    first = self._last_arrival
            self.feed()
        painted, self._awaited = self._seen_at, None
        zero = since() if since else begun
        return Answered(
            None if first is None else max(first - zero, 0.0),
            None if painted is None else max(painted - zero, 0.0),
            len(self.raw) - start,
        )

    def row_of(self, text: str) -> int | None:
        """The first line of the screen that shows a text."""
        return next((y for y, line in enumerate(self.screen.display) if text in line), None)

    def line_at(self, y: int) -> str:
        return "".join(self.screen.buffer[y][x].data for x in range(self.screen.columns))

    def looks(self, rows: range, column: int) -> list[Any]:
        """Background and inversion of one cell on each of these rows."""
        cells = [self.screen.buffer[y][column] for y in rows]
        return [(cell.bg, cell.reverse) for cell in cells]

    def cursor_row(self, rows: range, column: int) -> int | None:
        """The one of these rows that is painted unlike the others; None where it is not one."""
        looks = self.looks(rows, column)
        common = Counter(looks).most_common(1)[0][0]
        other = [y for y, look in zip(rows, looks, strict=True) if look != common]
        return other[0] if len(other) == 1 else None

    def _next_arrival(self) -> float:
        return self._under_way[0][0] if self._under_way else float("inf")

    def _take(self, until: float) -> None:
        """Take from the program what the line takes, at the latest until then; wait where there is nothing."""
        wait = max(until - time.monotonic(), 0.0)
        held_back = self._throttle.wait()
        if self._fd < 0 or (held_back and self._throttle.allowance(time.monotonic()) < 1):
            time.sleep(min(wait, held_back or wait))
            return
        if not select.select([self._fd], [], [], wait)[0]:
            return
        allowed = self._throttle.allowance(time.monotonic())
        if allowed < 1:
            time.sleep(min(max(until - time.monotonic(), 0.0), self._throttle.wait()))
            return
        try:
            data = os.read(self._fd, min(allowed, 65536))
        except OSError:
            time.sleep(max(until - time.monotonic(), 0.0))
            return
        self._throttle.take(len(data))
        self._under_way.append((time.monotonic() + self.line.delay, data))

    def _deliver(self, now: float) -> bytes:
        at, data = self._under_way.popleft()
        self.raw += data
        # Without a delay the moment that it was read counts, not when it was looked at.
        self._arrivals.append((at, len(self.raw)))
        self._last_arrival = at
        if self.arrived is not None:
            self.arrived.append((at, len(self.raw)))
        self._answer(data)
        return data

    def _answer(self, data: bytes) -> None:
        """Answer what the program asks its terminal, once the question has arrived whole."""
        text = self._asked + data
        end = 0
        for asked in _ASKED.finditer(text):
            end = asked.end()
            os.write(self._fd, self._reply(asked, len(self.raw) - len(text) + asked.start()))
        self._asked = text[max(end, len(text) - 16) :]

    def _reply(self, asked: re.Match[bytes], at: int) -> bytes:
        """What the terminal says to a question that stands `at` a place in `raw`."""
        if (mode := asked["mode"]) is not None:
            return b"\x1b[?%s;%s$y" % (mode, b"0" if mode in _UNKNOWN_MODES else b"2")
        if (device := asked["device"]) is not None:
            return b"\x1b[>41;380;0c" if device.startswith(b">") else b"\x1b[?64;1;2;6;22c"
        if asked["place"]:
            place = place_after(self.raw[max(at - FAR, 0) : at], self.screen.columns, self.screen.lines)
            if place is None:
                self.feed()
                place = self.screen.cursor.x, self.screen.cursor.y
            return b"\x1b[%d;%dR" % (place[1] + 1, place[0] + 1)
        return b"\x1b[?0u" if asked["keyboard"] else b"\x1bP>|XTerm(380)\x1b\\"
