"""Scheduler and kubelets: pods placed, started, watched over and ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial

from aurora_tui.sandbox.kube.behaviours import behaviour_of
from aurora_tui.sandbox.kube.containers import NEVER, Container, Host
from aurora_tui.sandbox.kube.deletion import delete
from aurora_tui.sandbox.kube.kinds import NODES, PODS, Json
from aurora_tui.sandbox.kube.manager import Key
from aurora_tui.sandbox.kube.mishaps import Mishaps
from aurora_tui.sandbox.kube.objects import Change, key_of
from aurora_tui.sandbox.kube.podstate import has_ended, is_leaving
from aurora_tui.sandbox.kube.podstatus import running_status, scheduled_status
from aurora_tui.sandbox.kube.scheduling import choose_node
from aurora_tui.sandbox.kube.workloads import Cluster, controller_of

_SCHEDULING, _SANDBOX, _STOPPING = 0.15, 0.9, 2.2
"""Seconds until a pod has a node, until its network is up, and that its containers take to stop."""
_LOOK_AGAIN = 5.0
"""Seconds after which the scheduler tries a pod once more that fitted nowhere."""


class _Life:
    """One pod's course: a generator, and the epoch second at which it is to be resumed."""

    def __init__(self, uid: str, course: Iterator[float]) -> None:
        self.uid = uid
        self.due = 0.0
        self.ending = False
        self._course = course
        self.containers: list[Container] = []

    def advance(self, now: float) -> None:
        while self.due <= now:
            self.due = next(self._course, NEVER)

    def end(self, course: Iterator[float]) -> None:
        self.ending, self._course, self.due = True, course, 0.0


