"""Alerts: which service they concern, their order, and the union of Alertmanager's and Prometheus'."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aurora_tui.model.alerts import COLUMNS, Alert, AlertState, fingerprint, worst_first
from aurora_tui.model.definitions import Service
from aurora_tui.signals.alertmanager import ActiveAlert
from aurora_tui.signals.alertmerge import Merger
from aurora_tui.signals.members import Answer, together

BACKEND = Service("backend", "API Backend", ("deployment/aurora-backend",), {"job": "aurora-backend"})
WORKER = Service("worker", "Worker", ("deployment/aurora-backend-worker",), {})
SERVICES = (BACKEND, WORKER)

LABELS = {"alertname": "HighErrorRate", "job": "aurora-backend", "severity": "critical"}


def of_alertmanager(labels: dict[str, str] = LABELS, **status: Any) -> ActiveAlert:
    raw = {
        "annotations": {"summary": "backend fails\n30% of its requests"},
        "endsAt": "2026-11-24T04:50:21.680Z",
        "fingerprint": fingerprint(labels | {"cluster": "demo"}),
        "receivers": [{"name": "none"}],
        "startsAt": "2026-11-24T04:44:17.680Z",
        "status": {"inhibitedBy": [], "silencedBy": [], "state": "active"} | status,
        "updatedAt": "2026-11-24T04:46:21.683Z",
        "generatorURL": "http://vm/graph",
        "labels": labels | {"cluster": "demo"},
    }
    return msgspec.convert(raw, ActiveAlert)


def of_prometheus(state: str, labels: dict[str, str] = LABELS) -> dict[str, Any]:
    return {
        "labels": labels,
        "annotations": {},
        "state": state,
        "activeAt": "2026-11-24T04:44:07.68069306Z",
        "value": "3e-01",
    }


def merge(active: list[ActiveAlert], own: list[dict[str, Any]], services: tuple[Service, ...]) -> dict[str, Alert]:
    answer = Answer("here", {alert.fingerprint: alert for alert in active})
    return Merger(services).merge(together([answer]), own)


def test_the_fingerprint_is_alertmanagers() -> None:
    assert fingerprint(LABELS | {"cluster": "demo"}) == "ba49414ff24202a9"  # recorded


def test_an_alert_that_both_report_is_one_since_the_condition_began() -> None:
    (alert,) = merge([of_alertmanager()], [of_prometheus("firing")], SERVICES).values()
    assert alert.sources == ("alertmanager", "prometheus")
    assert alert.since == pytest.approx(1795495447.68069)
    assert alert.labels["cluster"] == "demo"
    assert alert.summary == "backend fails 30% of its requests"


def test_alertmanager_decides_what_is_silenced() -> None:
    (alert,) = merge([of_alertmanager(state="suppressed", silencedBy=["id"])], [of_prometheus("firing")], ()).values()
    assert (alert.state, alert.silenced_by) == (AlertState.SILENCED, ("id",))
    (alert,) = merge([of_alertmanager(state="suppressed", inhibitedBy=["id"])], [], ()).values()
    assert alert.state is AlertState.INHIBITED
    (alert,) = merge([of_alertmanager(state="suppressed", mutedBy=["nights"])], [], ()).values()
    assert (alert.state, alert.silenced_by) == (AlertState.SILENCED, ("nights",))


def test_what_only_prometheus_knows_is_added() -> None:
    other = {**LABELS, "job": "aurora-frontend"}
    alerts = merge([of_alertmanager()], [of_prometheus("pending", other)], SERVICES)
    assert [(alert.state, alert.sources) for alert in alerts.values()] == [
        (AlertState.FIRING, ("alertmanager",)),
        (AlertState.PENDING, ("prometheus",)),
    ]


def test_a_time_that_is_missing_is_unknown_and_not_the_year_one() -> None:
    (alert,) = merge([], [of_prometheus("firing") | {"activeAt": "0001-01-01T00:00:00Z"}], ()).values()
    assert alert.since is None
    assert next(column.cell(alert, 0).text for column in COLUMNS if column.heading == "SINCE") == "<unknown>"


def test_firing_critical_and_old_alerts_stand_first() -> None:
    def alert(name: str, state: AlertState, severity: str, since: float | None) -> Alert:
        return Alert(name, name, state, severity, since, "", {}, {}, None)

    alerts = [
        alert("silenced", AlertState.SILENCED, "critical", 1),
        alert("pending", AlertState.PENDING, "critical", 1),
        alert("undated", AlertState.FIRING, "critical", None),
        alert("odd", AlertState.FIRING, "sev3", 1),
        alert("info", AlertState.FIRING, "info", 1),
        alert("warning", AlertState.FIRING, "Warning", 1),
        alert("newer", AlertState.FIRING, "critical", 9),
        alert("older", AlertState.FIRING, "critical", 5),
    ]
    assert [row.name for row in sorted(alerts, key=worst_first)] == [
        "older",
        "newer",
        "undated",
        "warning",
        "odd",
        "info",
        "pending",
        "silenced",
    ]
