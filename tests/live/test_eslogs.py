"""The logs pane's second source against a real Elasticsearch: its own counts are the oracle."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from aurora_tui.cluster.kubernetes import KubernetesCluster
from aurora_tui.logbuffer import LogBuffer
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.definitions import Credentials
from aurora_tui.model.frozen import replace
from aurora_tui.model.logfields import LogStore
from aurora_tui.model.selection import LogOrigin, LogSelection
from aurora_tui.model.stamps import rfc3339
from aurora_tui.settings import load_settings
from aurora_tui.signals.eslogs import ElasticTail
from aurora_tui.signals.logdocuments import NANO, stamp_of
from aurora_tui.signals.logreading import newest_lines
from aurora_tui.signing import signed
from tests.live.conftest import Eventually
from tests.live.elastic_writer import ask, count, data_streams, document, write
from tests.live.gate import gate
from tests.unit import certificates
from tests.unit.apiserver import context_for

BACKEND = ("Deployment", "aurora-backend")
PODS = ("aurora-backend-7d4b9c6f5-x2x4z", "aurora-backend-7d4b9c6f5-vvb8k", "aurora-backend-7d4b9c6f5-q9w7t")


def store(*indices: str) -> LogStore:
    return replace(load_settings().logs, indices=indices)


def of_backend(**more: object) -> LogSelection:
    selection = LogSelection("aurora", workload=BACKEND, source=LogOrigin.ELASTICSEARCH)
    return replace(selection, **more)


@asynccontextmanager
async def tailing(
    where: str | HttpAccess, logs: LogStore, selection: LogSelection
) -> AsyncIterator[tuple[ElasticTail, LogBuffer]]:
    buffer = LogBuffer(100_000)

    async def find() -> HttpAccess:
        return where if isinstance(where, HttpAccess) else HttpAccess(where)

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
            tail.want_older()
            await eventually(lambda: not tail.reading_back)
        assert len(buffer) == count(elasticsearch, "logs-paged*", {"match_all": {}}) == 30_000
        assert len(set(messages(buffer))) == 30_000


async def test_a_point_in_time_that_the_server_lost_is_opened_anew(elasticsearch: str, eventually: Eventually) -> None:
    data_streams(elasticsearch, "logs-lost*")
    stamps = [stamp_of(1_764_000_000 * NANO + number // 700 * NANO) for number in range(2000)]
    documents = [document(each, f"line {number}", pod=PODS[0]) for number, each in enumerate(stamps)]
    write(elasticsearch, "logs-lost-1", documents, refresh=True)
    async with tailing(elasticsearch, store("logs-lost*"), of_backend()) as (tail, buffer):
        await eventually(lambda: tail.looks and len(buffer) == 200)
        tail.want_older()
        await eventually(lambda: not tail.reading_back and 700 <= len(buffer) < 2000)
        # Closing an index ends all that is being read from it.
        backing = ask(elasticsearch, "GET", "/_resolve/index/logs-lost*")["data_streams"][0]["backing_indices"][0]
        ask(elasticsearch, "POST", f"/{backing}/_close")
        ask(elasticsearch, "POST", f"/{backing}/_open?wait_for_active_shards=1")
        while "from the first line on" not in tail.facts:
            tail.want_older()
            await eventually(lambda: not tail.reading_back)

        assert len(buffer) == len(set(messages(buffer))) == 2000
        assert tail.notes == {}


async def test_indices_that_do_not_fit_are_named_and_the_others_read(
    elasticsearch: str, eventually: Eventually
) -> None:
    good = {"@timestamp": {"type": "date"}, "log": {"properties": {"level": {"type": "keyword"}}}}
    finer = {"@timestamp": {"type": "date_nanos"}, "log": {"properties": {"level": {"type": "text"}}}}
    odd = {"@timestamp": {"type": "keyword"}}
    for name, properties in (("good", good), ("finer", finer), ("odd", odd), ("none", {"when": {"type": "date"}})):
        ask(elasticsearch, "PUT", f"/mixed-{name}", {"mappings": {"properties": properties}})
    for name, second in (("good", "1.5"), ("finer", "1.500000001"), ("odd", "2"), ("good", "3")):
        stamp = f"2026-11-26T10:00:0{second}Z"
        write(elasticsearch, f"mixed-{name}", [document(stamp, f"{name} {second}", pod=PODS[0])], refresh=True)
    write(elasticsearch, "mixed-none", [{"when": "2026-11-26T10:00:00Z", "message": "never"}], refresh=True)
    async with tailing(elasticsearch, store("mixed-*"), of_backend()) as (tail, buffer):
        await eventually(lambda: tail.looks)

        assert messages(buffer) == ["good 1.5", "finer 1.500000001", "good 3"]
        note = tail.notes["Elasticsearch"]
        assert "mixed-none has no @timestamp: documents there are not shown" in note
        assert "@timestamp is keyword in mixed-odd: documents there are not shown" in note
        assert "log.level is keyword in 1 index and text in 1 index" in note


async def test_a_time_in_the_wrong_unit_keeps_nothing_back(elasticsearch: str, eventually: Eventually) -> None:
    data_streams(elasticsearch, "logs-unit*", shards=1)
    write(elasticsearch, "logs-unit-1", [document("2026-11-26T10:00:00Z", "sound", pod=PODS[0])])
    micros = document("", "microseconds", pod=PODS[1]) | {"@timestamp": 1_795_712_400_123_456}
    write(elasticsearch, "logs-unit-1", [micros], refresh=True)
    async with tailing(elasticsearch, store("logs-unit*"), of_backend()) as (tail, buffer):
        await eventually(lambda: tail.looks)
        write(elasticsearch, "logs-unit-1", [document("2026-11-26T10:00:01Z", "later", pod=PODS[0])])
        await eventually(lambda: len(buffer) == 3)

        assert messages(buffer) == ["sound", "later", "microseconds"]
        assert "1 line dated in the future: a host's clock is ahead" in tail.facts


async def test_fields_that_are_mere_texts_find_no_other_pods_lines(elasticsearch: str, eventually: Eventually) -> None:
    stamp = "2026-11-26T10:00:00Z"
    pods = (PODS[0], "aurora-backend-worker-7d4b9c6f5-x2x4z", "aurora-backend-0")
    text = {"type": "text"}
    plain = {"properties": {"namespace": text, "pod": {"properties": {"name": text}}}}
    mappings = {"properties": {"@timestamp": {"type": "date"}, "kubernetes": plain}}
    ask(elasticsearch, "PUT", "/texts-1", {"mappings": mappings})
    # What no template maps is a text with a keyword beside it.
    for index in ("texts-1", "dynamic-1"):
        write(elasticsearch, index, [document(stamp, pod, pod=pod) for pod in pods], refresh=True)
        async with tailing(elasticsearch, store(index), of_backend()) as (tail, buffer):
            await eventually(lambda: tail.looks)
            assert messages(buffer) == [PODS[0]]
        async with tailing(elasticsearch, store(index), LogSelection("aurora", pod=pods[2])) as (tail, buffer):
            await eventually(lambda: tail.looks)
            assert messages(buffer) == [pods[2]]


async def test_a_document_of_10_mb_does_not_keep_the_others_back(elasticsearch: str, eventually: Eventually) -> None:
    data_streams(elasticsearch, "logs-large*")
    write(elasticsearch, "logs-large-1", [document("2026-11-26T10:00:00Z", "before", pod=PODS[0])])
    write(elasticsearch, "logs-large-1", [document("2026-11-26T10:00:01Z", "x " * 5_000_000, pod=PODS[0])])
    write(elasticsearch, "logs-large-1", [document("2026-11-26T10:00:02Z", "after", pod=PODS[0])], refresh=True)
    async with tailing(elasticsearch, store("logs-large*"), of_backend()) as (_, buffer):
        await eventually(lambda: len(buffer) == 3)

        before, large, after = messages(buffer)
        assert (before, after) == ("before", "after")
        assert large.endswith("in logs-large-1 cannot be shown: too large, or kept without its source)")
        assert buffer[buffer.first + 1].origin == PODS[0]


async def test_credentials_are_shown_to_whoever_asks_for_them(
    elasticsearch: str, tmp_path: Path, eventually: Eventually
) -> None:
    data_streams(elasticsearch, "logs-guarded*")
    write(elasticsearch, "logs-guarded-1", [document("2026-11-26T10:00:00Z", "seen", pod=PODS[0])], refresh=True)
    authority = certificates.make(tmp_path)
    secret = tmp_path / "secret"
    secret.write_text("id:key\n")
    ways = {
        "ApiKey aWQ6a2V5": Credentials(api_key_file=str(secret), ca_file=str(authority.ca)),
        "Basic bWU6aWQ6a2V5": Credentials(username="me", password_file=str(secret), insecure=True),
        "Bearer id:key": Credentials(token_file=str(secret), ca_file=str(authority.ca)),
    }
    for header, credentials in ways.items():
        async with gate(elasticsearch, header, tls=authority.server()) as url:
            access = signed(HttpAccess(url), url, credentials)
            async with tailing(access, store("logs-guarded*"), of_backend()) as (tail, buffer):
                await eventually(lambda: len(buffer) == 1)
            async with tailing(signed(HttpAccess(url), url, None), store("logs-guarded*"), of_backend()) as (tail, _):
                await eventually(lambda: "Elasticsearch" in tail.notes)
                assert "certificate verify failed" in tail.notes["Elasticsearch"]
            unnamed = Credentials(insecure=True)
            async with tailing(signed(HttpAccess(url), url, unnamed), store("logs-*"), of_backend()) as (tail, _):
                await eventually(lambda: "Elasticsearch" in tail.notes)
                assert "refuses the credentials (401)" in tail.notes["Elasticsearch"]


async def test_it_is_read_through_the_service_proxy_of_an_api_server(
    elasticsearch: str, tmp_path: Path, eventually: Eventually
) -> None:
    data_streams(elasticsearch, "logs-proxied*")
    documents = [document("2026-11-26T10:00:00Z", f"line {number}", pod=PODS[0]) for number in range(700)]
    write(elasticsearch, "logs-proxied-1", documents, refresh=True)
    prefix = "/api/v1/namespaces/logging/services/elasticsearch:9200/proxy"
    authority = certificates.make(tmp_path)
    async with gate(elasticsearch, "Bearer operator", prefix=prefix, tls=authority.server()) as url:
        ca = str(authority.ca)
        cluster = KubernetesCluster(context_for(tmp_path, url, user={"token": "operator"}, certificate_authority=ca))
        access = await cluster.http_access("svc/logging/elasticsearch:9200")
        assert access is not None
        async with tailing(access, store("logs-proxied*"), of_backend()) as (tail, buffer):
            await eventually(lambda: tail.looks)
            while "from the first line on" not in tail.facts:
                tail.want_older()
                await eventually(lambda: not tail.reading_back)
            assert sorted(messages(buffer)) == sorted(f"line {number}" for number in range(700))
        await cluster.close()


async def test_one_page_is_the_newest_lines_within_the_time_and_no_other_workloads(elasticsearch: str) -> None:
    data_streams(elasticsearch, "logs-once*", shards=3)
    begin = 1_764_000_000

    def said(number: int, pod: str) -> dict[str, object]:
        return document(stamp_of((begin + number) * NANO), f"line {number}", pod=pod)

    documents = [said(number, PODS[number % 3]) for number in range(1000)]
    documents += [said(number, "aurora-frontend-7d4b9c6f5-x2x4z") for number in range(1000)]
    write(elasticsearch, "logs-once-1", documents, refresh=True)
    asked = of_backend(since=rfc3339(begin + 100.0), until=rfc3339(begin + 900.0), tail=None)

    lines = await newest_lines(HttpAccess(elasticsearch), store("logs-once*"), asked, 400)

    assert [line.text for line in lines] == [f"line {number}" for number in range(501, 901)]
