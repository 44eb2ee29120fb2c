"""`rollback` leaves a workload and its revisions as `kubectl rollout undo` leaves their twins."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from aurora_tui.actions import ActionPath, undo_of
from aurora_tui.cluster.kubeconfig import choose
from aurora_tui.cluster.kubernetes import KubernetesCluster
from aurora_tui.cluster.resources import DEPLOYMENTS
from aurora_tui.journal import Journal
from aurora_tui.model.actions import Outcome, Params, Record, Verb
from tests.live.audit import AuditLog
from tests.live.program import Act
from tests.live.twins import Twins, image

pytest_plugins = ("tests.live.fixtures",)

KINDS = ("Deployment", "StatefulSet", "DaemonSet")
GOOD, BAD = "aurora/backend:2.4.0", "aurora/backend:2.4.1"
CRASH, PULL = "aurora/backend:crash", "aurora/backend:broken-pull"
STUCK = {CRASH: "CrashLoopBackOff", PULL: "ImagePullBackOff"}
ENVIRONMENT = [{"name": "LOG_LEVEL", "value": "info"}, {"name": "POOL", "value": "40"}]


async def assert_rollout_is_stuck(twins: Twins, word: str) -> None:
    """Both twins have a pod in this state."""

    def stuck() -> bool:
        rows = twins.kubectl("get", "pods", "-A", "-l", f"app={twins.name}").splitlines()
        broken = {row.split()[0] for row in rows if word in row}
        return broken == {twins.ours, twins.theirs}

    await twins.eventually(stuck)


@pytest.mark.parametrize("kind", KINDS)
async def test_undo_goes_to_the_revision_before_and_a_second_one_comes_back(act: Act, twins: Twins, kind: str) -> None:
    await twins.apply(
        twins.release(kind, GOOD, note="first", env=ENVIRONMENT, args=["serve"]),
        twins.release(kind, BAD, note="second", env=ENVIRONMENT[:1], ports=[{"containerPort": 8080}]),
    )
    for wanted in (GOOD, BAD):
        run = act("rollback", twins.reference(kind), "--no-wait")
        twins.kubectl_does("rollout", "undo", twins.reference(kind))

        assert run.code == 0, run
        assert image(await twins.become_the_same(kind)) == wanted


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
async def test_undo_goes_to_the_revision_that_was_named_and_without_a_name_to_the_one_before(
    act: Act, twins: Twins, kind: str
) -> None:
    await twins.apply(*(twins.release(kind, f"aurora/backend:{number}", note=f"n{number}") for number in (1, 2, 3)))
    for options, wanted in ((["--to-revision=1"], 1), ([], 3)):
        run = act("rollback", twins.reference(kind), "--no-wait", *options)
        twins.kubectl_does("rollout", "undo", twins.reference(kind), *options)

        assert run.code == 0, run
        assert image(await twins.become_the_same(kind)) == f"aurora/backend:{wanted}"


@pytest.mark.parametrize(("kind", "broken"), [("Deployment", CRASH), ("Deployment", PULL), ("DaemonSet", PULL)])
async def test_undo_in_the_middle_of_a_broken_rollout_brings_the_pods_back(
    act: Act, twins: Twins, kind: str, broken: str
) -> None:
    await twins.apply(twins.release(kind, GOOD), twins.release(kind, broken))
    await assert_rollout_is_stuck(twins, STUCK[broken])

    run = act("rollback", twins.reference(kind))
    twins.kubectl_does("rollout", "undo", twins.reference(kind))

    assert run.code == 0, run
    assert "! a rollout is in progress" in run.stdout
    assert "pods complete" in run.stdout.splitlines()[-1]
    assert image(await twins.become_the_same(kind)) == GOOD


async def test_undo_of_a_statefulset_says_that_its_broken_pod_must_be_deleted(act: Act, twins: Twins) -> None:
    """Kubernetes' own limitation ("forced rollback"): the controller waits for a pod that never becomes ready."""
    await twins.apply(twins.release("StatefulSet", GOOD))
    twins.both("rollout", "status", twins.reference("StatefulSet"), "--timeout=30s")
    await twins.apply(twins.release("StatefulSet", PULL))
    await assert_rollout_is_stuck(twins, STUCK[PULL])

    run = act("rollback", twins.reference("StatefulSet"), "--no-wait")
    twins.kubectl_does("rollout", "undo", twins.reference("StatefulSet"))

    assert run.code == 0, run
    assert "! only 1 of 2 pods ready, and a StatefulSet waits for the others" in run.stdout
    found = await twins.become_the_same("StatefulSet")
    assert (image(found), found["status"]["readyReplicas"]) == (GOOD, 1)
    twins.both("delete", "pod", f"{twins.name}-1")
    twins.both("rollout", "status", twins.reference("StatefulSet"), "--timeout=30s")
    await twins.become_the_same("StatefulSet")


