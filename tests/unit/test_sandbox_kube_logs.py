"""The sandbox's container logs: the same lines to every reader, and refusals in the kubelet's words."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from tests.unit.kubesandbox import AURORA, Kube, serving

POSTGRES = f"{AURORA}/pods/aurora-postgres-0/log"


@pytest.fixture
async def kube() -> AsyncIterator[Kube]:
    async with serving("bad-release") as started:
        yield started


async def backend_log(kube: Kube, *, crashing: bool = False) -> str:
    """The log path of a backend pod that crashes, or of one that serves."""
    pods = await kube.pods("aurora-backend")
    chosen = next(
        pod["metadata"]["name"]
        for pod in pods
        if (pod["status"]["containerStatuses"][0]["restartCount"] > 0) is crashing
    )
    return f"{AURORA}/pods/{chosen}/log"


async def lines(kube: Kube, path: str) -> list[str]:
    text: str = await kube.found(path)
    return text.splitlines()


async def test_a_tail_is_the_end_of_the_whole_log(kube: Kube) -> None:
    path = await backend_log(kube)
    whole = await lines(kube, path)
    assert len(whole) > 500
    assert await lines(kube, f"{path}?tailLines=50") == whole[-50:]
    assert await lines(kube, f"{path}?tailLines=0") == []


async def test_stamps_grow_and_since_cuts_at_them(kube: Kube) -> None:
    path = await backend_log(kube)
    whole = await lines(kube, f"{path}?timestamps=true")
    stamps = [line.split(" ", 1)[0] for line in whole]
    assert stamps == sorted(set(stamps))
    middle = stamps[len(stamps) // 2]
    second = middle[:19]
    cut = await lines(kube, f"{path}?timestamps=true&sinceTime={middle}")
    assert cut == [line for line in whole if line[:19] >= second], "sinceTime counts in whole seconds"
    recent = await lines(kube, f"{path}?timestamps=true&sinceSeconds=10")
    assert 0 < len(recent) < 100 and whole[-len(recent) :] == recent


async def test_a_follow_neither_loses_nor_repeats_lines(kube: Kube) -> None:
    path = await backend_log(kube)
    text = b""
    async with kube.open(f"{path}?follow=true&tailLines=3") as response:
        for _ in range(8):
            text += await response.content.readany()
            kube.pass_time(1.5)
    followed = text.decode().splitlines()
    whole = await lines(kube, path)
    start = whole.index(followed[0])
    assert len(followed) > 10 and whole[start : start + len(followed)] == followed


async def test_a_follow_ends_with_its_pod(kube: Kube) -> None:
    path = await backend_log(kube)
    async with kube.open(f"{path}?follow=true&tailLines=1") as response:
        await kube.ask("DELETE", path.removesuffix("/log"))
        kube.pass_time(5)
        assert await response.read()


async def test_a_follow_ends_with_the_last_words_of_a_crash(kube: Kube) -> None:
    path = await backend_log(kube, crashing=True)
    pod = path.removesuffix("/log")
    for _ in range(1000):
        if "running" in (await kube.found(pod))["status"]["containerStatuses"][0]["state"]:
            break
        kube.pass_time(0.5)
    async with kube.open(f"{path}?follow=true") as response:
        kube.pass_time(20)
        followed = (await response.read()).decode().splitlines()
    assert followed == await lines(kube, path)
    assert any("FATAL" in line for line in followed) and followed[-1].endswith("38 more")


async def test_the_previous_run_is_another_log_that_ends_in_the_failure(kube: Kube) -> None:
    path = await backend_log(kube, crashing=True)
    previous = await lines(kube, f"{path}?previous=true")
    assert 'relation \\"orders_v2\\" does not exist' in "".join(previous)
    assert previous[-1].startswith("\t... ")


async def test_the_bad_release_complains_and_the_good_one_does_not(kube: Kube) -> None:
    def errors(text: list[str]) -> int:
        return sum('"log.level":"ERROR"' in line for line in text)

    bad = await lines(kube, await backend_log(kube))
    assert 0.15 < errors(bad) / len(bad) < 0.45
    entry = json.loads(next(line for line in bad if '"ERROR"' in line))
    assert {"@timestamp", "log.level", "message", "trace.id", "service.name"} <= set(entry)
    async with serving() as healthy:
        assert errors(await lines(healthy, await backend_log(healthy))) == 0


async def test_limit_bytes_cuts_to_the_byte(kube: Kube) -> None:
    path = await backend_log(kube)
    assert len(await kube.found(f"{path}?limitBytes=100")) == 100


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ("container=nobody", 400, "container nobody is not valid for pod aurora-postgres-0"),
        ("previous=true", 400, 'previous terminated container "postgres" in pod "aurora-postgres-0" not found'),
        ("tailLines=-1", 422, "must be greater than or equal to 0"),
        ("sinceSeconds=5&sinceTime=2027-01-15T08:00:00Z", 422, "at most one of"),
        ("sinceTime=yesterday", 400, "sinceTime"),
    ],
)
async def test_what_cannot_be_read_is_said(kube: Kube, query: str, code: int, words: str) -> None:
    answered, status = await kube.get(f"{POSTGRES}?{query}")
    assert answered == code and words in status["message"]


async def test_a_container_that_never_started_has_no_log(kube: Kube) -> None:
    await kube.set_image("aurora/backend:9-missing")
    kube.pass_time(10)
    waiting = next(
        pod["metadata"]["name"]
        for pod in await kube.pods("aurora-backend")
        if pod["spec"]["containers"][0]["image"].endswith("-missing")
    )
    code, status = await kube.get(f"{AURORA}/pods/{waiting}/log")
    assert code == 400 and "is waiting to start: trying and failing to pull image" in status["message"]


async def test_init_containers_keep_their_log(kube: Kube) -> None:
    text = await lines(kube, f"{AURORA}/pods/aurora-keycloak-0/log?container=wait-for-postgres")
    assert "shutdown complete" in text[-1]
