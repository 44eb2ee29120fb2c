"""Streams that are quiet: kept while their server answers, broken off once it is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aurora_tui.cluster import pulse
from aurora_tui.cluster.errors import UnreachableError
from aurora_tui.cluster.reflector import Reflector
from aurora_tui.cluster.resources import PODS
from aurora_tui.cluster.transport import Transport
from aurora_tui.model.freshness import SourceState
from tests.unit.apiserver import ApiServer, context_for, event, item, listing, refused, silent, stream
from tests.unit.signal_servers import WatchedTable

PATH = "/api/v1/pods"
WATCH, ASKED = f"WATCH {PATH}", "GET /livez"
NOW = 1_700_000_000.0


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "QUIET_SECONDS", 0.05)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "PULSE_SECONDS", 0.05)


@pytest.fixture
async def transport(server: ApiServer, tmp_path: Path) -> AsyncIterator[Transport]:
    transport = Transport(context_for(tmp_path, server.url, user={"token": "t"}))
    yield transport
    await transport.close()


async def watch(transport: Transport) -> bytes:
    """What a watch says until its end."""
    async with transport.open("GET", PATH, query={"watch": "1"}, silence=60.0) as response:
        return await response.read()


@pytest.mark.usefixtures("impatient")
async def test_a_server_that_hangs_breaks_a_quiet_stream_off(server: ApiServer, transport: Transport) -> None:
    server.on(WATCH, stream(event("ADDED", item("a")), until=asyncio.Event()))
    server.on(ASKED, silent(asyncio.Event()))

    with pytest.raises(UnreachableError, match=f"{server.url}: no answer within .* is a tunnel or VPN down"):
        await watch(transport)


@pytest.mark.usefixtures("impatient")
async def test_and_one_that_has_not_begun(server: ApiServer, transport: Transport) -> None:
    server.on(WATCH, silent(asyncio.Event()))
    server.on(ASKED, silent(asyncio.Event()))

    with pytest.raises(UnreachableError, match="is a tunnel or VPN down"):
        await watch(transport)


@pytest.mark.parametrize("code", [200, 401, 403, 404, 429, 500])
async def test_whatever_it_answers_it_is_there(server: ApiServer, transport: Transport, code: int) -> None:
    end = asyncio.Event()
    server.on(WATCH, stream(event("ADDED", item("a")), until=end))
    server.on(ASKED, refused(code, "as you like"))

    watching = asyncio.create_task(watch(transport))
    await server.until_asked(ASKED, 3)
    end.set()

    assert await watching == event("ADDED", item("a"))


async def test_while_something_is_heard_nothing_is_asked(server: ApiServer, transport: Transport) -> None:
    end = asyncio.Event()
    server.on(WATCH, stream(event("ADDED", item("a")), until=end))
    loop, heard = asyncio.get_running_loop(), True

    def hear() -> None:
        """On each turn of the loop, however long it takes."""
        transport._pulse.beat()
        if heard:
            loop.call_soon(hear)

    hear()
    watching = asyncio.create_task(watch(transport))
    await server.until_asked(WATCH)
    await asyncio.sleep(0.3)
    assert not server.requests(ASKED)

    heard = False
    await server.until_asked(ASKED)
    end.set()
    await watching


async def test_without_streams_nothing_is_asked(server: ApiServer, transport: Transport) -> None:
    server.on(f"GET {PATH}", listing())
    await transport.json("GET", PATH)
    with transport._pulse.felt():
        assert transport._pulse._feeling is not None
    assert transport._pulse._feeling is None


@pytest.mark.usefixtures("impatient")
async def test_rows_are_stale_while_the_server_hangs_and_live_once_it_answers_again(
    server: ApiServer, transport: Transport
) -> None:
    table = WatchedTable()
    thawed = asyncio.Event()
    server.on(f"GET {PATH}", listing(item("a")))
    server.on(WATCH, stream(event("ADDED", item("b", 11)), until=thawed))
    server.on(ASKED, silent(thawed))
    following = asyncio.create_task(Reflector(transport, PODS, None, table, lambda: NOW).run())

    await table.until(SourceState.STALE)
    assert set(table.rows) == {"aurora/a", "aurora/b"}
    assert "is a tunnel or VPN down" in table.freshness.message

    thawed.set()
    await table.until(SourceState.LIVE)
    following.cancel()
