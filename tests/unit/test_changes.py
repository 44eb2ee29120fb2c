"""What changed: the marks that changes leave on objects, whose they are, and their order around an onset."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from aurora_tui.cluster.errors import ClusterError, ForbiddenError, NotFoundError
from aurora_tui.cluster.resources import (
    CONFIGMAPS,
    DEPLOYMENTS,
    EVENTS,
    HPAS,
    JOBS,
    NODES,
    PODS,
    REPLICASETS,
    ROLLOUTS,
    SECRETS,
    SERVICES,
    STATEFULSETS,
    Resource,
)
from aurora_tui.incident.changes import acted, read_changes
from aurora_tui.journal import Entry
from aurora_tui.model import marks
from aurora_tui.model.actions import Action, Outcome, Recovery, Rollout, Target, Verb, Verdict
from aurora_tui.model.changes import Change, ChangeKind, columns, distance_words, nearest, once
from aurora_tui.model.frozen import replace
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.stamps import rfc3339
from tests.unit.fakecluster import FakeCluster

ONSET = 1_700_000_000.0
SHOP = ObjectRef("Deployment", "shop", "cart")


def at(seconds: float) -> str:
    """The time so many seconds after the onset, as the API writes it."""
    return rfc3339(ONSET + seconds)


def made(name: str, created: float = -90_000, **meta: Any) -> dict[str, Any]:
    return {"name": name, "namespace": "shop", "uid": f"uid-{name}", "creationTimestamp": at(created), **meta}


def owned(owner: str) -> list[dict[str, Any]]:
    return [{"uid": f"uid-{owner}", "name": owner, "kind": "X", "controller": True}]


def changed(manager: str, seconds: float, fields: Mapping[str, Any], subresource: str = "") -> dict[str, Any]:
    entry = {"manager": manager, "operation": "Update", "time": at(seconds), "fieldsV1": fields}
    return {**entry, **({"subresource": subresource} if subresource else {})}


def template(image: str) -> dict[str, Any]:
    container = {
        "name": "app",
        "image": image,
        "envFrom": [{"configMapRef": {"name": "cart-config"}}, {"secretRef": {"name": "cart-secrets"}}],
    }
    return {"metadata": {"labels": {"app": "cart"}}, "spec": {"containers": [container]}}


def a_shop() -> FakeCluster:
    """A Deployment rolled out five minutes before the onset, and all that belongs to it or only lives beside it."""
    cluster = FakeCluster()
    released = changed("deploy-bot", -300, {"f:spec": {"f:template": {}}})
    scaled = changed("kubectl", -60, {"f:spec": {"f:replicas": {}}}, "scale")
    spec = {"replicas": 5, "selector": {"matchLabels": {"app": "cart"}}, "template": template("cart:2")}
    meta = made("cart", generation=2, managedFields=[released, scaled])
    cluster.put(DEPLOYMENTS, {"metadata": meta, "spec": spec, "status": {}})
    for number, image, created in ((1, "cart:1", -80_000.0), (2, "cart:2", -300.0)):
        revision = {"deployment.kubernetes.io/revision": str(number), "kubernetes.io/change-cause": f"release {number}"}
        keeper = made(f"cart-{number}", created, ownerReferences=owned("cart"), annotations=revision)
        cluster.put(REPLICASETS, {"metadata": keeper, "spec": {"template": template(image)}})
    ended = {"reason": "OOMKilled", "finishedAt": at(120), "exitCode": 137}
    status = {"containerStatuses": [{"name": "app", "lastState": {"terminated": ended}}]}
    pod = made("cart-2-x", ownerReferences=owned("cart-2"))
    cluster.put(PODS, {"metadata": pod, "spec": {"nodeName": "node-1"}, "status": status})
    config = made("cart-config", managedFields=[changed("kubectl-edit", -600, {"f:data": {"f:LEVEL": {}}})])
    cluster.put(CONFIGMAPS, {"metadata": config, "data": {"LEVEL": "debug"}})
    other = made("other-config", managedFields=[changed("helm", -601, {"f:data": {"f:A": {}}})])
    cluster.put(CONFIGMAPS, {"metadata": other, "data": {}})
    secret = made("cart-secrets", managedFields=[changed("vault", -900, {"f:data": {"f:password": {}}})])
    cluster.put(SECRETS, {"metadata": secret, "data": {"password": "aHVudGVyMg=="}})
    cluster.put(SERVICES, {"metadata": made("cart", -90_000), "spec": {"selector": {"app": "cart"}}})
    aim = {"scaleTargetRef": {"kind": "Deployment", "name": "cart"}}
    cluster.put(HPAS, {"metadata": made("cart-hpa"), "spec": aim})
    about = {"kind": "HorizontalPodAutoscaler", "namespace": "shop", "name": "cart-hpa"}
    event = {"reason": "SuccessfulRescale", "message": "New size: 5", "firstTimestamp": at(30), "involvedObject": about}
    cluster.put(EVENTS, {"metadata": made("e1"), **event, "source": {"component": "horizontal-pod-autoscaler"}})
    noise = {"reason": "Pulled", "firstTimestamp": at(10), "involvedObject": about}
    cluster.put(EVENTS, {"metadata": made("e2"), **noise})
    run = {"startTime": at(-1800), "conditions": [{"type": "Failed", "status": "True"}]}
    job = made("backup-1", ownerReferences=[{"kind": "CronJob", "name": "backup", "uid": "u"}])
    cluster.put(JOBS, {"metadata": job, "status": run})
    for name in ("node-1", "node-9"):
        down = {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown", "lastTransitionTime": at(-20)}
        cluster.put(NODES, {"metadata": {**made(name), "namespace": ""}, "status": {"conditions": [down]}})
    return cluster


async def found(cluster: FakeCluster, look_back: float = 3600) -> list[Change]:
    seen = await read_changes(cluster, "shop", onset=ONSET, begin=ONSET - look_back, end=ONSET + 600, ref=SHOP)
    assert not seen.remarks
    return list(seen.rows)


async def test_a_rollout_of_argo_rollouts_tells_its_revisions_as_a_deployment_does() -> None:
    cluster = FakeCluster()
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "cart"}}, "template": template("cart:2")}
    cluster.put(ROLLOUTS, {"metadata": made("cart"), "spec": spec, "status": {}})
    for number, image, created in ((1, "cart:1", -80_000.0), (2, "cart:2", -300.0)):
        revision = {"rollout.argoproj.io/revision": str(number)}
        keeper = made(f"cart-{number}", created, ownerReferences=owned("cart"), annotations=revision)
        cluster.put(REPLICASETS, {"metadata": keeper, "spec": {"template": template(image)}})
    seen = await read_changes(cluster, "shop", onset=ONSET, begin=ONSET - 3600, end=ONSET + 600)
    (change,) = [each for each in seen.rows if each.kind is ChangeKind.ROLLOUT]
    assert (str(change.ref), change.at, change.words) == ("rollout/cart", ONSET - 300, "revision 2: 1 → 2")
    assert [line.text for line in change.diff] == ["cart:1", "cart:2"]


async def test_changes_stand_by_their_distance_to_the_onset_and_the_workloads_own_are_marked() -> None:
    told = [(str(each.ref), each.words, each.by, each.own) for each in await found(a_shop())]
    assert told == [
        ("node/node-1", "became NotReady: NodeStatusUnknown", "node controller", True),
        ("horizontalpodautoscaler/cart-hpa", "SuccessfulRescale: New size: 5", "horizontal-pod-autoscaler", True),
        ("deployment/cart", "scaled to 5", "kubectl", True),
        ("pod/cart-2-x", "app OOMKilled", "kernel", True),
        ("deployment/cart", "revision 2: 1 → 2 (release 2)", "deploy-bot", True),
        ("configmap/cart-config", "changed data.LEVEL", "kubectl-edit", True),
        ("configmap/other-config", "changed data.A", "helm", False),
        ("secret/cart-secrets", "changed data.password", "vault", True),
        ("job/backup-1", "run of cronjob/backup: failed", "job controller", False),
    ]


async def test_a_rollout_holds_what_it_changed() -> None:
    (rollout,) = [each for each in await found(a_shop()) if each.kind is ChangeKind.ROLLOUT]
    assert [str(line) for line in rollout.diff] == [
        "- template.spec.containers[app].image: cart:1",
        "+ template.spec.containers[app].image: cart:2",
    ]
    assert rollout.at == ONSET - 300


@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.FAILED])
def test_an_action_of_the_journal_is_told_with_its_difference_unless_it_was_not_done(outcome: Outcome) -> None:
    target = Target("prod", "shop", "Deployment", "cart", "u", "1")
    action = Action(Verb.SCALE, target, {"replicas": 5}, {"replicas": 3}, {"replicas": 5})
    known = {"action": action, "outcome": outcome, "reason": "OPS-1", "started_at": ONSET - 60, "operator": "ana"}
    entry = SimpleNamespace(**known, verdict=None)
    told = [*acted([cast(Entry, entry)], "prod", "shop")]
    assert not [*acted([cast(Entry, entry)], "test", "shop")]
    if outcome is Outcome.FAILED:
        assert not told
        return
    (change,) = told
    assert (str(change.ref), change.words, change.by) == ("deployment/cart", "scale (done): OPS-1", "ana")
    assert [str(line) for line in change.diff] == ["- replicas: 3", "+ replicas: 5"]


@pytest.mark.parametrize(
    ("sli", "words", "well_at"),
    [
        (Recovery.RECOVERED, "done, SLI recovered", ONSET + 90),
        (Recovery.NOT_RECOVERED, "done, SLI not recovered", None),
        (Recovery.NOT_ASKED, "done, pods complete", None),
    ],
)
def test_an_action_is_told_with_its_verdict(sli: Recovery, words: str, well_at: float | None) -> None:
    target = Target("prod", "shop", "Deployment", "cart", "u", "1")
    verdict = Verdict(Rollout.COMPLETE, 5.0, sli, 60.0, "words")
    undo = Action(Verb.UNDO, target, {}, {}, {})
    known = {"action": undo, "outcome": Outcome.DONE, "reason": "", "operator": "ana"}
    entry = SimpleNamespace(**known, started_at=ONSET, verdict=verdict, verdict_at=ONSET + 90)

    (change,) = acted([cast(Entry, entry)], "prod", "shop")

    assert (change.words, change.well_at, change.mends) == (f"undo ({words})", well_at, True)
    silence = replace(undo, verb=Verb.SILENCE)
    (change,) = acted([cast(Entry, SimpleNamespace(**{**vars(entry), "action": silence}))], "prod", "shop")
    assert not change.mends


async def test_what_is_older_is_left_out_and_found_when_it_is_asked_for() -> None:
    assert "service/cart" not in {str(each.ref) for each in await found(a_shop())}
    older = await found(a_shop(), 100_000)
    assert ("service/cart", "created") in {(str(each.ref), each.words) for each in older}
    assert ("deployment/cart", "revision 1 (release 1)") in {(str(each.ref), each.words) for each in older}


async def test_what_a_secret_holds_is_never_asked_for() -> None:
    cluster = a_shop()
    changes = await found(cluster)
    assert "deployments" in cluster.listed
    assert not {"secrets", "configmaps"} & cluster.listed
    assert "aHVudGVyMg" not in repr(changes)


@pytest.mark.parametrize(
    ("error", "remark"),
    [
        (ForbiddenError("no", status=403), "secrets may not be listed"),
        (ClusterError("the server is away"), "secrets: the server is away"),
        (NotFoundError("no such kind", status=404), None),
    ],
)
async def test_what_may_not_be_read_is_said_and_the_rest_is_found(error: ClusterError, remark: str | None) -> None:
    cluster = a_shop()
    whole = cluster.metadata

    async def metadata(resource: Resource, namespace: str | None) -> Any:
        if resource is SECRETS:
            raise error
        return await whole(resource, namespace)

    cluster.metadata = metadata  # type: ignore[method-assign]
    seen = await read_changes(cluster, "shop", onset=ONSET, begin=ONSET - 3600, end=ONSET, ref=SHOP)
    assert seen.remarks == ((remark,) if remark else ())
    assert "deployment/cart" in {str(each.ref) for each in seen.rows}


async def test_a_helm_release_is_told_by_its_labels() -> None:
    cluster = a_shop()
    labels = {"owner": "helm", "name": "cart", "version": "7", "status": "deployed"}
    cluster.put(SECRETS, {"metadata": made("sh.helm.release.v1.cart.v7", -310, labels=labels)})
    told = {each.words: each for each in await found(cluster)}
    assert told["Helm release cart version 7: deployed"].kind is ChangeKind.RELEASE


def test_who_leads_is_no_edit() -> None:
    meta = made("lock", -10, annotations={"control-plane.alpha.kubernetes.io/leader": "{}"})
    assert not list(marks.edits("ConfigMap", {"metadata": meta}))


def test_many_fields_are_counted() -> None:
    fields: dict[str, Any] = {"f:data": {f"f:K{number}": {} for number in range(6)}}
    item = {"metadata": made("c", managedFields=[changed("bot", -5, fields)])}
    assert [each.words for each in marks.edits("ConfigMap", item)][1:] == [
        "changed data.K0, data.K1, data.K2, data.K3 and 2 more"
    ]


def test_a_statefulset_that_was_scaled_by_an_edit_is_told() -> None:
    entry = changed("kubectl-edit", -5, {"f:spec": {"f:replicas": {}}})
    item = {"metadata": made("db", managedFields=[entry]), "spec": {"replicas": 2}}
    (change,) = marks.scalings(STATEFULSETS.kind, item)
    assert (change.words, change.by) == ("scaled to 2", "kubectl-edit")


@pytest.mark.parametrize(
    ("seconds", "exact", "words"),
    [(-125, True, "2m5s before"), (-125, False, ">2m5s before"), (30, True, "30s after"), (1, True, "at the onset")],
)
def test_the_distance_in_words(seconds: float, exact: bool, words: str) -> None:
    change = Change(ONSET + seconds, ChangeKind.EDIT, SHOP, "changed", exact=exact)
    assert distance_words(change, ONSET) == words


def test_of_two_at_one_distance_the_own_comes_first() -> None:
    other = Change(ONSET - 10, ChangeKind.EDIT, ObjectRef("ConfigMap", "shop", "a"), "changed")
    own = Change(ONSET + 10, ChangeKind.EDIT, SHOP, "changed", own=True)
    assert nearest([other, own], ONSET) == (own, other)


def test_without_an_onset_the_first_column_tells_the_age() -> None:
    change = Change(ONSET - 60, ChangeKind.EDIT, SHOP, "changed")
    first = columns(ONSET, known=False)[0]
    assert (first.heading, first.cell(change, 0).text) == ("AGO", "60s")


def scaling(seconds: float, name: str, was: int, becomes: int) -> dict[str, Any]:
    way = "up" if becomes > was else "down"
    return {
        "reason": "ScalingReplicaSet",
        "message": f"Scaled {way} replica set {name} from {was} to {becomes}",
        "firstTimestamp": at(seconds - 5),
        "lastTimestamp": at(seconds),
        "involvedObject": {"kind": "Deployment", "name": "cart", "namespace": "shop"},
    }


def test_one_scaling_is_told_once_by_what_tells_most_of_it() -> None:
    entry = changed("kubectl-scale", 0, {"f:spec": {"f:replicas": {}}})
    item = {"metadata": made("cart", managedFields=[entry]), "spec": {"replicas": 5}}
    (scaled,) = marks.scaled("Deployment", item, [scaling(1, "cart-1", 2, 5)])
    assert (scaled.words, scaled.by) == ("scaled from 2 to 5", "kubectl-scale")
    (set_,) = marks.scaled("Deployment", item)
    assert set_.words == "scaled to 5"

    action = Change(ONSET - 1, ChangeKind.ACTION, ObjectRef("Deployment", "shop", "cart"), "scale (done)")
    other = replace(scaled, at=ONSET + 60)
    assert [*once([scaled, action, other])] == [action, other]


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([scaling(0, "cart-1", 2, 5), scaling(60, "cart-1", 5, 2)], ["scaled from 2 to 5", "scaled from 5 to 2"]),
        ([scaling(0, "cart-1", 2, 0), scaling(60, "cart-1", 0, 2)], ["scaled from 2 to 0", "scaled from 0 to 2"]),
        (
            [
                scaling(0, "cart-2", 0, 1),
                scaling(1, "cart-1", 2, 1),
                scaling(1, "cart-2", 1, 2),
                scaling(2, "cart-1", 1, 0),
                scaling(3, "cart-2", 2, 3),
            ],
            ["scaled from 2 to 3"],
        ),
        ([scaling(0, "cart-1", 3, 0), scaling(4, "cart-2", 0, 3)], []),
        (
            [
                scaling(0, "cart-2", 0, 1),
                scaling(1, "cart-1", 1, 0),
                scaling(30, "cart-1", 0, 1),
                scaling(31, "cart-2", 1, 0),
            ],
            [],
        ),
        ([scaling(0, "cart-1", 3, 1), scaling(0, "cart-2", 0, 2)], []),
        (
            [scaling(0, "cart-1", 3, 1), scaling(600, "cart-2", 0, 1), scaling(601, "cart-1", 1, 0)],
            ["scaled from 3 to 1"],
        ),
    ],
    ids=[
        "scaled twice",
        "to nothing and back",
        "right after a rollout",
        "recreated",
        "rolled back",
        "no pod more than wanted",
        "scaled long before a rollout",
    ],
)
def test_scaling_is_told_from_the_steps_of_a_rollout(events: list[dict[str, Any]], told: list[str]) -> None:
    assert [each.words for each in marks.rescalings({"metadata": made("cart")}, events)] == told
