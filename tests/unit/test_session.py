"""A context that is open: which sources run, what a switch restarts, and that nothing is left behind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest

from aurora_tui import session as sessions
from aurora_tui.backoff import Backoff
from aurora_tui.cluster import reflector as reflectors
from aurora_tui.cluster.metrics import PodMetricsSource
from aurora_tui.model import kube
from aurora_tui.model.freshness import Freshness, SourceState
from aurora_tui.model.pods import owner_workload
from aurora_tui.model.selection import ObjectRef
from aurora_tui.session import STATUS, Session
from aurora_tui.settings import load_settings
from tests.unit.apiserver import ApiServer, context_for, event, item, listing, refused, running, stream, write

NOW = 1_700_000_000.0


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (sessions, reflectors):
        monkeypatch.setattr(module, "Backoff", lambda: Backoff(first=0.01))


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    async with running() as server:
        server.on("GET /version", {"gitVersion": "v1.35.4"})
        for path in ("pods", "namespaces/aurora/pods", "namespaces/other/pods", "nodes"):
            server.on(f"GET /api/v1/{path}", listing())
            server.on(f"WATCH /api/v1/{path}", stream(until=asyncio.Event()))
        yield server


@pytest.fixture
async def session(server: ApiServer, tmp_path: Path) -> AsyncIterator[Session]:
    """A session on the namespace ``aurora``, whose signals are switched off."""
    off = dict.fromkeys(("prometheus", "alertmanager", "elasticsearch", "jaeger"), "off")
    config = write(
        tmp_path / "config.yaml", {"environments": {"it": {"contexts": ["it"], "protected": False, "sources": off}}}
    )
    context = context_for(tmp_path, server.url, namespace="aurora", user={"token": "t"})
    session = Session(load_settings(config), context, clock=lambda: NOW)
    yield session
    await session.close()
    assert [task for task in asyncio.all_tasks() if "/aurora_tui/" in _file(task)] == []


def _file(task: asyncio.Task[Any]) -> str:
    """Where the code of a task stands."""
    return str(getattr(getattr(task.get_coro(), "cr_code", None), "co_filename", ""))


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


async def test_a_table_is_fed_once_however_many_want_it(server: ApiServer, session: Session) -> None:
    session.want("pods")
    session.want("pods")
    await server.until_asked("WATCH /api/v1/namespaces/aurora/pods")

    assert server.lines() == ["GET /api/v1/namespaces/aurora/pods", "WATCH /api/v1/namespaces/aurora/pods"]


async def test_a_switch_of_namespace_starts_only_the_namespaced_tables_anew(
    server: ApiServer, session: Session
) -> None:
    server.on("GET /api/v1/namespaces/aurora/pods", listing(item("old")))
    session.want("pods")
    session.want("nodes")
    pods = session.store.table("pods")
    await server.until_asked("WATCH /api/v1/namespaces/aurora/pods")
    await server.until_asked("WATCH /api/v1/nodes")
    assert pods.freshness.state is SourceState.LIVE

    session.switch_namespace("other")

    assert (pods.rows, pods.freshness) == ({}, Freshness())
    await server.until_asked("WATCH /api/v1/namespaces/other/pods")
    session.switch_namespace(None)
    await server.until_asked("WATCH /api/v1/pods")
    assert len(server.requests("GET /api/v1/nodes")) == 1
    assert (session.namespace, session.home) == (None, "other")


async def test_what_nobody_looks_at_any_more_is_asked_for_no_longer_but_the_pods_are(
    server: ApiServer, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.on("GET /api/v1/nodes", listing(item("n1")))
    for table in ("pods", "nodes"):
        session.want(table)
    nodes = session.store.table("nodes")
    await server.until_asked("WATCH /api/v1/nodes")
    await server.until_asked("WATCH /api/v1/namespaces/aurora/pods")

    session.keep({"alerts"})
    assert set(nodes.rows) == {"aurora/n1"}, "who comes back at once finds it"
    session.keep({"nodes"})
    monkeypatch.setattr(sessions, "LINGER", 0.0)
    session.keep({"nodes"})
    assert set(nodes.rows) == {"aurora/n1"}
    session.keep({"alerts"})
    assert (nodes.rows, nodes.freshness) == ({}, Freshness())
    await until(lambda: [name for name in map(_source, asyncio.all_tasks()) if name] == ["source pods"])

    session.want("nodes")
    await until(lambda: nodes.rows)


def _source(task: asyncio.Task[Any]) -> str:
    """The name of a task that feeds a table; nothing for others."""
    return task.get_name() if task.get_name().startswith("source ") else ""


async def test_events_of_the_namespace_that_was_left_do_not_come_through(server: ApiServer, session: Session) -> None:
    late = asyncio.Event()

    async def slow(request: Any) -> Any:
        answer = stream(until=late)
        return await answer(request)

    server.on("WATCH /api/v1/namespaces/aurora/pods", slow)
    server.on("WATCH /api/v1/namespaces/other/pods", stream(event("ADDED", item("new", 11, "other")), until=late))
    session.want("pods")
    await server.until_asked("WATCH /api/v1/namespaces/aurora/pods")

    session.switch_namespace("other")
    late.set()

    await until(lambda: session.store.table("pods").rows)
    assert set(session.store.table("pods").rows) == {"other/new"}


async def test_refreshing_reads_everything_again_and_keeps_the_rows_meanwhile(
    server: ApiServer, session: Session
) -> None:
    server.on("GET /api/v1/namespaces/aurora/pods", listing(item("a")))
    session.want("pods")
    await server.until_asked("WATCH /api/v1/namespaces/aurora/pods")

    session.refresh()

    assert set(session.store.table("pods").rows) == {"aurora/a"}
    await server.until_asked("GET /api/v1/namespaces/aurora/pods", 2)


async def test_the_server_is_named_as_soon_as_it_answers(server: ApiServer, session: Session) -> None:
    server.on("GET /version", refused(503, "starting"), {"gitVersion": "v1.35.4"})
    server.on("POST /apis/authentication.k8s.io/v1/selfsubjectreviews", {"status": {"userInfo": {"username": "ann"}}})

    session.start()

    await until(lambda: session.store.table(STATUS).rows)
    status = session.store.table(STATUS).rows[STATUS]
    assert (status.context, status.version, status.user) == ("it", "v1.35.4", "ann")


async def test_a_source_that_breaks_down_is_logged_shown_and_started_by_a_refresh(
    session: Session, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(self: Any) -> NoReturn:
        raise ZeroDivisionError("our own fault")

    with monkeypatch.context() as patch, caplog.at_level(logging.ERROR):
        patch.setattr(reflectors.Reflector, "run", broken)
        session.want("pods")
        table = session.store.table("pods")
        await until(lambda: table.freshness.state is SourceState.DOWN)

    assert "ZeroDivisionError" in table.freshness.message
    assert "our own fault" in caplog.text
    session.refresh()
    await until(lambda: table.freshness.state is SourceState.LIVE)


async def test_closing_leaves_nothing_even_right_after_a_switch(server: ApiServer, session: Session) -> None:
    session.start()
    session.want("pods")
    session.want("podmetrics")
    session.switch_namespace("other")

    await session.close()

    assert [task for task in asyncio.all_tasks() if "/aurora_tui/" in _file(task)] == []


async def test_usage_falls_back_to_the_home_namespace_and_says_what_is_missing(
    server: ApiServer, session: Session
) -> None:
    path, home = "/apis/metrics.k8s.io/v1beta1/pods", "/apis/metrics.k8s.io/v1beta1/namespaces/aurora/pods"
    server.on(f"GET {path}", refused(403, "forbidden", "Forbidden"))
    server.on(f"GET {home}", listing(item("a")), listing(item("b")), refused(503, "metrics-server is away"))
    table = session.store.table("podmetrics")
    source = PodMetricsSource(session.cluster.transport, None, table, lambda: NOW, fallback="aurora")

    await source.poll()
    await source.poll()
    assert (set(table.rows), table.freshness.state) == ({"aurora/a"}, SourceState.LIVE)
    await source.poll()
    await source.poll()

    assert set(table.rows) == {"aurora/b"}
    assert table.freshness.state is SourceState.STALE
    server.on(f"GET {home}", refused(404, "not found", "NotFound"))
    await source.poll()
    assert "install metrics-server" in table.freshness.message


async def test_a_services_workload_is_found_where_it_was_seen(server: ApiServer, session: Session) -> None:
    server.on("GET /apis/apps/v1/namespaces/aurora/deployments", listing(item("aurora-backend")))
    server.on("WATCH /apis/apps/v1/namespaces/aurora/deployments", stream(until=asyncio.Event()))
    session.want("deployments")
    await until(lambda: session.store.table("deployments").rows)

    ref = session.workload_of("backend")

    assert ref == ObjectRef("Deployment", "aurora", "aurora-backend", "uid-aurora-backend")
    assert session.workload_of("nobody") is None
    assert session.capacity_of(ref) is not None


async def test_a_services_workload_is_found_by_its_pods_our_own_namespace_first(
    server: ApiServer, session: Session
) -> None:
    def pod(namespace: str) -> kube.Pod:
        owner = {"kind": "ReplicaSet", "name": "aurora-backend-5d4f", "controller": True}
        labels = {"pod-template-hash": "5d4f"}
        meta = {"name": "aurora-backend-5d4f-x", "namespace": namespace, "uid": "u", "ownerReferences": [owner]}
        return msgspec.convert({"metadata": meta | {"labels": labels}, "spec": {}, "status": {}}, kube.Pod)

    pods = session.store.table("pods")
    assert session.seen_workload_of("backend") is None

    pods.apply({"zone/aurora-backend-5d4f-x": pod("zone")})
    assert session.seen_workload_of("backend") == ObjectRef("Deployment", "zone", "aurora-backend")

    pods.apply({"aurora/aurora-backend-5d4f-x": pod("aurora")})
    assert session.workload_of("backend") == ObjectRef("Deployment", "aurora", "aurora-backend")


async def test_of_many_pods_only_those_called_after_a_workload_are_asked_whose_they_are(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def asking(pod: kube.Pod) -> tuple[str, str] | None:
        asked.append(pod.metadata.name)
        return owner_workload(pod)

    monkeypatch.setattr(sessions, "owner_workload", asking)
    names = [*(f"other-{number}" for number in range(500)), "aurora-backend-7d9f-x2x4z"]
    owner = kube.OwnerReference("ReplicaSet", "aurora-backend-7d9f", controller=True)
    labels = {"pod-template-hash": "7d9f"}
    metas = [kube.Meta(name, "aurora", labels=labels, owner_references=(owner,)) for name in names]
    session.store.table("pods").apply({kube.key(meta): kube.Pod(meta) for meta in metas})

    assert session.seen_workload_of("backend") == ObjectRef("Deployment", "aurora", "aurora-backend")
    assert asked == ["aurora-backend-7d9f-x2x4z"]
