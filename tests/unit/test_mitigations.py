"""What would stop the harm: the first suggestion for each cause, what speaks against it, and what is never first."""

from __future__ import annotations

from typing import Any

import pytest

from aurora_tui.incident.analyzers import diagnose
from aurora_tui.incident.mitigations import mitigations
from aurora_tui.incident.situation import Figures, Load, Pool, Situation, Subject
from aurora_tui.model.actions import Verb
from aurora_tui.model.changes import Change, ChangeKind
from aurora_tui.model.findings import Cause, Mitigation, Procedure
from aurora_tui.model.frozen import replace
from aurora_tui.model.selection import ObjectRef
from aurora_tui.verbs import VERBS
from tests.unit.situations import (
    CART,
    DB,
    ONSET,
    alert,
    at,
    deployment,
    event,
    log,
    meta,
    node,
    owner,
    pod,
    rollout,
    shop,
)
from tests.unit.test_analyzers_trouble import beside, configured, hpa, issued, with_canary

CRASHED: dict[str, Any] = {
    "ready": False,
    "restartCount": 5,
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": at(500)}},
}
KILLED: dict[str, Any] = {
    "restartCount": 2,
    "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": at(500)}},
}
UNPULLED: dict[str, Any] = {"ready": False, "state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}}


def ranked(situation: Situation) -> tuple[Mitigation, ...]:
    return mitigations(situation, diagnose(situation))


def first(situation: Situation) -> tuple[Verb | Procedure | None, str, dict[str, Any]]:
    best = ranked(situation)[0]
    assert best.rank == 1
    return best.verb, str(best.ref), dict(best.parameters)


def crashing(**more: Any) -> Situation:
    return shop(pod("cart-aaa-1", **CRASHED), pod("cart-aaa-2", **CRASHED), **more)


def database_down(*more: dict[str, Any], **status: Any) -> Situation:
    pods = [pod("cart-aaa-1"), pod("cart-aaa-2"), *more]
    if status:
        pods.append(pod("db-0", of=("StatefulSet", "db"), **status))
    said = log("cart-aaa-1", "Connection to db:5432 refused", begin=5)
    return shop(listed={"Pod": pods}, logs=(said,), alerts=(alert(), alert("db", "ServiceDown")))


def test_what_is_acted_on_is_not_to_be_spared_at_the_same_time_nor_restarted_where_it_is() -> None:
    both = replace(database_down(), changes=(rollout(60),), logs=(log("cart-bbb-1", "level=error msg=boom", begin=5),))
    offers = ranked(both)
    own = [each for each in offers if each.ref == CART and each.verb is not None]
    assert [each.verb for each in own] == [Verb.UNDO]
    assert not [each for each in offers if each.words.startswith("don't touch") and each.rank > own[0].rank]


def test_where_nothing_is_found_nothing_is_suggested() -> None:
    assert ranked(shop(troubled=False)) == ()
    assert ranked(shop()) == ()


def test_a_bad_release_is_rolled_back() -> None:
    assert first(shop(changes=(rollout(60),))) == (Verb.UNDO, "deployment/cart", {})


@pytest.mark.parametrize("status", [CRASHED, KILLED, UNPULLED], ids=["crash loop", "memory", "image"])
def test_what_breaks_with_a_release_is_rolled_back_before_it_is_restarted(status: dict[str, Any]) -> None:
    pods = (pod("cart-aaa-1", **status), pod("cart-aaa-2", **status))
    offers = ranked(shop(*pods, changes=(rollout(60),)))
    assert (offers[0].verb, str(offers[0].ref)) == (Verb.UNDO, "deployment/cart")
    assert sum(each.verb is Verb.UNDO for each in offers) == 1, "told once for all that it answers"


def test_without_a_release_there_is_nothing_to_roll_back() -> None:
    assert {each.verb for each in ranked(crashing())} == {Verb.RESTART}


def test_what_is_killed_for_memory_without_a_release_gets_more_of_it_and_a_restart_is_known_to_gain_seconds() -> None:
    offers = ranked(shop(pod("cart-aaa-1", **KILLED), pod("cart-aaa-2", **KILLED)))
    assert [each.verb for each in offers] == [None, Verb.SCALE, Verb.RESTART]
    more, spread, again = offers
    assert more.words == "raise the memory limit of deployment/cart, in its manifest"
    assert more.how == "kubectl -n shop set resources deployment/cart -c app --limits=memory=512Mi"
    assert "what keeps its manifest will set it back" in more.against
    assert spread.words == "scale deployment/cart out to 3: less of the load for each"
    assert "what grows without load grows in the new ones as well" in spread.against
    assert any(words.startswith("it gains seconds") for words in again.against)


def test_what_nobody_feels_is_not_scaled_out_for_its_memory() -> None:
    calm = shop(pod("cart-aaa-1", **KILLED), pod("cart-aaa-2"), troubled=False)
    assert [each.verb for each in ranked(calm)] == [None, Verb.RESTART]


def test_a_release_that_ran_long_without_harm_is_told_so_before_it_is_rolled_back() -> None:
    pods = (pod("cart-aaa-1", **KILLED), pod("cart-aaa-2", **KILLED))
    near, far = (ranked(shop(*pods, changes=(rollout(gap),)))[0] for gap in (60, 3000))
    told = "it was rolled out 50m before the onset, and did well that long"
    assert (near.verb, far.verb) == (Verb.UNDO, Verb.UNDO)
    assert told in far.against
    assert not [words for words in near.against if "did well" in words]


def back(release: Change, gap: float) -> Change:
    """The rollback of a release, so many seconds before the onset."""
    diff = tuple(replace(line, sign="-" if line.sign == "+" else "+") for line in release.diff)
    return replace(rollout(gap), words="revision 3: 2 → 1", diff=diff)


@pytest.mark.parametrize(
    "status",
    [CRASHED, KILLED, UNPULLED, {"ready": False, "since": 100}],
    ids=["crash loop", "memory", "image", "not ready"],
)
def test_what_was_rolled_back_already_is_not_given_the_bad_release_again(status: dict[str, Any]) -> None:
    pods = (pod("cart-aaa-1", **status), pod("cart-aaa-2", **status))
    changes = (rollout(60), back(rollout(60), -550))
    told = {"Event": [event("cart-aaa-1", "Unhealthy", "Readiness probe failed: 503")]}
    assert ranked(shop(*pods, changes=changes[:1], listed={**told}))[0].verb is Verb.UNDO
    offers = ranked(shop(*pods, changes=changes, listed=told))
    assert offers
    assert Verb.UNDO not in {each.verb for each in offers}


def given(image: str, number: int, created: float, restarted: str = "") -> dict[str, Any]:
    """A ReplicaSet of the cart, made so many seconds after the onset, with its revision's number."""
    made = meta(f"cart-{image}{restarted}", created, ownerReferences=owner("Deployment", "cart"))
    made["annotations"] = {"deployment.kubernetes.io/revision": str(number)}
    return {"metadata": made, "spec": {"template": running(image, restarted)["spec"]["template"]}}


def running(image: str, restarted: str = "") -> dict[str, Any]:
    item = deployment()
    template = item["spec"]["template"]
    template["spec"]["containers"][0]["image"] = f"cart:{image}"
    if restarted:
        template["metadata"]["annotations"] = {"kubectl.kubernetes.io/restartedAt": restarted}
    return item


def undone(now: dict[str, Any], *kept: dict[str, Any]) -> list[dict[str, Any]]:
    """What an undo is told of pods that crash since the release a minute before the onset."""
    pods = [pod("cart-aaa-1", **CRASHED), pod("cart-aaa-2", **CRASHED)]
    listed = {"Deployment": [now], "ReplicaSet": [*kept], "Pod": pods}
    offers = ranked(shop(listed=listed, changes=(rollout(60),)))
    return [dict(each.parameters) for each in offers if each.verb is Verb.UNDO]


def test_a_rollback_is_known_by_its_replicaset_before_any_pod_of_it_is_available() -> None:
    assert undone(running("2"), given("1", 1, -9000), given("2", 2, -60)) == [{}]
    assert undone(running("1"), given("1", 3, -9000), given("2", 2, -60)) == []
    assert undone(running("1"), given("1", 1, -9000), given("2", 2, -60)) == [], "its number is still to be written"
    again = (given("1", 3, -9000), given("2", 2, -60), given("1", 4, 30, "later"))
    assert undone(running("1", "later"), *again) == [], "restarted since"


def test_what_was_only_restarted_since_a_bad_release_goes_back_to_before_it() -> None:
    kept = (given("1", 1, -9000), given("2", 2, -60), given("2", 3, 30, "later"))
    assert undone(running("2", "later"), *kept) == [{"keeper": "cart-1"}]
    assert undone(running("2", "later"), *kept[1:]) == [], "a restart is nothing to go back from"


def updating(abort: bool = False, stable: str = "old", errors: dict[str, float] | None = None) -> Situation:
    """A Rollout of Argo Rollouts whose new version serves beside the stable one."""
    status = {"currentPodHash": "new", "stableRS": stable, **({"abort": True} if abort else {})}
    item = {"metadata": meta("cart"), "spec": {"replicas": 2}, "status": status}
    ref = ObjectRef("Rollout", "shop", "cart")

    def of(name: str, hash_: str, created: float) -> dict[str, Any]:
        made = pod(name, created=created)
        made["metadata"]["labels"] = {"rollouts-pod-template-hash": hash_}
        made["metadata"]["ownerReferences"][0]["name"] = f"cart-{hash_}"
        return made

    pods = [of("cart-new-1", "new", -60), of("cart-old-1", "old", -9000), pod("db-0", of=("StatefulSet", "db"))]
    listed = {"Rollout": [item], "Pod": pods}
    change = replace(rollout(60, ref), own=True)
    subject = Subject("shop", "cart", ref, ONSET, "HighErrorRate")
    return shop(listed=listed, changes=(change,), subject=subject, figures=Figures(errors=errors or {}))


def test_a_rollout_on_its_way_is_aborted_and_one_that_has_arrived_is_rolled_back() -> None:
    bad = {"cart-new-1": 0.5, "cart-old-1": 0.0}
    assert first(updating(errors=bad)) == (Verb.ABORT, "rollout/cart", {})
    assert first(updating()) == (Verb.ABORT, "rollout/cart", {}), "also where no metric tells its versions apart"
    assert sum(each.verb is Verb.ABORT for each in ranked(updating(errors=bad))) == 1, "told once for both findings"
    assert first(updating(stable="new", errors=bad)) == (Verb.UNDO, "rollout/cart", {})
    assert Verb.ABORT not in {each.verb for each in ranked(updating(abort=True, errors=bad))}


def test_a_new_version_that_serves_where_the_stable_one_fails_is_promoted() -> None:
    better = {"cart-new-1": 0.0, "cart-old-1": 0.5}
    offers = ranked(updating(errors=better))
    assert (offers[0].verb, str(offers[0].ref)) == (Verb.PROMOTE_FULL, "rollout/cart")
    assert "the steps and analyses that are left are skipped" in offers[0].against
    as_bad = {"cart-new-1": 0.3, "cart-old-1": 0.5}
    assert Verb.PROMOTE_FULL not in {each.verb for each in ranked(updating(errors=as_bad))}


def test_an_edited_key_is_set_back_and_the_restart_that_it_takes_is_told() -> None:
    situation = configured({"URL": "bad"}, {"URL": "good"})
    assert first(situation) == (Verb.FLAG, "configmap/cart-config", {"URL": "good"})
    assert ranked(situation)[0].words == "set URL of configmap/cart-config back to good"
    several = configured({"A": "1", "B": "2"}, {"A": "3", "B": "4"})
    assert ranked(several)[0].words == "set A, B of configmap/cart-config back to what was there before"
    assert "its pods read it when they start: restart deployment/cart afterwards" in ranked(situation)[0].against


def test_an_edit_whose_value_before_is_not_kept_is_advice() -> None:
    verb, _, _ = first(configured({"URL": "bad"}, None))
    assert verb is None


def lost(*more: dict[str, Any], budget: dict[str, Any] | None = None, cordoned: bool = False) -> Situation:
    """One of two pods is on a node of which nothing is heard, the other on another one, as is the database."""
    database = pod("db-0", of=("StatefulSet", "db"), node="node-2")
    pods = [pod("cart-aaa-1", ready=False), pod("cart-aaa-2", node="node-2"), database, *more]
    nodes = [node(Ready="Unknown", cordoned=cordoned), node("node-2")]
    budgets = [budget] if budget is not None else []
    return shop(listed={"Pod": pods, "Node": nodes, "PodDisruptionBudget": budgets})


def budget(healthy: int, policy: str = "IfHealthyBudget") -> dict[str, Any]:
    return {
        "metadata": meta("cart"),
        "spec": {"selector": {"matchLabels": {"app": "cart"}}, "unhealthyPodEvictionPolicy": policy},
        "status": {"currentHealthy": healthy, "desiredHealthy": 2, "disruptionsAllowed": max(healthy - 2, 0)},
    }


def steps(situation: Situation) -> list[tuple[str, str]]:
    return [(str(each.verb), str(each.ref)) for each in ranked(situation)]


def test_a_lost_node_is_cordoned_and_then_drained() -> None:
    assert steps(lost())[:2] == [("cordon", "node/node-1"), ("drain", "node/node-1")]
    assert "what is on it stays where it is: see to that next" in ranked(lost())[0].against
    assert steps(lost(cordoned=True))[0] == ("drain", "node/node-1"), "it is not cordoned once more"


def test_where_a_budget_holds_the_drain_back_the_lost_pods_are_deleted_before_it() -> None:
    held = lost(budget=budget(1))
    assert steps(held) == [("cordon", "node/node-1"), ("delete", "pod/cart-aaa-1"), ("drain", "node/node-1")]
    told = "it will wait: PDB cart needs 2 healthy pods and has 1, and lets none of 1 pod on it go"
    assert told in ranked(held)[2].against
    assert steps(lost(budget=budget(1), cordoned=True))[0] == ("delete", "pod/cart-aaa-1")


@pytest.mark.parametrize("open", [budget(2), budget(1, "AlwaysAllow")], ids=["enough others", "at any time"])
def test_a_budget_that_lets_pods_go_that_are_not_ready_holds_nothing_back(open: dict[str, Any]) -> None:
    assert steps(lost(budget=open))[:2] == [("cordon", "node/node-1"), ("drain", "node/node-1")]


def test_all_pods_that_are_lost_are_deleted_at_once_and_none_of_those_that_serve_or_that_keep_data() -> None:
    more = (pod("cart-aaa-3", ready=False), pod("cart-aaa-4"), pod("db-1", of=("StatefulSet", "db"), ready=False))
    (offer,) = [each for each in ranked(lost(*more, budget=budget(1))) if each.verb is Verb.DELETE]
    assert [str(ref) for ref in (offer.ref, *offer.also)] == ["pod/cart-aaa-1", "pod/cart-aaa-3"]
    assert offer.words == "delete the 2 pods lost with node/node-1: made anew elsewhere"
    assert "if the node lives, cut off, they run on there until it is back" in offer.against


def test_a_node_that_is_short_of_disk_keeps_the_pods_that_serve() -> None:
    short = shop(listed={"Node": [node(DiskPressure="True")]})
    assert [verb for verb, _ in steps(short)] == ["cordon", "drain"]
    assert "3 of the pods on it are ready" in ranked(short)[1].against


def test_a_dependency_that_is_down_is_not_mended_by_touching_what_leans_on_it() -> None:
    best = ranked(database_down())[0]
    assert best.verb is None
    assert best.words == "don't touch deployment/cart: db is down, see to statefulset/db first"


def test_what_ails_the_dependency_itself_comes_first_where_it_is_known() -> None:
    offers = ranked(database_down(**CRASHED))
    assert (offers[0].verb, str(offers[0].ref)) == (Verb.DELETE, "pod/db-0")
    assert not [each for each in offers if each.ref == CART and each.verb is not None]


def test_the_one_in_hand_is_neither_restarted_nor_rolled_back_for_a_dependency() -> None:
    pods = [pod("cart-aaa-1", **CRASHED), pod("cart-aaa-2", **CRASHED)]
    old = Change(ONSET - 3000, ChangeKind.ROLLOUT, CART, "revision 2: 1 → 2", "", rollout().diff)
    said = log("cart-aaa-1", "Connection to db:5432 refused", begin=5)
    alerts = (alert(), alert("db", "ServiceDown"))
    best = ranked(shop(listed={"Pod": pods}, logs=(said,), alerts=alerts, changes=(old,)))[0]
    assert best.verb is None, best.words


def test_that_holds_as_well_where_the_dependency_crashes_itself() -> None:
    pods = [
        pod("cart-aaa-1", **CRASHED),
        pod("cart-aaa-2", **CRASHED),
        pod("db-0", of=("StatefulSet", "db"), **CRASHED),
    ]
    old = Change(ONSET - 3000, ChangeKind.ROLLOUT, CART, "revision 2: 1 → 2", "", rollout().diff)
    said = log("cart-aaa-1", "Connection to db:5432 refused", begin=5)
    alerts = (alert(), alert("db", "ServiceDown"))
    best = ranked(shop(listed={"Pod": pods}, logs=(said,), alerts=alerts, changes=(old,)))[0]
    assert (best.verb, str(best.ref)) == (Verb.DELETE, "pod/db-0")


def test_a_database_that_was_scaled_to_nothing_gets_its_pods_back() -> None:
    gone = {"metadata": meta("db"), "spec": {"replicas": 0, "template": {"spec": {}}}}
    scaled = Change(ONSET - 30, ChangeKind.SCALING, DB, "scaled from 3 to 0", "kubectl")
    listed = {"StatefulSet": [gone], "Pod": [pod("cart-aaa-1"), pod("cart-aaa-2")]}
    assert first(shop(listed=listed, changes=(scaled,))) == (Verb.SCALE, "statefulset/db", {"replicas": 3})


def saturated(**listed: Any) -> Situation:
    loads = tuple(Load(f"cart-aaa-{number}", "shop", "node-1", 0.99, 1.0) for number in (1, 2))
    return shop(loads=loads, listed=listed, figures=Figures(affected=40.0, requests=100.0))


def test_what_can_do_no_more_is_scaled_out() -> None:
    assert first(saturated()) == (Verb.SCALE, "deployment/cart", {"replicas": 5})


def test_replicas_that_wait_for_connections_are_not_scaled_out() -> None:
    empty = tuple(Pool(f"cart-aaa-{number}", "main", 1, 1, 37) for number in (1, 2))
    (offer,) = ranked(shop(figures=Figures(pools=empty)))
    assert offer.verb is None
    assert offer.words == "see what holds the connections of deployment/cart, or give its pool more"


def test_an_autoscaler_at_its_most_gets_more_room_within_the_handbooks_bounds() -> None:
    full = saturated(HorizontalPodAutoscaler=[hpa(4, 4, 130)])
    assert first(full) == (Verb.BOUNDS, "horizontalpodautoscaler/cart", {"max": 8})
    assert first(saturated(HorizontalPodAutoscaler=[hpa(6, 6, 130)]))[2] == {"max": 10}


def test_a_certificate_is_renewed_where_it_is_issued() -> None:
    best = ranked(shop(listed={"Certificate": [issued(-5)]}))[0]
    assert best.verb is None
    assert best.words.startswith("renew the certificate")
    assert str(best.ref) == "certificate/cart-tls"
    assert best.how.startswith("cmctl renew cart-tls -n shop; then restart")


def test_the_job_beside_is_suspended_and_then_its_run_ended() -> None:
    verbs = [(each.verb, str(each.ref)) for each in ranked(beside(3.1, -30))]
    assert verbs == [(Verb.PAUSE, "cronjob/report"), (Verb.DELETE, "pod/report-1-x")]


def crowded(ref: ObjectRef, replicas: int, **more: list[Any]) -> tuple[Mitigation, ...]:
    """What is offered while the pods of something else take nearly all of the cart's node."""
    greedy = [pod(f"{ref.name}-x-{number}", of=(ref.kind, ref.name), created=-30) for number in (1, 2)]
    item = {**deployment(ref.name), "spec": {"replicas": replicas}}
    known = {"Deployment": [deployment()], "StatefulSet": [{"metadata": meta("db"), "spec": {"replicas": 1}}], **more}
    listed = {
        **known,
        ref.kind: [*known.get(ref.kind, []), item],
        "Pod": [pod("cart-aaa-1"), pod("cart-aaa-2"), *greedy, pod("db-0", of=("StatefulSet", "db"))],
    }
    loads = [Load(each["metadata"]["name"], "shop", "node-1", 1.6) for each in greedy]
    offers = ranked(shop(listed=listed, loads=(*loads, Load("cart-aaa-1", "shop", "node-1", 0.8))))
    return tuple(each for each in offers if each.cause is Cause.NEIGHBOUR)


def test_a_stateless_neighbour_that_no_setting_names_gets_half_its_replicas_and_never_none() -> None:
    batch = ObjectRef("Deployment", "shop", "batch")
    (offer,) = crowded(batch, 5)
    assert (offer.verb, str(offer.ref), offer.parameters) == (Verb.SCALE, "deployment/batch", {"replicas": 2})
    assert offer.words == "scale deployment/batch from 5 to 2"
    assert offer.against[0] == "ask whose it is"
    scaler = {**hpa(2, 4, 130), "metadata": meta("batch")}
    scaler["spec"] = {**scaler["spec"], "scaleTargetRef": {"kind": "Deployment", "name": "batch"}}
    (scaled,) = crowded(batch, 5, HorizontalPodAutoscaler=[scaler])
    assert scaled.against[0] == "horizontalpodautoscaler/batch will set its own number again"
    for replicas in (1, 0):
        assert [each.verb for each in crowded(batch, replicas)] == [None]


def test_a_neighbour_that_serves_users_or_keeps_data_is_not_scaled_down() -> None:
    (service,) = crowded(ObjectRef("Deployment", "shop", "web"), 4)
    assert service.verb is None
    assert service.words.startswith("see why web (deployment/web) takes so much")
    (database,) = crowded(ObjectRef("StatefulSet", "shop", "other-db"), 3)
    assert database.verb is None
    assert database.words == "see whose statefulset/other-db is, and whether it may be stopped"


def test_a_job_that_is_suspended_already_is_not_suspended_once_more() -> None:
    situation = beside(3.1, -30)
    done = {"metadata": meta("report"), "spec": {"suspend": True}}
    suspended = replace(situation, listed={**situation.listed, "CronJob": [done]})
    assert [each.verb for each in ranked(suspended)] == [Verb.DELETE]


def test_a_bad_canary_gets_no_traffic() -> None:
    latency = {"cart-aaa-1": 0.1, "cart-aaa-2": 0.1, "cart-canary-1": 1.5}
    assert first(with_canary(latency=latency)) == (Verb.SCALE, "deployment/cart-canary", {"replicas": 0})


def test_a_cordoned_node_is_uncordoned_for_pods_that_no_node_takes() -> None:
    said = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "lastTransitionTime": at(100)}
    waits = pod("cart-bbb-1", ready=False, phase="Pending", node="", conditions=[said])
    offers = ranked(shop(waits, listed={"Node": [node(cordoned=True)]}))
    assert (offers[0].verb, str(offers[0].ref)) == (Verb.UNCORDON, "node/node-1")
    assert offers[0].against[0].startswith("it may have been cordoned for a reason")


