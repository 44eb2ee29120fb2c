"""Several Alertmanagers: shown as one, silenced where they are one and where they are not, one of them away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from aurora_tui import heldalerts
from aurora_tui.actions import ActionPath, undo_of
from aurora_tui.backoff import Backoff
from aurora_tui.cluster.resources import ALERTS
from aurora_tui.journal import Journal
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.actions import Outcome, Params, Plan, Record, Verb, Verdict
from aurora_tui.model.alerts import AlertState, fingerprint, hushed, object_name
from aurora_tui.model.freshness import SourceState
from aurora_tui.model.stamps import rfc3339
from aurora_tui.sandbox.alertmanager import Alertmanager
from aurora_tui.sandbox.wire import json_response
from aurora_tui.signalling import Found
from aurora_tui.signals import alerts
from aurora_tui.signals.alertmanager import ActiveAlert, Cluster
from aurora_tui.signals.alerts import AlertSource
from aurora_tui.signals.members import Answer, clusters, together
from aurora_tui.silencing import WithAlerts
from tests.unit.certificates import make
from tests.unit.fakecluster import Clock, FakeCluster
from tests.unit.signal_servers import FakeAlertmanager, WatchedTable, served

BACKEND = {"alertname": "HighErrorRate", "job": "aurora-backend", "severity": "critical"}
NAME = object_name("HighErrorRate", fingerprint(BACKEND))
NOTHING: Params = {}


def gossip(name: str, *others: str) -> Cluster:
    return msgspec.convert({"name": name, "peers": [{"name": each} for each in (name, *others)]}, Cluster)


def says(member: str, cluster: Cluster | None = None, **status: Any) -> Answer:
    """One that has the alert."""
    raw = {
        "fingerprint": fingerprint(BACKEND),
        "labels": BACKEND,
        "startsAt": "2026-11-24T04:44:17Z",
        "receivers": [{"name": member}],
        "status": {"state": "suppressed" if status else "active", **status},
    }
    alert = msgspec.convert(raw, ActiveAlert)
    return Answer(member, {alert.fingerprint: alert}, cluster=cluster or Cluster())


def test_those_that_gossip_are_one_cluster_also_through_a_third() -> None:
    a, b, c = says("a", gossip("1", "2")), says("b", gossip("2", "1", "3")), says("c", gossip("3", "2"))
    alone = says("d")

    assert [[each.member for each in cluster] for cluster in clusters([a, c, alone, b])] == [["d"], ["a", "c", "b"]]
    assert len(clusters([says("x"), says("y")])) == 2, "without gossip each is by itself"


def test_within_a_cluster_what_one_holds_back_is_held_back() -> None:
    found = together([says("a", gossip("1", "2")), says("b", gossip("2", "1"), silencedBy=["s"])])

    [alert] = found.alerts.values()
    assert (alert.status.silenced_by, found.told_by) == (("s",), {})
    assert [receiver.name for receiver in alert.receivers] == ["a", "b"]


def test_of_those_by_themselves_one_that_tells_an_alert_is_enough_for_it_to_fire() -> None:
    found = together([says("a"), says("b", silencedBy=["s"])])

    [(key, alert)] = found.alerts.items()
    assert alert.status.silenced_by == ()
    assert found.told_by == {key: ("a",)}


class Scene:
    """Alertmanagers of the sandbox at addresses of their own, `one` and `two`, each by itself."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.managers = [Alertmanager(self.clock) for _ in range(2)]
        for manager in self.managers:
            manager.receive([{"labels": BACKEND, "endsAt": rfc3339(self.clock() + 86400)}])
        self.peers: dict[int, dict[str, Any]] = {}
        self.broken: dict[int, web.Response | asyncio.Event] = {}
        self.sent: list[tuple[str, int]] = []
        self.pages: set[int] = set()
        """Those that answer, while a sign-in page stands before what is sent to them."""
        self.refuses: set[int] = set()
        """Those that answer, but take nothing."""
        self.urls: list[str] = []
        self.journal = Journal(folder / "state")
        self.silencing = WithAlerts(FakeCluster(), self._find)
        self.path = ActionPath(
            self.silencing,
            self.journal,
            protected=False,
            read_only=False,
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    async def _find(self) -> list[Found]:
        return [Found(url, HttpAccess(url)) for url in self.urls]

    def cluster(self) -> None:
        """They are peers from now on, and what one is told the other knows."""
        self.managers[1]._silences = self.managers[0]._silences
        for number in range(2):
            names = [{"name": str(each), "address": ""} for each in range(2)]
            self.peers[number] = {"name": str(number), "status": "ready", "peers": names}

    def application(self, number: int) -> web.Application:
        @web.middleware
        async def around(request: web.Request, handler: Any) -> web.StreamResponse:
            how = self.broken.get(number)
            if isinstance(how, asyncio.Event):
                await how.wait()
            elif how is not None:
                return web.Response(status=how.status, body=how.body, headers=how.headers.copy())
            if request.method != "GET" and number in self.pages:
                return web.Response(body=b"<html>sign in</html>", content_type="text/html")
            if request.method != "GET" and number in self.refuses:
                return web.Response(status=403, text="no")
            if request.method != "GET":
                self.sent.append((request.method, number))
            if request.path.endswith("/status") and number in self.peers:
                return json_response({"cluster": self.peers[number], "versionInfo": {"version": "0.25.0"}})
            answer: web.StreamResponse = await handler(request)
            return answer

        application = web.Application(middlewares=[around])
        application.add_subapp("/am", self.managers[number].app())
        return application

    async def plan(self, verb: Verb = Verb.SILENCE, params: Params = NOTHING) -> Plan:
        return await self.path.plan(verb, ALERTS, "", NAME, params)

    async def do(self, verb: Verb = Verb.SILENCE, params: Params = NOTHING) -> Record:
        return await self.path.execute(await self.plan(verb, params))

    async def verdict(self, record: Record) -> Verdict:
        *_, last = [step async for step in self.path.verify(record)]
        assert isinstance(last, Verdict)
        return last

    def held(self, number: int) -> bool:
        now = round(self.clock() * 1000)
        return bool(self.managers[number]._silences.silencing(BACKEND, now))

    def source(self, table: WatchedTable) -> AlertSource:
        interval = timedelta(seconds=0.01)
        return AlertSource((), [HttpAccess(url) for url in self.urls], None, table, self.clock, interval=interval)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    scene = Scene(tmp_path)
    async with AsyncExitStack() as stack:
        for number in range(2):
            scene.urls.append(f"{await stack.enter_async_context(served(scene.application(number)))}/am")
        yield scene
        for how in scene.broken.values():
            if isinstance(how, asyncio.Event):
                how.set()
        await scene.silencing.close()
        scene.journal.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(alerts, "Backoff", partial(Backoff, first=0.01))
    monkeypatch.setattr(heldalerts, "GRACE", 0.05)
    yield


async def test_a_silence_is_made_in_each_that_is_by_itself_and_undo_expires_all_of_them(scene: Scene) -> None:
    record = await scene.do()

    assert record.outcome is Outcome.DONE, record.message
    assert (scene.held(0), scene.held(1)) == (True, True)
    assert scene.sent == [("POST", 0), ("POST", 1)]
    assert (await scene.verdict(record)).good
    undo = undo_of(record)
    assert undo is not None

    taken_back = await scene.do(*undo)

    assert taken_back.outcome is Outcome.DONE, taken_back.message
    assert (scene.held(0), scene.held(1)) == (False, False)
    assert (await scene.verdict(taken_back)).text.endswith("is told again")


async def test_a_cluster_is_told_once(scene: Scene) -> None:
    scene.cluster()

    record = await scene.do()

    assert record.outcome is Outcome.DONE
    assert scene.sent == [("POST", 0)]
    assert (await scene.verdict(record)).good
    await scene.do(Verb.UNSILENCE)
    assert scene.sent == [("POST", 0), ("DELETE", 0)]


async def test_a_cluster_is_told_through_another_where_one_has_died(scene: Scene) -> None:
    scene.cluster()
    await scene.plan()
    scene.broken[0] = web.Response(status=502, text="<html>bad gateway</html>")

    plan = await scene.plan()
    assert plan.warnings == (), "its peer answers, and will tell it"
    record = await scene.path.execute(plan)

    assert record.outcome is Outcome.DONE
    assert scene.sent == [("POST", 1)]


async def test_a_cluster_is_told_through_another_where_nothing_reaches_one(scene: Scene) -> None:
    scene.cluster()
    scene.pages.add(0)

    record = await scene.do()

    assert record.outcome is Outcome.DONE, record.message
    assert scene.sent == [("POST", 1)]


async def test_one_by_itself_that_does_not_answer_is_said_and_holds_nothing_up(scene: Scene) -> None:
    scene.broken[1] = asyncio.Event()

    plan = await scene.plan()

    assert plan.warnings == (
        f"Alertmanager {scene.urls[1]} cannot be asked, and may go on telling: it does not answer",
    )
    assert (await scene.path.execute(plan)).outcome is Outcome.DONE
    assert scene.sent == [("POST", 0)]


async def test_what_only_one_of_two_took_is_uncertain_and_says_where(scene: Scene) -> None:
    plan = await scene.plan()
    scene.refuses.add(1)

    record = await scene.path.execute(plan)

    assert record.outcome is Outcome.UNCERTAIN, record.message
    assert f"done in {scene.urls[0]}, but not in {scene.urls[1]}: " in record.message
    assert undo_of(record) is None


async def test_what_a_dead_one_did_not_take_is_said_by_the_verdict(scene: Scene) -> None:
    scene.broken[1] = web.Response(status=503, text="gone")
    record = await scene.do()

    text = (await scene.verdict(record)).text

    assert "is suppressed until" in text
    assert text.partition("; ")[2].startswith(f"Alertmanager {scene.urls[1]} cannot be asked, and may go on telling")


async def test_an_alert_that_one_of_two_still_tells_fires_and_can_be_silenced(scene: Scene) -> None:
    record = await scene.do()
    scene.managers[1]._silences = type(scene.managers[1]._silences)()
    table = WatchedTable()
    await scene.source(table).read_once()

    [alert] = table.rows.values()
    assert alert.state is AlertState.FIRING
    assert hushed(alert, 0.0) == f"still told by {scene.urls[1]}, held back by the others"

    again = await scene.do(params={"for": "1h"})
    assert again.outcome is Outcome.DONE, (record.message, again.message)
    assert scene.held(1)


async def test_two_alertmanagers_make_one_table(scene: Scene) -> None:
    table = WatchedTable()
    await scene.source(table).read_once()

    assert [alert.name for alert in table.rows.values()] == ["HighErrorRate"]
    assert table.freshness.state is SourceState.LIVE


async def test_a_dead_peer_is_said_and_changes_nothing_else(scene: Scene) -> None:
    scene.cluster()
    table = WatchedTable()
    task = asyncio.create_task(scene.source(table).run())
    await table.until(SourceState.LIVE)

    scene.broken[1] = web.Response(status=503, text="gone")

    await table.until_message("its cluster answers")
    assert table.freshness.state is SourceState.LIVE
    assert f"Alertmanager {scene.urls[1]}: " in table.freshness.message
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_one_by_itself_that_is_away_leaves_the_table_stale_and_the_others_rows(scene: Scene) -> None:
    scene.broken[1] = web.Response(status=503, text="gone")
    table = WatchedTable()
    await scene.source(table).read_once()

    assert len(table.rows) == 1
    assert table.freshness.state is SourceState.STALE
    assert "what it tells and holds back is not known" in table.freshness.message


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (web.Response(body=b"<html>sign in</html>", content_type="text/html"), "answered with a web page"),
        (web.Response(status=401, text="who?"), "refuses the credentials (401)"),
        (web.Response(status=403, text="rbac"), "forbids it (403): rbac"),
        (web.json_response({"items": []}), "does not answer as Alertmanager does"),
    ],
)
async def test_what_is_wrong_with_one_is_said_and_the_other_goes_on(
    scene: Scene, answer: web.Response, words: str
) -> None:
    scene.broken[1] = answer
    table = WatchedTable()
    await scene.source(table).read_once()

    assert len(table.rows) == 1
    assert words in table.freshness.message


