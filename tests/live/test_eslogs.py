"""The logs pane's second source against a real Elasticsearch: its own counts are the oracle."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from aurora_tui.logbuffer import LogBuffer
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.logfields import LogStore
from aurora_tui.model.selection import LogOrigin, LogSelection
from aurora_tui.settings import load_settings
from aurora_tui.signals.eslogs import ElasticTail
from aurora_tui.signals.logdocuments import NANO, stamp_of
from tests.live.conftest import Eventually
from tests.live.elastic_writer import ask, count, data_streams, document, write

BACKEND = ("Deployment", "aurora-backend")
PODS = ("aurora-backend-7d4b9c6f5-x2x4z", "aurora-backend-7d4b9c6f5-vvb8k", "aurora-backend-7d4b9c6f5-q9w7t")


def store(*indices: str) -> LogStore:
    return replace(load_settings().logs, indices=indices)


def of_backend(**more: object) -> LogSelection:
    selection = LogSelection("aurora", workload=BACKEND, source=LogOrigin.ELASTICSEARCH)
    return replace(selection, **more)  # type: ignore[arg-type]


@asynccontextmanager
async def tailing(url: str, logs: LogStore, selection: LogSelection) -> AsyncIterator[tuple[ElasticTail, LogBuffer]]:
    buffer = LogBuffer(100_000)

    async def find() -> HttpAccess:
        return HttpAccess(url)

    tail = ElasticTail(find, logs, selection, buffer, interval=0.2)
    task = asyncio.create_task(tail.run())
    try:
        yield tail, buffer
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def messages(buffer: LogBuffer) -> list[str]:
    return [buffer[seq].text for seq in range(buffer.first, buffer.end)]


def stamps(buffer: LogBuffer) -> list[float]:
    return [buffer[seq].stamp or 0.0 for seq in range(buffer.first, buffer.end)]


async def test_a_tail_neither_loses_nor_repeats_what_several_writers_bring_out_of_order(
    elasticsearch: str, eventually: Eventually
) -> None:
    data_streams(elasticsearch, "logs-tailed*")
    begin = time.time_ns()
    write(elasticsearch, "logs-tailed-1", [document(stamp_of(begin), "first", pod=PODS[0])], refresh=True)
    chance = random.Random(7)

    def writer(number: int) -> int:
        written = 0
        for batch in range(25):
            # Up to 40 s late and, for one host, 90 s ahead of its time.
            skew = 90 if number == 2 else 0
            late = [chance.choice((0, 0, 0.2, 3, 40)) for _ in range(40)]
            stamped = [stamp_of(time.time_ns() + round((skew - each) * NANO)) for each in late]
            documents = [
                document(stamp, f"{number}-{batch}-{place}", pod=PODS[number]) for place, stamp in enumerate(stamped)
            ]
            write(elasticsearch, f"logs-tailed-{1 + batch % 2}", documents)
            written += len(documents)
        return written

    since = stamp_of(begin - 60 * NANO)
    async with tailing(elasticsearch, store("logs-tailed*"), of_backend(since=since, tail=None)) as (tail, buffer):
        await eventually(lambda: len(buffer) == 1)
        written = 1 + sum(await asyncio.gather(*(asyncio.to_thread(writer, number) for number in range(3))))
        ask(elasticsearch, "POST", "/logs-tailed*/_refresh")
        assert count(elasticsearch, "logs-tailed*", {"match_all": {}}) == written == 3001
        await eventually(lambda: len(buffer) >= written)
        seen = tail.looks
        await eventually(lambda: tail.looks >= seen + 3)

    repeated = [text for text, times in Counter(messages(buffer)).items() if times > 1]
    assert (len(buffer), repeated) == (written, [])
    assert stamps(buffer) == sorted(stamps(buffer))
    assert any("in the future" in fact for fact in tail.facts)


async def test_paging_back_over_thousands_of_documents_of_one_millisecond_gives_each_once(
    elasticsearch: str, eventually: Eventually
) -> None:
    data_streams(elasticsearch, "logs-paged*", shards=3)
    stamp = "2026-11-26T10:00:00.000Z"
    for start in range(0, 30_000, 5000):
        documents = [document(stamp, f"line {number}", pod=PODS[number % 3]) for number in range(start, start + 5000)]
        write(elasticsearch, "logs-paged-1", documents, refresh=True)
    async with tailing(elasticsearch, store("logs-paged*"), of_backend()) as (tail, buffer):
        await eventually(lambda: len(buffer) == 200)
        while "from the first line on" not in tail.facts:
            before = len(buffer)
            tail.want_older()
            await eventually(lambda held=before: not tail.reading_back and len(buffer) >= held)
        assert len(buffer) == count(elasticsearch, "logs-paged*", {"match_all": {}}) == 30_000
        assert len(set(messages(buffer))) == 30_000
