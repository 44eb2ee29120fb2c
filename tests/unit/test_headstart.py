"""The first list that is read before there is a screen: as the official client would ask, or not at all."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from aurora_tui.cluster.headstart import HeadStart
from aurora_tui.cluster.kubernetes import KubernetesCluster
from aurora_tui.cluster.resources import PODS
from aurora_tui.model import kube
from aurora_tui.store import Table
from tests.unit import certificates
from tests.unit.apiserver import (
    ApiServer,
    context_for,
    hung_up,
    item,
    listing,
    page,
    refused,
    running,
    said,
    silent,
    stream,
)

PATH = "/api/v1/pods"
LIST, WATCH = f"GET {PATH}", f"WATCH {PATH}"
HOME = "/api/v1/namespaces/aurora/pods"


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    async with running() as made:
        made.on(LIST, listing(item("a"), token="more"), listing(item("b"), version=12))
        made.on(WATCH, stream(until=asyncio.Event()))
        yield made


async def names(ahead: HeadStart) -> list[str]:
    ahead.begin()
    return [pod.metadata.name async for part in ahead.pages() for pod in part.items or ()]


async def test_it_reads_all_pages_with_the_users_token_and_whom_they_act_as(server: ApiServer, tmp_path: Path) -> None:
    user = {"token": "s3cret", "as": "eve", "as-groups": ["one", "two"]}

    assert await names(HeadStart(context_for(tmp_path, server.url, user=user), None)) == ["a", "b"]

    first, second = server.requests(LIST)
    assert (first.query, second.query) == ({"limit": "500"}, {"limit": "500", "continue": "more"})
    assert first.headers["Authorization"] == "Bearer s3cret"
    assert first.headers["Impersonate-User"] == "eve"


async def test_it_reads_one_namespace_where_one_is_shown(server: ApiServer, tmp_path: Path) -> None:
    server.on(f"GET {HOME}", listing(item("only")))

    assert await names(HeadStart(context_for(tmp_path, server.url), "aurora")) == ["only"]


async def followed(folder: Path, server: ApiServer, **user: Any) -> Table[kube.Pod]:
    """The table of a cluster that had a head start, once it is watched."""
    context = context_for(folder, server.url, **user)
    ahead = HeadStart(context, None)
    ahead.begin()
    cluster, table = KubernetesCluster(context, ahead=ahead), Table[kube.Pod]("pods")
    following = asyncio.create_task(cluster.reflector(PODS, None, table, lambda: 0.0).run())
    cluster.settle()
    try:
        await server.until_asked(WATCH)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await cluster.close()
    return table


async def test_what_was_read_is_not_asked_for_again_and_is_watched_from_there_on(
    server: ApiServer, tmp_path: Path
) -> None:
    table = await followed(tmp_path, server)

    assert set(table.rows) == {"aurora/a", "aurora/b"}
    assert len(server.requests(LIST)) == 2
    assert server.requests(WATCH)[0].query["resourceVersion"] == "12"


@pytest.mark.parametrize(
    "answer",
    [
        hung_up(),
        page(200, "<html>"),
        page(200, '{"metadata": {}, "items": [7]}', "application/json"),
        refused(500, "etcd is away"),
        stream(b'{"metadata": {}', cut=True),
    ],
)
async def test_a_page_that_is_lost_makes_it_a_list_like_any_other(
    server: ApiServer, tmp_path: Path, answer: Any
) -> None:
    server.on(LIST, listing(item("gone"), token="more"), answer, listing(item("a"), version=20))

    table = await followed(tmp_path, server)

    assert set(table.rows) == {"aurora/a"}
    assert server.requests(WATCH)[0].query["resourceVersion"] == "20"


@pytest.mark.parametrize(
    "how",
    [
        {"user": {"exec": {"command": "login", "apiVersion": "client.authentication.k8s.io/v1"}}},
        {"user": {"auth-provider": {"name": "oidc", "config": {}}}},
        {"user": {"username": "eve", "password": "x"}},
        {"tls_server_name": "other"},
        {"proxy_url": "http://127.0.0.1:1"},
    ],
)
async def test_whatever_needs_the_official_client_is_left_to_it(
    server: ApiServer, tmp_path: Path, how: dict[str, Any]
) -> None:
    assert await names(HeadStart(context_for(tmp_path, server.url, **how), None)) == []
    assert server.asked == []


class Waits(threading.Event):
    """Remembers how long it was waited for, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout)
        return False


