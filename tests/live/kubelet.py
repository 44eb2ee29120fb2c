"""Simulates the kubelets of several nodes in one process: runs their pods on paper, serves their logs and exec.

Scheduled pods become Running, fail or end as `pod_status` decides; deletions are finished; nodes stay alive.
A pod with the annotation `aurora.test/terminate-after: S` stays Terminating for S seconds. On the control
port (plain HTTP, loopback) `GET /` tells what is known, `PUT /churn {"rate": R}` restarts R containers a
second on random pods, `PUT /pods/NAMESPACE/NAME {"restart": true}` restarts those of one pod, as a failed
probe does, and `PUT /nodes/NAME {"lost": true}` stops a node's heartbeats and its pods, as a cut cable does.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import ssl
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import aiohttp
import msgspec
from aiohttp import web

from tests.live.api import Api, Object, RefusedError, open_api
from tests.live.kubelet_exec import Front
from tests.live.kubelet_logs import log_application
from tests.live.nodes import Nodes
from tests.live.pod_status import Placement, annotation, status_at

WORKERS = 24
"""Concurrent writes of pod statuses."""
DELETION_SECONDS = 0.3
CHURN_TICK = 0.1


class Kubelet:
    """Brings every pod of its nodes to the status that it should have, whenever pod or time asks for it."""

    def __init__(self, api: Api, nodes: Nodes) -> None:
        self.pods: dict[str, Object] = {}
        self.churn = 0.0
        self._api = api
        self._nodes = nodes
        self._placements: dict[str, Placement] = {}
        self._written: dict[str, Object] = {}
        self._doomed: dict[str, float] = {}
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._queued: set[str] = set()
        self._addresses = 0

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch())
            group.create_task(self._churn())
            for _ in range(WORKERS):
                group.create_task(self._work())

    def find(self, namespace: str, name: str) -> Object | None:
        return self.pods.get(f"{namespace}/{name}")

    def wake_node(self, node: str) -> None:
        """Look again at all pods of a node that has come back."""
        for key, pod in self.pods.items():
            if pod["spec"]["nodeName"] == node:
                self._enqueue(key)

    def restart(self, namespace: str, name: str) -> bool:
        """Restart a pod's containers; False where no such pod has started here."""
        pod = self.find(namespace, name)
        if pod is None or pod["metadata"]["uid"] not in self._placements:
            return False
        self._restart(_key(pod), pod["metadata"]["uid"])
        return True

    async def _watch(self) -> None:
        async for kind, found in self._api.follow("/api/v1/pods", {"fieldSelector": "spec.nodeName!="}):
            if kind == "LISTED":
                listed = {_key(pod): pod for pod in found["items"]}
                for gone in self.pods.keys() - listed.keys():
                    self._forget(self.pods[gone])
                self.pods.update(listed)
                for key in listed:
                    self._enqueue(key)
            elif kind == "DELETED":
                self._forget(found)
            elif kind != "BOOKMARK":
                self.pods[_key(found)] = found
                self._enqueue(_key(found))

    def _forget(self, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        self.pods.pop(_key(pod), None)
        for memory in (self._placements, self._written, self._doomed):
            memory.pop(uid, None)

    def _enqueue(self, key: str) -> None:
        if key not in self._queued:
            self._queued.add(key)
            self._queue.put_nowait(key)

    async def _work(self) -> None:
        while True:
            key = await self._queue.get()
            self._queued.discard(key)
            pod = self.pods.get(key)
            if pod is None or pod["spec"]["nodeName"] not in self._nodes.reachable:
                continue
            try:
                again = await (self._end(pod) if "deletionTimestamp" in pod["metadata"] else self._bring_up(pod))
            except RefusedError as error:
                # 404, 409 and 422 of the uid test: the pod changed or went; the watch brings what is true.
                if error.code not in (404, 409, 422):
                    logging.warning("pod %s: %s", key, error)
                    again = time.time() + 1
                else:
                    logging.info("pod %s: %s", key, error)
                    again = None
            except (aiohttp.ClientError, TimeoutError) as error:
                logging.warning("pod %s: %r", key, error)
                again = time.time() + 1
            if again is not None:
                asyncio.get_running_loop().call_later(max(0.0, again - time.time()), self._enqueue, key)

    async def _bring_up(self, pod: Object) -> float | None:
        uid, now = pod["metadata"]["uid"], time.time()
        placement = self._placements.get(uid) or self._place(uid, now)
        status, again = status_at(pod, placement, now)
        if self._written.get(uid) != status:
            self._written[uid] = status
            patch = [
                {"op": "test", "path": "/metadata/uid", "value": uid},
                {"op": "add", "path": "/status", "value": status},
            ]
            try:
                await self._api.call("PATCH", f"{_path(pod)}/status", patch, patch="json")
            except BaseException:
                self._written.pop(uid, None)
                raise
        return again

    def _place(self, uid: str, now: float) -> Placement:
        self._addresses += 1
        number = self._addresses
        placement = Placement(now, f"10.{128 + (number >> 16)}.{number >> 8 & 255}.{number & 255}")
        self._placements[uid] = placement
        return placement

    async def _end(self, pod: Object) -> float | None:
        uid, now = pod["metadata"]["uid"], time.time()
        due = self._doomed.setdefault(uid, now + float(annotation(pod, "terminate-after") or DELETION_SECONDS))
        if now < due and pod["metadata"].get("deletionGracePeriodSeconds") != 0:
            return due
        await self._api.call(
            "DELETE",
            _path(pod),
            {"gracePeriodSeconds": 0, "preconditions": {"uid": uid}, "kind": "DeleteOptions"},
        )
        return None

    async def _churn(self) -> None:
        owed = 0.0
        while True:
            await asyncio.sleep(CHURN_TICK)
            owed += self.churn * CHURN_TICK
            running = [uid for uid in self._placements if uid in self._written] if owed >= 1 else []
            keys = {pod["metadata"]["uid"]: key for key, pod in self.pods.items()} if running else {}
            while owed >= 1:
                owed -= 1
                uid = random.choice(running) if running else ""
                if uid in keys:
                    self._restart(keys[uid], uid)

    def _restart(self, key: str, uid: str) -> None:
        before = self._placements[uid]
        self._placements[uid] = replace(before, restarts=before.restarts + 1, restarted=time.time())
        self._enqueue(key)


def _key(pod: Object) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def _path(pod: Object) -> str:
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"


def control_application(kubelet: Kubelet, nodes: Nodes) -> web.Application:
    """Return the web server by which tests read and steer the simulation."""
    application = web.Application()

    async def state(_: web.Request) -> web.Response:
        phases = Counter(str(pod.get("status", {}).get("phase")) for pod in kubelet.pods.values())
        return web.json_response(
            {"pods": len(kubelet.pods), "phases": phases, "churn": kubelet.churn, "lost": sorted(nodes.lost)}
        )

    async def churn(request: web.Request) -> web.Response:
        kubelet.churn = float(msgspec.json.decode(await request.read())["rate"])
        return await state(request)

    async def pod(request: web.Request) -> web.Response:
        namespace, name = request.match_info["namespace"], request.match_info["name"]
        if not msgspec.json.decode(await request.read())["restart"] or not kubelet.restart(namespace, name):
            return web.json_response({"error": f"nothing to restart in {namespace}/{name}"}, status=404)
        return await state(request)

    async def node(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in nodes.names:
            return web.json_response({"error": f"no node {name}"}, status=404)
        await nodes.set_lost(name, bool(msgspec.json.decode(await request.read())["lost"]))
        kubelet.wake_node(name)
        return await state(request)

    application.router.add_get("/", state)
    application.router.add_put("/churn", churn)
    application.router.add_put("/pods/{namespace}/{name}", pod)
    application.router.add_put("/nodes/{name}", node)
    return application


async def serve(options: argparse.Namespace) -> None:
    """Run nodes, pods and both web servers until cancelled."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(options.certificate, options.key)
    # Logs are for anybody on this machine; what runs processes asks who comes.
    tls.load_verify_locations(options.authority)
    tls.verify_mode = ssl.CERT_OPTIONAL
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(open_api(options.kubeconfig))
        nodes = Nodes(api, options.nodes, options.pods_per_node, options.port, options.version)
        kubelet = Kubelet(api, nodes)
        kubelet.churn = options.churn
        await nodes.register()
        logs = await _start(stack, log_application(kubelet.find), 0)
        await _start(stack, control_application(kubelet, nodes), options.control)
        await stack.enter_async_context(await Front(kubelet.find, logs).listen(options.port, tls))
        async with asyncio.TaskGroup() as group:
            group.create_task(nodes.beat())
            group.create_task(kubelet.run())


async def _start(stack: AsyncExitStack, application: web.Application, port: int) -> int:
    """Serve on the loopback until the stack is left; port 0 takes a free one."""
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    bound: int = runner.addresses[0][1]
    return bound


def main() -> None:
    parser = argparse.ArgumentParser(description="simulated kubelets")
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--certificate", type=Path, required=True)
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--authority", type=Path, required=True, help="who signs the API server's certificate")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--control", type=int, required=True)
    parser.add_argument("--version", required=True, help="what the nodes say they run")
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--pods-per-node", type=int, default=110)
    parser.add_argument("--churn", type=float, default=0.0, help="container restarts a second, on random pods")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
