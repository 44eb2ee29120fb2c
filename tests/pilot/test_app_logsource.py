"""The logs pane's two sources: the pods themselves, and Elasticsearch for what is history or gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aurora_tui.model.frozen import replace
from aurora_tui.model.selection import LogOrigin, LogSelection
from aurora_tui.sandbox.addresses import Addresses
from aurora_tui.settings import load_settings
from tests.pilot.backendlogs import BACKEND, reading, title
from tests.pilot.console import Console, opened


@pytest.fixture
async def console(bad_release: Addresses) -> AsyncIterator[Console]:
    async with reading(bad_release) as console:
        yield console


def texts(console: Console) -> list[str]:
    buffer = console.app.logs_pane.buffer
    return [buffer[seq].text for seq in range(buffer.first, buffer.end)]


async def test_o_reads_the_same_logs_from_elasticsearch_and_back(console: Console) -> None:
    await console.press("z", "o")
    await console.until(f"▸Logs {BACKEND} in Elasticsearch  following", "ingest lag")
    assert any('"trace.id"' in text and '"@timestamp"' not in text for text in texts(console))

    await console.press("o")
    await console.until(f"▸Logs {BACKEND}  following")
    assert "Elasticsearch" not in title(console)


async def test_a_window_of_time_is_named_in_the_title(console: Console) -> None:
    await console.press("z", "o", "3")
    await console.until(f"▸Logs {BACKEND} in Elasticsearch  since ", "following")


async def test_whoever_goes_beyond_the_oldest_line_gets_older_ones(console: Console) -> None:
    await console.press("z", "o")
    await console.until("in Elasticsearch  following", lambda: len(console.app.logs_pane.buffer) >= 200)
    oldest = texts(console)[0]
    await console.press("1")
    await console.until(lambda: oldest in texts(console)[300:])
    await console.press(*"gg")
    await console.until(lambda: oldest in texts(console)[800:])
    assert "paused" in title(console)


async def test_a_pod_that_is_gone_is_read_from_elasticsearch_by_itself(console: Console) -> None:
    await console.press("z")
    console.app.open_logs(LogSelection("aurora", pod="aurora-backend-7dfcb7599b-gone1"))
    await console.until("pod/aurora-backend-7dfcb7599b-gone1 in Elasticsearch")
    assert console.app.logs_pane.selection is not None
    assert console.app.logs_pane.selection.source is LogOrigin.ELASTICSEARCH

    await console.press("o")
    await console.until(lambda: "in Elasticsearch" not in title(console))
    # The operator's choice stands.
    for _ in range(20):
        console.app.flush()
        await console.pilot.pause()
    assert "in Elasticsearch" not in title(console)


async def test_the_previous_run_of_a_container_that_had_none_is_looked_for_there_too(console: Console) -> None:
    await console.command("pods")
    await console.press(*"/backend-.*1/1\r")  # the one that crashes is never ready
    name = console.under_cursor(console.app.objects_pane).split()[0]
    await console.press("p", "z")
    await console.until(f"pod/{name} (previous container) in Elasticsearch", "all runs of its containers")


async def test_where_there_is_no_elasticsearch_the_pane_says_what_to_set(healthy: Addresses) -> None:
    environments = tuple(
        replace(each, sources=replace(each.sources, elasticsearch="off"))
        for each in load_settings(Path(healthy.config), environ={}).environments
    )
    async with opened(healthy, environments=environments) as console:
        console.app.open_logs(LogSelection("aurora", pod="gone"))
        await console.press("z")
        await console.until("Logs pod/gone  following")
        await console.press("o")
        await console.until("switched off in the settings: set environments.prod.sources.elasticsearch in the")
