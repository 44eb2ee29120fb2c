"""The pages of an incident as plain text, compared with the committed pictures as the whole screen is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aurora_tui.model.checklists import step_rows
from aurora_tui.model.facts import Fact, FactKind
from aurora_tui.model.incidents import clocks, fold
from aurora_tui.settings import load_settings
from tests.pilot import screen
from tests.snapshots.still import MINUTE, NOW, still
from tests.snapshots.test_snapshots import compare, settled
from widgets.guidedlists import MaintenanceScreen
from widgets.incident import IncidentScreen

SETTINGS = load_settings(environ={"HOME": "/nowhere"})
PROCEDURE = next(each for each in SETTINGS.checklists if each.name == "emergency")
ONSET, OPENED = NOW - 9 * MINUTE, NOW - 6 * MINUTE


def fact(number: int, kind: FactKind, at: float, by: str = "alice", **body: Any) -> Fact:
    return Fact("20260101-0300-higherrorrate-ab12", "alice-1", number, at, by, kind, body)


FACTS = (
    fact(1, FactKind.OPENED, OPENED, words="opened as sev1: HighErrorRate of backend", title="HighErrorRate of backend",
         severity="sev1", context="prod", alert="HighErrorRate", service="backend", onset=ONSET),
    fact(2, FactKind.ROLE, OPENED + 1, role="lead", who="alice", words="lead: alice"),
    fact(3, FactKind.ALERT, OPENED + 2, words="HighErrorRate fires (backend)", happened=ONSET, bad=True,
         who_did="alertmanager"),
    fact(4, FactKind.TICK, OPENED + 60, step="diagnosis.pods", done=True, itself=True,
         words="seen done: Check the state of the pods"),
    fact(5, FactKind.TICK, OPENED + 90, "bob", step="diagnosis.database", done=True, words="done: the database"),
    fact(6, FactKind.NOTE, OPENED + 120, "bob", words="users see 502 since \x1b[31mlunch"),
    fact(7, FactKind.ACTION, OPENED + 180, words="undo deployment/aurora-backend: done (OPS-1)", who_did="alice",
         seen=["action", "restarted"]),
)  # fmt: skip


@pytest.mark.parametrize("size", [(160, 48), (80, 24)], ids=["160x48", "80x24"])
async def test_the_page_of_an_incident_looks_as_it_did(size: tuple[int, int], tmp_path: Path) -> None:
    app = still(tmp_path)
    incident = fold(FACTS)
    assert incident is not None
    async with app.run_test(size=size) as pilot:
        page = IncidentScreen(incident.begin, clock=app.session.clock)
        await app.push_screen(page)
        rows = step_rows(PROCEDURE, incident.ticks)
        page.fill(incident, clocks(incident, PROCEDURE, NOW), rows, "well for 60s of 5m", "the shared folder is away")
        await settled(pilot)
        compare(f"incident-{size[0]}x{size[1]}", screen.lines(app))


async def test_on_a_small_terminal_who_leads_is_seen_however_long_it_takes(tmp_path: Path) -> None:
    app = still(tmp_path)
    incident = fold([*FACTS, fact(8, FactKind.ROLE, OPENED + 200, role="communication", who="bob", words="")])
    assert incident is not None
    async with app.run_test(size=(80, 24)) as pilot:
        page = IncidentScreen(incident.begin, clock=app.session.clock)
        await app.push_screen(page)
        page.fill(incident, clocks(incident, PROCEDURE, NOW + 7000), [], "", "")
        await settled(pilot)
        heading, times = screen.lines(app)[:2]
        assert heading.endswith("lead: alice  communication: bob")
        assert heading.startswith("  SEV1  HighErrorRate of backend")
        assert times.count("too long") == 2


async def test_the_maintenance_looks_as_it_did(tmp_path: Path) -> None:
    app = still(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        page = MaintenanceScreen(SETTINGS.maintenance, clock=app.session.clock)
        await app.push_screen(page)
        page.fill({})
        await settled(pilot)
        compare("maintenance-80x24", screen.lines(app))
