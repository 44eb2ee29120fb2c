"""Which service's SLI an action is held against: a workload's own, a Service's pods', a ConfigMap's readers'."""

from __future__ import annotations

import pytest

from aurora_tui.cluster.errors import ForbiddenError
from aurora_tui.cluster.resources import CONFIGMAPS, DEPLOYMENTS, PODS, SERVICES
from aurora_tui.model.actions import Target
from aurora_tui.settings import load_settings
from aurora_tui.sli import service_behind
from tests.unit.fakecluster import FakeCluster, Object
from tests.unit.rolloutobjects import NAMESPACE

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


async def test_a_service_stands_for_what_runs_its_pods_whatever_it_is_called() -> None:
    cluster = front("shop")
    assert await found(cluster, "Service", "shop") is None
    run_pod(cluster, "aurora-frontend")
    assert await found(cluster, "Service", "shop") == "frontend"


async def test_a_service_of_workloads_that_no_setting_names_goes_by_its_own_name() -> None:
    cluster = front("aurora-backend")
    run_pod(cluster, "aurora-backend-green")
    assert await found(cluster, "Service", "aurora-backend") == "backend"


async def test_a_config_map_stands_for_the_workload_that_reads_it() -> None:
    cluster = FakeCluster()
    cluster.put(CONFIGMAPS, {"metadata": meta("flags"), "data": {}})
    assert await found(cluster, "ConfigMap", "flags") is None
    containers = [{"envFrom": [{"configMapRef": {"name": "flags"}}]}]
    cluster.put(
        DEPLOYMENTS, {"metadata": meta("aurora-backend"), "spec": {"template": {"spec": {"containers": containers}}}}
    )
    assert await found(cluster, "ConfigMap", "flags") == "backend"


async def test_what_cannot_be_seen_has_no_service_and_is_no_fault() -> None:
    cluster = FakeCluster()
    cluster.fail("list", *[ForbiddenError("no", status=403)] * 3)
    assert await found(cluster, "ConfigMap", "flags") is None
