"""A selection of logs as Elasticsearch's query DSL, by the fields that the indices really have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aurora_tui.model.logfields import Mapped, NoLogsError
from aurora_tui.model.selection import LogSelection
from aurora_tui.model.traces import short_id

Query = Mapping[str, Any]

NANOS = "strict_date_optional_time_nanos"
_SAFE = "[bcdfghjklmnpqrstvwxz2456789]"
"""The letters of generated names
(https://github.com/kubernetes/apimachinery/blob/v0.35.0/pkg/util/rand/rand.go): no word of a name is made of them."""
_SUFFIXES = {
    "Deployment": f"-{_SAFE}{{1,10}}-{_SAFE}{{5}}",
    "Rollout": f"-{_SAFE}{{1,10}}-{_SAFE}{{5}}",
    "ReplicaSet": f"-{_SAFE}{{5}}",
    "DaemonSet": f"-{_SAFE}{{5}}",
    "Job": f"(-[0-9]+)?-{_SAFE}{{5}}",
    "CronJob": f"-[0-9]+(-[0-9]+)?-{_SAFE}{{5}}",
    "StatefulSet": "-[0-9]+",
}


def pod_pattern(workload: tuple[str, str]) -> str:
    """The names that the pods of a workload (kind, name) have, as a regular expression."""
    kind, name = workload
    return re.escape(name).replace(r"\-", "-") + _SUFFIXES.get(kind, f"(-{_SAFE}{{1,10}})?-({_SAFE}{{5}}|[0-9]+)")


def filters(selection: LogSelection, fields: Mapped) -> list[Query]:
    """What a document must fulfil to belong to the selection, its time aside. Raises NoLogsError."""
    found: list[Query] = []
    if selection.trace is not None:
        found.append(_any([_equals(fields, "trace", each, "trace") for each in _spellings(selection.trace)]))
        if selection.pod is None and selection.workload is None:
            return found
    if selection.namespace and fields.of("namespace"):
        found.append(_equals(fields, "namespace", selection.namespace, "namespace"))
    if selection.pod is not None:
        found.append(_equals(fields, "pod", selection.pod, "pod"))
    elif selection.labels:
        found += [_equals(fields, f"labels:{name}", value, f"label {name}") for name, value in selection.labels]
    elif selection.workload is not None:
        found.append(_of_workload(fields, selection.workload))
    if selection.container is not None:
        found.append(_equals(fields, "container", selection.container, "container"))
    return found


def _spellings(trace: str) -> list[str]:
    """A 64-bit id stands in some logs as it is and in others filled up to 128 bits."""
    short = short_id(trace)
    return [short, short.zfill(32)] if len(short) == 16 else [trace]


def _of_workload(fields: Mapped, workload: tuple[str, str]) -> Query:
    """By the workload's own field where the document has one, else by how its pods are named."""
    by_name: list[Query] = []
    pattern = pod_pattern(workload)
    for name in fields.of("pod"):
        exact = fields.exact[name]
        by_name += [{"regexp": {each: {"value": pattern}}} for each in exact]
        if not exact:
            by_name.append({"match_phrase": {name: workload[1]}})
    own = fields.of("workload")
    if not by_name and not own:
        raise NoLogsError("no field of these indices holds the pod: name it under logs.fields.pod in the settings")
    if not own:
        return _any(by_name)
    absent = {"bool": {"must_not": [{"exists": {"field": name}} for name in own], "filter": [_any(by_name)]}}
    return _any([_equals(fields, "workload", workload[1], "workload"), *([absent] if by_name else [])])


def _equals(fields: Mapped, role: str, value: str, words: str) -> Query:
    some: list[Query] = []
    for name in fields.of(role):
        exact = fields.exact[name]
        some += [{"term": {each: {"value": value}}} for each in exact] or [{"match_phrase": {name: value}}]
    if not some:
        setting = "labels" if role.startswith("labels:") else role
        raise NoLogsError(
            f"no field of these indices holds the {words}: name it under logs.fields.{setting} in the settings"
        )
    return _any(some)


def _any(queries: Sequence[Query]) -> Query:
    return queries[0] if len(queries) == 1 else {"bool": {"should": list(queries), "minimum_should_match": 1}}


def between(time: str, **bounds: str) -> Query:
    """A range of the time: ``between("@timestamp", gte="…", lt="…")``; ``now`` is the server's clock."""
    return {"range": {time: {**bounds, "format": NANOS}}}


def all_of(queries: Sequence[Query], *, none: Sequence[Query] = ()) -> Query:
    return {"bool": {"filter": list(queries), **({"must_not": list(none)} if none else {})}}


def by_time(fields: Mapped, order: str) -> list[Any]:
    """The sort by time, ``asc`` or ``desc``; a point in time breaks its ties by ``_shard_doc``.

    An index without the field has no document of the range, but would fail to sort.
    """
    how = {"order": order, "format": NANOS, "unmapped_type": "date"}
    return [{fields.time: how | ({"numeric_type": "date_nanos"} if fields.nanos else {})}]
