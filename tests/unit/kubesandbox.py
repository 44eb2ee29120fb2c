"""A sandbox cluster under a clock that the test moves, spoken to over HTTP as any client would."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import ClientResponse, ClientSession
from yarl import URL

from aurora_tui.sandbox.kube import KubeSandbox
from aurora_tui.sandbox.scenarios import SCENARIOS

NOW = 1_800_000_000.0
AURORA = "/api/v1/namespaces/aurora"
APPS = "/apis/apps/v1/namespaces/aurora"
BACKEND = f"{APPS}/deployments/aurora-backend"
Json = dict[str, Any]


class Kube:
    """`get` and its like give the status code and the decoded body."""

    def __init__(self, session: ClientSession, sandbox: KubeSandbox, clock: list[float]) -> None:
        self.session = session
        self.sandbox = sandbox
        self._clock = clock

    def pass_time(self, seconds: float) -> None:
        """Let the cluster live on, in steps of half a second."""
        for _ in range(round(seconds * 2)):
            self._clock[0] += 0.5
            self.sandbox.step()

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        sent = {"Content-Type": "application/json"} | {key.replace("_", "-"): value for key, value in headers.items()}
        data = None if body is None else msgspec.json.encode(body)
        url = URL(self.sandbox.url + path, encoded=True)
        async with self.session.request(method, url, data=data, headers=sent) as response:
            raw = await response.read()
            text = response.content_type != "application/json"
            return response.status, raw.decode() if text else msgspec.json.decode(raw)

    async def get(self, path: str, **headers: str) -> tuple[int, Any]:
        return await self.ask("GET", path, **headers)

    async def found(self, path: str) -> Any:
        """The body of a GET that must succeed."""
        code, body = await self.get(path)
        assert code == 200, body
        return body

    async def patch(self, path: str, body: object, kind: str = "merge-patch") -> tuple[int, Any]:
        return await self.ask("PATCH", path, body, Content_Type=f"application/{kind}+json")

    def open(self, path: str) -> Any:
        """A streamed answer; its context gives the response, which never times out by itself."""
        return self.session.get(URL(self.sandbox.url + path, encoded=True))

    async def pods(self, app: str) -> list[Json]:
        body = await self.found(f"{AURORA}/pods?labelSelector=app={app}")
        items: list[Json] = body["items"]
        return items

    async def set_image(self, image: str) -> None:
        """As `kubectl set image deployment/aurora-backend` does it."""
        containers = [{"name": "backend", "image": image}]
        spec = {"template": {"spec": {"containers": containers}}}
        code, body = await self.patch(BACKEND, {"spec": spec}, "strategic-merge-patch")
        assert code == 200, body


async def event(response: ClientResponse) -> Json:
    """The next event of a watch."""
    line = await response.content.readline()
    decoded: Json = msgspec.json.decode(line)
    return decoded


async def events(response: ClientResponse) -> list[Json]:
    """All events of a watch that the server ends."""
    return [msgspec.json.decode(line) for line in (await response.read()).splitlines()]


@asynccontextmanager
async def serving(scenario: str = "healthy", **options: Any) -> AsyncIterator[Kube]:
    """A started cluster and a session that carries its token."""
    clock = [NOW]
    sandbox = KubeSandbox(SCENARIOS[scenario], clock=lambda: clock[0], seed=5, **options)
    await sandbox.start()
    config: Mapping[str, Any] = msgspec.json.decode(sandbox.kubeconfig())
    token = config["users"][0]["user"]["token"]
    try:
        async with ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
            yield Kube(session, sandbox, clock)
    finally:
        await sandbox.stop()


def condition(obj: Json, kind: str) -> Json:
    found: Json = next(each for each in obj["status"]["conditions"] if each["type"] == kind)
    return found


def image(obj: Json) -> str:
    """The first container's image of a pod or of a workload's template."""
    spec = obj["spec"].get("template", obj)["spec"]
    return str(spec["containers"][0]["image"])
