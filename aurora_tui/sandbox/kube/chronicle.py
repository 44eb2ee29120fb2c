"""What the stack was like at each moment since shortly before the scenario's onset: the pods, and what ailed them."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import field

from aurora_tui.model.frozen import Frozen
from aurora_tui.sandbox.kube.appetites import cpu_limit, memory_limit
from aurora_tui.sandbox.kube.kinds import CONFIGMAPS, DEPLOYMENTS, NODES, PODS, SECRETS, STATEFULSETS, Json
from aurora_tui.sandbox.kube.manifests import NAMESPACE
from aurora_tui.sandbox.kube.mishaps import Mishaps
from aurora_tui.sandbox.kube.objects import ObjectStore
from aurora_tui.sandbox.kube.podstate import has_ended, holds, is_leaving, is_ready, phase
from aurora_tui.sandbox.kube.quantities import millicores_of
from aurora_tui.sandbox.kube.selectors import labels_of
from aurora_tui.sandbox.kube.stamps import seconds_of
from aurora_tui.sandbox.kube.usage import NODE_OWN, Usage
from aurora_tui.sandbox.scenarios import FAULTS
from aurora_tui.sandbox.scenarios.base import Certificate, Fault, Scenario, Setting, Surge, Wedge
from aurora_tui.sandbox.traffic import Replica, strain

_SYNC = 20.0
"""Seconds until a mounted ConfigMap shows an edit: less than the kubelet's minute, so that one need not wait."""
_RENEWAL = 90 * 86_400.0
"""Seconds for which a certificate is issued."""
_BUSY = 0.97
"""Share of a node's CPU beyond which its pods wait for their turn."""
_GONE = Fault(1.0, status="503")
_MUTE = Fault(mute=True)
_STARVED = Fault(slowdown=20.0)
_DATABASE = "aurora-postgres"
_ASKING = ("aurora-backend",)
_REFUSED = Fault(
    0.8,
    1.0,
    "Connection to aurora-postgres:5432 refused. Check that the hostname and port are correct and that the postmaster "
    "is accepting TCP/IP connections.",
    "PSQLException",
)


class PodFigures(Frozen):
    """One pod's containers as cAdvisor and kube-state-metrics see them."""

    uid: str
    name: str
    container: str
    node: str
    app: str
    phase: str
    ready: bool
    restarts: int
    waiting: str
    ended: str
    """Reason of the last end."""
    wanted: float
    """Millicores that it would burn without a limit."""
    cpu_limit: float | None
    mebibytes: float
    memory_limit: float | None
    pool: int | None = None
    """The most connections to the database that it may have; None for what keeps none."""

    @property
    def millicores(self) -> float:
        return self.wanted if self.cpu_limit is None else min(self.wanted, self.cpu_limit)


class World(Frozen):
    """The stack at one moment: what requests meet, and what the machines show."""

    replicas: Mapping[str, Sequence[Replica]]
    load: Mapping[str, float] = field(default_factory=dict)
    pods: tuple[PodFigures, ...] = ()
    silent: frozenset[str] = frozenset()
    """Nodes of which nothing is heard."""
    nodes: Mapping[str, bool] = field(default_factory=dict)
    """Whether each node is ready."""
    sizes: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """Kind and name of each workload -> replicas wanted and available."""
    certificates: Mapping[str, float] = field(default_factory=dict)
    """Until when (epoch seconds) the certificate of each host holds."""

    def overload(self, app: str) -> Fault | None:
        """What too many requests do to the app's replicas; those of a bad image fail in their own way."""
        replicas = self.replicas.get(app, ())
        if any(each.image in FAULTS for each in replicas):
            return None
        return strain(app, sum(each.ready for each in replicas), self.load.get(app, 1.0))


