"""Nodes: leases renewed, conditions confirmed, the taint of a cordoned one."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from aurora_tui.sandbox.kube.kinds import LEASES, NODES, Json
from aurora_tui.sandbox.kube.manager import Key
from aurora_tui.sandbox.kube.mishaps import Mishaps
from aurora_tui.sandbox.kube.objects import Change, key_of
from aurora_tui.sandbox.kube.stamps import micro_stamp, seconds_of, stamp
from aurora_tui.sandbox.kube.workloads import Cluster

_RENEWAL = 10.0
_CONFIRMATION = 300.0
"""Seconds between two reports of an unchanged node status (the kubelet's nodeStatusReportFrequency)."""
_CORDONED = "node.kubernetes.io/unschedulable"
_NAMESPACE = "kube-node-lease"


class Heartbeats:
    def __init__(self, cluster: Cluster, is_live: Callable[[], bool], mishaps: Mishaps) -> None:
        self._mishaps = mishaps
        self._cluster = cluster
        self._store = cluster.store
        self._is_live = is_live

    def keys_of(self, change: Change) -> Iterable[Key]:
        return (key_of(change.new),) if change.resource is NODES else ()

    def reconcile(self, key: Key) -> float | None:
        node = self._store.get(NODES, *key)
        if node is None:
            return None
        self._taint(node)
        if not self._is_live():
            return None
        now = self._cluster.clock()
        if self._mishaps.silent(key[1], now):
            return None
        self._confirm(self._store.get(NODES, *key) or node, now)
        return self._renew(node["metadata"]["name"], now)

    def _taint(self, node: Json) -> None:
        """A cordoned node carries a taint that says so, as the node life cycle controller sees to."""
        cordoned = bool(node["spec"].get("unschedulable"))
        taints = node["spec"].get("taints") or []
        others = [each for each in taints if each["key"] != _CORDONED]
        if cordoned is not (len(others) < len(taints)):
            mark = {"key": _CORDONED, "effect": "NoSchedule"}
            spec = {key: value for key, value in node["spec"].items() if key != "taints"}
            wanted = [*others, mark] if cordoned else others
            self._store.replace(NODES, {**node, "spec": {**spec, **({"taints": wanted} if wanted else {})}})

    def _confirm(self, node: Json, now: float) -> None:
        conditions = node.get("status", {}).get("conditions")
        if not conditions or now - seconds_of(conditions[0]["lastHeartbeatTime"]) < _CONFIRMATION:
            return
        told = [{**each, "lastHeartbeatTime": stamp(now)} for each in conditions]
        self._store.replace(NODES, {**node, "status": {**node["status"], "conditions": told}})

    def _renew(self, name: str, now: float) -> float:
        lease = self._store.get(LEASES, _NAMESPACE, name)
        if lease is None:
            spec = {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": micro_stamp(now)}
            self._store.create(
                LEASES,
                {
                    "kind": "Lease",
                    "apiVersion": LEASES.api_version,
                    "metadata": {"name": name, "namespace": _NAMESPACE},
                    "spec": spec,
                },
            )
            return now + _RENEWAL
        due = seconds_of(lease["spec"]["renewTime"]) + _RENEWAL
        if due > now:
            return due
        self._store.replace(LEASES, {**lease, "spec": {**lease["spec"], "renewTime": micro_stamp(now)}})
        return now + _RENEWAL
