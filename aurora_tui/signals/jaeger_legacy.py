"""Traces in the JSON of Jaeger's user interface, as version 1 of its API tells them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from aurora_tui.model.traces import SPAN_DIGITS, TRACE_DIGITS, Event, Link, Span, Tags, Trace, read_id, trace_of
from aurora_tui.signals.spans import Told, number_text, span_of

_MICRO = 1000
"""Its times are microseconds."""


class _KeyValue(msgspec.Struct, gc=False):
    key: str
    type: str = "string"
    value: Any = None


class _Reference(msgspec.Struct, gc=False, rename={"ref_type": "refType", "trace_id": "traceID", "span_id": "spanID"}):
    ref_type: str = "CHILD_OF"
    trace_id: str = ""
    span_id: str = ""


class _Log(msgspec.Struct, gc=False):
    timestamp: int = 0
    fields: list[_KeyValue] | None = None


class _Span(
    msgspec.Struct,
    gc=False,
    rename={
        "trace_id": "traceID",
        "span_id": "spanID",
        "operation_name": "operationName",
        "start_time": "startTime",
        "process_id": "processID",
    },
):
    trace_id: str
    span_id: str
    operation_name: str = ""
    start_time: int = 0
    duration: int = 0
    process_id: str = ""
    references: list[_Reference] | None = None
    tags: list[_KeyValue] | None = None
    logs: list[_Log] | None = None
    warnings: list[str] | None = None


class _Process(msgspec.Struct, gc=False, rename="camel"):
    service_name: str = ""
    tags: list[_KeyValue] | None = None


class _Trace(msgspec.Struct, gc=False, rename={"trace_id": "traceID"}):
    trace_id: str
    spans: list[msgspec.Raw] = []
    processes: dict[str, _Process] = {}


class _Envelope(msgspec.Struct, gc=False):
    data: list[_Trace] | None = None


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_SPAN = msgspec.json.Decoder(_Span)


def decode_traces(body: bytes) -> list[Trace]:
    """The traces in an answer, its spans decoded one by one. Raises ValueError or msgspec.DecodeError."""
    found = []
    for trace in _ENVELOPE.decode(body).data or ():
        processes = {
            name: (process.service_name, tuple(sorted(_texts(process.tags))))
            for name, process in trace.processes.items()
        }
        spans = [_span(_SPAN.decode(raw), processes) for raw in trace.spans]
        found.append(trace_of(read_id(trace.trace_id, TRACE_DIGITS), spans))
    return found


def _span(wire: _Span, processes: dict[str, tuple[str, Tags]]) -> Span:
    service, process = processes.get(wire.process_id, ("", ()))
    return span_of(
        Told(
            id=read_id(wire.span_id, SPAN_DIGITS),
            trace=read_id(wire.trace_id, TRACE_DIGITS),
            service=service,
            operation=wire.operation_name,
            begin=wire.start_time * _MICRO,
            duration=wire.duration * _MICRO,
            kind="",
            status="",
            message="",
            links=[
                Link(
                    read_id(each.trace_id, TRACE_DIGITS),
                    read_id(each.span_id, SPAN_DIGITS),
                    each.ref_type == "FOLLOWS_FROM",
                )
                for each in wire.references or ()
            ],
            tags=dict(_texts(wire.tags)),
            process=process,
            events=tuple(map(_event, wire.logs or ())),
            warnings=tuple(wire.warnings or ()),
        )
    )


def _event(log: _Log) -> Event:
    """A log entry; its field ``event`` is its name."""
    fields = dict(_texts(log.fields))
    return Event(log.timestamp * _MICRO, fields.pop("event", ""), tuple(sorted(fields.items())))


def _texts(tags: Iterable[_KeyValue] | None) -> Iterator[tuple[str, str]]:
    for tag in tags or ():
        yield tag.key, _text(tag)


def _text(tag: _KeyValue) -> str:
    value = tag.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if tag.type == "float64" and isinstance(value, int | float | str):
        return number_text(value)
    if isinstance(value, str):
        return value
    return "" if value is None else msgspec.json.encode(value).decode()
