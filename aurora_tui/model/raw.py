"""Reading raw JSON objects without trusting their shape: what is missing or of another type is empty."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aurora_tui.model.ages import UNKNOWN, age


def section(raw: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """The map at a path of keys."""
    found = _at(raw, path)
    return found if isinstance(found, Mapping) else {}


def sections(raw: Mapping[str, Any], *path: str) -> list[Mapping[str, Any]]:
    """The maps in the list at a path of keys."""
    found = _at(raw, path)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _at(raw: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        raw = raw.get(key) if isinstance(raw, Mapping) else None
    return raw


def controlled_by(raw: Mapping[str, Any], uid: str) -> bool:
    """Whether the object of this uid is its controller."""
    return any(
        each.get("controller") and each.get("uid") == uid for each in sections(raw, "metadata", "ownerReferences")
    )


def moment(text: object) -> datetime | None:
    """An RFC 3339 time of the API; None where it is missing or malformed."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def when(text: object, now: float) -> str:
    """A time as the API sent it, with its age: ``2026-01-05T03:12:09Z (5m ago)``."""
    found = moment(text)
    return UNKNOWN if found is None else f"{text} ({_distance(found, now)})"


def _distance(found: datetime, now: float) -> str:
    ahead = found.timestamp() - now
    return f"in {age(now, found.timestamp())}" if ahead > 1 else f"{age(found, now)} ago"
