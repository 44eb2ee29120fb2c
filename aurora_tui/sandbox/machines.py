"""What cAdvisor, kube-state-metrics and the probes of certificates export of the stack's pods and nodes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache

from aurora_tui.sandbox.kube.chronicle import PodFigures, World
from aurora_tui.sandbox.kube.manifests import NAMESPACE
from aurora_tui.sandbox.kube.usage import NODE_OWN
from aurora_tui.sandbox.series import STALE, SeriesStore
from aurora_tui.sandbox.traffic import Labels

_CPUS = 8
_PERIODS = 10.0
"""CFS periods in a second."""
_REASONS = ("CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "ContainerCreating")


class Machines:
    """Writes the series of each scrape; those of what is gone end."""

    def __init__(self, store: SeriesStore) -> None:
        self._store = store
        self._burnt: dict[str, float] = defaultdict(float)
        self._periods: dict[str, float] = defaultdict(float)
        self._throttled: dict[str, float] = defaultdict(float)
        self._spent: dict[tuple[str, str], float] = defaultdict(float)
        self._killed: dict[str, tuple[int, int]] = {}
        self._there: dict[Labels, None] = {}

    def scrape(self, stamp: int, dt: float, world: World) -> None:
        """Let `dt` seconds pass on the world as it is, and write what is exported then (milliseconds)."""
        there: dict[Labels, None] = {}
        for labels, value in self._samples(dt, world):
            self._store.append(labels, stamp, value)
            there[labels] = None
        for labels in self._there:
            if labels not in there:
                self._store.append(labels, stamp, STALE)
        self._there = there

    def _samples(self, dt: float, world: World) -> Iterator[tuple[Labels, float]]:
        for pod in world.pods:
            if pod.phase == "Running" and pod.node not in world.silent:
                yield from self._of_container(dt, pod)
            yield from _of_status(pod)
            if pod.pool is not None and pod.ready and pod.node not in world.silent:
                yield from _of_pool(pod, pod.pool)
        for (kind, name), (wanted, available) in world.sizes.items():
            for metric, value in zip(_SIZES[kind], (wanted, available), strict=True):
                yield _labels(metric, **{kind.lower(): name}), float(value)
        for node, ready in world.nodes.items():
            for status, holds in (("true", ready), ("false", False), ("unknown", not ready)):
                labels = {"node": node, "condition": "Ready", "status": status}
                yield _labels("kube_node_status_condition", **labels), float(holds)
        yield from self._of_nodes(dt, world)
        for host, expiry in world.certificates.items():
            yield _probe(host), expiry

    def _of_nodes(self, dt: float, world: World) -> Iterator[tuple[Labels, float]]:
        """The node exporter's seconds of each CPU; a node's load lies on all of them alike."""
        for node in world.nodes:
            if node in world.silent:
                continue
            used = min((NODE_OWN[0] + sum(pod.millicores for pod in world.pods if pod.node == node)) / 1000, _CPUS)
            for mode, share in (("user", used / _CPUS), ("idle", 1 - used / _CPUS)):
                self._spent[node, mode] += share * dt
                for cpu in range(_CPUS):
                    yield _cpu(node, str(cpu), mode), self._spent[node, mode]

    def _of_container(self, dt: float, pod: PodFigures) -> Iterator[tuple[Labels, float]]:
        uid, where = pod.uid, {"pod": pod.name, "container": pod.container}
        self._burnt[uid] += pod.millicores / 1000 * dt
        yield _labels("container_cpu_usage_seconds_total", **where), self._burnt[uid]
        if pod.cpu_limit is not None:
            self._periods[uid] += _PERIODS * dt
            self._throttled[uid] += _PERIODS * dt * max(1.0 - pod.cpu_limit / max(pod.wanted, 1.0), 0.0)
            yield _labels("container_cpu_cfs_periods_total", **where), float(int(self._periods[uid]))
            yield _labels("container_cpu_cfs_throttled_periods_total", **where), float(int(self._throttled[uid]))
        yield _labels("container_memory_working_set_bytes", **where), pod.mebibytes * 2**20
        # The kernel counts each kill; the status tells of one by the restart that follows.
        restarts, kills = self._killed.get(uid, (0, 0))
        kills += max(pod.restarts - restarts, 0) if pod.ended == "OOMKilled" else 0
        self._killed[uid] = (pod.restarts, kills)
        yield _labels("container_oom_events_total", **where), float(kills)


_CONNECTIONS, _WAITING = 4, 37
"""Connections that a replica of the backend needs at once, and requests that wait where it does not get them."""
_SIZES = {
    "Deployment": ("kube_deployment_spec_replicas", "kube_deployment_status_replicas_available"),
    "StatefulSet": ("kube_statefulset_replicas", "kube_statefulset_status_replicas_available"),
}


def _of_status(pod: PodFigures) -> Iterator[tuple[Labels, float]]:
    where = {"pod": pod.name, "container": pod.container}
    yield _labels("kube_pod_container_status_restarts_total", **where), float(pod.restarts)
    if pod.waiting in _REASONS:
        yield _labels("kube_pod_container_status_waiting_reason", reason=pod.waiting, **where), 1.0
    if pod.ended:
        yield _labels("kube_pod_container_status_last_terminated_reason", reason=pod.ended, **where), 1.0
    yield _labels("kube_pod_status_ready", pod=pod.name, condition="true"), float(pod.ready)
    yield _labels("kube_pod_info", pod=pod.name, node=pod.node), 1.0
    limits = (("cpu", "core", pod.cpu_limit, 1 / 1000), ("memory", "byte", pod.memory_limit, 2.0**20))
    for resource, unit, limit, factor in limits:
        if limit is not None:
            metric = "kube_pod_container_resource_limits"
            yield _labels(metric, resource=resource, unit=unit, node=pod.node, **where), limit * factor


def _of_pool(pod: PodFigures, size: int) -> Iterator[tuple[Labels, float]]:
    """The connection pool as HikariCP exports it."""
    short = size < _CONNECTIONS
    figures = {"max": size, "active": min(size, _CONNECTIONS), "pending": _WAITING if short else 0}
    for name, value in figures.items():
        labels = {"job": pod.app, "pool": "HikariPool-1", "pod": pod.name}
        yield _labels(f"hikaricp_connections_{name}", **labels), float(value)


@lru_cache(maxsize=16_384)
def _made(name: str, pairs: tuple[tuple[str, str], ...]) -> Labels:
    job = "kubelet" if name.startswith("container_") else "kube-state-metrics"
    return tuple(sorted({"__name__": name, "namespace": NAMESPACE, "job": job, **dict(pairs)}.items()))


def _labels(name: str, **pairs: str) -> Labels:
    return _made(name, tuple(pairs.items()))


@lru_cache(maxsize=1024)
def _cpu(node: str, cpu: str, mode: str) -> Labels:
    pairs = {"__name__": "node_cpu_seconds_total", "job": "node-exporter", "instance": node, "cpu": cpu, "mode": mode}
    return tuple(sorted(pairs.items()))


@lru_cache(maxsize=64)
def _probe(host: str) -> Labels:
    pairs = {"__name__": "probe_ssl_earliest_cert_expiry", "job": "blackbox", "instance": f"https://{host}"}
    return tuple(sorted(pairs.items()))
