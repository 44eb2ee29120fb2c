"""Elasticsearch's query DSL and sorting, as far as a log viewer uses them, over ECS documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

Document = Mapping[str, Any]
Predicate = Callable[[Document], bool]

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
    if kind not in ("term", "terms", "match", "match_phrase", "range", "prefix", "wildcard", "regexp"):
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
    if kind == "regexp":
        pattern = re.compile(text)
        return lambda value: pattern.fullmatch(str(value)) is not None
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
    # A `date` is indexed to the millisecond.
    return lambda value: all(test(int(moment(value, now)) if dates else value, bound) for test, bound in tests)


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
