"""A gate before a server: it lets in who shows the right header, under a path of its own, and keeps the header."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

_REFUSED = {"type": "security_exception", "reason": "missing authentication credentials for REST request"}
_HOP = ("host", "authorization", "content-length", "transfer-encoding", "connection")


@asynccontextmanager
async def gate(
    server: str, authorization: str, *, prefix: str = "", tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """The address in front of `server`, where every request needs this ``Authorization`` header."""
    async with aiohttp.ClientSession(auto_decompress=False) as session:

        async def handle(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Authorization") != authorization:
                body = {"error": {"root_cause": [_REFUSED], **_REFUSED}, "status": 401}
                return web.json_response(body, status=401, headers={"X-Elastic-Product": "Elasticsearch"})
            target = server + request.raw_path.removeprefix(prefix)
            headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
            data = await request.read()
            async with session.request(request.method, target, data=data, headers=headers) as answer:
                kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
                return web.Response(status=answer.status, body=await answer.read(), headers=kept)

        application = web.Application(client_max_size=1 << 26)
        application.router.add_route("*", f"{prefix}/{{rest:.*}}", handle)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        try:
            yield f"http{'s' if tls else ''}://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()
