"""Why a service does badly: releases, edits, load, dependencies, certificates, neighbours, canaries."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aurora_tui.incident.analyzers import (
    badrelease,
    canary,
    certificate,
    configedit,
    connection,
    dependency,
    diagnose,
    neighbour,
    saturation,
)
from aurora_tui.incident.situation import Figures, Load, Pool, Subject
from aurora_tui.model import pod_queries
from aurora_tui.model.changes import Change, ChangeKind
from aurora_tui.model.diffs import DiffLine
from aurora_tui.model.findings import Cause, Finding
from aurora_tui.model.frozen import replace
from aurora_tui.model.masking import HIDDEN
from aurora_tui.model.selection import LogSelection, ObjectRef
from aurora_tui.model.trace_rows import TraceRow, rows_of
from aurora_tui.model.traces import NANO, Span, Trace
from tests.unit.situations import CART, DB, NOW, ONSET, alert, at, deployment, edit, log, meta, node, pod, rollout, shop


def one(found: Any) -> Finding:
    (finding,) = found
    assert isinstance(finding, Finding)
    return finding


def words(finding: Finding, *, against: bool = False) -> str:
    return "\n".join(each.words for each in finding.evidence if each.against is against)


# Bad release


def test_a_rollout_just_before_the_onset_is_suspected_with_its_difference() -> None:
    finding = one(badrelease.analyze(shop(changes=(rollout(60),))))
    assert finding.cause is Cause.BAD_RELEASE
    assert finding.words == "deployment/cart: revision 2: 1 → 2, rolled out 60s before the onset"
    assert [str(line) for line in finding.evidence[0].diff] == [
        "- template.spec.containers[app].image: 1",
        "+ template.spec.containers[app].image: 2",
    ]


@pytest.mark.parametrize(
    "change",
    [
        rollout(3600),
        rollout(-200),
        rollout(60, path="template.metadata.annotations[kubectl.kubernetes.io/restartedAt]"),
        rollout(60, ref=ObjectRef("Deployment", "shop", "web")),
    ],
    ids=["long before", "after", "only a restart", "of what it does not lean on"],
)
def test_what_only_looks_like_a_bad_release(change: Any) -> None:
    assert not [*badrelease.analyze(shop(changes=(change,)))]


def test_a_rollout_while_all_is_well_and_one_that_was_taken_back_are_no_bad_release() -> None:
    assert not [*badrelease.analyze(shop(troubled=False, changes=(rollout(60),)))]
    assert not [*badrelease.analyze(shop(changes=(rollout(60), rollout(-300))))]


@pytest.mark.parametrize("change", [rollout(-400), edit(-400)], ids=["release", "edit"])
def test_in_trouble_upon_trouble_a_later_alert_has_an_onset_of_its_own(change: Change) -> None:
    analyzer = badrelease if change.kind is ChangeKind.ROLLOUT else configedit
    assert not [*analyzer.analyze(shop(changes=(change,)))]
    later = replace(alert(), fingerprint="later", since=ONSET + 460)
    finding = one(analyzer.analyze(shop(changes=(change,), alerts=(alert(), later))))
    assert "60s before the onset" in words(finding)
    other = replace(later, service="db")
    assert not [*analyzer.analyze(shop(changes=(change,), alerts=(alert(), other)))]


def test_a_rollback_is_not_taken_for_the_release_that_did_it() -> None:
    forth = rollout(60)
    back = tuple(replace(line, sign="-" if line.sign == "+" else "+") for line in forth.diff)
    assert not [*badrelease.analyze(shop(changes=(forth, replace(rollout(-30), diff=back))))]


def two_revisions(new: float, old: float) -> Any:
    pods = (pod("cart-aaa-1"), pod("cart-bbb-1", revision="bbb", created=-60))
    return shop(*pods, changes=(rollout(60),), figures=Figures(errors={"cart-aaa-1": old, "cart-bbb-1": new}))


def test_new_pods_that_fail_more_than_the_old_ones_speak_for_it_and_old_ones_as_bad_against_it() -> None:
    worse, alike = one(badrelease.analyze(two_revisions(0.3, 0.01))), one(badrelease.analyze(two_revisions(0.3, 0.3)))
    assert "new pods fail 30.0% of their requests, old ones 1.0%" in words(worse)
    assert "new pods fail 30.0% of their requests, old ones 30.0%" in words(alike, against=True)
    assert worse.weight > alike.weight + 0.3


def test_errors_that_the_log_had_not_before_speak_for_it_and_lead_to_the_log() -> None:
    said = log("cart-aaa-1", "level=error msg=boom", "level=info msg=fine")
    before = log("cart-aaa-2", "level=info msg=fine", begin=-3_600)
    finding = one(badrelease.analyze(shop(changes=(rollout(60),), logs=(said, before))))
    told = next(each for each in finding.evidence if "in its log" in each.words)
    assert told.words == "new in its log, 1 of 3 lines read: level=error msg=boom"
    assert isinstance(told.ref, LogSelection)
    alone = one(badrelease.analyze(shop(changes=(rollout(60),), logs=(said,))))
    assert "in its log since, 1 of 2 lines read: level=error msg=boom" in words(alone), "nothing to hold it against"


def test_a_dependency_without_a_pod_speaks_against_a_bad_release() -> None:
    alone = shop(changes=(rollout(60),), listed={"Pod": [pod("cart-aaa-1"), pod("cart-aaa-2")]})
    assert "statefulset/db has no ready pod" in words(one(badrelease.analyze(alone)), against=True)


# Configuration


def configured(now: dict[str, str], applied: dict[str, str] | None, created: float = -30) -> Any:
    annotations = {configedit._APPLIED: json.dumps({"data": applied})} if applied is not None else {}
    config = {"metadata": meta("cart-config", annotations=annotations), "data": now}
    pods = (pod("cart-aaa-1", created=created), pod("cart-aaa-2", created=created))
    return shop(*pods, changes=(edit(60),), listed={"ConfigMap": [config]})


def test_what_was_edited_after_the_onset_is_less_likely_its_cause() -> None:
    situation = configured({"URL": "bad"}, None, created=40)
    before, after = (one(configedit.analyze(replace(situation, changes=(edit(distance),)))) for distance in (30, -30))
    assert after.weight < before.weight


def test_an_edit_that_pods_have_read_since_is_told_with_the_value_before() -> None:
    finding = one(configedit.analyze(configured({"URL": "bad", "A": "1"}, {"URL": "good", "A": "1"})))
    assert finding.ref == ObjectRef("ConfigMap", "shop", "cart-config")
    assert finding.hints == {"URL": "good"}
    assert [str(line) for line in finding.evidence[0].diff] == ["- data.URL: good", "+ data.URL: bad"]
    assert "pods have started since" in words(finding)


def test_without_what_was_applied_the_value_before_is_not_made_up() -> None:
    known, unknown = configured({"URL": "bad"}, {"URL": "good"}), configured({"URL": "bad"}, None)
    assert one(configedit.analyze(unknown)).hints == {}
    assert one(configedit.analyze(unknown)).weight < one(configedit.analyze(known)).weight


def flagged(was: str, became: str, seconds: float = 0.0) -> Change:
    """What the journal tells of a flag that was set through this program, so long after the edit that is found."""
    diff = (DiffLine("-", "data.URL", was), DiffLine("+", "data.URL", became))
    ref = ObjectRef("ConfigMap", "shop", "cart-config")
    return Change(edit().at + seconds, ChangeKind.ACTION, ref, "set flag (done)", "ana", diff)


def test_an_edit_that_put_back_what_was_applied_is_no_cause() -> None:
    back = configured({"URL": "good", "A": "1"}, {"URL": "good", "A": "1"})
    assert not [*configedit.analyze(back)]
    applied = replace(back, changes=(replace(edit(60), by="argocd-controller"),))
    assert [*configedit.analyze(applied)], "who applies it makes it so each time"


def test_a_flag_that_was_set_through_this_program_is_set_back_to_what_the_journal_tells() -> None:
    situation = configured({"URL": "bad"}, None)
    known = replace(situation, changes=(*situation.changes, flagged("good", "bad")))
    assert one(configedit.analyze(known)).hints == {"URL": "good"}
    against = words(one(configedit.analyze(known)), against=True)
    assert "it was done through this program, maybe to mend something: set flag (done), ana" in against
    again = replace(situation, changes=(*situation.changes, flagged("bad", "good", -900), flagged("good", "bad")))
    assert not one(configedit.analyze(again)).hints, "it only took back what was done before"
    as_applied = configured({"URL": "bad"}, {"URL": "bad"})
    mended = replace(as_applied, changes=(*as_applied.changes, flagged("good", "bad")))
    assert not [*configedit.analyze(mended)], "as it was applied it is no cause"
    doubtful = (
        flagged("good", "worse"), flagged("good", "bad", 600), flagged(HIDDEN, "bad"), flagged('"two\\nlines"', "bad"),
    )  # fmt: skip
    for told in doubtful:
        assert not one(configedit.analyze(replace(situation, changes=(*situation.changes, told)))).hints, told


def test_pods_that_have_not_started_since_still_have_the_value_before() -> None:
    finding = one(configedit.analyze(configured({"URL": "bad"}, {"URL": "good"}, created=-90_000)))
    assert "no pod of deployment/cart has started since" in words(finding, against=True)
    assert finding.weight < 0.5


def test_a_password_is_neither_told_nor_set_back() -> None:
    found = one(configedit.analyze(configured({"DB_PASSWORD": "new"}, {"DB_PASSWORD": "hunter2"})))
    assert found.hints == {}
    assert "hunter2" not in repr(found)


def test_an_edit_of_a_secret_is_told_without_a_value() -> None:
    pods = (pod("cart-aaa-1", created=-30),)
    finding = one(configedit.analyze(shop(*pods, changes=(edit(60, "Secret", "cart-secrets", "changed data.key"),))))
    assert (finding.ref.kind, finding.hints, finding.evidence[0].diff) == ("Secret", {}, ())


@pytest.mark.parametrize(
    "change",
    [edit(4000), edit(-120), edit(60, name="other-config"), edit(60, words="created"), edit(60, kind="Service")],
    ids=["long before", "after", "read by nobody here", "made, not edited", "another kind"],
)
def test_what_only_looks_like_the_edit_that_did_it(change: Any) -> None:
    assert not [*configedit.analyze(shop(changes=(change,)))]


# Saturation


def loaded(cpu: float, memory: float = 100.0, **more: Any) -> Any:
    loads = tuple(Load(f"cart-aaa-{number}", "shop", "node-1", cpu, 1.0, memory, 256.0) for number in (1, 2))
    return shop(loads=loads, **more)


def test_pods_at_their_cpu_limit_and_throttled_are_saturated() -> None:
    figures = Figures(throttled={"cart-aaa-1": 0.6, "cart-aaa-2": 0.5}, affected=40.0, requests=100.0)
    finding = one(saturation.analyze(loaded(0.98, figures=figures)))
    assert words(finding) == (
        "2 of 2 pods use 98% of their CPU limit\n2 of 2 pods are throttled, up to 60% of the time"
    )
    assert finding.hints == {"replicas": 5}  # 2 take 60 of 100 requests, and a fifth is to spare


def test_busy_pods_below_their_limits_are_not_saturated() -> None:
    assert not [*saturation.analyze(loaded(0.6))]
    assert not [*saturation.analyze(replace(loaded(0.98), subject=Subject("shop", "cart", CART)))], "all is well"


def hpa(current: int, most: int, use: int) -> dict[str, Any]:
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 70}}}
    status = {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": use}}}
    aim = {"kind": "Deployment", "name": "cart"}
    return {
        "metadata": meta("cart"),
        "spec": {"scaleTargetRef": aim, "minReplicas": 2, "maxReplicas": most, "metrics": [metric]},
        "status": {"currentReplicas": current, "desiredReplicas": current, "currentMetrics": [status]},
    }


def test_an_autoscaler_at_its_most_is_told_and_one_with_room_is_not() -> None:
    ended = one(saturation.analyze(shop(listed={"HorizontalPodAutoscaler": [hpa(4, 4, 120)]})))
    assert "horizontalpodautoscaler/cart is at its most, 4: cpu 120% of the request, target 70%" in words(ended)
    for scaler in (hpa(3, 4, 120), hpa(4, 4, 60)):
        assert not [*saturation.analyze(shop(listed={"HorizontalPodAutoscaler": [scaler]}))]


def test_pools_that_are_used_up_while_requests_wait_are_told_and_no_replicas_are_asked_for() -> None:
    empty = tuple(Pool(f"cart-aaa-{number}", "main", 1, 1, 37) for number in (1, 2))
    finding = one(saturation.analyze(shop(figures=Figures(pools=empty))))
    assert "2 of 2 of its pools of connections are used up (1 of 1 in use, 37 wait)" in words(finding)
    assert "replicas" not in finding.hints
    for others in (replace(empty[0], waiting=0), replace(empty[0], used=0), replace(empty[0], pod="web-1")):
        assert not [*saturation.analyze(shop(figures=Figures(pools=(others,))))]


def test_pools_are_told_whatever_exports_them() -> None:
    def series(name: str, value: float, **labels: str) -> tuple[dict[str, str], float]:
        return {"__name__": name, "pod": "cart-1", **labels}, value

    told = pod_queries.pool_figures([
        series("hikaricp_connections_active", 4, pool="main"), series("hikaricp_connections_max", 10, pool="main"),
        series("hikaricp_connections_pending", 2, pool="main"),
        series("go_sql_in_use_connections", 3, db_name="x"), series("go_sql_max_open_connections", 5, db_name="x"),
        series("db_client_connection_count", 7, db_client_connection_pool_name="otel", state="used"),
        series("db_client_connection_count", 9, db_client_connection_pool_name="otel", state="idle"),
        series("up", 1), ({"__name__": "jdbc_connections_max", "name": "no pod"}, 1.0),
    ])  # fmt: skip
    assert told == {
        ("cart-1", "main"): {"used": 4, "most": 10, "waiting": 2},
        ("cart-1", "x"): {"used": 3, "most": 5},
        ("cart-1", "otel"): {"used": 7},
    }


def test_fewer_replicas_than_the_handbook_asks_for_are_told() -> None:
    finding = one(saturation.analyze(shop(pod("cart-aaa-1"), listed={"Deployment": [deployment(replicas=1)]})))
    assert words(finding) == "it has 1 replicas, the handbook asks for at least 2"


# Dependencies

REFUSED = log("cart-aaa-1", "ERROR could not connect: Connection to db:5432 refused", "INFO fine", begin=5)


def test_a_database_without_a_pod_is_down_and_the_log_says_so() -> None:
    listed = {"Pod": [pod("cart-aaa-1"), pod("cart-aaa-2")]}
    finding = one(
        dependency.analyze(shop(listed=listed, logs=(REFUSED,), alerts=(alert(), alert("db", "ServiceDown"))))
    )
    assert (finding.ref, finding.cause) == (DB, Cause.DEPENDENCY)
    assert "statefulset/db has no ready pod of 1" in words(finding)
    assert "db: ServiceDown fires" in words(finding)
    assert "Connection to db:5432 refused" in words(finding)


def test_a_log_that_does_not_complain_speaks_against_a_dependency() -> None:
    finding = one(dependency.analyze(shop(alerts=(alert(), alert("db")), logs=(log("cart-aaa-1", "INFO fine"),))))
    assert "does not say that it cannot reach db" in words(finding, against=True)


def test_a_dependency_that_serves_and_one_of_nobody_in_trouble_are_left_alone() -> None:
    assert not [*dependency.analyze(shop())]
    assert not [*dependency.analyze(shop(troubled=False, listed={"Pod": [pod("cart-aaa-1")]}))]


def test_a_database_scaled_to_nothing_is_down() -> None:
    gone = {"metadata": meta("db"), "spec": {"replicas": 0, "template": {"spec": {}}}}
    listed = {"StatefulSet": [gone], "Pod": [pod("cart-aaa-1"), pod("cart-aaa-2")]}
    assert "statefulset/db is scaled to 0" in words(one(dependency.analyze(shop(listed=listed))))


@pytest.mark.parametrize(
    "text",
    [
        "connect ECONNREFUSED 10.0.0.7:5432",
        "dial tcp: lookup db on 10.96.0.10:53: no such host",
        "getaddrinfo EAI_AGAIN db",
        'psycopg2.OperationalError: could not translate host name "db" to address',
        "java.net.UnknownHostException: db",
        "dial tcp 10.0.0.7:5432: i/o timeout",
        "FATAL: remaining connection slots are reserved for roles with the SUPERUSER attribute",
    ],
)
def test_the_words_of_many_clients_that_reach_nobody(text: str) -> None:
    finding = one(connection.analyze(shop(logs=(log("cart-aaa-1", text, begin=5),))))
    assert finding.cause is Cause.CONNECTION
    assert words(finding).startswith(text[:40])


def test_a_name_that_is_not_resolved_is_told_apart_and_the_one_that_it_means_is_named() -> None:
    finding = one(connection.analyze(shop(logs=(log("cart-aaa-1", "getaddrinfo ENOTFOUND db", begin=5),))))
    assert (
        finding.words
        == "deployment/cart cannot reach statefulset/db: its name is not resolved, 1 lines of its log say so"
    )
    assert "all pods of statefulset/db are ready" in words(finding, against=True)


def test_complaints_from_before_the_onset_speak_against_it_and_other_lines_are_none() -> None:
    old, new = log("cart-aaa-1", "ECONNREFUSED", begin=-900), log("cart-aaa-1", "ECONNREFUSED", begin=5)
    before, since = one(connection.analyze(shop(logs=(old,)))), one(connection.analyze(shop(logs=(new,))))
    assert "it said so before the onset already" in words(before, against=True)
    assert before.weight < since.weight
    assert not [*connection.analyze(shop(logs=(log("cart-aaa-1", "payment refused: card expired", begin=5),)))]


# Certificates


def issued(ends: float, **status: Any) -> dict[str, Any]:
    return {"metadata": meta("cart-tls"), "status": {"notAfter": at(ends), **status}}


def test_a_certificate_that_has_ended_is_told_by_cert_manager_and_by_the_log() -> None:
    said = log("cart-aaa-1", "x509: certificate has expired or is not yet valid: current time is after", begin=580)
    ready = {"type": "Ready", "status": "False", "message": "Certificate expired"}
    found = certificate.analyze(shop(listed={"Certificate": [issued(-5, conditions=[ready])]}, logs=(said,)))
    finding = one(found)
    assert str(finding.ref) == "certificate/cart-tls"
    assert "Certificate expired" in words(finding)
    assert "x509: certificate has expired" in words(finding)
    assert finding.onset == ONSET - 5


def test_a_probe_tells_a_certificate_that_the_cluster_does_not_issue() -> None:
    finding = one(certificate.analyze(shop(figures=Figures(expiries={"https://shop.example.org": ONSET - 5}))))
    assert "the certificate of https://shop.example.org ended at" in words(finding)


def test_a_certificate_of_others_that_ended_long_ago_is_no_cause() -> None:
    stale = Figures(expiries={"https://old.example.org": ONSET - 90_000})
    assert not [*certificate.analyze(shop(figures=stale))]
    assert not [*certificate.analyze(shop(listed={"Certificate": [issued(-90_000)]}))]


def test_one_of_its_own_that_ended_long_before_the_onset_is_less_likely() -> None:
    def of(seconds: float) -> Finding:
        return one(certificate.analyze(shop(figures=Figures(expiries={"https://db:5432": ONSET - seconds}))))

    assert "it ended 2d before the onset already" in words(of(2 * 86_400), against=True)
    assert of(2 * 86_400).weight < of(5).weight


def test_a_log_alone_is_believed_while_the_service_does_badly() -> None:
    said = log("cart-aaa-1", "Error: CERT_HAS_EXPIRED", begin=580)
    assert one(certificate.analyze(shop(logs=(said,)))).ref == CART
    assert not [*certificate.analyze(shop(troubled=False, logs=(said,)))]


def test_a_certificate_that_ends_next_month_and_an_old_complaint_are_no_cause() -> None:
    soon = shop(listed={"Certificate": [issued(30 * 86_400)]}, figures=Figures(expiries={"x": NOW + 86_400}))
    assert not [*certificate.analyze(soon)]
    assert not [*certificate.analyze(shop(logs=(log("cart-aaa-1", "CERT_HAS_EXPIRED", begin=-7200),)))]


# Neighbours


def beside(cores: float, began: float, *, troubled: bool = True) -> Any:
    job = {"metadata": meta("report-1", ownerReferences=[{"kind": "CronJob", "name": "report", "uid": "u"}])}
    greedy = pod("report-1-x", of=("Job", "report-1"), created=began)
    loads = (
        Load("report-1-x", "shop", "node-1", cores, None), Load("cart-aaa-1", "shop", "node-1", 0.4, 1.0),
        Load("cart-aaa-2", "shop", "node-1", 0.4, 1.0),
    )  # fmt: skip
    listed = {
        "Pod": [pod("cart-aaa-1"), pod("cart-aaa-2"), greedy, pod("db-0", of=("StatefulSet", "db"))],
        "Job": [job],
    }
    return shop(listed=listed, loads=loads, troubled=troubled)


def test_a_job_that_fills_the_node_shortly_before_the_onset_is_told_by_its_cronjob() -> None:
    finding = one(neighbour.analyze(beside(3.1, -30)))
    assert finding.ref == ObjectRef("CronJob", "shop", "report")
    assert "report-1-x uses 3.1 cores of node node-1, which is full" in words(finding)
    assert "it began shortly before the onset" in words(finding)


def test_one_that_has_run_for_long_is_less_likely() -> None:
    near, old = (one(neighbour.analyze(beside(3.1, began))) for began in (-30, -90_000))
    assert "it has run for long without harm" in words(old, against=True)
    assert near.weight > old.weight


def test_one_that_began_after_the_onset_is_less_likely_unless_it_is_only_the_newest_run_of_many() -> None:
    runs, alone = beside(3.1, 200), beside(3.1, 200)
    alone.listed["Job"][0]["metadata"]["ownerReferences"] = []
    assert not words(one(neighbour.analyze(runs)), against=True)
    assert "it began after the onset" in words(one(neighbour.analyze(alone)), against=True)


def test_runs_that_have_ended_since_are_told_by_what_they_used() -> None:
    quiet = beside(0.0, -30)
    cores = (Load("report-1-x", "shop", "node-1", 3.3),)
    schedule = Change(ONSET - 5, ChangeKind.EDIT, ObjectRef("CronJob", "shop", "report"), "changed spec.schedule")
    finding = one(neighbour.analyze(replace(quiet, figures=Figures(cores=cores), changes=(schedule,))))
    assert "report-1-x uses 3.3 cores of node node-1" in words(finding)
    assert "shortly before the onset: changed spec.schedule" in words(finding)
    assert not [*neighbour.analyze(quiet)]


def test_a_big_pod_on_a_node_with_room_to_spare_disturbs_nobody() -> None:
    assert not [*neighbour.analyze(beside(2.0, -30))]


def test_a_small_job_and_a_big_one_while_all_is_well_disturb_nobody() -> None:
    assert not [*neighbour.analyze(beside(0.5, -30))]
    assert not [*neighbour.analyze(beside(3.1, -30, troubled=False))]


# Canaries


def with_canary(**figures: Any) -> Any:
    second = deployment("cart-canary", 1)
    second["spec"]["template"]["metadata"]["labels"] = {"app": "cart", "track": "canary"}
    pods = [
        pod("cart-aaa-1"), pod("cart-aaa-2"), pod("cart-canary-1", of=("Deployment", "cart-canary"), created=-60),
        pod("db-0", of=("StatefulSet", "db")),
    ]  # fmt: skip
    return shop(listed={"Deployment": [deployment(), second], "Pod": pods}, figures=Figures(**figures))


def test_a_canary_that_is_slower_than_the_others_is_told() -> None:
    finding = one(canary.analyze(with_canary(latency={"cart-aaa-1": 0.1, "cart-aaa-2": 0.1, "cart-canary-1": 1.5})))
    assert str(finding.ref) == "deployment/cart-canary"
    assert "its pods answer in 1500 ms, the others in 100 ms" in words(finding)
    assert "it began shortly before the onset" in words(finding)


def test_a_canary_that_fails_more_is_told_and_its_good_latency_speaks_against_it() -> None:
    alike = {"cart-aaa-1": 0.1, "cart-aaa-2": 0.1, "cart-canary-1": 0.1}
    fails = {"cart-aaa-1": 0.0, "cart-aaa-2": 0.0, "cart-canary-1": 0.4}
    finding = one(canary.analyze(with_canary(errors=fails, latency=alike)))
    assert "its pods fail 40.0% of their requests, the others 0.0%" in words(finding)
    assert "its pods answer in 100 ms" in words(finding, against=True)


def test_a_canary_that_does_as_well_or_is_not_measured_is_left_alone() -> None:
    assert not [*canary.analyze(with_canary(errors={"cart-aaa-1": 0.3, "cart-canary-1": 0.3}))]
    assert not [*canary.analyze(with_canary())]


def test_a_rollout_on_its_way_is_compared_by_its_hashes() -> None:
    item = {"metadata": meta("cart"), "spec": {}, "status": {"currentPodHash": "new", "stableRS": "old"}}
    ref = ObjectRef("Rollout", "shop", "cart")

    def of(name: str, hash_: str, created: float) -> dict[str, Any]:
        made = pod(name, created=created)
        made["metadata"]["labels"] = {"rollouts-pod-template-hash": hash_}
        made["metadata"]["ownerReferences"][0]["name"] = f"cart-{hash_}"
        return made

    listed = {"Rollout": [item], "Pod": [of("cart-new-1", "new", -60), of("cart-old-1", "old", -9000)]}
    figures = Figures(errors={"cart-new-1": 0.5, "cart-old-1": 0.0})
    situation = shop(listed=listed, figures=figures, subject=Subject("shop", "cart", ref, ONSET, "HighErrorRate"))
    assert one(canary.analyze(situation)).ref == ref
    item["status"]["abort"] = True
    assert not [*canary.analyze(replace(situation, listed={**situation.listed, "Rollout": [item]}))]


# Together


def test_what_is_nearer_to_the_one_in_hand_weighs_more() -> None:
    killed = {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": at(500)}}
    same: dict[str, Any] = {"restartCount": 2, "lastState": killed}
    pods = [pod("cart-aaa-1", **same), pod("other-x", of=("Deployment", "other"), **same)]
    pods.append(pod("db-0", of=("StatefulSet", "db"), **same))
    found = diagnose(shop(listed={"Pod": pods}))
    assert [str(each.ref) for each in found if each.cause is Cause.OOM] == [
        "deployment/cart", "statefulset/db", "deployment/other",
    ]  # fmt: skip


def test_two_faults_at_once_are_both_found() -> None:
    situation = shop(changes=(rollout(60),), listed={"Node": [node(Ready="Unknown")]})
    assert {each.cause for each in diagnose(situation)} == {Cause.BAD_RELEASE, Cause.NODE}


def test_a_canary_is_told_by_the_traces_where_metrics_do_not_tell_pods_apart() -> None:
    def traced(number: int, name: str, seconds: float) -> TraceRow:
        span = Span(f"{number:016x}", "", "cart", "GET /", 0, int(seconds * NANO), process=(("k8s.pod.name", name),))
        return rows_of([Trace(f"{number:032x}", (span,))])[0]

    rows = (traced(1, "cart-canary-1", 2.0), traced(2, "cart-aaa-1", 0.1), traced(3, "cart-aaa-2", 0.2))
    finding = one(canary.analyze(replace(with_canary(), traces=rows)))
    assert "its pods answer in 2000 ms, the others in 150 ms, by the traces" in words(finding)


def test_a_dependency_that_is_only_slow_is_not_called_down() -> None:
    slow = alert("db", "HighLatency")
    finding = one(dependency.analyze(shop(alerts=(alert(), slow), logs=())))
    assert "does badly" in finding.words
    assert finding.weight < 0.5
