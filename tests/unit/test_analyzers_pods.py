"""What keeps pods from running: each rule with what speaks for it, what against it, and what only looks like it."""

from __future__ import annotations

from typing import Any

import pytest

from aurora_tui.incident.analyzers import (
    analyzers,
    crashloop,
    diagnose,
    imagepull,
    nodes,
    oom,
    probes,
    quota,
    unschedulable,
    volume,
)
from aurora_tui.model.diffs import DiffLine
from aurora_tui.model.findings import Cause, Finding
from aurora_tui.model.frozen import replace
from tests.unit.situations import ONSET, at, deployment, event, log, meta, node, owner, pod, rollout, shop


def one(found: Any) -> Finding:
    (finding,) = found
    assert isinstance(finding, Finding)
    return finding


def words(finding: Finding, *, against: bool = False) -> str:
    return "\n".join(each.words for each in finding.evidence if each.against is against)


def ended(code: int, seconds: float, reason: str = "Error") -> dict[str, Any]:
    run = {"exitCode": code, "reason": reason, "startedAt": at(seconds - 5), "finishedAt": at(seconds)}
    return {"terminated": run}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


def test_every_rule_is_found_and_none_finds_anything_in_a_healthy_namespace() -> None:
    assert len(analyzers()) == 16
    assert diagnose(shop(troubled=False)) == ()


def test_trouble_without_a_cause_that_a_rule_knows_stays_unknown() -> None:
    assert diagnose(shop()) == ()


# Image pull


def test_an_image_that_cannot_be_pulled_is_told_with_the_kubelets_words() -> None:
    stuck = pod("cart-bbb-1", ready=False, state=waiting("ImagePullBackOff", 'Back-off pulling image "cart:9"'))
    finding = one(imagepull.analyze(shop(stuck, pod("cart-aaa-1"))))
    assert finding.cause is Cause.IMAGE_PULL
    assert str(finding.ref) == "deployment/cart"
    assert 'ImagePullBackOff: Back-off pulling image "cart:9"' in words(finding)
    assert words(finding, against=True) == "1 of its other pods is ready"


def test_a_container_that_is_being_made_pulls_no_bad_image() -> None:
    assert not [*imagepull.analyze(shop(pod("cart-bbb-1", ready=False, state=waiting("ContainerCreating"))))]


# Crash loop


def test_a_crash_loop_has_its_exit_code_and_the_last_lines_of_the_run_before() -> None:
    crashing = pod(
        "cart-bbb-1", ready=False, restartCount=5, state=waiting("CrashLoopBackOff"), lastState=ended(127, 580)
    )
    trace = '{"level":"FATAL","message":"PAYMENTS_URL is not set"}', "    at com.shop.Main.run(Main.java:3)"
    found = crashloop.analyze(shop(crashing, logs=(log("cart-bbb-1", "starting", *trace, previous=True),)))
    finding = one(found)
    assert "cart-bbb-1 app ended 5 times, last with exit code 127 (the command is not there)" in words(finding)
    assert words(finding).endswith("starting\nPAYMENTS_URL is not set")


def test_containers_that_end_often_crash_though_they_run_just_now() -> None:
    again = pod("cart-bbb-1", restartCount=3, lastState=ended(1, 500))
    assert one(crashloop.analyze(shop(again))).cause is Cause.CRASH_LOOP


@pytest.mark.parametrize(
    "container",
    [
        {"restartCount": 1, "lastState": ended(1, 500)},
        {"restartCount": 9, "lastState": ended(1, -86_400)},
        {"restartCount": 9, "lastState": ended(137, 500, "OOMKilled")},
    ],
    ids=["once", "long ago", "for memory"],
)
def test_an_accident_an_old_crash_and_a_kill_for_memory_are_no_crash_loop(container: dict[str, Any]) -> None:
    assert not [*crashloop.analyze(shop(pod("cart-bbb-1", **container)))]


# Memory


def test_a_kill_for_memory_names_the_limit() -> None:
    killed = pod("cart-bbb-1", restartCount=2, lastState=ended(137, 500, "OOMKilled"))
    finding = one(oom.analyze(shop(killed, pod("cart-aaa-1"))))
    assert "cart-bbb-1 app was killed for memory (limit 256Mi), 2 restarts" in words(finding)
    assert words(finding, against=True) == "1 of its other pods is ready"
    assert finding.onset == ONSET + 500


