"""Prometheus' HTTP API on the wire: parameters into figures, results, rules and targets into JSON.

Shapes and error texts are those of Prometheus 2.42
(https://prometheus.io/docs/prometheus/latest/querying/api/).
"""

from __future__ import annotations

import math

from multidict import MultiMapping

from aurora_tui.sandbox.alerting import ActiveAlert, AlertState, RuleStatus, exponent_form
from aurora_tui.sandbox.promql import Matrix
from aurora_tui.sandbox.promql_ast import Selector
from aurora_tui.sandbox.promql_lexer import PromqlError, TokenKind, duration_ms, tokens
from aurora_tui.sandbox.promql_parser import parse
from aurora_tui.sandbox.promql_values import Vector
from aurora_tui.sandbox.series import Matcher, format_value
from aurora_tui.sandbox.traffic import HELP, Labels
from aurora_tui.sandbox.wire import from_rfc3339, rfc3339

Parameters = MultiMapping[str]
SCRAPE_INTERVAL_S = 5


def invalid(name: str, reason: str) -> PromqlError:
    return PromqlError("bad_data", f'invalid parameter "{name}": {reason}')


def query_of(given: Parameters) -> str:
    """The ``query`` parameter.  Raises PromqlError unless it parses."""
    text = given.get("query", "")
    _parsed("query", text)
    return text


def selection(text: str) -> tuple[Matcher, ...]:
    """The matchers of a ``match[]`` parameter.  Raises PromqlError."""
    node = _parsed("match[]", text)
    if not isinstance(node, Selector) or node.range_ms is not None:
        raise invalid("match[]", "expected type instant vector selector")
    return node.matchers


def _parsed(name: str, text: str) -> object:
    try:
        return parse(text)
    except PromqlError as error:
        raise invalid(name, str(error)) if error.kind == "bad_data" else error from error


def time_of(given: Parameters, name: str, default: int | None = None) -> int:
    """Milliseconds of a parameter in epoch seconds or RFC 3339.  Raises PromqlError."""
    text = given.get(name, "")
    if not text and default is not None:
        return default
    seconds = _number(text)
    if seconds is not None:
        return round(seconds * 1000)
    try:
        return from_rfc3339(text)
    except ValueError as error:
        reason = f"Invalid time value for '{name}': cannot parse \"{text}\" to a valid timestamp"
        raise invalid(name, reason) from error


def step_of(given: Parameters) -> int:
    """Milliseconds of ``step``, a number of seconds or a duration.  Raises PromqlError."""
    text = given.get("step", "")
    seconds = _number(text)
    if seconds is None:
        try:
            first = next(tokens(text))
        except PromqlError:
            first = None
        if first is None or first.kind is not TokenKind.DURATION or first.text != text:
            raise invalid("step", f'cannot parse "{text}" to a valid duration')
        seconds = duration_ms(text) / 1000
    if round(seconds * 1000) <= 0:
        reason = "zero or negative query resolution step widths are not accepted. Try a positive integer"
        raise invalid("step", reason)
    return round(seconds * 1000)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _seconds(stamp: int) -> int | float:
    return stamp // 1000 if stamp % 1000 == 0 else stamp / 1000


def result_json(value: float | str | Vector | Matrix, now: int) -> object:
    """``data`` of a query or a range query."""
    if isinstance(value, Matrix):
        kind = "matrix"
        result: object = [
            {
                "metric": dict(track.labels),
                "values": [[_seconds(t), format_value(v)] for t, v in track.points],
            }
            for track in value.tracks
        ]
    elif isinstance(value, list):
        kind = "vector"
        result = [{"metric": dict(labels), "value": [_seconds(now), format_value(number)]} for labels, number in value]
    else:
        kind = "string" if isinstance(value, str) else "scalar"
        result = [_seconds(now), value if isinstance(value, str) else format_value(value)]
    return {"resultType": kind, "result": result}


def alert_json(alert: ActiveAlert) -> dict[str, object]:
    return {
        "labels": alert.labels,
        "annotations": alert.annotations,
        "state": alert.state,
        "activeAt": rfc3339(alert.active_at),
        "value": exponent_form(alert.value),
    }


def rule_json(status: RuleStatus) -> dict[str, object]:
    rule = status.rule
    alerts = [alert for alert in status.active.values() if alert.state is not AlertState.INACTIVE]
    states = {alert.state for alert in alerts}
    firing, pending = AlertState.FIRING in states, AlertState.PENDING in states
    return {
        "state": AlertState.FIRING if firing else AlertState.PENDING if pending else AlertState.INACTIVE,
        "name": rule.name,
        "query": status.query,
        "duration": rule.hold.total_seconds(),
        "keepFiringFor": 0,
        "labels": {"severity": rule.severity},
        "annotations": {"summary": rule.summary, "description": rule.description},
        "alerts": [alert_json(alert) for alert in alerts],
        "health": "err" if status.error else "ok",
        **({"lastError": status.error} if status.error else {}),
        "evaluationTime": 0.001,
        "lastEvaluation": rfc3339(status.evaluated_at),
        "type": "alerting",
    }


def target_json(labels: Labels, scraped: tuple[int, float] | None) -> dict[str, object]:
    """A target as its ``up`` series shows it: labels, and the last scrape's stamp and success."""
    names = dict(labels)
    job, instance = names["job"], names["instance"]
    up = scraped is not None and scraped[1] == 1
    return {
        "discoveredLabels": {
            "__address__": instance,
            "__metrics_path__": "/metrics",
            "__scheme__": "http",
            "job": job,
        },
        "labels": {"instance": instance, "job": job},
        "scrapePool": job,
        "scrapeUrl": f"http://{instance}/metrics",
        "globalUrl": f"http://{instance}/metrics",
        "lastError": "" if up else "server returned HTTP status 503 Service Unavailable",
        "lastScrape": rfc3339(scraped[0] if scraped else 0),
        "lastScrapeDuration": 0.003,
        "health": "up" if up else "down" if scraped else "unknown",
        "scrapeInterval": f"{SCRAPE_INTERVAL_S}s",
        "scrapeTimeout": f"{SCRAPE_INTERVAL_S}s",
    }


def metadata_json(given: Parameters) -> object:
    """Type and help of the scraped metrics, narrowed by ``metric`` and ``limit``."""
    kinds = {"up": "gauge", "http_requests_total": "counter"}
    wanted = given.get("metric", "")
    found = {
        name: [{"type": kinds.get(name, "histogram"), "help": text, "unit": ""}]
        for name, text in HELP.items()
        if wanted in ("", name)
    }
    try:
        limit = int(given.get("limit", "-1"))
    except ValueError as error:
        raise PromqlError("bad_data", "limit must be a number") from error
    return dict(list(found.items())[:limit]) if limit >= 0 else found
