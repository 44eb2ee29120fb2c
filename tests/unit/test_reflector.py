"""Tables that follow a server: pages, events, expiry, refusals, and no hurry when things go wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from aurora_tui.backoff import Backoff
from aurora_tui.cluster import reflector as reflectors
from aurora_tui.cluster import setbacks
from aurora_tui.cluster.paging import PAGE_BYTES
from aurora_tui.cluster.reflector import Reflector
from aurora_tui.cluster.resources import HPAS, NODES, PODS
from aurora_tui.cluster.transport import Transport
from aurora_tui.model import kube
from aurora_tui.model.freshness import Freshness, SourceState
from tests.unit.apiserver import (
    ApiServer,
    begun,
    context_for,
    event,
    hung_up,
    item,
    listing,
    page,
    refused,
    said,
    silent,
    stream,
)
from tests.unit.signal_servers import WatchedTable

PATH = "/api/v1/pods"
LIST, WATCH, STREAM = f"GET {PATH}", f"WATCH {PATH}", f"STREAM {PATH}"
HOME = "/api/v1/namespaces/aurora/pods"
NOW = 1_700_000_000.0


class Pods(WatchedTable):
    """A table that also tells when its rows change."""

    def apply(self, upserts: Any, deletes: Any = ()) -> None:
        super().apply(upserts, deletes)
        self._changed.set()

    async def until_rows(self, *names: str) -> None:
        await self._until(lambda: set(self.rows) == {f"aurora/{name}" for name in names})

    def version(self, name: str) -> str:
        pod: kube.Pod = self.rows[f"aurora/{name}"]
        return pod.metadata.resource_version


class Pauses(Backoff):
    """Waits nothing, and remembers how often it should have, in a row."""

    made: list[Pauses]

    def __init__(self) -> None:
        super().__init__()
        self.row = 0
        self.total = 0
        Pauses.made.append(self)

    def next(self) -> float:
        self.row += 1
        self.total += 1
        return 0.0

    def reset(self) -> None:
        self.row = 0


@pytest.fixture(autouse=True)
def _no_waiting_and_no_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    Pauses.made = []
    monkeypatch.setattr(reflectors, "Backoff", Pauses)
    for module in (reflectors, setbacks):
        monkeypatch.setattr(module, "DENIED_SECONDS", 0.0)
    monkeypatch.setattr(Transport, "near", True)  # however busy this machine is


@pytest.fixture
def table() -> Pods:
    return Pods()


Start = Callable[..., "asyncio.Task[Any]"]


@pytest.fixture
async def start(server: ApiServer, table: Pods, tmp_path: Path) -> AsyncIterator[Start]:
    """Run a reflector of the table until the test ends."""
    transport = Transport(context_for(tmp_path, server.url))
    tasks: list[asyncio.Task[Any]] = []

    def run(resource: Any = PODS, namespace: str | None = None, **options: Any) -> asyncio.Task[Any]:
        source = Reflector(transport, resource, namespace, table, lambda: NOW, **options)
        tasks.append(asyncio.create_task(source.run()))
        return tasks[-1]

    yield run
    for task in tasks:
        assert not task.done(), task
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert all(task.cancelled() for task in tasks)
    await transport.close()


def quiet() -> Any:
    """A watch that says nothing and does not end."""
    return stream(until=asyncio.Event())


def held(until: asyncio.Event, answer: Any) -> Any:
    """The same answer, but not before the event."""

    async def handle(request: Any) -> Any:
        await until.wait()
        return await said(answer)(request)

    return handle


# Lists


async def test_the_first_page_is_shown_before_the_second_is_answered(
    server: ApiServer, table: Pods, start: Start
) -> None:
    second = asyncio.Event()

    async def slow(request: Any) -> Any:
        await second.wait()
        return await stream(b'{"metadata": {"resourceVersion": "10"}}')(request)

    server.on(LIST, listing(item("a"), item("b"), token="more"), slow)
    server.on(WATCH, quiet())

    start()
    await server.until_asked(LIST, 2)

    await table.until_rows("a", "b")
    second.set()
    await server.until_asked(WATCH)
    assert [each.query for each in server.requests(LIST)] == [{"limit": "500"}, {"limit": "500", "continue": "more"}]


@pytest.mark.parametrize(
    ("left", "words"), [(19500, "reading, about 19,500 more to come"), (None, "reading, more to come")]
)
async def test_a_list_is_whole_and_live_with_its_last_page_and_until_then_tells_what_is_missing(
    server: ApiServer, table: Pods, start: Start, left: int | None, words: str
) -> None:
    last = asyncio.Event()
    first = listing(item("a"), token="more")
    first["metadata"]["remainingItemCount"] = left
    server.on(LIST, first, held(last, listing(item("b"))))
    server.on(WATCH, quiet())

    start()
    await table.until_rows("a")
    await table.until_message(words)

    assert table.freshness.state is SourceState.CONNECTING and not table.freshness.whole
    last.set()
    await table.until(SourceState.LIVE)
    assert table.freshness.whole and table.freshness.message == ""


async def test_a_failure_before_the_last_page_leaves_a_list_that_is_not_whole_and_says_so(
    server: ApiServer, table: Pods, start: Start
) -> None:
    tried, first = asyncio.Event(), listing(item("a"), token="more")
    first["metadata"]["remainingItemCount"] = 19500
    server.on(LIST, first, refused(500, "etcd is away"), held(tried, first))

    start()
    await table.until(SourceState.DOWN)

    assert table.freshness.message == "etcd is away; about 19,500 more to come"
    assert not table.freshness.whole and set(table.rows) == {"aurora/a"}


async def test_while_a_list_is_read_again_the_rows_grow_older(server: ApiServer, table: Pods, start: Start) -> None:
    last = asyncio.Event()
    server.on(LIST, listing(item("a")), listing(item("b"), token="more"), held(last, listing(item("c"))))
    server.on(WATCH, refused(500, "no"), refused(410, "too old"), quiet())

    start()
    await table.until_message("no")
    table.freshness = Freshness(SourceState.STALE, NOW - 60, "no")  # as it is after a minute
    await server.until_asked(LIST, 3)

    assert (table.freshness.state, table.freshness.last_good) == (SourceState.CONNECTING, NOW - 60)
    last.set()
    await table.until(SourceState.LIVE)
    assert table.freshness.last_good == NOW


async def test_rows_that_are_gone_leave_when_the_last_page_came_not_before(
    server: ApiServer, table: Pods, start: Start
) -> None:
    last = asyncio.Event()

    async def slow(request: Any) -> Any:
        await last.wait()
        return await stream(b'{"metadata": {"resourceVersion": "10"}, "items": []}')(request)

    table.apply({"aurora/old": kube.Pod(kube.Meta(name="old", namespace="aurora"))})
    server.on(LIST, listing(item("new"), token="more"), slow)
    server.on(WATCH, quiet())

    start()
    await server.until_asked(LIST, 2)
    assert set(table.rows) == {"aurora/old", "aurora/new"}
    last.set()

    await table.until_rows("new")


async def test_a_page_token_that_expires_leads_to_one_whole_list(server: ApiServer, table: Pods, start: Start) -> None:
    expired = refused(410, "The provided continue parameter is too old", "Expired")
    server.on(LIST, listing(item("gone"), token="more"), expired, listing(item("a"), item("b"), version=20))
    server.on(WATCH, quiet())

    start()
    await server.until_asked(WATCH)

    assert set(table.rows) == {"aurora/a", "aurora/b"}
    assert server.requests(LIST)[-1].query == {}
    assert server.requests(WATCH)[0].query["resourceVersion"] == "20"


BUSY = refused(429, "too many requests", Retry_After="0")


@pytest.mark.parametrize("fault", [BUSY, refused(500, "etcd is away"), refused(503, "no"), stream(b"{", cut=True)])
async def test_a_page_that_fails_in_passing_is_asked_for_again_and_not_the_whole_list(
    server: ApiServer, table: Pods, start: Start, fault: Any
) -> None:
    server.on(LIST, listing(item("a"), token="2"), listing(item("b"), token="3"), fault, fault, listing(item("c")))
    server.on(WATCH, quiet())

    start()
    await server.until_asked(WATCH)

    assert set(table.rows) == {"aurora/a", "aurora/b", "aurora/c"}
    assert [each.query.get("continue") for each in server.requests(LIST)] == [None, "2", "3", "3", "3"]
    assert sum(pauses.total for pauses in Pauses.made) == 2


async def test_while_a_busy_server_is_left_alone_the_list_is_still_being_read(
    server: ApiServer, table: Pods, start: Start
) -> None:
    busy = refused(429, "too many requests", Retry_After="17")
    server.on(LIST, listing(item("a"), token="2"), busy)

    start()
    await table.until_message("too many requests; more to come")

    assert table.freshness.state is SourceState.CONNECTING
    assert table.freshness.next_try == NOW + 17


async def test_a_page_that_is_forbidden_or_garbled_is_no_passing_fault(
    server: ApiServer, table: Pods, start: Start
) -> None:
    garbled = page(200, "<html>please log in</html>")
    server.on(LIST, listing(item("a"), token="2"), refused(403, "no"), listing(item("a"), token="2"), garbled)

    start()
    await server.until_asked(LIST, 5)

    assert [each.query.get("continue") for each in server.requests(LIST)][:5] == [None, "2", None, "2", None]


async def test_the_one_answer_that_tells_all_is_asked_for_again_too(
    server: ApiServer, table: Pods, start: Start
) -> None:
    server.on(LIST, listing(item("a"), token="2"), refused(410, "expired"), BUSY, listing(item("b")))
    server.on(WATCH, quiet())

    start()
    await server.until_asked(WATCH)

    assert set(table.rows) == {"aurora/b"}
    assert [len(each.query) for each in server.requests(LIST)] == [1, 2, 0, 0]


async def test_a_list_that_is_no_json_is_said_and_tried_again(server: ApiServer, table: Pods, start: Start) -> None:
    server.on(LIST, page(200, "<html>please log in</html>"), listing(item("a")))
    server.on(WATCH, quiet())

    start()
    await table.until_message("is it an API server?")

    assert table.freshness.state is SourceState.DOWN
    await table.until_rows("a")
    await table.until(SourceState.LIVE)


# Events


async def test_events_change_the_rows_however_they_are_cut_into_chunks(
    server: ApiServer, table: Pods, start: Start
) -> None:
    modified, added = event("MODIFIED", item("a", 11)), event("ADDED", item("c", 12))
    deleted, again = event("DELETED", item("b", 13)), event("ADDED", item("b", 14))
    gone = event("DELETED", item("c", 15))
    chunks = (modified[:7], modified[7:20], modified[20:] + added + deleted[:-1], b"\n" + again + gone[:3], gone[3:])
    server.on(LIST, listing(item("a"), item("b")))
    server.on(WATCH, stream(*chunks), quiet())

    start()
    await server.until_asked(WATCH, 2)

    assert set(table.rows) == {"aurora/a", "aurora/b"}
    assert (table.version("a"), table.version("b")) == ("11", "14")
    assert server.requests(WATCH)[1].query["resourceVersion"] == "15"


async def test_a_watch_that_ends_is_taken_up_where_its_last_bookmark_stood(
    server: ApiServer, table: Pods, start: Start
) -> None:
    server.on(LIST, listing(item("a")))
    server.on(WATCH, stream(event("BOOKMARK", {"metadata": {"resourceVersion": "77"}})), quiet())

    start()
    await server.until_asked(WATCH, 2)

    assert [each.query["resourceVersion"] for each in server.requests(WATCH)] == ["10", "77"]
    assert server.requests(WATCH)[0].query["allowWatchBookmarks"] == "true"
    assert len(server.requests(LIST)) == 1
    assert table.freshness.state is SourceState.LIVE


@pytest.mark.parametrize(
    "expired",
    [
        stream(event("ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"})),
        refused(410, "too old resource version", "Expired"),
    ],
)
async def test_an_expired_version_is_listed_anew_without_blanking_the_rows(
    server: ApiServer, table: Pods, start: Start, expired: Any
) -> None:
    listed = asyncio.Event()

    async def second(request: Any) -> Any:
        await listed.wait()
        return await stream(b'{"metadata": {"resourceVersion": "50"}, "items": []}')(request)

    server.on(LIST, listing(item("a")), second)
    server.on(WATCH, expired, quiet())

    start()
    await server.until_asked(LIST, 2)
    assert set(table.rows) == {"aurora/a"}
    listed.set()

    await table.until_rows()
    assert server.requests(WATCH)[-1].query["resourceVersion"] in ("10", "50")
    assert table.freshness.state is SourceState.LIVE


def too_large(message: str = "Too large resource version: 900, current: 10") -> dict[str, Any]:
    """The Status of a server that was asked for what it has not come to, as 1.35 sends it."""
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    about = {"causes": causes, "retryAfterSeconds": 1}
    return {"kind": "Status", "code": 504, "reason": "Timeout", "message": message, "details": about}


@pytest.mark.parametrize(
    "unusable",
    [
        page(504, json.dumps(too_large()), "application/json"),
        stream(event("ERROR", too_large())),
        refused(400, 'resourceVersion: Invalid value: "x"', "BadRequest"),
        refused(404, "the server could not find the requested resource", "NotFound"),
    ],
    ids=["504", "error-504", "400", "404"],
)
async def test_a_version_that_the_server_cannot_watch_from_is_listed_anew(
    server: ApiServer, table: Pods, start: Start, unusable: Any
) -> None:
    server.on(LIST, listing(item("a"), version=900), listing(item("b"), version=20))
    server.on(WATCH, unusable, quiet())

    start()
    await server.until_asked(WATCH, 2)

    assert server.requests(WATCH)[-1].query["resourceVersion"] == "20"
    await table.until_rows("b")


@pytest.mark.parametrize(
    "failure", [refused(500, "watch is broken"), stream(event("ERROR", {"code": 500, "message": "broken"}))]
)
async def test_a_version_from_which_every_watch_fails_is_given_up_in_the_end(
    server: ApiServer, table: Pods, start: Start, failure: Any
) -> None:
    server.on(LIST, listing(item("a")), listing(item("b"), version=20))
    server.on(WATCH, *[failure] * reflectors.FAILURES, quiet())

    start()
    await table.until_rows("b")

    assert {each.query["resourceVersion"] for each in server.requests(WATCH)[: reflectors.FAILURES]} == {"10"}
    await server.until_asked(WATCH, reflectors.FAILURES + 1)


async def test_a_server_that_was_set_back_and_lets_watches_from_its_future_wait_is_listed_anew(
    server: ApiServer, table: Pods, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reflectors, "SILENCE_SECONDS", 0.05)
    server.on(LIST, listing(item("a"), version=900), listing(item("b"), version=20))
    server.on(WATCH, quiet())

    start()
    await table.until_rows("b")

    assert server.requests(WATCH)[0].query["resourceVersion"] == "900"
    await server.until_asked(WATCH, 2)
    assert server.requests(WATCH)[1].query["resourceVersion"] == "20"


def all_told(version: int) -> bytes:
    """The bookmark that ends a streaming list."""
    marks = {"k8s.io/initial-events-end": "true"}
    return event("BOOKMARK", {"metadata": {"resourceVersion": str(version), "annotations": marks}})


def expired() -> Any:
    return stream(event("ERROR", {"kind": "Status", "code": 410, "message": "too old"}))


async def test_a_server_near_by_tells_all_again_as_a_stream_and_goes_on_with_changes(
    server: ApiServer, table: Pods, start: Start
) -> None:
    told, more = asyncio.Event(), asyncio.Event()

    async def telling(request: Any) -> Any:
        response = await begun(request, event("ADDED", item("b", 3)))
        await told.wait()
        await response.write(all_told(60))
        await more.wait()
        await response.write(event("ADDED", item("c", 61)))
        return response

    server.on(LIST, listing(item("a")))
    server.on(WATCH, expired(), quiet())
    server.on(STREAM, telling)

    start()
    await table.until_rows("a", "b")  # nothing is taken away before all was told
    assert table.freshness.state is SourceState.LIVE
    told.set()
    await table.until_rows("b")
    more.set()
    await table.until_rows("b", "c")

    (asked,) = server.requests(STREAM)
    assert asked.query["resourceVersionMatch"] == "NotOlderThan" and "resourceVersion" not in asked.query
    await server.until_asked(WATCH, 2)
    assert server.requests(WATCH)[-1].query["resourceVersion"] == "61"
    assert len(server.requests(LIST)) == 1


async def test_a_stream_that_breaks_before_all_was_told_begins_anew(
    server: ApiServer, table: Pods, start: Start
) -> None:
    server.on(LIST, listing(item("a")))
    server.on(WATCH, expired(), quiet())
    server.on(
        STREAM,
        stream(event("ADDED", item("b", 30)), cut=True),
        stream(event("ADDED", item("c", 40)) + all_told(70)),
    )

    start()
    await server.until_asked(WATCH, 2)

    assert set(table.rows) == {"aurora/c"}
    assert server.requests(WATCH)[-1].query["resourceVersion"] == "70"


@pytest.mark.parametrize("code", [400, 403, 422])
async def test_a_server_that_refuses_to_stream_is_listed_page_by_page_and_not_asked_for_it_again(
    server: ApiServer, table: Pods, start: Start, code: int
) -> None:
    server.on(LIST, listing(item("a")), listing(item("b"), version=20), listing(item("c"), version=30))
    server.on(WATCH, expired(), expired(), quiet())
    server.on(STREAM, refused(code, "sendInitialEvents is forbidden for watch"))

    start()
    await server.until_asked(WATCH, 3)

    assert set(table.rows) == {"aurora/c"}
    assert len(server.requests(STREAM)) == 1
    assert table.freshness.state is SourceState.LIVE


async def test_a_server_that_takes_a_stream_for_a_mere_watch_is_listed_page_by_page(
    server: ApiServer, table: Pods, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reflectors, "ANSWER_SECONDS", 0.3)
    server.on(LIST, listing(item("a")), listing(item("b"), version=20))
    server.on(WATCH, expired(), quiet())
    server.on(STREAM, stream(event("ADDED", item("b", 3)), until=asyncio.Event()))

    start()
    await server.until_asked(WATCH, 2)

    assert set(table.rows) == {"aurora/b"}


async def test_over_a_far_line_all_is_read_again_in_compressed_pages(
    server: ApiServer, table: Pods, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Transport, "near", False)
    server.on(LIST, listing(item("a")), listing(item("b"), version=20))
    server.on(WATCH, expired(), quiet())
    server.on(STREAM, stream(all_told(70)))

    start()
    await server.until_asked(WATCH, 2)

    assert set(table.rows) == {"aurora/b"}
    assert server.requests(STREAM) == []
    assert [each.headers["Accept-Encoding"] for each in server.requests(LIST)] == ["gzip", "gzip"]


async def test_after_a_large_page_fewer_objects_are_asked_for(server: ApiServer, table: Pods, start: Start) -> None:
    large = item("a", labels={"text": "x" * (PAGE_BYTES * 2)})
    server.on(LIST, listing(large, token="more"), listing(item("b"), token="last"), listing(item("c")))
    server.on(WATCH, quiet())

    start()
    await server.until_asked(WATCH)

    limits = [int(each.query["limit"]) for each in server.requests(LIST)]
    assert limits[0] == 500 and limits[1] < 250 and limits[2] > limits[1]


async def test_what_came_before_an_error_in_the_same_breath_is_kept(
    server: ApiServer, table: Pods, start: Start
) -> None:
    broken = event("ADDED", item("b", 11)) + event("ERROR", {"kind": "Status", "code": 500, "message": "etcd is away"})
    server.on(LIST, listing(item("a")))
    server.on(WATCH, stream(broken), quiet())

    start()
    await server.until_asked(WATCH, 2)

    # The version has moved past it: no list and no event would bring it again.
    assert set(table.rows) == {"aurora/a", "aurora/b"}
    assert server.requests(WATCH)[1].query["resourceVersion"] == "11"


async def test_an_event_that_cannot_be_read_leads_to_a_new_list(server: ApiServer, table: Pods, start: Start) -> None:
    server.on(LIST, listing(item("a")), listing(item("b"), version=20))
    server.on(WATCH, stream(b'{"type": "ADDED", "object": {"metadata": 5}}\n'), quiet())

    start()

    await table.until_rows("b")


async def test_silence_makes_it_ask_again_and_is_no_fault_while_the_server_answers(
    server: ApiServer, table: Pods, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reflectors, "SILENCE_SECONDS", 0.05)
    seen: list[SourceState] = []
    note = table.set_freshness

    def noting(state: SourceState, now: float, message: str = "", *, next_try: float | None = None) -> None:
        seen.append(state)
        note(state, now, message, next_try=next_try)

    monkeypatch.setattr(table, "set_freshness", noting)
    server.on(LIST, listing(item("a")))
    server.on(WATCH, quiet())

    start()
    await server.until_asked(WATCH, 3)

    assert set(seen) == {SourceState.CONNECTING, SourceState.LIVE}
    # Whether the server was set back is asked of one object, not of all.
    assert {each.query["limit"] for each in server.requests(LIST)[1:]} == {"1"}
    assert {each.query["resourceVersion"] for each in server.requests(WATCH)} == {"10"}


async def test_a_server_that_no_longer_answers_a_watch_is_stale(
    server: ApiServer, table: Pods, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reflectors, "SILENCE_SECONDS", 0.05)
    server.on(LIST, listing(item("a")))
    server.on(WATCH, silent(asyncio.Event()))

    start()
    await table.until(SourceState.STALE)

    assert set(table.rows) == {"aurora/a"}
    assert table.freshness.last_good == NOW
    assert table.freshness.next_try == NOW


# Refusals and faults


async def test_where_all_namespaces_are_forbidden_the_one_we_were_given_is_followed_and_said(
    server: ApiServer, table: Pods, start: Start
) -> None:
    server.on(LIST, refused(403, "pods is forbidden", "Forbidden"))
    server.on(f"GET {HOME}", listing(item("a")))
    server.on(f"WATCH {HOME}", stream(event("ADDED", item("b", 11)), until=asyncio.Event()))

    start(fallback="aurora")
    await table.until_rows("a", "b")

    assert table.freshness.state is SourceState.LIVE
    assert table.freshness.message == "only namespace aurora: listing pods of all is forbidden"


@pytest.mark.parametrize("pages", [1, 2], ids=["after a whole list", "after a page"])
async def test_a_refusal_after_all_namespaces_were_told_takes_no_rows_away(
    server: ApiServer, table: Pods, start: Start, pages: int
) -> None:
    told = [listing(item("a"), item("b", namespace="other"), token="more" * (pages - 1))]
    again = asyncio.Event()
    server.on(LIST, *told, refused(403, "pods is forbidden: try later", "Forbidden"), held(again, listing(item("a"))))
    server.on(WATCH, refused(410, "too old"), quiet())
    server.on(f"GET {HOME}", listing(item("a")))

    start(fallback="aurora")
    await table.until(SourceState.DENIED)
    await server.until_asked(LIST, 3)

    assert set(table.rows) == {"aurora/a", "other/b"}
    assert "pods is forbidden: try later" in table.freshness.message
    again.set()
    await table.until_rows("a")
    await table.until(SourceState.LIVE)
    assert server.requests(f"GET {HOME}") == []


async def test_a_list_that_is_forbidden_everywhere_is_denied(server: ApiServer, table: Pods, start: Start) -> None:
    server.on("GET /api/v1/nodes", refused(403, "nodes is forbidden", "Forbidden"))

    start(NODES, fallback="aurora")
    await table.until(SourceState.DENIED)

    assert table.freshness.message == "nodes is forbidden"


async def test_where_only_watching_is_forbidden_the_list_is_read_again_and_again(
    server: ApiServer, table: Pods, start: Start
) -> None:
    server.on(LIST, listing(item("a")), listing(item("a"), item("b")))
    server.on(WATCH, refused(403, "pods is forbidden: cannot watch", "Forbidden"))

    start(fallback="aurora")
    await table.until_rows("a", "b")
    await table.until_message("watching pods is forbidden")

    assert table.freshness.state is SourceState.LIVE
    assert server.lines("GET /api/v1/namespaces") == []


async def test_a_kind_that_an_old_server_does_not_serve_is_said_so(
    server: ApiServer, table: Pods, start: Start
) -> None:
    start(HPAS)
    await table.until(SourceState.UNCONFIGURED)

    assert table.freshness.message == "this server does not serve horizontalpodautoscalers.autoscaling/v2"


async def test_a_busy_server_is_given_the_time_it_asks_for(
    server: ApiServer, table: Pods, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.on(LIST, refused(429, "too many requests", Retry_After="17"))

    start()
    await table.until(SourceState.DOWN)

    assert table.freshness.next_try == NOW + 17


async def test_a_server_that_is_away_comes_back_by_itself(server: ApiServer, table: Pods, start: Start) -> None:
    server.on(LIST, hung_up(), hung_up(), hung_up(), listing(item("a")))
    server.on(WATCH, quiet())

    start()
    await table.until(SourceState.DOWN)
    assert server.url in table.freshness.message
    await table.until_rows("a")
    await table.until(SourceState.LIVE)

    assert table.freshness.message == ""


# No hurry


@pytest.mark.parametrize(
    "ending",
    [
        stream(),
        stream(event("BOOKMARK", {"metadata": {"resourceVersion": "11"}})),
        refused(500, "watch is broken"),
        hung_up(),
        stream(cut=True),
        refused(410, "too old", "Expired"),
        stream(event("ERROR", {"code": 410, "message": "too old"})),
        stream(event("ERROR", {"code": 500, "message": "broken"})),
        stream(b"rubbish\n"),
        page(200, "<html>"),
    ],
    ids=["empty", "bookmark", "500", "hung-up", "cut", "410", "error-410", "error-500", "rubbish", "html"],
)
async def test_a_watch_that_ends_at_once_is_never_asked_for_again_without_a_pause(
    server: ApiServer, start: Start, ending: Any
) -> None:
    server.on(LIST, listing(item("a")))
    server.on(WATCH, ending)

    start()
    await server.until_asked(WATCH, 6)

    # The HTTP client itself asks a second time where a connection was closed under it.
    pauses, *_ = Pauses.made
    assert pauses.total >= 2


@pytest.mark.parametrize("ending", [stream(), refused(500, "watch is broken"), refused(410, "too old", "Expired")])
async def test_pauses_grow_while_lists_are_answered_but_watches_are_not(
    server: ApiServer, start: Start, ending: Any
) -> None:
    server.on(LIST, listing(item("a")))
    server.on(WATCH, ending)

    start()
    await server.until_asked(WATCH, 6)

    pauses, *_ = Pauses.made
    assert pauses.row >= 5


async def test_watches_that_end_at_once_are_not_live_and_one_that_lasts_is_again(
    server: ApiServer, table: Pods, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reflectors, "BRIEF_SECONDS", 0.5)
    states: list[tuple[SourceState, int]] = []
    note = table.set_freshness

    def noting(state: SourceState, now: float, message: str = "", *, next_try: float | None = None) -> None:
        states.append((state, len(server.requests(WATCH))))
        note(state, now, message, next_try=next_try)

    monkeypatch.setattr(table, "set_freshness", noting)
    server.on(LIST, listing(item("a")))
    server.on(WATCH, stream(), stream(), stream(), stream(), quiet())

    start()
    await table.until_message("the server, or a proxy before it, ends watches at once")
    assert (table.freshness.state, table.freshness.next_try) == (SourceState.STALE, NOW)
    await server.until_asked(WATCH, 5)
    await table.until(SourceState.LIVE)

    # One that ends may be chance; the last one, the only one that lasts, has to prove that it does.
    assert {state for state, watches in states if watches in (3, 4)} == {SourceState.STALE}
    assert table.freshness.message == ""


async def test_a_watch_that_brings_something_before_it_ends_is_live(
    server: ApiServer, table: Pods, start: Start
) -> None:
    mark = stream(event("BOOKMARK", {"metadata": {"resourceVersion": "11"}}))
    server.on(LIST, listing(item("a")))
    server.on(WATCH, mark, mark, mark, mark, quiet())

    start()
    await server.until_asked(WATCH, 5)

    assert table.freshness.state is SourceState.LIVE


async def test_pauses_start_small_again_once_a_watch_brings_something(
    server: ApiServer, table: Pods, start: Start
) -> None:
    bringing = stream(event("ADDED", item("b", 11)), until=asyncio.Event())
    server.on(LIST, listing(item("a")))
    server.on(WATCH, refused(500, "no"), refused(500, "no"), bringing)

    start()
    await table.until_rows("a", "b")

    pauses, *_ = Pauses.made
    assert (pauses.total, pauses.row) == (2, 0)
