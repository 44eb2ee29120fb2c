"""The sandbox's watches: what was, what comes, from where one left off, and how they end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.kubesandbox import AURORA, BACKEND, Kube, event, events, serving

PODS = f"{AURORA}/pods"
CONFIGS = f"{AURORA}/configmaps"
CONFIG = f"{CONFIGS}/aurora-config"


@pytest.fixture
async def kube() -> AsyncIterator[Kube]:
    async with serving() as started:
        yield started


async def touch(kube: Kube, value: str) -> str:
    """Change the config map; gives its new revision."""
    code, body = await kube.patch(CONFIG, {"metadata": {"labels": {"touched": value}}})
    assert code == 200
    return str(body["metadata"]["resourceVersion"])


async def revision(kube: Kube, path: str = CONFIGS) -> str:
    return str((await kube.found(path))["metadata"]["resourceVersion"])


async def test_a_watch_without_a_revision_begins_with_what_there_is(kube: Kube) -> None:
    async with kube.open(f"{CONFIGS}?watch=true&timeoutSeconds=1") as response:
        assert [(each["type"], each["object"]["metadata"]["name"]) for each in await events(response)] == [
            ("ADDED", "aurora-config"),
            ("ADDED", "aurora-flags"),
        ]


async def test_a_watch_resumes_after_the_revision_it_has_seen(kube: Kube) -> None:
    begun = await revision(kube)
    first, second = await touch(kube, "one"), await touch(kube, "two")
    async with kube.open(f"{CONFIGS}?watch=1&resourceVersion={begun}") as response:
        assert (await event(response))["object"]["metadata"]["resourceVersion"] == first
        seen = await event(response)
        assert (seen["type"], seen["object"]["kind"]) == ("MODIFIED", "ConfigMap")
        third = await touch(kube, "three")
        assert (await event(response))["object"]["metadata"]["resourceVersion"] == third
    async with kube.open(f"{CONFIGS}?watch=1&resourceVersion={second}") as response:
        assert (await event(response))["object"]["metadata"]["resourceVersion"] == third


async def test_writing_what_is_there_already_is_no_event(kube: Kube) -> None:
    begun = await touch(kube, "same")
    assert await touch(kube, "same") == begun
    async with kube.open(f"{CONFIGS}?watch=1&resourceVersion={begun}") as response:
        other = await touch(kube, "other")
        assert (await event(response))["object"]["metadata"]["resourceVersion"] == other


async def test_bookmarks_carry_a_revision_to_resume_from(kube: Kube) -> None:
    begun = await revision(kube)
    await kube.patch(BACKEND, {"metadata": {"labels": {"elsewhere": "yes"}}})
    query = f"watch=1&resourceVersion={begun}&allowWatchBookmarks=true&timeoutSeconds=1"
    async with kube.open(f"{CONFIGS}?{query}") as response:
        (bookmark,) = await events(response)
    assert (bookmark["type"], bookmark["object"]["kind"]) == ("BOOKMARK", "ConfigMap")
    assert int(bookmark["object"]["metadata"]["resourceVersion"]) > int(begun)


async def test_initial_events_end_with_their_bookmark(kube: Kube) -> None:
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    async with kube.open(f"{CONFIGS}?{query}") as response:
        assert [(await event(response))["type"] for _ in range(2)] == ["ADDED", "ADDED"]
        mark = await event(response)
        assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        await touch(kube, "later")
        assert (await event(response))["type"] == "MODIFIED"
    assert (await kube.get(f"{CONFIGS}?watch=1&sendInitialEvents=true"))[0] == 422


async def test_a_revision_that_is_too_old_is_gone() -> None:
    async with serving(history=5) as kube:
        begun = await revision(kube)
        for value in "abcdefg":
            await touch(kube, value)
        async with kube.open(f"{CONFIGS}?watch=1&resourceVersion={begun}") as response:
            (error,) = await events(response)
        assert (error["type"], error["object"]["code"], error["object"]["reason"]) == ("ERROR", 410, "Expired")
        page = await kube.found("/api/v1/pods?limit=2")
        kube.pass_time(1)
        for number in range(4):
            await kube.patch(f"{BACKEND}/scale", {"spec": {"replicas": 4 + number}})
            kube.pass_time(8)
        code, status = await kube.get(f"/api/v1/pods?limit=2&continue={page['metadata']['continue']}")
        assert (code, status["reason"]) == (410, "Expired")


async def test_an_object_enters_and_leaves_a_selection(kube: Kube) -> None:
    begun = await touch(kube, "no")
    async with kube.open(f"{CONFIGS}?watch=1&resourceVersion={begun}&labelSelector=touched%3Dyes") as response:
        await touch(kube, "yes")
        assert (await event(response))["type"] == "ADDED"
        left = await touch(kube, "no")
        gone = await event(response)
        assert (gone["type"], gone["object"]["metadata"]["resourceVersion"]) == ("DELETED", left)


async def test_deletion_is_told_with_the_last_state(kube: Kube) -> None:
    begun = await revision(kube)
    async with kube.open(f"{CONFIGS}?watch=1&resourceVersion={begun}") as response:
        await kube.ask("DELETE", CONFIG)
        gone = await event(response)
    assert (gone["type"], gone["object"]["data"]["LOG_LEVEL"]) == ("DELETED", "info")
    assert int(gone["object"]["metadata"]["resourceVersion"]) > int(begun)


async def test_stopping_the_cluster_ends_its_watches() -> None:
    async with serving() as kube, kube.open(f"{PODS}?watch=1&resourceVersion={await revision(kube)}") as response:
        await kube.sandbox.stop()
        assert await response.read() == b""
