"""Serves the simulated containers' logs as a kubelet does: follow, previous, tail, since, timestamps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

from aiohttp import web

from tests.live.api import Object
from tests.live.log_text import NANO, LogFile, parse_stamp
from tests.live.pod_status import annotation

POLL = 0.25
"""Seconds between two looks whether a followed container still runs."""
CHUNK = 64 * 1024

Lookup = Callable[[str, str], Object | None]
"""(namespace, pod) -> the pod as the kubelet knows it."""


class NoLogError(Exception):
    """There is no log to give; the text is the kubelet's own."""


def log_application(lookup: Lookup) -> web.Application:
    """Return the kubelet's web server; the API server fetches from it what `kubectl logs` shows."""
    application = web.Application()

    async def logs(request: web.Request) -> web.StreamResponse:
        pod = lookup(request.match_info["namespace"], request.match_info["pod"])
        try:
            return await _container_logs(request, pod, lookup)
        except ConnectionResetError:
            return web.Response()  # the reader has gone, as every `logs -f` does in the end

    application.router.add_get("/containerLogs/{namespace}/{pod}/{container}", logs)
    return application


async def _container_logs(request: web.Request, pod: Object | None, lookup: Lookup) -> web.StreamResponse:
    name, query = request.match_info["container"], request.query
    if pod is None:
        return web.Response(status=404, text=f'pod "{request.match_info["pod"]}" does not exist')
    try:
        log = find_log(pod, name, previous=query.get("previous") == "true")
    except NoLogError as error:
        return web.Response(status=400, text=str(error))
    follow = query.get("follow") == "true"
    cut = float(annotation(pod, "log-cut") or "inf") if follow else float("inf")
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    await response.prepare(request)
    writer = _Writer(response, log, query)
    number = writer.first(time.time_ns())
    stop = number + cut
    while True:
        ready = log.count(time.time_ns())
        await writer.write(number, int(min(ready, stop)))
        number = ready
        if ready >= stop:
            line = log.line(int(stop), writer.timestamps)
            await response.write(line[: int(stop % 1 * len(line))])
            if request.transport is not None:
                request.transport.abort()
            return response
        if writer.full or not follow or (log.end is not None and time.time_ns() >= log.end):
            return response
        await asyncio.sleep(max(0.02, min(POLL, (log.stamp(number) - time.time_ns()) / NANO)))
        log = writer.log = _ended(log, pod, name, lookup)


class _Writer:
    """Writes ranges of lines of a log as the query asked for them."""

    def __init__(self, response: web.StreamResponse, log: LogFile, query: Mapping[str, str]) -> None:
        self.log = log
        self.timestamps = query.get("timestamps") == "true"
        self._response = response
        self._query = query
        self._left = int(query["limitBytes"]) if "limitBytes" in query else None

    @property
    def full(self) -> bool:
        return self._left is not None and self._left <= 0

    def first(self, now: int) -> int:
        """The first line asked for: a tail counts back from the end, a time cuts off what is older."""
        count, first = self.log.count(now), 0
        if "tailLines" in self._query:
            first = max(0, count - int(self._query["tailLines"]))
        if "sinceTime" in self._query:
            first = max(first, self.log.first_since(parse_stamp(self._query["sinceTime"]), count))
        if "sinceSeconds" in self._query:
            first = max(first, self.log.first_since(now - int(self._query["sinceSeconds"]) * NANO, count))
        return first

    async def write(self, first: int, end: int) -> None:
        piece = bytearray()
        for number in range(first, end):
            piece += self.log.line(number, self.timestamps)
            if len(piece) >= CHUNK or number == end - 1:
                if self._left is not None:
                    del piece[max(0, self._left) :]
                    self._left -= len(piece)
                await self._response.write(bytes(piece))
                piece.clear()
                if self.full:
                    return


def find_log(pod: Object, name: str, *, previous: bool) -> LogFile:
    """Return the log of a container's run, chosen and refused as a kubelet does."""
    known = pod.get("status", {})
    statuses = [*known.get("containerStatuses", []), *known.get("initContainerStatuses", [])]
    status = next((found for found in statuses if found["name"] == name), None)
    where = f'container "{name}" in pod "{pod["metadata"]["name"]}"'
    if status is None:
        raise NoLogError(f"{where} is not available")
    state, last = status.get("state", {}), status.get("lastState", {}).get("terminated")
    if previous:
        if last is None:
            raise NoLogError(f"previous terminated {where} not found")
        return _log_of(pod, last)
    run = state.get("running") or state.get("terminated") or last
    if run is not None:
        return _log_of(pod, run)
    reason = state.get("waiting", {}).get("reason", "")
    problem = {
        "ErrImagePull": "image can't be pulled",
        "ImagePullBackOff": "trying and failing to pull image",
    }
    raise NoLogError(f"{where} is waiting to start: {problem.get(reason, reason)}")


def _log_of(pod: Object, run: Object) -> LogFile:
    # One that was killed from outside (137) has nothing to say about it.
    crash = run.get("exitCode") not in (None, 0, 137) or annotation(pod, "crash")
    kind = annotation(pod, "log-kind") or ("crash" if crash else "")
    end = parse_stamp(run["finishedAt"]) + NANO if run.get("finishedAt") else None
    return LogFile(parse_stamp(run["startedAt"]), end, float(annotation(pod, "logs") or 1), kind)


def _ended(log: LogFile, pod: Object, name: str, lookup: Lookup) -> LogFile:
    """Return `log` with its end when the run that writes it is over by now."""
    now = lookup(pod["metadata"]["namespace"], pod["metadata"]["name"])
    if now is None or now["metadata"]["uid"] != pod["metadata"]["uid"]:
        return LogFile(log.start, time.time_ns(), log.rate, log.kind)
    for previous in (False, True):
        try:
            found = find_log(now, name, previous=previous)
        except NoLogError:
            continue
        if found.start == log.start:
            return found
    return LogFile(log.start, time.time_ns(), log.rate, log.kind)
