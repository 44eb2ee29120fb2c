"""What is told of one alert: its rule, how it fired, its group, its links; and what ended a moment ago."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from aiohttp import web

from aurora_tui.model.access import HttpAccess
from aurora_tui.model.alert_groups import counts, groups_of, shared, siblings
from aurora_tui.model.alerts import RESOLVED_FOR, Alert, AlertState, fingerprint, since_words, strip
from aurora_tui.model.definitions import AlertRule, Service
from aurora_tui.model.describe_alert import Details, Firings, describe_alert, describe_source
from aurora_tui.model.frozen import replace
from aurora_tui.model.links import is_safe, links_of, refused_of
from aurora_tui.signals.alertdetails import RuleGroup, firing_query, read_details, rule_of
from aurora_tui.signals.alerthistory import DAY_SECONDS, HOURS, History, fired, joined, read_history, resolved
from aurora_tui.signals.alertmerge import Namesakes
from aurora_tui.signals.alerts import AlertSource
from aurora_tui.signals.prometheus import Line, PrometheusClient
from aurora_tui.signals.recollection import Recollection
from tests.unit.signal_servers import (
    EMPTY,
    SERVER_TIME,
    FakeAlertmanager,
    FakePrometheus,
    WatchedTable,
    refusal,
    served,
)

BACKEND = {"alertname": "HighErrorRate", "job": "aurora-backend", "severity": "critical"}
FRONTEND = {"alertname": "HighErrorRate", "job": "aurora-frontend", "severity": "critical"}
GROUP = (("alertname", "HighErrorRate"),)
NOW = 1_700_000_000.0
NO_SERIES: dict[str, Any] = {"resultType": "matrix", "result": []}
SERVICES = (Service("backend", "Backend", ("deployment/aurora-backend",), {"job": "aurora-backend"}),)


def alert(labels: dict[str, str] = BACKEND, state: AlertState = AlertState.FIRING, **more: Any) -> Alert:
    given = {"since": NOW - 60, "summary": "", "annotations": {}, "service": None, "sources": ("alertmanager",), **more}
    return Alert(
        fingerprint=fingerprint(labels),
        name=labels["alertname"],
        state=state,
        severity=labels.get("severity", ""),
        labels=labels,
        **given,
    )


def test_alerts_stand_in_alertmanagers_groups_worst_first() -> None:
    silenced = alert(BACKEND, AlertState.SILENCED, group=GROUP)
    firing = alert(FRONTEND, group=GROUP)
    pending = alert({"alertname": "Soon"}, AlertState.PENDING)

    found = groups_of([silenced, firing, pending])

    assert list(found) == ["alertname=HighErrorRate", "alertname=Soon"]
    group = found["alertname=HighErrorRate"]
    assert group.worst is firing
    assert counts(group.alerts) == "1 firing, 1 silenced"
    assert shared(group.alerts) == {"alertname": "HighErrorRate", "severity": "critical"}
    assert siblings(firing, [silenced, firing, pending]) == [silenced]


def test_a_description_tells_what_holds_it_back_its_group_and_its_links() -> None:
    one = alert(
        group=GROUP,
        receivers=("oncall", "chat"),
        inhibited_by=("Worse-abc",),
        muted_by=("nights",),
        annotations={
            "description": "first line\nsecond line",
            "runbook_url": "https://wiki/run",
            "dashboard": "javascript:alert(1)",
        },
        generator_url="http://prom/graph?g0.expr=x",
    )
    text = "\n".join(describe_alert(one, NOW, [one, alert(FRONTEND, group=GROUP)]))

    for words in (
        "Since:     60s (2023-11-14T22:12:20Z)",
        "Inhibited: by Worse-abc",
        "Muted:     by the time interval nights",
        "Receivers: oncall, chat",
        "    description: first line\n        second line",
        "Runbook:   https://wiki/run",
        "Source:    http://prom/graph?g0.expr=x",
        "The annotation dashboard is no http(s) address",
        "Group:     alertname=HighErrorRate\n    all 2 share alertname=HighErrorRate severity=critical",
        "    firing    critical  job=aurora-frontend",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("changed", "lines"),
    [
        (
            {"fired_at": NOW - 300},
            ["Began:     10m (2023-11-14T22:03:20Z)", "Fires:     since 5m (2023-11-14T22:08:20Z)"],
        ),
        (
            {"fired_at": NOW - 300, "state": AlertState.RESOLVED, "ended": NOW - 60},
            [
                "Began:     10m (2023-11-14T22:03:20Z)",
                "Fired:     5m ago (2023-11-14T22:08:20Z)",
                "Ended:     60s ago (2023-11-14T22:12:20Z)",
            ],
        ),
        ({"fired_at": NOW - 600}, ["Since:     10m (2023-11-14T22:03:20Z)"]),
        ({"fired_at": None}, ["Since:     10m (2023-11-14T22:03:20Z)"]),
    ],
)
def test_when_its_condition_began_and_when_it_fired_are_told_apart_where_both_are_known(
    changed: dict[str, Any], lines: list[str]
) -> None:
    one = alert(since=NOW - 600, **changed)

    times = ("Began:", "Since:", "Fires:", "Fired:", "Ended:")
    assert [line for line in describe_alert(one, NOW, [one]) if line.startswith(times)] == lines


def test_a_clock_that_is_ahead_is_said_and_makes_no_age() -> None:
    ahead = alert(since=NOW + 300)

    assert since_words(ahead, NOW) == "clock ahead"
    text = "\n".join(describe_alert(ahead, NOW, [ahead]))
    assert "2023-11-14T22:18:20Z, 5m ahead of our clock: the clocks of the hosts differ" in text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("https://wiki/run?x=1#top", True),
        ("http://wiki", True),
        ("javascript:alert(1)", False),
        ("file:///etc/passwd", False),
        ("https://wiki/\x1b]8;;\x07", False),
        ("https://wiki/a b", False),
        ("https://wiki/\u202e", False),
        ("https://", False),
        ("https://wiki/" + "a" * 2000, False),
    ],
)
def test_only_web_addresses_become_links(text: str, safe: bool) -> None:
    assert is_safe(text) is safe
    one = alert(annotations={"runbook_url": text})
    assert bool(links_of(one)) is safe
    assert refused_of(one) == (() if safe else ("runbook_url",))


def rules(*rule: dict[str, Any]) -> list[RuleGroup]:
    group = {"name": "aurora", "file": "rules.yml", "interval": 15, "rules": list(rule)}
    return msgspec.convert([group], list[RuleGroup])


def rule(query: str, **labels: str) -> dict[str, Any]:
    return {"name": "HighErrorRate", "query": query, "duration": 300, "labels": labels, "health": "ok"}


def test_the_rule_is_that_of_the_name_whose_labels_the_alert_has() -> None:
    found = rule_of(rules(rule("warn", severity="warning"), rule("crit", severity="critical")), alert())
    assert found is not None
    assert (found.query, found.group, found.file, found.hold) == ("crit", "aurora", "rules.yml", 300)
    assert rule_of(rules(rule("warn", severity="warning")), alert()) is None
    assert rule_of(rules(rule("any", severity="{{ $labels.level }}")), alert()) is not None


def test_of_two_such_rules_it_is_the_one_that_lists_the_alert() -> None:
    lists = {**rule("mine"), "alerts": [{"labels": {"alertname": "HighErrorRate", "job": "aurora-backend"}}]}
    found = rule_of(rules(rule("other"), lists, rule("third")), alert(BACKEND | {"cluster": "prod"}))
    assert found is not None
    assert found.query == "mine"


def test_the_query_of_its_firing_takes_labels_that_only_alertmanager_has() -> None:
    query = firing_query(alert({"alertname": "A", "path": 'a"b\\c.d', "long": "x" * 5000}))
    assert query == r'ALERTS{alertstate="firing", alertname="A", path=~"a\"b\\\\c\\.d|"}'


def test_firings_are_counted_and_drawn_in_ascii() -> None:
    found = Firings((False,) * 720 + (True,) * 30 + (False,) * 660 + (True,) * 30)

    assert found.count == 2
    assert found.share == pytest.approx(60 / 1440)
    assert found.strip(4) == "..##"
    lines = list(describe_source(Details(no_rule="away", firings=found), None))
    assert lines[1] == f"Last 24 h: |{'.' * 24}#{'.' * 22}#| now"
    assert lines[2] == "           fired 2 times, 4.2% of the time"
    assert lines[3] == "Rule:      not known: away"


def test_where_the_server_tells_no_rule_that_of_the_settings_is_told_as_such() -> None:
    named = AlertRule("HighErrorRate", "rate > 0.05", timedelta(minutes=5), "critical", "it fails")
    text = "\n".join(describe_source(Details(no_rule="can't be reached", no_firings="can't be reached"), named))
    assert "Last 24 h: not known: can't be reached" in text
    assert "Rule (from the settings; the server's own may differ):\n    for 300s, severity critical\n    rate" in text


async def test_what_prometheus_cannot_tell_is_said_in_its_place() -> None:
    prometheus = FakePrometheus()
    prometheus.range = lambda query, start, end: refusal("execution", "too many samples")
    prometheus.rules = [{"name": "g", "rules": [rule("up == 0", severity="critical")]}]
    async with served(prometheus.application()) as url:
        client = PrometheusClient(HttpAccess(url))
        found = await read_details(client, alert())
        assert found.rule is not None
        assert (found.rule.query, found.no_firings) == ("up == 0", "too many samples")

        prometheus.broken = web.Response(body=b"<html>", content_type="text/html")
        found = await read_details(client, alert())
        assert "web page" in found.no_rule
        assert "web page" in found.no_firings
        client.close()


def line(labels: dict[str, str], *times: float) -> Line:
    return Line({"__name__": "ALERTS", "alertstate": "firing", **labels}, [(time, 1.0) for time in times])


def test_what_ended_lately_is_found_by_prometheus_clock_and_told_by_ours() -> None:
    ends, ahead = 10_000.0, 100.0
    lately = (
        line(BACKEND, *(ends - 60 * back for back in range(20, 5, -1))),
        line(FRONTEND, ends - 60, ends),
        line({"alertname": "Old"}, ends - 3000),
    )
    history = History(ahead, lately, ends)

    found = resolved(history, SERVICES, least=ends - ahead - RESOLVED_FOR)

    [one] = found.values()
    assert (one.name, one.state, one.service) == ("HighErrorRate", AlertState.RESOLVED, "backend")
    assert one.ended == ends - 360 - ahead
    assert one.since == ends - 1200 - ahead
    assert since_words(one, ends - ahead) == "6m ago"


def test_what_an_or_gives_as_two_series_is_one() -> None:
    one, other = line(BACKEND, 60.0, 120.0), Line(BACKEND, [(120.0, 1.0), (180.0, 1.0)])
    [found] = joined([one, other])
    assert [time for time, _ in found.points] == [60.0, 120.0, 180.0]


def test_the_hours_of_an_alert_are_found_under_the_labels_that_prometheus_has() -> None:
    hours = (line({"alertname": "A", "job": "x"}, 0.0, 82_800.0),)
    history = History(hours=hours, last_hour=82_800.0, labels=({"alertname": "A", "job": "x"},))
    known, other = alert({"alertname": "A", "job": "x", "cluster": "prod"}), alert({"alertname": "A", "job": "y"})

    found = fired(history, [known, other])

    assert found[known.fingerprint] == (True,) + (False,) * (HOURS - 2) + (True,)
    assert not any(found[other.fingerprint])
    assert strip(replace(known, fired=found[known.fingerprint])) == f"#{'.' * 22}#"


def test_an_alert_that_all_no_longer_have_is_resolved_for_a_while_and_then_gone() -> None:
    memory, now = Recollection(()), NOW
    one, pending = alert(), alert({"alertname": "Soon"}, AlertState.PENDING)
    memory.complete({one.fingerprint: one, pending.fingerprint: pending}, now, certain=True)

    assert memory.complete({}, now + 1, certain=False) == {}, "a server that is away may still have it"
    [found] = memory.complete({}, now + 2, certain=True).values()
    assert (found.name, found.state, found.ended) == ("HighErrorRate", AlertState.RESOLVED, now + 2)

    assert len(memory.complete({}, now + RESOLVED_FOR, certain=True)) == 1
    assert memory.complete({}, now + 2 + RESOLVED_FOR, certain=True) == {}


def test_an_alert_that_goes_on_under_more_labels_is_not_resolved() -> None:
    memory = Recollection(())
    before, after = alert(sources=("prometheus",)), alert(BACKEND | {"cluster": "prod"})
    memory.complete({before.fingerprint: before}, NOW, certain=True)

    found = memory.complete({after.fingerprint: after}, NOW + 1, certain=True)

    assert list(found.values()) == [after]


def test_one_that_fires_again_is_resolved_no_longer() -> None:
    memory, one = Recollection(()), alert()
    memory.complete({one.fingerprint: one}, NOW, certain=True)
    memory.complete({}, NOW + 1, certain=True)

    assert list(memory.complete({one.fingerprint: one}, NOW + 2, certain=True).values()) == [one]


def test_twins_are_found_whichever_has_more_labels() -> None:
    known = Namesakes({"wide": BACKEND | {"cluster": "prod"}, "bare": {"alertname": "Bare"}})
    assert known.twin(BACKEND) == "wide"
    assert known.twin({"alertname": "Bare", "job": "x"}) == "bare"
    assert known.twin(FRONTEND) is None
    assert known.twin({"job": "aurora-backend"}) is None


async def test_what_fired_before_the_program_began_is_shown_as_resolved_too() -> None:
    prometheus, alertmanager, table = FakePrometheus(), FakeAlertmanager(), WatchedTable()

    def ranged(query: str, start: float, end: float) -> Any:
        times = [end] if "[1h]" in query else [end - 300]
        series = [{"metric": {**BACKEND, "alertstate": "firing"}, "values": [[time, "1"] for time in times]}]
        return {"status": "success", "data": {"resultType": "matrix", "result": series}}

    prometheus.range = ranged
    over = [{"metric": BACKEND, "value": [SERVER_TIME, "1"]}]
    prometheus.instant = lambda query: {"status": "success", "data": {"resultType": "vector", "result": over}}
    async with served(prometheus.application()) as one, served(alertmanager.application()) as other:
        accesses = [HttpAccess(other)], HttpAccess(one)
        await AlertSource((), *accesses, table, lambda: SERVER_TIME, interval=timedelta(seconds=1)).read_once()

    [found] = table.rows.values()
    assert found.state is AlertState.RESOLVED
    assert found.ended == SERVER_TIME // 60 * 60 - 300
    assert strip(found).endswith(".#")


async def test_the_day_is_read_seldom_and_the_last_hour_only_of_what_has_ended() -> None:
    prometheus, asked = FakePrometheus(), list[str]()
    prometheus.instant = lambda query: EMPTY

    def ranged(query: str, start: float, end: float) -> Any:
        asked.append(query)
        return {"status": "success", "data": NO_SERIES}

    prometheus.range = ranged
    async with served(prometheus.application()) as url:
        client = PrometheusClient(HttpAccess(url))
        first = await read_history(client, NOW)
        assert asked == ['max_over_time(ALERTS{alertstate="firing"}[1h])']
        await read_history(client, NOW + 60, first)
        assert len(asked) == 1

        ended = [{"metric": BACKEND | {"alertname": "A.b"}, "value": [SERVER_TIME, "1"]}]
        prometheus.instant = lambda query: {"status": "success", "data": {"resultType": "vector", "result": ended}}
        await read_history(client, NOW + 120, first)
        assert r'ALERTS{alertstate="firing", alertname=~"A\\.b"}' in asked[1]
        await read_history(client, NOW + DAY_SECONDS, first)
        assert len(asked) == 4
        client.close()


async def test_in_a_storm_every_alert_finds_its_twin() -> None:
    """5,000 alerts of one name, which Prometheus has without the labels that it adds on the way."""
    prometheus, alertmanager, table = FakePrometheus(), FakeAlertmanager(), WatchedTable()
    many = [{"alertname": "Storm", "pod": f"pod-{number}"} for number in range(5000)]
    alertmanager.alerts = [
        {
            "fingerprint": fingerprint(labels | {"cluster": "prod"}),
            "labels": labels | {"cluster": "prod"},
            "startsAt": "2026-11-24T04:44:17Z",
        }
        for labels in many
    ]
    prometheus.alerts = [{"labels": labels, "state": "firing", "activeAt": "2026-11-24T04:44:07Z"} for labels in many]
    async with served(prometheus.application()) as one, served(alertmanager.application()) as other:
        accesses = [HttpAccess(other)], HttpAccess(one)
        source = AlertSource(SERVICES, *accesses, table, lambda: NOW, interval=timedelta(seconds=1))
        await source.read_once()

    assert len(table.rows) == 5000
    assert {alert.sources for alert in table.rows.values()} == {("alertmanager", "prometheus")}
