"""Traces of the Aurora Stack: a request for each line that a backend pod writes of one, under the id that it names."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from aurora_tui.model.frozen import Frozen
from aurora_tui.sandbox.kube.kinds import Json
from aurora_tui.sandbox.kube.podlogs import NANO, Ails, Run, lines_of_second, log_begin, nothing_ails
from aurora_tui.sandbox.podlog_documents import runs_of

EVERY_S = 4
"""A search looks through the requests of one second in so many: a sandbox need not be complete."""
FRONTEND, BACKEND, KEYCLOAK, POSTGRES = "aurora-frontend", "aurora-backend", "aurora-keycloak", "aurora-postgres"
SERVICES = (BACKEND, FRONTEND, KEYCLOAK, POSTGRES)
_INTROSPECT = "POST /realms/aurora/protocol/openid-connect/token/introspect"
_STATEMENTS = {"orders": "SELECT orders", "products": "SELECT products", "carts": "UPDATE carts"}

_PLACES = {"PSQLException": POSTGRES, "SSLHandshakeException": KEYCLOAK}
"""Whose answer a request failed by, by the type of its error; by nobody else's where it is not among them."""

Pods = Callable[[], Sequence[Json]]


class Health(Frozen):
    """How a service does at a moment: the share of its answers that fail, and its slowness."""

    error_ratio: float = 0.0005
    slowdown: float = 1.0


HealthAt = Callable[[float], Health]
"""The backend's health at a moment in epoch seconds."""


class Span(Frozen):
    """Times in microseconds; `parent` is empty for the root; `status` is the HTTP code or 0; `error` what failed."""

    span_id: str
    parent: str
    service: str
    operation: str
    kind: str
    start: int
    duration: int
    error: str = ""
    status: int = 0
    exception: str = ""
    pod: Json | None = None


class Trace(Frozen):
    """Spans of one request, the root first."""

    trace_id: str
    spans: tuple[Span, ...]

    @property
    def start(self) -> int:
        return self.spans[0].start

    @property
    def end(self) -> int:
        """When the backend had answered, and wrote its line."""
        return self.spans[1].start + self.spans[1].duration


def process_of(span: Span) -> dict[str, str]:
    """What an OpenTelemetry SDK and the collector tell of the pod that a span ran in."""
    if span.pod is None:
        return {}
    pod = span.pod
    container = pod["spec"]["containers"][0]
    return {
        "host.name": pod["metadata"]["name"],
        "k8s.container.name": container["name"],
        "k8s.namespace.name": pod["metadata"]["namespace"],
        "k8s.node.name": pod["spec"].get("nodeName", ""),
        "k8s.pod.name": pod["metadata"]["name"],
        "service.version": container["image"].rpartition(":")[2],
    }


def traces(
    pods: Sequence[Json], start: float, end: float, health: HealthAt, ails: Ails = nothing_ails
) -> Iterator[Trace]:
    """Traces whose requests ended in ``[start, end]`` (epoch seconds), the newest first."""
    backends = [
        (pod, run) for pod in _of(pods, BACKEND) for run in runs_of(pod, pod["spec"]["containers"][0]["name"], ails)
    ]
    begins = {run.container_id: log_begin(run, end) for _, run in backends}
    for second in range(int(end) - int(end) % EVERY_S, int(start) - 1, -EVERY_S):
        for pod, run in backends:
            if begins[run.container_id] <= second <= (run.ended or second):
                yield from (each for each in _of_second(pods, pod, run, second, health) if each.end <= end * 1e6)


def trace_by_id(pods: Sequence[Json], trace_id: str, health: HealthAt, ails: Ails = nothing_ails) -> Trace | None:
    """The trace with this id, which begins with its second; None for an id that is not one of ours."""
    try:
        second = int(trace_id[:8], 16)
    except ValueError:
        return None
    for pod in _of(pods, BACKEND):
        for run in runs_of(pod, pod["spec"]["containers"][0]["name"], ails):
            if run.started <= second <= (run.ended or second):
                for trace in _of_second(pods, pod, run, second, health):
                    if trace.trace_id == trace_id:
                        return trace
    return None


