"""Moments as an operator types them: a time of day, so long ago, or a full date and time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?Z?")
_AGO = re.compile(r"-?\s*((?:\d+(?:\.\d+)?\s*[smhd]\s*)+)(?:ago)?")
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
HELP = "write 03:12, 03:12:30, -15m, 1h30m or 2026-01-31T03:12:00Z; times are UTC"


def moment(text: str, now: float) -> float | None:
    """Seconds since the epoch of what was typed; None where it is no moment (`HELP` says what is).

    A time of day is the last one that has been: 23:50, typed at 00:10, is yesterday's.
    """
    text = text.strip()
    if clock := _CLOCK.fullmatch(text):
        return _last(clock, now)
    if ago := _AGO.fullmatch(text):
        return now - sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(ago[1]))
    try:
        full = datetime.fromisoformat(text)
        return (full if full.tzinfo else full.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _last(clock: re.Match[str], now: float) -> float | None:
    hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3] or 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    micro = int(f"{clock[4] or '':0<6}")
    today = datetime.fromtimestamp(now, UTC)
    then = today.replace(hour=hour, minute=minute, second=second, microsecond=micro)
    return (then if then <= today else then - timedelta(days=1)).timestamp()
