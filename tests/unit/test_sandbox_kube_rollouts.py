"""The sandbox's controllers: rollouts, rollbacks, scaling, budgets, and what owners take with them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.kubesandbox import APPS, AURORA, BACKEND, NOW, Json, Kube, condition, image, serving

REVISION = "deployment.kubernetes.io/revision"
CAUSE = "kubernetes.io/change-cause"
GOOD, BAD, OLDEST, NEW = (f"aurora/backend:{version}" for version in ("2.4.0", "2.4.1", "2.3.9", "2.5.0"))
POSTGRES = f"{APPS}/statefulsets/aurora-postgres"


@pytest.fixture
async def kube() -> AsyncIterator[Kube]:
    async with serving() as started:
        yield started


@pytest.fixture
async def broken() -> AsyncIterator[Kube]:
    async with serving("bad-release") as started:
        yield started


async def revisions(kube: Kube) -> dict[str, tuple[int, int]]:
    """Image -> revision number and replicas of the backend's ReplicaSets."""
    body = await kube.found(f"{APPS}/replicasets?labelSelector=app=aurora-backend")
    return {
        image(each): (int(each["metadata"]["annotations"][REVISION]), each["spec"]["replicas"])
        for each in body["items"]
    }


async def progressing(kube: Kube) -> tuple[str, str]:
    found = condition(await kube.found(BACKEND), "Progressing")
    return found["status"], found["reason"]


async def reasons(kube: Kube, kind: str) -> set[str]:
    body = await kube.found(f"{AURORA}/events?fieldSelector=involvedObject.kind={kind}")
    return {each["reason"] for each in body["items"]}


async def undo(kube: Kube, to: str) -> None:
    """As `kubectl rollout undo` does it: a JSON patch with the template of the chosen ReplicaSet."""
    sets = await kube.found(f"{APPS}/replicasets?labelSelector=app=aurora-backend")
    chosen = next(each for each in sets["items"] if image(each) == to)
    template = chosen["spec"]["template"]
    del template["metadata"]["labels"]["pod-template-hash"]
    annotations = {CAUSE: chosen["metadata"]["annotations"][CAUSE]}
    patch = [
        {"op": "replace", "path": "/spec/template", "value": template},
        {"op": "replace", "path": "/metadata/annotations", "value": annotations},
    ]
    assert (await kube.patch(BACKEND, patch, "json-patch"))[0] == 200


async def test_the_bad_release_begins_as_its_story_says(broken: Kube) -> None:
    assert await revisions(broken) == {OLDEST: (1, 0), GOOD: (2, 0), BAD: (3, 3)}
    deployment = await broken.found(BACKEND)
    assert deployment["metadata"]["annotations"][CAUSE] == "release 2.4.1"
    assert deployment["status"]["updatedReplicas"] == 3
    assert await progressing(broken) == ("True", "NewReplicaSetAvailable")
    restarts = [pod["status"]["containerStatuses"][0]["restartCount"] for pod in await broken.pods("aurora-backend")]
    assert sorted(restarts)[:2] == [0, 0] and max(restarts) >= 3
    assert {"ScalingReplicaSet"} <= await reasons(broken, "Deployment")
    assert {"Scheduled", "Pulled", "Created", "Started", "BackOff"} <= await reasons(broken, "Pod")


