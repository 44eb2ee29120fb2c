"""Exemplars of the backend's latency: of the traces of its slowest requests, as Prometheus tells them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from aurora_tui.sandbox.promql_ast import Selector
from aurora_tui.sandbox.series import format_value
from aurora_tui.sandbox.traces import BACKEND, Trace
from aurora_tui.sandbox.traffic import BUCKETS

Traces = Callable[[float, float], Iterable[Trace]]
"""The traces of a time, from and to in epoch seconds."""
_MOST = 10
_NAME = "http_request_duration_seconds_bucket"


def exemplars_json(query: object, found: Iterable[Trace]) -> list[dict[str, object]]:
    """What ``query_exemplars`` answers to a parsed query: an exemplar for each bucket that it selects, at most ten."""
    wanted = [*_selectors(query)]
    answer: list[dict[str, object]] = []
    slowest = sorted(_observed(found), key=lambda each: -each[1])
    for trace, seconds, at in slowest:
        labels = {"__name__": _NAME, "job": BACKEND, "le": _bound(seconds)}
        if any(all(each.accepts(labels.get(each.name, "")) for each in one.matchers) for one in wanted):
            exemplar = {"labels": {"trace_id": trace}, "value": format_value(seconds), "timestamp": at}
            answer.append({"seriesLabels": labels, "exemplars": [exemplar]})
    return answer[:_MOST]


def _observed(found: Iterable[Trace]) -> Iterator[tuple[str, float, float]]:
    """Trace, seconds and time of the backend's part of each request."""
    for trace in found:
        for span in trace.spans:
            if span.service == BACKEND:
                yield trace.trace_id, span.duration / 1e6, (span.start + span.duration) / 1e6


def _bound(seconds: float) -> str:
    return next((f"{bound:g}" for bound in BUCKETS[:-1] if seconds <= bound), "+Inf")


def _selectors(node: object) -> Iterator[Selector]:
    if isinstance(node, Selector):
        yield node
    elif isinstance(node, msgspec.Struct):
        for each in msgspec.structs.astuple(node):
            yield from _selectors(each)
    elif isinstance(node, Sequence) and not isinstance(node, str):
        for each in node:
            yield from _selectors(each)
