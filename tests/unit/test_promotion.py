"""The verbs for Rollouts: what they send, what they refuse in words, how they are followed and taken back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aurora_tui.actions import ActionPath, Refusal, undo_of
from aurora_tui.cluster.errors import AnswerLostError, ForbiddenError, NotFoundError
from aurora_tui.cluster.resources import HPAS, PODS, ROLLOUTS
from aurora_tui.evidence import Witness
from aurora_tui.journal import Journal
from aurora_tui.model.actions import Outcome, Params, Plan, Recovery, Target, Verb, Verdict
from aurora_tui.model.actions import Rollout as End
from aurora_tui.model.argo import HASH_LABEL
from tests.unit.argoobjects import (
    BLUE_GREEN,
    NEW,
    OLD,
    SINCE,
    STEPS,
    aborted,
    finished,
    live,
    paused,
    rollout,
    under,
)
from tests.unit.fakecluster import Clock, FakeCluster, Object
from tests.unit.rolloutobjects import LABELS, NAME, NAMESPACE

FINAL = "a promotion has no undo: what it leads to can be aborted while it is under way, and rolled back after"
INCONCLUSIVE: Object = {"canary": {"currentStepAnalysisRunStatus": {"name": "x", "status": "Inconclusive"}}}
REFERENCE: Object = {"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "state")


def path_to(cluster: FakeCluster, journal: Journal) -> ActionPath:
    clock = Clock()
    return ActionPath(cluster, journal, protected=False, read_only=False, clock=clock, sleep=clock.sleep)


async def planned(cluster: FakeCluster, journal: Journal, verb: Verb, params: Params | None = None) -> Plan:
    return await path_to(cluster, journal).plan(verb, ROLLOUTS, NAMESPACE, NAME, params or {})


def sent(cluster: FakeCluster) -> tuple[str, Any]:
    """Where the one request went, and what it held but for its guard."""
    ((_, subresource, body),) = cluster.written
    if isinstance(body, list):
        return subresource, body[1:]
    assert body["metadata"]["resourceVersion"]
    return subresource, {key: value for key, value in body.items() if key != "metadata"}


@pytest.mark.parametrize(
    ("verb", "item", "status", "effect"),
    [
        (
            Verb.PROMOTE,
            rollout(**paused()),
            {"pauseConditions": None},
            "promotes rollout/aurora-backend past its pause: step 3 of 5 is next: set weight 60",
        ),
        (
            Verb.PROMOTE,
            rollout(**paused(), currentStepIndex=4),
            {"pauseConditions": None},
            "promotes rollout/aurora-backend past its pause: it was the last step, the new version becomes the stable",
        ),
        (
            Verb.PROMOTE,
            rollout(BLUE_GREEN, **paused("BlueGreenPause")),
            {"pauseConditions": None},
            "promotes rollout/aurora-backend: service web switches to the new version",
        ),
        (
            Verb.PROMOTE,
            rollout(currentStepIndex=3),
            {"pauseConditions": None, "currentStepIndex": 4},
            "skips step 4 of 5 of rollout/aurora-backend (analysis), which runs now",
        ),
        (
            Verb.PROMOTE,
            rollout(**paused("InconclusiveAnalysisRun"), **INCONCLUSIVE, currentStepIndex=3),
            {"pauseConditions": None, "controllerPause": False, "currentStepIndex": 4},
            "promotes rollout/aurora-backend past its pause: step 5 of 5 is next: pause 5m",
        ),
        (
            Verb.PROMOTE_FULL,
            rollout(**paused()),
            {"promoteFull": True},
            "promotes rollout/aurora-backend to its new version at once",
        ),
        (
            Verb.ABORT,
            rollout(**paused()),
            {"abort": True},
            "aborts the update of rollout/aurora-backend: all traffic goes to the stable version",
        ),
        (
            Verb.ABORT,
            rollout(BLUE_GREEN, **paused("BlueGreenPause")),
            {"abort": True},
            "aborts the update of rollout/aurora-backend: service web serves the stable version",
        ),
        (
            Verb.RETRY,
            rollout(**aborted()),
            {"abort": False},
            "retries the aborted update of rollout/aurora-backend, from the first of its 5 steps",
        ),
    ],
)
async def test_a_verb_writes_to_the_status_what_the_plugin_writes(
    journal: Journal, verb: Verb, item: Object, status: Object, effect: str
) -> None:
    cluster = under(item)
    path = path_to(cluster, journal)
    plan = await path.plan(verb, ROLLOUTS, NAMESPACE, NAME, {})
    assert plan.effect.startswith(effect)
    assert plan.diff
    assert cluster.written == []

    record = await path.execute(plan)

    assert record.outcome is Outcome.DONE
    assert sent(cluster) == ("status", {"status": status})
    assert live(cluster)["metadata"]["generation"] == 2
    assert journal.entries()[0].action.verb is verb


async def test_the_preview_shows_the_status_that_changes_and_no_other(journal: Journal) -> None:
    plan = await planned(under(rollout(currentStepIndex=3)), journal, Verb.PROMOTE)
    assert [str(line) for line in plan.diff] == ["- status.currentStepIndex: 3", "+ status.currentStepIndex: 4"]


async def test_without_a_status_of_its_own_the_object_is_patched(journal: Journal) -> None:
    cluster = under(rollout(**paused()))

    def absent() -> None:
        raise NotFoundError("the server could not find the requested resource", status=404)

    cluster.on("get", lambda: None, absent)
    path = path_to(cluster, journal)

    await path.execute(await path.plan(Verb.ABORT, ROLLOUTS, NAMESPACE, NAME, {}))

    assert sent(cluster) == ("", {"status": {"abort": True}})


@pytest.mark.parametrize(
    ("verb", "item", "words"),
    [
        (Verb.PROMOTE, finished(), "no update of rollout/aurora-backend is under way: nothing to promote (Healthy)"),
        (Verb.PROMOTE, rollout(**aborted()), "was aborted: retry it first"),
        (Verb.PROMOTE, rollout(spec={"paused": True}), "is paused by hand: resume it first"),
        (Verb.PROMOTE, rollout(BLUE_GREEN), "waits for no promotion: Progressing: more replicas need to be updated"),
        (Verb.PROMOTE, rollout({"canary": {}}), "waits for no promotion"),
        (Verb.PROMOTE, rollout(currentStepIndex=len(STEPS)), "all steps of rollout/aurora-backend are done"),
        (Verb.PROMOTE, rollout(observedGeneration="1"), "has not seen the newest change"),
        (Verb.PROMOTE_FULL, finished(), "nothing to promote"),
        (Verb.PROMOTE_FULL, rollout(promoteFull=True), "is being promoted fully already"),
        (Verb.PROMOTE_FULL, rollout(**aborted()), "was aborted: retry it first"),
        (Verb.ABORT, finished(), "nothing to abort (to go back, roll it back)"),
        (Verb.ABORT, rollout(**aborted()), "was aborted already"),
        (Verb.ABORT, rollout(stableRS=""), "has no stable version to go back to: this is its first"),
        (Verb.RETRY, rollout(**paused()), "was not aborted: nothing to retry (Paused: CanaryPauseStep)"),
        (Verb.PAUSE, rollout(spec={"paused": True}), "is paused by hand already"),
        (Verb.RESUME, rollout(**paused()), "is not paused by hand: at a pause of its own steps it is promoted"),
        (Verb.UNDO, rollout(spec=REFERENCE), "takes its pods' template from deployment/web: change that one instead"),
        (Verb.IMAGE, rollout(spec=REFERENCE), "takes its pods' template from deployment/web: change that one instead"),
    ],
)
async def test_the_senseless_is_refused_in_words(journal: Journal, verb: Verb, item: Object, words: str) -> None:
    with pytest.raises(Refusal) as refused:
        await planned(under(item), journal, verb, {"backend": NEW} if verb is Verb.IMAGE else {})
    assert words in refused.value.words


async def test_without_argo_rollouts_a_verb_says_that_it_is_not_installed(journal: Journal) -> None:
    cluster = FakeCluster()
    cluster.fail("get", NotFoundError("HTTP 404 Not Found: 404 page not found", status=404))
    with pytest.raises(Refusal, match="Argo Rollouts is not installed: this server does not serve"):
        await planned(cluster, journal, Verb.ABORT)


@pytest.mark.parametrize(
    ("verb", "item", "warning"),
    [
        (Verb.PROMOTE, rollout(**paused()), FINAL),
        (Verb.PROMOTE, rollout(currentStepIndex=3), "it is not paused: what the step would have found out stays"),
        (Verb.PROMOTE_FULL, rollout(**paused()), "its 4 steps to come are skipped, pauses and analysis among them"),
        (Verb.ABORT, rollout(**paused()), "it stays degraded and its template new until it is retried"),
        (
            Verb.ABORT,
            rollout(BLUE_GREEN, blueGreen={"activeSelector": "new", "previewSelector": "new"}),
            "service web already leads to the new version and switches back",
        ),
        (Verb.PROMOTE, rollout(**paused()), "a rollout is in progress and held: Paused: CanaryPauseStep, step 1/5"),
        (Verb.RESTART, finished(), "its pods are evicted: a disruption budget that allows none holds this back"),
    ],
)
async def test_what_one_should_know_before(journal: Journal, verb: Verb, item: Object, warning: str) -> None:
    plan = await planned(under(item), journal, verb)
    assert any(each.startswith(warning) for each in plan.warnings), plan.warnings


@pytest.mark.parametrize(("about_to_end", "replicas"), [(True, 2), (False, 2), (True, 0)])
async def test_a_blue_green_retry_warns_while_the_new_pods_still_run(
    journal: Journal, about_to_end: bool, replicas: int
) -> None:
    cluster = under(rollout(BLUE_GREEN, **aborted()))
    new = cluster.objects["replicasets", NAMESPACE, f"{NAME}-new"]
    new["spec"]["replicas"] = replicas
    if about_to_end:
        new["metadata"]["annotations"]["scale-down-deadline"] = SINCE
    plan = await planned(cluster, journal, Verb.RETRY)
    warned = "the new pods still run: service web switches to them at once, without a pause" in plan.warnings
    assert warned is (about_to_end and replicas > 0)


async def test_argo_cd_reverts_a_template_but_no_status(journal: Journal) -> None:
    cluster = under(rollout(**paused()))
    cluster.change(
        ROLLOUTS,
        NAMESPACE,
        NAME,
        lambda item: item["metadata"].update(labels={"argocd.argoproj.io/instance": "shop"}),
    )
    promoted = await planned(cluster, journal, Verb.PROMOTE)
    rolled_back = await planned(cluster, journal, Verb.UNDO)
    assert not any("Argo CD" in words for words in promoted.warnings)
    assert any("Argo CD application shop" in words for words in rolled_back.warnings)


@pytest.mark.parametrize(
    ("verb", "item", "inverse"),
    [
        (Verb.ABORT, rollout(**paused()), (Verb.RETRY, {})),
        (Verb.RETRY, rollout(**aborted()), (Verb.ABORT, {})),
        (Verb.PROMOTE, rollout(**paused()), None),
        (Verb.PROMOTE_FULL, rollout(**paused()), None),
        (Verb.UNDO, rollout(**paused()), (Verb.UNDO, {"keeper": f"{NAME}-new"})),
        (Verb.PAUSE, rollout(), (Verb.RESUME, {})),
    ],
)
async def test_what_takes_it_back(journal: Journal, verb: Verb, item: Object, inverse: object) -> None:
    path = path_to(under(item), journal)
    assert undo_of(await path.execute(await path.plan(verb, ROLLOUTS, NAMESPACE, NAME, {}))) == inverse


# --- what is followed -----------------------------------------------------------------------------


async def verdict_of(cluster: FakeCluster, journal: Journal, verb: Verb, *then: Object | Callable[[], None]) -> Verdict:
    """Carry a verb out; at each look after the first the controller has come to the next object, or does something."""
    path = path_to(cluster, journal)
    record = await path.execute(await path.plan(verb, ROLLOUTS, NAMESPACE, NAME, {}))
    assert record.outcome is Outcome.DONE

    def controller(item: Object) -> Callable[[], None]:
        return lambda: cluster.change(ROLLOUTS, NAMESPACE, NAME, lambda old: old.update(status=item["status"]))

    cluster.on("get", lambda: None, *(each if callable(each) else controller(each) for each in then))
    *_, last = [step async for step in path.verify(record)]
    assert isinstance(last, Verdict)
    return last


async def test_a_promotion_is_followed_to_the_next_pause(journal: Journal) -> None:
    cluster = under(rollout(**paused()))

    verdict = await verdict_of(
        cluster,
        journal,
        Verb.PROMOTE,
        rollout(currentStepIndex=2),
        rollout(**paused("InconclusiveAnalysisRun"), currentStepIndex=3),
    )

    assert (verdict.rollout, verdict.rollout_seconds) == (End.HELD, 2.0)
    assert verdict.text == "pods held at a pause: Paused: InconclusiveAnalysisRun, step 3/5, weight 60"
    assert verdict.good


async def test_a_full_promotion_is_followed_to_the_end(journal: Journal) -> None:
    verdict = await verdict_of(
        under(rollout(**paused())), journal, Verb.PROMOTE_FULL, rollout(promoteFull=True), finished()
    )
    assert (verdict.rollout, verdict.text) == (End.COMPLETE, "pods complete: 5 pods available")


async def test_an_abort_is_followed_until_the_stable_version_has_its_pods(journal: Journal) -> None:
    cluster = under(rollout(**paused()), old=4)
    stable = cluster.objects["replicasets", NAMESPACE, f"{NAME}-old"]

    def scaled_up() -> None:
        stable["status"]["availableReplicas"] = 5

    verdict = await verdict_of(cluster, journal, Verb.ABORT, rollout(**aborted()), scaled_up)

    assert verdict.rollout is End.COMPLETE
    assert verdict.text.startswith("pods complete: 5 pods of the stable version available (RolloutAborted: ")
    assert verdict.rollout_seconds == 2.0


async def test_an_abort_whose_replicasets_may_not_be_seen_says_so(journal: Journal) -> None:
    cluster = under(rollout(**paused()))
    cluster.on("list", lambda: None, lambda: None)
    path = path_to(cluster, journal)
    record = await path.execute(await path.plan(Verb.ABORT, ROLLOUTS, NAMESPACE, NAME, {}))
    cluster.change(ROLLOUTS, NAMESPACE, NAME, lambda item: item["status"].update(aborted()))
    cluster._reactions.clear()
    cluster.fail("list", ForbiddenError("you may not list replicasets", status=403))

    *_, last = [step async for step in path.verify(record)]

    assert isinstance(last, Verdict)
    assert last.rollout is End.NOT_FOLLOWED
    assert "its ReplicaSets cannot be seen: you may not list replicasets" in last.text


async def test_an_abort_that_somebody_ends_has_failed(journal: Journal) -> None:
    verdict = await verdict_of(under(rollout(**paused())), journal, Verb.ABORT, rollout(**paused()))
    assert (verdict.rollout, verdict.text) == (End.FAILED, "pods failed: something else has since ended the abort")


async def test_a_retry_is_not_judged_by_the_abort_before_it_and_fails_by_a_new_one(journal: Journal) -> None:
    again = aborted()
    again["conditions"][0]["lastUpdateTime"] = "2023-11-14T22:30:00Z"
    verdict = await verdict_of(
        under(rollout(**aborted())), journal, Verb.RETRY, rollout(currentStepIndex=0), rollout(**again)
    )
    assert verdict.rollout is End.FAILED
    assert verdict.rollout_seconds == 2.0
    assert verdict.sli is Recovery.NOT_ASKED


async def test_a_restart_is_complete_when_the_rollout_says_that_all_pods_are_new(journal: Journal) -> None:
    cluster = under(finished())
    path = path_to(cluster, journal)
    record = await path.execute(await path.plan(Verb.RESTART, ROLLOUTS, NAMESPACE, NAME, {}))
    stamp = "2023-11-14T22:13:20Z"
    assert sent(cluster) == ("", {"spec": {"restartAt": stamp}})
    seen = {**finished()["status"], "observedGeneration": "3"}

    def controller(**more: str) -> Callable[[], None]:
        return lambda: cluster.change(ROLLOUTS, NAMESPACE, NAME, lambda old: old.update(status={**seen, **more}))

    cluster.on("get", lambda: None, controller(), controller(restartedAt=stamp))
    *_, last = [step async for step in path.verify(record)]

    assert isinstance(last, Verdict)
    assert (last.rollout, last.rollout_seconds) == (End.COMPLETE, 2.0)


async def test_a_promotion_whose_answer_is_lost_and_that_moved_on_is_not_called_undone(journal: Journal) -> None:
    """A status moves no generation: that it is the same says nothing."""
    cluster = under(rollout(**paused()))
    path = path_to(cluster, journal)
    plan = await path.plan(Verb.PROMOTE, ROLLOUTS, NAMESPACE, NAME, {})

    def lost() -> None:
        cluster.change(
            ROLLOUTS, NAMESPACE, NAME, lambda item: item.update(status=rollout(currentStepIndex=2)["status"])
        )
        raise AnswerLostError("the answer was lost")

    cluster.on("patch done", lost)

    record = await path.execute(plan)

    assert record.outcome is Outcome.UNCERTAIN
    assert "has since changed into something else: look at it" in record.message


async def test_a_promotion_whose_request_never_arrived_is_told_so_though_the_counts_moved(journal: Journal) -> None:
    cluster = under(rollout(**paused()))
    path = path_to(cluster, journal)
    plan = await path.plan(Verb.PROMOTE, ROLLOUTS, NAMESPACE, NAME, {})

    def lost() -> None:
        cluster.change(ROLLOUTS, NAMESPACE, NAME, lambda item: item["status"].update(availableReplicas=4))
        raise AnswerLostError("the answer was lost")

    cluster.on("patch", lost)

    assert (await path.execute(plan)).outcome is Outcome.FAILED


async def test_a_preview_is_void_once_the_rollout_has_gone_on(journal: Journal) -> None:
    cluster = under(rollout(**paused()))
    path = path_to(cluster, journal)
    plan = await path.plan(Verb.PROMOTE, ROLLOUTS, NAMESPACE, NAME, {})
    cluster.change(ROLLOUTS, NAMESPACE, NAME, lambda item: item["status"].update(currentStepIndex=2))

    record = await path.execute(plan)

    assert record.outcome is Outcome.REFUSED
    assert cluster.written == []


# --- the workloads' own verbs ---------------------------------------------------------------------


async def test_an_undo_puts_the_template_of_the_revision_back_and_nothing_else(journal: Journal) -> None:
    cluster = under(rollout(**paused()))
    path = path_to(cluster, journal)
    plan = await path.plan(Verb.UNDO, ROLLOUTS, NAMESPACE, NAME, {})
    assert plan.effect == "rolls rollout/aurora-backend back from revision 2 (2.4.1) to revision 1 (2.4.0)"
    assert not any("steps again" in words for words in plan.warnings), "the stable version needs no steps"

    await path.execute(plan)

    subresource, [operation] = sent(cluster)
    assert (subresource, operation["op"], operation["path"]) == ("", "replace", "/spec/template")
    assert live(cluster)["spec"]["template"] == rollout(image=OLD)["spec"]["template"]
    assert live(cluster)["metadata"]["annotations"] == {"rollout.argoproj.io/revision": "2"}


async def test_an_undo_whose_answer_is_lost_is_found_though_the_controller_has_numbered_it(journal: Journal) -> None:
    cluster = under(rollout(**paused()))
    path = path_to(cluster, journal)
    plan = await path.plan(Verb.UNDO, ROLLOUTS, NAMESPACE, NAME, {})

    def lost() -> None:
        numbered = {"rollout.argoproj.io/revision": "3"}
        cluster.change(ROLLOUTS, NAMESPACE, NAME, lambda item: item["metadata"].update(annotations=numbered))
        raise AnswerLostError("the answer was lost")

    cluster.on("patch done", lost)

    assert (await path.execute(plan)).outcome is Outcome.DONE


async def test_an_undo_to_what_is_not_stable_goes_through_the_steps_again(journal: Journal) -> None:
    plan = await planned(under(finished()), journal, Verb.UNDO)
    assert "that is not the stable version: it goes through its 5 steps again, pauses and analysis among them" in (
        plan.warnings
    )


async def test_the_revision_that_runs_is_nothing_to_undo_whatever_defaults_its_replicaset_has(journal: Journal) -> None:
    cluster = under(rollout(**paused()))
    cluster.objects["replicasets", NAMESPACE, f"{NAME}-new"]["spec"]["template"]["spec"]["dnsPolicy"] = "ClusterFirst"
    with pytest.raises(Refusal, match="already runs the template of revision 2"):
        await planned(cluster, journal, Verb.UNDO, {"revision": 2})


async def test_an_image_is_set_by_its_place_as_no_list_is_merged(journal: Journal) -> None:
    item = rollout(**paused())
    item["spec"]["template"]["spec"]["initContainers"] = [{"name": "first", "image": "i:1"}]
    item["spec"]["template"]["spec"]["containers"].insert(0, {"name": "proxy", "image": "p:1"})
    cluster = under(item)
    path = path_to(cluster, journal)

    await path.execute(await path.plan(Verb.IMAGE, ROLLOUTS, NAMESPACE, NAME, {"backend": OLD, "first": "i:2"}))

    assert sent(cluster)[1] == [
        {"op": "replace", "path": "/spec/template/spec/initContainers/0/image", "value": "i:2"},
        {"op": "replace", "path": "/spec/template/spec/containers/1/image", "value": OLD},
    ]
    containers = live(cluster)["spec"]["template"]["spec"]["containers"]
    assert [each["image"] for each in containers] == ["p:1", OLD]


async def test_a_rollout_is_scaled_by_its_subresource_or_without_a_figure_of_its_own_directly(
    journal: Journal,
) -> None:
    cluster = under(finished())
    path = path_to(cluster, journal)
    await path.execute(await path.plan(Verb.SCALE, ROLLOUTS, NAMESPACE, NAME, {"replicas": 3}))
    assert sent(cluster) == ("scale", {"spec": {"replicas": 3}})

    item = finished()
    del item["spec"]["replicas"]
    cluster = under(item)
    hpa = {"scaleTargetRef": {"kind": "Rollout", "name": NAME}, "minReplicas": 5, "maxReplicas": 9}
    cluster.put(HPAS, {"metadata": {"name": "h", "namespace": NAMESPACE, "uid": "h"}, "spec": hpa})
    path = path_to(cluster, journal)
    plan = await path.plan(Verb.SCALE, ROLLOUTS, NAMESPACE, NAME, {"replicas": 3})
    assert plan.effect == "scales rollout/aurora-backend from 1 to 3 replicas"
    assert "HPA h holds it to 5..9 replicas and will override 3" in plan.warnings
    await path.execute(plan)
    assert sent(cluster) == ("", {"spec": {"replicas": 3}})


@pytest.mark.parametrize(("verb", "field"), [(Verb.PAUSE, True), (Verb.RESUME, None)])
async def test_pause_and_resume_are_the_operators_own(journal: Journal, verb: Verb, field: bool | None) -> None:
    cluster = under(rollout(spec={"paused": True} if verb is Verb.RESUME else {}))
    path = path_to(cluster, journal)
    await path.execute(await path.plan(verb, ROLLOUTS, NAMESPACE, NAME, {}))
    assert sent(cluster) == ("", {"spec": {"paused": field}})


async def test_a_scaled_rollout_in_the_middle_of_an_update_may_keep_a_pod_more(journal: Journal) -> None:
    cluster = under(rollout(**paused()))
    path = path_to(cluster, journal)
    record = await path.execute(await path.plan(Verb.SCALE, ROLLOUTS, NAMESPACE, NAME, {"replicas": 4}))
    cluster.change(ROLLOUTS, NAMESPACE, NAME, lambda item: item["status"].update(observedGeneration="3"))
    *_, last = [step async for step in path.verify(record)]
    assert isinstance(last, Verdict)
    assert last.rollout is End.COMPLETE


# --- what the pods say while it is followed ---------------------------------------------------------


def broken_pod(hash_: str) -> Object:
    """A pod of one version that cannot get its image."""
    waiting = {"name": "backend", "ready": False, "state": {"waiting": {"reason": "ImagePullBackOff"}}}
    meta = {
        "name": f"{NAME}-{hash_}-x",
        "namespace": NAMESPACE,
        "uid": f"uid-{hash_}-x",
        "labels": {**LABELS, HASH_LABEL: hash_},
        "ownerReferences": [{"uid": f"uid-{hash_}", "controller": True, "kind": "ReplicaSet", "name": hash_}],
    }
    status = {"phase": "Pending", "containerStatuses": [waiting]}
    return {"metadata": meta, "spec": {"containers": [{"name": "backend", "image": NEW}]}, "status": status}


@pytest.mark.parametrize(("item", "hash_"), [(rollout(), "new"), (rollout(**aborted()), "old")])
async def test_it_is_a_pod_of_the_version_on_the_way_and_after_an_abort_of_the_stable_one(
    item: Object, hash_: str
) -> None:
    cluster = under(item)
    for each in ("new", "old"):
        cluster.put(PODS, broken_pod(each))
    target = Target("prod", NAMESPACE, "Rollout", NAME, "uid-rollout", "1")

    sighting = await Witness(cluster, target, Clock()).look(item)

    assert sighting.note is not None
    assert sighting.note.text.startswith(f"newest pod {NAME}-{hash_}-x: ImagePullBackOff")
