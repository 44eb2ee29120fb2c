"""Synthetic traces of the Aurora Stack: the same moment always gives the same request."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

PERIOD_S = 2
"""One sampled request every so many seconds."""
_PATHS = (
    ("GET /api/orders", "SELECT orders"),
    ("GET /api/products", "SELECT products"),
    ("POST /api/orders", "INSERT orders"),
    ("GET /api/users/{id}", "SELECT users"),
)
_INTROSPECT = "POST /realms/aurora/protocol/openid-connect/token/introspect"
SERVICES = ("aurora-backend", "aurora-frontend", "aurora-keycloak", "aurora-postgres")


@dataclass(frozen=True, slots=True)
class Health:
    """How a service does at a moment: the share of its answers that fail, and its slowness."""

    error_ratio: float = 0.0005
    slowdown: float = 1.0


HealthAt = Callable[[float], Health]
"""The backend's health at a moment in epoch seconds."""


@dataclass(frozen=True, slots=True)
class Span:
    """Times in microseconds; `parent` is empty for the root; `status` is the HTTP code or 0."""

    span_id: str
    parent: str
    service: str
    operation: str
    kind: str
    start: int
    duration: int
    failed: bool
    status: int = 0


@dataclass(frozen=True, slots=True)
class Trace:
    """Spans of one request, the root first."""

    trace_id: str
    spans: tuple[Span, ...]

    @property
    def start(self) -> int:
        return self.spans[0].start

    @property
    def services(self) -> frozenset[str]:
        return frozenset(span.service for span in self.spans)


def operations(service: str) -> list[str]:
    """The operations that a service's spans have, sorted."""
    named = {
        "aurora-backend": [route for route, _ in _PATHS],
        "aurora-frontend": [route.replace("/api", "") for route, _ in _PATHS],
        "aurora-keycloak": [_INTROSPECT],
        "aurora-postgres": [statement for _, statement in _PATHS],
    }
    return sorted(named.get(service, ()))


def traces(start: float, end: float, health: HealthAt) -> Iterator[Trace]:
    """The traces that began in ``[start, end]`` (epoch seconds), the newest first."""
    for slot in range(int(end) // PERIOD_S, int(start) // PERIOD_S - 1, -1):
        trace = trace_of(slot, health)
        if start * 1e6 <= trace.start <= end * 1e6:
            yield trace


def trace_by_id(trace_id: str, health: HealthAt) -> Trace | None:
    """The trace with this id, which holds its slot; None for an id that is not one of ours."""
    try:
        slot = int(trace_id, 16) >> 64
    except ValueError:
        return None
    trace = trace_of(slot, health)
    return trace if trace.trace_id == trace_id.zfill(32) else None


def trace_of(slot: int, health: HealthAt) -> Trace:
    """The request sampled in the slot-th period since the epoch."""
    dice = random.Random(slot)
    trace_id = f"{slot:016x}{dice.getrandbits(64):016x}"
    start = slot * PERIOD_S * 1_000_000 + dice.randrange(PERIOD_S * 1_000_000)
    now = health(start / 1e6)
    failed = dice.random() < now.error_ratio
    route, statement = dice.choice(_PATHS)
    ids = [f"{dice.getrandbits(64):016x}" for _ in range(4)]
    token, query = round(dice.lognormvariate(8.9, 0.4)), round(dice.lognormvariate(8.5, 0.5))
    own = round(dice.lognormvariate(9.6, 0.6) * now.slowdown)
    backend = token + query + own
    page = round(dice.lognormvariate(10.4, 0.5))
    status = 500 if failed else 200
    code = 502 if failed else 200
    began = start + page // 2
    spans = (
        Span(
            ids[0],
            "",
            "aurora-frontend",
            route.replace("/api", ""),
            "server",
            start,
            backend + page,
            failed,
            code,
        ),
        Span(ids[1], ids[0], "aurora-backend", route, "server", began, backend, failed, status),
        Span(ids[2], ids[1], "aurora-keycloak", _INTROSPECT, "server", began + 300, token, False, 200),
        Span(ids[3], ids[1], "aurora-postgres", statement, "client", began + 400 + token, query, False),
    )
    return Trace(trace_id, spans)
