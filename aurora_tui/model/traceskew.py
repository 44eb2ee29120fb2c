"""Clocks that differ between hosts: a span that begins before the one that called it is moved to where it may lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from aurora_tui.model.traces import Event, Span

_HOST_TAGS = ("host.id", "host.ip", "host.name", "k8s.node.name", "hostname", "ip")
"""What tells one machine's clock from another's, as Jaeger's own adjuster and its clients name it."""


def host(span: Span) -> str:
    """The machine whose clock a span was timed by; empty where nothing tells it."""
    told = dict(span.process)
    return next((told[name] for name in _HOST_TAGS if told.get(name)), "")


def moves(spans: Sequence[Span], order: Sequence[int], parents: Mapping[int, int]) -> dict[int, int]:
    """By how many nanoseconds spans (by index) are moved; `order` has each span after its parent.

    As Jaeger does it (``clockskew.go``): a shorter child is put into the middle of its parent, as if the way there
    and back took as long, a longer one to its beginning, and what ran on the child's machine is moved with it. Jaeger
    also moves what merely ends after its parent, which work that is not waited for does by right; that stays.
    """
    moved: dict[int, int] = {}
    hosts = [host(span) for span in spans]
    for index in order:
        parent = parents.get(index)
        if parent is None:
            continue
        child, above = spans[index], spans[parent]
        above_moved = moved.get(parent, 0)
        if hosts[index] and hosts[index] == hosts[parent]:
            delta = above_moved
        else:
            late = above.begin + above_moved - child.begin
            slack = above.duration - child.duration
            delta = late + max(slack, 0) // 2 if late > 0 else 0
        if delta:
            moved[index] = delta
    return moved


def shifted(span: Span, delta: int) -> Span:
    """The span at another time, its events with it."""
    if not delta:
        return span
    events = tuple(Event(event.at + delta, event.name, event.tags) for event in span.events)
    return msgspec.structs.replace(span, begin=span.begin + delta, events=events)
