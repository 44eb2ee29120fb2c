"""Registers the simulated nodes and keeps them alive: Node objects, their Ready condition, their leases."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Set
from datetime import UTC, datetime

import aiohttp

from tests.live.api import Api, Object, RefusedError
from tests.live.pod_status import stamp

BEAT = 2.5
"""Seconds between two heartbeats of a node; the controller manager waits for four of them."""
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"

_HEALTH = {
    "MemoryPressure": ("False", "KubeletHasSufficientMemory"),
    "DiskPressure": ("False", "KubeletHasNoDiskPressure"),
    "PIDPressure": ("False", "KubeletHasSufficientPID"),
    "Ready": ("True", "KubeletReady"),
}


class Nodes:
    """A number of equal nodes on 127.0.0.1, whose kubelets all listen on one `port`."""

    def __init__(self, api: Api, count: int, pods: int, port: int, version: str) -> None:
        self.names = tuple(f"aurora-node-{number:02d}" for number in range(1, count + 1))
        self.lost: set[str] = set()
        self._api = api
        self._pods = pods
        self._port = port
        self._version = version

    @property
    def reachable(self) -> Set[str]:
        return set(self.names) - self.lost

    async def register(self) -> None:
        """Create the nodes and their leases; one that is there already is taken over."""
        for name in self.names:
            await self._create("/api/v1/nodes", self._node(name))
            lease = {"metadata": {"name": name}, "spec": {"holderIdentity": name, "leaseDurationSeconds": 40}}
            await self._create(LEASES, lease)
        await self._beat_all()

    async def set_lost(self, name: str, lost: bool) -> None:
        """Cut a node off, or bring it back with a Ready condition at once."""
        if lost:
            self.lost.add(name)
            return
        self.lost.discard(name)
        status = {"status": {"conditions": _conditions()}}
        await self._api.call("PATCH", f"/api/v1/nodes/{name}/status", status, patch="merge")

    async def beat(self) -> None:
        """Renew the leases of all nodes that are not lost, for ever."""
        while True:
            await asyncio.sleep(BEAT)
            try:
                await self._beat_all()
            except (aiohttp.ClientError, TimeoutError, RefusedError) as error:
                logging.warning("heartbeat: %r", error)

    async def _beat_all(self) -> None:
        renewed = {"spec": {"renewTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")}}
        beats = [self._api.call("PATCH", f"{LEASES}/{name}", renewed, patch="merge") for name in self.reachable]
        await asyncio.gather(*beats)

    async def _create(self, path: str, body: Object) -> None:
        try:
            await self._api.call("POST", path, body)
        except RefusedError as error:
            if error.code != 409:
                raise

    def _node(self, name: str) -> Object:
        capacity = {"cpu": "64", "memory": "256Gi", "ephemeral-storage": "500Gi", "pods": str(self._pods)}
        labels = {
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "node-role.kubernetes.io/worker": "",
        }
        return {
            "metadata": {"name": name, "labels": labels},
            "status": {
                "addresses": [
                    {"type": "InternalIP", "address": "127.0.0.1"},
                    {"type": "Hostname", "address": name},
                ],
                "daemonEndpoints": {"kubeletEndpoint": {"Port": self._port}},
                "capacity": capacity,
                "allocatable": capacity,
                "conditions": _conditions(),
                "nodeInfo": {
                    "kubeletVersion": self._version,
                    "kubeProxyVersion": "",
                    "containerRuntimeVersion": "containerd://2.1.4",
                    "osImage": "Debian GNU/Linux 13 (trixie)",
                    "kernelVersion": "6.12.48-amd64",
                    "operatingSystem": "linux",
                    "architecture": "amd64",
                    "machineID": name,
                    "systemUUID": name,
                    "bootID": name,
                },
            },
        }


def _conditions() -> list[Object]:
    now = stamp(time.time())
    return [
        {
            "type": kind,
            "status": status,
            "reason": reason,
            "lastHeartbeatTime": now,
            "lastTransitionTime": now,
        }
        for kind, (status, reason) in _HEALTH.items()
    ]