async def test_undo_keeps_what_is_no_part_of_a_revision(act: Act, twins: Twins) -> None:
    """Labels and replicas are the Deployment's own; annotations that were added since are dropped, as kubectl does."""
    await twins.apply(twins.release("Deployment", GOOD, note="first"), twins.release("Deployment", BAD, note="second"))
    reference = twins.reference("Deployment")
    twins.both("annotate", reference, "example.com/since=yes")
    twins.both("label", reference, "example.com/since=yes")
    twins.both("scale", reference, "--replicas=3")

    run = act("rollback", reference, "--no-wait")
    twins.kubectl_does("rollout", "undo", reference)

    assert run.code == 0, run
    found = await twins.become_the_same("Deployment")
    assert (found["spec"]["replicas"], image(found)) == (3, GOOD)
    assert found["metadata"]["labels"] == {"example.com/since": "yes"}


async def test_the_undo_of_an_undo_returns_the_annotations_that_the_controller_has_overwritten(
    twins: Twins, kubeconfig: Path, context: str, tmp_path: Path
) -> None:
    """A template that comes back by another way gives its old revision the annotations that the Deployment has then."""
    cause = "kubernetes.io/change-cause"
    releases = [twins.release("Deployment", each) for each in (GOOD, BAD)]
    for release in releases:
        release["metadata"]["annotations"] = {cause: image(release)}
    await twins.apply(*releases)
    cluster = KubernetesCluster(choose(context, str(kubeconfig)))
    journal = Journal(tmp_path)
    path = ActionPath(cluster, journal, protected=False, read_only=False, clock=time.time)

    async def done(verb: Verb, params: Params) -> Record:
        record = await path.execute(await path.plan(verb, DEPLOYMENTS, twins.ours, twins.name, params))
        assert record.outcome is Outcome.DONE, record.message
        reference = twins.reference("Deployment")
        twins.kubectl("rollout", "status", reference, f"--namespace={twins.ours}", "--timeout=60s")
        return record

    try:
        steps = [await done(Verb.UNDO, {}), await done(Verb.IMAGE, {"main": BAD})]
        kept = json.loads(
            twins.kubectl("get", "replicasets", "-l", f"app={twins.name}", f"--namespace={twins.ours}", "-o", "json")
        )["items"]
        assert {each["metadata"]["annotations"][cause] for each in kept if image(each) == BAD} == {GOOD}
        for record in reversed(steps):
            inverse = undo_of(record)
            assert inverse is not None
            await done(*inverse)
        live = await cluster.get(DEPLOYMENTS, twins.ours, twins.name)
        assert (image(live), live["metadata"]["annotations"][cause]) == (BAD, BAD)
    finally:
        journal.close()
        await cluster.close()


def assert_both_refuse(act: Act, twins: Twins, kind: str, *arguments: str, kubectl_says: str, says: str) -> None:
    """kubectl refuses in its words, the program in ours."""
    with pytest.raises(RuntimeError, match=kubectl_says):
        twins.kubectl_does("rollout", "undo", twins.reference(kind), *arguments)
    run = act("rollback", twins.reference(kind), *arguments)
    assert run.code == 1, run
    assert says in run.stderr


async def test_a_paused_deployment_is_not_undone(act: Act, twins: Twins, audit: AuditLog) -> None:
    await twins.apply(twins.release("Deployment", GOOD), twins.release("Deployment", BAD))
    twins.both("rollout", "pause", twins.reference("Deployment"))

    assert_both_refuse(act, twins, "Deployment", kubectl_says="paused", says="is paused: resume its rollout")
    assert await audit.sent() == []


@pytest.mark.parametrize("kind", KINDS)
async def test_what_cannot_be_undone_is_refused_in_words_and_nothing_is_sent(
    act: Act, twins: Twins, audit: AuditLog, kind: str
) -> None:
    await twins.apply(twins.release(kind, GOOD, replicas=0))
    assert_both_refuse(act, twins, kind, kubectl_says="no ", says="no earlier revision to go back to")

    await twins.apply(twins.release(kind, BAD, replicas=0))
    unknown = "unable to find specified revision"
    says = f"{twins.reference(kind)} has no revision 7 in its history (there is: 1, 2)"
    assert_both_refuse(act, twins, kind, "--to-revision=7", kubectl_says=unknown, says=says)

    skipped = twins.kubectl_does("rollout", "undo", twins.reference(kind), "--to-revision=2")
    run = act("rollback", twins.reference(kind), "--to-revision=2")
    assert "current template already matches revision 2" in skipped
    assert run.code == 1, run
    assert "already runs the template of revision 2: nothing to undo" in run.stderr
    assert await audit.sent() == []