def operations(
    pods: Sequence[Json], now: float, service: str, health: HealthAt, ails: Ails = nothing_ails
) -> list[str]:
    """The operations that a service's spans had in the last minutes, sorted."""
    recent = traces(pods, now - 300, now, health, ails)
    return sorted({span.operation for trace in recent for span in trace.spans if span.service == service})


def _of(pods: Sequence[Json], app: str) -> list[Json]:
    return [pod for pod in pods if pod["metadata"].get("labels", {}).get("app") == app]


def _of_second(pods: Sequence[Json], pod: Json, run: Run, second: int, health: HealthAt) -> Iterator[Trace]:
    for line in reversed(lines_of_second(run, second)):
        if line.text.startswith("{"):
            fields = msgspec.json.decode(line.text, type=dict[str, Any])
            if "http.request.method" in fields:
                yield _trace(pods, pod, line.stamp // (NANO // 1_000_000), fields, health)


def _trace(pods: Sequence[Json], pod: Json, end: int, fields: dict[str, Any], health: HealthAt) -> Trace:
    """The request that a line tells of, written when the backend had answered."""
    trace_id = fields["trace.id"]
    dice = random.Random(trace_id)
    ids = [f"{dice.getrandbits(64):016x}" for _ in range(4)]
    route = _route(fields["url.path"])
    status = int(fields["http.response.status_code"])
    error = fields["message"].partition(" failed: ")[2] if status >= 500 else ""
    token = round(dice.lognormvariate(8.0, 0.3))
    given = max(fields.get("event.duration", 0) // 1000, 1200)
    place = _PLACES.get(fields.get("error.type", ""), BACKEND) if error else ""
    if error and "event.duration" in fields:
        backend, failed = given, f"{fields['error.type']}: {error}"
        token, query = min(token, backend // 4), backend // 2
    elif error:
        failed = f"PSQLException: ERROR: {error}"
        # It is tried again until the request's time is up.
        query = round(dice.lognormvariate(12.6, 0.5) * health(end / 1e6).slowdown / 4)
        own = round(dice.lognormvariate(8.5, 0.4))
        backend = token + query + own
    else:
        backend, failed = given, ""
        token = min(token, backend // 4)
        query = backend // 2
    page = round(dice.lognormvariate(9.0, 0.4))
    began = end - backend
    frontends = _of(pods, FRONTEND)
    front = frontends[dice.randrange(len(frontends))] if frontends else None
    method = fields["http.request.method"]
    statement = next((words for name, words in _STATEMENTS.items() if name in route), "SELECT customers")
    code = 502 if error else status
    root = Span(
        ids[0], "", FRONTEND, f"{method} {route.replace('/api/v1', '')}", "server", began - page // 2,
        backend + page, "Bad Gateway" if error else "", code, pod=front,
    )  # fmt: skip
    own_span = Span(
        ids[1], ids[0], BACKEND, f"{method} {route}", "server", began, backend, failed, status, failed, pod=pod
    )
    refused = failed if place == KEYCLOAK else ""
    asked = Span(
        ids[2], ids[1], KEYCLOAK, _INTROSPECT, "client" if refused else "server", began + 300, token,
        refused, 0 if refused else 200, refused, pod=_first(pods, KEYCLOAK),
    )  # fmt: skip
    lost = failed if place == POSTGRES else ""
    read = Span(
        ids[3], ids[1], POSTGRES, statement, "client", began + 400 + token, query, lost,
        pod=_first(pods, POSTGRES),
    )  # fmt: skip
    # What it did not come to is not there: nothing was asked for a request that was refused at the door.
    reached = {BACKEND: (), KEYCLOAK: (asked,)}.get(place, (asked, read))
    return Trace(trace_id, (root, own_span, *reached))


def _first(pods: Sequence[Json], app: str) -> Json | None:
    return next(iter(_of(pods, app)), None)


def _route(path: str) -> str:
    """The path with its numbers as parameters, as instrumentation names an operation."""
    return "/".join("{id}" if part.isdecimal() else part for part in path.split("/"))
