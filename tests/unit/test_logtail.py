"""The log of a workload: pods join and leave, lines stay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from aurora_tui.backoff import Backoff
from aurora_tui.cluster import logs, logtail
from aurora_tui.cluster.errors import ClusterError, NotFoundError
from aurora_tui.cluster.logtail import LogTail
from aurora_tui.cluster.protocol import LogRequest
from aurora_tui.logbuffer import LogBuffer
from aurora_tui.model import kube
from aurora_tui.model.frozen import replace
from aurora_tui.model.selection import LogSelection
from aurora_tui.store import Table
from tests.unit.logserver import Kubelet, at

WEB = LogSelection("aurora", workload=("Deployment", "web"))
NOW = datetime(2026, 1, 1, 0, 1, tzinfo=UTC).timestamp()
BEFORE, AFTER = "2026-01-01T00:00:00Z", "2026-01-01T00:02:00Z"
RUNNING = {"running": {"startedAt": BEFORE}}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "Backoff", lambda: Backoff(first=0.0))
    monkeypatch.setattr(logtail, "FLUSH_SECONDS", 0.001)
    monkeypatch.setattr(logtail, "MEMBERSHIP_SECONDS", 0.001)


class Kubelets:
    """The log of each container, by ``pod/container``; a container nobody put there is gone."""

    def __init__(self) -> None:
        self.by_name: dict[str, Kubelet] = {}

    def put(self, name: str, *lines: bytes, **more: Any) -> Kubelet:
        self.by_name[name] = Kubelet(list(lines), **{"open": True, **more})
        return self.by_name[name]

    async def logs(self, request: LogRequest) -> AsyncGenerator[bytes, None]:
        name = f"{request.pod}/{request.container}"
        if name not in self.by_name:
            raise NotFoundError("gone")
        async for line in self.by_name[name].logs(request):
            yield line


def pod(name: str, *, uid: str = "1", phase: str = "Running", init: Any = (), **containers: Any) -> kube.Pod:
    """A pod of the Deployment ``web``; containers by name with their state (``main=RUNNING``)."""
    owner = {"kind": "ReplicaSet", "name": "web-6b4d9c7f88", "uid": "rs", "controller": True}
    statuses = [{"name": each, **(_status(state))} for each, state in (containers or {"main": RUNNING}).items()]
    labels = {"pod-template-hash": "6b4d9c7f88"}
    meta = {"name": name, "namespace": "aurora", "uid": uid, "labels": labels, "ownerReferences": [owner]}
    status = {"phase": phase, "containerStatuses": statuses, "initContainerStatuses": list(init)}
    return msgspec.convert({"metadata": meta, "status": status}, kube.Pod)


def _status(state: dict[str, Any]) -> dict[str, Any]:
    return state if "state" in state else {"state": state}


class Desk:
    """What a test arranges and looks at."""

    def __init__(self) -> None:
        self.kubelets = Kubelets()
        self.pods: Table[kube.Pod] = Table("pods")
        self.buffer = LogBuffer()

    def show(self, *pods: kube.Pod) -> None:
        self.pods.apply({kube.key(each.metadata): each for each in pods})

    @property
    def lines(self) -> list[str]:
        return [f"{line.origin} {line.text}" for line in self.buffer.span(0, self.buffer.end)]

    @asynccontextmanager
    async def tailing(self, selection: LogSelection = WEB) -> AsyncIterator[LogTail]:
        before = asyncio.all_tasks()
        tail = LogTail(self.kubelets, self.pods, selection, self.buffer, lambda: NOW)
        task = asyncio.create_task(tail.run())
        yield tail
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == before


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


async def test_all_containers_of_all_pods_of_the_workload_are_merged_by_time(desk: Desk) -> None:
    desk.kubelets.put("web-a/main", at("01"), at("04"))
    desk.kubelets.put("web-a/sidecar", at("02"))
    desk.kubelets.put("web-b/main", at("03"))
    desk.show(pod("web-a", main=RUNNING, sidecar=RUNNING), pod("web-b"))

    async with desk.tailing() as tail:
        await until(lambda: len(desk.lines) == 4)

    assert sorted(desk.lines) == ["web-a 01", "web-a 02", "web-a 04", "web-b 03"]
    assert tail.notes == {}


async def test_only_the_chosen_container_is_read(desk: Desk) -> None:
    desk.kubelets.put("web-a/sidecar", at("02"))
    desk.show(pod("web-a", main=RUNNING, sidecar=RUNNING))

    async with desk.tailing(LogSelection("aurora", pod="web-a", container="sidecar")) as tail:
        await until(lambda: desk.lines)
        assert tail.following == 1


async def test_pods_of_others_are_left_alone(desk: Desk) -> None:
    other = desk.kubelets.put("web-x/main", at("01"))
    desk.kubelets.put("web-a/main", at("01"))
    desk.show(pod("web-x"), pod("web-a"))

    async with desk.tailing(LogSelection("aurora", pod="web-a")):
        await until(lambda: desk.lines)

    assert other.requests == []


async def test_a_pod_that_joins_is_read_from_its_first_line_and_one_that_ends_keeps_its_lines(desk: Desk) -> None:
    old = desk.kubelets.put("web-old/main", at("01"))
    new = desk.kubelets.put("web-new/main", at("02"), at("03"))
    desk.show(pod("web-old"))

    async with desk.tailing() as tail:
        await until(lambda: desk.lines == ["web-old 01"])
        del desk.kubelets.by_name["web-old/main"]
        old.open = False
        desk.pods.apply({}, deletes=["aurora/web-old"])
        desk.show(pod("web-new", main={"running": {"startedAt": AFTER}}))
        await until(lambda: len(desk.lines) == 3 and tail.following == 1)

    assert desk.lines == ["web-old 01", "web-new 02", "web-new 03"]
    assert (old.requests[0].tail, new.requests[0].tail) == (200, None)
    assert tail.notes == {}


async def test_an_old_pod_that_a_later_page_of_the_list_brings_is_not_read_whole(desk: Desk) -> None:
    desk.kubelets.put("web-a/main", at("01"))
    late = desk.kubelets.put("web-b/main", at("02"))
    desk.show(pod("web-a"))

    async with desk.tailing():
        await until(lambda: desk.lines)
        desk.show(pod("web-b"))
        await until(lambda: late.requests)

    assert late.requests[0].tail == 200


async def test_a_stateful_sets_pod_made_anew_under_its_old_name_joins_again(desk: Desk) -> None:
    first = desk.kubelets.put("web-0/main", at("01", "first"))
    desk.show(pod("web-0", uid="1"))

    async with desk.tailing(LogSelection("aurora", pod="web-0")) as tail:
        await until(lambda: desk.lines)
        del desk.kubelets.by_name["web-0/main"]
        first.open = False
        await until(lambda: tail.following == 0)
        desk.kubelets.put("web-0/main", at("30", "second"))
        desk.show(pod("web-0", uid="2", main={"running": {"startedAt": AFTER}}))
        await until(lambda: len(desk.lines) == 2)

    assert desk.lines == ["web-0 first", "web-0 second"]
    assert tail.notes == {}


async def test_the_stream_of_a_pod_is_left_when_another_takes_its_name(desk: Desk) -> None:
    desk.kubelets.put("web-0/main", at("01"))
    desk.show(pod("web-0", uid="1"))

    async with desk.tailing(LogSelection("aurora", pod="web-0")) as tail:
        await until(lambda: tail.following == 1)
        desk.show(pod("web-0", uid="2"))
        await until(lambda: len(desk.kubelets.by_name["web-0/main"].requests) == 2)
        await until(lambda: tail.following == 1)


async def test_a_container_that_has_not_started_is_not_asked_for_and_joins_when_it_has(desk: Desk) -> None:
    kubelet = desk.kubelets.put("web-a/main", at("01"))
    desk.show(pod("web-a", main={"waiting": {"reason": "ContainerCreating"}}))

    async with desk.tailing() as tail:
        await until(lambda: desk.pods.rows)
        assert (tail.following, kubelet.requests) == (0, [])
        desk.show(pod("web-a"))
        await until(lambda: desk.lines)


async def test_a_container_in_a_crash_loop_shows_its_last_run(desk: Desk) -> None:
    desk.kubelets.put("web-a/main", at("01", "panic: no database"))
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    ended = {"terminated": {"exitCode": 1, "startedAt": BEFORE}}
    desk.show(pod("web-a", main={"state": waiting, "lastState": ended}))

    async with desk.tailing():
        await until(lambda: desk.lines == ["web-a panic: no database"])


async def test_the_previous_container_is_read_once(desk: Desk) -> None:
    kubelet = desk.kubelets.put("web-a/main", at("01", "panic"), open=False)
    main = {"state": RUNNING, "lastState": {"terminated": {"exitCode": 1, "startedAt": BEFORE}}}
    desk.show(pod("web-a", main=main), pod("web-b"))

    async with desk.tailing(LogSelection("aurora", workload=("Deployment", "web"), previous=True)) as tail:
        await until(lambda: desk.lines == ["web-a panic"] and tail.following == 0)

    assert [(each.previous, each.follow) for each in kubelet.requests] == [(True, False)]


async def test_a_window_of_time_is_asked_of_every_pod(desk: Desk) -> None:
    kubelet = desk.kubelets.put("web-a/main", at("05"))
    desk.show(pod("web-a"))

    async with desk.tailing(WEB.from_time("2026-01-01T00:00:04Z")):
        await until(lambda: desk.lines)

    assert (kubelet.requests[0].since, kubelet.requests[0].tail) == ("2026-01-01T00:00:04Z", None)


async def test_a_trace_and_an_end_in_time_are_kept_to(desk: Desk) -> None:
    first, other, last = at("04", "trace.id=ab one"), at("05", "trace.id=cd two"), at("06", "trace.id=ab three")
    desk.kubelets.put("web-a/main", first, other, at("05", "trace.id=ab"), last)
    desk.show(pod("web-a"))

    async with desk.tailing(replace(WEB, trace="ab", until="2026-01-01T00:00:05Z")) as tail:
        await until(lambda: len(desk.lines) == 2 and tail.following)

    assert desk.lines == ["web-a trace.id=ab one", "web-a trace.id=ab"]


@pytest.mark.parametrize(
    "ended",
    [
        pod("web-a", phase="Succeeded", main={"terminated": {"exitCode": 0}}),
        pod("web-a", phase="Failed", main={"terminated": {"exitCode": 1}}),
    ],
)
async def test_a_pod_that_ended_for_good_is_read_and_left(desk: Desk, ended: kube.Pod) -> None:
    kubelet = desk.kubelets.put("web-a/main", at("01"), open=False)
    desk.show(ended)

    async with desk.tailing() as tail:
        await until(lambda: desk.lines and tail.following == 0)

    assert len(kubelet.requests) == 1


async def test_an_init_container_that_is_done_is_read_and_left_while_the_pod_runs(desk: Desk) -> None:
    setup = desk.kubelets.put("web-a/setup", at("01", "migrated"), open=False)
    desk.kubelets.put("web-a/main", at("02"))
    done = {"name": "setup", "state": {"terminated": {"exitCode": 0, "startedAt": BEFORE}}}
    desk.show(pod("web-a", init=[done]))

    async with desk.tailing() as tail:
        await until(lambda: len(desk.lines) == 2 and tail.following == 1)

    assert len(setup.requests) == 1


async def test_what_stands_in_the_way_is_noted_and_taken_back_by_the_same_container_only(desk: Desk) -> None:
    broken = desk.kubelets.put("web-a/main", at("03"), fault=ClusterError("the kubelet is away"))
    desk.kubelets.put("web-a/sidecar", at("01"))
    desk.show(pod("web-a", main=RUNNING, sidecar=RUNNING))

    async with desk.tailing() as tail:
        await until(lambda: tail.notes and desk.lines == ["web-a 01"])
        assert tail.notes == {"web-a": "the kubelet is away"}
        broken.fault = None
        await until(lambda: len(desk.lines) == 2)
        assert tail.notes == {}


async def test_lines_without_a_time_keep_their_place(desk: Desk) -> None:
    desk.kubelets.put("web-a/main", at("09"), b"no stamp here", at("10"))
    desk.show(pod("web-a"))

    async with desk.tailing():
        await until(lambda: len(desk.lines) == 3)

    assert desk.lines == ["web-a 09", "web-a no stamp here", "web-a 10"]
