"""Traces: what a request did, span by span, whichever of Jaeger's APIs told it."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from aurora_tui.model.frozen import Frozen

NANO = 1_000_000_000
TRACE_DIGITS, SPAN_DIGITS = 32, 16
_HEX = re.compile(r"[0-9a-f]+")

Tags = tuple[tuple[str, str], ...]
"""Names and printed values, by name."""


class Status(StrEnum):
    """How an operation ended, as it says itself."""

    UNSET = "unset"
    OK = "ok"
    ERROR = "error"


class Link(msgspec.Struct, frozen=True, gc=False):
    """A span that this one refers to, maybe of another trace; `follows` where it is not waited for."""

    trace: str
    span: str
    follows: bool = True


class Event(msgspec.Struct, frozen=True, gc=False):
    """Something that happened during a span; `at` in nanoseconds since the epoch."""

    at: int
    name: str
    tags: Tags = ()


class Span(msgspec.Struct, frozen=True, gc=False):
    """One operation. Times are nanoseconds since the epoch, ids hexadecimal; `parent` is empty for a root."""

    id: str
    parent: str
    service: str
    """Empty where the resource does not name it."""
    operation: str
    begin: int
    duration: int
    kind: str = ""
    """``server``, ``client``, ``producer``, ``consumer``, ``internal`` or empty."""
    status: Status = Status.UNSET
    message: str = ""
    """What the status says more."""
    follows: bool = False
    """Its parent did not wait for it (a follows-from reference)."""
    tags: Tags = ()
    process: Tags = ()
    """Attributes of the resource: pod, host, version …"""
    events: tuple[Event, ...] = ()
    links: tuple[Link, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def end(self) -> int:
        return self.begin + self.duration

    @property
    def failed(self) -> bool:
        return self.status is Status.ERROR


class Trace(Frozen):
    """All spans of one request that the server has, by their beginning."""

    id: str
    spans: tuple[Span, ...]

    @property
    def begin(self) -> int:
        return min((span.begin for span in self.spans), default=0)

    @property
    def end(self) -> int:
        return max((span.end for span in self.spans), default=0)

    @property
    def duration(self) -> int:
        """From the first beginning to the last end, in nanoseconds."""
        return self.end - self.begin


def trace_of(trace_id: str, spans: Iterable[Span]) -> Trace:
    """The trace with its spans in their order."""
    return Trace(trace_id, tuple(sorted(spans, key=lambda span: (span.begin, -span.duration, span.id))))


def read_id(text: str, digits: int) -> str:
    """An id in hexadecimal digits, however it is written; empty for none.

    OTLP's JSON has hexadecimal digits (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding), Jaeger's
    first v3 servers base64 as protobuf's JSON does, and its v1 API leaves out what a 64-bit id has no use for.
    Raises ValueError for anything else.
    """
    lowered = text.strip().lower()
    if _HEX.fullmatch(lowered) and len(lowered) <= digits:
        found = lowered.zfill(digits)
    elif not lowered:
        return ""
    else:
        try:
            found = b64decode(text, validate=True).hex()
        except binascii.Error as error:
            raise ValueError(f"{text!r} is not an id") from error
        if len(found) != digits:
            raise ValueError(f"{text!r} is not an id")
    return "" if not found.strip("0") else found


def parent_among(trace: str, links: Sequence[Link]) -> int | None:
    """Which of a span's references leads to its parent: one that waits for it, else one that does not, of its trace."""
    for follows in (False, True):
        for index, link in enumerate(links):
            if link.trace == trace and link.follows is follows:
                return index
    return None


def short_id(trace: str) -> str:
    """An id without the leading zeros that a 64-bit one is filled up with."""
    return trace[-16:] if trace.startswith("0" * 16) else trace


def duration_words(nanoseconds: float) -> str:
    """A duration in three figures: ``812ns``, ``41.2us``, ``3.76s``, ``2m05s``."""
    if nanoseconds < 0:
        return f"-{duration_words(-nanoseconds)}"
    for limit, unit, size in ((1e3, "ns", 1), (1e6, "us", 1e3), (1e9, "ms", 1e6), (60e9, "s", 1e9)):
        value = nanoseconds / size
        # What would be rounded up to the limit belongs to the next unit.
        if nanoseconds < limit and float(f"{value:.3g}") * size < limit:
            return f"{value:.0f}{unit}" if value >= 100 or size == 1 else f"{value:.3g}{unit}"
    seconds = round(nanoseconds / 1e9)
    if seconds < 3600:
        return f"{seconds // 60}m{seconds % 60:02d}s"
    return f"{seconds // 3600}h{seconds % 3600 // 60:02d}m"
