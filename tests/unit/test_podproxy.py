"""The pods behind a Service: each by itself where there are several that may be reached, else the Service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aurora_tui.cluster.kubernetes import KubernetesCluster
from aurora_tui.signalling import locate_alertmanagers
from tests.unit.apiserver import ApiServer, listing, refused
from tests.unit.test_signalling import settings

SLICES = "GET /apis/discovery.k8s.io/v1/namespaces/monitoring/endpointslices"
REVIEW = "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def slice_of(*pods: str, ready: bool = True, name: str = "web") -> dict[str, Any]:
    endpoints = [
        {"addresses": ["10.0.0.1"], "conditions": {"ready": ready}, "targetRef": {"kind": "Pod", "name": pod}}
        for pod in pods
    ]
    return {"metadata": {"name": "am"}, "ports": [{"name": name, "port": 9093}], "endpoints": endpoints}


async def found(cluster: KubernetesCluster, folder: Path, address: str = "svc/monitoring/am:web") -> list[str]:
    environment = settings(folder, alertmanager=address).environment("it")
    members = await locate_alertmanagers(environment, cluster, "aurora")
    assert all(each.access is not None for each in members)
    return [each.address for each in members]


@pytest.fixture(autouse=True)
def allowed(server: ApiServer) -> None:
    server.on(REVIEW, {"status": {"allowed": True}})


async def test_each_pod_is_reached_by_itself(server: ApiServer, cluster: KubernetesCluster, tmp_path: Path) -> None:
    server.on(SLICES, listing(slice_of("am-1", "am-0")))

    assert await found(cluster, tmp_path) == ["pod/monitoring/am-0:9093", "pod/monitoring/am-1:9093"]
    access = await cluster.http_access("pod/monitoring/am-0:9093")
    assert access is not None
    assert access.url.endswith("/api/v1/namespaces/monitoring/pods/am-0:9093/proxy")


async def test_the_number_of_a_services_port_leads_to_its_pods_port(
    server: ApiServer, cluster: KubernetesCluster, tmp_path: Path
) -> None:
    server.on(SLICES, listing(slice_of("am-0", "am-1")))
    service = {"metadata": {"name": "am"}, "spec": {"ports": [{"name": "web", "port": 80, "targetPort": 9093}]}}
    server.on("GET /api/v1/namespaces/monitoring/services/am", service)

    assert await found(cluster, tmp_path, "svc/monitoring/am:80") == [
        "pod/monitoring/am-0:9093",
        "pod/monitoring/am-1:9093",
    ]


@pytest.mark.parametrize(
    "slices",
    [
        [slice_of("am-0")],
        [slice_of("am-0"), slice_of("am-1", ready=False)],
        [slice_of("am-0", "am-1", name="metrics")],
        [],
    ],
    ids=["one", "one that is ready", "another port", "none"],
)
async def test_one_pod_is_reached_through_its_service(
    server: ApiServer, cluster: KubernetesCluster, tmp_path: Path, slices: list[Any]
) -> None:
    server.on(SLICES, listing(*slices))

    assert await found(cluster, tmp_path) == ["svc/monitoring/am:web"]


async def test_where_pods_may_not_be_reached_the_service_is(
    server: ApiServer, cluster: KubernetesCluster, tmp_path: Path
) -> None:
    server.on(SLICES, listing(slice_of("am-0", "am-1")))
    server.on(REVIEW, {"status": {"allowed": False}})
    assert await found(cluster, tmp_path) == ["svc/monitoring/am:web"]

    server.on(SLICES, refused(403, "endpointslices is forbidden", "Forbidden"))
    assert await found(cluster, tmp_path) == ["svc/monitoring/am:web"]


async def test_several_addresses_are_several_alertmanagers(cluster: KubernetesCluster, tmp_path: Path) -> None:
    given = settings(tmp_path, alertmanager=["http://one:9093", "http://two:9093"]).environment("it")

    assert [each.address for each in await locate_alertmanagers(given, cluster)] == [
        "http://one:9093",
        "http://two:9093",
    ]
