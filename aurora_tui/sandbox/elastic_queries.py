"""Elasticsearch's query DSL and sorting, as far as a log viewer uses them, over ECS documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import cmp_to_key, partial
from typing import Any

SHARDS = {"total": 1, "successful": 1, "skipped": 0, "failed": 0}

Document = Mapping[str, Any]
Predicate = Callable[[Document], bool]
SortKey = tuple[float | str | None, ...]

_WORD = re.compile(r"\w+")
_DATE_MATH = re.compile(r"now(?:([+-])(\d+)([smhdw]))?")
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_BOUNDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": lambda value, bound: value > bound,
    "gte": lambda value, bound: value >= bound,
    "lt": lambda value, bound: value < bound,
    "lte": lambda value, bound: value <= bound,
}


class ElasticError(Exception):
    """A request without an answer, as ``{"error": {"type": …, "reason": …}, "status": …}`` tells it."""

    def __init__(self, status: int, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.kind = kind


def fields_of(document: Document, prefix: str = "") -> dict[str, Any]:
    """Leaves by their dotted names: ``{"log": {"level": "error"}}`` -> ``{"log.level": "error"}``."""
    found: dict[str, Any] = {}
    for name, value in document.items():
        if isinstance(value, Mapping):
            found |= fields_of(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def predicate(query: Any, now: float) -> Predicate:
    """The test that a query makes of a document.  `now` in epoch seconds.  Raises ElasticError."""
    if not isinstance(query, Mapping) or len(query) != 1:
        raise ElasticError(400, "parsing_exception", "[_na] query malformed, expected one query clause")
    (kind, body), *_ = query.items()
    if kind == "bool":
        return _bool(body, now)
    if kind in ("match_all", "match_none"):
        return lambda document: kind == "match_all"
    if kind == "exists":
        return lambda document: fields_of(document).get(body["field"]) is not None
    if kind not in ("term", "terms", "match", "match_phrase", "range", "prefix", "wildcard"):
        raise ElasticError(501, "not_implemented", f"query [{kind}] is not implemented by this server")
    if not isinstance(body, Mapping) or len([name for name in body if name != "boost"]) != 1:
        raise ElasticError(400, "parsing_exception", f"[{kind}] query malformed, expected one field")
    field, wanted = next((name, value) for name, value in body.items() if name != "boost")
    name = field.removesuffix(".keyword")
    test = _range(name, wanted, now) if kind == "range" else _leaf(kind, wanted)
    return lambda document: (value := fields_of(document).get(name)) is not None and test(value)


def _bool(body: Mapping[str, Any], now: float) -> Predicate:
    def clauses(name: str) -> list[Predicate]:
        given = body.get(name, [])
        return [predicate(query, now) for query in (given if isinstance(given, list) else [given])]

    every = clauses("must") + clauses("filter")
    none, some = clauses("must_not"), clauses("should")
    least = int(body.get("minimum_should_match", 0 if every else min(1, len(some))))
    return lambda document: (
        all(test(document) for test in every)
        and not any(test(document) for test in none)
        and sum(test(document) for test in some) >= least
    )


def _leaf(kind: str, wanted: Any) -> Callable[[Any], bool]:
    operator = "or"
    if isinstance(wanted, Mapping):
        operator = str(wanted.get("operator", "or")).lower()
        wanted = wanted.get("value", wanted.get("query"))
    if kind == "terms":
        return lambda value: value in wanted
    if kind == "term":
        return lambda value: bool(value == wanted)
    text = str(wanted)
    if kind == "prefix":
        return lambda value: str(value).startswith(text)
    if kind == "wildcard":
        return lambda value: fnmatchcase(str(value), text)
    words = _words(text)
    if kind == "match_phrase":
        return lambda value: f" {' '.join(words)} " in f" {' '.join(_words(str(value)))} "
    quantifier = all if operator == "and" else any
    return lambda value: quantifier(word in set(_words(str(value))) for word in words)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _range(name: str, wanted: Mapping[str, Any], now: float) -> Callable[[Any], bool]:
    dates = name == "@timestamp"
    unknown = [key for key in wanted if key not in _BOUNDS and key not in ("format", "time_zone")]
    if unknown:
        raise ElasticError(400, "parsing_exception", f"[range] query does not support [{unknown[0]}]")
    tests = [(_BOUNDS[key], moment(bound, now) if dates else bound) for key, bound in wanted.items() if key in _BOUNDS]
    return lambda value: all(test(moment(value, now) if dates else value, bound) for test, bound in tests)


def moment(value: Any, now: float) -> float:
    """Milliseconds of a date: ISO 8601, epoch milliseconds or ``now-15m``.  Raises ElasticError."""
    text = str(value)
    if found := _DATE_MATH.fullmatch(text):
        sign, count, unit = found.groups()
        return (now + (int(f"{sign}{count}") * _UNIT_S[unit] if sign else 0)) * 1000
    try:
        if re.fullmatch(r"-?\d+(\.\d+)?", text):
            return float(text)
        date = datetime.fromisoformat(text)
    except ValueError as error:
        raise ElasticError(400, "parse_exception", f"failed to parse date field [{text}]") from error
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() * 1000


def sort_order(given: Any) -> tuple[tuple[str, bool], ...]:
    """Fields and whether they go down, of ``["f", {"f": "desc"}, {"f": {"order": "desc"}}]``."""
    order: list[tuple[str, bool]] = []
    for item in given if isinstance(given, list) else [given] if given else []:
        pairs = item.items() if isinstance(item, Mapping) else [(item, "asc")]
        for name, how in pairs:
            way = how.get("order", "asc") if isinstance(how, Mapping) else how
            order.append((str(name).removesuffix(".keyword"), way == "desc"))
    return tuple(order)


def sort_key(document: Document, number: int, order: tuple[tuple[str, bool], ...]) -> SortKey:
    """The ``sort`` values of a hit: dates in milliseconds, ``_doc`` the number of its arrival."""
    fields = fields_of(document)
    return tuple(
        number
        if name in ("_doc", "_shard_doc")
        else round(moment(fields[name], 0))
        if name == "@timestamp"
        else fields.get(name)
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


def page(
    found: list[tuple[int, Document]], body: Mapping[str, Any], index: str, offset: int, size: int
) -> dict[str, object]:
    """The answer to a search: numbered documents sorted, cut to a page and dressed as hits."""
    order = sort_order(body.get("sort"))
    keyed = [(sort_key(document, number, order), number, document) for number, document in found]
    place = cmp_to_key(partial(compare, order=order))
    keyed.sort(key=lambda item: place(item[0]))
    if (after := body.get("search_after")) is not None:
        if len(after) != len(order):
            raise ElasticError(400, "illegal_argument_exception", "search_after has as many values as there are sorts")
        keyed = [item for item in keyed if compare(item[0], tuple(after), order) > 0]
    hits: list[dict[str, object]] = []
    for key, number, document in keyed[offset : offset + size]:
        hit: dict[str, object] = {"_index": index, "_id": f"{number:012d}", "_score": None if order else 1.0}
        if body.get("_source") is not False:
            hit["_source"] = document
        hits.append(hit | ({"sort": key} if order else {}))
    best = None if order or not hits else 1.0
    total = {"value": len(found), "relation": "eq"}
    return {
        "took": 1,
        "timed_out": False,
        "_shards": SHARDS,
        "hits": {"total": total, "max_score": best, "hits": hits},
    }
