"""What is asked of Jaeger, and how it is said."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from aurora_tui.model.frozen import Frozen, replace
from aurora_tui.model.traces import duration_words

LIMIT = 100
"""Traces that one search may give: each is told with all its spans."""


class TraceQuery(Frozen):
    """A search: traces in which the service has a span that began in the window and meets the rest.

    `service` is its name in Jaeger; `begin` and `end` are seconds since the epoch, `shortest` is in seconds.
    """

    service: str
    begin: float
    end: float
    shortest: float = 0.0
    failed: bool = False
    operation: str = ""
    limit: int = LIMIT

    def of_at_least(self, seconds: float) -> TraceQuery:
        """The same search for traces with a span of the service that took no less."""
        return replace(self, shortest=seconds)

    def only_failed(self, failed: bool) -> TraceQuery:
        return replace(self, failed=failed)

    def widened(self, factor: float) -> TraceQuery:
        """The same search in `factor` times the time around the same middle, a second at least."""
        middle, half = (self.begin + self.end) / 2, max((self.end - self.begin) * factor / 2, 0.5)
        return replace(self, begin=middle - half, end=middle + half)

    def shifted(self, windows: int) -> TraceQuery:
        """The same search so many times its own length later, or earlier where that is negative."""
        step = (self.end - self.begin) * windows
        return replace(self, begin=self.begin + step, end=self.end + step)

    def __str__(self) -> str:
        what = "failed traces" if self.failed else "traces"
        least = f" of at least {duration_words(self.shortest * 1e9)}" if self.shortest else ""
        operation = f", operation {self.operation}" if self.operation else ""
        return f"{what} of {self.service}{operation}{least} from {clock(self.begin)} to {clock(self.end)} UTC"


def clock(seconds: float) -> str:
    """The time of day in UTC to the second; a time that no calendar has as the number that it is."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S")
    except (OverflowError, OSError, ValueError):
        return f"{seconds:.3g}s"


_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(us|ms|s|m|h)?")
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def read_duration(text: str) -> float:
    """Seconds of ``500ms``, ``2s``, ``1.5`` (seconds); nothing is none. Raises ValueError."""
    found = _DURATION.fullmatch(text.strip() or "0")
    if found is None:
        raise ValueError(f"{text!r} is not a duration: give 500ms, 2s or 1m")
    return float(found[1]) * _SECONDS[found[2] or "s"]
