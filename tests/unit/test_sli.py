"""Which service's SLI an action is held against: a workload's own, a Service's pods', a ConfigMap's readers'."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aurora_tui.cluster.errors import ForbiddenError
from aurora_tui.cluster.resources import CONFIGMAPS, DEPLOYMENTS, PODS, SERVICES
from aurora_tui.model.actions import Action, Target, Verb
from aurora_tui.planning import Planner
from aurora_tui.session import Session
from aurora_tui.settings import load_settings
from aurora_tui.sli import run_as, service_behind, slo_probe
from tests.unit.fakecluster import FakeCluster, Object
from tests.unit.rolloutobjects import NAMESPACE
from tests.unit.signal_servers import EMPTY, FakePrometheus, vector
from tests.unit.test_health import open_session, prometheus

__all__ = ["open_session", "prometheus"]
SETTINGS = load_settings(environ={}).services


async def found(cluster: FakeCluster, kind: str, name: str) -> str | None:
    service = await service_behind(SETTINGS, cluster, Target("prod", NAMESPACE, kind, name, "u", "1"))
    return service.name if service else None


def meta(name: str, **more: object) -> Object:
    return {"name": name, "namespace": NAMESPACE, "uid": name, **more}


def front(name: str) -> FakeCluster:
    cluster = FakeCluster()
    cluster.put(SERVICES, {"metadata": meta(name), "spec": {"selector": {"app": "x"}}})
    return cluster


def run_pod(cluster: FakeCluster, deployment: str) -> None:
    owner = {"kind": "ReplicaSet", "name": f"{deployment}-abc", "uid": "r", "controller": True}
    labels = {"app": "x", "pod-template-hash": "abc"}
    cluster.put(PODS, {"metadata": meta(f"{deployment}-abc-1", labels=labels, ownerReferences=[owner])})


@pytest.mark.parametrize(
    ("kind", "name", "service"),
    [("Deployment", "aurora-frontend", "frontend"), ("StatefulSet", "aurora-postgres", "postgres"), ("Pod", "x", None)],
)
async def test_a_workload_runs_the_service_that_names_it(kind: str, name: str, service: str | None) -> None:
    assert await found(FakeCluster(), kind, name) == service


@pytest.mark.parametrize(
    ("owner", "workload"),
    [
        ({"kind": "StatefulSet", "name": "aurora-postgres"}, ("StatefulSet", "aurora-postgres")),
        ({"kind": "ReplicaSet", "name": "aurora-backend-abc"}, ("Deployment", "aurora-backend")),
        (None, ("Pod", "gone-1")),
    ],
)
async def test_the_end_of_a_pod_is_held_against_what_ran_it(owner: Object | None, workload: tuple[str, str]) -> None:
    cluster = FakeCluster()
    owners = [{**owner, "uid": "o", "controller": True}] if owner else []
    labels = {"pod-template-hash": "abc"}
    pod = {"metadata": meta("gone-1", labels=labels, ownerReferences=owners), "spec": {"containers": []}}
    cluster.put(PODS, pod)
    plan = await Planner(cluster, False, False).plan(Verb.DELETE, PODS, NAMESPACE, "gone-1", {}, 0.0)

    assert (run_as(plan.action).kind, run_as(plan.action).name) == workload


async def test_a_service_stands_for_what_runs_its_pods_whatever_it_is_called() -> None:
    cluster = front("shop")
    assert await found(cluster, "Service", "shop") is None
    run_pod(cluster, "aurora-frontend")
    assert await found(cluster, "Service", "shop") == "frontend"


async def test_a_service_of_workloads_that_no_setting_names_goes_by_its_own_name() -> None:
    cluster = front("aurora-backend")
    run_pod(cluster, "aurora-backend-green")
    assert await found(cluster, "Service", "aurora-backend") == "backend"


def run_canary(cluster: FakeCluster, name: str = "aurora-backend-canary") -> None:
    labels = {"app": "x", "track": "canary"}
    cluster.put(
        DEPLOYMENTS, {"metadata": meta(name), "spec": {"replicas": 0, "template": {"metadata": {"labels": labels}}}}
    )


async def test_a_canary_that_no_setting_names_runs_the_service_whose_pods_stand_beside_its_own() -> None:
    cluster = front("shop")
    run_canary(cluster)
    assert await found(cluster, "Deployment", "aurora-backend-canary") is None
    run_pod(cluster, "aurora-backend")
    assert await found(cluster, "Deployment", "aurora-backend-canary") == "backend"


async def test_a_workload_that_no_service_fronts_runs_none() -> None:
    cluster = front("shop")
    run_pod(cluster, "aurora-backend")
    cluster.put(SERVICES, {"metadata": meta("headless"), "spec": {}})
    labels = {"app": "another"}
    cluster.put(DEPLOYMENTS, {"metadata": meta("helper"), "spec": {"template": {"metadata": {"labels": labels}}}})
    assert await found(cluster, "Deployment", "helper") is None
    assert await found(cluster, "Deployment", "gone") is None


async def test_a_config_map_stands_for_the_workload_that_reads_it() -> None:
    cluster = FakeCluster()
    cluster.put(CONFIGMAPS, {"metadata": meta("flags"), "data": {}})
    assert await found(cluster, "ConfigMap", "flags") is None
    containers = [{"envFrom": [{"configMapRef": {"name": "flags"}}]}]
    cluster.put(
        DEPLOYMENTS, {"metadata": meta("aurora-backend"), "spec": {"template": {"spec": {"containers": containers}}}}
    )
    assert await found(cluster, "ConfigMap", "flags") == "backend"


LATENCY = "http_request_duration_seconds_bucket"


@pytest.mark.parametrize(
    ("availability", "latency", "told"),
    [
        ("1", "0.99", ("backend availability", 1.0)),
        ("0.76", "0.99", ("backend availability", 0.76)),
        ("0.9999", "0.78", ("backend latency", 0.78)),
        ("0.99", "0.94", ("backend availability", 0.99)),
        (None, "0.78", ("backend latency", 0.78)),
        (None, "0.99", ("backend availability", None)),
        ("0.9999", None, ("backend availability", 0.9999)),
        ("0.76", None, ("backend availability", 0.76)),
    ],
)
async def test_of_availability_and_latency_the_one_that_suffers_most_is_followed(
    open_session: Callable[..., Session],
    prometheus: FakePrometheus,
    availability: str | None,
    latency: str | None,
    told: tuple[str, float | None],
) -> None:
    def answer(query: str) -> Any:
        value = latency if LATENCY in query else availability
        return EMPTY if value is None else vector(value)

    prometheus.instant = answer
    target = Target("it", NAMESPACE, "Deployment", "aurora-backend", "u", "1")
    probe = await slo_probe(open_session(), Action(Verb.RESTART, target, {}, {}, {}))

    assert probe is not None
    reading = await probe()
    assert (reading.name, reading.share) == told


async def test_what_was_done_for_a_services_sake_is_held_against_that_service(
    open_session: Callable[..., Session], prometheus: FakePrometheus
) -> None:
    prometheus.instant = lambda query: vector("0.9")
    action = Action(Verb.CORDON, Target("it", "", "Node", "node-1", "u", "1"), {}, {}, {})
    probe = await slo_probe(open_session(), action, "backend")

    assert await slo_probe(open_session(), action) is None
    assert probe is not None
    assert str(await probe()) == "backend availability: 90.00% good, 99.50% wanted"


async def test_what_cannot_be_seen_has_no_service_and_is_no_fault() -> None:
    cluster = FakeCluster()
    cluster.fail("list", *[ForbiddenError("no", status=403)] * 3)
    assert await found(cluster, "ConfigMap", "flags") is None
