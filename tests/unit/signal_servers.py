"""Loopback servers that answer in the shapes recorded from Prometheus 2.42 and Alertmanager 0.25."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from aurora_tui.model.freshness import SourceState
from aurora_tui.store import Table

SERVER_TIME = 1_700_000_030.0

Answer = Callable[[str], Any]


def vector(value: str, labels: dict[str, str] | None = None) -> Any:
    result = [{"metric": labels or {}, "value": [SERVER_TIME, value]}]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


def all_well(query: str) -> Any:
    """All good: latencies of 0.05 s, no errors, every event good, and many of them."""
    if query.startswith("max("):
        return vector("0.05")
    if "/" not in query and not query.startswith(("avg_over_time", "1 - ")):
        return vector("150")
    failures = 'code=~"5' in query or "error_type!=" in query
    return vector("1" if failures is query.startswith("1 - ") else "0")


EMPTY = {"status": "success", "data": {"resultType": "vector", "result": []}}


def refusal(kind: str, text: str) -> Any:
    return {"status": "error", "errorType": kind, "error": text}


_QUESTION = re.compile(r'label_replace\((.*?), "question", "(q\d+)", "", ""\)(?: or |$)', re.DOTALL)


def _each(query: str, answer: Callable[[str], Any]) -> Any:
    """Several questions that were put into one query are answered one by one, and refused together."""
    questions = _QUESTION.findall(query)
    if not questions:
        return answer(query)
    whole: dict[str, Any] = {"status": "success", "data": {"result": []}}
    for promql, name in questions:
        part = answer(promql)
        if isinstance(part, web.Response) or part["status"] != "success":
            return part
        whole["warnings"] = whole.get("warnings", []) + part.get("warnings", [])
        whole["data"]["resultType"] = part["data"]["resultType"]
        whole["data"]["result"] += [
            {**row, "metric": {**row["metric"], "question": name}} for row in part["data"]["result"]
        ]
    return whole


class FakePrometheus:
    """Answers queries by function; `queries` records what was asked, in order, and `times` for which time.

    What was asked together is given to the functions one by one; `rules` are its alerting rules.
    """

    def __init__(self) -> None:
        self.instant: Answer = lambda query: vector("1")
        self.range: Callable[[str, float, float], Any] = lambda query, start, end: EMPTY
        self.alerts: list[Any] = []
        self.clock: Callable[[], float] = lambda: SERVER_TIME
        self.rules: list[Any] = []
        self.queries: list[str] = []
        self.ranges: list[tuple[str, float, float, float]] = []
        self.times: list[float | None] = []
        self.headers: list[dict[str, str]] = []
        self.broken: web.Response | None = None
        self.hanging: asyncio.Event | None = None
        """Until it is set no alert is answered."""
        self.sleeping: asyncio.Event | None = None
        """Until it is set no query is answered."""

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_get("/api/v1/query", self._query)
        application.router.add_get("/api/v1/query_range", self._range)
        application.router.add_get("/api/v1/alerts", self._alerts)
        application.router.add_get("/api/v1/rules", self._rules)
        return application

    async def _rules(self, request: web.Request) -> web.Response:
        assert request.query["type"] == "alert"
        if self.broken is not None:
            return _copy(self.broken)
        return web.json_response({"status": "success", "data": {"groups": self.rules}})

    async def _query(self, request: web.Request) -> web.Response:
        query = request.query["query"]
        self.queries.append(query)
        if self.sleeping is not None:
            await self.sleeping.wait()
        self.times.append(float(request.query["time"]) if "time" in request.query else None)
        self.headers.append(dict(request.headers))
        if self.broken is not None:
            return _copy(self.broken)
        if query == "time()":
            now = self.clock()
            scalar = {"resultType": "scalar", "result": [now, f"{now}"]}
            return web.json_response({"status": "success", "data": scalar})
        return _json(_each(query, self.instant))

    async def _range(self, request: web.Request) -> web.Response:
        query, start, end = request.query["query"], float(request.query["start"]), float(request.query["end"])
        self.ranges.append((query, start, end, float(request.query["step"])))
        if self.broken is not None:
            return _copy(self.broken)
        return _json(_each(query, lambda promql: self.range(promql, start, end)))

    async def _alerts(self, request: web.Request) -> web.Response:
        if self.hanging is not None:
            await self.hanging.wait()
        if self.broken is not None:
            return _copy(self.broken)
        return web.json_response({"status": "success", "data": {"alerts": self.alerts}})


class FakeAlertmanager:
    def __init__(self) -> None:
        self.alerts: list[Any] = []
        self.silences: list[Any] = []
        self.broken: web.Response | None = None
        self.cluster: dict[str, Any] = {"status": "disabled", "peers": []}
        self.hanging: asyncio.Event | None = None

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_get("/api/v2/alerts", self._alerts)
        application.router.add_get("/api/v2/alerts/groups", self._groups)
        application.router.add_get("/api/v2/status", self._status)
        application.router.add_get("/api/v2/silences", self._silences)
        return application

    async def _silences(self, request: web.Request) -> web.Response:
        return web.json_response(self.silences)

    async def _status(self, request: web.Request) -> web.Response:
        return web.json_response({"cluster": self.cluster, "versionInfo": {"version": "0.25.0"}})

    async def _groups(self, request: web.Request) -> web.Response:
        """One group for each name of an alert, all sent to one receiver."""
        answer = await self._alerts(request)
        if self.broken is not None:
            return answer
        names = dict.fromkeys(alert["labels"].get("alertname", "") for alert in self.alerts)
        return web.json_response(
            [
                {
                    "labels": {"alertname": name},
                    "receiver": {"name": "none"},
                    "alerts": [alert for alert in self.alerts if alert["labels"].get("alertname", "") == name],
                }
                for name in names
            ]
        )

    async def _alerts(self, request: web.Request) -> web.Response:
        if self.hanging is not None:
            await self.hanging.wait()
        if self.broken is not None:
            return _copy(self.broken)
        assert {name: request.query[name] for name in ("active", "silenced", "inhibited")} == {
            "active": "true",
            "silenced": "true",
            "inhibited": "true",
        }
        return web.json_response(self.alerts)


def _json(answer: Any) -> web.Response:
    if isinstance(answer, web.Response):
        return _copy(answer)
    statuses = {"bad_data": 400, "execution": 422, "timeout": 503}
    return web.json_response(answer, status=statuses.get(answer.get("errorType"), 200))


def _copy(response: web.Response) -> web.Response:
    """A response can be sent only once."""
    return web.Response(
        status=response.status, body=response.body, headers=response.headers.copy(), reason=response.reason
    )


@asynccontextmanager
async def served(application: web.Application, port: int = 0) -> AsyncIterator[str]:
    """The address of an application on a free port (or the given one) of the loopback."""
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class WatchedTable(Table[Any]):
    """A table that a test can wait on."""

    def __init__(self) -> None:
        super().__init__("watched")
        self._changed = asyncio.Event()

    def set_freshness(
        self, state: SourceState, now: float, message: str = "", *, next_try: float | None = None
    ) -> None:
        super().set_freshness(state, now, message, next_try=next_try)
        self._changed.set()

    async def until(self, state: SourceState) -> None:
        await self._until(lambda: self.freshness.state is state)

    async def until_message(self, text: str) -> None:
        await self._until(lambda: text in self.freshness.message)

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self._changed.clear()
                await self._changed.wait()
