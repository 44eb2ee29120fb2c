"""Exemplars: the requests that a metric remembers by their trace, and which query they are looked for by."""

from __future__ import annotations

import re

from aurora_tui.model.definitions import WINDOW, ObjectiveKind, Service
from aurora_tui.model.frozen import Frozen

TRACE_LABELS = ("trace_id", "traceID", "traceId", "trace.id")
"""How clients call the trace: OpenTelemetry's, Jaeger's and others."""
_LE = re.compile(r"\s*,?\s*\ble\s*(?:=~|!~|!=|=)\s*\"(?:[^\"\\]|\\.)*\"")


class Exemplar(Frozen):
    """One observation with the trace that it was made in; `at` in seconds since the epoch."""

    trace: str
    value: float
    at: float


def exemplar_query(service: Service) -> str | None:
    """The query whose series keep the exemplars of a service's latency; None where it has no such objective.

    They are kept with the bucket that the observation fell into: no bucket is left out.
    """
    objective = next((each for each in service.objectives if each.kind is ObjectiveKind.LATENCY), None)
    if objective is None:
        return None
    query = objective.value or objective.good or objective.bad or objective.total
    return _LE.sub("", query).replace("{,", "{").replace(WINDOW, "5m")
