"""What is captured of an incident: the panes at its onset and no other, and the log around the onset."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

from aurora_tui.cluster.protocol import LogRequest
from aurora_tui.incident.capture import MOST_LINES, Rows, unpacked_lines
from aurora_tui.incident.recording import MOST_SNAPSHOTS, Recorder
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.facts import Fact, FactKind
from aurora_tui.model.incidents import Incident, fold
from aurora_tui.model.loglines import LogLine
from aurora_tui.session import Session
from aurora_tui.signals.errors import SignalError, Trouble
from aurora_tui.store import Store
from tests.unit import elasticserver
from tests.unit.elasticserver import STORE, FakeElastic
from tests.unit.signal_servers import served

ONSET, NOW = 100_000.0, 101_000.0


def incident(*facts: Fact) -> Incident:
    body = {"title": "It burns", "severity": "sev1", "namespace": "n", "ref": ["Deployment", "n", "d"], "onset": ONSET}
    found = fold([Fact("20260101-0000-x", "w-1", 1, NOW, "alice", FactKind.OPENED, body), *facts])
    assert found is not None
    return found


class Logs:
    """A server that gives a pod's lines as the kubelet does: from a time on, so many bytes of them."""

    def __init__(self, stamps: Mapping[str, Sequence[float]]) -> None:
        self._stamps = stamps

    async def logs(self, request: LogRequest) -> AsyncGenerator[bytes, None]:
        since = datetime.fromisoformat(request.since or "1970-01-01T00:00:00Z").timestamp()
        lines = [_line(stamp) for stamp in self._stamps[request.pod] if stamp >= since]
        left = request.limit if request.limit is not None else 1 << 40
        for line in lines if request.tail is None else lines[-request.tail :]:
            left -= len(line)
            if left < 0:
                yield line[:left]  # cut wherever that is
                return
            yield line

    async def list(self, *_: Any) -> list[Any]:
        return []


def _line(stamp: float) -> bytes:
    return (
        datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z ").encode() + b"x" * 62
    )  # the limit of a twelfth cuts its time


def session(
    stamps: Mapping[str, Sequence[float]], born: float = 1.0, elasticsearch: HttpAccess | None = None
) -> Session:
    pods = [
        SimpleNamespace(
            metadata=SimpleNamespace(name=name, creation_timestamp=datetime.fromtimestamp(born, UTC)),
            spec=SimpleNamespace(containers=[SimpleNamespace(name="c")]),
        )
        for name in stamps
    ]

    async def located() -> HttpAccess:
        if elasticsearch is None:
            raise SignalError(Trouble.UNREACHABLE, "there is none")
        return elasticsearch

    async def pods_of(selection: object) -> list[Any]:
        return pods

    made = SimpleNamespace(
        clock=lambda: NOW, cluster=Logs(stamps), home="n", store=Store(), pods_of=pods_of, elasticsearch=located,
        settings=SimpleNamespace(logs=STORE),
    )  # fmt: skip
    return cast(Session, made)


async def kept(stamps: Mapping[str, Sequence[float]]) -> tuple[str, Sequence[LogLine]]:
    ((_, body),) = await Recorder(session(stamps), 60.0).lines(incident())
    return body["words"], unpacked_lines(body["data"])


def every(seconds: float, begin: float = ONSET - 900.0, end: float = NOW) -> list[float]:
    return [begin + step * seconds for step in range(int((end - begin) / seconds))]


async def test_of_a_container_that_says_much_the_lines_around_the_onset_are_kept() -> None:
    words, lines = await kept({"p": every(0.1)})
    times = [line.stamp or 0.0 for line in lines]
    assert len(lines) == MOST_LINES
    assert times[0] == ONSET - 120.0
    assert round(times[-1]) == round(ONSET - 120.0 + MOST_LINES / 10)
    assert words == "kept 4,000 log lines of deployment/d from 1970-01-02T03:44:40Z to 1970-01-02T03:51:19Z"


async def test_what_fills_all_room_before_the_onset_leaves_some_to_what_came_then() -> None:
    _, lines = await kept({"p": every(0.01)})
    times = [line.stamp or 0.0 for line in lines]
    assert ONSET - 14.0 < times[0] < ONSET - 13.0
    assert ONSET + 26.0 < times[-1] < ONSET + 27.0
    assert max(later - earlier for earlier, later in pairwise(times)) < 0.02


