"""Series on the action path: what is left out, what stops what, what waits, and that each has its own journal entry."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.actions import ActionPath, Refusal
from aurora_tui.bulk import Bulk
from aurora_tui.canary import Canary, split
from aurora_tui.cluster.errors import ForbiddenError, ThrottledError
from aurora_tui.cluster.resources import (
    BUDGETS,
    DAEMONSETS,
    DEPLOYMENTS,
    NODES,
    PODS,
    REPLICASETS,
    SERVICES,
    STATEFULSETS,
)
from aurora_tui.draining import Drain
from aurora_tui.journal import Journal
from aurora_tui.model.actions import Verb
from aurora_tui.model.policies import Policy
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.series import Ended, Moved, SeriesPlan, Stage, Step, Way
from aurora_tui.series import Maker, Series
from tests.unit.fakecluster import Clock, FakeCluster, Object
from tests.unit.rolloutobjects import LABELS, NAME, NAMESPACE, healthy, template, workload

NODE = ObjectRef("Node", None, "node-1")
WITHHELD = "Cannot evict pod as it would violate the pod's disruption budget. The disruption budget web needs 2"


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "state")


def path_to(cluster: FakeCluster, journal: Journal, *policies: Policy, read_only: bool = False) -> ActionPath:
    clock = Clock()
    return ActionPath(
        cluster, journal, protected=False, read_only=read_only, policies=policies, clock=clock, sleep=clock.sleep
    )


def deployments(*names: str, replicas: int = 3) -> FakeCluster:
    cluster = FakeCluster()
    for name in names:
        add_deployment(cluster, name, replicas)
    return cluster


def add_deployment(cluster: FakeCluster, name: str, replicas: int, **labels: str) -> None:
    item = workload(DEPLOYMENTS, template("aurora/backend:1"), replicas)
    item["metadata"] |= {"name": name, "uid": f"uid-{name}"}
    item["spec"]["template"]["metadata"]["labels"] = {"app": "backend", **labels}
    item["status"] = healthy(DEPLOYMENTS, item)
    cluster.put(DEPLOYMENTS, item)


def controlled(cluster: FakeCluster, changes: int) -> None:
    """Let the controller bring every Deployment to what it wants, after each of so many changes."""

    def follow() -> None:
        for (plural, _, _), item in list(cluster.objects.items()):
            if plural == DEPLOYMENTS.plural:
                item["status"] = healthy(DEPLOYMENTS, item)
                cluster.put(DEPLOYMENTS, item)

    cluster.on("patch done", *[follow] * changes)


def scaling(path: ActionPath, *names: str, replicas: int = 0, remarks: tuple[str, ...] = ()) -> Bulk:
    refs = [ObjectRef("Deployment", NAMESPACE, name, f"uid-{name}") for name in names]
    return Bulk(path, [Step(Verb.SCALE, ref, {"replicas": replicas}) for ref in refs], "scale them", remarks)


async def no_probe(_: object) -> None:
    """No service is in question."""


def begun(path: ActionPath, maker: Maker, plan: SeriesPlan) -> Series:
    return Series(path, maker, plan, no_probe)


async def _run(
    path: ActionPath, maker: Maker, plan: SeriesPlan, way: Way, *, stop_at: Stage | None = None
) -> tuple[list[Moved], Ended]:
    """Confirm and run a series; `stop_at` stops it when the first item comes to that stage."""
    series = begun(path, maker, plan)
    moves: list[Moved] = []
    async for step in series.run(way, context=None, reason="why"):
        if isinstance(step, Ended):
            return moves, step
        moves.append(step)
        if step.stage is stop_at:
            series.stop()
    raise AssertionError("it never ended")


async def carried_out(
    path: ActionPath, maker: Maker, way: Way | None = None, *, stop_at: Stage | None = None
) -> tuple[list[Moved], Ended]:
    """Plan, confirm and run a series."""
    plan = await maker.plan()
    assert plan.problems == ()
    return await _run(path, maker, plan, way or plan.way, stop_at=stop_at)


def last(moves: Sequence[Moved]) -> list[Stage]:
    """The last stage of each item, in their order."""
    found = {move.index: move.stage for move in moves}
    return [found[index] for index in sorted(found)]


def changed(cluster: FakeCluster) -> list[str]:
    return [what for what, _, _ in cluster.written]


# --- bulk ----------------------------------------------------------------------------------------


async def test_each_object_is_previewed_and_what_makes_no_sense_is_left_out_with_the_reason(journal: Journal) -> None:
    cluster = deployments("a", "b")
    add_deployment(cluster, "c", 0)
    plan = await scaling(path_to(cluster, journal), "a", "b", "c", "gone", remarks=("2 more are hidden",)).plan()
    assert [item.words for item in plan.items] == [
        "scales deployment/a from 3 to 0 replicas",
        "scales deployment/b from 3 to 0 replicas",
    ]
    assert [str(line) for item in plan.items if item.plan for line in item.plan.diff] == [
        "- spec.replicas: 3", "+ spec.replicas: 0",
    ] * 2  # fmt: skip
    assert [(str(each.ref), each.why) for each in plan.left_out] == [
        ("deployment/c", "deployment/c already has 0 replicas"),
        ("deployment/gone", "there is no deployment/gone in namespace aurora"),
    ]
    assert plan.warnings == ("2 more are hidden",)
    assert cluster.written == []


async def test_a_namesake_made_since_the_row_was_marked_is_left_out(journal: Journal) -> None:
    cluster = deployments("a", "b")
    cluster.objects["deployments", NAMESPACE, "a"]["metadata"]["uid"] = "of-the-next-one"
    plan = await scaling(path_to(cluster, journal), "a", "b").plan()
    assert [str(item.step.ref) for item in plan.items] == ["deployment/b"]
    assert "was replaced by another of that name" in plan.left_out[0].why


async def test_more_objects_than_the_policies_allow_are_refused_before_anything_is_asked(journal: Journal) -> None:
    cluster = deployments("a", "b", "c")
    cluster.fail("get", AssertionError("asked"))
    plan = await scaling(path_to(cluster, journal, Policy("bulk", cap=2)), "a", "b", "c").plan()
    assert plan.problems == ("these are 3 objects, and policies allow 2 in one bulk action: choose fewer",)
    assert plan.items == ()


async def test_read_only_previews_and_carries_nothing_out(journal: Journal) -> None:
    cluster = deployments("a", "b")
    path = path_to(cluster, journal, read_only=True)
    maker = scaling(path, "a", "b")
    plan = await maker.plan()
    assert plan.problems == ("this session is read-only",)
    assert len(plan.items) == 2

    stages = [step async for step in begun(path, maker, plan).run(Way.TOGETHER, context=None, reason="")]

    assert {step.stage for step in stages if isinstance(step, Moved)} == {Stage.SENDING, Stage.FAILED}
    assert cluster.written == []


async def test_an_object_whose_pods_cannot_start_says_so_while_it_is_followed(journal: Journal) -> None:
    cluster = FakeCluster()
    item = workload(STATEFULSETS, template("aurora/backend:1"), 1)
    item["status"] = {"observedGeneration": 2, "replicas": 1, "updateRevision": "r1"}
    cluster.put(STATEFULSETS, item)
    meta = item["metadata"]
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    made = {
        "name": "web-0", "namespace": NAMESPACE, "labels": {**LABELS, "controller-revision-hash": "r1"},
        "ownerReferences": [{"controller": True, "kind": "StatefulSet", "name": NAME, "uid": meta["uid"]}],
    }  # fmt: skip
    status = {"phase": "Pending", "containerStatuses": [{"name": "backend", "state": waiting}]}
    cluster.put(PODS, {"metadata": made, "spec": {"containers": [{"name": "backend"}]}, "status": status})
    path = path_to(cluster, journal)
    refs = [ObjectRef("StatefulSet", NAMESPACE, NAME, meta["uid"])]
    moves, _ = await carried_out(
        path, Bulk(path, [Step(Verb.SCALE, ref, {"replicas": 2}) for ref in refs], "scale", ()), stop_at=Stage.FOLLOWED
    )
    told = next(move.text for move in moves if move.stage is Stage.FOLLOWED)
    assert told.endswith(
        "newest pod web-0: ImagePullBackOff, 0/1 ready: will not complete while this lasts: no such image"
    )


@pytest.mark.parametrize("way", Way, ids=lambda way: way.name)
async def test_who_acts_is_asked_once_a_series_and_again_a_minute_later(journal: Journal, way: Way) -> None:
    cluster = deployments("a", "b", "c")
    controlled(cluster, 6)
    path = path_to(cluster, journal)
    asked: list[float] = []
    cluster.on("user", *[lambda: asked.append(path.clock())] * 6)

    await carried_out(path, scaling(path, "a", "b", "c"), way)
    assert len(asked) == 1
    await path.sleep(60)
    await carried_out(path, scaling(path, "a", "b", "c", replicas=2), way)

    assert len(asked) == 2
    assert {entry.operator.kube_user for entry in journal.entries()} == {"alice@example.org"}


@pytest.mark.parametrize("way", Way, ids=lambda way: way.name)
async def test_every_object_has_its_own_journal_entry_which_names_the_series(journal: Journal, way: Way) -> None:
    cluster = deployments("a", "b", "c")
    controlled(cluster, 3)
    path = path_to(cluster, journal)
    moves, ended = await carried_out(path, scaling(path, "a", "b", "c"), way)
    assert last(moves) == [Stage.DONE] * 3
    entries = journal.entries()
    assert sorted(entry.action.target.name for entry in entries) == ["a", "b", "c"]
    assert {(entry.part_of, entry.reason, entry.outcome.value) for entry in entries} == {("scale them", "why", "done")}
    assert sorted(step.ref.name for step in ended.undo) == ["a", "b", "c"]


async def test_one_by_one_the_next_is_begun_when_the_one_before_is_verified(journal: Journal) -> None:
    cluster = deployments("a", "b")
    controlled(cluster, 2)
    path = path_to(cluster, journal)
    moves, ended = await carried_out(path, scaling(path, "a", "b", replicas=5))
    assert last(moves) == [Stage.DONE, Stage.DONE]
    assert [move.index for move in moves] == sorted(move.index for move in moves)
    assert (ended.good, ended.text) == (True, "2 done")


async def test_one_by_one_a_failure_stops_the_rest(journal: Journal) -> None:
    cluster = deployments("a", "b", "c")
    path = path_to(cluster, journal)
    maker = scaling(path, "a", "b", "c")
    plan = await maker.plan()
    cluster.fail("patch", ForbiddenError("no longer yours", status=403))
    moves, ended = await _run(path, maker, plan, Way.ONE_BY_ONE)
    assert last(moves) == [Stage.FAILED, Stage.LEFT, Stage.LEFT]
    assert "no longer yours" in moves[1].text
    assert (ended.good, ended.text) == (False, "1 failed, 2 not begun")
    assert cluster.written == []


async def test_together_a_failure_stops_nothing(journal: Journal) -> None:
    cluster = deployments("a", "b", "c")
    path = path_to(cluster, journal)
    maker = scaling(path, "a", "b", "c")
    plan = await maker.plan()
    cluster.fail("patch", ForbiddenError("no longer yours", status=403))
    _, ended = await _run(path, maker, plan, Way.TOGETHER)
    assert len(set(changed(cluster))) == 2
    assert not ended.good
    assert len(ended.undo) == 2


async def test_an_object_that_changed_since_the_preview_is_not_touched(journal: Journal) -> None:
    cluster = deployments("a", "b")
    path = path_to(cluster, journal)
    maker = scaling(path, "a", "b")
    plan = await maker.plan()
    cluster.change(DEPLOYMENTS, NAMESPACE, "a", lambda item: item["spec"].update(replicas=7))
    moves, _ = await _run(path, maker, plan, Way.TOGETHER)
    assert changed(cluster) == ["deployments/b"]
    assert "changed since the preview" in next(move.text for move in moves if move.stage is Stage.FAILED)


async def test_a_series_that_is_cancelled_finishes_the_request_under_way_and_begins_no_other(journal: Journal) -> None:
    cluster = deployments("a", "b")
    path = path_to(cluster, journal)
    maker = scaling(path, "a", "b")
    plan = await maker.plan()

    async def consume() -> None:
        async for _ in begun(path, maker, plan).run(Way.ONE_BY_ONE, context=None, reason=""):
            pass

    task = asyncio.create_task(consume())

    def cancel() -> None:
        task.cancel()

    cluster.on("patch", cancel)

    with pytest.raises(asyncio.CancelledError):
        await task

    assert changed(cluster) == ["deployments/a"]
    assert [entry.outcome.value for entry in journal.entries()] == ["done"]


# --- drain ---------------------------------------------------------------------------------------


def node_with(*pods: Object) -> FakeCluster:
    cluster = FakeCluster()
    cluster.put(NODES, {"metadata": {"name": "node-1", "namespace": "", "uid": "uid-node-1"}, "spec": {}})
    for pod in pods:
        cluster.put(PODS, pod)
    return cluster


def pod(
    name: str, owner: tuple[str, str] | None = ("ReplicaSet", "web"), *, phase: str = "Running", **more: Object
) -> Object:
    owners = [{"kind": owner[0], "name": owner[1], "controller": True}] if owner else []
    meta = {
        "name": name,
        "namespace": NAMESPACE,
        "uid": f"uid-{name}",
        "ownerReferences": owners,
        "labels": {"app": "web"},
    }
    status = {"phase": phase, "conditions": [{"type": "Ready", "status": "True"}]}
    return {
        "metadata": {**meta, **more.get("meta", {})},
        "spec": {"nodeName": "node-1", **more.get("spec", {})},
        "status": status,
    }


EMPTY = {"volumes": [{"name": "cache", "emptyDir": {}}, {"name": "config", "configMap": {}}]}


async def test_a_drain_names_what_stays_and_what_is_lost_before_anything_is_done(journal: Journal) -> None:
    cluster = node_with(
        pod("static", None, meta={"annotations": {"kubernetes.io/config.mirror": "x"}}),
        pod("daemon", ("DaemonSet", "logs")),
        pod("orphan", ("DaemonSet", "removed")),
        pod("cached", spec=EMPTY),
        pod("over", None, phase="Succeeded", spec=EMPTY),
        pod("alone", None),
        pod("elsewhere", spec={"nodeName": "node-2"}),
    )
    cluster.put(DAEMONSETS, {"metadata": {"name": "logs", "namespace": NAMESPACE, "uid": "uid-logs"}, "spec": {}})
    cluster.put(
        REPLICASETS,
        {"metadata": {"name": "web", "namespace": NAMESPACE, "uid": "uid-web"}, "status": {"readyReplicas": 1}},
    )

    plan = await Drain(path_to(cluster, journal), NODE).plan()

    assert [(item.step.verb.value, item.step.ref.name) for item in plan.items] == [
        ("cordon", "node-1"), ("evict", "alone"), ("evict", "cached"), ("evict", "orphan"), ("evict", "over"),
    ]  # fmt: skip
    assert [(each.ref.name, each.why) for each in plan.left_out] == [
        ("daemon", "DaemonSet logs would make it anew on the node at once"),
        ("static", "a static pod: the kubelet runs it from a file on the node"),
    ]
    assert plan.warnings == (
        "nothing controls 2 pods (alone, orphan): not made anew",
        "data in emptyDir volumes is lost with 1 pod (cached)",
        "the only ready pod of ReplicaSet web is here: nothing of it serves until others are ready",
    )
    assert plan.problems == ()
    assert cluster.written == []


async def test_without_agreement_what_would_be_lost_is_a_problem_as_for_kubectl(journal: Journal) -> None:
    cluster = node_with(pod("cached", spec=EMPTY), pod("alone", None))
    drain = Drain(path_to(cluster, journal), NODE, lose_emptied=False, lose_unmanaged=False)
    assert (await drain.plan()).problems == (
        "nothing controls 1 pod (alone): not made anew: agree to it with --force",
        "data in emptyDir volumes is lost with 1 pod (cached): agree to it with --delete-emptydir-data",
    )


async def test_a_drain_cordons_first_and_evicts_nothing_where_that_fails(journal: Journal) -> None:
    cluster = node_with(pod("web-1"), pod("web-2"))
    path = path_to(cluster, journal)
    maker = Drain(path, NODE)
    plan = await maker.plan()
    cluster.fail("patch", ForbiddenError("not yours", status=403))
    moves, ended = await _run(path, maker, plan, plan.way)
    assert last(moves) == [Stage.FAILED, Stage.LEFT, Stage.LEFT]
    assert ended.text == "1 failed, 2 not begun; 2 pods (web-1, web-2) still on it: drain it again to go on"
    assert cluster.written == []


async def test_a_drained_node_is_cordoned_empty_and_can_be_uncordoned(journal: Journal) -> None:
    cluster = node_with(pod("web-1"), pod("web-2"))
    path = path_to(cluster, journal)
    moves, ended = await carried_out(path, Drain(path, NODE))
    assert last(moves) == [Stage.DONE] * 3
    assert changed(cluster)[0] == "nodes/node-1"
    assert sorted(changed(cluster)[1:]) == ["pods/web-1", "pods/web-2"]
    assert (ended.good, ended.text) == (True, "3 done")
    assert ended.undo == (Step(Verb.UNCORDON, ObjectRef("Node", None, "node-1", "uid-node-1"), {}),)


async def test_an_eviction_that_a_budget_withholds_is_shown_with_its_name_and_tried_again(journal: Journal) -> None:
    cluster = node_with(pod("web-1"))
    path = path_to(cluster, journal)
    maker = Drain(path, NODE)
    plan = await maker.plan()
    # The cordon is tried no more: its preview is there. The first trial of the eviction is withheld, then the eviction.
    cluster.fail("dry run", ThrottledError(WITHHELD, retry_after=1.0))
    cluster.on("patch", lambda: None)
    cluster.fail("patch", ThrottledError(WITHHELD, retry_after=1.0))
    moves, ended = await _run(path, maker, plan, plan.way)
    stages = [move.stage for move in moves if move.index == 1]
    assert stages.count(Stage.WAITING) == 2
    assert "disruption budget web needs 2" in next(move.text for move in moves if move.stage is Stage.WAITING)
    assert ended.good
    assert [entry.outcome.value for entry in reversed(journal.entries())] == ["done", "refused", "done"]


async def test_a_drain_that_is_stopped_while_it_waits_says_what_is_left_and_goes_on_when_asked_again(
    journal: Journal,
) -> None:
    cluster = node_with(pod("web-1"))
    path = path_to(cluster, journal)
    cluster.on("dry run", lambda: None)
    cluster.fail("dry run", ThrottledError(WITHHELD, retry_after=1.0))
    moves, ended = await carried_out(path, Drain(path, NODE), stop_at=Stage.WAITING)
    assert last(moves) == [Stage.DONE, Stage.LEFT]
    assert ended.text == "1 done, 1 not begun; 1 pod (web-1) still on it: drain it again to go on"

    again = await Drain(path, NODE).plan()

    assert [(str(each.ref), each.why) for each in again.left_out] == [
        ("node/node-1", "node/node-1 is cordoned already")
    ]
    assert [str(item.step.ref) for item in again.items] == ["pod/web-1"]
    _, ended = await carried_out(path, Drain(path, NODE))
    assert ended.good


async def test_a_pod_that_goes_by_itself_meanwhile_is_no_failure(journal: Journal) -> None:
    cluster = node_with(pod("web-1"), pod("ending", meta={"deletionTimestamp": "2026-01-01T00:00:00Z"}))
    path = path_to(cluster, journal)
    maker = Drain(path, NODE)
    plan = await maker.plan()
    del cluster.objects["pods", NAMESPACE, "web-1"]

    def end() -> None:
        del cluster.objects["pods", NAMESPACE, "ending"]

    cluster.on("patch done", end)
    moves, ended = await _run(path, maker, plan, plan.way)
    assert last(moves) == [Stage.DONE] * 3
    assert ended.good
    assert changed(cluster) == ["nodes/node-1"]


async def test_a_pod_whose_namespace_is_going_is_followed_to_its_end(journal: Journal) -> None:
    cluster = node_with(pod("web-1"))
    path = path_to(cluster, journal)
    maker = Drain(path, NODE)
    plan = await maker.plan()

    def refuse() -> None:
        cluster.on("get", lambda: None, cluster.objects.clear)
        raise ForbiddenError("it is being terminated", status=403, causes=frozenset({"NamespaceTerminating"}))

    cluster.on("dry run", refuse)

    moves, ended = await _run(path, maker, plan, plan.way)

    assert [move.text for move in moves if move.index == 1] == [
        "", "pod/web-1 was ending already", "pod/web-1 was ending already", "pod/web-1 is gone",
    ]  # fmt: skip
    assert ended.good
    assert changed(cluster) == ["nodes/node-1"]


@pytest.mark.parametrize("step", ["get", "patch"])
async def test_a_pod_that_goes_between_its_trial_and_its_eviction_is_no_failure_either(
    journal: Journal, step: str
) -> None:
    cluster = node_with(pod("web-1"))
    path = path_to(cluster, journal)
    maker = Drain(path, NODE)
    plan = await maker.plan()

    def go() -> None:
        cluster.objects.pop(("pods", NAMESPACE, "web-1"))

    def refuse() -> None:
        cluster.on("get", lambda: None, go)
        raise ForbiddenError("it is being terminated", status=403, causes=frozenset({"NamespaceTerminating"}))

    if step == "get":
        cluster.on("dry run", lambda: cluster.on("get", go))
    else:
        cluster.on("patch", lambda: None, refuse)

    moves, ended = await _run(path, maker, plan, plan.way)

    assert last(moves) == [Stage.DONE, Stage.DONE]
    assert ended.good
    assert changed(cluster) == ["nodes/node-1"]


async def test_budgets_that_will_make_pods_wait_are_named_beforehand(journal: Journal) -> None:
    cluster = node_with(pod("web-1"), pod("web-2"), pod("other", meta={"labels": {"app": "other"}}))
    for name, app, allowed in (("web", "web", 1), ("other", "other", 1), ("none", "other", 0)):
        cluster.put(
            BUDGETS,
            {
                "metadata": {"name": name, "namespace": NAMESPACE},
                "spec": {"selector": {"matchLabels": {"app": app}}},
                "status": {"disruptionsAllowed": allowed},
            },
        )
    plan = await Drain(path_to(cluster, journal), NODE).plan()
    assert [words for words in plan.warnings if words.startswith("PDB")] == [
        "PDB web allows 1 disruption now, and 2 pods of it are here: the others wait for their turn",
        "PDB none allows no disruption now, and 1 pod of it is here: waiting until it allows one",
    ]


async def test_a_policy_keeps_its_pods_on_the_node_and_a_missing_right_is_told(journal: Journal) -> None:
    cluster = node_with(pod("web-1"), pod("aurora-postgres-0"))
    cluster.denied["create", "pods", "eviction"] = "viewers only look"
    policy = Policy("database", names=("aurora-postgres-*",), verbs=("evict",), deny="page dba-oncall")
    plan = await Drain(path_to(cluster, journal, policy), NODE).plan()
    assert [(each.ref.name, each.why) for each in plan.left_out] == [
        ("aurora-postgres-0", "policy database: page dba-oncall")
    ]
    assert plan.problems == ("you may not create pods/eviction in namespace aurora: viewers only look",)


async def test_a_node_that_is_not_there_is_refused(journal: Journal) -> None:
    with pytest.raises(Refusal, match="there is no node/node-1"):
        await Drain(path_to(FakeCluster(), journal), NODE).plan()


# --- canary --------------------------------------------------------------------------------------


@given(total=st.integers(2, 200), percent=st.floats(0, 100))
def test_the_pods_are_shared_out_whole_and_as_near_as_they_can_be(total: int, percent: float) -> None:
    got = split(total, percent)
    assert got.canary + got.stable == total
    assert abs(got.canary - total * percent / 100) <= 1
    assert (got.canary > 0) == (percent > 0)
    assert (got.stable > 0) == (percent < 100)


@pytest.mark.parametrize(("total", "percent"), [(1, 50), (0, 0), (10, -1), (10, 100.5)])
def test_a_share_that_cannot_be_given_is_refused(total: int, percent: float) -> None:
    with pytest.raises(ValueError, match=r"percentage|shared"):
        split(total, percent)


def behind_one_service(canary: int, stable: int) -> FakeCluster:
    cluster = FakeCluster()
    add_deployment(cluster, "canary", canary, track="canary")
    add_deployment(cluster, "stable", stable, track="stable")
    meta = {"name": "backend", "namespace": NAMESPACE, "uid": "uid-service"}
    cluster.put(SERVICES, {"metadata": meta, "spec": {"selector": {"app": "backend"}}})
    return cluster


CANARY = ObjectRef("Deployment", NAMESPACE, "canary")


@pytest.mark.parametrize(
    ("now", "percent", "steps"),
    [
        ((1, 9), 30, [("canary", 3), ("stable", 7)]),
        ((5, 5), 10, [("stable", 9), ("canary", 1)]),
        ((1, 9), 100, [("canary", 10), ("stable", 0)]),
        ((1, 9), 0, [("stable", 10), ("canary", 0)]),
    ],
)
async def test_what_grows_is_scaled_before_what_shrinks(
    journal: Journal, now: tuple[int, int], percent: int, steps: list[tuple[str, int]]
) -> None:
    plan = await Canary(path_to(behind_one_service(*now), journal), CANARY, percent).plan()
    assert [(item.step.ref.name, item.step.params["replicas"]) for item in plan.items] == steps
    assert (plan.way, plan.may_choose, plan.problems) == (Way.ONE_BY_ONE, False, ())


async def test_a_canary_says_the_share_it_really_gets_and_is_taken_back_the_other_way_round(journal: Journal) -> None:
    cluster = behind_one_service(0, 3)
    path = path_to(cluster, journal)
    maker = Canary(path, CANARY, 10)
    plan = await maker.plan()
    assert plan.effect == "give deployment/canary 10 % of service/backend: 1 of 3 pods, 33 % (now 0 of 3)"
    controlled(cluster, 2)
    _, ended = await carried_out(path, maker)
    assert [(step.ref.name, step.params) for step in ended.undo] == [
        ("stable", {"replicas": 3}), ("canary", {"replicas": 0}),
    ]  # fmt: skip


async def test_a_canary_without_a_service_or_without_one_partner_is_refused_in_words(journal: Journal) -> None:
    cluster = behind_one_service(1, 9)
    path = path_to(cluster, journal)
    with pytest.raises(Refusal, match="has its share already: 1 of 10 pods, 10 %"):
        await Canary(path, CANARY, 10).plan()
    with pytest.raises(Refusal, match=r"deployment/other is not behind a Service of deployment/canary \(backend\)"):
        await Canary(path, CANARY, 10, "other").plan()
    add_deployment(cluster, "third", 1)
    with pytest.raises(Refusal, match=r"several Deployments share a Service with it: say which \(stable, third\)"):
        await Canary(path, CANARY, 20).plan()
    del cluster.objects["services", NAMESPACE, "backend"]
    with pytest.raises(Refusal, match="no Service selects the pods of deployment/canary"):
        await Canary(path, CANARY, 20).plan()


async def test_half_a_canary_is_never_done(journal: Journal) -> None:
    cluster = behind_one_service(1, 9)
    policy = Policy("stable", names=("stable",), deny="keep it")
    plan = await Canary(path_to(cluster, journal, policy), CANARY, 30).plan()
    assert plan.problems == ("deployment/stable: policy stable: keep it",)
