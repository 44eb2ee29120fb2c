"""Pods' usage: polled while somebody looks at it, no more often than the server bears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from unittest import mock

import pytest

from aurora_tui.cluster import metrics
from aurora_tui.cluster.metrics import POLL_SECONDS, PodMetricsSource
from aurora_tui.cluster.transport import Transport
from aurora_tui.model import kube
from aurora_tui.model.freshness import SourceState
from aurora_tui.store import Table
from tests.unit.apiserver import ApiServer, context_for, item, listing, refused, running

LIST = "GET /apis/metrics.k8s.io/v1beta1/pods"
NOW = 1_700_000_000.0


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    async with running() as made:
        yield made


@pytest.fixture
async def source(server: ApiServer, tmp_path: Path) -> AsyncIterator[PodMetricsSource]:
    transport = Transport(context_for(tmp_path, server.url))
    yield PodMetricsSource(transport, None, Table[kube.PodMetrics]("podmetrics"), lambda: NOW)
    await transport.close()


@pytest.mark.parametrize(("after", "seconds"), [("120", 120.0), ("1", POLL_SECONDS)])
async def test_a_busy_server_is_asked_again_when_it_says_not_sooner_than_usual(
    server: ApiServer, source: PodMetricsSource, after: str, seconds: float
) -> None:
    server.on(LIST, refused(429, "too many requests", Retry_After=after))

    assert await source.poll() == seconds
    assert source._table.freshness.state is SourceState.DOWN


async def test_a_long_list_is_decoded_in_steps_between_which_the_screen_goes_on(
    server: ApiServer, source: PodMetricsSource
) -> None:
    server.on(LIST, listing(*(item(f"pod-{number}") for number in range(1_200))))
    turns = 0

    async def screen() -> None:
        nonlocal turns
        while True:
            turns += bool(decoding.called)
            await asyncio.sleep(0)

    with mock.patch.object(source, "_rows", wraps=source._rows) as decoding:
        going_on = asyncio.create_task(screen())
        await source.poll()
        going_on.cancel()

    assert len(source._table.rows) == 1_200
    assert turns >= 2


async def test_usage_that_nobody_has_looked_at_is_not_asked_for_again(
    server: ApiServer, source: PodMetricsSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = asyncio.Semaphore(0)
    sleep = asyncio.sleep

    async def pause(seconds: float) -> None:
        if seconds == metrics._LOOK_SECONDS:
            looked.release()
        await sleep(0)

    monkeypatch.setattr("aurora_tui.cluster.metrics._pause", pause)
    pane = source._table.feed()
    server.on(LIST, listing(item("a")))
    running_source = asyncio.create_task(source.run())
    async with asyncio.timeout(30):
        for _ in range(3):
            await looked.acquire()
    hidden = len(server.requests(LIST))
    server.on(LIST, listing(item("b")))

    pane.drain()
    async with asyncio.timeout(30):
        while set(source._table.rows) != {"aurora/b"}:
            await sleep(0)

    running_source.cancel()
    assert hidden == 1
