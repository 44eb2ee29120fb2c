"""metrics.k8s.io: what pods and nodes use, plausible and smooth; also what the autoscaler reads."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping

from aurora_tui.sandbox.kube.appetites import APPETITES, MODEST, Appetite, cpu_limit, memory_limit
from aurora_tui.sandbox.kube.kinds import NODE_METRICS, NODES, POD_METRICS, PODS, Json, Resource
from aurora_tui.sandbox.kube.objects import ObjectStore
from aurora_tui.sandbox.kube.podstate import is_leaving, is_ready, phase
from aurora_tui.sandbox.kube.selectors import Match, labels_of
from aurora_tui.sandbox.kube.stamps import seconds_of, stamp

_WINDOW = 15
"""Seconds between two scrapes of the metrics server; a pod has figures once it has run for two."""
NODE_OWN = (180.0, 900.0)
"""Millicores and MiB that a node's system services take."""


class Usage:
    """`load` is the factor on an app's usual requests; `more` are appetites by app beside those of the stack,
    `silent` says of which nodes nothing is heard."""

    def __init__(
        self,
        store: ObjectStore,
        clock: Callable[[], float],
        load: Callable[[str], float] = lambda _: 1.0,
        more: Mapping[str, tuple[float, float]] | None = None,
        silent: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._load = load
        self._silent = silent
        self._appetites = {**APPETITES, **{app: Appetite(*figures) for app, figures in (more or {}).items()}}

    def of_pod(self, pod: Json) -> tuple[float, float] | None:
        """Millicores and MiB at present; None while there are no figures for the pod."""
        if phase(pod) != "Running" or self._silent(pod["spec"].get("nodeName", "")):
            return None
        since = pod["status"].get("startTime")
        if since is None or self._clock() - seconds_of(since) < 2 * _WINDOW:
            return None
        millicores, mebibytes = self.demand(pod)
        if not is_ready(pod):
            return millicores, mebibytes
        sway = self._sway(pod["metadata"]["uid"])
        burnt, limit = millicores * (1 + 0.08 * sway), cpu_limit(pod)
        return burnt if limit is None else min(burnt, limit), self._held(pod, mebibytes * (1 + 0.03 * sway))

    def demand(self, pod: Json) -> tuple[float, float]:
        """Millicores that a pod would burn without a limit, and the MiB that it holds."""
        if phase(pod) != "Running":
            return 0.0, 0.0
        app = labels_of(pod).get("app", "")
        appetite = self._appetites.get(app, MODEST)
        if not is_ready(pod):
            return 4.0, self._held(pod, appetite.mebibytes * 0.4)
        share = appetite.millicores * self._load(app) / self._ready(pod["metadata"]["namespace"], app)
        return share, self._held(pod, appetite.mebibytes)

    @staticmethod
    def _held(pod: Json, mebibytes: float) -> float:
        limits = [memory_limit(each) for each in pod["spec"]["containers"]]
        return min([mebibytes, *(limit for limit in limits if limit)])

    def _ready(self, namespace: str, app: str) -> int:
        if app not in self._appetites:
            return 1
        pods = self._store.items(PODS, namespace)
        return max(1, sum(1 for p in pods if labels_of(p).get("app") == app and is_ready(p) and not is_leaving(p)))

    def _sway(self, uid: str) -> float:
        """-1..1, slow, and out of step from pod to pod."""
        phase_shift = hashlib.blake2b(uid.encode(), digest_size=1).digest()[0] / 40.0
        scraped = self._clock() // _WINDOW * _WINDOW
        return math.sin(scraped / 97.0 + phase_shift)

    def listed(self, resource: Resource, namespace: str | None, selects: Match) -> Json:
        """PodMetricsList or NodeMetricsList."""
        origin = PODS if resource is POD_METRICS else NODES
        items = [self._figures(resource, obj) for obj in self._store.items(origin, namespace) if selects(obj)]
        return {
            "kind": f"{resource.kind}List",
            "apiVersion": resource.api_version,
            "metadata": {},
            "items": [item for item in items if item is not None],
        }

    def one(self, resource: Resource, namespace: str, name: str) -> Json | None:
        obj = self._store.get(PODS if resource is POD_METRICS else NODES, namespace, name)
        return self._figures(resource, obj) if obj else None

    def _figures(self, resource: Resource, obj: Json) -> Json | None:
        if resource is NODE_METRICS:
            if self._silent(obj["metadata"]["name"]):
                return None
            millicores, mebibytes = self._of_node(obj["metadata"]["name"])
            return {**self._head(resource, obj), "usage": _quantities(millicores, mebibytes)}
        used = self.of_pod(obj)
        if used is None:
            return None
        names = [each["name"] for each in obj["spec"]["containers"]]
        usage = _quantities(used[0] / len(names), used[1] / len(names))
        return {**self._head(resource, obj), "containers": [{"name": n, "usage": usage} for n in names]}

    def _of_node(self, node: str) -> tuple[float, float]:
        millicores, mebibytes = NODE_OWN
        for pod in self._store.items(PODS):
            if pod["spec"].get("nodeName") == node and (used := self.of_pod(pod)):
                millicores, mebibytes = millicores + used[0], mebibytes + used[1]
        return millicores, mebibytes

    def _head(self, resource: Resource, obj: Json) -> Json:
        metadata = {
            "name": obj["metadata"]["name"],
            **({"namespace": obj["metadata"]["namespace"]} if resource.namespaced else {}),
            "creationTimestamp": stamp(self._clock()),
            "labels": dict(labels_of(obj)),
        }
        scraped = stamp(self._clock() // _WINDOW * _WINDOW)
        return {
            "kind": resource.kind,
            "apiVersion": resource.api_version,
            "metadata": metadata,
            "timestamp": scraped,
            "window": f"{_WINDOW}s",
        }


def _quantities(millicores: float, mebibytes: float) -> Json:
    """As the metrics server writes them: nanocores and KiB."""
    return {"cpu": f"{round(millicores * 1e6)}n", "memory": f"{round(mebibytes * 1024)}Ki"}
