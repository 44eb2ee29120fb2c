"""The pods' subresources that are not objects: logs, eviction and exec."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress

import msgspec
from aiohttp import web

from aurora_tui.model.frozen import Frozen
from aurora_tui.sandbox.kube.bodies import decoding, read_dry_run, read_object
from aurora_tui.sandbox.kube.eviction import evict
from aurora_tui.sandbox.kube.kinds import NODES, PODS, Json
from aurora_tui.sandbox.kube.listing import flag, whole_number
from aurora_tui.sandbox.kube.objects import ObjectStore
from aurora_tui.sandbox.kube.podexec import exec_in
from aurora_tui.sandbox.kube.podlogs import (
    NANO,
    SETTLING,
    Ails,
    Line,
    Run,
    container_name,
    current_run,
    last_lines,
    lines_between,
    log_begin,
    nothing_ails,
)
from aurora_tui.sandbox.kube.podstate import condition
from aurora_tui.sandbox.kube.routes import Route
from aurora_tui.sandbox.kube.stamps import seconds_of, stamp
from aurora_tui.sandbox.kube.statuses import ApiError, FieldFault, invalid, method_not_allowed
from aurora_tui.sandbox.kube.writes import Registry, Target

Handler = Callable[[web.Request, Route], Awaitable[web.StreamResponse]]

_POLL = 0.2
"""Seconds between two looks of a follower at the clock."""
_CHUNK = 500


class LogOptions(Frozen):
    """The query of a log request (v1.PodLogOptions), read; `since` in epoch nanoseconds."""

    follow: bool
    previous: bool
    stamps: bool
    tail: int | None
    since: int
    limit: int | None


class PodApi:
    """Handlers by subresource; `answer` gives the one that a route asks for."""

    def __init__(
        self, store: ObjectStore, registry: Registry, clock: Callable[[], float], ails: Ails = nothing_ails
    ) -> None:
        self._ails = ails
        self._store = store
        self._registry = registry
        self._clock = clock
        self._closed = asyncio.Event()

    def close(self) -> None:
        """End every follow and every shell."""
        self._closed.set()

    def answer(self, route: Route, method: str) -> Handler | None:
        if route.resource is not PODS:
            return None
        handler, methods = {
            "log": (self._log, ("GET",)),
            "eviction": (self._evict, ("POST",)),
            "exec": (self._exec, ("GET", "POST")),
        }.get(route.subresource, (None, ()))
        if handler is not None and method not in methods:
            raise method_not_allowed()
        return handler

    async def _evict(self, request: web.Request, route: Route) -> web.StreamResponse:
        body = read_object(request.content_type, await request.read())
        target = Target(PODS, route.key_namespace, route.name)
        dry_run = read_dry_run(request.query)
        with decoding():
            success = evict(self._store, self._registry, target, body, dry_run=dry_run)
        return web.Response(status=201, body=msgspec.json.encode(success), headers={"Content-Type": "application/json"})

    async def _exec(self, request: web.Request, route: Route) -> web.StreamResponse:
        pod = self._registry.get(Target(PODS, route.key_namespace, route.name))
        return await exec_in(request, pod, self._closed)

    async def _log(self, request: web.Request, route: Route) -> web.StreamResponse:
        pod = self._registry.get(Target(PODS, route.key_namespace, route.name))
        container = container_name(pod, request.query.get("container", ""))
        options = self._read(request, route.name)
        self._check_kubelet(pod, container)
        run = current_run(pod, container, options.previous, self._ails)
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        left = options.limit
        with suppress(ConnectionResetError):
            async for chunk in self._chunks(route, run, options):
                part = chunk if left is None else chunk[:left]
                await response.write(part)
                if left is not None and (left := left - len(part)) <= 0:
                    break
            await response.write_eof()
        return response

    def _check_kubelet(self, pod: Json, container: str) -> None:
        """Raise ApiError where the kubelet that has the log cannot be reached, as the API server words it."""
        node = self._store.get(NODES, "", pod["spec"].get("nodeName", ""))
        ready = condition(node, "Ready") if node else None
        if node is not None and ready is not None and ready["status"] == "Unknown":
            address = f"{node['status']['addresses'][0]['address']}:10250"
            metadata = pod["metadata"]
            path = f"containerLogs/{metadata['namespace']}/{metadata['name']}/{container}"
            told = f'Get "https://{address}/{path}": dial tcp {address}: connect: no route to host'
            raise ApiError(500, "InternalError", told)

    def _read(self, request: web.Request, pod: str) -> LogOptions:
        query = request.query
        tail, limit = whole_number(query, "tailLines"), whole_number(query, "limitBytes")
        seconds, moment = whole_number(query, "sinceSeconds"), query.get("sinceTime", "")
        faults: list[FieldFault] = []
        if tail is not None and tail < 0:
            faults.append(FieldFault("tailLines", f"Invalid value: {tail}: must be greater than or equal to 0"))
        if limit is not None and limit < 1:
            faults.append(FieldFault("limitBytes", f"Invalid value: {limit}: must be greater than 0"))
        if seconds is not None and moment:
            text = "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"
            faults.append(FieldFault("", text))
        elif seconds is not None and seconds < 1:
            faults.append(FieldFault("sinceSeconds", f"Invalid value: {seconds}: must be greater than 0"))
        if faults:
            raise invalid(PODS, pod, faults)
        since = 0
        if seconds is not None:
            since = int((self._clock() - seconds) * NANO)
        elif moment:
            try:
                # The API server hands sinceTime on to the kubelet in whole seconds.
                since = int(seconds_of(moment)) * NANO
            except ValueError as error:
                raise ApiError(400, "BadRequest", f"sinceTime: {error}") from error
        return LogOptions(
            follow=flag(query, "follow"),
            previous=flag(query, "previous"),
            stamps=flag(query, "timestamps"),
            tail=tail,
            since=since,
            limit=limit,
        )

    async def _chunks(self, route: Route, run: Run, options: LogOptions) -> AsyncIterator[bytes]:
        now = self._clock()
        settled = int((now - SETTLING) * NANO)
        begin = log_begin(run, now)
        # A tail may be short: it counts lines of the whole log, and `since` then cuts.
        if options.tail is None:
            lines = lines_between(run, max(begin * NANO, options.since) - 1, settled)
        else:
            tail = last_lines(run, options.tail, begin, settled)
            lines = (line for line in tail if line.stamp >= options.since)
        for chunk in _grouped(lines, options.stamps):
            yield chunk
            await asyncio.sleep(0)
        while options.follow and run.ended is None and not self._closed.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), _POLL)
            seen, settled = settled, max(settled, int((self._clock() - SETTLING) * NANO))
            pod = self._store.get(PODS, route.key_namespace, route.name)
            after = _as_it_is_now(run, pod)
            for chunk in _grouped(lines_between(after or run, seen, settled), options.stamps):
                yield chunk
            if after is None:
                return
            if after.ended is not None:
                last = _grouped(lines_between(after, settled, (after.ended + 1) * NANO), options.stamps)
                for chunk in last:
                    yield chunk
            run = after


def _as_it_is_now(run: Run, pod: Json | None) -> Run | None:
    """The same run with its end, if it has come by now; None when its pod is gone."""
    if pod is None:
        return None
    for previous in (False, True):
        with suppress(ApiError):
            found = current_run(pod, run.container, previous, run.ails)
            if found.container_id == run.container_id:
                return found
    return None


def _grouped(lines: Iterator[Line], stamps: bool) -> Iterator[bytes]:
    chunk: list[str] = []
    for line in lines:
        prefix = f"{stamp(line.stamp // NANO)[:-1]}.{line.stamp % NANO:09d}Z " if stamps else ""
        chunk.append(f"{prefix}{line.text}\n")
        if len(chunk) == _CHUNK:
            yield "".join(chunk).encode()
            chunk.clear()
    if chunk:
        yield "".join(chunk).encode()
