"""How old and how trustworthy a source's data is."""

from __future__ import annotations

import re
from enum import StrEnum

from aurora_tui.model.frozen import Frozen

_ADDRESS = re.compile(r"^((?:\w+: )?)https?://\S+ ")


class SourceState(StrEnum):
    """The state that every pane shows of its source."""

    UNCONFIGURED = "not configured"
    CONNECTING = "connecting"
    LIVE = "live"
    STALE = "stale"
    DOWN = "down"
    DENIED = "denied"
    UNCAPTURED = "not captured"
    """Of a replay alone: nothing of it was put down for the moment."""


class Freshness(Frozen):
    """A source's state; times are seconds since the epoch.

    `message` is the error in words, or a remark ("only namespace aurora: listing all is forbidden"),
    and says what to do next. `next_try` is when the source is tried again, where that is known.
    """

    state: SourceState = SourceState.CONNECTING
    last_good: float | None = None
    message: str = ""
    next_try: float | None = None
    members: tuple[tuple[str, Freshness], ...] = ()
    """Of a table that is read from several contexts: each of them by its name; its own state is the worst of theirs."""

    @property
    def brief(self) -> str:
        """The message without the address that it is about, for where there is little room."""
        return _ADDRESS.sub(r"\1", self.message)

    @property
    def whole(self) -> bool:
        """Whether every source of the data was heard: only then does no row mean that there is none."""
        return all(each.last_good is not None for _, each in self.members or (("", self),))

    @property
    def agrees(self) -> bool:
        """Whether one state says how all sources of the data stand."""
        return len({each.state for _, each in self.members}) < 2

    @property
    def awaited(self) -> bool:
        """Whether nothing is known yet, and an answer may still come."""
        if not self.members:
            return self.state is SourceState.CONNECTING
        return self.last_good is None and any(each.awaited for _, each in self.members)

    @property
    def lost(self) -> SourceState:
        """The state once the source cannot be reached: stale while its last rows are shown, down without any."""
        return SourceState.DOWN if self.last_good is None else SourceState.STALE
