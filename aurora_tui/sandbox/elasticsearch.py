"""The sandbox's Elasticsearch: searches over the pods' log lines as ECS documents, and no more.

Shapes as the REST API of version 8 gives them; the client insists on ``X-Elastic-Product``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from itertools import chain
from typing import Any

import msgspec
from aiohttp import web

from aurora_tui.sandbox.elastic_pages import SHARDS, Held, page, within
from aurora_tui.sandbox.elastic_queries import Document, ElasticError, fields_of, moment, predicate
from aurora_tui.sandbox.wire import json_response

INDEX = "logs-kubernetes.container_logs-default"
"""The data stream; its documents are in a backing index."""
BACKING = f".ds-{INDEX}-2026.01.01-000001"
_BACKLOG_S = 900.0
"""How far before its start the server has documents; they are made for the first search."""
_MAX_DOCUMENTS = 50_000
_MAX_WINDOW = 10_000
_MAX_POINTS = 20
_SPOKEN = frozenset(
    {"query", "size", "from", "sort", "_source", "fields", "track_total_hits", "search_after", "timeout", "pit"}
)
_TYPES = {"@timestamp": "date", "message": "text"}

Logs = Callable[[float, float], Iterable[Document]]
"""Documents with a stamp after the first moment and not after the second (epoch seconds), oldest first."""


class ElasticsearchServer:
    """What it serves is in `app`.  `clock` gives epoch seconds."""

    def __init__(self, logs: Logs, clock: Callable[[], float]) -> None:
        self._logs = logs
        self._clock = clock
        self._documents: deque[Held] = deque(maxlen=_MAX_DOCUMENTS)
        self._points: dict[str, tuple[Held, ...]] = {}
        self._ingested = clock()
        self._backlog_until: float | None = self._ingested
        """None once the documents from before the start are there."""
        self._count = self._opened = 0

    def ingest(self) -> None:
        """Take the lines that came since the last time."""
        now = self._clock()
        self._documents.extend(self._made(self._ingested, now))
        self._ingested = now

    def app(self) -> web.Application:
        routes = web.Application(middlewares=[_errors])
        add = routes.router
        add.add_get("/", self._info)
        add.add_get("/_cluster/health", self._health)
        add.add_post("/{index}/_pit", self._open_point)
        add.add_delete("/_pit", self._close_point)
        for prefix in ("", "/{index}"):
            for method in ("GET", "POST"):
                add.add_route(method, f"{prefix}/_search", self._search)
                add.add_route(method, f"{prefix}/_count", self._search)
                add.add_route(method, f"{prefix}/_field_caps", self._field_caps)
        return routes

    def _made(self, since: float, until: float) -> Iterator[Held]:
        for document in self._logs(since, until):
            self._count += 1
            flat = fields_of(document)
            yield Held(self._count, document, flat, int(moment(flat["@timestamp"], until)))

    async def _info(self, request: web.Request) -> web.Response:
        version = {
            "number": "8.19.0",
            "build_flavor": "default",
            "build_type": "sandbox",
            "build_snapshot": False,
        }
        version |= {"lucene_version": "9.12.2", "minimum_wire_compatibility_version": "7.17.0"}
        return json_response(
            {
                "name": "sandbox",
                "cluster_name": "aurora",
                "cluster_uuid": "c2FuZGJveA",
                "version": {**version, "minimum_index_compatibility_version": "7.0.0"},
                "tagline": "You Know, for Search",
            }
        )

    async def _health(self, request: web.Request) -> web.Response:
        shards = {
            "active_primary_shards": 1,
            "active_shards": 1,
            "relocating_shards": 0,
            "initializing_shards": 0,
        }
        health = {"cluster_name": "aurora", "status": "green", "timed_out": False, "unassigned_shards": 0}
        return json_response({**health, **shards, "number_of_nodes": 1, "number_of_data_nodes": 1})

    async def _search(self, request: web.Request) -> web.Response:
        body = await _body(request)
        unspoken = sorted(set(body) - _SPOKEN)
        if unspoken:
            raise ElasticError(501, "not_implemented", f"search with [{unspoken[0]}] is not implemented by this server")
        query = body.get("query") or {"match_all": {}}
        accepts = predicate(query, self._clock())
        held = self._held(request) if "pit" not in body else self._point(body["pit"]["id"])
        found = [each for each in within(held, query, self._clock()) if accepts({**each.flat, "_id": each.id})]
        if request.path.endswith("/_count"):
            return json_response({"count": len(found), "_shards": SHARDS})
        size, offset = int(body.get("size", 10)), int(body.get("from", 0))
        if size < 0 or offset < 0 or size + offset > _MAX_WINDOW:
            reason = f"Result window is too large, from + size must be less than or equal to: [{_MAX_WINDOW}]"
            raise ElasticError(400, "illegal_argument_exception", reason)
        answer = page(found, body, BACKING, offset, size)
        return json_response(answer | ({"pit_id": body["pit"]["id"]} if "pit" in body else {}))

    def _held(self, request: web.Request) -> tuple[Held, ...]:
        patterns = request.match_info.get("index", "*").split(",")
        left_out = [pattern[1:] for pattern in patterns if pattern.startswith("-")]
        if any(fnmatchcase(name, pattern) for pattern in left_out for name in (INDEX, BACKING)):
            return ()
        if not any(fnmatchcase(INDEX, pattern.replace("_all", "*")) for pattern in patterns):
            named = [pattern for pattern in patterns if "*" not in pattern and not pattern.startswith("-")]
            if named and request.query.get("ignore_unavailable") != "true":
                raise ElasticError(404, "index_not_found_exception", f"no such index [{named[0]}]")
            return ()
        self.ingest()
        if (until := self._backlog_until) is not None:
            self._backlog_until = None
            backlog = self._made(until - _BACKLOG_S, until)
            self._documents = deque(chain(backlog, self._documents), self._documents.maxlen)  # the oldest go first
        return tuple(self._documents)

    async def _open_point(self, request: web.Request) -> web.Response:
        if "keep_alive" not in request.query:
            raise ElasticError(400, "action_request_validation_exception", "[keep_alive] is not specified")
        self._opened += 1
        name = f"cG9pbnQ{self._opened}"
        self._points[name] = self._held(request)
        while len(self._points) > _MAX_POINTS:
            del self._points[next(iter(self._points))]
        return json_response({"id": name, "_shards": SHARDS})

    async def _close_point(self, request: web.Request) -> web.Response:
        found = self._points.pop((await _body(request))["id"], None)
        return json_response({"succeeded": found is not None, "num_freed": int(found is not None)})

    def _point(self, name: str) -> tuple[Held, ...]:
        """What was held when it was opened. One that has ended is told as the server tells it."""
        if name not in self._points:
            raise ElasticError(404, "search_context_missing_exception", f"No search context found for id [{name}]")
        return self._points[name]

    async def _field_caps(self, request: web.Request) -> web.Response:
        body = await _body(request)
        wanted = body.get("fields", request.query.get("fields", ""))
        patterns = wanted.split(",") if isinstance(wanted, str) else list(wanted)
        held = self._held(request)
        names = {name for each in held for name in each.flat}
        fields: dict[str, object] = {}
        for name in sorted(names):
            if any(fnmatchcase(name, pattern) for pattern in patterns):
                kind = _TYPES.get(name, "keyword")
                caps = {
                    "type": kind,
                    "metadata_field": False,
                    "searchable": True,
                    "aggregatable": kind != "text",
                }
                fields[name] = {kind: caps}
        return json_response({"indices": [BACKING] if held else [], "fields": fields})


async def _body(request: web.Request) -> dict[str, Any]:
    raw = await request.read()
    try:
        body = msgspec.json.decode(raw) if raw else {}
    except msgspec.DecodeError as error:
        raise ElasticError(400, "parsing_exception", str(error)) from error
    if not isinstance(body, dict):
        raise ElasticError(400, "parsing_exception", "expected an object")
    for name in ("size", "from"):
        if name in request.query:
            body[name] = request.query[name]
    if "q" in request.query:
        raise ElasticError(501, "not_implemented", "the parameter [q] is not implemented by this server")
    return body


@web.middleware
async def _errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    response: web.StreamResponse
    try:
        response = await handler(request)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        reason = f"{request.method} {request.path} is not implemented by this server"
        response = _error_json(ElasticError(501, "not_implemented", reason))
    except ElasticError as error:
        response = _error_json(error)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # A clause of the wrong shape surfaces here: a body is not checked against the whole DSL.
        response = _error_json(ElasticError(400, "x_content_parse_exception", f"malformed request: {error}"))
    response.headers["X-Elastic-Product"] = "Elasticsearch"
    return response


def _error_json(error: ElasticError) -> web.Response:
    cause = {"type": error.kind, "reason": str(error)}
    return json_response({"error": {"root_cause": [cause], **cause}, "status": error.status}, error.status)
