"""Lengths of time and texts as PromQL writes them, and lengths as people do."""

from __future__ import annotations

from datetime import timedelta

_HOUR = timedelta(hours=1)


def promql_range(span: timedelta) -> str:
    """A span as PromQL writes durations, in the largest whole unit: ``30d``, ``5m``, ``90s``, ``1500ms``."""
    millis = round(span.total_seconds() * 1000)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if millis % size == 0:
            return f"{millis // size}{unit}"
    return f"{millis}ms"


def recorded_range(span: timedelta) -> str:
    """A span as Prometheus itself prints durations, and so Sloth and Pyrra in names: ``4w``, ``30d``, ``1h24m``.

    Years and weeks only where they are all of it (``Duration.String`` of prometheus/common).
    """
    seconds = round(span.total_seconds())
    for unit, size in (("y", 31_536_000), ("w", 604_800)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    text = ""
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def quoted(text: str) -> str:
    """A text as a PromQL string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def span_text(span: timedelta) -> str:
    """A length for people, two figures and more only of long ones: ``2.1 days``, ``5 hours``, ``40 minutes``."""
    hours = span / _HOUR
    if hours >= 48:
        return f"{hours / 24:.2g} days" if hours < 2400 else f"{hours / 24:.0f} days"
    return f"{hours:.2g} hours" if hours >= 2 else f"{max(hours * 60, 1):.0f} minutes"
