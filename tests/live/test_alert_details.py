"""What real Prometheus and Alertmanager keep of alerts: the rule behind one, when it fired, what has just ended."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from aurora_tui.app import AuroraApp
from aurora_tui.cluster.kubeconfig import choose
from aurora_tui.keeping import EARLY
from aurora_tui.session import Session
from aurora_tui.settings import load_settings
from tests.live.alertmanagers import Pair, pair, prometheus
from tests.live.conftest import Eventually
from tests.live.program import Program
from tests.pilot.console import Console

pytest_plugins = ("tests.live.fixtures",)

FIRES = 20
"""Seconds for which the alert that ends fires, from its first evaluation on."""
RUNBOOK = "https://runbooks.example.org/live"
ALWAYS = {
    "alert": "Always",
    "expr": 'label_replace(vector(1), "path", \'a "b".c-d\', "", "") > 0',
    "labels": {"severity": "critical", "job": "live"},
    "annotations": {"summary": "it fires", "runbook_url": RUNBOOK},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Pair]]:
    """The settings by which the program finds two Alertmanagers, each by itself, and the Prometheus before them."""
    folder = tmp_path_factory.mktemp("details")
    over = f'time() - min_over_time(ALERTS_FOR_STATE{{alertname="Short"}}[1h]) > {FIRES}'
    short = {"alert": "Short", "expr": f"vector(1) unless on() ({over})", "labels": {"job": "live"}}
    with pair(folder, clustered=False) as both, prometheus(folder, both, [ALWAYS, short]) as url:
        path = folder / "settings.yaml"
        sources = {"prometheus": url, "alertmanager": both.urls}
        signals = {"interval": "1s"}
        path.write_text(yaml.safe_dump({"environments": {"prod": {"sources": sources}}, "signals": signals}))
        yield path, both


@pytest.fixture
def found(place: tuple[Path, Pair], aurora: Program, monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.setenv("AURORA_LIVE_CONFIG", str(place[0]))
    return aurora


def alerts(program: Program) -> dict[str, dict[str, Any]]:
    return {row["alert"]: row for row in program("get", "alerts", "-o", "json").json}


async def test_an_alert_that_has_ended_is_shown_as_resolved_with_when(found: Program, eventually: Eventually) -> None:
    both = ["alertmanager", "prometheus"]
    await eventually(lambda: "Always" in alerts(found) and alerts(found)["Always"]["raw"]["sources"] == both, 60)
    assert alerts(found)["Always"]["state"] == "firing"
    assert alerts(found)["Always"]["raw"]["labels"]["cluster"] == "live"

    await eventually(lambda: alerts(found).get("Short", {}).get("state") == "resolved", 300)

    raw = alerts(found)["Short"]["raw"]
    assert 0 < raw["ended"] - raw["since"] <= FIRES + 120 or raw["ended"] == raw["since"]
    assert raw["fired"][-1] is True
    status = found("status", "-o", "json")
    assert "Short" not in {row["alert"] for row in status.json["alerts"]}


@asynccontextmanager
async def console(kubeconfig: Path, context: str, settings: Path, clock: Any = time.time) -> AsyncIterator[Console]:
    session = Session(load_settings(settings), choose(context, str(kubeconfig)), clock=clock)
    app = AuroraApp(session)
    async with app.run_test(size=(160, 48), notifications=True) as pilot:
        console = Console(app, pilot)
        await console.command("alerts")
        await console.until("Always")
        yield console


async def test_the_page_tells_the_servers_rule_and_how_it_fired(
    place: tuple[Path, Pair], kubeconfig: Path, context: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    async with console(kubeconfig, context, place[0]) as screen:
        await screen.press(*"/Always\r")
        await screen.until(lambda: (alert := screen.app.alerts_pane.alert()) is not None and alert.group is not None)
        await screen.press("d")
        await screen.until(
            f"runbook {RUNBOOK}",
            "Group:     alertname=Always job=live",
            "fired 1 time",
            "Rule:      Always in group tests of ",
            "evaluated 20",
            'label_replace(vector(1), "path"',
        )
        assert "#| now" in screen.text, "it fires now"


async def test_an_acknowledgement_is_prolonged_in_both_before_it_ends(
    place: tuple[Path, Pair], kubeconfig: Path, context: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program's clock is put forward to when the acknowledgement is about to end."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    both = place[1]
    ahead = 0.0
    async with console(kubeconfig, context, place[0], lambda: time.time() + ahead) as screen:
        await screen.press(*"/Always\r", "a")
        await screen.until("prolonged before it ends")
        await screen.press(*f"{context}\rOPS-1\r\r")
        await screen.until("is suppressed until")
        await screen.press("escape")
        [first], [second] = both.silences(0), both.silences(1)
        assert first["endsAt"] == second["endsAt"]

        acknowledged = screen.app.desk.last
        ahead = 900 - EARLY + 1
        await screen.press("j")  # somebody is here
        await screen.until(lambda: all(both.silences(at)[0]["endsAt"] > first["endsAt"] for at in range(2)))

        assert [len(both.silences(at)) for at in range(2)] == [1, 1]
        assert both.state(0, "Always") == both.state(1, "Always") == "suppressed"
        entries = screen.app.desk.path.journal.entries()
        await screen.until(lambda: screen.app.desk.path.journal.entries()[0].verdict is not None)
        assert [each.reason for each in entries] == [
            "OPS-1 (acknowledgement prolonged: the operator is here)",
            "OPS-1",
        ]

        await screen.until(lambda: screen.app.desk.last != acknowledged)
        await screen.command("undo")
        await screen.until("expires the silence of alert/Always-")
        await screen.press(*f"{context}\rOPS-1\r\r")
        await screen.until("is told again")
        assert both.silences(0) == both.silences(1) == []