def test_a_release_that_lowered_the_limit_speaks_for_it_with_both_figures() -> None:
    path = "template.spec.containers[app].resources.limits.memory"
    lowered = replace(rollout(60), diff=(DiffLine("-", path, "768Mi"), DiffLine("+", path, "256Mi")))
    killed = pod("cart-aaa-1", restartCount=3, lastState=ended(137, 500, "OOMKilled"))
    told = words(one(oom.analyze(shop(killed, changes=(lowered,)))))
    assert "revision 2: 1 → 2 changed its memory limit: 768Mi → 256Mi" in told
    assert "memory limit:" not in words(one(oom.analyze(shop(killed, changes=(rollout(60),)))))


def test_a_node_short_of_memory_speaks_for_it_too() -> None:
    killed = pod("cart-bbb-1", restartCount=2, lastState=ended(137, 500, "OOMKilled"))
    finding = one(oom.analyze(shop(killed, listed={"Pod": [killed], "Node": [node(MemoryPressure="True")]})))
    assert "node node-1 is short of memory" in words(finding)


@pytest.mark.parametrize("state", [ended(137, -7200, "OOMKilled"), ended(137, 500, "Error")])
def test_an_old_kill_and_one_for_another_reason_are_not_for_memory(state: dict[str, Any]) -> None:
    assert not [*oom.analyze(shop(pod("cart-bbb-1", restartCount=2, lastState=state)))]


# Probes


