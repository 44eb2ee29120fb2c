"""The source of alerts: two servers, either of which may be away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from aiohttp import web

from aurora_tui.backoff import Backoff
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.alerts import AlertState, fingerprint, hushed
from aurora_tui.model.freshness import SourceState
from aurora_tui.signals import alerts
from aurora_tui.signals.alertmanager import AlertmanagerClient
from aurora_tui.signals.alerts import AlertSource
from aurora_tui.signals.errors import SignalError
from tests.unit.signal_servers import FakeAlertmanager, FakePrometheus, WatchedTable, served

FIRING = {"alertname": "HighErrorRate", "job": "aurora-backend", "severity": "critical"}
PENDING = {"alertname": "HighLatency", "job": "aurora-backend", "severity": "warning"}


class Pair:
    def __init__(self) -> None:
        self.alertmanager, self.prometheus = FakeAlertmanager(), FakePrometheus()
        self.urls = ("", "")
        self.alertmanager.alerts = [
            {
                "annotations": {"summary": "it fails"},
                "fingerprint": fingerprint(FIRING),
                "startsAt": "2026-11-24T04:44:17.680Z",
                "status": {"inhibitedBy": [], "silencedBy": ["s"], "state": "suppressed"},
                "labels": FIRING,
            }
        ]
        self.prometheus.alerts = [
            {"labels": FIRING, "annotations": {}, "state": "firing", "activeAt": "2026-11-24T04:44:07Z"},
            {"labels": PENDING, "annotations": {}, "state": "pending", "activeAt": "2026-11-24T04:44:07Z"},
        ]

    def source(self, table: WatchedTable) -> AlertSource:
        alertmanager, prometheus = self.urls
        one = [HttpAccess(alertmanager)] if alertmanager else []
        other = HttpAccess(prometheus) if prometheus else None
        return AlertSource((), one, other, table, lambda: 1000.0, interval=timedelta(seconds=0.01))


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    pair = Pair()
    async with served(pair.alertmanager.application()) as one, served(pair.prometheus.application()) as other:
        pair.urls = (one, other)
        yield pair


@pytest.fixture
def table() -> WatchedTable:
    return WatchedTable()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(alerts, "Backoff", partial(Backoff, first=0.01))
    yield


def states(table: WatchedTable) -> dict[str, Any]:
    return {alert.name: alert.state for alert in table.rows.values()}


async def test_both_servers_make_one_table(pair: Pair, table: WatchedTable) -> None:
    await pair.source(table).read_once()
    assert states(table) == {"HighErrorRate": AlertState.SILENCED, "HighLatency": AlertState.PENDING}
    assert (table.freshness.state, table.freshness.message) == (SourceState.LIVE, "")


async def test_without_alertmanager_prometheus_alerts_are_shown_and_the_loss_is_said(
    pair: Pair, table: WatchedTable
) -> None:
    pair.alertmanager.broken = web.json_response("overloaded", status=503)
    await pair.source(table).read_once()
    assert states(table) == {"HighErrorRate": AlertState.FIRING, "HighLatency": AlertState.PENDING}
    assert table.freshness.state is SourceState.STALE
    assert "HTTP 503: overloaded; what is silenced is not known" in table.freshness.message


async def test_without_prometheus_alertmanagers_alerts_are_shown_and_the_loss_is_said(
    pair: Pair, table: WatchedTable
) -> None:
    pair.prometheus.broken = web.Response(status=403, text="no")
    await pair.source(table).read_once()
    assert states(table) == {"HighErrorRate": AlertState.SILENCED}
    assert table.freshness.state is SourceState.STALE
    assert "Prometheus: " in table.freshness.message and "what is pending is not known" in table.freshness.message


async def test_rows_stay_while_both_are_away_and_resolved_alerts_go(pair: Pair, table: WatchedTable) -> None:
    task = asyncio.create_task(pair.source(table).run())
    await table.until(SourceState.LIVE)
    pair.alertmanager.broken = pair.prometheus.broken = web.Response(status=500, text="out of order")
    await table.until_message("out of order; Prometheus: ")
    assert "HighErrorRate" in states(table)
    assert table.freshness.state is SourceState.STALE
    assert table.freshness.message.startswith("Alertmanager: ")
    pair.alertmanager.alerts = pair.prometheus.alerts = []
    pair.alertmanager.broken = pair.prometheus.broken = None
    await table.until(SourceState.LIVE)
    assert states(table) == {"HighErrorRate": AlertState.RESOLVED}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_server_that_hangs_does_not_hold_up_the_other(pair: Pair, table: WatchedTable) -> None:
    pair.prometheus.hanging = asyncio.Event()
    task = asyncio.create_task(pair.source(table).run())
    await table.until_message("waiting for Prometheus")
    assert states(table) == {"HighErrorRate": AlertState.SILENCED}
    assert table.freshness.state is SourceState.CONNECTING
    pair.alertmanager.broken = web.Response(status=500, text="out of order")
    await table.until_message("out of order; waiting for Prometheus")
    pair.alertmanager.broken = None
    pair.prometheus.hanging.set()
    await table.until(SourceState.LIVE)
    assert len(table.rows) == 2
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("missing", "remark"), [(0, "what is silenced is not known"), (1, "what is pending is not known")]
)
async def test_a_source_that_is_not_configured_is_said(
    pair: Pair, table: WatchedTable, missing: int, remark: str
) -> None:
    pair.urls = ("", pair.urls[1]) if missing == 0 else (pair.urls[0], "")
    await pair.source(table).read_once()
    assert table.freshness.state is SourceState.LIVE
    assert remark in table.freshness.message


async def test_without_any_address_the_table_says_how_to_give_one(table: WatchedTable) -> None:
    await Pair().source(table).run()
    assert table.freshness.state is SourceState.UNCONFIGURED
    assert "sources.alertmanager" in table.freshness.message


async def test_what_is_no_alertmanager_and_what_is_not_there_are_told_apart(pair: Pair) -> None:
    pair.alertmanager.broken = web.json_response({"items": []})
    async with AlertmanagerClient(HttpAccess(pair.urls[0])) as client:
        with pytest.raises(SignalError, match="does not answer as Alertmanager does"):
            await client.alerts()
    async with served(FakeAlertmanager().application()) as url:
        pass
    async with AlertmanagerClient(HttpAccess(url)) as client:
        with pytest.raises(SignalError, match=r"can't be reached \(Connection refused\)"):
            await client.alerts()


def silence(name: str, ends: str, by: str) -> dict[str, Any]:
    matcher = {"name": "job", "value": "aurora-backend", "isRegex": False, "isEqual": True}
    return {
        "id": name,
        "status": {"state": "active"},
        "comment": "OPS-1\nknown",
        "createdBy": by,
        "startsAt": "2026-11-24T04:00:00.000Z",
        "endsAt": ends,
        "matchers": [matcher],
    }


async def test_a_silenced_alert_says_until_when_by_whom_and_why(pair: Pair, table: WatchedTable) -> None:
    pair.alertmanager.alerts[0]["status"]["silencedBy"] = ["s", "t"]
    pair.alertmanager.silences = [
        silence("s", "2026-11-24T05:00:00.000Z", "alice"),
        silence("t", "2026-11-24T06:00:00.000Z", "bob"),
        silence("other", "2026-11-24T09:00:00.000Z", "carol"),
    ]
    await pair.source(table).read_once()

    held = table.rows[fingerprint(FIRING)]
    assert [each.id for each in held.silences] == ["t", "s"]
    end = held.silences[0].until or 0.0
    assert hushed(held, end - 3600) == "silenced until 06:00:00Z by bob (+1): OPS-1 known"
    assert hushed(held, end - 100_000).startswith("silenced until 2026-11-24T06:00:00Z by bob")


async def test_an_alert_is_shown_as_silenced_where_the_silences_cannot_be_read(pair: Pair, table: WatchedTable) -> None:
    pair.alertmanager.silences = [{"id": "of no shape"}]
    await pair.source(table).read_once()

    held = table.rows[fingerprint(FIRING)]
    assert (held.state, held.silenced_by, held.silences) == (AlertState.SILENCED, ("s",), ())
    assert hushed(held, 0.0) == ""
    assert table.freshness.state is SourceState.LIVE