def test_what_speaks_against_a_finding_speaks_against_its_mitigation() -> None:
    some = shop(pod("cart-aaa-1", **CRASHED), pod("cart-aaa-2"), changes=(rollout(3000),))
    assert "1 of its other pods is ready" in ranked(some)[0].against


def test_with_two_faults_both_are_answered() -> None:
    lost = [pod("cart-aaa-1", ready=False), pod("cart-aaa-2")]
    offers = ranked(shop(listed={"Pod": lost, "Node": [node(Ready="Unknown")]}, changes=(rollout(60),)))
    assert {Verb.UNDO, Verb.CORDON} <= {each.verb for each in offers}
    assert [each.rank for each in offers] == [*range(1, len(offers) + 1)]


def test_every_cause_has_an_answer_that_the_action_path_takes() -> None:
    situations = [
        shop(changes=(rollout(60),)), crashing(), configured({"URL": "bad"}, {"URL": "good"}), database_down(**CRASHED),
        saturated(), saturated(HorizontalPodAutoscaler=[hpa(4, 4, 130)]), beside(3.1, -30), beside(3.1, -30),
        shop(pod("cart-aaa-1", ready=False), listed={"Node": [node(Ready="Unknown")]}),
        shop(pod("cart-aaa-1", **KILLED)), shop(pod("cart-aaa-1", **UNPULLED)),
    ]  # fmt: skip
    offers = [each for situation in situations for each in ranked(situation)]
    assert {each.cause for each in offers} >= {Cause.BAD_RELEASE, Cause.OOM, Cause.NODE, Cause.NEIGHBOUR}
    for each in offers:
        if isinstance(each.verb, Verb):
            assert each.ref is not None and each.ref.kind in VERBS[each.verb].kinds, each
        elif each.verb is Procedure.DRAIN:
            assert each.ref is not None and each.ref.kind == "Node", each
        assert each.why
    assert deployment()["spec"]["replicas"] == 2
