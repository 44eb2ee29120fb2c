"""Live tables: keyed rows, change sets for whoever paints them, and the freshness of each source."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from typing import Any, Generic, TypeVar

from aurora_tui.model.columns import Column
from aurora_tui.model.freshness import Freshness, SourceState
from aurora_tui.model.frozen import Frozen, replace

T = TypeVar("T")


class Changes(Frozen):
    """What happened to a table since the feed was last drained."""

    keys: frozenset[str]
    """Rows added, changed or removed (removed: no longer in `Table.rows`)."""
    freshness: bool
    """The source's state changed."""

    def __bool__(self) -> bool:
        return bool(self.keys) or self.freshness


class Feed(Generic[T]):
    """One reader's view of a table's changes; a hidden pane drains it when it is shown again.

    What came and went meanwhile is no change: a feed holds no more keys than its reader knows and the table has.
    `noted` is told of changed keys at once, before they are drained.
    """

    def __init__(self, table: Table[T], noted: Callable[[Collection[str]], None] | None = None) -> None:
        self.table = table
        self._noted = noted
        self._keys: set[str] = set(table.rows)
        self._unknown: set[str] = set(table.rows)
        """Those of the keys that the reader has never been told of."""
        self._freshness = True

    def __bool__(self) -> bool:
        """Whether there is anything to drain."""
        return bool(self._keys) or self._freshness

    def drain(self) -> Changes:
        changes = Changes(frozenset(self._keys), self._freshness)
        self._keys.clear()
        self._unknown.clear()
        self._freshness = False
        return changes

    def _note(self, keys: Collection[str], came: Set[str] = frozenset(), went: Set[str] = frozenset()) -> None:
        self._unknown.update(came - self._keys)
        self._keys.update(keys)
        if went:
            missed = self._unknown & went
            self._unknown -= missed
            self._keys -= missed
        if self._noted is not None:
            self._noted(keys)

    def _note_freshness(self) -> None:
        self._freshness = True

    def close(self) -> None:
        self.table.drop(self)


class Table(Generic[T]):
    """Rows by key, written by one source and read by any number of feeds.

    Rows are frozen values; an equal row is not a change. All calls are made on the event loop.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: dict[str, T] = {}
        self.freshness = Freshness()
        self._feeds: list[Feed[T]] = []

    @property
    def unread(self) -> bool:
        """Whether no reader has taken in what was written last: nobody is looking at it."""
        return bool(self._feeds) and all(feed._keys for feed in self._feeds)

    def feed(self, noted: Callable[[Collection[str]], None] | None = None) -> Feed[T]:
        """Open a feed; its first drain holds every row that is already there."""
        feed = Feed(self, noted)
        self._feeds.append(feed)
        return feed

    def drop(self, feed: Feed[T]) -> None:
        self._feeds.remove(feed)

    def is_gone(self, context: str) -> bool:
        """Whether the rows of a context are only what was known of it last."""
        return self.freshness.state is not SourceState.LIVE

    def apply(self, upserts: Mapping[str, T], deletes: Iterable[str] = ()) -> None:
        """Merge changed rows and remove deleted ones."""
        rows = self.rows
        changed = {key for key, row in upserts.items() if rows.get(key) != row}
        came = changed.difference(rows)
        for key in changed:
            rows[key] = upserts[key]
        went = {key for key in deletes if rows.pop(key, None) is not None}
        changed |= went
        if changed:
            for feed in self._feeds:
                feed._note(changed, came, went)

    def retain(self, keys: set[str]) -> None:
        """End a relist: remove the rows that the full list no longer held."""
        self.apply({}, [key for key in self.rows if key not in keys])

    def clear(self) -> None:
        """Forget every row and when the last one came, when the namespace or the context changes."""
        self.retain(set())
        if self.freshness != Freshness():
            self.freshness = Freshness()
            for feed in self._feeds:
                feed._note_freshness()

    def set_freshness(
        self, state: SourceState, now: float, message: str = "", *, next_try: float | None = None
    ) -> None:
        """Record the source's state; `last_good` moves only while it is live."""
        before = self.freshness
        last_good = now if state is SourceState.LIVE else before.last_good
        self.freshness = Freshness(state, last_good, message, next_try)
        if replace(before, last_good=last_good) != self.freshness:
            for feed in self._feeds:
                feed._note_freshness()

    def touch(self, now: float) -> None:
        """The source was heard (a bookmark, an unchanged poll): the data is still good."""
        self.freshness = replace(self.freshness, last_good=now)


class Store:
    """The program's tables by name; made on first use so that a pane and its source can meet in any order."""

    def __init__(self) -> None:
        self._tables: dict[str, Table[Any]] = {}

    def table(self, name: str) -> Table[Any]:
        return self._tables.setdefault(name, Table(name))

    def names(self) -> list[str]:
        return list(self._tables)

    def columns(self, table: str, columns: Sequence[Column[Any]]) -> Sequence[Column[Any]]:
        """The columns that a table is shown with: as they are, where its rows come from one context."""
        return columns
