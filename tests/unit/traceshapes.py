"""Traces made by hand: spans by name, at milliseconds after the beginning, under the one that called them."""

from __future__ import annotations

from typing import Any

from aurora_tui.model.traces import Span, Status, Trace, trace_of

BEGIN = 1_773_457_200_000_000_000
"""2026-03-14T03:00:00Z in nanoseconds."""
MILLI = 1_000_000
TRACE = "5b8efff798038103d269b633813fc60c"


def span(name: str, begin: float, end: float, parent: str = "", *, failed: bool = False, **more: Any) -> Span:
    """A span called `name` of the service ``api``, its id the name's."""
    status = Status.ERROR if failed else Status.UNSET
    given = {"service": "api", "operation": name, "status": status, **more}
    return Span(
        id=id_of(name),
        parent=id_of(parent) if parent else "",
        begin=BEGIN + round(begin * MILLI),
        duration=round((end - begin) * MILLI),
        **given,
    )


def id_of(name: str) -> str:
    return name.encode().hex()[:16].rjust(16, "0")


def trace(*spans: Span) -> Trace:
    return trace_of(TRACE, spans)
