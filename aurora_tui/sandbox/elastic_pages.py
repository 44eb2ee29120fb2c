"""The answer to a search: documents in order, cut to a page and dressed as hits."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import cmp_to_key, partial
from typing import Any, NamedTuple

from aurora_tui.sandbox.elastic_queries import Document, ElasticError, moment

SHARDS = {"total": 1, "successful": 1, "skipped": 0, "failed": 0}

SortKey = tuple[float | str | None, ...]
_BEFORE = ("gte", "gt")


class Held(NamedTuple):
    """A document under the number of its arrival, its leaves by dotted names, its time in milliseconds."""

    number: int
    document: Document
    flat: Mapping[str, Any]
    stamp: float

    @property
    def id(self) -> str:
        return f"{self.number:012d}"


def within(held: Sequence[Held], query: Mapping[str, Any], now: float) -> Sequence[Held]:
    """The documents not before the lower bounds that a query sets for the time; they came in its order."""
    clauses = query.get("bool", {}).get("filter", [])
    bounds = [
        moment(bound, now)
        for clause in (clauses if isinstance(clauses, list) else [clauses])
        for name, bound in clause.get("range", {}).get("@timestamp", {}).items()
        if name in _BEFORE
    ]
    return held[bisect_left(held, max(bounds), key=lambda each: each.stamp) :] if bounds else held


def sort_order(given: Any) -> tuple[tuple[str, bool], ...]:
    """Fields and whether they go down, of ``["f", {"f": "desc"}, {"f": {"order": "desc"}}]``."""
    order: list[tuple[str, bool]] = []
    for item in given if isinstance(given, list) else [given] if given else []:
        pairs = item.items() if isinstance(item, Mapping) else [(item, "asc")]
        for name, how in pairs:
            way = how.get("order", "asc") if isinstance(how, Mapping) else how
            order.append((str(name).removesuffix(".keyword"), way == "desc"))
    return tuple(order)


def sort_key(each: Held, order: tuple[tuple[str, bool], ...]) -> SortKey:
    """The ``sort`` values of a hit: dates in milliseconds, ``_doc`` the number of its arrival."""
    return tuple(
        each.number
        if name in ("_doc", "_shard_doc")
        else round(each.stamp)
        if name == "@timestamp"
        else each.flat.get(name)
        for name, _ in order
    )


def compare(left: SortKey, right: SortKey, order: tuple[tuple[str, bool], ...]) -> int:
    """Below, at or above zero as `left` comes before, with or after `right`; a missing value comes last."""
    for (_, down), one, other in zip(order, left, right, strict=True):
        if one == other:
            continue
        if one is None or other is None:
            return 1 if one is None else -1
        above = str(one) > str(other) if isinstance(one, str) or isinstance(other, str) else one > other
        return 1 if above != down else -1
    return 0


def page(found: Sequence[Held], body: Mapping[str, Any], index: str, offset: int, size: int) -> dict[str, object]:
    """The answer to a search; one on a point in time tells documents of the same time apart by ``_shard_doc``."""
    order = sort_order(body.get("sort"))
    if "pit" in body and order:
        order = (*order, ("_shard_doc", False))
    keyed = [(sort_key(each, order), each) for each in found]
    place = cmp_to_key(partial(compare, order=order))
    keyed.sort(key=lambda item: place(item[0]))
    if (after := body.get("search_after")) is not None:
        if len(after) != len(order):
            raise ElasticError(400, "illegal_argument_exception", "search_after has as many values as there are sorts")
        last = tuple(
            round(moment(value, 0)) if name == "@timestamp" else value
            for value, (name, _) in zip(after, order, strict=True)
        )
        keyed = [item for item in keyed if compare(item[0], last, order) > 0]
    formatted = _formatted(body.get("sort"))
    hits: list[dict[str, object]] = []
    for key, each in keyed[offset : offset + size]:
        hit: dict[str, object] = {"_index": index, "_id": each.id, "_score": None if order else 1.0}
        source = body.get("_source")
        if source is not False:
            hit["_source"] = _without(each.document, source.get("excludes", []) if isinstance(source, Mapping) else [])
        if "fields" in body:
            hit["fields"] = {name: [each.flat[name]] for name in body["fields"] if name in each.flat}
        hits.append(hit | ({"sort": _dressed(key, order, formatted)} if order else {}))
    best = None if order or not hits else 1.0
    total = {"total": {"value": len(found), "relation": "eq"}} if body.get("track_total_hits", True) else {}
    return {"took": 1, "timed_out": False, "_shards": SHARDS, "hits": {**total, "max_score": best, "hits": hits}}


def _formatted(sort: Any) -> set[str]:
    """The fields whose sort values were asked for as text."""
    items = [item for item in (sort if isinstance(sort, list) else [sort]) if isinstance(item, Mapping)]
    return {name for item in items for name, how in item.items() if isinstance(how, Mapping) and "format" in how}


def _dressed(key: SortKey, order: tuple[tuple[str, bool], ...], formatted: set[str]) -> list[Any]:
    return [
        datetime.fromtimestamp(float(value) / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if name in formatted and value is not None
        else value
        for value, (name, _) in zip(key, order, strict=True)
    ]


def _without(document: Document, patterns: Sequence[str], prefix: str = "") -> dict[str, Any]:
    """A document without the fields that ``_source.excludes`` names."""
    kept: dict[str, Any] = {}
    for name, value in document.items():
        path = prefix + name
        if any(fnmatchcase(path, pattern) for pattern in patterns):
            continue
        kept[name] = _without(value, patterns, f"{path}.") if isinstance(value, Mapping) else value
    return kept
