"""The sandbox's Prometheus: the routes of its HTTP API v1 over the series and the rules."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from aiohttp import web
from multidict import MultiDict

from aurora_tui.sandbox.alerting import Alerting
from aurora_tui.sandbox.exemplars import Traces, exemplars_json
from aurora_tui.sandbox.prometheus_json import (
    SCRAPE_INTERVAL_S,
    Parameters,
    alert_json,
    metadata_json,
    query_of,
    result_json,
    rule_json,
    selection,
    step_of,
    target_json,
    time_of,
)
from aurora_tui.sandbox.prometheus_json import invalid as invalid_parameter
from aurora_tui.sandbox.promql import evaluate, evaluate_range
from aurora_tui.sandbox.promql_lexer import PromqlError
from aurora_tui.sandbox.promql_parser import parse
from aurora_tui.sandbox.series import Matcher, MatchKind, SeriesStore
from aurora_tui.sandbox.traffic import Labels
from aurora_tui.sandbox.wire import json_response, rfc3339

MAX_POINTS = 11_000
"""Points a series that a range query may ask for, as in Prometheus."""
_STATUS = {"bad_data": 400, "execution": 422, "not_implemented": 501}
_LABEL_NAME = re.compile(r"[a-zA-Z_]\w*", re.ASCII)
_UNSPOKEN = """
    status/config status/flags status/runtimeinfo status/tsdb status/walreplay targets/metadata
    alertmanagers read write format_query
    admin/tsdb/snapshot admin/tsdb/delete_series admin/tsdb/clean_tombstones
"""
_BUILD = {
    "version": "2.42.0",
    "revision": "sandbox",
    "branch": "sandbox",
    "buildUser": "aurora-tui",
    "buildDate": "",
    "goVersion": "",
}


class PrometheusServer:
    """What it serves is in `app`.  `clock` gives epoch seconds, `traces` those that exemplars may name."""

    def __init__(
        self,
        store: SeriesStore,
        alerting: Alerting,
        clock: Callable[[], float],
        traces: Traces = lambda start, end: (),
    ) -> None:
        self._traces = traces
        self._store = store
        self._alerting = alerting
        self._clock = clock

    def app(self) -> web.Application:
        routes = web.Application()
        for name, answer in (
            ("query", self._query),
            ("query_range", self._query_range),
            ("query_exemplars", self._query_exemplars),
            ("series", self._series),
            ("labels", self._labels),
        ):
            routes.router.add_get(f"/api/v1/{name}", _enveloped(answer))
            routes.router.add_post(f"/api/v1/{name}", _enveloped(answer))
        for name, answer in (
            ("label/{name}/values", self._label_values),
            ("rules", self._rules),
            ("alerts", self._alerts),
            ("targets", self._targets),
            ("metadata", metadata_json),
            ("status/buildinfo", lambda _: _BUILD),
        ):
            routes.router.add_get(f"/api/v1/{name}", _enveloped(answer))
        for name in _UNSPOKEN.split():
            routes.router.add_route("*", f"/api/v1/{name}", _enveloped(_refusal(name)))
        for path, text in (("/-/ready", "Ready"), ("/-/healthy", "Healthy"), ("/", "Ready")):
            routes.router.add_get(path, _plain(f"Prometheus Server is {text}.\n"))
        return routes

    def _now(self) -> int:
        return round(self._clock() * 1000)

    def _query(self, given: Parameters) -> object:
        now = time_of(given, "time", self._now())
        return result_json(evaluate(self._store, query_of(given), now), now)

    def _query_range(self, given: Parameters) -> object:
        start, end = time_of(given, "start"), time_of(given, "end")
        if end < start:
            raise invalid_parameter("end", "end timestamp must not be before start time")
        step = step_of(given)
        if (end - start) // step > MAX_POINTS:
            message = "exceeded maximum resolution of 11,000 points per timeseries."
            raise PromqlError("bad_data", f"{message} Try decreasing the query resolution (?step=XX)")
        return result_json(evaluate_range(self._store, query_of(given), start, end, step), end)

    def _query_exemplars(self, given: Parameters) -> object:
        start, end = time_of(given, "start"), time_of(given, "end")
        return exemplars_json(parse(query_of(given)), self._traces(start / 1000, end / 1000))

    def _found(self, given: Parameters) -> list[Labels]:
        """Label sets that any ``match[]`` selects, or all, with a sample between start and end."""
        start, end = time_of(given, "start", 0), time_of(given, "end", self._now())
        selections = [selection(text) for text in given.getall("match[]", [])] or [()]
        found = {
            series.labels
            for matchers in selections
            for series in self._store.select(matchers)
            if series.between(start, end)[0]
        }
        return sorted(found)

    def _series(self, given: Parameters) -> object:
        if "match[]" not in given:
            raise PromqlError("bad_data", "no match[] parameter provided")
        return [dict(labels) for labels in self._found(given)]

    def _labels(self, given: Parameters) -> object:
        return sorted({name for labels in self._found(given) for name, _ in labels})

    def _label_values(self, given: Parameters) -> object:
        name = given["name"]
        if not _LABEL_NAME.fullmatch(name):
            raise PromqlError("bad_data", f'invalid label name: "{name}"')
        return sorted({value for labels in self._found(given) for key, value in labels if key == name})

    def _rules(self, given: Parameters) -> object:
        kind = given.get("type", "")
        if kind not in ("", "alert", "record"):
            raise invalid_parameter("type", f'not supported value "{kind}"')
        statuses = self._alerting.rules
        group = {
            "name": "aurora",
            "file": "aurora.rules.yml",
            "rules": [] if kind == "record" else [rule_json(status) for status in statuses],
            "interval": SCRAPE_INTERVAL_S,
            "limit": 0,
            "evaluationTime": 0.001,
            "lastEvaluation": rfc3339(max((status.evaluated_at for status in statuses), default=0)),
        }
        return {"groups": [group]}

    def _alerts(self, given: Parameters) -> object:
        return {"alerts": [alert_json(alert) for alert in self._alerting.alerts()]}

    def _targets(self, given: Parameters) -> object:
        up = self._store.select([Matcher("__name__", MatchKind.EQUAL, "up")])
        active = [target_json(series.labels, series.at(self._now())) for series in up]
        return {"activeTargets": active, "droppedTargets": []}


def _enveloped(answer: Callable[[Parameters], object]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler that gives the answer, or the error, in Prometheus' envelope."""

    async def handle(request: web.Request) -> web.Response:
        given = MultiDict(request.query)
        if request.method == "POST":
            form = await request.post()
            given.extend((key, value) for key, value in form.items() if isinstance(value, str))
        given.extend(request.match_info)
        try:
            return json_response({"status": "success", "data": answer(given)})
        except PromqlError as error:
            body = {"status": "error", "errorType": error.kind, "error": str(error)}
            return json_response(body, _STATUS[error.kind])

    return handle


def _refusal(name: str) -> Callable[[Parameters], object]:
    def answer(given: Parameters) -> object:
        raise PromqlError("not_implemented", f"/api/v1/{name} is not implemented by this server")

    return answer


def _plain(text: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        return web.Response(text=text)

    return handle
