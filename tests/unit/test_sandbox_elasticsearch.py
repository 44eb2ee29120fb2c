"""The sandbox's Elasticsearch has what was said before its start, however late it is asked."""

from __future__ import annotations

from collections.abc import Iterable

import aiohttp
import pytest

from aurora_tui.sandbox import elasticsearch
from aurora_tui.sandbox.elastic_queries import Document
from aurora_tui.sandbox.elasticsearch import ElasticsearchServer
from aurora_tui.sandbox.wire import LoopbackServer, rfc3339

START = 1_699_999_980


def minutes(since: float, until: float) -> Iterable[Document]:
    """A line for every minute."""
    stamps = range(int(since // 60 + 1) * 60, int(until) + 1, 60)
    return [{"@timestamp": rfc3339(at * 1000), "message": str((at - START) // 60)} for at in stamps]


@pytest.mark.parametrize(("room", "oldest"), [(100, -14), (45, -4), (20, 21)])
async def test_the_first_search_finds_what_was_said_before_the_start_and_all_since(
    monkeypatch: pytest.MonkeyPatch, room: int, oldest: int
) -> None:
    """Where there is no room for all it is the oldest that are given up."""
    monkeypatch.setattr(elasticsearch, "_MAX_DOCUMENTS", room)
    now = float(START + 40)
    served = ElasticsearchServer(minutes, lambda: now)
    server = LoopbackServer(served.app())
    await server.start()
    try:
        for _ in range(40):  # ticks, with nobody asking
            now += 60
            served.ingest()
        body = {"size": 100, "sort": [{"@timestamp": "asc"}], "query": {"range": {"@timestamp": {"lt": "now"}}}}
        async with aiohttp.ClientSession() as session:
            for _ in range(2):
                async with session.post(f"{server.url}/logs-*/_search", json=body) as answer:
                    hits = (await answer.json())["hits"]["hits"]
                assert [int(hit["_source"]["message"]) for hit in hits] == list(range(oldest, 41))
                assert len({hit["_id"] for hit in hits}) == len(hits)
    finally:
        await server.stop()
