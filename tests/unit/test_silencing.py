"""Silences on the action path: what is previewed, sent and recorded, and what Alertmanager then holds back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from aurora_tui.actions import ActionPath, Refusal, undo_of
from aurora_tui.cluster.errors import ClusterError
from aurora_tui.cluster.protocol import MERGE_PATCH
from aurora_tui.cluster.resources import ALERTS
from aurora_tui.journal import Journal, JournalError
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.actions import Obstacle, Outcome, Params, Plan, Record, Verb, Verdict
from aurora_tui.model.alerts import fingerprint, object_name
from aurora_tui.model.policies import Policy
from aurora_tui.model.stamps import rfc3339
from aurora_tui.sandbox.alertmanager import Alertmanager
from aurora_tui.sandbox.silences import PostedMatcher, PostedSilence
from aurora_tui.signalling import Found
from aurora_tui.signals.alertmanager import AlertmanagerClient
from aurora_tui.signals.errors import SignalError
from aurora_tui.silencing import WithAlerts
from tests.unit.fakecluster import Clock, FakeCluster
from tests.unit.signal_servers import served

BACKEND = {"alertname": "HighErrorRate", "job": "aurora-backend", "severity": "critical"}
FRONTEND = {"alertname": "HighErrorRate", "job": "aurora-frontend", "severity": "critical"}
LATENCY = {"alertname": "HighLatency", "job": "aurora-backend", "severity": "warning"}
WRITES = ("POST", "DELETE")
NOTHING: Params = {}


def named(labels: dict[str, str]) -> str:
    return object_name(labels["alertname"], fingerprint(labels))


class Scene:
    """A real client before the sandbox's Alertmanager; `lose` lets the answer of the next write get lost."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.manager = Alertmanager(self.clock)
        ends = rfc3339(self.clock() + 86400)
        self.manager.receive([{"labels": labels, "endsAt": ends} for labels in (BACKEND, FRONTEND, LATENCY)])
        self.cluster = FakeCluster()
        self.journal = Journal(folder / "state")
        self.sent: list[str] = []
        self.lose = False
        self.refuse = 0
        self.url = ""
        self.address = ""
        self.silencing = WithAlerts(self.cluster, self._find)

    async def _find(self) -> tuple[Found, ...]:
        return (Found(self.address or self.url, HttpAccess(self.url) if self.url else None, "switched off"),)

    def application(self) -> web.Application:
        @web.middleware
        async def around(request: web.Request, handler: Any) -> web.StreamResponse:
            if request.method not in WRITES:
                answer: web.StreamResponse = await handler(request)
                return answer
            self.sent.append(f"{request.method} {request.path.rpartition('/')[0]}")
            if self.refuse:
                return web.json_response({"message": "services/proxy is forbidden"}, status=self.refuse)
            answer = await handler(request)
            return web.Response(status=504) if self.lose else answer

        application = web.Application(middlewares=[around])
        application.add_subapp("/am", self.manager.app())
        return application

    def path(
        self, *, protected: bool = False, read_only: bool = False, policies: tuple[Policy, ...] = ()
    ) -> ActionPath:
        return ActionPath(
            self.silencing,
            self.journal,
            protected=protected,
            read_only=read_only,
            policies=policies,
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    async def plan(self, verb: Verb = Verb.SILENCE, params: Params = NOTHING, alert: str = "") -> Plan:
        return await self.path().plan(verb, ALERTS, "default", alert or named(BACKEND), params)

    async def do(self, verb: Verb = Verb.SILENCE, params: Params = NOTHING) -> Record:
        record = await self.path().execute(await self.plan(verb, params))
        assert record.outcome is Outcome.DONE, record.message
        return record

    async def verdict(self, record: Record) -> Verdict:
        *_, last = [step async for step in self.path().verify(record)]
        assert isinstance(last, Verdict)
        return last

    async def status(self, labels: dict[str, str] = BACKEND) -> str:
        async with AlertmanagerClient(HttpAccess(self.url)) as client:
            return next(each.status.state for each in await client.alerts() if each.labels == labels)

    async def silences(self) -> list[Any]:
        async with AlertmanagerClient(HttpAccess(self.url)) as client:
            return [each for each in await client.silences() if each.status.state == "active"]

    async def put(self, until: float = 7200, **labels: str) -> str:
        """A silence that somebody else makes."""
        matchers = [{"name": name, "value": value, "isRegex": False} for name, value in labels.items()]
        times = {"startsAt": rfc3339(self.clock()), "endsAt": rfc3339(self.clock() + until)}
        async with AlertmanagerClient(HttpAccess(self.url), read_only=False) as client:
            made = await client.silence({"matchers": matchers, "createdBy": "bob", "comment": "known", **times})
        self.sent.clear()
        return made


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    scene = Scene(tmp_path)
    async with served(scene.application()) as url:
        scene.url = f"{url}/am"
        yield scene
        await scene.silencing.close()
        scene.journal.close()


async def test_an_acknowledged_alert_is_suppressed_for_15_minutes_and_nothing_else_is(scene: Scene) -> None:
    plan = await scene.plan()
    until = rfc3339(scene.clock() + 900)
    assert plan.effect == f"silences alert/{named(BACKEND)} for 15m, until {until}"
    assert [str(line) for line in plan.diff] == [
        f'+ silenced[until {until}]: alertname="HighErrorRate" job="aurora-backend" severity="critical"'
    ]
    assert (plan.warnings, plan.problems, scene.sent) == ((), (), [])

    record = await scene.path().execute(plan)

    assert record.outcome is Outcome.DONE
    assert [await scene.status(each) for each in (BACKEND, FRONTEND, LATENCY)] == ["suppressed", "active", "active"]
    [made] = await scene.silences()
    assert {each.name: each.value for each in made.matchers} == BACKEND
    assert made.ends_at.startswith(until[:-1])
    assert scene.sent == ["POST /am/api/v2"]
    verdict = await scene.verdict(record)
    assert verdict.good
    assert verdict.text == f"alert/{named(BACKEND)} is suppressed until {until} by silence {made.id}"


async def test_the_silence_says_who_made_it_and_why_as_the_journal_does(scene: Scene) -> None:
    path = scene.path(protected=True)
    plan = await path.plan(Verb.SILENCE, ALERTS, "default", named(BACKEND), {})
    assert (plan.protected, plan.needs_reason) == (True, True)
    assert (await path.execute(plan, confirmed_context="prod")).outcome is Outcome.REFUSED
    assert scene.sent == []

    await path.execute(plan, confirmed_context="prod", reason="OPS-1 known")

    [made], [entry] = await scene.silences(), scene.journal.entries()
    assert (made.comment, entry.reason) == ("OPS-1 known", "OPS-1 known")
    assert made.created_by == f"{entry.operator.actor} (alice@example.org)"
    assert (entry.action.verb, entry.action.target.uid) == (Verb.SILENCE, fingerprint(BACKEND))
    assert entry.action.before["until"] == ""
    assert entry.action.after["until"] == plan.action.params["until"]


async def test_the_intent_is_in_the_journal_before_anything_is_sent(scene: Scene) -> None:
    plan = await scene.plan()
    scene.journal.close()
    scene.journal.record_intent = _full  # type: ignore[method-assign]

    record = await scene.path().execute(plan)

    assert (record.outcome, scene.sent) == (Outcome.REFUSED, [])


def _full(*_: object, **__: object) -> int:
    raise JournalError("the disk is full")


async def test_undo_expires_the_very_silence_and_has_no_inverse(scene: Scene) -> None:
    record = await scene.do()
    await scene.put(job="aurora-backend")
    undo = undo_of(record)
    assert undo is not None

    taken_back = await scene.do(*undo)

    assert [each.created_by for each in await scene.silences()] == ["bob"]
    assert scene.sent == ["DELETE /am/api/v2/silence"]
    assert (await scene.verdict(taken_back)).text.endswith("by another silence")
    assert undo_of(taken_back) is None
    with pytest.raises(Refusal, match="not held back by that silence"):
        await scene.plan(*undo)


async def test_an_expired_silence_lets_the_alert_speak_again(scene: Scene) -> None:
    await scene.put(job="aurora-backend")
    plan = await scene.plan(Verb.UNSILENCE)
    assert plan.warnings == (f"the silence hides 1 more: {named(LATENCY)}",)
    assert "by bob" in plan.effect

    record = await scene.path().execute(plan)

    assert await scene.status() == "active"
    assert (await scene.verdict(record)).text == f"alert/{named(BACKEND)} is told again"
    with pytest.raises(Refusal, match="not held back by any silence"):
        await scene.plan(Verb.UNSILENCE)


async def test_of_several_silences_one_must_be_named(scene: Scene) -> None:
    one, other = await scene.put(job="aurora-backend"), await scene.put(severity="critical")
    with pytest.raises(Refusal, match="say which") as refused:
        await scene.plan(Verb.UNSILENCE)
    assert one in str(refused.value)
    assert other in str(refused.value)

    await scene.do(Verb.UNSILENCE, {"silence": one})

    assert [each.id for each in await scene.silences()] == [other]


async def test_the_preview_tells_what_else_a_wider_silence_hides(scene: Scene) -> None:
    plan = await scene.plan(params={"matchers": "alertname=~High.*", "for": "2h"})

    [words] = plan.warnings
    assert words.startswith("it also hides 2 more: ")
    assert named(FRONTEND) in words
    assert named(LATENCY) in words


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"matchers": 'job="aurora-frontend"'}, "does not match alert/"),
        ({"matchers": "job"}, "no matcher"),
        ({"for": "soon"}, "no duration"),
        ({"until": "2020-01-01T00:00:00Z"}, "must end in the future"),
        ({"until": "tomorrow"}, "tomorrow"),
    ],
)
async def test_the_senseless_is_refused_in_words(scene: Scene, params: Params, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        await scene.plan(params=params)


async def test_an_alert_that_is_silenced_for_longer_is_left_alone_and_a_longer_silence_is_possible(
    scene: Scene,
) -> None:
    await scene.put(until=3600, job="aurora-backend")
    with pytest.raises(Refusal, match=r"is silenced already: until .* by bob"):
        await scene.plan()

    await scene.do(params={"for": "2h"})

    assert len(await scene.silences()) == 2


async def test_an_alert_is_also_known_by_its_rule_where_that_is_clear(scene: Scene) -> None:
    assert (await scene.plan(alert="HighLatency")).action.target.uid == fingerprint(LATENCY)
    with pytest.raises(ClusterError, match="2 alerts are called HighErrorRate, say which: "):
        await scene.plan(alert="HighErrorRate")
    with pytest.raises(Refusal, match="there is no alert/Nothing"):
        await scene.plan(alert="Nothing")


async def test_a_silence_that_came_in_between_voids_the_preview(scene: Scene) -> None:
    plan = await scene.plan()
    await scene.put(job="aurora-backend")

    record = await scene.path().execute(plan)

    assert (record.outcome, record.obstacle) == (Outcome.REFUSED, Obstacle.CHANGED)
    assert scene.sent == []


async def test_a_silence_that_comes_in_between_the_last_look_and_the_request_stops_it(scene: Scene) -> None:
    plan = await scene.plan()
    times = {"starts_at": rfc3339(scene.clock()), "ends_at": rfc3339(scene.clock() + 60)}
    silence = PostedSilence("", "bob", matchers=(PostedMatcher("job", "aurora-backend", is_regex=False),), **times)

    def somebody_else() -> None:
        scene.manager._silences.put(silence, round(scene.clock() * 1000))

    scene.cluster.on("user", somebody_else)

    record = await scene.path().execute(plan)

    assert (record.outcome, record.obstacle) == (Outcome.REFUSED, Obstacle.CHANGED)
    assert scene.sent == []


@pytest.mark.parametrize("verb", [Verb.SILENCE, Verb.UNSILENCE])
async def test_a_lost_answer_is_found_out_from_alertmanager(scene: Scene, verb: Verb) -> None:
    if verb is Verb.UNSILENCE:
        await scene.put(job="aurora-backend")
    plan = await scene.plan(verb)
    scene.lose = True

    record = await scene.path().execute(plan)

    assert record.outcome is Outcome.DONE
    assert "the cluster shows that it was carried out" in record.message
    assert len(scene.sent) == 1


async def test_a_gateway_that_failed_before_it_passed_anything_on_leaves_it_uncertain(scene: Scene) -> None:
    plan = await scene.plan()
    scene.refuse = 502

    record = await scene.path().execute(plan)

    assert record.outcome is Outcome.UNCERTAIN
    assert "it may safely be tried again" in record.message


async def test_read_only_sends_nothing_by_the_path_nor_by_the_client(scene: Scene) -> None:
    plan = await scene.plan()
    record = await scene.path(read_only=True).execute(plan)
    assert (record.outcome, record.message) == (Outcome.REFUSED, "this session is read-only")

    scene.cluster.read_only = True
    await scene.silencing.close()
    alert = await scene.silencing.get(ALERTS, None, named(BACKEND))
    body = {**plan.request.body, "metadata": {"resourceVersion": alert["metadata"]["resourceVersion"]}}  # type: ignore[union-attr]
    with pytest.raises(ClusterError, match="read-only: nothing is sent"):
        await scene.silencing.patch(ALERTS, None, named(BACKEND), body, content_type=MERGE_PATCH)
    async with AlertmanagerClient(HttpAccess(scene.url)) as client:
        with pytest.raises(SignalError, match="read-only"):
            await client.expire("any")
    assert scene.sent == []


async def test_through_the_service_proxy_its_right_is_asked_for_and_the_lack_told(scene: Scene) -> None:
    scene.address = "svc/monitoring/alertmanager:9093"
    scene.cluster.denied["create", "services", "proxy"] = "viewers only look"
    plan = await scene.plan()
    words = "it takes create services/proxy in namespace monitoring: viewers only look"
    assert plan.problems == (f"you may not patch alerts/silence: {words}",)

    scene.cluster.denied.clear()
    assert (await scene.plan()).problems == ()


async def test_without_the_proxy_rbac_is_not_asked(scene: Scene) -> None:
    scene.cluster.denied["create", "services", "proxy"] = "viewers only look"
    assert (await scene.plan()).problems == ()


async def test_a_403_is_told_in_words_and_refused(scene: Scene) -> None:
    plan = await scene.plan()
    scene.refuse = 403

    record = await scene.path().execute(plan)

    assert record.outcome is Outcome.REFUSED
    assert "services/proxy is forbidden" in record.message


async def test_without_an_alertmanager_the_reason_is_told(scene: Scene) -> None:
    scene.url = ""
    with pytest.raises(ClusterError, match="no Alertmanager can be asked: switched off"):
        await scene.plan()


async def test_an_alert_that_ended_meanwhile_needs_no_silence(scene: Scene) -> None:
    record = await scene.do()
    scene.manager._alerts.clear()

    assert (await scene.verdict(record)).text.endswith("has ended meanwhile: nothing is left to hide or to tell")
