"""Events as ``kubectl get events`` prints them (``printEvent``); both generations of the Event API."""

from __future__ import annotations

from aurora_tui.model.ages import age, stamp
from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.printing import count_column, first_line, name_column, text_column
from aurora_tui.model.wire_cluster import Event


def first_seen(event: Event) -> float | None:
    """When it was seen first, seconds since the epoch."""
    return stamp(event.first_timestamp) or stamp(event.event_time)


def last_seen(event: Event) -> float | None:
    """When it was seen last, seconds since the epoch; a series counts before the old timestamps."""
    if event.series is not None:
        return stamp(event.series.last_observed_time)
    return stamp(event.last_timestamp) or first_seen(event)


def count(event: Event) -> int:
    """How often it was seen; one for an event of the new API that did not repeat."""
    return event.series.count if event.series is not None else event.count or 1


def target(event: Event) -> str:
    """What it is about, as ``kind/name`` in lower-case kind."""
    involved = event.involved_object
    kind = involved.kind.lower()
    return f"{kind}/{involved.name}" if involved.name else kind


def source(event: Event) -> str:
    """Who reports it, and from which host."""
    component = event.source.component or event.reporting_controller
    host = event.source.host or event.reporting_instance
    return f"{component}, {host}" if host else component


def faulty(event: Event, now: float) -> bool:
    """Whether the event is a warning."""
    return event.type == "Warning"


def _tone(event: Event) -> Tone:
    return Tone.WARN if event.type == "Warning" else Tone.PLAIN


def _seen_key(seconds: float | None) -> float:
    return float("inf") if seconds is None else -seconds


COLUMNS: tuple[Column[Event], ...] = (
    Column(
        "LAST SEEN",
        lambda event, now: Cell(age(last_seen(event), now)),
        lambda event: _seen_key(last_seen(event)),
    ),
    Column("TYPE", lambda event, now: Cell(event.type, _tone(event)), lambda event: event.type, rank=3),
    Column("REASON", lambda event, now: Cell(first_line(event.reason), _tone(event)), lambda event: event.reason),
    text_column("OBJECT", target, rank=1, wide=False),
    text_column("SUBOBJECT", lambda event: event.involved_object.field_path, rank=5),
    text_column("SOURCE", source, rank=4),
    text_column("MESSAGE", lambda event: first_line(event.message.strip()), rank=0, wide=False, flexible=True),
    Column(
        "FIRST SEEN",
        lambda event, now: Cell(age(first_seen(event), now)),
        lambda event: _seen_key(first_seen(event)),
        rank=4,
        wide=True,
    ),
    count_column("COUNT", count, rank=3, wide=True),
    name_column(wide=True, flexible=False),
)
"""``LAST SEEN TYPE REASON OBJECT MESSAGE``; wide also ``SUBOBJECT SOURCE FIRST SEEN COUNT NAME``."""
