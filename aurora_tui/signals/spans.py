"""What both of Jaeger's APIs mean by a span, made one: where the parent, the status and the kind are told."""

from __future__ import annotations

import math
from dataclasses import dataclass

from aurora_tui.model.traces import Event, Link, Span, Status, Tags, parent_among

_NO_SERVICE = "OTLPResourceNoServiceName"
"""What Jaeger's v1 API calls the service of a resource that names none."""
_SKEW = "skew adjustment"
"""In what Jaeger remarks on clocks and missing parents: the tree finds both itself, and adds it once."""


@dataclass(slots=True)
class Told:
    """A span as an answer tells it; `links` are its references, the one to its parent among them."""

    id: str
    trace: str
    service: str
    operation: str
    begin: int
    duration: int
    kind: str
    status: str
    message: str
    links: list[Link]
    tags: dict[str, str]
    process: Tags
    events: tuple[Event, ...]
    warnings: tuple[str, ...]


def span_of(told: Told) -> Span:
    """The span; what the tags say of its kind and status, as Jaeger's own model keeps it, is no tag any more."""
    tags, links = told.tags, told.links
    place = parent_among(told.trace, links)
    parent = links[place] if place is not None else None
    status = tags.pop("otel.status_code", "") or told.status
    failed = status.upper() == "ERROR" or tags.get("error", "").lower() == "true"
    if failed and tags.get("error", "").lower() == "true":
        del tags["error"]
    warnings = tuple(words for words in dict.fromkeys(told.warnings) if _SKEW not in words)
    if told.duration < 0:
        warnings = (*warnings, "it ends before it begins: its clock was set back, or its times are wrong")
    return Span(
        id=told.id,
        parent=parent.span if parent is not None else "",
        service="" if told.service == _NO_SERVICE else told.service,
        operation=told.operation,
        begin=told.begin,
        duration=max(told.duration, 0),
        kind=tags.pop("span.kind", "") or told.kind,
        status=Status.ERROR if failed else Status.OK if status.upper() == "OK" else Status.UNSET,
        message=tags.pop("otel.status_description", "") or told.message,
        follows=parent is not None and parent.follows,
        tags=tuple(sorted(tags.items())),
        process=told.process,
        events=told.events,
        links=tuple(link for index, link in enumerate(links) if index != place),
        warnings=warnings,
    )


def number_text(value: float | str) -> str:
    """A floating-point number as text: whole ones without a point, what is no number by its word."""
    try:
        number = float(value)
    except ValueError:
        return str(value)
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)