class Chronicle:
    """Worlds by time; `note` adds one where anything is different."""

    def __init__(self, store: ObjectStore, usage: Usage, scenario: Scenario, mishaps: Mishaps) -> None:
        self._mishaps = mishaps
        self._store = store
        self._usage = usage
        self._scenario = scenario
        self._began = 0.0
        self._moments: list[float] = []
        self._worlds: list[World] = []
        self._mounted: dict[tuple[str, str], tuple[str | None, str | None, float]] = {}

    def begin(self, now: float) -> None:
        """The ages of the scenario count back from `now`."""
        self._began = now

    def load(self, job: str, now: float) -> float:
        """The factor on the job's usual requests."""
        factor = 1.0
        for surge in self._scenario.of(Surge):
            if surge.job == job and now >= self._began - surge.age:
                factor *= surge.factor
        return factor

    def note(self, now: float) -> None:
        world = self._observe(now)
        if not self._worlds or world != self._worlds[-1]:
            self._moments.append(now)
            self._worlds.append(world)

    def at(self, moment: float) -> World:
        """As it was at a moment; before the first that is known, as it was then."""
        return self._worlds[max(bisect_right(self._moments, moment) - 1, 0)]

    def ailment(self, app: str, pod: str, moment: float) -> Fault | None:
        """What a pod of an app complained of at a moment, beside what its image does."""
        for wedge in self._scenario.of(Wedge):
            if wedge.pod == pod and self._is_wedged(pod, moment):
                return Fault(last_words=wedge.last_words)
        world = self.at(moment)
        if world.silent and any(each.name == pod and each.node in world.silent for each in world.pods):
            return _MUTE
        replicas = world.replicas.get(app, ())
        own = next((each.fault for each in replicas if each.pod == pod and each.fault), None)
        if own is not None and own.complaint:
            return own
        if app in _ASKING:
            if not any(each.ready for each in world.replicas.get(_DATABASE, ())):
                return _REFUSED
            return own or world.overload(app)
        return own

    def _is_wedged(self, pod: str, moment: float) -> bool:
        found = self._store.get(PODS, NAMESPACE, pod)
        wedge = next(each for each in self._scenario.of(Wedge) if each.pod == pod)
        broke = self._began - wedge.age
        return found is not None and moment > broke >= seconds_of(found["metadata"]["creationTimestamp"])

    def _observe(self, now: float) -> World:
        pods = self._store.items(PODS, NAMESPACE)
        load = {surge.job: self.load(surge.job, now) for surge in self._scenario.of(Surge)}
        figures = tuple(self._figures(pod, now) for pod in pods if pod["spec"].get("nodeName"))
        faults = self._faults(now)
        starved = self._starved(figures)
        silent = frozenset(
            each["metadata"]["name"]
            for each in self._store.items(NODES)
            if self._mishaps.silent(each["metadata"]["name"], now)
        )
        workloads = [
            (each.kind, item) for each in (DEPLOYMENTS, STATEFULSETS) for item in self._store.items(each, NAMESPACE)
        ]
        replicas: dict[str, list[Replica]] = {item["metadata"]["name"]: [] for _, item in workloads}
        for pod in pods:
            app = labels_of(pod).get("app", "")
            if app not in replicas or is_leaving(pod) or has_ended(pod):
                continue
            node = pod["spec"].get("nodeName")
            fault = _GONE if node in silent else faults.get(app) or (_STARVED if node in starved else None)
            image, name = pod["spec"]["containers"][0]["image"], pod["metadata"]["name"]
            replicas[app].append(Replica(image, is_ready(pod), name, fault))
        return World(
            replicas,
            load,
            figures,
            silent,
            {node["metadata"]["name"]: holds(node, "Ready") for node in self._store.items(NODES)},
            {
                (kind, item["metadata"]["name"]): (
                    item["spec"]["replicas"],
                    item.get("status", {}).get("availableReplicas", 0),
                )
                for kind, item in workloads
            },
            {certificate.host: self._expiry(certificate) for certificate in self._scenario.of(Certificate)},
        )

    def _figures(self, pod: Json, now: float) -> PodFigures:
        statuses: list[Json] = pod.get("status", {}).get("containerStatuses") or []
        first: dict[str, Any] = statuses[0] if statuses else {}
        container = pod["spec"]["containers"][0]
        wanted, mebibytes = self._usage.demand(pod)
        ended = (first.get("lastState") or {}).get("terminated") or (first.get("state") or {}).get("terminated") or {}
        return PodFigures(
            uid=pod["metadata"]["uid"],
            name=pod["metadata"]["name"],
            container=container["name"],
            node=pod["spec"]["nodeName"],
            app=labels_of(pod).get("app", ""),
            phase=phase(pod),
            ready=is_ready(pod),
            restarts=first.get("restartCount", 0),
            waiting=((first.get("state") or {}).get("waiting") or {}).get("reason", ""),
            ended=ended.get("reason", ""),
            wanted=wanted,
            cpu_limit=cpu_limit(pod),
            mebibytes=mebibytes,
            memory_limit=memory_limit(container),
            pool=self._pool(container, now),
        )

    def _pool(self, container: Json, now: float) -> int | None:
        """What the environment says, unless a setting that is mounted says otherwise."""
        sizes = [each.get("value") for each in container.get("env") or () if each["name"] == "DB_POOL_SIZE"]
        if not sizes:
            return None
        for setting in self._scenario.of(Setting):
            if setting.key == "db-pool-size":
                sizes.append(self._mounted_value(setting.config_map, setting.key, now))
        return int(sizes[-1]) if sizes[-1] and sizes[-1].isdecimal() else None

    def _starved(self, figures: Sequence[PodFigures]) -> set[str]:
        """The nodes whose CPU is burnt to the end."""
        used: dict[str, float] = defaultdict(lambda: NODE_OWN[0])
        for pod in figures:
            used[pod.node] += pod.millicores
        rooms = {
            node["metadata"]["name"]: millicores_of(node["status"]["capacity"]["cpu"])
            for node in self._store.items(NODES)
        }
        return {node for node, millicores in used.items() if millicores >= _BUSY * rooms.get(node, millicores)}

    def _faults(self, now: float) -> dict[str, Fault]:
        """What ails all pods of an app, by app."""
        found: dict[str, Fault] = {}
        for certificate in self._scenario.of(Certificate):
            expired = self._began - certificate.age
            if now >= expired and not self._is_renewed(certificate.secret, expired):
                found[certificate.workload] = certificate.fault
        for setting in self._scenario.of(Setting):
            if self._mounted_value(setting.config_map, setting.key, now) == setting.value:
                found[setting.workload] = setting.fault
        return found

    def _expiry(self, certificate: Certificate) -> float:
        expired = self._began - certificate.age
        return expired + (_RENEWAL if self._is_renewed(certificate.secret, expired) else 0.0)

    def _is_renewed(self, secret: str, expired: float) -> bool:
        found = self._store.get(SECRETS, NAMESPACE, secret) or {"metadata": {}}
        times = [found["metadata"].get("creationTimestamp")]
        times += [each.get("time") for each in found["metadata"].get("managedFields") or ()]
        return any(seconds_of(time) > expired for time in times if time)

    def _mounted_value(self, config_map: str, key: str, now: float) -> str | None:
        """The value that the pods see, which follows that of the API after a while."""
        held = self._store.get(CONFIGMAPS, NAMESPACE, config_map) or {}
        value: str | None = (held.get("data") or {}).get(key)
        before, latest, since = self._mounted.get((config_map, key), (value, value, 0.0))
        if value != latest:
            before, latest, since = (latest if now - since >= _SYNC else before), value, now
        self._mounted[config_map, key] = before, latest, since
        return latest if now - since >= _SYNC else before