UNHEALTHY = event("cart-bbb-1", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", count=40)
KILLING = event("cart-bbb-1", "Killing", "Container app failed liveness probe, will be restarted")


def test_a_pod_that_has_not_been_ready_for_long_fails_its_probe() -> None:
    stuck = pod("cart-bbb-1", ready=False, since=300)
    found = probes.analyze(shop(listed={"Pod": [stuck], "Event": [UNHEALTHY]}))
    finding = one(found)
    assert "Readiness probe failed: HTTP probe failed with statuscode: 503 (40 times)" in words(finding)
    assert finding.onset == ONSET + 300


def test_a_pod_that_only_starts_fails_its_probe_for_a_while_and_nothing_is_wrong() -> None:
    starts = pod("cart-bbb-1", ready=False, since=560)
    assert not [*probes.analyze(shop(listed={"Pod": [starts], "Event": [UNHEALTHY]}))]


def test_a_container_that_the_kubelet_ends_is_told_at_once() -> None:
    starts = pod("cart-bbb-1", ready=False, since=560)
    finding = one(probes.analyze(shop(listed={"Pod": [starts], "Event": [KILLING]})))
    assert "failed liveness probe" in words(finding)


def test_probes_are_not_blamed_for_what_waits_or_for_what_was_said_long_ago() -> None:
    crashed = pod("cart-bbb-1", ready=False, since=0, state=waiting("CrashLoopBackOff"))
    assert not [*probes.analyze(shop(listed={"Pod": [crashed], "Event": [UNHEALTHY]}))]
    old = event("cart-bbb-1", "Unhealthy", "Readiness probe failed", seen=-3600)
    assert not [*probes.analyze(shop(listed={"Pod": [pod("cart-bbb-1", ready=False, since=0)], "Event": [old]}))]


# Scheduling


def unscheduled(since: float, message: str = "0/3 nodes are available: 3 Insufficient cpu.") -> dict[str, Any]:
    said = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    condition = {**said, "lastTransitionTime": at(since)}
    return pod("cart-bbb-1", ready=False, phase="Pending", node="", conditions=[condition], created=since)


def test_the_schedulers_reasons_are_told_and_a_cordoned_node_with_them() -> None:
    waits = unscheduled(300, "0/1 nodes are available: 1 node(s) were unschedulable.")
    finding = one(unschedulable.analyze(shop(listed={"Pod": [waits], "Node": [node(cordoned=True)]})))
    assert "1 node(s) were unschedulable" in words(finding)
    assert "node node-1 is cordoned" in words(finding)
    assert finding.hints == {"node": "node-1"}


def test_a_pod_that_has_waited_for_a_moment_is_left_to_the_scheduler() -> None:
    assert not [*unschedulable.analyze(shop(unscheduled(580)))]


def test_a_claim_that_is_not_bound_is_a_matter_of_its_volume() -> None:
    message = "pod has unbound immediate PersistentVolumeClaims. preemption: 0/1 nodes are available"
    assert not [*unschedulable.analyze(shop(unscheduled(100, message)))]


# Quota

REFUSED = 'Error creating: pods "cart-aaa-x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2'


def test_a_quota_is_told_with_what_is_used_of_it() -> None:
    replicaset = {"metadata": meta("cart-aaa", ownerReferences=owner("Deployment", "cart"))}
    small = {"metadata": meta("small"), "status": {"hard": {"pods": "2"}, "used": {"pods": "2"}}}
    listed = {
        "Event": [event("cart-aaa", "FailedCreate", REFUSED, kind="ReplicaSet")],
        "ReplicaSet": [replicaset],
        "ResourceQuota": [small],
        "Deployment": [deployment(replicas=3)],
    }
    finding = one(quota.analyze(shop(listed=listed)))
    assert str(finding.ref) == "deployment/cart"
    assert "exceeded quota: small" in words(finding)
    assert "resourcequota/small: pods 2 of 2" in words(finding)


def test_a_workload_that_got_all_its_pods_since_is_not_held_by_a_quota() -> None:
    replicaset = {"metadata": meta("cart-aaa", ownerReferences=owner("Deployment", "cart"))}
    listed = {"Event": [event("cart-aaa", "FailedCreate", REFUSED, kind="ReplicaSet")], "ReplicaSet": [replicaset]}
    assert not [*quota.analyze(shop(listed=listed))]


def test_the_condition_of_the_deployment_tells_a_quota_where_the_events_are_gone() -> None:
    short = deployment(replicas=3)
    short["status"]["conditions"] = [{"type": "ReplicaFailure", "status": "True", "message": REFUSED}]
    assert one(quota.analyze(shop(listed={"Deployment": [short]}))).cause is Cause.QUOTA
    short["status"]["conditions"][0]["message"] = "admission webhook denied the request"
    assert not [*quota.analyze(shop(listed={"Deployment": [short]}))]


# Volumes


def claiming(since: float) -> dict[str, Any]:
    waits = pod("cart-bbb-1", ready=False, phase="Pending", node="", created=since, state=waiting("ContainerCreating"))
    waits["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "data-0"}}]
    return waits


def test_a_claim_that_is_not_bound_is_told_with_the_provisioners_words() -> None:
    claim = {"metadata": meta("data-0"), "status": {"phase": "Pending"}}
    said = event("data-0", "ProvisioningFailed", 'storageclass "fast" not found', kind="PersistentVolumeClaim")
    listed = {"Pod": [claiming(100)], "PersistentVolumeClaim": [claim], "Event": [said]}
    finding = one(volume.analyze(shop(listed=listed)))
    assert "cart-bbb-1 waits for data-0, which is not bound" in words(finding)
    assert 'storageclass "fast" not found' in words(finding)


def test_a_volume_that_cannot_be_mounted_is_told() -> None:
    said = event("cart-bbb-1", "FailedAttachVolume", "Multi-Attach error for volume")
    finding = one(volume.analyze(shop(listed={"Pod": [claiming(100)], "Event": [said]})))
    assert "Multi-Attach error" in words(finding)


def test_a_claim_that_nobody_waits_for_yet_and_a_pod_just_made_are_no_fault() -> None:
    claim = {"metadata": meta("data-0"), "status": {"phase": "Pending"}}
    assert not [*volume.analyze(shop(listed={"PersistentVolumeClaim": [claim]}))]
    assert not [*volume.analyze(shop(listed={"Pod": [claiming(580)], "PersistentVolumeClaim": [claim]}))]


# Nodes


def test_a_lost_node_is_told_with_the_pods_on_it() -> None:
    lost = pod("cart-aaa-1", ready=False)
    finding = one(
        nodes.analyze(
            shop(lost, pod("cart-aaa-2", node="node-2"), listed={"Node": [node(Ready="Unknown")], "Pod": [lost]})
        )
    )
    assert str(finding.ref) == "node/node-1"
    assert "Ready is Unknown: NodeStatusUnknown" in words(finding)
    assert "cart-aaa-1 is on it and not ready" in words(finding)
    assert finding.onset == ONSET - 30


def test_pods_that_still_answer_speak_against_a_node_that_is_gone() -> None:
    finding = one(nodes.analyze(shop(listed={"Node": [node(Ready="Unknown")]})))
    assert words(finding, against=True) == "3 of the pods on it are ready"


def test_a_node_that_runs_nothing_of_ours_and_one_that_is_only_cordoned_are_left_alone() -> None:
    assert not [*nodes.analyze(shop(listed={"Node": [node(), node("node-9", Ready="False")]}))]
    assert not [*nodes.analyze(shop(listed={"Node": [node(cordoned=True)]}))]