async def test_one_that_hangs_does_not_keep_the_others_alerts_back() -> None:
    slow, quick = FakeAlertmanager(), FakeAlertmanager()
    slow.hanging = asyncio.Event()
    quick.alerts = [{"fingerprint": "f", "labels": BACKEND, "startsAt": "2026-11-24T04:44:17Z"}]
    table = WatchedTable()
    async with served(slow.application()) as one, served(quick.application()) as other:
        accesses = [HttpAccess(one), HttpAccess(other)]
        source = AlertSource((), accesses, None, table, lambda: 0.0, interval=timedelta(seconds=0.01))
        task = asyncio.create_task(source.run())
        await table.until_message(f"waiting for Alertmanager {one}")
        assert len(table.rows) == 1
        slow.hanging.set()
        await table.until(SourceState.LIVE)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_certificate_of_nobodys_is_said_in_words_and_the_other_goes_on(tmp_path: Path) -> None:
    authority = make(tmp_path)
    runner = web.AppRunner(FakeAlertmanager().application(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=authority.server()).start()
    secret = f"https://127.0.0.1:{runner.addresses[0][1]}"
    table = WatchedTable()
    try:
        async with served(FakeAlertmanager().application()) as other:
            accesses = [HttpAccess(secret), HttpAccess(other)]
            await AlertSource((), accesses, None, table, lambda: 0.0, interval=timedelta(seconds=1)).read_once()
        assert f"Alertmanager {secret}: no TLS with {secret} (certificate verify failed: " in table.freshness.message
        assert table.freshness.state is SourceState.STALE

        trusting, trusted = [HttpAccess(secret, ca_file=str(authority.ca))], WatchedTable()
        await AlertSource((), trusting, None, trusted, lambda: 0.0, interval=timedelta(seconds=1)).read_once()
        assert trusted.freshness.state is SourceState.LIVE
    finally:
        await runner.cleanup()