async def test_the_crashing_pod_keeps_crashing_with_growing_pauses(broken: Kube) -> None:
    def looping(pods: list[Json]) -> Json:
        statuses = [pod["status"]["containerStatuses"][0] for pod in pods]
        return max(statuses, key=lambda each: int(each["restartCount"]))

    before = looping(await broken.pods("aurora-backend"))
    assert before["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert before["lastState"]["terminated"]["exitCode"] == 1
    broken.pass_time(310)
    after = looping(await broken.pods("aurora-backend"))
    assert after["restartCount"] == before["restartCount"] + 1


async def test_a_rollback_reuses_the_set_and_moves_its_number_up(broken: Kube) -> None:
    await undo(broken, GOOD)
    broken.pass_time(30)
    assert await revisions(broken) == {OLDEST: (1, 0), BAD: (3, 0), GOOD: (4, 3)}
    deployment = await broken.found(BACKEND)
    assert deployment["metadata"]["annotations"] == {CAUSE: "release 2.4.0", REVISION: "4"}
    assert deployment["status"]["observedGeneration"] == deployment["metadata"]["generation"]
    assert (condition(deployment, "Available")["status"], await progressing(broken)) == (
        "True",
        ("True", "NewReplicaSetAvailable"),
    )
    assert [(replica.image, replica.ready) for replica in broken.sandbox.replicas()["aurora-backend"]] == [
        (GOOD, True)
    ] * 3


async def test_a_rollout_keeps_within_surge_and_availability(kube: Kube) -> None:
    await kube.set_image(NEW)
    seen: set[str] = set()
    for _ in range(40):
        kube.pass_time(0.5)
        status = (await kube.found(BACKEND))["status"]
        assert status["replicas"] <= 4 and status["availableReplicas"] >= 3
        seen.add((await progressing(kube))[1])
    assert seen == {"ReplicaSetUpdated", "NewReplicaSetAvailable"}


async def test_an_image_that_cannot_be_pulled_stalls_until_the_deadline(kube: Kube) -> None:
    await kube.set_image("aurora/backend:9-missing")
    kube.pass_time(10)
    waiting = [
        pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"]
        for pod in await kube.pods("aurora-backend")
        if image(pod) == "aurora/backend:9-missing"
    ]
    assert waiting == ["ImagePullBackOff"]
    assert await progressing(kube) == ("True", "ReplicaSetUpdated")
    kube.pass_time(600)
    assert await progressing(kube) == ("False", "ProgressDeadlineExceeded")
    assert (await kube.found(BACKEND))["status"]["availableReplicas"] == 3


async def test_a_paused_deployment_scales_but_does_not_roll(kube: Kube) -> None:
    await kube.patch(BACKEND, {"spec": {"paused": True}})
    await kube.set_image(NEW)
    await kube.patch(f"{BACKEND}/scale", {"spec": {"replicas": 5}})
    kube.pass_time(8)
    assert await revisions(kube) == {OLDEST: (1, 0), GOOD: (2, 5)}
    assert await progressing(kube) == ("Unknown", "DeploymentPaused")
    await kube.patch(BACKEND, {"spec": {"paused": False}})
    kube.pass_time(60)
    assert (await revisions(kube))[NEW] == (3, 3), "and the autoscaler has set the size right"


async def test_a_mistyped_size_is_refused_by_quota_and_said(kube: Kube) -> None:
    await kube.ask("DELETE", "/apis/autoscaling/v2/namespaces/aurora/horizontalpodautoscalers/aurora-backend")
    await kube.patch(f"{BACKEND}/scale", {"spec": {"replicas": 1_000_000}})
    kube.pass_time(1)
    assert len((await kube.found("/api/v1/pods"))["items"]) == 330
    failure = condition(await kube.found(BACKEND), "ReplicaFailure")
    assert failure["reason"] == "FailedCreate" and "exceeded quota" in failure["message"]


async def test_the_autoscaler_takes_back_what_is_scaled_below_its_minimum(kube: Kube) -> None:
    await kube.patch(f"{BACKEND}/scale", {"spec": {"replicas": 1}})
    kube.pass_time(20)
    assert (await kube.found(BACKEND))["spec"]["replicas"] == 3
    assert "SuccessfulRescale" in await reasons(kube, "HorizontalPodAutoscaler")


async def test_recreate_waits_for_the_old_pods_to_be_gone(kube: Kube) -> None:
    await kube.patch(BACKEND, {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}})
    await kube.set_image(NEW)
    both = False
    for _ in range(30):
        kube.pass_time(0.5)
        both |= len({image(pod) for pod in await kube.pods("aurora-backend")}) > 1
    assert not both and {image(pod) for pod in await kube.pods("aurora-backend")} == {NEW}


async def test_a_stateful_set_rolls_from_the_highest_down_one_at_a_time(kube: Kube) -> None:
    spec = {"template": {"spec": {"containers": [{"name": "postgres", "image": "aurora/postgres:17"}]}}}
    await kube.patch(POSTGRES, {"spec": spec}, "strategic-merge-patch")
    order: list[str] = []
    for _ in range(120):
        kube.pass_time(0.5)
        pods = await kube.pods("aurora-postgres")
        assert sum(condition(pod, "Ready")["status"] == "True" for pod in pods if "conditions" in pod["status"]) >= 2
        order += [name for pod in pods if (name := pod["metadata"]["name"]) not in order and image(pod).endswith(":17")]
    assert order == ["aurora-postgres-2", "aurora-postgres-1", "aurora-postgres-0"]
    status = (await kube.found(POSTGRES))["status"]
    assert status["currentRevision"] == status["updateRevision"]
    history = await kube.found(f"{APPS}/controllerrevisions?labelSelector=app=aurora-postgres")
    assert sorted(each["revision"] for each in history["items"]) == [1, 2]


