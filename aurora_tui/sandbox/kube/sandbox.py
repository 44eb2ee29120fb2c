"""The simulated cluster as one thing to start, step and stop."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import msgspec

from aurora_tui.sandbox.kube.access import OPERATOR, USERS, User
from aurora_tui.sandbox.kube.autoscaler import Autoscaler
from aurora_tui.sandbox.kube.budgets import BudgetController
from aurora_tui.sandbox.kube.chronicle import Chronicle, World
from aurora_tui.sandbox.kube.daemonsets import DaemonSetController
from aurora_tui.sandbox.kube.departed import Departed, DepartedPod
from aurora_tui.sandbox.kube.deployments import DeploymentController
from aurora_tui.sandbox.kube.endpoints import EndpointsController
from aurora_tui.sandbox.kube.garbage import EventExpiry, GarbageCollector
from aurora_tui.sandbox.kube.heartbeats import Heartbeats
from aurora_tui.sandbox.kube.jobs import CronJobController, JobController
from aurora_tui.sandbox.kube.kinds import PODS, Json
from aurora_tui.sandbox.kube.kubeapi import KubeApi
from aurora_tui.sandbox.kube.manager import Manager
from aurora_tui.sandbox.kube.manifests import NAMESPACE
from aurora_tui.sandbox.kube.mishaps import Mishaps
from aurora_tui.sandbox.kube.nodelife import NodeLifecycle
from aurora_tui.sandbox.kube.objects import ObjectStore
from aurora_tui.sandbox.kube.podapi import PodApi
from aurora_tui.sandbox.kube.podlife import Kubelets
from aurora_tui.sandbox.kube.recorder import Recorder
from aurora_tui.sandbox.kube.replicasets import ReplicaSetController
from aurora_tui.sandbox.kube.scenario import rehearse
from aurora_tui.sandbox.kube.statefulsets import StatefulSetController
from aurora_tui.sandbox.kube.usage import Usage
from aurora_tui.sandbox.kube.workloads import Cluster
from aurora_tui.sandbox.kube.writes import Registry
from aurora_tui.sandbox.scenarios import DEFAULT, SCENARIOS
from aurora_tui.sandbox.scenarios.base import Fault, Outage, Scenario, Wedge
from aurora_tui.sandbox.traffic import Replica

_LEAD, _GLANCE = 120.0, 10.0
"""Seconds before the onset from which the past is noted down, and between two looks at it."""
_SHORTEST, _LONGEST = 0.005, 5.0
"""Bounds of the seconds slept between two steps, whatever the clock does."""


class KubeSandbox:
    """An API server on loopback with controllers, scheduler and kubelets behind it.

    `clock` gives epoch seconds and may be advanced by hand, with `step` called after. `history` is how
    many changes of each kind a watch can go back.
    """

    def __init__(
        self,
        scenario: Scenario = SCENARIOS[DEFAULT],
        *,
        clock: Callable[[], float] = time.time,
        seed: int = 1,
        history: int = 2048,
    ) -> None:
        self._clock = clock
        self._scenario = scenario
        self._rehearsed: float | None = 0.0
        rng = random.Random(seed)
        self._tokens = {OPERATOR: _token(rng)}
        # From numbers of their own: what the seed makes of the cluster does not depend on who may look at it.
        self._tokens |= {user: _token(random.Random(f"{seed} {user.name}")) for user in USERS if user is not OPERATOR}
        self._store = ObjectStore(self.now, rng, history)
        self._departed = Departed(self._store, self.now)
        self._registry = Registry(self._store, self.now, rng)
        self._mishaps = Mishaps(scenario.of(Wedge), scenario.of(Outage))
        usage = Usage(
            self._store,
            self.now,
            lambda app: self._chronicle.load(app, self.now()),
            scenario.appetites,
            lambda node: self._mishaps.silent(node, self.now()),
        )
        self._chronicle = Chronicle(self._store, usage, scenario, self._mishaps)
        self._noted = -1
        cluster = Cluster(self._store, self.now, rng, Recorder(self._store, self.now))
        self._manager = Manager(
            self._store,
            self.now,
            (
                DeploymentController(cluster),
                ReplicaSetController(cluster),
                StatefulSetController(cluster),
                DaemonSetController(cluster),
                JobController(cluster),
                CronJobController(cluster),
                Kubelets(cluster, self._mishaps),
                BudgetController(cluster),
                EndpointsController(self._store),
                Autoscaler(cluster, usage, self._is_live),
                Heartbeats(cluster, self._is_live, self._mishaps),
                NodeLifecycle(cluster, self._mishaps),
                GarbageCollector(self._store, self.now),
                EventExpiry(self._store, self.now),
            ),
        )
        pods = PodApi(self._store, self._registry, self.now, self.ails)
        self._api = KubeApi(self._store, self._registry, pods, usage, self._tokens, self.now)
        self._work = asyncio.Event()
        self._manager.on_work = self._work.set
        self._task: asyncio.Task[None] | None = None
        self.url = ""
        """Base address of the API server once started."""

    def now(self) -> float:
        """Epoch seconds in the cluster: the clock's, but for the past that is played at the start."""
        return self._clock() if self._rehearsed is None else self._rehearsed

    def _is_live(self) -> bool:
        return self._rehearsed is None

    async def start(self) -> None:
        """Play the past, listen, and keep the controllers running."""
        now = self._clock()
        self._mishaps.began = now
        self._chronicle.begin(now)
        rehearse(self._registry, self._play, now, self._scenario)
        self._rehearsed = None
        self._manager.resync()
        self.step()
        self.url = await self._api.listen()
        self._task = asyncio.create_task(self.run(), name="sandbox-controllers")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._api.close()

    def _play(self, until: float) -> None:
        since = self._mishaps.began - self._scenario.onset - _LEAD
        while (due := self._manager.next_due()) is not None and due <= until:
            self._look_on(since, min(due, until))
            self._rehearsed = max(self._rehearsed or 0.0, due)
            self._manager.step()
            if due >= since:
                self._note(due)
        self._look_on(since, until)
        self._rehearsed = until

    def _look_on(self, since: float, until: float) -> None:
        """Note down what time alone changes until the next step of the past."""
        moment = max(self._rehearsed or 0.0, since)
        while moment + _GLANCE < until:
            moment += _GLANCE
            self._rehearsed = moment
            self._chronicle.note(moment)

    def _note(self, now: float) -> None:
        if self._noted != self._store.revision:
            self._noted = self._store.revision
            self._chronicle.note(now)

    def step(self) -> None:
        """Do all that is due by the clock's present time."""
        self._manager.step()
        self._chronicle.note(self.now())

    async def run(self) -> None:
        """Step whenever something is due or written, until cancelled."""
        while True:
            self.step()
            self._work.clear()
            due = self._manager.next_due()
            wait = _LONGEST if due is None else due - self.now()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._work.wait(), min(max(wait, _SHORTEST), _LONGEST))

    def kubeconfig(self, context: str = OPERATOR.context, *, for_kubectl: bool = False) -> str:
        """The text of a kubeconfig (JSON, and so YAML) with a context for each user, once started.

        `context` is what the operator's is called, the current one. kubectl sends no credentials over plain
        HTTP; `for_kubectl` puts the tokens before the server's paths.
        """

        def entry(user: User) -> tuple[dict[str, object], dict[str, object], dict[str, object]]:
            name = context if user is OPERATOR else user.context
            token, cluster = self._tokens[user], f"aurora-{name}"
            server = f"{self.url}/{token}" if for_kubectl else self.url
            place = {"cluster": cluster, "user": user.name, "namespace": NAMESPACE}
            return (
                {"name": cluster, "cluster": {"server": server}},
                {"name": user.name, "user": {"token": token}},
                {"name": name, "context": place},
            )

        clusters, users, contexts = zip(*map(entry, USERS), strict=True)
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": clusters,
            "users": users,
            "contexts": contexts,
            "current-context": context,
        }
        return msgspec.json.format(msgspec.json.encode(config)).decode()

    def pods(self) -> list[Json]:
        """The stack's pods as the API gives them, to be read only."""
        return self._store.items(PODS, NAMESPACE)

    def departed(self) -> Sequence[DepartedPod]:
        """The stack's pods that are no more, the newest last."""
        return self._departed.pods

    def world(self, moment: float) -> World:
        """The stack as it was at a moment, and is now."""
        return self._chronicle.at(moment)

    def ails(self, app: str, pod: str, moment: float) -> Fault | None:
        """What a pod of an app complained of at a moment."""
        return self._chronicle.ailment(app, pod, moment)

    def replicas(self) -> Mapping[str, Sequence[Replica]]:
        """The pods of each workload of the stack that have not ended, by the workload's name."""
        return self._chronicle.at(self.now()).replicas


def _token(rng: random.Random) -> str:
    return f"aurora-sandbox-{rng.getrandbits(128):032x}"
