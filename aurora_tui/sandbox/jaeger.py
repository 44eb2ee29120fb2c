"""The sandbox's Jaeger: its HTTP query API, that of the user interface and version 3.

https://www.jaegertracing.io/docs/latest/architecture/apis/
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from itertools import islice

import msgspec
from aiohttp import web

from aurora_tui.sandbox.jaeger_json import legacy_envelope, otlp, span_tags, trace_json
from aurora_tui.sandbox.kube.podlogs import Ails, nothing_ails
from aurora_tui.sandbox.traces import SERVICES, HealthAt, Pods, Span, Trace, operations, trace_by_id, traces
from aurora_tui.sandbox.wire import from_rfc3339, json_response

_LOOKBACK_US = 3_600_000_000
_MAX_LOOKBACK_US = 24 * _LOOKBACK_US
_DEFAULT_LIMIT, _MAX_LIMIT = 20, 1500
_NONE = ("trace not found", "No traces found")
_UNIT_US = {"us": 1.0, "µs": 1.0, "ms": 1e3, "s": 1e6, "m": 6e7, "h": 3.6e9}


class ParameterError(ValueError):
    """A parameter that Jaeger refuses with 400."""


class JaegerServer:
    """What it serves is in `app`.  `pods` are those whose requests it traces, `health` says how the backend did."""

    def __init__(self, pods: Pods, health: HealthAt, clock: Callable[[], float], ails: Ails = nothing_ails) -> None:
        self._ails = ails
        self._pods = pods
        self._health = health
        self._clock = clock

    def app(self) -> web.Application:
        routes = web.Application(middlewares=[_errors])
        get = routes.router.add_get
        get("/api/services", _handler(lambda request: legacy_envelope(list(SERVICES))))
        get(
            "/api/services/{service}/operations",
            _handler(lambda request: legacy_envelope(self._operations(request.match_info["service"]))),
        )
        get("/api/traces", _handler(self._search))
        get("/api/traces/{id}", _handler(lambda request: legacy_envelope([trace_json(self._one(request))])))
        get("/api/v3/services", _handler(lambda request: {"services": SERVICES}))
        get("/api/v3/operations", _handler(self._operations_v3))
        get("/api/v3/traces", _handler(self._search_v3))
        get("/api/v3/traces/{id}", _handler(lambda request: otlp([self._one(request)])))
        return routes

    def _one(self, request: web.Request) -> Trace:
        trace = trace_by_id(self._pods(), request.match_info["id"], self._health, self._ails)
        if trace is None or trace.end > self._clock() * 1e6:
            raise web.HTTPNotFound(reason="trace not found")
        return trace

    def _search(self, request: web.Request) -> object:
        given = request.query
        if not given.get("service"):
            raise ParameterError("parameter 'service' is required")
        end = int(given.get("end", self._clock() * 1e6))
        found = self._found(
            int(given.get("start", end - _LOOKBACK_US)),
            end,
            int(given.get("limit", _DEFAULT_LIMIT)),
            service=given["service"],
            operation=given.get("operation", ""),
            tags=msgspec.json.decode(given.get("tags", "{}"), type=dict[str, str]),
            shortest=_microseconds(given.get("minDuration", "0s")),
            longest=_microseconds(given.get("maxDuration", "24h")),
        )
        return legacy_envelope([trace_json(trace) for trace in found])

    def _search_v3(self, request: web.Request) -> object:
        given = {name.removeprefix("query."): value for name, value in request.query.items()}
        if "start_time_min" not in given or "start_time_max" not in given:
            raise ParameterError("malformed parameter: query.start_time_min and query.start_time_max are required")
        found = self._found(
            from_rfc3339(given["start_time_min"]) * 1000,
            from_rfc3339(given["start_time_max"]) * 1000,
            int(given.get("search_depth", given.get("num_traces", _DEFAULT_LIMIT))),
            service=given.get("service_name", ""),
            operation=given.get("operation_name", ""),
            tags=msgspec.json.decode(given.get("attributes", "{}"), type=dict[str, str]),
            shortest=_microseconds(given.get("duration_min", "0s")),
            longest=_microseconds(given.get("duration_max", "24h")),
        )
        if not found:
            raise web.HTTPNotFound(reason="No traces found")
        return otlp(found)

    def _operations(self, service: str) -> list[str]:
        return operations(self._pods(), self._clock(), service, self._health, self._ails)

    def _operations_v3(self, request: web.Request) -> object:
        names = self._operations(request.query.get("service", ""))
        return {"operations": [{"name": name, "spanKind": "server"} for name in names]}

    def _found(
        self,
        start: int,
        end: int,
        limit: int,
        *,
        service: str,
        operation: str,
        tags: Mapping[str, str],
        shortest: float,
        longest: float,
    ) -> list[Trace]:
        """Traces with one span that meets every condition, the newest first."""
        end = min(end, round(self._clock() * 1e6))

        def meets(span: Span) -> bool:
            values = {key: str(value).lower() for key, value in span_tags(span).items()}
            values["error"] = "true" if span.error else "false"
            return (
                service in ("", span.service)
                and operation in ("", span.operation)
                and shortest <= span.duration <= longest
                and all(values.get(key) == value.lower() for key, value in tags.items())
            )

        newest = traces(self._pods(), max(start, end - _MAX_LOOKBACK_US) / 1e6, end / 1e6, self._health, self._ails)
        return list(islice((trace for trace in newest if any(map(meets, trace.spans))), min(limit, _MAX_LIMIT)))


def _microseconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(us|µs|ms|s|m|h)", text)
    if found is None:
        raise ParameterError(f'cannot parse duration: "{text}"')
    return float(found[1]) * _UNIT_US[found[2]]


def _handler(answer: Callable[[web.Request], object]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        return json_response(answer(request))

    return handle


@web.middleware
async def _errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPNotFound as error:
        known = error.reason in _NONE
        status, message = (404, error.reason) if known else (501, f"{request.path} is not implemented by this server")
    except web.HTTPMethodNotAllowed:
        status, message = 501, f"{request.method} {request.path} is not implemented by this server"
    except (ValueError, msgspec.MsgspecError) as error:
        status, message = 400, str(error)
    if request.path.startswith("/api/v3/"):
        return json_response({"error": {"httpCode": status, "message": message}}, status)
    problem = {"code": status, "msg": message}
    return json_response({"data": None, "total": 0, "limit": 0, "offset": 0, "errors": [problem]}, status)
