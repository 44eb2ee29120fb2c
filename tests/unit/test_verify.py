"""Following an action: the pods by kubectl's rules, then the users' view, and a verdict that is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from aurora_tui.actions import ActionPath
from aurora_tui.cluster.errors import UnreachableError
from aurora_tui.cluster.resources import DAEMONSETS, DEPLOYMENTS, STATEFULSETS, Resource
from aurora_tui.journal import Journal
from aurora_tui.model.actions import Progress, Record, Recovery, Rollout, Verb, Verdict
from aurora_tui.model.rollouts import RolloutState, rollout_status
from aurora_tui.verify import Limits, SliReading, SloProbe
from tests.unit.fakecluster import Clock, FakeCluster, Object
from tests.unit.rolloutobjects import NAME, NAMESPACE, live, settle, stack, template

GOOD, BAD = template("aurora/backend:2.4.0"), template("aurora/backend:2.4.1")
LIMITS = Limits(rollout=10.0, rollout_interval=1.0, sli=20.0, sli_interval=5.0)


class Scene:
    """A rollback that was just sent, and a controller that acts between two looks."""

    def __init__(self, folder: Path, resource: Resource = DEPLOYMENTS) -> None:
        self.cluster: FakeCluster = stack(resource, GOOD, BAD)
        self.resource = resource
        self.folder = folder
        self.journal = Journal(folder)
        self.clock = Clock()
        self.path = ActionPath(
            self.cluster, self.journal, protected=False, read_only=False, clock=self.clock, sleep=self.sleep
        )
        self.between: list[Callable[[], None]] = []

    async def sleep(self, seconds: float) -> None:
        await self.clock.sleep(seconds)
        if self.between:
            self.between.pop(0)()

    async def act(self, verb: Verb = Verb.UNDO, **params: int) -> Record:
        plan = await self.path.plan(verb, self.resource, NAMESPACE, NAME, params)
        return await self.path.execute(plan)

    def status(self, **fields: object) -> Callable[[], None]:
        def report() -> None:
            def change(item: Object) -> None:
                observed = {"observedGeneration": item["metadata"]["generation"]}
                item["status"] = {**item["status"], **observed, **fields}

            self.cluster.change(self.resource, NAMESPACE, NAME, change)

        return report

    def settle(self) -> None:
        settle(self.cluster, self.resource)

    async def watch(self, record: Record, probe: SloProbe | None = None) -> tuple[list[Progress], Verdict]:
        steps = [step async for step in self.path.verify(record, probe, LIMITS)]
        *progress, verdict = steps
        assert isinstance(verdict, Verdict)
        return [step for step in progress if isinstance(step, Progress)], verdict


def probe(readings: Sequence[float | None]) -> SloProbe:
    waiting = list(readings)

    async def read() -> SliReading:
        share = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return SliReading("backend availability", share, 0.995)

    return read


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


async def test_a_rollback_is_followed_to_the_last_pod_and_the_recovered_sli(scene: Scene) -> None:
    record = await scene.act()
    scene.between = [
        scene.status(replicas=4, updatedReplicas=1, availableReplicas=3),
        scene.status(replicas=4, updatedReplicas=3, availableReplicas=3),
        scene.status(replicas=3, updatedReplicas=3, availableReplicas=2),
        scene.settle,
    ]

    progress, verdict = await scene.watch(record, probe([0.7, None, 0.99, 0.999]))

    assert [(step.done, step.total, step.text, step.seconds) for step in progress] == [
        (0, 3, "the controller has not seen the change yet", 0.0),
        (0, 3, "1 of 3 pods are of the new revision", 1.0),
        (2, 3, "1 old pod still to end", 2.0),
        (2, 3, "2 of 3 new pods are available", 3.0),
        (3, 3, "3 pods available", 4.0),
        (703, 1000, "backend availability: 70.00% good, 99.50% wanted", 4.0),
        (0, 1000, "backend availability: no data", 9.0),
        (994, 1000, "backend availability: 99.00% good, 99.50% wanted", 14.0),
        (1000, 1000, "backend availability: 99.90% good, 99.50% wanted", 19.0),
    ]
    assert (verdict.rollout, verdict.rollout_seconds) == (Rollout.COMPLETE, 4.0)
    assert (verdict.sli, verdict.sli_seconds) == (Recovery.RECOVERED, 19.0)
    assert verdict.text == (
        "pods complete: 3 pods available; SLI recovered: backend availability: 99.90% good, 99.50% wanted"
    )
    assert [entry.verdict for entry in scene.journal.entries()] == [verdict]


@pytest.mark.parametrize(
    ("readings", "recovery"),
    [([0.7], Recovery.NOT_RECOVERED), ([None], Recovery.NO_DATA), ([0.9, None], Recovery.NO_DATA)],
)
async def test_an_sli_that_does_not_come_back_in_time_is_said(
    scene: Scene, readings: list[float | None], recovery: Recovery
) -> None:
    record = await scene.act()
    scene.settle()

    _, verdict = await scene.watch(record, probe(readings))

    assert (verdict.rollout, verdict.sli, verdict.sli_seconds) == (Rollout.COMPLETE, recovery, 20.0)


async def test_without_a_service_the_sli_is_not_asked(scene: Scene) -> None:
    record = await scene.act()
    scene.settle()

    _, verdict = await scene.watch(record)

    assert (verdict.sli, verdict.sli_seconds) == (Recovery.NOT_ASKED, None)


def deadline(when: str) -> Object:
    return {
        "type": "Progressing",
        "status": "False",
        "reason": "ProgressDeadlineExceeded",
        "lastUpdateTime": when,
    }


async def test_a_rollout_past_its_deadline_has_failed_and_the_sli_is_still_read_once(scene: Scene) -> None:
    record = await scene.act()
    scene.between = [scene.status(updatedReplicas=1, conditions=[deadline("2023-11-14T22:20:00Z")])]

    _, verdict = await scene.watch(record, probe([0.7]))

    assert (verdict.rollout, verdict.rollout_seconds) == (Rollout.FAILED, 1.0)
    assert (verdict.sli, verdict.sli_seconds) == (Recovery.NOT_RECOVERED, 1.0)


async def test_the_deadline_that_the_bad_release_missed_does_not_fail_its_rollback(scene: Scene) -> None:
    old = [deadline("2023-11-14T22:00:00Z")]
    scene.status(replicas=4, updatedReplicas=1, availableReplicas=3, conditions=old)()
    record = await scene.act()
    scene.between = [
        scene.status(replicas=4, updatedReplicas=3, availableReplicas=3),
        scene.settle,
    ]

    progress, verdict = await scene.watch(record)

    assert "ProgressDeadlineExceeded" in progress[1].text
    assert verdict.rollout is Rollout.COMPLETE


async def test_a_rollout_that_does_not_end_is_given_up_in_time(scene: Scene) -> None:
    record = await scene.act()
    scene.between = [scene.status(replicas=4, updatedReplicas=3, availableReplicas=3)]

    _, verdict = await scene.watch(record)

    assert (verdict.rollout, verdict.rollout_seconds) == (Rollout.TIMED_OUT, 10.0)
    assert "1 old pod still to end" in verdict.text


async def test_a_cluster_out_of_sight_is_said_and_looked_for_again(scene: Scene) -> None:
    record = await scene.act()
    scene.cluster.fail("get", UnreachableError("no route to host"))
    scene.between = [scene.settle]

    progress, verdict = await scene.watch(record)

    assert progress[0].text == "cannot see the rollout: no route to host"
    assert verdict.rollout is Rollout.COMPLETE


async def test_an_object_that_is_deleted_or_replaced_meanwhile_has_failed(scene: Scene) -> None:
    record = await scene.act()
    live(scene.cluster)["metadata"]["uid"] = "another"
    assert "replaced" in (await scene.watch(record))[1].text

    scene.cluster.objects.clear()
    _, verdict = await scene.watch(record)

    assert (verdict.rollout, verdict.text) == (
        Rollout.FAILED,
        "pods failed: deployment/aurora-backend was deleted",
    )


async def test_a_scale_down_waits_until_the_pods_are_gone(scene: Scene) -> None:
    record = await scene.act(Verb.SCALE, replicas=1)
    scene.between = [scene.status(), scene.settle]

    progress, verdict = await scene.watch(record)

    assert [step.text for step in progress[1:]] == ["3 pods, 1 wanted", "1 pod available"]
    assert verdict.rollout is Rollout.COMPLETE


async def test_a_scale_is_complete_in_a_stuck_rollout_once_its_pods_are_available(scene: Scene) -> None:
    scene.status(updatedReplicas=1, conditions=[deadline("2023-11-14T22:00:00Z")])()
    record = await scene.act(Verb.SCALE, replicas=4)
    scene.between = [
        scene.status(replicas=4, availableReplicas=3),
        scene.status(replicas=4, availableReplicas=4),
    ]

    progress, verdict = await scene.watch(record)

    assert [step.text for step in progress[1:]] == [
        "3 of 4 pods are available", "4 pods available",
    ]  # fmt: skip
    assert verdict.rollout is Rollout.COMPLETE


async def test_a_scale_that_something_else_overrides_has_failed(scene: Scene) -> None:
    record = await scene.act(Verb.SCALE, replicas=1)
    scene.between = [
        lambda: scene.cluster.change(DEPLOYMENTS, NAMESPACE, NAME, lambda item: item["spec"].update(replicas=3))
    ]

    _, verdict = await scene.watch(record)

    assert verdict.rollout is Rollout.FAILED
    assert "something else has since set 3 replicas" in verdict.text


async def test_a_verdict_that_cannot_be_kept_is_still_told(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "state")
    record = await scene.act()
    scene.settle()
    scene.journal.close()
    for file in (tmp_path / "state").iterdir():
        file.unlink()
    (tmp_path / "state").rmdir()
    (tmp_path / "state").write_text("in the way")

    _, verdict = await scene.watch(record)

    assert verdict.rollout is Rollout.COMPLETE
    assert "could not be recorded" in verdict.text


def stateful(status: Object, **strategy: object) -> Object:
    return {
        "metadata": {"generation": 2},
        "spec": {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", **strategy}},
        "status": {"observedGeneration": 2, "readyReplicas": 3, **status},
    }


W, C, F, U = RolloutState.WAITING, RolloutState.COMPLETE, RolloutState.FAILED, RolloutState.UNFOLLOWED


@pytest.mark.parametrize(
    ("item", "state"),
    [
        (stateful({"observedGeneration": 1}), W),
        (stateful({"readyReplicas": 2, "updatedReplicas": 3}), W),
        (stateful({"updateRevision": "b", "currentRevision": "a"}), W),
        (stateful({"updateRevision": "b", "currentRevision": "b"}), C),
        (stateful({"updatedReplicas": 2}, rollingUpdate={"partition": 0}), W),
        (stateful({"updatedReplicas": 3}, rollingUpdate={"partition": 0}), C),
        (stateful({"updatedReplicas": 0}, rollingUpdate={"partition": 2}), W),
        (stateful({"updatedReplicas": 1}, rollingUpdate={"partition": 2}), C),
        (stateful({"updatedReplicas": 0}, type="OnDelete"), U),
    ],
)
def test_a_statefulset_is_complete_by_its_partition_and_revisions(item: Object, state: RolloutState) -> None:
    assert rollout_status("StatefulSet", item).state is state


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({"updatedNumberScheduled": 1, "numberAvailable": 2}, W),
        ({"updatedNumberScheduled": 2, "numberAvailable": 1}, W),
        ({"updatedNumberScheduled": 2, "numberAvailable": 2}, C),
        ({"updatedNumberScheduled": 2, "numberAvailable": 2, "observedGeneration": 1}, W),
    ],
)
def test_a_daemonset_is_complete_when_every_node_has_the_new_pod(status: Object, state: RolloutState) -> None:
    item = {
        "metadata": {"generation": 2},
        "spec": {},
        "status": {"observedGeneration": 2, "desiredNumberScheduled": 2, **status},
    }
    assert rollout_status("DaemonSet", item).state is state


def test_a_daemonset_that_changes_on_delete_cannot_be_followed() -> None:
    item = {"metadata": {}, "spec": {"updateStrategy": {"type": "OnDelete"}}, "status": {}}
    assert rollout_status("DaemonSet", item).state is U


@pytest.mark.parametrize("resource", [STATEFULSETS, DAEMONSETS])
async def test_other_kinds_are_followed_as_well(tmp_path: Path, resource: Resource) -> None:
    scene = Scene(tmp_path, resource)
    record = await scene.act()
    scene.between = [scene.settle]

    progress, verdict = await scene.watch(record)

    assert progress[0].text == "the controller has not seen the change yet"
    assert verdict.rollout is Rollout.COMPLETE


async def test_a_change_that_moves_no_pods_is_read_back_and_not_followed_further(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    record = await scene.act(Verb.PAUSE)

    steps, verdict = await scene.watch(record, probe([0.2]))

    assert (verdict.rollout, verdict.sli, verdict.text) == (Rollout.COMPLETE, Recovery.NOT_ASKED, "paused is true")
    assert len(steps) == 1


async def test_a_switch_that_somebody_turned_back_has_failed(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    record = await scene.act(Verb.PAUSE)
    scene.cluster.change(DEPLOYMENTS, NAMESPACE, NAME, lambda item: item["spec"].pop("paused"))

    _, verdict = await scene.watch(record)

    assert verdict.rollout is Rollout.FAILED
    assert "something else has since set paused back" in verdict.text
