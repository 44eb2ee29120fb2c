"""Traces as Jaeger writes them: the JSON of its user interface, and OTLP of version 3 of its API."""

from __future__ import annotations

from collections.abc import Iterable

from aurora_tui.sandbox.traces import Span, Trace

_KINDS = {"server": 2, "client": 3}


def legacy_envelope(data: list[str] | list[dict[str, object]]) -> dict[str, object]:
    return {"data": data, "total": len(data), "limit": 0, "offset": 0, "errors": None}


def span_tags(span: Span) -> list[dict[str, object]]:
    tags: list[dict[str, object]] = [{"key": "span.kind", "type": "string", "value": span.kind}]
    if span.status:
        tags.append({"key": "http.status_code", "type": "int64", "value": span.status})
    if span.failed:
        tags.append({"key": "error", "type": "bool", "value": True})
    return tags


def trace_json(trace: Trace) -> dict[str, object]:
    processes = {service: f"p{number}" for number, service in enumerate(sorted(trace.services), 1)}
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
            "tags": span_tags(span),
            "logs": [],
            "processID": processes[span.service],
            "warnings": None,
        }
        for span in trace.spans
    ]
    named = {process: {"serviceName": service, "tags": []} for service, process in processes.items()}
    return {"traceID": trace.trace_id, "spans": spans, "processes": named, "warnings": None}


def otlp(found: Iterable[Trace]) -> dict[str, object]:
    spans = [(span.service, _otlp_span(trace, span)) for trace in found for span in trace.spans]
    resources = [
        {
            "resource": {"attributes": [_attribute("service.name", service)]},
            "scopeSpans": [{"scope": {}, "spans": [span for owner, span in spans if owner == service]}],
        }
        for service in sorted({owner for owner, _ in spans})
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
        "attributes": [_attribute(str(tag["key"]), tag["value"]) for tag in span_tags(span)],
        "status": {"code": 2} if span.failed else {},
    }


def _attribute(key: str, value: object) -> dict[str, object]:
    if isinstance(value, bool):
        return {"key": key, "value": {"boolValue": value}}
    return {
        "key": key,
        "value": {"intValue": f"{value}"} if isinstance(value, int) else {"stringValue": value},
    }
