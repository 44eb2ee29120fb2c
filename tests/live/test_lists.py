"""Lists of the real API server: told as a stream, page by page, and anew when a version has expired."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aurora_tui.cluster import paging
from aurora_tui.cluster import reflector as reflectors
from aurora_tui.cluster.headstart import HeadStart
from aurora_tui.cluster.kubeconfig import choose
from aurora_tui.cluster.reflector import Reflector
from aurora_tui.cluster.resources import PODS
from aurora_tui.cluster.transport import Transport
from aurora_tui.model import kube
from aurora_tui.store import Table
from tests.live.conftest import Eventually, Kubectl

pytest_plugins = ("tests.live.fixtures",)

NAMESPACE = "aurora"
EXPIRED = "1"
"""A version from before the server's memory."""


class Recorder(Transport):
    """Remembers what was asked."""

    asked: list[dict[str, str]]

    def open(self, method: str, path: str, **options: Any) -> Any:
        self.asked.append(dict(options.get("query") or {}))
        return super().open(method, path, **options)


@pytest.fixture
def connect(kubeconfig: Path, context: str) -> Callable[[], Recorder]:
    def made() -> Recorder:
        transport = Recorder(choose(context, str(kubeconfig)))
        transport.asked = []
        return transport

    return made


def names(kubectl: Kubectl) -> set[str]:
    path = "{range .items[*]}{.metadata.namespace}/{.metadata.name} {end}"
    return set(kubectl("get", "pods", "-n", NAMESPACE, "-o", f"jsonpath={path}").split())


@pytest.mark.parametrize("near", [True, False])
async def test_after_an_expired_version_the_rows_are_what_kubectl_lists(
    connect: Callable[[], Recorder],
    kubectl: Kubectl,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
    near: bool,
) -> None:
    monkeypatch.setattr(Transport, "near", near)
    transport, table = connect(), Table[kube.Pod]("pods")
    reflector = Reflector(transport, PODS, NAMESPACE, table, lambda: 0.0)
    await reflector.read()
    table.apply({"aurora/long-gone": kube.Pod(kube.Meta(name="long-gone", namespace="aurora"))})
    reflector._version = EXPIRED
    following = asyncio.create_task(reflector.run())

    await eventually(lambda: set(table.rows) == names(kubectl), timeout=120)

    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following
    await transport.close()
    streamed = [query for query in transport.asked if "sendInitialEvents" in query]
    assert next(query.get("resourceVersion") for query in transport.asked if "watch" in query) == EXPIRED
    assert bool(streamed) is near
    assert reflector._streams


async def test_a_server_that_was_set_back_behind_what_it_told_is_listed_anew(
    connect: Callable[[], Recorder], kubectl: Kubectl, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reflectors, "SILENCE_SECONDS", 1.0)
    transport, table = connect(), Table[kube.Pod]("pods")
    reflector = Reflector(transport, PODS, NAMESPACE, table, lambda: 0.0)
    await reflector.read()
    table.apply({"aurora/undone": kube.Pod(kube.Meta(name="undone", namespace="aurora"))})
    reflector._version = "999999999"  # as after a restore of etcd: what was told since the backup never was
    following = asyncio.create_task(reflector.run())

    await eventually(lambda: set(table.rows) == names(kubectl), timeout=120)

    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following
    await transport.close()
    assert next(query.get("resourceVersion") for query in transport.asked if "watch" in query) == "999999999"


async def test_until_the_last_page_the_rows_that_the_server_holds_back_are_told(
    connect: Callable[[], Recorder], kubectl: Kubectl, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "PAGE", 3)
    transport = connect()

    async def told() -> bool:
        before, table, words = names(kubectl), Table[kube.Pod]("pods"), list[str]()
        feed = table.feed(lambda keys: words.append(table.freshness.message))
        await Reflector(transport, PODS, NAMESPACE, table, lambda: 0.0).read()
        feed.close()
        if not len(before) == len(table.rows) == len(names(kubectl)) > 6:
            return False  # pods came or went meanwhile
        assert words[:2] == ["", f"reading, about {len(before) - 3} more to come"]
        assert (table.freshness.whole, table.freshness.message) == (True, "")
        return True

    try:
        await eventually(told, timeout=60)
    finally:
        await transport.close()


async def test_the_head_start_reads_what_kubectl_lists(
    kubeconfig: Path, context: str, kubectl: Kubectl, eventually: Eventually
) -> None:
    async def same() -> bool:
        ahead = HeadStart(choose(context, str(kubeconfig)), NAMESPACE)
        ahead.begin()
        found = {kube.key(pod.metadata) async for page in ahead.pages() for pod in page.items or ()}
        return bool(found) and found == names(kubectl)

    await eventually(same, timeout=120)
