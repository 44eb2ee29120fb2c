"""How old and how trustworthy a source's data is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SourceState(StrEnum):
    """The state that every pane shows of its source."""

    UNCONFIGURED = "not configured"
    CONNECTING = "connecting"
    LIVE = "live"
    STALE = "stale"
    DOWN = "down"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Freshness:
    """A source's state; times are seconds since the epoch.

    `message` is the error in words, or a remark ("only namespace aurora: listing all is forbidden"),
    and says what to do next. `next_try` is when the source is tried again, where that is known.
    """

    state: SourceState = SourceState.CONNECTING
    last_good: float | None = None
    message: str = ""
    next_try: float | None = None

    @property
    def lost(self) -> SourceState:
        """The state once the source cannot be reached: stale while its last rows are shown, down without any."""
        return SourceState.DOWN if self.last_good is None else SourceState.STALE