@pytest.mark.parametrize(("after", "seconds"), [("3", 3.0), ("600", 10.0), ("soon", 0.0)])
async def test_a_busy_server_is_left_alone_before_it_is_asked_as_usual(
    server: ApiServer, tmp_path: Path, after: str, seconds: float
) -> None:
    server.on(LIST, refused(429, "too many requests", Retry_After=after))
    ahead = HeadStart(context_for(tmp_path, server.url), None)
    ahead._over = waits = Waits()

    assert await names(ahead) == []

    assert waits.asked == [seconds]
    assert len(server.requests(LIST)) == 1


async def test_leaving_does_not_wait_for_a_server_that_says_nothing(server: ApiServer, tmp_path: Path) -> None:
    ended = asyncio.Event()
    server.on(LIST, silent(ended))
    ahead = HeadStart(context_for(tmp_path, server.url), None)
    reading = asyncio.create_task(names(ahead))
    await server.until_asked(LIST)

    ahead.abandon()

    assert await reading == []
    ended.set()


async def test_who_looks_at_another_namespace_meanwhile_asks_for_no_further_pages_and_keeps_none(
    server: ApiServer, tmp_path: Path
) -> None:
    second = asyncio.Event()

    async def slow(request: Any) -> Any:
        await second.wait()
        return await said(listing(item("b"), token="third"))(request)

    server.on(LIST, listing(item("a"), token="second"), slow, listing(item("c"), token="more"))
    context = context_for(tmp_path, server.url)
    ahead = HeadStart(context, None)
    cluster, table = KubernetesCluster(context, ahead=ahead), Table[kube.Pod]("pods")
    ahead.begin()
    (thread,) = (each for each in threading.enumerate() if each.name == "head start")
    following = asyncio.create_task(cluster.reflector(PODS, None, table, lambda: 0.0).run())
    await server.until_asked(LIST, 2)

    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    second.set()
    async with asyncio.timeout(10):
        await asyncio.to_thread(thread.join)

    assert len(server.requests(LIST)) == 2
    left = [ahead._pages.get_nowait() for _ in range(ahead._pages.qsize())]
    assert [page for page in left if page is not None] == []
    await cluster.close()


async def test_what_was_read_before_it_is_abandoned_is_let_go(server: ApiServer, tmp_path: Path) -> None:
    ahead = HeadStart(context_for(tmp_path, server.url), None)
    ahead.begin()
    (thread,) = (each for each in threading.enumerate() if each.name == "head start")
    await asyncio.to_thread(thread.join)

    ahead.abandon()

    assert [page async for page in ahead.pages()] == []


async def test_a_server_that_cannot_prove_itself_is_told_nothing(tmp_path: Path) -> None:
    authority = certificates.make(tmp_path, "IP:127.0.0.1")
    async with running(authority.server()) as server:
        server.on(LIST, listing(item("a")))

        assert await names(HeadStart(context_for(tmp_path, server.url, user={"token": "s3cret"}), None)) == []
        assert server.asked == []
        known = context_for(tmp_path, server.url, certificate_authority=str(authority.ca))
        assert await names(HeadStart(known, None)) == ["a"]


async def test_a_client_certificate_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import base64

    authority = certificates.make(tmp_path, "IP:127.0.0.1")
    files = {"client-certificate-data": authority.certificate, "client-key-data": authority.key}
    user = {name: base64.b64encode(path.read_bytes()).decode() for name, path in files.items()}
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    async with running(authority.server()) as server:
        server.on(LIST, listing(item("a")))
        context = context_for(tmp_path, server.url, user=user, certificate_authority=str(authority.ca))

        assert await names(HeadStart(context, None)) == ["a"]

    assert list(folder.iterdir()) == []