async def test_a_daemon_set_has_one_pod_a_node_cordoned_or_not(kube: Kube) -> None:
    await kube.patch("/api/v1/nodes/prod-node-2", {"spec": {"unschedulable": True}})
    monitoring = "/api/v1/namespaces/monitoring/pods"
    pods = (await kube.found(f"{monitoring}?labelSelector=app=node-exporter"))["items"]
    assert sorted(pod["spec"]["nodeName"] for pod in pods) == ["prod-node-1", "prod-node-2", "prod-node-3"]
    gone = next(pod for pod in pods if pod["spec"]["nodeName"] == "prod-node-2")["metadata"]["name"]
    await kube.ask("DELETE", f"{monitoring}/{gone}")
    kube.pass_time(8)
    pods = (await kube.found(f"{monitoring}?labelSelector=app=node-exporter"))["items"]
    assert len(pods) == 3 and gone not in [pod["metadata"]["name"] for pod in pods]
    node = await kube.found("/api/v1/nodes/prod-node-2")
    assert node["spec"]["taints"] == [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]


async def test_a_pod_that_fits_nowhere_waits_and_says_why(kube: Kube) -> None:
    for node in ("prod-node-1", "prod-node-2", "prod-node-3"):
        await kube.patch(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": True}})
    await kube.ask("DELETE", f"{AURORA}/pods/aurora-postgres-2")
    kube.pass_time(10)
    pod = await kube.found(f"{AURORA}/pods/aurora-postgres-2")
    scheduled = condition(pod, "PodScheduled")
    assert (pod["status"]["phase"], scheduled["status"], scheduled["reason"]) == ("Pending", "False", "Unschedulable")
    assert "3 node(s) were unschedulable" in scheduled["message"]


async def test_an_eviction_is_refused_while_the_budget_allows_none(kube: Kube) -> None:
    eviction = {"kind": "Eviction", "apiVersion": "policy/v1", "metadata": {"namespace": "aurora"}}

    async def evict(pod: str) -> tuple[int, Json]:
        named = {**eviction, "metadata": {"name": pod, "namespace": "aurora"}}
        code, body = await kube.ask("POST", f"{AURORA}/pods/{pod}/eviction", named)
        return code, body

    assert (await evict("aurora-postgres-0"))[0] == 201
    code, status = await evict("aurora-postgres-1")
    assert (code, status["reason"]) == (429, "TooManyRequests")
    assert status["details"]["causes"][0]["reason"] == "DisruptionBudget"
    kube.pass_time(15)
    assert (await evict("aurora-postgres-1"))[0] == 201


@pytest.mark.parametrize(("policy", "left"), [("Background", 0), ("Foreground", 0), ("Orphan", 3)])
async def test_what_becomes_of_the_pods_of_a_deleted_deployment(kube: Kube, policy: str, left: int) -> None:
    await kube.ask("DELETE", BACKEND, {"propagationPolicy": policy})
    kube.pass_time(6)
    assert (await kube.get(BACKEND))[0] == 404
    assert len(await kube.pods("aurora-backend")) == left


async def test_the_nightly_backup_ran_and_its_jobs_are_kept_to_three(kube: Kube) -> None:
    jobs = (await kube.found("/apis/batch/v1/namespaces/aurora/jobs"))["items"]
    assert len(jobs) == 3
    assert {condition(job, "Complete")["status"] for job in jobs} == {"True"}
    assert {pod["status"]["phase"] for pod in await kube.pods("aurora-backup")} == {"Succeeded"}


async def test_events_are_counted_and_forgotten_after_an_hour(broken: Kube) -> None:
    events = (await broken.found(f"{AURORA}/events"))["items"]
    assert max(each.get("count", 1) for each in events) >= 3
    broken.pass_time(3700)
    names = {each["metadata"]["name"] for each in (await broken.found(f"{AURORA}/events"))["items"]}
    assert names.isdisjoint(
        each["metadata"]["name"] for each in events if each["reason"] in ("Scheduled", "ScalingReplicaSet")
    )


async def test_services_reach_ready_pods_only(broken: Kube) -> None:
    slices = "/apis/discovery.k8s.io/v1/namespaces/aurora/endpointslices"
    body = await broken.found(f"{slices}?labelSelector=kubernetes.io/service-name=aurora-backend")
    ready = {each["targetRef"]["name"] for each in body["items"][0]["endpoints"] if each["conditions"]["ready"]}
    assert ready == {
        pod["metadata"]["name"]
        for pod in await broken.pods("aurora-backend")
        if condition(pod, "Ready")["status"] == "True"
    }


async def test_the_same_seed_gives_the_same_cluster() -> None:
    async with serving() as one, serving() as other:
        assert (await one.found("/api/v1/pods"))["items"] == (await other.found("/api/v1/pods"))["items"]
        assert one.sandbox.now() == NOW
