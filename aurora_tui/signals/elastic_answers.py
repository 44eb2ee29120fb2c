"""The answers of Elasticsearch's REST API, as far as they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

Sort = tuple[Any, ...]
"""The sort values of a hit, which the next page is asked for after."""


class Hit(msgspec.Struct, gc=False):
    """One document; `fields` holds lists of values by dotted names, `source` what was indexed."""

    index: str = msgspec.field(name="_index", default="")
    id: str = msgspec.field(name="_id", default="")
    source: dict[str, Any] | None = msgspec.field(name="_source", default=None)
    fields: dict[str, list[Any]] = {}
    sort: list[Any] = []


class _Reason(msgspec.Struct):
    reason: str | None = None


class _Failure(msgspec.Struct):
    index: str | None = None
    reason: _Reason | None = None


class _Shards(msgspec.Struct):
    total: int = 0
    failed: int = 0
    failures: list[_Failure] = []


class _Hits(msgspec.Struct):
    hits: list[Hit]


class _Search(msgspec.Struct):
    hits: _Hits
    timed_out: bool = False
    shards: _Shards = msgspec.field(name="_shards", default_factory=_Shards)
    pit_id: str | None = None


class Answer(msgspec.Struct):
    """The hits of a search, the point in time to go on with, and in words what is missing of them."""

    hits: list[Hit]
    point: str | None
    partial: str


class Count(msgspec.Struct):
    count: int
    shards: _Shards = msgspec.field(name="_shards", default_factory=_Shards)

    @property
    def partial(self) -> str:
        """In words what was not counted."""
        return _failed(self.shards)


class PointInTime(msgspec.Struct):
    id: str


class Capability(msgspec.Struct):
    """A field as one type; `indices` None where it is that in all of them."""

    type: str
    searchable: bool = True
    aggregatable: bool = True
    indices: list[str] | None = None


class Capabilities(msgspec.Struct):
    indices: list[str]
    fields: Mapping[str, Mapping[str, Capability]] = {}


def read_answer(body: bytes) -> Answer:
    """A search's answer. Raises msgspec.DecodeError."""
    found = msgspec.json.decode(body, type=_Search)
    return Answer(found.hits.hits, found.pit_id, _partial(found))


def _partial(found: _Search) -> str:
    return _failed(found.shards) or ("partial: the server gave up before it was done" if found.timed_out else "")


def _failed(shards: _Shards) -> str:
    if shards.failed:
        why = next((each.reason.reason for each in shards.failures if each.reason and each.reason.reason), "")
        where = next((each.index for each in shards.failures if each.index), None)
        about = f" ({f'{where}: ' if where else ''}{' '.join(why.split())[:160]})" if why else ""
        return f"partial: {shards.failed} of {shards.total} shards failed{about}"
    return ""