async def test_the_onset_is_reached_also_where_more_was_said_before_it_than_is_read() -> None:
    _, lines = await kept({f"p{number}": every(0.005, ONSET - 121.0, ONSET + 30.0) for number in range(12)})
    times = [line.stamp or 0.0 for line in lines]
    assert sum(time >= ONSET for time in times) >= 12 * 200
    assert all(time >= ONSET - 120.0 for time in times)
    assert sorted(times) == times


async def test_few_pods_share_all_the_room_that_many_would_have() -> None:
    _, lines = await kept({"loud": every(0.05), "quiet": every(60.0)})
    told = [line.origin for line in lines]
    assert told.count("loud") == MOST_LINES // 2
    assert told.count("quiet") == 18


async def of_a_release(besides: int = 0, **more: Any) -> tuple[str, list[tuple[str, float]]]:
    """What is kept where one pod stands for two, who said something before the onset."""
    server = FakeElastic()
    server.now = NOW
    said = {
        "d-d4b9c6f5-x2x4z": (-200, -30, 5), "d-d4b9c6f5-9c8vb": (-45,), "d-b7d6f8c95-z9z8w": (-20,),
        "other-d4b9c6f5-x2x4z": (-30,),
    }  # fmt: skip
    for name, seconds in ((name, each) for name, several in said.items() for each in several):
        place = {"namespace": "n", "pod": {"name": name}, "container": {"name": "c"}}
        server.write(ONSET + seconds - elasticserver.NOW, "said", kubernetes=place)
    async with served(server.application()) as url:
        silent: dict[str, Sequence[float]] = {f"d-b7d6f8c95-{number:05}": [] for number in range(besides)}
        stamps = {**silent, "d-b7d6f8c95-z9z8w": [ONSET - 20, ONSET + 10]}
        reached = session(stamps, elasticsearch=HttpAccess(url), **more)
        ((_, body),) = await Recorder(reached, 60.0).lines(incident())
    return body["words"], [(line.origin, (line.stamp or 0.0) - ONSET) for line in unpacked_lines(body["data"])]


async def test_what_replaced_pods_said_before_the_onset_is_kept_as_elasticsearch_has_it() -> None:
    words, lines = await of_a_release(born=ONSET - 60)
    assert lines == [
        ("d-d4b9c6f5-9c8vb", -45), ("d-d4b9c6f5-x2x4z", -30), ("d-b7d6f8c95-z9z8w", -20), ("d-b7d6f8c95-z9z8w", 10),
    ]  # fmt: skip
    assert words.endswith(", 2 of them of pods that are no more (Elasticsearch)")
    words, lines = await of_a_release(born=ONSET - 121)
    assert [seconds for _, seconds in lines] == [-20, 10], "the pods were there already"
    assert "Elasticsearch" not in words


async def test_a_pod_whose_log_is_not_read_since_there_are_too_many_is_not_called_gone() -> None:
    words, lines = await of_a_release(born=ONSET - 60, besides=12)
    assert [origin for origin, _ in lines] == ["d-d4b9c6f5-9c8vb", "d-d4b9c6f5-x2x4z"]
    assert words.endswith(", 2 of them of pods that are no more (Elasticsearch)")


async def told_of(rows: Rows) -> list[str]:
    recorder = Recorder(session({}), 60.0)
    recorder.onset = rows
    return [body["words"] for _, body in await recorder.due(incident())]


async def test_what_the_panes_showed_hours_before_the_onset_is_not_put_down_for_it() -> None:
    assert await told_of(Rows(ONSET + 60.0, {})) == [
        "captured the panes when the alert came", "captured the panes at the opening",
    ]  # fmt: skip
    assert await told_of(Rows(ONSET - 6 * 3600.0, {})) == ["captured the panes at the opening"]


async def test_captures_are_counted_for_the_incident_and_not_for_each_run() -> None:
    def captures(count: int) -> list[Fact]:
        body = {"words": "captured", "happened": NOW - 600.0}
        return [Fact("20260101-0000-x", "w-1", 2 + n, NOW, "alice", FactKind.SNAPSHOT, body) for n in range(count)]

    for count, more in ((MOST_SNAPSHOTS - 1, 1), (MOST_SNAPSHOTS, 0)):
        recorder = Recorder(session({}), 60.0)
        assert await recorder.due(incident(*captures(count))) == []  # somebody has captured the opening
        recorder._last = NOW - 300.0
        assert len(await recorder.due(incident(*captures(count)))) == more
