"""Following a pod's end: it is not over before another one serves in its place, and the users are well served."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from aurora_tui.actions import ActionPath
from aurora_tui.cluster.errors import ForbiddenError, UnreachableError
from aurora_tui.cluster.resources import DAEMONSETS, PODS, REPLICASETS, STATEFULSETS
from aurora_tui.journal import Journal
from aurora_tui.model.actions import Progress, Record, Recovery, Rollout, Verb, Verdict
from aurora_tui.verify import Limits, SloProbe
from tests.unit.fakecluster import Clock, FakeCluster, Object
from tests.unit.test_verify import probe

NAMESPACE = "aurora"
LIMITS = Limits(rollout=10.0, rollout_interval=1.0, sli=20.0, sli_interval=5.0)
KINDS = {"StatefulSet": STATEFULSETS, "ReplicaSet": REPLICASETS, "DaemonSet": DAEMONSETS}
READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
PENDING = {"phase": "Pending"}


class Scene:
    """Pods of one controller (``web``, or none), the first of which is ended; things happen between two looks."""

    def __init__(self, folder: Path, kind: str | None, replicas: int = 1) -> None:
        self.cluster, self.kind, self.clock = FakeCluster(), kind, Clock()
        self.journal = Journal(folder)
        self.path = ActionPath(
            self.cluster, self.journal, protected=False, read_only=False, clock=self.clock, sleep=self.sleep
        )
        self.between: list[Callable[[], object]] = []
        if kind is not None:
            self.want(replicas)

    async def sleep(self, seconds: float) -> None:
        await self.clock.sleep(seconds)
        if self.between:
            self.between.pop(0)()

    def want(self, replicas: int) -> None:
        meta = {"name": "web", "namespace": NAMESPACE, "uid": "u-web", "generation": 1}
        item: Object = {"metadata": meta, "spec": {"selector": {"matchLabels": {"app": "web"}}, "replicas": replicas}}
        if self.kind == "DaemonSet":
            item["spec"].pop("replicas")
            item["status"] = {"desiredNumberScheduled": replicas}
        self.cluster.put(KINDS[self.kind or ""], item)

    def pod(self, name: str, status: Object = READY, uid: str = "") -> Object:
        meta: Object = {"name": name, "namespace": NAMESPACE, "uid": uid or f"u-{name}", "labels": {"app": "web"}}
        if self.kind is not None:
            owner = {"kind": self.kind, "name": "web", "uid": "u-web", "controller": True}
            meta["ownerReferences"] = [owner]
        item = {"metadata": meta, "spec": {"containers": [{"name": "web", "image": "web:1"}]}, "status": status}
        return self.cluster.put(PODS, item)

    async def end(self, name: str, verb: Verb = Verb.DELETE) -> Record:
        return await self.path.execute(await self.path.plan(verb, PODS, NAMESPACE, name, {}))

    async def watch(
        self, record: Record, asked: SloProbe | None = None, limits: Limits = LIMITS
    ) -> tuple[list[str], Verdict]:
        *steps, verdict = [step async for step in self.path.verify(record, asked, limits)]
        assert isinstance(verdict, Verdict)
        return [step.text for step in steps if isinstance(step, Progress)], verdict


@pytest.mark.parametrize("verb", [Verb.DELETE, Verb.KILL, Verb.EVICT])
async def test_a_statefulsets_pod_is_followed_to_the_ready_one_of_its_name_and_the_recovered_sli(
    tmp_path: Path, verb: Verb
) -> None:
    scene = Scene(tmp_path, "StatefulSet")
    scene.pod("web-0")
    record = await scene.end("web-0", verb)
    scene.between = [lambda: scene.pod("web-0", PENDING, "anew"), lambda: scene.pod("web-0", READY, "anew")]

    told, verdict = await scene.watch(record, probe([0.13, 0.999]))

    assert told[:2] == [
        "pod/web-0 is gone, StatefulSet web has not made it anew yet",
        "pod/web-0 is gone, the new one: Pending, 0/1 ready",
    ]
    assert verdict.text == (
        "pods complete: pod/web-0 is gone, the new one is ready; "
        "SLI recovered: backend availability: 99.90% good, 99.50% wanted"
    )
    assert (verdict.rollout_seconds, verdict.sli, verdict.good) == (2.0, Recovery.RECOVERED, True)


async def test_users_who_are_not_served_again_are_no_good_end(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "StatefulSet")
    scene.pod("web-0")
    record = await scene.end("web-0")
    scene.pod("web-0", READY, "anew")

    _, verdict = await scene.watch(record, probe([0.13]))

    assert (verdict.rollout, verdict.sli, verdict.good) == (Rollout.COMPLETE, Recovery.NOT_RECOVERED, False)


async def test_a_pod_that_does_not_become_ready_again_is_no_good_end(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "StatefulSet")
    scene.pod("web-0")
    record = await scene.end("web-0")
    scene.pod("web-0", PENDING, "anew")

    _, verdict = await scene.watch(record)

    assert (verdict.rollout, verdict.good) == (Rollout.TIMED_OUT, False)
    assert verdict.text.endswith("pod/web-0 is gone, the new one: Pending, 0/1 ready")


@pytest.mark.parametrize("kind", ["ReplicaSet", "DaemonSet"])
async def test_where_names_are_made_up_one_more_ready_pod_is_waited_for(tmp_path: Path, kind: str) -> None:
    """Of three one was broken before: that it still is says nothing about this action."""
    scene = Scene(tmp_path, kind, 3)
    scene.pod("web-a")
    scene.pod("web-b")
    scene.pod("web-broken", PENDING)
    record = await scene.end("web-a")
    scene.between = [lambda: scene.pod("web-c", PENDING), lambda: scene.pod("web-c")]

    told, verdict = await scene.watch(record)

    assert told == [
        f"pod/web-a is gone, 1 of 3 pods of {kind} web are ready",
        f"pod/web-a is gone, 1 of 3 pods of {kind} web are ready",
        f"pod/web-a is gone, 2 of 3 pods of {kind} web are ready",
    ]
    assert verdict.good


@pytest.mark.parametrize("kind", ["StatefulSet", "ReplicaSet", "DaemonSet"])
async def test_where_no_other_is_wanted_its_end_is_all(tmp_path: Path, kind: str) -> None:
    scene = Scene(tmp_path, kind)
    scene.pod("web-0")
    record = await scene.end("web-0")
    scene.want(0)

    _, verdict = await scene.watch(record, probe([0.1]))

    assert (verdict.text, verdict.sli) == (f"pod/web-0 is gone, {kind} web wants no other", Recovery.NOT_ASKED)


@pytest.mark.parametrize("kind", [None, "StatefulSet"])
async def test_where_nothing_makes_it_anew_its_end_is_all(tmp_path: Path, kind: str | None) -> None:
    scene = Scene(tmp_path, kind)
    scene.pod("web-0")
    record = await scene.end("web-0")
    scene.cluster.objects.clear()

    _, verdict = await scene.watch(record, probe([0.1]))

    gone = "pod/web-0 is gone" + (", and so is StatefulSet web" if kind else "")
    assert (verdict.rollout, verdict.sli, verdict.text) == (Rollout.COMPLETE, Recovery.NOT_ASKED, gone)


async def test_what_cannot_be_seen_for_a_while_is_looked_for_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "StatefulSet")
    scene.pod("web-0")
    record = await scene.end("web-0")
    scene.cluster.on("get", lambda: None)
    scene.cluster.fail("get", UnreachableError("no route to host"))
    scene.between = [lambda: scene.pod("web-0", READY, "anew")]

    told, verdict = await scene.watch(record)

    assert told[0] == "pod/web-0 is gone, cannot see what takes its place: no route to host"
    assert verdict.good


async def test_who_may_not_see_the_controller_is_told_so_and_asks_the_sli(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "ReplicaSet", 2)
    scene.pod("web-0")
    record = await scene.end("web-0")
    scene.cluster.on("get", lambda: None)
    scene.cluster.fail("get", ForbiddenError("not yours"))

    _, verdict = await scene.watch(record, probe([0.999]))

    assert (verdict.rollout, verdict.sli) == (Rollout.NOT_FOLLOWED, Recovery.RECOVERED)
    assert "pod/web-0 is gone, may not see what takes its place: not yours" in verdict.text


@pytest.mark.parametrize(("kind", "end"), [("ReplicaSet", Rollout.COMPLETE), ("StatefulSet", Rollout.TIMED_OUT)])
async def test_what_never_ends_on_a_lost_node_has_a_good_end_once_another_serves(
    tmp_path: Path, kind: str, end: Rollout
) -> None:
    """A StatefulSet makes no other as long as the old one is there."""
    scene = Scene(tmp_path, kind, 2)
    pod = scene.pod("web-0")
    scene.pod("web-1")
    record = await scene.end("web-0")
    pod["metadata"] |= {"deletionTimestamp": "2023-11-14T22:13:50Z", "deletionGracePeriodSeconds": 30}
    scene.cluster.put(PODS, pod)
    scene.between = [lambda: scene.pod("web-2")]

    told, verdict = await scene.watch(record, limits=Limits(rollout=120.0))

    assert told[0] == told[35] == "pod/web-0 is ending (up to 30 s are given)", "as long as it may still end by itself"
    assert verdict.rollout is end
    if end is Rollout.COMPLETE:
        assert verdict.text == (
            "pods complete: pod/web-0 does not end (is its node lost?), 2 of 2 pods of ReplicaSet web are ready"
        )


async def test_to_empty_a_node_its_end_is_enough(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "StatefulSet")
    scene.pod("web-0")
    record = await scene.end("web-0", Verb.EVICT)

    _, verdict = await scene.watch(record, probe([0.1]), Limits(replacement=False))

    assert (verdict.text, verdict.sli, verdict.good) == ("pod/web-0 is gone", Recovery.NOT_ASKED, True)
