"""Composes the log of a simulated container: line n and its time follow from the start of the run alone.

So any part can be asked for again. Every line holds its own number (`n`, from 0, without gaps), by which a
reader can prove that it lost and repeated nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime

NANO = 10**9
MEGABYTE = 1_000_000
BURST = 3
"""So many lines share one time stamp in a log of kind `burst`."""

_REQUESTS = ("GET /api/orders", "GET /api/products", "POST /api/orders", "GET /api/users/me", "GET /health")


@dataclass(frozen=True)
class LogFile:
    """One run's log, from `start` to `end` in epoch nanoseconds (None: goes on), `rate` lines a second.

    `kind` is "" (JSON lines), `hostile` (escape sequences, invalid UTF-8, wide characters, a 1 MB line),
    `burst` (JSON lines, three on one time stamp) or `crash` (dies of its second line).
    """

    start: int
    end: int | None
    rate: float
    kind: str = ""

    def stamp(self, number: int) -> int:
        """The time of line `number`, epoch nanoseconds; never earlier than that of the line before.

        The runs of a container start on whole seconds here: a fraction of its own keeps their times apart.
        """
        step = number // BURST * BURST if self.kind == "burst" else number
        return self.start + 1_000_000 + self.start // NANO % 1000 * 1000 + int(step * NANO / self.rate)

    def count(self, now: int) -> int:
        """How many lines are written at `now` (epoch nanoseconds)."""
        until = now if self.end is None else min(now, self.end)
        guess = max(0, int((until - self.start) * self.rate / NANO) + 2 * BURST)
        return bisect_left(range(guess), True, key=lambda number: self.stamp(number) > until)

    def first_since(self, since: int, count: int) -> int:
        """The first of `count` lines that is not older than `since`: a kubelet includes the moment itself."""
        return bisect_left(range(count), since, key=self.stamp)

    def line(self, number: int, timestamps: bool) -> bytes:
        """Line `number` with its line feed, and its time in front when asked."""
        return (rfc3339_nano(self.stamp(number)) + b" " if timestamps else b"") + self.text(number) + b"\n"

    def text(self, number: int) -> bytes:
        if self.kind == "hostile":
            return _hostile(number)
        if self.kind == "crash" and number:
            return b'{"n": %d, "level": "fatal", "msg": "panic: cannot connect to the database"}' % number
        request = _REQUESTS[number % len(_REQUESTS)]
        if number % 20 == 19:
            rest = '"level": "error", "status": 500, "error": "upstream timed out"'
        else:
            level = "warn" if number % 7 == 6 else "info"
            rest = f'"level": "{level}", "status": 200, "ms": {number * 37 % 250}'
        return f'{{"n": {number}, "msg": "{request}", {rest}}}'.encode()


def _hostile(number: int) -> bytes:
    head = b"n=%d " % number
    if number % 512 == 3:
        return head + b"megabyte " + b"x" * MEGABYTE
    return (
        head
        + (
            b"\x1b[31mred\x1b[0m \x1b[2J\x1b[H \x1b]0;title\x07 \x1b]52;c;aGk=\x07",
            b"invalid \xff\xfe \xc3( \xed\xa0\x80 \xf0\x9f",
            "wide 漢字かな 한글 🙂👩‍💻 e\u0301 \u202egnp.exe \u2066".encode(),
            b"controls \x00\x07\x08\x0b\x0c \x7f \xc2\x9b31m",
            b"markup [bold red]x[/] [/] [link=file:///etc/passwd]y[/link] [@click=app.quit]z[/]",
            b"progress 10%\rprogress 20%\rprogress 30%\ttab",
            b"",
        )[number % 7]
    )


def rfc3339_nano(nanoseconds: int) -> bytes:
    """Return epoch nanoseconds as a kubelet writes them: UTC, nine digits."""
    seconds, rest = divmod(nanoseconds, NANO)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z".encode()


def parse_stamp(text: str) -> int:
    """Return an RFC 3339 time, whole seconds or with a fraction, as epoch nanoseconds."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    moment = datetime.fromisoformat(whole)
    seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    return seconds * NANO + int(fraction.ljust(9, "0")[:9] or 0)
