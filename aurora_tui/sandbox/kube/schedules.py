"""Cron schedules: when the next run is due."""

from __future__ import annotations

from datetime import UTC, datetime

_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))


def next_run(schedule: str, after: float) -> float | None:
    """The first minute later than `after` that a five-field schedule names (UTC); None within two years.

    Fields know ``*``, numbers, lists, ranges and steps; raises ValueError for anything else.
    """
    fields = [_field(text, low, high) for text, (low, high) in zip(schedule.split(), _RANGES, strict=True)]
    minute, hour, day, month, weekday = fields
    moment = int(after) // 60 * 60 + 60
    for midnight in range(moment // 86_400 * 86_400, moment + 732 * 86_400, 86_400):
        date = datetime.fromtimestamp(midnight, UTC)
        if date.day not in day or date.month not in month or date.isoweekday() % 7 not in weekday:
            continue
        for at_hour in sorted(hour):
            for at_minute in sorted(minute):
                if (found := midnight + at_hour * 3600 + at_minute * 60) >= moment:
                    return float(found)
    return None


def _field(text: str, low: int, high: int) -> set[int]:
    values: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        begin = low if span == "*" else int(first)
        end = high if span == "*" or (step and not dash) else int(last or first)
        values.update(range(begin, end + 1, int(step or 1)))
    return values
