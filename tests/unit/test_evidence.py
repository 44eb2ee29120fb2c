"""Following a rollout shows why it does not get on: the newest pod, the evidence at the end, what would free it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aurora_tui.cluster.errors import ForbiddenError, UnreachableError
from aurora_tui.cluster.resources import DAEMONSETS, DEPLOYMENTS, EVENTS, PODS, STATEFULSETS, Resource
from aurora_tui.model.actions import Evidence, Followed, Progress, Record, Remedy, Rollout, Verb, Verdict
from tests.unit.fakecluster import Object
from tests.unit.rolloutobjects import LABELS, NAME, NAMESPACE, live, settle
from tests.unit.test_verify import LIMITS, Scene, deadline

PULL: Object = {
    "state": {"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "aurora/backend:2.4.0"'}}
}
CRASHED: Object = {
    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 20s"}},
    "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2023-11-14T22:13:10Z"}},
    "restartCount": 2,
}
RUNS: Object = {"state": {"running": {"startedAt": "2023-11-14T22:13:00Z"}}, "ready": True}
UNREADY: Object = {**RUNS, "ready": False}
EARLIER, LATER = "2023-11-14T22:00:00Z", "2023-11-14T22:13:00Z"


class Stand(Scene):
    """A scene with pods; `put_pod` makes one of the revision that the workload wants, unless told otherwise."""

    def put_pod(self, name: str, container: Object, revision: str = "", *, born: str = LATER, **status: Any) -> Object:
        deployment = self.resource is DEPLOYMENTS
        label = "pod-template-hash" if deployment else "controller-revision-hash"
        maker = "uid-keeper-1" if deployment and not revision else live(self.cluster, self.resource)["metadata"]["uid"]
        ready = {"type": "Ready", "status": str(bool(container.get("ready")))}
        return self.cluster.put(
            PODS,
            {
                "metadata": {
                    "name": name,
                    "namespace": NAMESPACE,
                    "uid": f"uid-{name}",
                    "creationTimestamp": born,
                    "labels": {**LABELS, label: revision or "hash1"},
                    "ownerReferences": [{"uid": maker, "controller": True, "kind": "x", "name": "y"}],
                },
                "spec": {"containers": [{"name": "backend"}], "nodeName": "node-1"},
                "status": {
                    "phase": "Running",
                    "conditions": [ready],
                    "containerStatuses": [{"name": "backend", **container}],
                    **status,
                },
            },
        )

    def warn(self, uid: str, kind: str, reason: str, message: str, when: str = LATER, **more: Any) -> None:
        meta = {"name": f"{uid}.{reason}.{when}", "namespace": NAMESPACE}
        about = {"uid": uid, "kind": kind, "name": "any"}
        told = {"type": "Warning", "reason": reason, "message": message, "involvedObject": about}
        times = {"firstTimestamp": EARLIER, "lastTimestamp": when}
        self.cluster.put(EVENTS, {"metadata": meta, **told, **times, **more})

    async def steps(self, record: Record) -> list[Followed]:
        return [step async for step in self.path.verify(record, None, LIMITS)]

    async def stuck(self, **status: Any) -> list[Followed]:
        """Roll back, and see the deadline pass at the second look."""
        record = await self.act()
        waiting = {"replicas": 4, "updatedReplicas": 1, "availableReplicas": 3}
        self.status(**waiting, **status)()
        self.between = [self.status(**waiting, conditions=[deadline("2023-11-14T22:20:00Z")])]
        return await self.steps(record)


def notes(steps: list[Followed]) -> list[str]:
    return [str(step.pod) for step in steps if isinstance(step, Progress) and step.pod is not None]


def evidence(steps: list[Followed]) -> Evidence | None:
    """The one of all steps; it comes after the looks and before the verdict, which is last."""
    assert isinstance(steps[-1], Verdict)
    found = [step for step in steps if isinstance(step, Evidence)]
    assert not found or steps[-2] is found[0]
    return found[0] if found else None


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


async def test_every_look_tells_the_newest_pods_state_and_at_once_what_it_cannot_get_over(stand: Stand) -> None:
    stand.put_pod("web-old", RUNS, "hash2")
    stand.put_pod("web-new", PULL)
    namesake = stand.put_pod("not-ours", CRASHED, born="2023-11-14T22:13:01Z")
    namesake["metadata"]["ownerReferences"] = []

    steps = await stand.stuck()

    assert notes(steps)[0] == (
        "newest pod web-new: ImagePullBackOff, 0/1 ready: will not complete while this lasts: "
        'Back-off pulling image "aurora/backend:2.4.0"'
    )
    assert isinstance(steps[0], Progress) and steps[0].seconds == 0.0


async def test_a_pod_that_is_not_ready_says_more_than_a_younger_one_that_is(stand: Stand) -> None:
    stand.put_pod("web-young", RUNS)
    stand.put_pod("web-weak", CRASHED, born=EARLIER)

    steps = await stand.stuck()

    assert notes(steps)[0] == (
        "pod web-weak: CrashLoopBackOff, 0/1 ready, 2 restarts: will not complete while this lasts: "
        "container backend keeps ending, last with exit code 137 (OOMKilled)"
    )


async def test_a_pod_on_its_way_is_no_cause_for_alarm(stand: Stand) -> None:
    stand.put_pod("web-new", {"state": {"waiting": {"reason": "ContainerCreating"}}}, phase="Pending")

    assert notes(await stand.stuck())[0] == "newest pod web-new: ContainerCreating, 0/1 ready"


async def test_a_pod_that_fits_on_no_node_is_told_in_the_schedulers_words(stand: Stand) -> None:
    why = {
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available",
    }  # fmt: skip
    stand.put_pod("web-new", {}, phase="Pending", conditions=[why], containerStatuses=None)

    assert notes(await stand.stuck())[0].endswith(
        "Pending, 0/1 ready: will not complete while this lasts: Unschedulable: 0/3 nodes are available"
    )


async def test_pods_are_not_asked_for_before_the_controller_has_seen_the_change_nor_once_it_is_complete(
    stand: Stand,
) -> None:
    stand.put_pod("web-new", RUNS)
    record = await stand.act()
    stand.between = [stand.settle]
    stand.cluster.fail("list", AssertionError("a list was asked for"))

    steps = await stand.steps(record)

    assert [type(step) for step in steps] == [Progress, Progress, Verdict]


async def test_a_list_that_fails_never_fails_the_verification(stand: Stand) -> None:
    record = await stand.act()
    stand.status(updatedReplicas=1)()
    stand.between = [stand.settle]
    stand.cluster.fail("list", ForbiddenError("pods is forbidden"))

    steps = await stand.steps(record)

    assert isinstance(steps[-1], Verdict)
    assert (notes(steps), steps[-1].rollout) == ([], Rollout.COMPLETE)


async def test_a_failed_rollout_shows_state_last_words_and_warnings_with_their_secrets_hidden(stand: Stand) -> None:
    stand.put_pod("web-new", CRASHED)
    said = [f"line {number}" for number in range(11)]
    stand.cluster.put_log(NAMESPACE, "web-new", "backend", *said, "DB_PASSWORD=hunter2 \x1b[2J refused", previous=True)
    stand.warn("uid-web-new", "Pod", "BackOff", "Back-off restarting failed container", count=3)
    stand.warn("uid-keeper-1", "ReplicaSet", "FailedCreate", "exceeded quota", when=EARLIER)
    stand.warn("uid-web-new", "Pod", "Pulled", "no warning at all", type="Normal")
    stand.warn("uid-of-another", "Pod", "BackOff", "not ours")

    found = evidence(await stand.stuck())

    assert found is not None
    assert found.lines() == (
        "pod web-new: CrashLoopBackOff, 0/1 ready, 2 restarts on node node-1",
        "container backend waits: CrashLoopBackOff: back-off 20s",
        "container backend: its last run ended 11s ago with exit code 137 (OOMKilled)",
        "last log lines of container backend, the run before:",
        *(f"  line {number}" for number in range(2, 11)),
        "  DB_PASSWORD=(hidden) \x1b[2J refused",
        "newest warnings:",
        "  pod BackOff (3 times, 21s ago): Back-off restarting failed container",
        "  replicaset FailedCreate (13m ago): exceeded quota",
    )


async def test_the_evidence_is_not_kept_in_the_journal(stand: Stand) -> None:
    stand.put_pod("web-new", CRASHED)
    stand.cluster.put_log(NAMESPACE, "web-new", "backend", "a customer's name", previous=True)

    assert evidence(await stand.stuck()) is not None

    stand.journal.close()
    kept = b"".join(path.read_bytes() for path in stand.folder.iterdir() if path.is_file())
    assert b"ProgressDeadlineExceeded" in kept
    assert b"customer" not in kept and b"OOMKilled" not in kept


async def test_a_container_that_never_ran_has_no_log_to_ask_for(stand: Stand) -> None:
    stand.put_pod("web-new", PULL)
    stand.cluster.fail("logs", AssertionError("a log was asked for"))

    found = evidence(await stand.stuck())

    assert found is not None
    assert (found.log_of, found.log, found.events) == ("", (), ())


@pytest.mark.parametrize(
    ("error", "words"),
    [(UnreachableError("no route"), "(it cannot be read: no route)"), (None, "(the pod is gone)")],
)
async def test_a_log_that_cannot_be_read_says_why(stand: Stand, error: Exception | None, words: str) -> None:
    stand.put_pod("web-new", UNREADY)
    if error is not None:
        stand.cluster.fail("logs", error)

    found = evidence(await stand.stuck())

    assert found is not None
    assert (found.log_of, found.log) == ("container backend", (words,))


async def test_a_quota_that_lets_no_pod_in_is_told_without_a_pod(stand: Stand) -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota: two"}
    record = await stand.act()
    stand.status(updatedReplicas=0, conditions=[failure])()
    stand.between = [stand.status(updatedReplicas=0, conditions=[failure, deadline("2023-11-14T22:20:00Z")])]

    steps = await stand.steps(record)

    assert notes(steps)[0] == (
        "a pod cannot be made: will not complete while this lasts: FailedCreate: exceeded quota: two"
    )
    found = evidence(steps)
    assert found is not None and found.lines() == ("FailedCreate: exceeded quota: two",)


async def test_a_rollout_that_runs_out_of_time_with_nothing_against_it_shows_no_evidence(stand: Stand) -> None:
    stand.put_pod("web-new", RUNS)

    assert evidence(await stand.stuck()) is None


async def test_a_daemonsets_newest_pod_is_that_of_its_newest_revision(tmp_path: Path) -> None:
    stand = Stand(tmp_path, DAEMONSETS)
    stand.put_pod("agent-old", PULL, "hash2")
    stand.put_pod("agent-new", UNREADY)
    record = await stand.act()
    stand.status(updatedNumberScheduled=1)()

    assert notes(await stand.steps(record))[0] == "newest pod agent-new: Running, 0/1 ready"


class Ordered(Stand):
    """A rolled back StatefulSet, whose pod 1 the broken revision still holds."""

    def __init__(self, folder: Path, resource: Resource = STATEFULSETS) -> None:
        super().__init__(folder, resource)
        item = live(self.cluster, STATEFULSETS)
        item["spec"] |= {"podManagementPolicy": "OrderedReady", "replicas": 3}
        item["status"] |= {"currentRevision": "good", "updateRevision": "bad", "readyReplicas": 2}
        self.put_pod("web-0", RUNS, "good")
        self.put_pod("web-2", RUNS, "good")

    async def rolled_back(self) -> Record:
        record = await self.act()
        self.status(updateRevision="good", updatedReplicas=2)()
        return record

    async def looks(self) -> list[Followed]:
        return await self.steps(await self.rolled_back())


def remedies(steps: list[Followed]) -> list[tuple[Verb, str, str, str]]:
    found = [step for step in steps if isinstance(step, Remedy)]
    return list(dict.fromkeys((each.verb, each.target.kind, each.target.name, each.target.uid) for each in found))


@pytest.fixture
def ordered(tmp_path: Path) -> Ordered:
    return Ordered(tmp_path)


async def test_an_ordered_statefulset_that_waits_in_vain_offers_to_delete_the_very_pod(ordered: Ordered) -> None:
    ordered.put_pod("web-1", PULL, "bad", phase="Pending")

    steps = await ordered.looks()

    assert notes(steps)[0].startswith("waits for pod web-1, of another revision: ImagePullBackOff, 0/1 ready")
    assert remedies(steps) == [(Verb.DELETE, "Pod", "web-1", "uid-web-1")]
    remedy = next(step for step in steps if isinstance(step, Remedy))
    assert remedy.text.startswith(f"StatefulSet {NAME} waits for web-1, which runs another revision")


async def test_the_offer_ends_with_the_pod_and_the_verification_goes_on_to_its_verdict(ordered: Ordered) -> None:
    ordered.put_pod("web-1", PULL, "bad", phase="Pending")
    record = await ordered.rolled_back()
    delete = await ordered.path.plan(Verb.DELETE, PODS, NAMESPACE, "web-1", {})

    def deleted() -> None:
        del ordered.cluster.objects["pods", NAMESPACE, "web-1"]

    ordered.between = [deleted, lambda: settle(ordered.cluster, STATEFULSETS)]
    steps = await ordered.steps(record)

    assert delete.action.target.uid == "uid-web-1"
    assert [type(step) for step in steps] == [Progress, Remedy, Progress, Progress, Verdict]
    assert isinstance(steps[-1], Verdict) and steps[-1].rollout is Rollout.COMPLETE


@pytest.mark.parametrize(
    ("why", "spec", "pod"),
    [
        ("pods that are made in parallel wait for none", {"podManagementPolicy": "Parallel"}, {}),
        ("one of the wanted revision would be made anew just as broken", {}, {"revision": "good"}),
        ("one that is ending is waited for with reason", {}, {"deletionTimestamp": LATER}),
        ("one that has failed is made anew by the controller", {}, {"phase": "Failed"}),
        ("one that has just started may become ready", {}, {"container": UNREADY}),
    ],
)
async def test_no_deletion_is_offered_where_it_would_not_help(
    ordered: Ordered, why: str, spec: Object, pod: Object
) -> None:
    live(ordered.cluster, STATEFULSETS)["spec"].update(spec)
    item = ordered.put_pod(
        "web-1", pod.get("container", PULL), pod.get("revision", "bad"), phase=pod.get("phase", "Pending")
    )
    if "deletionTimestamp" in pod:
        item["metadata"]["deletionTimestamp"] = LATER

    assert remedies(await ordered.looks()) == [], why


async def test_below_the_partition_a_pod_would_be_made_anew_of_the_same_revision(ordered: Ordered) -> None:
    live(ordered.cluster, STATEFULSETS)["spec"]["updateStrategy"]["rollingUpdate"] = {"partition": 2}
    ordered.put_pod("web-1", PULL, "held", phase="Pending")
    record = await ordered.act()
    ordered.status(currentRevision="held", updateRevision="good")()

    assert remedies(await ordered.steps(record)) == []


async def test_a_lower_pod_that_is_not_ready_is_waited_for_first(ordered: Ordered) -> None:
    ordered.put_pod("web-0", UNREADY, "good", born=LATER)
    ordered.put_pod("web-1", PULL, "bad", phase="Pending")

    assert remedies(await ordered.looks()) == []


async def test_before_the_rollback_the_pod_that_holds_it_up_is_named(ordered: Ordered) -> None:
    ordered.put_pod("web-1", PULL, "bad", phase="Pending")

    plan = await ordered.path.plan(Verb.UNDO, STATEFULSETS, NAMESPACE, NAME, {})

    assert (
        "only 2 of 3 pods ready, and a StatefulSet waits for the others before it replaces any: "
        "delete what stays broken (web-1: ImagePullBackOff, 0/1 ready)"
    ) in plan.warnings


async def test_the_warning_stands_without_a_name_where_no_such_pod_is_seen(ordered: Ordered) -> None:
    plan = await ordered.path.plan(Verb.RESTART, STATEFULSETS, NAMESPACE, NAME, {})
    assert not any("web-" in words for words in plan.warnings)
    assert any("delete what stays broken (kubectl delete pod)" in words for words in plan.warnings)
