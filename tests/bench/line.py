"""The line between the program and the operator's terminal: as it is here, or slow and far away."""

from __future__ import annotations

from dataclasses import dataclass

_HELD = 0.05
"""Seconds of the rate that may be saved up: a line does not make good for when nobody sent."""


@dataclass(frozen=True)
class Line:
    """Bytes a second from the program to the terminal (None: at once), and how long each is under way, in seconds."""

    rate: float | None = None
    delay: float = 0.0


class Throttle:
    """How many bytes may be taken from the program now, so that no more than the line's rate is ever taken."""

    def __init__(self, line: Line, now: float) -> None:
        self._line = line
        self._allowed = 0.0
        self._at = now

    def allowance(self, now: float) -> int:
        """Whole bytes that may be taken at `now`."""
        rate = self._line.rate
        if rate is None:
            return 65536
        self._allowed = min(self._allowed + (now - self._at) * rate, rate * _HELD)
        self._at = now
        return int(self._allowed)

    def take(self, count: int) -> None:
        self._allowed -= count

    def wait(self) -> float:
        """Seconds until there is a tenth of what can be saved up; 0 where there is one already."""
        rate = self._line.rate
        if rate is None:
            return 0.0
        return max(rate * _HELD / 10 - self._allowed, 0.0) / rate
