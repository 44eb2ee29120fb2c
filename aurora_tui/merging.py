"""Tables of several contexts in one: every row with its context, every context with its own freshness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.freshness import Freshness, SourceState
from aurora_tui.model.frozen import replace
from aurora_tui.model.placing import CONTEXT, context_of, placed, placed_key, short_names, together
from aurora_tui.store import Store, Table


class MergedTable(Table[Any]):
    """The union of the contexts' tables of one name, brought up to date by `gather`.

    It reads them as any pane would, by a feed of its own. A context that is away leaves its rows, marked.
    """

    def __init__(self, name: str, members: Mapping[str, Table[Any]]) -> None:
        super().__init__(name)
        self._sources = {context: table.feed() for context, table in members.items()}
        self.names = short_names(members)
        """What the contexts are called where there is little room."""
        self._gone: frozenset[str] = frozenset()
        """The contexts whose rows are no longer what the server would say."""
        self.gather()

    def gather(self) -> None:
        """Take what happened to each context's table since the last time."""
        for context, feed in self._sources.items():
            changed = feed.drain().keys
            if changed:
                rows = feed.table.rows
                self.apply(
                    {placed_key(context, key): placed(rows[key], context) for key in changed if key in rows},
                    [placed_key(context, key) for key in changed if key not in rows],
                )
        self._weigh()

    def is_gone(self, context: str) -> bool:
        return context in self._gone

    def _weigh(self) -> None:
        """Put the freshness of the contexts together; rows whose context went away or came back are shown anew."""
        before, now = self.freshness, {context: feed.table.freshness for context, feed in self._sources.items()}
        called = {self.names[context]: each for context, each in now.items()}
        if tuple(called.items()) == before.members:
            return
        self.freshness = together(called)
        if _without_times(before) == _without_times(self.freshness):
            return
        gone = frozenset(
            context for context, each in now.items() if each.state is not SourceState.LIVE and not _is_new(each)
        )
        turned, self._gone = self._gone ^ gone, gone
        touched = [key for key, row in self.rows.items() if context_of(row) in turned] if turned else ()
        for feed in self._feeds:
            feed._note_freshness()
            feed._note(touched)


def _is_new(freshness: Freshness) -> bool:
    """Whether the rows that are there are the first ones, of a list that is still read."""
    return freshness.awaited and freshness.last_good is None


def _without_times(freshness: Freshness) -> list[Freshness]:
    """What counts as a change of freshness: that data is still good is none."""
    return [replace(each, last_good=None) for _, each in freshness.members]


class MergedStore(Store):
    """The tables of several stores, by their contexts."""

    def __init__(self, stores: Mapping[str, Store]) -> None:
        super().__init__()
        self._stores = stores
        self._merged: dict[str, MergedTable] = {}

    def table(self, name: str) -> MergedTable:
        if name not in self._merged:
            self._merged[name] = MergedTable(name, {each: store.table(name) for each, store in self._stores.items()})
        return self._merged[name]

    def names(self) -> list[str]:
        return list(self._merged)

    def gather(self) -> None:
        """Bring all tables up to date."""
        for table in self._merged.values():
            table.gather()

    def columns(self, table: str, columns: Sequence[Column[Any]]) -> Sequence[Column[Any]]:
        """The columns after one that names the row's context; what a context that is away said last is dim."""
        merged = self.table(table)

        def where(row: Any, now: float) -> Cell:
            context = context_of(row)
            gone = merged.is_gone(context)
            name = merged.names[context]
            return Cell(f"{name} ○", Tone.WARN) if gone else Cell(name, Tone.ACCENT)

        return [Column(CONTEXT, where, context_of), *(_dimmed(column, merged) for column in columns)]


def _dimmed(column: Column[Any], table: MergedTable) -> Column[Any]:
    """The same column, without colour where the row is of a context that is away."""

    def cell(row: Any, now: float) -> Cell:
        made = column.cell(row, now)
        return Cell(made.text, Tone.DIM) if table.is_gone(context_of(row)) else made

    return replace(column, cell=cell)
