"""A minimal asynchronous caller of the API server for the simulated kubelet and the exporter."""

from __future__ import annotations

import asyncio
import base64
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import yaml

PATCH_TYPES = {"json": "application/json-patch+json", "merge": "application/merge-patch+json"}

Object = dict[str, Any]
"""One decoded API object."""


class RefusedError(RuntimeError):
    """The API server's answer was not a success; `code` is the HTTP status."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


def tls_context(authority: str) -> ssl.SSLContext:
    """Trust `authority` (PEM) as kubectl does, without OpenSSL's strict mode that refuses hand-made ones."""
    context = ssl.create_default_context(cadata=authority)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


class Api:
    """Calls with the token of the first user of a kubeconfig file."""

    def __init__(self, session: aiohttp.ClientSession, server: str) -> None:
        self._session = session
        self._server = server

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        patch: str = "",
        query: Mapping[str, str] | None = None,
    ) -> Object:
        """Send one request and return the answer; `patch` is `json` or `merge`; raises RefusedError."""
        headers = {"Content-Type": PATCH_TYPES[patch] if patch else "application/json"}
        data = None if body is None else msgspec.json.encode(body)
        async with self._session.request(
            method, self._server + path, data=data, headers=headers, params=query
        ) as response:
            answer: Object = msgspec.json.decode(await response.read())
        if response.status >= 300:
            raise RefusedError(response.status, str(answer.get("message")))
        return answer

    async def follow(self, path: str, query: Mapping[str, str]) -> AsyncIterator[tuple[str, Object]]:
        """Yield ("LISTED", list) and then the watch events after it; lists again whenever the watch ends."""
        while True:
            try:
                listed = await self.call("GET", path, query=query)
                yield "LISTED", listed
                version = str(listed["metadata"]["resourceVersion"])
                async for event in self._watch(path, {**query, "watch": "1", "resourceVersion": version}):
                    yield event
            except (aiohttp.ClientError, TimeoutError, RefusedError) as error:
                logging.warning("watch of %s: %s; again in a second", path, error)
                await asyncio.sleep(1)

    async def _watch(self, path: str, query: Mapping[str, str]) -> AsyncIterator[tuple[str, Object]]:
        endless = aiohttp.ClientTimeout(total=None)
        async with self._session.get(self._server + path, params=query, timeout=endless) as response:
            rest = b""
            async for chunk in response.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    event = msgspec.json.decode(line)
                    if event["type"] == "ERROR":
                        raise RefusedError(int(event["object"].get("code", 500)), str(event["object"].get("message")))
                    yield event["type"], event["object"]


@asynccontextmanager
async def open_api(kubeconfig: Path) -> AsyncIterator[Api]:
    """Open an Api with the first cluster and user of `kubeconfig`, which must hold a token."""
    document = yaml.safe_load(kubeconfig.read_text())
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    context = tls_context(base64.b64decode(cluster["certificate-authority-data"]).decode())
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=context, limit=0),
        headers={"Authorization": f"Bearer {user['token']}"},
        timeout=aiohttp.ClientTimeout(total=60),
    ) as session:
        yield Api(session, str(cluster["server"]))