class Kubelets:
    """One controller for all nodes' kubelets and the scheduler."""

    def __init__(self, cluster: Cluster, mishaps: Mishaps | None = None) -> None:
        self._cluster = cluster
        self._mishaps = mishaps or Mishaps()
        self._store = cluster.store
        self._lives: dict[Key, _Life] = {}
        self._images: set[tuple[str, str]] = set()
        self._addresses: dict[str, int] = defaultdict(int)
        self._crashing: dict[str, str] = {}

    def keys_of(self, change: Change) -> Iterable[Key]:
        return (key_of(change.new),) if change.resource is PODS else ()

    def reconcile(self, key: Key) -> float | None:
        pod = self._store.get(PODS, *key)
        if pod is None:
            self._lives.pop(key, None)
            return None
        now, uid = self._cluster.clock(), pod["metadata"]["uid"]
        if self._mishaps.silent(pod["spec"].get("nodeName", ""), now):
            return None
        life = self._lives.get(key)
        if life is None or life.uid != uid:
            life = self._lives[key] = _Life(uid, self._live(key, uid))
        if is_leaving(pod) and not life.ending:
            life.end(self._end(key, uid, life))
        elif has_ended(pod) and not is_leaving(pod):
            return None
        life.advance(now)
        return None if life.due == NEVER else life.due

    def _live(self, key: Key, uid: str) -> Iterator[float]:
        now = self._cluster.clock
        yield now() + _SCHEDULING
        node = ""
        while not (node := self._place(self._pod(key))):
            yield now() + _LOOK_AGAIN
        life, pod = self._lives[key], self._pod(key)
        inits, mains = self._containers(pod, node)
        life.containers = [*inits, *mains]
        report = partial(self._report, key, node, inits, mains)
        report("")
        yield now() + _SANDBOX
        address = self._new_address(node)
        for container in inits:
            for due in container.life():
                report(address)
                yield due
            report(address)
            if not container.done:
                return
            for main in mains:
                main.state = {"waiting": {"reason": "PodInitializing"}}
        lives = [(0.0, container.life()) for container in mains]
        while lives:
            lives = [(next(course, NEVER) if due <= now() else due, course) for due, course in lives]
            report(address)
            lives = [each for each in lives if each[0] != NEVER]
            if lives:
                yield min(due for due, _ in lives)

    def _end(self, key: Key, uid: str, life: _Life) -> Iterator[float]:
        pod, now = self._pod(key), self._cluster.clock()
        node = pod["spec"].get("nodeName", "")
        for container in life.containers:
            if container.running:
                field = f"spec.containers{{{container.name}}}"
                text = f"Stopping container {container.name}"
                self._cluster.recorder.report(pod, "Normal", "Killing", text, "kubelet", node, field)
        grace = pod["metadata"].get("deletionGracePeriodSeconds", 0)
        stopping = any(container.running for container in life.containers)
        yield now + min(grace, _STOPPING if stopping else 0.3)
        if (left := self._store.get(PODS, *key)) is not None and left["metadata"]["uid"] == uid:
            delete(self._store, self._cluster.clock(), PODS, left, grace=0)

    def _pod(self, key: Key) -> Json:
        pod = self._store.get(PODS, *key)
        assert pod is not None  # a life is dropped with its pod
        return pod

    def _place(self, pod: Json) -> str:
        """Bind the pod to a node, unless it is already; gives the node's name or nothing."""
        name, why_not = str(pod["spec"].get("nodeName", "")), ""
        if not name:
            name, why_not = choose_node(self._store, pod)
        recorder, now = self._cluster.recorder, self._cluster.clock()
        status = scheduled_status(pod, now, why_not)
        metadata = pod["metadata"]
        if why_not:
            if pod["status"] != status:
                recorder.report_action(pod, "Warning", "FailedScheduling", "Scheduling", why_not)
            self._store.replace(PODS, {**pod, "status": status})
            return ""
        self._store.replace(PODS, {**pod, "spec": {**pod["spec"], "nodeName": name}, "status": status})
        text = f"Successfully assigned {metadata['namespace']}/{metadata['name']} to {name}"
        recorder.report_action(pod, "Normal", "Scheduled", "Binding", text)
        return name

    def _containers(self, pod: Json, node: str) -> tuple[list[Container], list[Container]]:
        crashes = self._is_the_crashing_one(pod)
        key = key_of(pod)

        def event(kind: str, reason: str, message: str, field: str) -> None:
            if (present := self._store.get(PODS, *key)) is not None:
                self._cluster.recorder.report(present, kind, reason, message, "kubelet", node, field)

        def has_image(image: str) -> bool:
            present = (node, image) in self._images
            self._images.add((node, image))
            return present

        host = Host(self._cluster.clock, event, has_image, self._new_id)
        spec = pod["spec"]
        inits = [Container(host, pod, c, init=True, crashes=False) for c in spec.get("initContainers") or ()]
        breaks = self._mishaps.breaks(pod)
        mains = [Container(host, pod, c, init=False, crashes=crashes, breaks=breaks) for c in spec["containers"]]
        for each in mains if inits else ():
            each.state = {"waiting": {"reason": "PodInitializing"}}
        return inits, mains

    def _new_id(self) -> str:
        return f"containerd://{self._cluster.rng.getrandbits(256):064x}"

    def _is_the_crashing_one(self, pod: Json) -> bool:
        """Of an image that crashes, one pod of each owner does, or all; when it goes, the next that starts."""
        crashes = [found for each in pod["spec"]["containers"] if (found := behaviour_of(each["image"]).crash)]
        if not crashes or any(each.every for each in crashes):
            return bool(crashes)
        uid: str = pod["metadata"]["uid"]
        owner = (controller_of(pod) or {"uid": uid})["uid"]
        living = {life.uid for life in self._lives.values()}
        if self._crashing.get(owner) not in living:
            self._crashing[owner] = uid
        return self._crashing[owner] == uid

    def _new_address(self, node: str) -> str:
        self._addresses[node] = self._addresses[node] % 250 + 1
        names = [each["metadata"]["name"] for each in self._store.items(NODES)]
        subnet = names.index(node) if node in names else len(names)
        return f"10.244.{subnet}.{self._addresses[node] + 1}"

    def _report(self, key: Key, node: str, inits: list[Container], mains: list[Container], address: str) -> None:
        """Write the pod's status, unless it has gone meanwhile."""
        pod = self._store.get(PODS, *key)
        if pod is None:
            return
        host = self._store.get(NODES, "", node)
        addresses = (host or {}).get("status", {}).get("addresses") or [{"address": ""}]
        status = running_status(pod, self._cluster.clock(), (addresses[0]["address"], address), inits, mains)
        self._store.replace(PODS, {**pod, "status": status})
