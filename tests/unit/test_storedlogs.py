"""What replaced pods said before the onset, read from Elasticsearch: it tells what is new in the log since."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from aurora_tui.incident.analyzers import badrelease
from aurora_tui.incident.situation import ContainerLog, Situation
from aurora_tui.incident.storedlogs import read_replaced
from aurora_tui.incident.traces_and_logs import log_rows
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.frozen import replace
from aurora_tui.session import Session
from aurora_tui.signals.errors import SignalError, Trouble
from tests.unit import elasticserver
from tests.unit.elasticserver import STORE, FakeElastic
from tests.unit.signal_servers import served
from tests.unit.situations import NOW, ONSET, log, pod, rollout, shop

BORN = 60
"""Seconds after the onset at which the only pod that is left began."""


class Stored:
    """A shop whose cart was replaced, and the Elasticsearch that has what it said before."""

    def __init__(self, server: FakeElastic, url: str) -> None:
        self.server = server
        self.url = url

    def write(self, seconds: float, message: str, pod: str = "cart-d4b9c6f5-x2x4z", namespace: str = "shop") -> None:
        """A document dated so many seconds after the onset."""
        place = {"namespace": namespace, "pod": {"name": pod}, "container": {"name": "app"}}
        self.server.write(ONSET + seconds - elasticserver.NOW, message, kubernetes=place)

    @property
    def session(self) -> Session:
        async def elasticsearch() -> HttpAccess:
            if not self.url:
                raise SignalError(Trouble.UNREACHABLE, "no service of its labels was found")
            return HttpAccess(self.url)

        return cast(Session, SimpleNamespace(settings=SimpleNamespace(logs=STORE), elasticsearch=elasticsearch))


@pytest.fixture
async def stored() -> AsyncIterator[Stored]:
    server = FakeElastic()
    server.now = NOW
    async with served(server.application()) as url:
        yield Stored(server, url)


def replaced(*logs: ContainerLog, **more: Any) -> Situation:
    """The cart's pods are younger than the onset, and so is all that they say."""
    said = logs or (log("cart-b7d6f8c95-z9z8w", "level=error msg=boom", begin=BORN),)
    return shop(pod("cart-b7d6f8c95-z9z8w", revision="b7d6f8c95", created=BORN), logs=said, **more)


async def test_what_the_workloads_pods_said_before_the_onset_is_read_in_the_order_of_its_time(stored: Stored) -> None:
    stored.write(-100, "second")
    stored.write(-200, "first")
    stored.write(-100, "of another workload", pod="till-d4b9c6f5-x2x4z")
    stored.write(-100, "of another namespace", namespace="lab")
    stored.write(-4000, "long before")
    stored.write(5, "after the onset")

    [found], trouble = await read_replaced(stored.session, replaced())

    assert [line.text for line in found.lines] == ["first", "second"]
    assert (found.pod, found.container, found.gone, found.previous) == ("cart-d4b9c6f5-x2x4z", "app", True, False)
    assert trouble == ""


async def test_where_the_pods_themselves_tell_nobody_else_is_asked(stored: Stored) -> None:
    stored.write(-100, "before")
    tells = replaced(log("cart-b7d6f8c95-z9z8w", "level=info msg=well", begin=-200))
    assert await read_replaced(stored.session, tells) == ((), "")
    assert stored.server.asked == []


async def test_without_an_elasticsearch_nothing_is_missing_and_one_that_fails_is_told(stored: Stored) -> None:
    stored.server.shards = {"total": 5, "successful": 0, "skipped": 0, "failed": 5}
    stored.server.indices = []
    logs, trouble = await read_replaced(stored.session, replaced())
    assert logs == ()
    assert trouble.startswith("Elasticsearch: ")
    stored.url = ""
    assert await read_replaced(stored.session, replaced()) == ((), "")


async def test_looking_for_an_elasticsearch_ends_with_the_patience_too() -> None:
    async def elasticsearch() -> HttpAccess:
        await asyncio.Event().wait()
        raise AssertionError

    waits = cast(Session, SimpleNamespace(settings=SimpleNamespace(logs=STORE), elasticsearch=elasticsearch))
    hasty = replaced()
    hasty = replace(hasty, limits=replace(hasty.limits, patience=0.05))
    assert await read_replaced(waits, hasty) == ((), "Elasticsearch: no answer within 0 s")


def texts(situation: Situation) -> list[str]:
    return [" ".join(filter(None, (cell.text for cell in row.cells))) for row in log_rows(situation)]


def test_an_error_that_no_replaced_pod_ever_wrote_is_new_and_where_they_are_from_is_said() -> None:
    before = ContainerLog("cart-d4b9c6f5-x2x4z", "app", log("-", "level=info msg=well", begin=-200).lines, gone=True)
    unknown = replaced()
    known = replace(unknown, logs=(*unknown.logs, before))
    assert any("what is new is not known" in text for text in texts(unknown))
    told = texts(known)
    assert told[0].startswith("new ")
    assert f"{len(before.lines)} of them of pods that are no more (Elasticsearch)" in told[1]


def test_an_error_that_replaced_pods_wrote_too_does_not_speak_against_the_release() -> None:
    boom = log("cart-b7d6f8c95-z9z8w", "level=error msg=boom", begin=BORN)
    of_old = ContainerLog("cart-d4b9c6f5-x2x4z", "app", log("-", "level=error msg=boom", begin=-200).lines, gone=True)
    well = ContainerLog("cart-d4b9c6f5-x2x4z", "app", log("-", "level=info msg=well", begin=-200).lines, gone=True)

    def words(earlier: ContainerLog) -> str:
        [finding] = badrelease.analyze(replaced(boom, earlier, changes=(rollout(30),)))
        return "; ".join(each.words for each in finding.evidence)

    assert "new in its log" in words(well)
    assert "in its log" not in words(of_old)
