"""Ages as kubectl writes them (``duration.HumanDuration`` of k8s.io/apimachinery)."""

from __future__ import annotations

from datetime import datetime

UNKNOWN = "<unknown>"
INVALID = "<invalid>"

_LONGEST = (2**63 - 1) // 10**9
"""Go's durations count nanoseconds in 64 bits; a longer one is held at this many seconds (292 years)."""


def human_duration(seconds: float) -> str:
    """A duration with two or three significant figures: ``119s``, ``2m5s``, ``47h``, ``3d4h``, ``2y12d``.

    Up to two seconds in the future count as now (clocks differ), more is ``<invalid>``.
    """
    whole = int(min(max(seconds, -_LONGEST), _LONGEST))
    if whole < -1:
        return INVALID
    if whole < 0:
        return "0s"
    if whole < 2 * 60:
        return f"{whole}s"
    minutes = whole // 60
    if minutes < 10:
        return _pair(minutes, "m", whole % 60, "s")
    if minutes < 3 * 60:
        return f"{minutes}m"
    hours = minutes // 60
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    days = hours // 24
    if days < 8:
        return _pair(days, "d", hours % 24, "h")
    if days < 2 * 365:
        return f"{days}d"
    if days < 8 * 365:
        return _pair(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _pair(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"


def stamp(moment: datetime | None) -> float | None:
    """Seconds since the epoch; None where the time is missing or Go's zero time (year 1)."""
    return None if moment is None or moment.year == 1 else moment.timestamp()


def age(then: datetime | float | None, now: float) -> str:
    """Time passed since `then` (a decoded time or seconds since the epoch), ``<unknown>`` without one."""
    if isinstance(then, datetime):
        then = stamp(then)
    return UNKNOWN if then is None else human_duration(now - then)
