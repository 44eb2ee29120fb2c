"""The action path: what it plans, what it refuses, and that nothing is ever done twice or unrecorded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from aurora_tui import sending
from aurora_tui.actions import ActionPath, Refusal, undo_of
from aurora_tui.cluster.errors import (
    AnswerLostError,
    ClusterError,
    ConflictError,
    ForbiddenError,
    ThrottledError,
    UnreachableError,
)
from aurora_tui.cluster.resources import (
    BUDGETS,
    DAEMONSETS,
    DEPLOYMENTS,
    HPAS,
    PODS,
    REPLICASETS,
    SERVICES,
    STATEFULSETS,
    Resource,
)
from aurora_tui.journal import Journal
from aurora_tui.model.actions import Outcome, Params, Plan, Record, Verb
from aurora_tui.verbs import VERBS
from tests.unit.fakecluster import Clock, FakeCluster, Object, at_the_terminal
from tests.unit.rolloutobjects import LABELS, NAME, NAMESPACE, image, live, set_template, settle, stack, template
from tests.unit.verbcases import CASES, CHANGES, RELEASES, Case, bad_release, colours

_, GOOD, BAD = RELEASES
LOST = AnswerLostError("the answer was lost")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "state")


def path_to(cluster: FakeCluster, journal: Journal, *, protected: bool = False, read_only: bool = False) -> ActionPath:
    clock = Clock()
    return ActionPath(
        cluster,
        journal,
        protected=protected,
        read_only=read_only,
        clock=clock,
        sleep=clock.sleep,
        terminal=at_the_terminal,
    )


async def planned(path: ActionPath, verb: Verb, resource: Resource = DEPLOYMENTS, **params: int) -> Plan:
    return await path.plan(verb, resource, NAMESPACE, NAME, params)


async def done(path: ActionPath, verb: Verb, params: Params, resource: Resource = DEPLOYMENTS) -> Record:
    record = await path.execute(await path.plan(verb, resource, NAMESPACE, NAME, params))
    assert record.outcome is Outcome.DONE, record.message
    return record


# --- what is planned and sent ---------------------------------------------------------------------


async def test_an_undo_says_which_release_it_leaves_and_which_it_restores(journal: Journal) -> None:
    cluster = bad_release()
    plan = await planned(path_to(cluster, journal), Verb.UNDO)

    assert plan.effect == ("rolls deployment/aurora-backend back from revision 3 (2.4.1) to revision 2 (2.4.0)")
    assert [str(line) for line in plan.diff] == [
        "- spec.template.spec.containers[backend].image: aurora/backend:2.4.1",
        "+ spec.template.spec.containers[backend].image: aurora/backend:2.4.0",
    ]
    assert cluster.written == []


async def test_an_undo_sends_kubectls_patch_under_the_version_that_was_read(journal: Journal) -> None:
    cluster = bad_release()
    cluster.change(DEPLOYMENTS, NAMESPACE, NAME, lambda item: item["metadata"]["annotations"].update(note="now"))
    version = live(cluster)["metadata"]["resourceVersion"]
    path = path_to(cluster, journal)

    await path.execute(await planned(path, Verb.UNDO))

    [(_, _, body)] = cluster.written
    assert body == [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
        {"op": "replace", "path": "/spec/template", "value": GOOD},
        # The revision's annotations, but the Deployment's own revision number.
        {"op": "add", "path": "/metadata/annotations", "value": {"deployment.kubernetes.io/revision": "3"}},
    ]
    assert live(cluster)["spec"]["template"] == GOOD


@pytest.mark.parametrize("resource", [STATEFULSETS, DAEMONSETS])
async def test_an_undo_of_other_kinds_sends_the_controller_revisions_own_patch(
    journal: Journal, resource: Resource
) -> None:
    cluster = stack(resource, GOOD, BAD)
    path = path_to(cluster, journal)

    await path.execute(await planned(path, Verb.UNDO, resource))

    [(_, _, body)] = cluster.written
    assert body["spec"] == {"template": {**GOOD, "$patch": "replace"}}
    assert live(cluster, resource)["spec"]["template"] == GOOD


async def test_a_chosen_revision_is_restored_and_the_undo_of_the_undo_leads_back(journal: Journal) -> None:
    cluster = bad_release()
    path = path_to(cluster, journal)

    record = await done(path, Verb.UNDO, {"revision": 1})
    assert image(cluster) == "aurora/backend:2.3.9"
    settle(cluster)
    inverse = undo_of(record)
    assert inverse == (Verb.UNDO, {"keeper": "aurora-backend-3", "annotations": "{}"})
    await done(path, *inverse)

    assert image(cluster) == "aurora/backend:2.4.1"


@pytest.mark.parametrize("resource", [DEPLOYMENTS, STATEFULSETS, DAEMONSETS])
async def test_a_restart_stamps_the_template_and_nothing_else(journal: Journal, resource: Resource) -> None:
    cluster = stack(resource, GOOD)
    path = path_to(cluster, journal)

    record = await path.execute(await planned(path, Verb.RESTART, resource))

    stamp = "2023-11-14T22:13:20Z"
    metadata = live(cluster, resource)["spec"]["template"]["metadata"]
    assert metadata == {**GOOD["metadata"], "annotations": {"kubectl.kubernetes.io/restartedAt": stamp}}
    assert live(cluster, resource)["spec"]["template"]["spec"] == GOOD["spec"]
    assert record.action.before == {"restarted_at": None}
    assert record.action.after == {"restarted_at": stamp}
    assert undo_of(record) is None


async def test_a_scale_goes_through_the_subresource_and_can_be_taken_back(journal: Journal) -> None:
    cluster = bad_release()
    path = path_to(cluster, journal)
    plan = await planned(path, Verb.SCALE, replicas=5)
    assert plan.effect == "scales deployment/aurora-backend from 3 to 5 replicas"
    assert [str(line) for line in plan.diff] == ["- spec.replicas: 3", "+ spec.replicas: 5"]

    record = await path.execute(plan)

    assert [(name, subresource) for name, subresource, _ in cluster.written] == [(f"deployments/{NAME}", "scale")]
    assert live(cluster)["spec"]["replicas"] == 5
    assert (record.action.before, record.action.after) == ({"replicas": 3}, {"replicas": 5})
    assert undo_of(record) == (Verb.SCALE, {"replicas": 3})


async def test_a_scale_to_nothing_is_shown_and_warned_about(journal: Journal) -> None:
    cluster = bad_release()
    path = path_to(cluster, journal)
    plan = await planned(path, Verb.SCALE, replicas=0)

    assert [str(line) for line in plan.diff] == ["- spec.replicas: 3", "+ spec.replicas: 0"]
    assert plan.warnings == ("0 replicas: every pod is stopped, nothing serves",)
    await path.execute(plan)
    assert live(cluster)["spec"]["replicas"] == 0


async def test_a_canary_that_is_scaled_to_nothing_leaves_what_its_service_selects_besides(journal: Journal) -> None:
    cluster = bad_release()
    cluster.change(
        DEPLOYMENTS, NAMESPACE, NAME, lambda item: item["spec"]["template"]["metadata"]["labels"].update(tier="web")
    )
    meta = {"name": "web", "namespace": NAMESPACE, "uid": "s"}
    cluster.put(SERVICES, {"metadata": meta, "spec": {"selector": {"tier": "web"}}})
    ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    for name, labels in (("stable-1", {}), ("own-1", LABELS)):
        pod = {"name": name, "namespace": NAMESPACE, "uid": name, "labels": {**labels, "tier": "web"}}
        cluster.put(PODS, {"metadata": pod, "spec": {}, "status": ready})
    plan = await planned(path_to(cluster, journal), Verb.SCALE, replicas=0)
    left = "service/web goes on with 1 other ready pod"
    assert plan.warnings[0] == f"0 replicas: every pod of it is stopped; {left}"


# --- what is refused before anything is sent --------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "params", "change", "words"),
    [
        (Verb.UNDO, {}, lambda item: item["spec"].update(paused=True), "paused"),
        (Verb.RESTART, {}, lambda item: item["spec"].update(paused=True), "paused"),
        (Verb.RESTART, {}, lambda item: item["spec"].update(replicas=0), "no pod to restart"),
        (Verb.UNDO, {"revision": 9}, lambda item: None, "no revision 9 in its history (there is: 1, 2, 3)"),
        (Verb.UNDO, {"revision": 3}, lambda item: None, "already runs the template of revision 3"),
        (Verb.SCALE, {"replicas": 3}, lambda item: None, "already has 3 replicas"),
        (Verb.SCALE, {}, lambda item: None, "say how many replicas"),
        (Verb.SCALE, {"replicas": -1}, lambda item: None, "say how many replicas"),
        (Verb.SCALE, {"replicas": 5}, lambda item: item["metadata"].update(deletionTimestamp="x"), "deleted"),
    ],
)
async def test_the_senseless_is_refused_in_words(
    journal: Journal, verb: Verb, params: Params, change: Callable[[Object], None], words: str
) -> None:
    cluster = bad_release()
    cluster.change(DEPLOYMENTS, NAMESPACE, NAME, change)

    with pytest.raises(Refusal) as refused:
        await path_to(cluster, journal).plan(verb, DEPLOYMENTS, NAMESPACE, NAME, params)

    assert words in refused.value.words


async def test_a_first_release_has_nothing_to_go_back_to(journal: Journal) -> None:
    with pytest.raises(Refusal, match="no earlier revision"):
        await planned(path_to(stack(DEPLOYMENTS, GOOD), journal), Verb.UNDO)


async def test_a_verb_is_refused_for_kinds_it_does_not_apply_to(journal: Journal) -> None:
    with pytest.raises(Refusal, match="scale does not apply to a daemonset"):
        await planned(path_to(stack(DAEMONSETS, GOOD), journal), Verb.SCALE, DAEMONSETS, replicas=1)


@pytest.mark.parametrize(
    ("context", "reason", "words"),
    [
        (None, "INC-7", "type its name"),
        ("staging", "INC-7", "type its name"),
        ("prod", None, "give a reason"),
        ("prod", "  ", "give a reason"),
    ],
)
async def test_a_protected_context_wants_its_name_and_a_reason(
    journal: Journal, context: str | None, reason: str | None, words: str
) -> None:
    cluster = bad_release()
    path = path_to(cluster, journal, protected=True)
    plan = await planned(path, Verb.UNDO)
    assert plan.protected

    record = await path.execute(plan, confirmed_context=context, reason=reason)

    assert record.outcome is Outcome.REFUSED
    assert words in record.message
    assert cluster.written == []
    assert journal.entries() == []


def test_every_verb_is_tested() -> None:
    assert sorted(case.verb for case in CASES) == sorted(Verb)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_read_only_previews_and_never_sends(journal: Journal, case: Case) -> None:
    cluster = case.make()
    path = path_to(cluster, journal, read_only=True)
    plan = await case.plan(path)
    assert plan.effect
    assert (plan.expected is None) == case.is_open, "the server did not try it"
    assert plan.problems == ("this session is read-only",)

    record = await path.execute(plan)

    assert record.outcome is Outcome.REFUSED
    assert cluster.written == []


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_the_right_that_a_key_is_offered_by_is_the_one_that_its_request_needs(
    journal: Journal, case: Case
) -> None:
    plan = await case.plan(path_to(case.make(), journal))
    verb, resource, subresource = sending.right(case.resource, plan.request)
    right = VERBS[case.verb].right
    assert (right.verb, right.kind or case.resource.kind, right.subresource) == (verb, resource.kind, subresource)


async def test_a_plan_made_elsewhere_is_not_executed_read_only_nor_on_another_context(journal: Journal) -> None:
    cluster = bad_release()
    plan = await planned(path_to(cluster, journal), Verb.UNDO)

    record = await path_to(cluster, journal, read_only=True).execute(plan)
    assert (record.outcome, record.message) == (Outcome.REFUSED, "this session is read-only")

    staging = bad_release("staging")
    record = await path_to(staging, journal).execute(plan)
    assert record.outcome is Outcome.REFUSED
    assert cluster.written == staging.written == []


async def test_a_missing_right_is_told_and_nothing_is_tried(journal: Journal) -> None:
    cluster = bad_release()
    cluster.denied["patch", "deployments", "scale"] = "viewers only look"
    cluster.fail("dry run", AssertionError("a forbidden change was tried"))
    path = path_to(cluster, journal)
    plan = await planned(path, Verb.SCALE, replicas=5)

    assert plan.problems == ("you may not patch deployments.apps/scale in namespace aurora: viewers only look",)
    assert (await path.execute(plan)).outcome is Outcome.REFUSED
    assert cluster.written == []


# --- between the preview and the request --------------------------------------------------------------


@pytest.mark.parametrize("step", ["get", "patch"])
async def test_a_change_by_another_hand_voids_the_preview(journal: Journal, step: str) -> None:
    cluster = bad_release()
    path = path_to(cluster, journal)
    plan = await planned(path, Verb.UNDO)
    newer = template("aurora/backend:2.4.2")
    cluster.on(step, lambda: cluster.change(DEPLOYMENTS, NAMESPACE, NAME, lambda item: set_template(item, newer)))

    record = await path.execute(plan)

    assert record.outcome is Outcome.REFUSED
    assert "changed since the preview" in record.message
    assert image(cluster) == "aurora/backend:2.4.2"


async def test_an_annotation_that_an_undo_would_overwrite_voids_the_preview(journal: Journal) -> None:
    cluster = bad_release()
    path = path_to(cluster, journal)
    plan = await planned(path, Verb.UNDO)
    cluster.change(DEPLOYMENTS, NAMESPACE, NAME, lambda item: item["metadata"]["annotations"].update(hold="yes"))

    assert (await path.execute(plan)).outcome is Outcome.REFUSED
    assert live(cluster)["metadata"]["annotations"]["hold"] == "yes"


@pytest.mark.parametrize("step", ["get", "patch"])
async def test_a_namesake_made_since_the_preview_is_not_touched(journal: Journal, step: str) -> None:
    cluster = bad_release()
    path = path_to(cluster, journal)
    plan = await planned(path, Verb.UNDO)
    cluster.on(
        step,
        lambda: cluster.change(DEPLOYMENTS, NAMESPACE, NAME, lambda item: item["metadata"].update(uid="2")),
    )

    record = await path.execute(plan)

    assert record.outcome is Outcome.REFUSED
    assert "replaced by another object" in record.message
    assert cluster.written == []


async def test_a_rollout_that_only_moves_the_status_and_an_autoscaler_do_not_hold_an_undo_back(
    journal: Journal,
) -> None:
    cluster = bad_release()
    path = path_to(cluster, journal)
    plan = await planned(path, Verb.UNDO)

    def flap() -> None:
        cluster.change(DEPLOYMENTS, NAMESPACE, NAME, lambda item: item["status"].update(readyReplicas=1))
        cluster.change(DEPLOYMENTS, NAMESPACE, NAME, lambda item: item["spec"].update(replicas=4))

    cluster.on("patch", flap, flap)

    record = await path.execute(plan)

    assert record.outcome is Outcome.DONE
    assert len(cluster.written) == 1
    assert live(cluster)["spec"]["replicas"] == 4


async def test_an_object_that_never_stands_still_is_given_up(journal: Journal) -> None:
    cluster = bad_release()
    path = path_to(cluster, journal)
    plan = await planned(path, Verb.UNDO)
    cluster.fail("patch", *[ConflictError("modified", status=409)] * 50)

    record = await path.execute(plan)

    assert record.outcome is Outcome.REFUSED
    assert cluster.written == []


async def test_without_a_journal_nothing_is_sent(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    cluster = bad_release()
    path = path_to(cluster, Journal(tmp_path / "state"))

    record = await path.execute(await planned(path, Verb.UNDO))

    assert record.outcome is Outcome.REFUSED
    assert "nothing was sent: the journal" in record.message
    assert cluster.written == []


async def test_the_intent_is_in_the_journal_before_the_request_goes_out(journal: Journal) -> None:
    cluster = bad_release()
    path = path_to(cluster, journal, protected=True)
    plan = await planned(path, Verb.UNDO)
    seen: list[Outcome] = []
    cluster.on("patch", lambda: seen.extend(entry.outcome for entry in journal.unfinished()))

    await path.execute(plan, confirmed_context="prod", reason="INC-7, password=hunter2")

    assert seen == [Outcome.UNCERTAIN]
    [entry] = journal.entries()
    assert (entry.outcome, entry.reason) == (Outcome.DONE, "INC-7, password=(hidden)")
    assert entry.operator.kube_user == "alice@example.org"
    assert entry.action.before["revision"] == 3


# --- faults between every two steps -------------------------------------------------------------------

FAULTS: list[ClusterError] = [
    LOST,
    ConflictError("modified", status=409),
    ForbiddenError("forbidden", status=403),
    ThrottledError("slow down", retry_after=1.0),
    ClusterError("internal error", status=500),
    ClusterError("gateway timeout", status=504),
    UnreachableError("no connection"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{type(fault).__name__}-{fault.status}")
@pytest.mark.parametrize("step", ["get", "user", "patch"])
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_fault_before_the_change_never_reads_as_done(
    journal: Journal, case: Case, step: str, fault: ClusterError
) -> None:
    cluster = case.make()
    path = path_to(cluster, journal)
    plan = await case.plan(path)
    before = plan.basis
    # A conflict repeats until it is given up: otherwise the second attempt rightly succeeds.
    repeats = 50 if isinstance(fault, ConflictError) and step == "patch" else 1
    cluster.fail(step, *[fault] * repeats)

    record = await path.execute(plan)

    assert record.outcome is not Outcome.DONE
    assert cluster.written == []
    assert (await case.plan(path)).basis == before
    assert [entry.outcome for entry in journal.entries()] == ([record.outcome] if step == "patch" else [])


@pytest.mark.parametrize("fault", [LOST, ClusterError("gateway timeout", status=504)])
@pytest.mark.parametrize("case", CHANGES, ids=str)
async def test_a_lost_answer_is_found_out_from_the_cluster(journal: Journal, case: Case, fault: ClusterError) -> None:
    cluster = case.make()
    path = path_to(cluster, journal)
    plan = await case.plan(path)
    cluster.fail("patch done", fault)

    record = await path.execute(plan)

    assert record.outcome is Outcome.DONE
    assert "the cluster shows that it was carried out" in record.message
    assert len(cluster.written) == 1
    assert journal.entries()[0].outcome is Outcome.DONE


async def test_a_lost_answer_stays_uncertain_while_the_cluster_cannot_be_asked(journal: Journal) -> None:
    cluster = bad_release()
    path = path_to(cluster, journal)
    plan = await planned(path, Verb.UNDO)
    cluster.fail("patch done", LOST)
    cluster.on("patch", lambda: cluster.fail("get", *[UnreachableError("no connection")] * 9))

    record = await path.execute(plan)

    assert record.outcome is Outcome.UNCERTAIN
    assert "could not be asked" in record.message
    assert len(cluster.written) == 1


async def test_a_lost_request_is_told_as_not_carried_out_once_it_can_no_longer_arrive(
    journal: Journal,
) -> None:
    cluster = bad_release()
    path = path_to(cluster, journal)
    plan = await planned(path, Verb.UNDO)

    def lose() -> None:
        cluster.change(DEPLOYMENTS, NAMESPACE, NAME, lambda item: item["status"].update(readyReplicas=2))
        raise LOST

    cluster.on("patch", lose)

    record = await path.execute(plan)

    assert record.outcome is Outcome.FAILED
    assert "was not carried out" in record.message


@pytest.mark.parametrize(
    ("step", "color", "outcome"), [("patch done", "red", Outcome.UNCERTAIN), ("patch", "blue", Outcome.FAILED)]
)
async def test_where_no_generation_is_counted_the_object_itself_tells_of_a_lost_answer(
    journal: Journal, step: str, color: str, outcome: Outcome
) -> None:
    cluster = colours(blue=1, green=1)
    path = path_to(cluster, journal)
    plan = await path.plan(Verb.SWITCH, SERVICES, NAMESPACE, NAME, {"color": "green"})

    def lose() -> None:
        cluster.change(SERVICES, NAMESPACE, NAME, lambda item: item["spec"]["selector"].update(color=color))
        raise LOST

    cluster.on(step, lose)

    assert (await path.execute(plan)).outcome is outcome


async def test_a_lost_answer_with_another_change_on_top_stays_uncertain(journal: Journal) -> None:
    cluster = bad_release()
    path = path_to(cluster, journal)
    plan = await planned(path, Verb.UNDO)
    cluster.fail("patch done", LOST)
    newer = template("aurora/backend:2.4.2")

    def overwrite() -> None:
        cluster.on(
            "get",
            lambda: cluster.change(DEPLOYMENTS, NAMESPACE, NAME, lambda item: set_template(item, newer)),
        )

    cluster.on("patch", overwrite)

    record = await path.execute(plan)

    assert record.outcome is Outcome.UNCERTAIN
    assert "look at it" in record.message


@pytest.mark.parametrize("step", ["patch", "patch done"])
async def test_a_program_killed_in_between_leaves_an_uncertain_entry(tmp_path: Path, step: str) -> None:
    cluster = bad_release()
    path = path_to(cluster, Journal(tmp_path))
    plan = await planned(path, Verb.UNDO)
    cluster.fail(step, asyncio.CancelledError())

    with pytest.raises(asyncio.CancelledError):
        await path.execute(plan)

    [entry] = Journal(tmp_path).unfinished()
    assert entry.outcome is Outcome.UNCERTAIN
    assert "no outcome was recorded" in entry.message


# --- warnings ------------------------------------------------------------------------------------------


def hpa(least: int, most: int) -> Object:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME}
    meta = {"name": NAME, "namespace": NAMESPACE}
    return {
        "metadata": meta,
        "spec": {"scaleTargetRef": reference, "minReplicas": least, "maxReplicas": most},
    }


@pytest.mark.parametrize(
    ("replicas", "words"),
    [
        (5, "HPA aurora-backend sets the replicas (3..20) and may override 5"),
        (30, "HPA aurora-backend holds it to 3..20 replicas and will override 30"),
        (0, "HPA aurora-backend stops working while there are 0 replicas"),
    ],
)
async def test_a_scale_says_what_the_autoscaler_will_do(journal: Journal, replicas: int, words: str) -> None:
    cluster = bad_release()
    cluster.put(HPAS, hpa(3, 20))

    plan = await planned(path_to(cluster, journal), Verb.SCALE, replicas=replicas)

    assert any(words in warning for warning in plan.warnings)


async def test_warnings_tell_who_reverts_and_what_is_under_way(journal: Journal) -> None:
    cluster = bad_release()
    budget = {
        "metadata": {"name": "backend", "namespace": NAMESPACE},
        "spec": {"selector": {"matchLabels": {"app": NAME}}},
        "status": {"disruptionsAllowed": 0, "currentHealthy": 2, "desiredHealthy": 2},
    }
    cluster.put(BUDGETS, budget)

    def manage(item: Object) -> None:
        item["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"] = "shop:apps/Deployment:aurora/x"
        item["metadata"]["labels"] = {"kustomize.toolkit.fluxcd.io/name": "apps"}
        item["status"]["updatedReplicas"] = 1

    cluster.change(DEPLOYMENTS, NAMESPACE, NAME, manage)

    plan = await planned(path_to(cluster, journal), Verb.RESTART)

    assert plan.warnings == (
        "Argo CD application shop manages it and may revert this on its next sync",
        "Flux Kustomization apps manages it and will revert this on its next reconciliation",
        "a rollout is in progress: 1 of 3 pods are of the new revision",
        "PDB backend allows 0 disruptions now (2 healthy, 2 wanted), and does not hold this back",
    )


async def test_helm_is_named_as_the_manager(journal: Journal) -> None:
    cluster = bad_release()
    labels = {"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": "aurora"}
    cluster.change(DEPLOYMENTS, NAMESPACE, NAME, lambda item: item["metadata"].update(labels=labels))

    plan = await planned(path_to(cluster, journal), Verb.RESTART)

    assert plan.warnings == ("Helm release aurora manages it: the next upgrade puts its own values back",)


async def test_a_replicaset_of_a_deployment_says_who_will_set_it_back(journal: Journal) -> None:
    cluster = stack(DEPLOYMENTS, GOOD)
    meta = {
        "name": NAME, "namespace": NAMESPACE, "uid": "u", "generation": 1,
        "ownerReferences": [{"kind": "Deployment", "name": "shop", "uid": "d", "controller": True}],
    }  # fmt: skip
    cluster.put(REPLICASETS, {"metadata": meta, "spec": {"replicas": 2, "template": GOOD}, "status": {}})

    plan = await planned(path_to(cluster, journal), Verb.SCALE, REPLICASETS, replicas=1)

    assert any("Deployment shop controls it" in warning for warning in plan.warnings)


async def test_a_server_that_cannot_preview_is_told_and_does_not_hold_the_action_back(
    journal: Journal,
) -> None:
    cluster = bad_release()
    cluster.fail("dry run", ClusterError("admission webhook x does not support dry run", status=400))
    path = path_to(cluster, journal)

    plan = await planned(path, Verb.UNDO)

    assert plan.diff == ()
    assert any("cannot preview" in warning for warning in plan.warnings)
    assert (await path.execute(plan)).outcome is Outcome.DONE


# --- secrets, and the way back -----------------------------------------------------------------------


async def test_no_password_of_a_template_reaches_journal_or_preview(tmp_path: Path) -> None:
    old = template("aurora/backend:2.4.0", DB_PASSWORD="hunter2", MODE="slow")
    new = template("aurora/backend:2.4.1", DB_PASSWORD="hunter3", MODE="fast")
    cluster = stack(DEPLOYMENTS, old, new)
    path = path_to(cluster, Journal(tmp_path))
    plan = await planned(path, Verb.UNDO)

    record = await path.execute(plan)

    assert live(cluster)["spec"]["template"] == old
    assert "- spec.template.spec.containers[backend].env[MODE].value: fast" in map(str, plan.diff)
    assert "+ spec.template.spec.containers[backend].env[DB_PASSWORD].value: (hidden)" in map(str, plan.diff)
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"slow" in stored
    assert b"hunter" not in stored + repr((plan, record)).encode()
