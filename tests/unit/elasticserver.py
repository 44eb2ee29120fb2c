"""An Elasticsearch of a few documents, which answers wrongly in whatever way a test wants."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiohttp import web

from aurora_tui.logbuffer import LogBuffer
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.frozen import replace
from aurora_tui.model.selection import LogOrigin, LogSelection
from aurora_tui.sandbox.elastic_pages import Held, page
from aurora_tui.sandbox.elastic_queries import fields_of, moment, predicate
from aurora_tui.settings import load_settings
from aurora_tui.signals.eslogs import ElasticTail
from tests.unit.signal_servers import served

INDEX = ".ds-logs-app-default-2026.11.26-000001"
NOW = 1_800_000_000.0
POD = "aurora-backend-7d4b9c6f5-x2x4z"
STORE = replace(load_settings().logs, indices=("logs-*",))
PRODUCT = {"X-Elastic-Product": "Elasticsearch"}

Refusal = Callable[[web.Request, Mapping[str, Any]], Awaitable[web.StreamResponse | None]]


def stamp(seconds: float) -> str:
    """A time in seconds after `NOW`, as documents have it."""
    whole = NOW + seconds
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{round(whole % 1 * 1000):03d}Z"


class FakeElastic:
    """Holds documents in the order of their arrival; `refuse` may answer any request in its own way."""

    def __init__(self) -> None:
        self.held: list[Held] = []
        self.types: dict[str, dict[str, list[str]]] = {}
        """Of a field: its types and the indices that have them; what is not named is a keyword everywhere."""
        self.indices = [INDEX]
        self.points: dict[str, tuple[Held, ...]] = {}
        self.opened = 0
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.headers: list[Mapping[str, str]] = []
        self.shards = {"total": 5, "successful": 5, "skipped": 0, "failed": 0}
        self.now = NOW
        self.refuse: Refusal | None = None

    def write(self, seconds: float, message: str, **more: Any) -> None:
        """A document of the backend's pod, dated so many seconds after `NOW`."""
        pod = more.pop("pod", POD)
        document = {
            "@timestamp": stamp(seconds),
            "message": message,
            "kubernetes": {"namespace": "aurora", "pod": {"name": pod}, "container": {"name": "app"}},
            **more,
        }
        flat = fields_of(document)
        self.held.append(Held(len(self.held), document, flat, int(moment(flat["@timestamp"], NOW))))

    def application(self) -> web.Application:
        application = web.Application(middlewares=[self._around], client_max_size=1 << 26)
        router = application.router
        router.add_get("/", self._info)
        router.add_post("/_search", self._search)
        router.add_post("/{index}/_search", self._search)
        router.add_post("/{index}/_count", self._count)
        router.add_post("/{index}/_field_caps", self._caps)
        router.add_post("/{index}/_pit", self._open)
        router.add_delete("/_pit", self._close)
        return application

    @web.middleware
    async def _around(self, request: web.Request, handler: Any) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else {}
        self.asked.append((request.path, body))
        self.headers.append(dict(request.headers))
        response = await self.refuse(request, body) if self.refuse is not None else None
        if response is None:
            response = await handler(request)
            response.headers.update(PRODUCT)
        return response

    async def _info(self, request: web.Request) -> web.Response:
        return web.json_response({"version": {"number": "8.17.0"}})

    async def _search(self, request: web.Request) -> web.Response:
        body = await request.json()
        point = body.get("pit", {}).get("id")
        if point is not None and point not in self.points:
            return gone(point)
        found = self._found(body, self.points[point] if point is not None else tuple(self.held))
        answer = page(found, body, INDEX, 0, body["size"]) | {"_shards": self.shards}
        return web.json_response(answer | ({"pit_id": point} if point is not None else {}))

    async def _count(self, request: web.Request) -> web.Response:
        found = self._found(await request.json(), tuple(self.held))
        return web.json_response({"count": len(found), "_shards": self.shards})

    def _found(self, body: Mapping[str, Any], held: tuple[Held, ...]) -> list[Held]:
        accepts = predicate(body["query"], self.now)
        return [each for each in held if accepts({**each.flat, "_id": each.id})]

    async def _caps(self, request: web.Request) -> web.Response:
        names = {name for each in self.held for name in each.flat} | set(self.types)
        wanted = set((await request.json())["fields"])
        fields: dict[str, Any] = {}
        for name in sorted(names & wanted):
            types = self.types.get(name, {"date" if name == "@timestamp" else "keyword": self.indices})
            alone = len(types) == 1
            fields[name] = {
                kind: {"type": kind, **({} if alone else {"indices": where})} for kind, where in types.items()
            }
        return web.json_response({"indices": self.indices, "fields": fields})

    async def _open(self, request: web.Request) -> web.Response:
        self.opened += 1
        self.points[f"point-{self.opened}"] = tuple(self.held)
        return web.json_response({"id": f"point-{self.opened}"})

    async def _close(self, request: web.Request) -> web.Response:
        self.points.pop((await request.json())["id"], None)
        return web.json_response({"succeeded": True, "num_freed": 1})


def gone(point: str) -> web.Response:
    """As recorded from version 8.17 for a point in time that has ended."""
    cause = {"type": "search_context_missing_exception", "reason": f"No search context found for id [{point}]"}
    error = {
        "root_cause": [cause],
        "type": "search_phase_execution_exception",
        "reason": "all shards failed",
        "phase": "query",
        "grouped": True,
        "failed_shards": [{"shard": 0, "index": INDEX, "node": "n", "reason": cause}],
    }
    return web.json_response({"error": error, "status": 404}, status=404, headers=PRODUCT)


class Tailed:
    """A running tail and what it has brought."""

    def __init__(self, tail: ElasticTail, buffer: LogBuffer) -> None:
        self.tail = tail
        self.buffer = buffer

    @property
    def lines(self) -> list[str]:
        return [self.buffer[seq].text for seq in range(self.buffer.first, self.buffer.end)]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(15):
            while not condition():
                await asyncio.sleep(0.01)

    async def looked(self) -> None:
        """Two whole looks from now on are over: what was there before them was seen."""
        seen = self.tail.looks
        await self.until(lambda: self.tail.looks >= seen + 2)

    @property
    def note(self) -> str:
        return self.tail.notes.get("Elasticsearch", "")


@asynccontextmanager
async def tailed(server: FakeElastic, *, lines: int = 50_000, **selection: Any) -> AsyncIterator[Tailed]:
    """A tail of the backend's logs on a server; the clock is the server's."""
    chosen = LogSelection("aurora", source=LogOrigin.ELASTICSEARCH)
    selection.setdefault("workload", ("Deployment", "aurora-backend"))
    async with served(server.application()) as url:

        async def find() -> HttpAccess:
            return HttpAccess(url)

        buffer = LogBuffer(lines)
        tail = ElasticTail(find, STORE, replace(chosen, **selection), buffer, lambda: server.now, interval=0.02)
        task = asyncio.create_task(tail.run())
        try:
            yield Tailed(tail, buffer)
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
