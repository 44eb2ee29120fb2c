"""Which workloads stand behind an object that runs no pods itself: who reads a ConfigMap, whom a Service fronts."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import msgspec

from aurora_tui.cluster.protocol import Cluster
from aurora_tui.cluster.resources import DAEMONSETS, DEPLOYMENTS, PODS, STATEFULSETS
from aurora_tui.model import kube
from aurora_tui.model.configreaders import Reading, readings
from aurora_tui.model.endpoints import pairs
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.pods import owner_workload


class Reader(Frozen):
    """A workload that reads a ConfigMap; `workload` as the settings write it: ``deployment/aurora-backend``."""

    workload: str
    readings: tuple[Reading, ...]

    @property
    def follows(self) -> bool:
        """Whether its pods see a change without a restart."""
        return Reading.VOLUME in self.readings


async def config_readers(
    cluster: Cluster, namespace: str, name: str, keys: Collection[str] | None = None
) -> tuple[Reader, ...]:
    """The workloads of a namespace whose pods read any of the keys; None: any at all. Raises `ClusterError`."""
    kinds = (DEPLOYMENTS, STATEFULSETS, DAEMONSETS)
    found = await asyncio.gather(*(cluster.list(kind, namespace) for kind in kinds))
    return tuple(
        Reader(f"{kind.kind.lower()}/{item['metadata']['name']}", tuple(ways))
        for kind, items in zip(kinds, found, strict=True)
        for item in items
        if (ways := readings(item["spec"]["template"].get("spec") or {}, name, keys))
    )


async def fronted(cluster: Cluster, namespace: str, selector: dict[str, str]) -> tuple[str, ...]:
    """The workloads that run the pods a Service selects. Raises `ClusterError`."""
    pods = await cluster.list(PODS, namespace, labels=pairs(selector)) if selector else ()
    owners = {owner_workload(msgspec.convert(pod, kube.Pod)) for pod in pods}
    return tuple(sorted(f"{owner[0].lower()}/{owner[1]}" for owner in owners if owner))
