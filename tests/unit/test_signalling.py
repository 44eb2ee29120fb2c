"""Where the signals are: configured, discovered, switched off, lost and found again."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from aurora_tui import signalling
from aurora_tui.cluster.kubernetes import KubernetesCluster
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.freshness import SourceState
from aurora_tui.settings import Settings, load_settings
from aurora_tui.signalling import feed_signals, locate
from aurora_tui.store import Store
from tests.unit.apiserver import ApiServer, listing, refused, write
from tests.unit.signal_servers import FakePrometheus, WatchedTable, served

SERVICES = "GET /api/v1/services"
PROMETHEUS = {
    "metadata": {"name": "prometheus", "namespace": "monitoring", "labels": {"operated-prometheus": "true"}},
    "spec": {"ports": [{"name": "web", "port": 9090}]},
}


def settings(folder: Path, **sources: str | list[str]) -> Settings:
    every = {**dict.fromkeys(("prometheus", "alertmanager", "elasticsearch", "jaeger"), "off"), **sources}
    content: dict[str, Any] = {"environments": {"here": {"contexts": ["it"], "protected": False, "sources": every}}}
    content["signals"] = {"interval": "1s"}
    return load_settings(write(folder / "config.yaml", content))


async def found(folder: Path, cluster: KubernetesCluster, address: str) -> signalling.Found:
    environment = settings(folder, prometheus=address).environment("it")
    return await locate("prometheus", environment, cluster, "aurora")


async def test_an_address_of_the_settings_is_taken_as_it_is(
    server: ApiServer, cluster: KubernetesCluster, tmp_path: Path
) -> None:
    answer = await found(tmp_path, cluster, "http://prometheus.example:9090/")

    assert answer.access is not None
    assert answer.access.url == "http://prometheus.example:9090"
    # The operator's credentials are for the API server only.
    assert answer.access.headers == {}
    assert server.asked == []


async def test_a_discovered_service_is_reached_through_the_api_server(
    server: ApiServer, cluster: KubernetesCluster, tmp_path: Path
) -> None:
    server.on(SERVICES, listing(PROMETHEUS))

    answer = await found(tmp_path, cluster, "auto")

    assert answer.address == "svc/monitoring/prometheus:web"
    assert answer.access is not None
    assert answer.access.url.endswith("/api/v1/namespaces/monitoring/services/prometheus:web/proxy")


async def test_where_all_services_are_forbidden_the_own_namespace_is_looked_through(
    server: ApiServer, cluster: KubernetesCluster, tmp_path: Path
) -> None:
    server.on(SERVICES, refused(403, "forbidden", "Forbidden"))
    server.on("GET /api/v1/namespaces/aurora/services", listing(PROMETHEUS))

    assert (await found(tmp_path, cluster, "auto")).access is not None


@pytest.mark.parametrize(
    ("address", "answer", "reason"),
    [
        ("off", {}, "switched off in the settings"),
        ("auto", listing(), "no Service of the cluster looks like Prometheus"),
        ("auto", refused(500, "etcd is away"), "etcd is away"),
    ],
)
async def test_what_is_missing_has_a_reason(
    server: ApiServer, cluster: KubernetesCluster, tmp_path: Path, address: str, answer: Any, reason: str
) -> None:
    server.on(SERVICES, answer)

    missing = await found(tmp_path, cluster, address)

    assert (missing.access, missing.reason) == (None, reason)


class Tables(Store):
    """A store whose tables of signals can be waited on."""

    def __init__(self) -> None:
        super().__init__()
        self.slos, self.alerts = WatchedTable(), WatchedTable()
        self._tables |= {"slos": self.slos, "alerts": self.alerts}


async def test_a_prometheus_that_appears_later_is_found_by_itself(
    server: ApiServer, cluster: KubernetesCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signalling, "LOOK_AGAIN_SECONDS", 0.02)
    server.on(SERVICES, listing())
    kept, store = settings(tmp_path, prometheus="auto"), Tables()
    task = asyncio.create_task(feed_signals(kept, kept.environment("it"), cluster, store, lambda: 1.0))
    await store.slos.until_message("no Service of the cluster looks like Prometheus · ")
    assert store.slos.freshness.state is SourceState.UNCONFIGURED
    assert store.slos.freshness.message.count("no Service") == 1

    async with served(FakePrometheus().application()) as url:

        async def proxied(*_: Any) -> Any:
            return HttpAccess(url=url)

        monkeypatch.setattr(cluster, "http_access", proxied)
        server.on(SERVICES, listing(PROMETHEUS))

        await store.slos.until(SourceState.LIVE)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_looking_for_what_is_missing_leaves_the_source_that_works_alone(
    server: ApiServer, cluster: KubernetesCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signalling, "LOOK_AGAIN_SECONDS", 0.005)
    server.on(SERVICES, listing())
    made: list[Any] = []
    make = signalling.slo_source

    def counted(*options: Any) -> Any:
        made.append(options)
        return make(*options)

    monkeypatch.setattr(signalling, "slo_source", counted)
    prometheus = FakePrometheus()
    async with served(prometheus.application()) as url:
        kept, store = settings(tmp_path, prometheus=url, alertmanager="auto"), Tables()
        task = asyncio.create_task(feed_signals(kept, kept.environment("it"), cluster, store, lambda: 1.0))
        await server.until_asked(SERVICES, 4)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    assert len(made) == 1


async def test_while_the_api_server_cannot_be_asked_nothing_is_called_unconfigured(
    server: ApiServer, cluster: KubernetesCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signalling, "LOOK_AGAIN_SOON_SECONDS", 0.05)
    server.on(SERVICES, *[refused(503, "it is starting", "ServiceUnavailable")] * 3, listing())
    given = settings(tmp_path, prometheus="auto", alertmanager="auto")
    store = Tables()
    task = asyncio.create_task(feed_signals(given, given.environment("it"), cluster, store, lambda: 1.0))
    try:
        await store.slos.until_message("found through the API server, which cannot be asked")
        assert store.slos.freshness.state is SourceState.DOWN
        assert "it is starting" in store.slos.freshness.message
        await store.slos.until_message("no Service of the cluster looks like Prometheus")
        assert "not configured" in str(store.slos.freshness.state)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
