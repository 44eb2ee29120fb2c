"""Traces as Jaeger writes them: the JSON of its user interface, and OTLP of version 3 of its API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aurora_tui.sandbox.traces import Span, Trace, process_of

_KINDS = {"server": 2, "client": 3}


def legacy_envelope(data: list[str] | list[dict[str, object]]) -> dict[str, object]:
    return {"data": data, "total": len(data), "limit": 0, "offset": 0, "errors": None}


def span_tags(span: Span) -> dict[str, object]:
    """The attributes that instrumentation sets."""
    tags: dict[str, object] = {}
    if span.status:
        tags["http.response.status_code"] = span.status
    if span.kind == "client":
        tags |= {"db.system": "postgresql", "db.statement": span.operation}
    return tags


def trace_json(trace: Trace) -> dict[str, object]:
    owners = sorted({span.service: span for span in trace.spans}.items())
    processes = {service: f"p{number}" for number, (service, _) in enumerate(owners, 1)}
    spans = [
        {
            "traceID": trace.trace_id,
            "spanID": span.span_id,
            "operationName": span.operation,
            "references": [{"refType": "CHILD_OF", "traceID": trace.trace_id, "spanID": span.parent}]
            if span.parent
            else [],
            "startTime": span.start,
            "duration": span.duration,
            "tags": _typed(span_tags(span) | _of_status(span)),
            "logs": [{"timestamp": at, "fields": _typed({"event": "exception"} | more)} for at, more in _events(span)],
            "processID": processes[span.service],
            "warnings": None,
        }
        for span in trace.spans
    ]
    named = {processes[service]: {"serviceName": service, "tags": _typed(process_of(span))} for service, span in owners}
    return {"traceID": trace.trace_id, "spans": spans, "processes": named, "warnings": None}


def otlp(found: Iterable[Trace]) -> dict[str, object]:
    resources = [
        {
            "resource": {"attributes": _attributes({"service.name": span.service} | process_of(span))},
            "scopeSpans": [{"scope": {}, "spans": [_otlp_span(trace, span)]}],
        }
        for trace in found
        for span in trace.spans
    ]
    return {"result": {"resourceSpans": resources}}


def _otlp_span(trace: Trace, span: Span) -> dict[str, object]:
    return {
        "traceId": trace.trace_id,
        "spanId": span.span_id,
        **({"parentSpanId": span.parent} if span.parent else {}),
        "name": span.operation,
        "kind": _KINDS[span.kind],
        "startTimeUnixNano": f"{span.start * 1000}",
        "endTimeUnixNano": f"{(span.start + span.duration) * 1000}",
        "attributes": _attributes(span_tags(span)),
        "events": [
            {"timeUnixNano": f"{at * 1000}", "name": "exception", "attributes": _attributes(more)}
            for at, more in _events(span)
        ],
        "status": {"code": 2, "message": span.error} if span.error else {},
    }


def _of_status(span: Span) -> dict[str, object]:
    """What version 1 tells of kind and status: tags."""
    tags: dict[str, object] = {"span.kind": span.kind}
    if span.error:
        tags |= {"error": True, "otel.status_code": "ERROR", "otel.status_description": span.error}
    return tags


def _events(span: Span) -> list[tuple[int, dict[str, object]]]:
    if not span.exception:
        return []
    kind, _, message = span.exception.partition(": ")
    trace = f"org.postgresql.util.{span.exception}\n\tat com.aurora.orders.OrderRepository.findRecent"
    return [
        (
            span.start + span.duration * 9 // 10,
            {
                "exception.message": message,
                "exception.stacktrace": f"{trace}(OrderRepository.java:87)",
                "exception.type": kind,
            },
        )
    ]


def _typed(tags: Mapping[str, object]) -> list[dict[str, object]]:
    return [
        {
            "key": key,
            "type": "bool" if isinstance(value, bool) else "int64" if isinstance(value, int) else "string",
            "value": value,
        }
        for key, value in sorted(tags.items())
    ]


def _attributes(tags: Mapping[str, object]) -> list[dict[str, object]]:
    return [
        {"key": key, "value": {"intValue": f"{value}"} if isinstance(value, int) else {"stringValue": value}}
        for key, value in sorted(tags.items())
    ]
