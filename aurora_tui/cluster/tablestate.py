"""How fresh a table is that follows a server, in words: connecting, being read, live, or set back by an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aurora_tui.cluster.errors import ThrottledError
from aurora_tui.cluster.setbacks import Setback, setback
from aurora_tui.model.freshness import SourceState
from aurora_tui.store import Table


class TableState:
    """What a reflector says of its table."""

    def __init__(self, table: Table[Any], clock: Callable[[], float]) -> None:
        self._table = table
        self._clock = clock
        self.note = ""
        """A remark for as long as the table is followed: that it is of one namespace only."""
        self.to_come = ""
        """What a list that is not whole yet still lacks."""

    def connecting(self, server: str) -> None:
        self._say(SourceState.CONNECTING, f"connecting to {server}")

    def await_more(self, left: int | None) -> None:
        """There is more than has been read; servers need not tell how much.

        The rows of a list that is read again stay live as long as nothing fails, and grow older.
        """
        self.to_come = f"about {left:,} more to come" if left else "more to come"
        if self._table.freshness.state is not SourceState.LIVE:
            self._say(SourceState.CONNECTING, self.note, f"reading, {self.to_come}")

    def live(self, remark: str = "", wait: float | None = None) -> None:
        """The table is equal to what the server has; `wait`: when it is asked again."""
        self._say(SourceState.LIVE, self.note, remark, wait=wait)

    def cut(self, wait: float) -> None:
        """What the server would say is not heard; after `wait` it is asked again."""
        words = "the server, or a proxy before it, ends watches at once"
        self._say(self._table.freshness.lost, self.note, words, wait=wait)

    def set_back(self, error: Exception, wait: float, *, server: str, missing: str) -> Setback:
        """Say what an error means; `wait` and `missing` as in `setback`."""
        found = setback(error, lost=self._table.freshness.lost, wait=wait, server=server, missing=missing)
        # A busy server that has begun to tell is not down.
        tells = isinstance(error, ThrottledError) and self.to_come and found.state is SourceState.DOWN
        self._say(SourceState.CONNECTING if tells else found.state, found.words, self.to_come, wait=found.wait)
        return found

    def _say(self, state: SourceState, *words: str, wait: float | None = None) -> None:
        now = self._clock()
        next_try = None if wait is None else now + wait
        self._table.set_freshness(state, now, "; ".join(filter(None, words)), next_try=next_try)
