"""Spans as an exporter writes them, in OTLP's JSON, for traces of any shape."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]
MILLI = 1_000_000
KINDS = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}


def attributes(given: Mapping[str, Any]) -> list[Object]:
    """Attributes of every type that OTLP has."""
    return [{"key": key, "value": value(each)} for key, each in given.items()]


def value(given: Any) -> Object:
    if isinstance(given, bool):
        return {"boolValue": given}
    if isinstance(given, int):
        return {"intValue": str(given)}
    if isinstance(given, float):
        return {"doubleValue": given}
    if isinstance(given, bytes):
        from base64 import b64encode

        return {"bytesValue": b64encode(given).decode()}
    if isinstance(given, list):
        return {"arrayValue": {"values": [value(each) for each in given]}}
    return {"stringValue": given}


@dataclass
class Sent:
    """One trace on its way: `add` its spans, at milliseconds after its beginning, and send them."""

    trace: str = field(default_factory=lambda: secrets.token_hex(16))
    begin: int = field(default_factory=lambda: (time.time_ns() // MILLI - 60_000) * MILLI)
    """Nanoseconds since the epoch, whole milliseconds: version 1 of Jaeger's API counts microseconds."""
    resources: dict[str, tuple[Object, list[Object]]] = field(default_factory=dict)

    def add(
        self,
        service: str,
        name: str,
        begin: float,
        end: float,
        parent: str = "",
        *,
        kind: str = "internal",
        error: str | None = None,
        ok: bool = False,
        tags: Mapping[str, Any] | None = None,
        events: Sequence[tuple[float, str, Mapping[str, Any]]] = (),
        links: Sequence[tuple[str, str, Mapping[str, Any]]] = (),
        process: Mapping[str, Any] | None = None,
    ) -> str:
        """Add a span and return its id."""
        span_id = secrets.token_hex(8)
        span: Object = {
            "traceId": self.trace,
            "spanId": span_id,
            "name": name,
            "kind": KINDS[kind],
            "startTimeUnixNano": self._at(begin),
            "endTimeUnixNano": self._at(end),
            "attributes": attributes(tags or {}),
            "events": [
                {"timeUnixNano": self._at(at), "name": what, "attributes": attributes(more)}
                for at, what, more in events
            ],
            "links": [{"traceId": trace, "spanId": to, "attributes": attributes(more)} for trace, to, more in links],
        }
        if parent:
            span["parentSpanId"] = parent
        if error is not None:
            span["status"] = {"code": 2, "message": error}
        elif ok:
            span["status"] = {"code": 1}
        about = {"service.name": service, **(process or {})}
        _, spans = self.resources.setdefault(repr(about), (about, []))
        spans.append(span)
        return span_id

    def wire(self) -> list[Object]:
        """The trace as ``resourceSpans``."""
        scope = {"name": "tests", "version": "1.0"}
        return [
            {"resource": {"attributes": attributes(about)}, "scopeSpans": [{"scope": scope, "spans": spans}]}
            for about, spans in self.resources.values()
        ]

    def _at(self, milliseconds: float) -> str:
        return str(self.begin + round(milliseconds * MILLI))
