"""Traces in OTLP's JSON, as version 3 of Jaeger's API tells them.

https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from aurora_tui.model.traces import SPAN_DIGITS, TRACE_DIGITS, Event, Link, Span, Tags, Trace, read_id, trace_of
from aurora_tui.signals.spans import Told, number_text, span_of

_KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
_STATUSES = {1: "OK", 2: "ERROR", "STATUS_CODE_OK": "OK", "STATUS_CODE_ERROR": "ERROR"}
_REF_TYPE = "opentracing.ref_type"


class _Value(msgspec.Struct, gc=False, rename="camel"):
    """One of ``AnyValue``'s; 64-bit integers come as text, NaN and the infinities as words."""

    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | str | None = None
    double_value: float | str | None = None
    bytes_value: str | None = None
    array_value: _Values | None = None
    kvlist_value: _KeyValues | None = None


class _Values(msgspec.Struct, gc=False):
    values: list[_Value] = []


class _KeyValue(msgspec.Struct, gc=False):
    key: str
    value: _Value | None = None


class _KeyValues(msgspec.Struct, gc=False):
    values: list[_KeyValue] = []


class _Event(msgspec.Struct, gc=False, rename="camel"):
    time_unix_nano: int | str = 0
    name: str = ""
    attributes: list[_KeyValue] = []


class _Link(msgspec.Struct, gc=False, rename="camel"):
    trace_id: str = ""
    span_id: str = ""
    attributes: list[_KeyValue] = []


class _Status(msgspec.Struct, gc=False):
    code: int | str = 0
    message: str = ""


class _Span(msgspec.Struct, gc=False, rename="camel"):
    trace_id: str
    span_id: str
    parent_span_id: str = ""
    trace_state: str = ""
    name: str = ""
    kind: int | str = 0
    start_time_unix_nano: int | str = 0
    end_time_unix_nano: int | str = 0
    attributes: list[_KeyValue] = []
    events: list[_Event] = []
    links: list[_Link] = []
    status: _Status | None = None


class _Scope(msgspec.Struct, gc=False):
    name: str = ""
    version: str = ""


class _ScopeSpans(msgspec.Struct, gc=False):
    scope: _Scope | None = None
    spans: list[msgspec.Raw] = []


class _Resource(msgspec.Struct, gc=False):
    attributes: list[_KeyValue] = []


class _ResourceSpans(msgspec.Struct, gc=False, rename="camel"):
    resource: _Resource | None = None
    scope_spans: list[_ScopeSpans] = []


class _Result(msgspec.Struct, gc=False, rename="camel"):
    resource_spans: list[_ResourceSpans] = []


class _Envelope(msgspec.Struct, gc=False):
    """gRPC's gateway wraps each message of a stream into ``result``."""

    result: _Result


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_SPAN = msgspec.json.Decoder(_Span)


def decode_traces(body: bytes) -> list[Trace]:
    """The traces in an answer, or in several one after the other. Raises ValueError or msgspec.DecodeError.

    Spans are decoded one by one: a single call over megabytes would keep every other thread waiting.
    """
    spans: dict[str, list[Span]] = {}
    for envelope in _envelopes(body):
        for group in envelope.result.resource_spans:
            attributes = group.resource.attributes if group.resource is not None else []
            process = dict(_texts(attributes))
            service = process.pop("service.name", "")
            shared = tuple(sorted(process.items()))
            for scoped in group.scope_spans:
                scope = scoped.scope or _Scope()
                for raw in scoped.spans:
                    wire = _SPAN.decode(raw)
                    trace = read_id(wire.trace_id, TRACE_DIGITS)
                    spans.setdefault(trace, []).append(_span(wire, trace, scope, service, shared))
    return [trace_of(trace, found) for trace, found in spans.items()]


def _envelopes(body: bytes) -> Iterator[_Envelope]:
    """A stream has an envelope a line (gRPC's gateway); one message alone is an answer as well."""
    try:
        whole = [_ENVELOPE.decode(body)]
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        lines = [line for line in body.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        whole = [_ENVELOPE.decode(line) for line in lines]
    yield from whole


def _span(wire: _Span, trace: str, scope: _Scope, service: str, process: Tags) -> Span:
    tags = dict(_texts(wire.attributes))
    warnings = _warnings(wire.attributes)
    if warnings:
        tags.pop("@jaeger@warnings", None)
    for name, text in (
        ("otel.scope.name", scope.name),
        ("otel.scope.version", scope.version),
        ("w3c.tracestate", wire.trace_state),
    ):
        if text:
            tags[name] = text
    status = wire.status or _Status()
    begin = int(wire.start_time_unix_nano)
    links = _links(wire, trace)
    return span_of(
        Told(
            id=read_id(wire.span_id, SPAN_DIGITS),
            trace=trace,
            service=service,
            operation=wire.name,
            begin=begin,
            duration=int(wire.end_time_unix_nano) - begin,
            kind=_kind(wire.kind),
            status=_STATUSES.get(status.code, ""),
            message=status.message,
            links=links,
            tags=tags,
            process=process,
            events=tuple(
                Event(int(event.time_unix_nano), event.name, tuple(sorted(_texts(event.attributes))))
                for event in wire.events
            ),
            warnings=warnings,
        )
    )


def _links(wire: _Span, trace: str) -> list[Link]:
    """The parent first, then the links, as Jaeger's own model has them: a link to the parent says how it is one."""
    parent = read_id(wire.parent_span_id, SPAN_DIGITS)
    found = [Link(trace, parent, follows=False)] if parent else []
    for link in wire.links:
        follows = dict(_texts(link.attributes)).get(_REF_TYPE) != "child_of"
        told = Link(read_id(link.trace_id, TRACE_DIGITS), read_id(link.span_id, SPAN_DIGITS), follows)
        if parent and (told.trace, told.span) == (trace, parent):
            found[0] = told
        else:
            found.append(told)
    return found


def _kind(kind: int | str) -> str:
    """Enums come as numbers or, from protobuf's own JSON, by name."""
    return kind.removeprefix("SPAN_KIND_").lower() if isinstance(kind, str) else _KINDS.get(kind, "")


def _warnings(attributes: Iterable[_KeyValue]) -> tuple[str, ...]:
    """What Jaeger remarks on a span: an attribute of its own."""
    for each in attributes:
        if each.key == "@jaeger@warnings" and each.value is not None and each.value.array_value is not None:
            return tuple(str(_plain(value)) for value in each.value.array_value.values)
    return ()


def _texts(attributes: Iterable[_KeyValue]) -> Iterator[tuple[str, str]]:
    for each in attributes:
        yield each.key, _text(each.value or _Value())


def _text(value: _Value) -> str:
    if value.string_value is not None:
        return value.string_value
    if value.bool_value is not None:
        return "true" if value.bool_value else "false"
    if value.int_value is not None:
        return str(value.int_value)
    if value.double_value is not None:
        return number_text(value.double_value)
    if value.bytes_value is not None:
        return value.bytes_value
    if value.array_value is not None or value.kvlist_value is not None:
        return msgspec.json.encode(_plain(value)).decode()
    return ""


def _plain(value: _Value) -> Any:
    if value.array_value is not None:
        return [_plain(each) for each in value.array_value.values]
    if value.kvlist_value is not None:
        return {each.key: _plain(each.value or _Value()) for each in value.kvlist_value.values}
    if value.int_value is not None:
        return int(value.int_value)
    if value.bool_value is not None:
        return value.bool_value
    if isinstance(value.double_value, float):
        return value.double_value
    return _text(value)
