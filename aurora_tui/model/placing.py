"""Rows that know their context: what is shown of several clusters at once is never told apart by name alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from itertools import takewhile
from typing import Any

import msgspec

from aurora_tui.model.freshness import Freshness, SourceState

CONTEXT = "CONTEXT"
"""The heading of the column that says where a row is from."""
_APART = "\x1f"
"""Stands between a context and a row's key; neither may hold it."""
_PARTING = "/:_@"
_GRAVITY = (
    SourceState.LIVE,
    SourceState.UNCONFIGURED,
    SourceState.UNCAPTURED,
    SourceState.CONNECTING,
    SourceState.STALE,
    SourceState.DENIED,
    SourceState.DOWN,
)


def context_of(row: object) -> str:
    """The context that a row was read from; empty where only one is open."""
    return str(getattr(row, "context", ""))


def placed_key(context: str, key: str) -> str:
    """The key of a row among those of several contexts; of a single one it is the row's own."""
    return f"{context}{_APART}{key}" if context else key


def short_names(contexts: Collection[str]) -> dict[str, str]:
    """Contexts without what all of them begin with, as far as that ends with a sign that parts names.

    As a column tells them: those of EKS are ``arn:aws:eks:REGION:ACCOUNT:cluster/NAME``.
    """
    alike = takewhile(lambda signs: len(set(signs)) == 1, zip(*contexts, strict=False))
    cut = max((at + 1 for at, (sign, *_) in enumerate(alike) if sign in _PARTING), default=0)
    short = {each: each[cut:] for each in contexts}
    return short if all(short.values()) else {each: each for each in contexts}


def placed(row: Any, context: str) -> Any:
    """The same row with the context that it was read from: a value of a type of the same name and fields.

    A row that tells its context itself stays as it is.
    """
    kind: Any = type(row)
    if hasattr(row, "context"):
        return row
    return _placed(kind)(*msgspec.structs.astuple(row), context)


@cache
def _placed(kind: Any) -> Any:
    """The type with a context of a type of rows."""
    return msgspec.defstruct(kind.__name__, [("context", str, "")], bases=(kind,), module=kind.__module__, frozen=True)


def together(members: Mapping[str, Freshness]) -> Freshness:
    """How fresh a table is that is read from several contexts: as its worst, and each by itself.

    What one context does not tell must not seem to be told by the others.
    """
    worst = max((each.state for each in members.values()), key=_GRAVITY.index)
    told: dict[str, list[str]] = {}
    for context, each in members.items():
        told.setdefault(each.message, []).append(context)
    words = [f"{', '.join(whose)}: {said}" if len(told) > 1 else said for said, whose in told.items() if said]
    heard = [each.last_good for each in members.values() if each.last_good is not None]
    tries = [each.next_try for each in members.values() if each.next_try is not None]
    return Freshness(
        worst,
        # One title tells the age of all: it is that of the oldest where they stand alike.
        min(heard) if len(heard) == len(members) else max(heard, default=None),
        "; ".join(words),
        next_try=min(tries, default=None),
        members=tuple(members.items()),
    )
