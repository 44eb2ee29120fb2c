"""An API server on the loopback that answers as each test scripts it and logs whatever reaches it."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from aurora_tui.cluster.kubeconfig import Context, choose

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
NAME = "it"


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    verb: str
    """``GET``, ``PATCH`` …, ``WATCH``, or ``STREAM`` for a watch that begins with a streaming list."""
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: str

    @property
    def line(self) -> str:
        return f"{self.verb} {self.path}"


@dataclass
class ApiServer:
    """`on("GET /api/v1/pods", answer, …)` scripts the answers of a request in turn; the last one stays.

    Whatever is not scripted is refused with 404, as a real server refuses what it does not serve.
    """

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    _script: dict[str, list[Handler]] = field(default_factory=dict)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def on(self, line: str, *answers: Any) -> None:
        self._script[line] = [answer if callable(answer) else said(answer) for answer in answers]

    def lines(self, start: str = "") -> list[str]:
        """What was asked so far, in order."""
        return [each.line for each in self.asked if each.line.startswith(start)]

    def requests(self, line: str) -> list[Asked]:
        return [each for each in self.asked if each.line == line]

    async def until_asked(self, line: str, times: int = 1) -> None:
        """Wait until a request has arrived so many times."""
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: len(self.requests(line)) >= times)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        verb = "WATCH" if "watch" in request.query else request.method
        verb = "STREAM" if "sendInitialEvents" in request.query else verb
        body = (await request.read()).decode()
        asked = Asked(verb, request.path, dict(request.query), dict(request.headers), body)
        async with self._news:
            self.asked.append(asked)
            self._news.notify_all()
        answers = self._script.get(asked.line)
        if not answers:
            return await refused(404, "the server could not find the requested resource", "NotFound")(request)
        return await (answers.pop(0) if len(answers) > 1 else answers[0])(request)


def said(answer: Any) -> Handler:
    """A JSON answer."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return web.json_response(answer)

    return handle


def refused(code: int, message: str, reason: str = "", **headers: str) -> Handler:
    """An answer with the API's Status; a header is given with `_` for `-`."""
    status = {"kind": "Status", "status": "Failure", "message": message, "reason": reason, "code": code}

    async def handle(request: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.json_response(status, status=code, headers=named)

    return handle


def page(code: int, text: str, content_type: str = "text/html") -> Handler:
    """An answer of something that is no API server."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return web.Response(status=code, text=text, content_type=content_type)

    return handle


def hung_up() -> Handler:
    """The connection closes without an answer."""

    async def handle(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    return handle


async def begun(request: web.Request, first: bytes) -> web.StreamResponse:
    """A stream whose first bytes are sent; the rest is up to the test."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(first)
    return response


def stream(*chunks: bytes, cut: bool = False, until: asyncio.Event | None = None) -> Handler:
    """A body in chunks, each flushed on its own; then the end, a cut connection, or silence until an event."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
            await asyncio.sleep(0)
        if until is not None:
            await until.wait()
        if cut:
            assert request.transport is not None
            request.transport.close()
        return response

    return handle


def silent(until: asyncio.Event) -> Handler:
    """Not even headers until the event."""

    async def handle(request: web.Request) -> web.StreamResponse:
        await until.wait()
        return web.Response()

    return handle


def item(name: str, version: int = 1, namespace: str | None = "aurora", **more: Any) -> dict[str, Any]:
    """An object with the least that a row needs."""
    meta = {"name": name, "namespace": namespace, "uid": f"uid-{name}", "resourceVersion": str(version)}
    return {"metadata": {key: value for key, value in meta.items() if value is not None}, **more}


def listing(*items: Any, version: int = 10, token: str = "") -> dict[str, Any]:
    """One page of a list; `token` names the next."""
    return {"metadata": {"resourceVersion": str(version), "continue": token}, "items": list(items)}


def event(kind: str, thing: Any) -> bytes:
    """One line of a watch."""
    return json.dumps({"type": kind, "object": thing}).encode() + b"\n"


@asynccontextmanager
async def running(tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[ApiServer]:
    """An `ApiServer` on a free port."""
    server = ApiServer()
    application = web.Application(client_max_size=1 << 26)
    application.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, host, 0, ssl_context=tls).start()
    scheme = "https" if tls else "http"
    server.url = f"{scheme}://{host}:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


def write(path: Path, content: Any) -> Path:
    """Write a kubeconfig."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def config(
    server: str,
    *,
    name: str = NAME,
    user: dict[str, Any] | None = None,
    namespace: str | None = None,
    **cluster: Any,
) -> dict[str, Any]:
    """A kubeconfig with one context, cluster and user of one name; `_` stands for `-` in the cluster's keys."""
    context = {"cluster": name, "namespace": namespace}
    if user is not None:
        context["user"] = name
    keys = {key.replace("_", "-"): value for key, value in cluster.items()}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{"name": name, "context": {key: value for key, value in context.items() if value}}],
        "clusters": [{"name": name, "cluster": {"server": server, **keys}}],
        "users": [] if user is None else [{"name": name, "user": user}],
    }


def context_for(folder: Path, server: str, **options: Any) -> Context:
    """The one context of a kubeconfig written for a server."""
    return choose(None, str(write(folder / "kubeconfig", config(server, **options))))
