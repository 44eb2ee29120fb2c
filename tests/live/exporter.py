"""Exports the metrics that the Aurora workloads would have, following the state of their pods."""

from __future__ import annotations

import argparse
import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp
from aiohttp import web

from aurora_tui.sandbox.scenarios import SCENARIOS
from aurora_tui.sandbox.scenarios.base import Fault, Setting
from aurora_tui.sandbox.traffic import JOBS, Replica, Traffic
from tests.live.api import Api, Object, RefusedError, open_api
from tests.live.manifests import FLAGS, NAMESPACE

TICK = 0.5
"""Seconds between two looks at the pods."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def replicas(pods: Sequence[Object], faults: Mapping[str, Fault]) -> dict[str, list[Replica]]:
    """Return each job's pods, by their `app` label, as far as traffic cares; those that go are left out.

    `faults` are what ails all pods of a job, by the job.
    """
    found: dict[str, list[Replica]] = {}
    for pod in pods:
        if "deletionTimestamp" in pod["metadata"]:
            continue
        conditions = {item["type"]: item["status"] for item in pod.get("status", {}).get("conditions", [])}
        app, image = pod["metadata"]["labels"]["app"], pod["spec"]["containers"][0]["image"]
        ready = conditions.get("Ready") == "True"
        found.setdefault(app, []).append(Replica(image, ready, pod["metadata"]["name"], faults.get(app)))
    return found


def ailing(flags: Object) -> dict[str, Fault]:
    """What values of the ConfigMap do to the jobs that read it, as in the demo."""
    moves = (move for scenario in SCENARIOS.values() for move in scenario.of(Setting))
    return {move.workload: move.fault for move in moves if flags.get("data", {}).get(move.key) == move.value}


async def drive(api: Api, traffic: Traffic) -> None:
    """Let traffic fall on the pods for ever; while the API server is away, on those last seen."""
    query = {"labelSelector": f"app in ({','.join(JOBS)})", "resourceVersion": "0"}
    seen: dict[str, list[Replica]] = {}
    before = time.monotonic()
    while True:
        try:
            pods = await api.call("GET", f"/api/v1/namespaces/{NAMESPACE}/pods", query=query)
            flags = await api.call("GET", f"/api/v1/namespaces/{NAMESPACE}/configmaps/{FLAGS}")
            seen = replicas(pods["items"], ailing(flags))
        except (aiohttp.ClientError, TimeoutError, RefusedError) as error:
            logging.warning("pods: %r", error)
        now = time.monotonic()
        traffic.advance(now - before, seen)
        before = now
        await asyncio.sleep(TICK)


def metrics_application(traffic: Traffic, job: str) -> web.Application:
    """Return the web server of one job, which answers a scrape only while a pod of it is ready."""

    async def metrics(_: web.Request) -> web.Response:
        if not traffic.up(job):
            return web.Response(status=503, text="no ready replica\n")
        return web.Response(body=traffic.exposition(job).encode(), headers={"Content-Type": CONTENT_TYPE})

    application = web.Application()
    application.router.add_get("/metrics", metrics)
    return application


async def serve(kubeconfig: Path, ports: Mapping[str, int]) -> None:
    """Serve each job's metrics on its port of 127.0.0.1 until cancelled."""
    traffic = Traffic(seed=1)
    async with open_api(kubeconfig) as api:
        for job, port in ports.items():
            runner = web.AppRunner(metrics_application(traffic, job), access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", port).start()
        await drive(api, traffic)


def main() -> None:
    parser = argparse.ArgumentParser(description="metrics of the Aurora workloads")
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("ports", nargs="+", metavar="JOB=PORT")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    pairs = (pair.split("=") for pair in options.ports)
    asyncio.run(serve(options.kubeconfig, {job: int(port) for job, port in pairs}))


if __name__ == "__main__":
    main()
