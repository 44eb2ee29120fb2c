"""The order of a grid's rows and which of them a filter leaves, kept incrementally."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar

T = TypeVar("T")

SortKey = Callable[[T], Any]
Sieve = Callable[[Sequence[str]], list[str]]
"""The keys of the rows that stay, of many."""
_MISSING: tuple[Any, ...] = ()
_REBUILD_SHARE = 8
"""More than one changed row in so many: sorting anew is cheaper than inserting one by one."""

_AT_ONCE = 500
"""Rows that are tried on the filter again at once: three milliseconds."""


def comparable(value: Any) -> tuple[Any, ...]:
    """A sort key that compares with every other: numbers before texts before the rest; () where there is none.

    None and NaN are "none"; tuples and lists compare item by item.
    """
    if isinstance(value, str):
        return (1, value)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return _MISSING
    if isinstance(value, int | float):
        return (0, value)
    if isinstance(value, tuple | list):
        return (2, tuple(comparable(item) for item in value))
    try:
        return (0, value.timestamp()) if hasattr(value, "timestamp") else (0, float(value))
    except (TypeError, ValueError, OverflowError):
        return (3, str(value))


class Order:
    """Keys in the order of their values, then by key; keys without a value come last either way round."""

    def __init__(self, values: Mapping[str, tuple[Any, ...]], reverse: bool, keys: list[str] | None = None) -> None:
        self.keys = keys or []
        self._values = values
        self._reverse = reverse

    def fill(self, keys: Iterable[str]) -> None:
        """Sort all keys."""
        ordered = sorted(keys)
        values = self._values
        present = [key for key in ordered if values[key]]
        present.sort(key=values.__getitem__, reverse=self._reverse)
        if len(present) < len(ordered):
            present += [key for key in ordered if not values[key]]
        self.keys = present

    def place(self, key: str, value: tuple[Any, ...]) -> int:
        """Where a key with this value stands, or would."""
        keys, values = self.keys, self._values
        low, high = 0, len(keys)
        while low < high:
            middle = (low + high) // 2
            other = keys[middle]
            if self._before(values[other], other, value, key):
                low = middle + 1
            else:
                high = middle
        return low

    def index(self, key: str) -> int | None:
        """Where the key stands; None where it does not."""
        value = self._values.get(key)
        if value is None:
            return None
        place = self.place(key, value)
        return place if place < len(self.keys) and self.keys[place] == key else None

    def _before(self, one: tuple[Any, ...], one_key: str, other: tuple[Any, ...], other_key: str) -> bool:
        if one == other:
            return one_key < other_key
        if not one or not other:
            return bool(one)
        return (one < other) is not self._reverse


class Rows(Generic[T]):
    """Rows by key with their order and filter; `visible` holds the keys that are shown, in order."""

    def __init__(self) -> None:
        self.rows: dict[str, T] = {}
        self._values: dict[str, tuple[Any, ...]] = {}
        self._sort: SortKey[T] | None = None
        self._reverse = False
        self._sieve: Sieve | None = None
        self._tried = 0
        """Where `turned` goes on."""
        self._order = Order(self._values, False)
        self._shown = self._order

    @property
    def visible(self) -> Sequence[str]:
        return self._shown.keys

    def index(self, key: str | None) -> int | None:
        """The place of a key among the visible ones; None where it is not visible."""
        return None if key is None else self._shown.index(key)

    def replace(self, rows: Mapping[str, T], sort: SortKey[T] | None, reverse: bool) -> None:
        """Take these rows instead of all others, in this order."""
        self.rows = dict(rows)
        self.sort(sort, reverse)

    def merge(self, rows: Mapping[str, T], changed: Collection[str]) -> None:
        """Take the changed keys' rows: added, changed, or removed where `rows` no longer has them."""
        if len(changed) * _REBUILD_SHARE > len(self.rows):
            for key in changed:
                if key in rows:
                    self.rows[key] = rows[key]
                else:
                    self.rows.pop(key, None)
            self._arrange()
            return
        for key in changed:
            if key in rows:
                self._put(key, rows[key])
            else:
                self._remove(key)

    def sort(self, key: SortKey[T] | None, reverse: bool) -> None:
        """Order by a value of the row, or by key alone."""
        self._sort, self._reverse = key, reverse
        self._arrange()

    def filter(self, sieve: Sieve | None, *, narrows: bool = False) -> None:
        """Show the rows that pass, or all; `narrows` where no row passes that did not before."""
        self._sieve = sieve
        self._narrow(self._shown if narrows else self._order)

    def reorder(self) -> None:
        """Order anew, as the rows' values changed without the rows; the same ones stay shown."""
        kept = None if self._sieve is None else set(self._shown.keys)
        self._fill()
        self._shown = self._order
        if kept is not None:
            keys = [key for key in self._order.keys if key in kept]
            self._shown = Order(self._values, self._reverse, keys)

    def turned(self) -> list[str]:
        """Of the next rows, all in turn, those that pass and are not shown, or the other way round: by time alone."""
        if self._sieve is None:
            return []
        begin = self._tried if self._tried < len(self.rows) else 0
        keys = list(islice(self.rows, begin, begin + _AT_ONCE))
        self._tried = begin + len(keys)
        passing, shown = set(self._sieve(keys)), set(self._shown.keys)
        return [key for key in keys if (key in passing) is not (key in shown)]

    def _value(self, row: T) -> tuple[Any, ...]:
        return _MISSING if self._sort is None else comparable(self._sort(row))

    def _arrange(self) -> None:
        self._fill()
        self._narrow()

    def _fill(self) -> None:
        self._values = {key: self._value(row) for key, row in self.rows.items()}
        self._order = Order(self._values, self._reverse)
        self._order.fill(self.rows)

    def _narrow(self, among: Order | None = None) -> None:
        if self._sieve is None:
            self._shown = self._order
            return
        self._shown = Order(self._values, self._reverse, self._sieve((among or self._order).keys))

    def _put(self, key: str, row: T) -> None:
        value = self._value(row)
        known = key in self.rows
        moves = not known or self._values[key] != value
        was_shown = known and self._shown.index(key) is not None
        self.rows[key] = row
        shown = self._sieve is None or bool(self._sieve([key]))
        if known and was_shown and (moves or not shown):
            self._take_out(self._shown, key)
        if known and moves and self._shown is not self._order:
            self._take_out(self._order, key)
        self._values[key] = value
        if moves:
            self._order.keys.insert(self._order.place(key, value), key)
        if self._shown is not self._order and shown and (moves or not was_shown):
            self._shown.keys.insert(self._shown.place(key, value), key)

    def _remove(self, key: str) -> None:
        if key not in self.rows:
            return
        self._take_out(self._shown, key)
        if self._shown is not self._order:
            self._take_out(self._order, key)
        del self.rows[key], self._values[key]

    @staticmethod
    def _take_out(order: Order, key: str) -> None:
        place = order.index(key)
        if place is not None:
            del order.keys[place]
