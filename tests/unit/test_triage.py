"""Triage as it is shown: what it is about, since when, its sections and where their rows lead; and how it is read."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from aurora_tui.cluster.errors import ForbiddenError
from aurora_tui.cluster.resources import BUDGETS, CONFIGMAPS, DEPLOYMENTS, EVENTS, NODES, PODS, QUOTAS, Resource
from aurora_tui.incident import reading
from aurora_tui.incident.memory import recall, remember
from aurora_tui.incident.reading import SituationReader
from aurora_tui.incident.situation import ContainerLog, Figures, Part, Pool, Situation, Subject
from aurora_tui.incident.subject import again, log_since, of_alert, of_service, traces_around
from aurora_tui.incident.triage import Triage, triage
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.alerts import Alert, AlertState
from aurora_tui.model.burn import Burns
from aurora_tui.model.changes import Change, ChangeKind
from aurora_tui.model.columns import Tone
from aurora_tui.model.definitions import Environment, ObjectiveKind, Sources
from aurora_tui.model.findings import Mitigation
from aurora_tui.model.frozen import replace
from aurora_tui.model.onset import Shortfall
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.slo import SloReading, SloState
from aurora_tui.model.stamps import rfc3339
from aurora_tui.model.triage import SectionName, TriageSection
from aurora_tui.session import Session
from aurora_tui.settings import load_settings
from aurora_tui.signals.errors import SignalError, Trouble
from aurora_tui.store import Store
from tests.unit.fakecluster import FakeCluster
from tests.unit.situations import (
    CART,
    NOW,
    ONSET,
    SERVICES,
    alert,
    at,
    deployment,
    edit,
    log,
    meta,
    node,
    pod,
    rollout,
    shop,
)

ALL = dict.fromkeys(Part, "")


def action(gone: float, words: str = "undo (done)") -> Change:
    """What was done so many seconds after the onset."""
    return Change(ONSET + gone, ChangeKind.ACTION, CART, words, "root", own=True, mends=True)


def section(made: Triage, name: SectionName) -> TriageSection:
    return next(each for each in made.sections if each.name is name)


def lines(made: Triage, name: SectionName) -> list[str]:
    return [row.text for row in section(made, name).rows]


# What is shown


def test_what_is_not_read_yet_says_so_and_what_was_denied_does() -> None:
    begun = triage(shop(parts={Part.OBJECTS: "events may not be listed"}))
    assert section(begun, SectionName.LOGS).remark == "reading …"
    assert section(begun, SectionName.WHERE).remark == "reading …; events may not be listed"
    assert section(begun, SectionName.WHY).remark == "reading …; objects not read in whole"
    assert not begun.complete
    assert triage(shop(parts=ALL)).complete


def test_an_unknown_cause_is_said_and_a_healthy_service_has_nothing_to_mend() -> None:
    assert section(triage(shop(parts=ALL)), SectionName.WHY).empty.startswith("cause unknown")
    well = triage(shop(troubled=False, parts=ALL))
    assert section(well, SectionName.WHY).empty == "nothing is wrong as far as the rules can see"
    assert section(well, SectionName.MITIGATIONS).empty == "nothing to mend"
    assert well.mitigations == ()


def test_the_clock_holds_the_onset_against_the_handbooks_limits() -> None:
    impact = section(triage(shop(parts=ALL)), SectionName.IMPACT)
    assert impact.rows[0].text == "HighErrorRate since 22:13:20Z 10m"
    clock = impact.rows[1]
    assert clock.text == "handbook: diagnosis within 5m: over by 5m · mitigation within 15m: 5m left"
    assert [cell.tone for cell in clock.cells] == [Tone.DIM, Tone.BAD, Tone.DIM, Tone.GOOD]


def test_what_was_done_and_that_it_helps_is_told_while_alerts_still_look_back() -> None:
    undo = replace(action(300), words="undo (done, SLI recovered): OPS-1", well_at=ONSET + 420)
    made = triage(shop(parts=ALL, changes=(undo, action(360, "restart (done)"))))

    assert lines(made, SectionName.WHY) == [
        "done 22:19:20Z deployment/cart restart (done)",
        "done 22:18:20Z deployment/cart undo (done, SLI recovered): OPS-1",
        "served well again alerts and objectives look back over 5m: they may say so until 22:25:20Z",
    ]
    clock = lines(made, SectionName.IMPACT)[1]
    assert clock == "handbook: diagnosis within 5m: took 5m · mitigation within 15m: took 7m"
    assert section(made, SectionName.MITIGATIONS).empty.startswith("nothing more is suggested")
    later = triage(shop(parts=ALL, changes=(undo,), now=NOW + 600))
    assert lines(later, SectionName.WHY)[1].startswith("again in trouble it was well at 22:20:20Z")


def test_what_was_done_before_the_onset_or_to_another_service_mends_nothing() -> None:
    web = replace(action(100), ref=ObjectRef("Deployment", "shop", "web"), well_at=ONSET + 200)
    before = replace(action(-100), well_at=ONSET - 50)
    made = triage(shop(parts=ALL, changes=(web, before)))
    assert not lines(made, SectionName.WHY)
    assert "took" not in lines(made, SectionName.IMPACT)[1]


def test_what_only_hides_an_alert_is_no_mending_and_the_first_recovery_stops_the_clock() -> None:
    silence = replace(action(60), words="silence (done)", mends=False)
    first, second = (replace(action(gone), well_at=ONSET + gone + 120) for gone in (180, 400))
    made = triage(shop(parts=ALL, changes=(silence, first, second)))
    clock = lines(made, SectionName.IMPACT)[1]
    assert clock == "handbook: diagnosis within 5m: took 3m · mitigation within 15m: took 5m"


def test_what_was_found_before_something_was_done_stays() -> None:
    found = triage(shop(parts=ALL, changes=(rollout(60),)))
    asked = cast(Session, type("Asked", (), {})())
    remember(asked, found.situation, found.findings)
    assert recall(asked, found.situation) == (), "nothing was done yet"

    after = shop(parts=ALL, changes=(action(300),), now=NOW + 60)
    remember(asked, after, found.findings[:0])
    told = lines(triage(after, recall(asked, after)), SectionName.WHY)
    assert told[1].startswith("before that bad release: deployment/cart: revision 2: 1 → 2")
    assert told[2].startswith("+ revision 2")
    again = triage(shop(parts=ALL, changes=(rollout(60), action(300))), recall(asked, after))
    assert not [line for line in lines(again, SectionName.WHY) if line.startswith("before that")], "it is still found"
    later = replace(after.subject, onset=NOW + 7_000)
    another = shop(parts=ALL, changes=(replace(action(0), at=NOW + 8_000),), now=NOW + 9_000, subject=later)
    assert recall(asked, another) == (), "another trouble"


def test_the_clock_goes_on_between_two_readings() -> None:
    made = triage(shop(parts=ALL, now=ONSET + 60))
    impact, *others = made.sections_at(ONSET + 63)
    assert impact.rows[0].text == "HighErrorRate since 22:13:20Z 63s"
    assert impact.rows[1].text.startswith("handbook: diagnosis within 5m: 3m57s left")
    assert tuple(others) == made.sections[1:]


def test_the_impact_counts_requests_and_looks_from_the_users_side() -> None:
    told = lines(triage(shop(parts=ALL, figures=Figures(affected=250.0, requests=1000.0))), SectionName.IMPACT)
    assert "requests 250 of 1,000 failed (25%) since the onset" in told
    assert "users, by web: meets its objectives" in told
    worse = shop(parts=ALL, alerts=(alert(), alert("web")))
    assert "users, by web: HighErrorRate fires" in lines(triage(worse), SectionName.IMPACT)


def test_a_finding_stands_above_its_evidence_which_leads_on() -> None:
    made = triage(shop(parts=ALL, changes=(rollout(60),), logs=(log("cart-aaa-1", "level=error msg=boom"),)))
    rows = section(made, SectionName.WHY).rows
    assert rows[0].text.startswith("certain bad release: deployment/cart: revision 2: 1 → 2")
    assert rows[0].leads_to == CART
    assert [row.indent for row in rows] == [0, 2, 2]
    assert rows[1].diff
    assert rows[1].text.startswith("+ revision 2")


def test_a_mitigation_says_why_and_what_speaks_against_it() -> None:
    row = section(triage(shop(parts=ALL, changes=(rollout(60),))), SectionName.MITIGATIONS).rows[0]
    assert row.text == "1. roll deployment/cart back to the revision before"
    assert isinstance(row.leads_to, Mitigation)
    assert row.details[0].startswith("why: deployment/cart")


def test_what_the_operator_does_elsewhere_is_told_below_the_line() -> None:
    ended = Figures(expiries={"https://cart:8443": ONSET - 30})
    (row,) = section(triage(shop(parts=ALL, figures=ended)), SectionName.MITIGATIONS).rows
    assert row.text == "1. renew the certificate, where it is issued"
    assert any(words.startswith("how: whoever issues it renews it") for words in row.details)


def test_where_tells_each_service_that_it_leans_on() -> None:
    told = lines(triage(shop(pod("cart-aaa-1"), pod("cart-aaa-2", ready=False), parts=ALL)), SectionName.WHERE)
    assert told[0] == "cart 1/2 ready · HighErrorRate fires"
    assert told[1] == "db 1/1 ready · health unknown"
    lost = lines(triage(shop(listed={"Node": [node(Ready="Unknown")]}, parts=ALL)), SectionName.WHERE)
    assert "node/node-1 Ready Unknown: nothing is heard of it" in lost
    short = lines(
        triage(shop(listed={"Node": [node(DiskPressure="True", PIDPressure="Unknown")]}, parts=ALL)), SectionName.WHERE
    )
    assert "node/node-1 DiskPressure" in short


def test_where_tells_pools_of_connections_and_what_waits_for_them() -> None:
    pools = (Pool("cart-aaa-1", "main", 2, 10), Pool("cart-aaa-2", "main", 10, 10, 37), Pool("web-1", "main", 5, 5, 99))
    told = lines(triage(shop(parts=ALL, figures=Figures(pools=pools))), SectionName.WHERE)
    assert "connections 10 of 10 in use, 37 wait" in told[0]
    assert "connections" not in told[1], "those of others are not its own"


def test_a_certificate_that_has_ended_is_a_change_and_one_that_soon_will_is_told() -> None:
    day = 86_400.0
    expiries = {
        "https://cart:8443": ONSET - 30, "https://db:5432": NOW + 3 * day, "https://other": NOW + day,
        "https://old": ONSET - 9 * day, "https://of-others": ONSET - 1800,
    }  # fmt: skip
    made = triage(shop(parts=ALL, figures=Figures(expiries=expiries)))
    assert lines(made, SectionName.CHANGES) == [
        "30s before certificate deployment/cart the certificate of https://cart:8443 ended"
    ]
    told = [line for line in lines(made, SectionName.WHERE) if line.startswith("certificate of")]
    assert told == [f"certificate of https://db:5432 ends in 3d, at {rfc3339(NOW + 3 * day)}"]


def test_a_certificate_of_cert_manager_that_pods_read_is_told_before_it_ends() -> None:
    item = {"metadata": meta("cart-tls"), "spec": {"secretName": "cart-secrets"}, "status": {"notAfter": at(90_000)}}
    other = {"metadata": meta("x"), "spec": {"secretName": "x"}, "status": {"notAfter": at(90_000)}}
    told = lines(triage(shop(parts=ALL, listed={"Certificate": [item, other]})), SectionName.WHERE)
    assert [line for line in told if line.startswith("certificate of")] == [
        f"certificate of cart-tls ends in 24h, at {at(90_000)}"
    ]


def test_an_edit_that_is_found_out_stands_with_its_difference_among_the_changes() -> None:
    applied = {"data": {"URL": "good"}}
    item = {
        "metadata": meta(
            "cart-config",
            annotations={"kubectl.kubernetes.io/last-applied-configuration": msgspec.json.encode(applied).decode()},
        ),
        "data": {"URL": "bad"},
    }
    made = triage(shop(parts=ALL, listed={"ConfigMap": [item]}, changes=(edit(),)))
    (row,) = section(made, SectionName.CHANGES).rows
    assert [(line.sign, line.path, line.text) for line in row.diff] == [
        ("-", "data.URL", "good"),
        ("+", "data.URL", "bad"),
    ]


def test_new_errors_come_first_and_lead_to_the_log_since_the_onset() -> None:
    said = log("cart-aaa-1", "level=error msg=boom", "level=error msg=boom", "level=info msg=fine")
    before = log("cart-aaa-2", "level=info msg=fine", begin=-3_600)
    rows = section(triage(shop(parts=ALL, logs=(said, before))), SectionName.LOGS).rows
    assert [row.text for row in rows] == ["new 2× ERROR level=error msg=boom", "of 4 lines read"]
    assert rows[0].leads_to == log_since(shop().subject)


def test_nothing_is_called_new_where_no_line_is_from_before_the_onset() -> None:
    said = log("cart-aaa-1", "level=error msg=boom")
    told = lines(triage(shop(parts=ALL, logs=(said,))), SectionName.LOGS)
    assert told == [
        "1× ERROR level=error msg=boom",
        "of 1 lines read, none of them from before the onset: what is new is not known",
    ]


# What it is about


def session(cluster: Any = None, *alerts: Alert, patience: float = 10.0) -> Session:
    """As much of a session as triage asks of it."""
    settings = load_settings(environ={})
    settings = replace(settings, services=SERVICES, triage=replace(settings.triage, patience=patience))
    store = Store()
    store.table("alerts").apply({each.fingerprint: each for each in alerts})
    off = Sources("off", ("off",), "off", "off")

    async def elasticsearch() -> HttpAccess:
        raise SignalError(Trouble.UNREACHABLE, "switched off")

    made = SimpleNamespace(
        settings=settings, store=store, cluster=cluster, clock=lambda: NOW, home="shop", context="prod", is_past=False,
        environment=Environment("prod", "PROD", ("*",), True, "bad", sources=off),
        workload_of=lambda name: CART if name == "cart" else None, elasticsearch=elasticsearch,
    )  # fmt: skip
    return cast(Session, made)


def test_an_alert_is_about_its_service_and_else_about_the_object_that_it_names() -> None:
    assert of_alert(session(), alert()) == Subject("shop", "cart", CART, ONSET, "HighErrorRate")
    labels = {"namespace": "other", "deployment": "queue"}
    queue = Alert("f", "QueueStuck", AlertState.FIRING, "", ONSET, "", labels, {}, None)
    named = of_alert(session(), queue)
    assert (named.namespace, str(named.ref), named.onset) == ("other", "deployment/queue", ONSET)


def test_an_alert_that_is_over_has_no_onset() -> None:
    assert of_alert(session(), replace(alert(), state=AlertState.RESOLVED)).onset is None


def missed(kind: ObjectiveKind, seconds_before: float) -> SloReading:
    return SloReading(
        "cart", "Cart", kind, SloState.BURNING, "", 0.9, 0.99, True, "90%", "99%", (), 10.0, 1.0, "", Burns(0.01),
        timedelta(days=30), NOW, shortfall=Shortfall(ONSET - seconds_before),
    )  # fmt: skip


def test_it_began_when_an_objective_was_first_missed_but_few_requests_are_no_trouble_of_an_alert() -> None:
    def began(*readings: SloReading, alerts: tuple[Alert, ...] = (alert(),)) -> float | None:
        made = session(None, *alerts)
        made.store.table("slos").apply({each.key: each for each in readings})
        return of_service(made, "cart", None).onset

    few, failing = missed(ObjectiveKind.THROUGHPUT, 1500), missed(ObjectiveKind.AVAILABILITY, 90)
    assert began(failing) == ONSET - 90
    assert began(missed(ObjectiveKind.AVAILABILITY, 3601)) == ONSET
    assert began(few) == ONSET
    assert began(few, failing, alerts=()) == ONSET - 90
    assert began(few, alerts=()) == ONSET - 1500
    assert began(replace(failing, service="web")) == ONSET


def test_an_alert_of_no_service_is_followed_by_itself_until_it_is_over() -> None:
    rules = Alert("f", "RuleFailures", AlertState.FIRING, "critical", ONSET, "", {}, {}, None)
    subject = of_alert(session(None, rules), rules)
    assert again(session(None, rules, replace(rules, fingerprint="other", since=0.0)), subject) == subject
    anew = again(session(None, replace(rules, since=ONSET + 60)), subject)
    assert (anew.alert, anew.onset) == ("RuleFailures", ONSET + 60)
    for after in (session(None, replace(rules, state=AlertState.RESOLVED)), session()):
        assert (again(after, subject).alert, again(after, subject).onset) == ("", None)
    assert of_alert(session(None, rules), rules) != of_alert(session(), replace(rules, fingerprint="other"))


def test_a_service_is_triaged_by_its_alert_also_by_one_that_was_silenced() -> None:
    held = replace(alert(), state=AlertState.SILENCED)
    assert of_service(session(None, held), "cart", None).alert == "HighErrorRate"
    assert of_service(session(), "cart", None) == Subject("shop", "cart", CART)
    assert of_service(session(None, alert()), None, ObjectRef("Deployment", "shop", "queue")).alert == ""


def test_logs_and_traces_are_those_around_the_onset() -> None:
    subject = Subject("shop", "cart", CART, ONSET, "x")
    selection = log_since(subject)
    assert selection is not None
    assert selection.since == "2023-11-14T22:08:20Z"
    around = traces_around(subject, NOW)
    assert around is not None
    assert (around.begin, around.end) == (ONSET - 300, ONSET + 300)
    assert log_since(Subject("shop", None, ObjectRef("Node", None, "n"))) is None


# How it is read


class Partly(FakeCluster):
    """Refuses to list some kinds, and answers of others not at all."""

    def __init__(self, refuses: tuple[Resource, ...] = (), silent: tuple[Resource, ...] = ()) -> None:
        super().__init__()
        self.refuses, self.silent = refuses, silent

    async def list(self, resource: Resource, namespace: str | None, **given: Any) -> Any:
        if resource in self.refuses:
            raise ForbiddenError("no", status=403)
        if resource in self.silent:
            await asyncio.Event().wait()
        return await super().list(resource, namespace, **given)


def filled(cluster: Partly) -> Partly:
    for item in (pod("cart-aaa-1"), pod("cart-aaa-2")):
        cluster.put(PODS, item)
    cluster.put(DEPLOYMENTS, deployment())
    there = node()
    there["metadata"]["namespace"] = ""
    cluster.put(NODES, there)
    cluster.put(CONFIGMAPS, {"metadata": {"name": "cart-config", "namespace": "shop", "uid": "u"}, "data": {}})
    return cluster


async def read(cluster: FakeCluster, patience: float = 10.0) -> list[Situation]:
    reader = SituationReader(session(cluster, alert(), patience=patience), Subject("shop", "cart", CART, ONSET, "x"))
    try:
        async with aclosing(reader.read()) as parts:
            return [each async for each in parts]
    finally:
        await reader.close()


async def test_it_comes_part_by_part_and_is_complete_at_the_end() -> None:
    seen = await read(filled(Partly()))
    assert seen[0].parts == {}
    assert [len(each.parts) for each in seen] == sorted(len(each.parts) for each in seen)
    assert seen[-1].parts.keys() == set(Part)
    assert {each.metadata.name for each in seen[-1].pods} == {"cart-aaa-1", "cart-aaa-2"}
    assert "Prometheus: switched off in the settings" in seen[-1].parts[Part.METRICS]


async def test_what_may_not_be_listed_is_said_and_all_else_is_read() -> None:
    last = (await read(filled(Partly(refuses=(EVENTS,)))))[-1]
    assert last.parts[Part.OBJECTS] == "events may not be listed"
    assert len(last.pods) == 2


async def test_a_server_that_does_not_answer_does_not_hold_up_the_rest() -> None:
    last = (await read(filled(Partly(silent=(EVENTS,))), patience=0.05))[-1]
    assert last.parts[Part.OBJECTS] == "no answer within 0 s"
    assert last.parts[Part.TRACES].startswith("no Jaeger")


async def test_what_was_read_before_stays_while_it_is_read_again() -> None:
    cluster = filled(Partly())
    reader = SituationReader(session(cluster, alert()), Subject("shop", "cart", CART, ONSET, "x"))
    async with aclosing(reader.read()) as parts:
        async for _ in parts:
            pass
    async with aclosing(reader.read()) as parts:
        again = await anext(parts)
    assert len(again.pods) == 2
    assert again.parts.keys() == set(Part)
    await reader.close()


async def test_budgets_and_quotas_are_read_whole_for_the_rules_that_look_into_them() -> None:
    cluster = filled(Partly())
    for kind in (BUDGETS, QUOTAS):
        cluster.put(kind, {"metadata": meta("cart"), "spec": {}, "status": {"hard": {"pods": "4"}}})
    last = (await read(cluster))[-1]
    assert [last.listed[kind.kind][0]["status"] for kind in (BUDGETS, QUOTAS)] == [{"hard": {"pods": "4"}}] * 2


async def test_what_replaced_pods_said_is_read_once_as_it_does_not_change(monkeypatch: pytest.MonkeyPatch) -> None:
    said = log("cart-gone", "level=info msg=well", begin=-100)
    asked: list[Situation] = []

    async def read_replaced(session: Session, situation: Situation) -> tuple[tuple[ContainerLog, ...], str]:
        asked.append(situation)
        return ((), "Elasticsearch: not yet") if len(asked) == 1 else ((replace(said, gone=True),), "")

    monkeypatch.setattr(reading, "read_replaced", read_replaced)
    reader = SituationReader(session(filled(Partly()), alert()), Subject("shop", "cart", CART, ONSET, "x"))
    told = []
    for _ in range(3):
        async with aclosing(reader.read()) as parts:
            async for _ in parts:
                pass
        told.append((reader.situation.parts[Part.LOGS], [each.pod for each in reader.situation.logs if each.gone]))
    await reader.close()

    assert told == [("Elasticsearch: not yet", []), ("", ["cart-gone"]), ("", ["cart-gone"])]
    assert len(asked) == 2


async def test_no_secret_is_read() -> None:
    cluster = filled(Partly())
    await read(cluster)
    assert "secrets" not in cluster.listed
