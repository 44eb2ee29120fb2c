"""What pods use, beside their rows: the columns while the server tells it, and words for what it told long ago."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from aurora_tui.model import usage
from aurora_tui.model.columns import Column
from aurora_tui.model.freshness import Freshness, SourceState
from aurora_tui.model.wire_pods import Pod
from aurora_tui.store import Store
from widgets.bars import age_words

METRICS = "podmetrics"


class PodUsage:
    """One pane's view of metrics.k8s.io, which is a source of its own: pods may be live while it is not."""

    def __init__(self, store: Store) -> None:
        self._table = store.table(METRICS)
        self._feed = self._table.feed()

    def __bool__(self) -> bool:
        """Whether there is anything to `drain`."""
        return bool(self._feed)

    @property
    def is_told(self) -> bool:
        """Whether the server tells what pods use."""
        return bool(self._table.rows)

    def drain(self, pods: Collection[str]) -> Collection[str]:
        """Of which pods the figures read differently now: all of them where the source came or went."""
        changes = self._feed.drain()
        return pods if changes.freshness else changes.keys

    def columns(self) -> Sequence[Column[Pod]]:
        return usage.columns(self._table.rows.get, self._table.is_gone)

    def remark(self, now: float) -> str:
        """From when the figures are, and why, where they are not of now; empty where they are, or there are none."""
        if not self.is_told:
            return ""
        sources = self._table.freshness.members or (("", self._table.freshness),)
        return "; ".join(_told(context, each, now) for context, each in sources if _is_old(each))


def _is_old(freshness: Freshness) -> bool:
    return freshness.last_good is not None and freshness.state is not SourceState.LIVE


def _told(context: str, freshness: Freshness, now: float) -> str:
    of = f" of {context}" if context else ""
    why = f": {freshness.brief}" if freshness.message else ""
    return f"{usage.CPU}, {usage.MEMORY}{of} as of {age_words(now - (freshness.last_good or now))}{why}"
