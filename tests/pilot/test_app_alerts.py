"""The alerts pane and the page of an alert as the operator reads them: groups, rule, history, links, a storm."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from aurora_tui.model.alerts import fingerprint
from aurora_tui.model.stamps import rfc3339
from aurora_tui.sandbox.addresses import Addresses
from tests.pilot.console import Console, opened
from tests.pilot.test_app_sources import EVIL, Place, place, watching
from tests.program import Program
from widgets.alertpage import AlertPage

__all__ = ["place"]
PATIENCE = 60.0
"""Seconds; the machine may be busy."""


@pytest.fixture
async def console(bad_release: Addresses) -> AsyncIterator[Console]:
    async with opened(bad_release) as console:
        await console.command("alerts")
        await console.until("HighErrorRate")
        yield console


def posted(labels: dict[str, str], **more: Any) -> dict[str, Any]:
    """An alert as Alertmanager's API gives it."""
    given = {"annotations": {}, "startsAt": "2023-11-14T22:00:00Z", "receivers": [{"name": "none"}], **more}
    return {"fingerprint": fingerprint(labels), "labels": labels, **given}


async def test_v_shows_groups_enter_goes_into_one_and_escape_comes_back(console: Console) -> None:
    pane = console.app.alerts_pane
    alerts = pane.grid.visible_count

    await console.press("z", "v")
    await console.until("Alerts in groups", "GROUP", "alertname=HighErrorRate job=aurora-backend")
    groups = pane.grid.visible_count
    assert groups <= alerts
    name = next(key for key in pane.grid._state.rows.visible if "HighErrorRate" in key and "backend" in key)
    pane.grid.move_to(name)
    await console.press("enter")
    await console.until("Alerts of a group")
    assert {alert.labels["job"] for alert in pane.grid.visible_rows()} == {"aurora-backend"}
    await console.press("escape")
    await console.until("Alerts in groups")
    assert pane.grid.cursor_key == name
    await console.press("v")
    await console.until(lambda: console.title(pane).startswith("▸Alerts ") and pane.grid.visible_count == alerts)


async def test_of_a_group_the_keys_mean_all_its_alerts(console: Console) -> None:
    pane = console.app.alerts_pane
    await console.press("v")
    group = pane.group()
    assert group is not None
    assert all(alert in group.alerts for alert in pane.held())
    await console.press("S")
    for name, value in group.labels:
        await console.until(f'{name}="{value}"')
    await console.press("escape")


async def test_d_tells_group_rule_history_and_links(console: Console) -> None:
    await console.press(*"/-l alertname=HighErrorRate,job=aurora-backend\r", "d")
    await console.until(
        "runbook https://runbooks.example.org/aurora/HighErrorRate",
        "Group:     alertname=HighErrorRate job=aurora-backend",
        "Last 24 h: |",
        "of the time",
        "Rule:      HighErrorRate in group aurora of aurora.rules.yml",
        "sum by (job)",
    )
    assert isinstance(console.app.screen, AlertPage)
    await console.press("o")
    await console.until("copied the runbook")


async def test_what_just_ended_stays_for_a_while_and_says_so(place: Place, tmp_path: Path) -> None:
    async with watching(place, tmp_path) as console:
        await console.until("1 firing: HighErrorRate")
        place.alertmanager.alerts = []
        await console.until("resolved", "Alerts none")
        await console.command("alerts")
        await console.press("a")
        await console.until("Ack is off: it is over")


async def test_what_inhibits_an_alert_is_named_below_the_rows(place: Place, tmp_path: Path) -> None:
    worse = posted({"alertname": "Worse", "severity": "critical"})
    less = posted(
        {"alertname": "Less", "severity": "warning"},
        status={"state": "suppressed", "silencedBy": [], "inhibitedBy": [worse["fingerprint"]]},
    )
    place.alertmanager.alerts = [worse, less]
    async with watching(place, tmp_path) as console:
        await console.command("alerts")
        await console.press(*"/Less\r")
        await console.until(f"inhibited by Worse-{worse['fingerprint'][:8]}")


async def test_a_mute_interval_holds_back_what_no_silence_can_let_speak(place: Place, tmp_path: Path) -> None:
    muted = {"state": "suppressed", "silencedBy": [], "inhibitedBy": [], "mutedBy": ["nights"]}
    place.alertmanager.alerts = [posted({"alertname": "Quiet"}, status=muted)]
    async with watching(place, tmp_path) as console:
        await console.command("alerts")
        await console.until("Quiet", "muted by nights")
        await console.press("x")
        await console.until("Unsilence is off: it is muted by nights, not by a silence")


async def test_hostile_labels_and_annotations_of_100_kb_are_data_and_the_layout_stays(
    place: Place, tmp_path: Path
) -> None:
    long = EVIL * 5000
    annotations = {"summary": long, "runbook_url": f"https://x/{EVIL}", "dashboard": "javascript:x", EVIL: long}
    place.alertmanager.alerts = [posted({"alertname": f"Bad{EVIL}", "job": long}, annotations=annotations)]
    async with watching(place, tmp_path) as console:
        await console.command("alerts")
        await console.until("Bad[red]x[/]␛[2J")
        for keys in ("d", "v", "S"):
            await console.press(keys)
            strips = console.app.screen._compositor.render_strips()
            assert {strip.cell_length for strip in strips} == {160}
            assert not any(character < " " for strip in strips for character in strip.text)
            assert not any(segment.style and segment.style.link for strip in strips for segment in strip)
            await console.press("escape")
        await console.press("o")
        await console.until("the alert has no link")


async def test_in_a_storm_of_5000_alerts_the_keys_are_still_heard(place: Place, tmp_path: Path) -> None:
    place.alertmanager.alerts = [
        posted({"alertname": "Storm", "pod": f"pod-{number:04}", "severity": "warning"}) for number in range(5000)
    ]
    async with watching(place, tmp_path) as console:
        await console.until("5000 firing")
        await console.command("alerts")
        began = time.monotonic()
        await console.press("G")
        await console.until(lambda: console.app.alerts_pane.grid._state.cursor == 4999)
        await console.press("g", *"/-l pod=pod-1234\r")
        await console.until("/-l pod=pod-1234")
        assert console.app.alerts_pane.grid.visible_count == 1
        await console.press("escape", "v")
        await console.until("5000 firing", "alertname=Storm")
        await console.press("S")
        await console.until("hides 5000 firing alerts now")
        print(f"a storm's keys took {time.monotonic() - began:.2f} s")


def test_links_are_in_the_terminals_output_and_o_copies_one(program: Program) -> None:
    with program.open() as terminal:
        terminal.wait_for("HighErrorRate", PATIENCE)
        terminal.ask_until(":alerts\r", "▸Alerts", PATIENCE)
        terminal.send("/-l alertname=HighErrorRate,job=aurora-backend\r")
        terminal.send("d")
        url = "https://runbooks.example.org/aurora/HighErrorRate"
        terminal.wait_for(f"runbook {url}", PATIENCE)
        terminal.read_on()
        raw = bytes(terminal.raw)
        assert f";{url}\x1b\\".encode() in raw
        opening = raw.rindex(f";{url}\x1b\\".encode())
        assert raw.rindex(b"\x1b]8;", 0, opening) > opening - 60
        assert b"\x1b]8;;\x1b\\" in raw[opening:], "the link ends"

        terminal.send("o")
        terminal.wait_for("copied the runbook", PATIENCE)
        terminal.read_on()
        assert b"\x1b]52;c;" + base64.b64encode(url.encode()) in bytes(terminal.raw)


def fires(name: str, since: float) -> dict[str, Any]:
    return posted({"alertname": name, "severity": "critical", "job": "aurora-backend"}, startsAt=rfc3339(since))


def in_hand(console: Console) -> str:
    """The alert under the cursor."""
    alert = console.app.alerts_pane.alert()
    return alert.name if alert is not None else ""


async def test_the_page_that_rings_is_preselected_though_one_that_is_over_was_first(
    place: Place, tmp_path: Path
) -> None:
    place.alertmanager.alerts = [fires("Older", time.time() - 600)]
    async with watching(place, tmp_path) as console:
        pane = console.app.alerts_pane
        await console.until("1 firing: Older")
        place.alertmanager.alerts = []
        await console.until("Alerts none")
        await console.command("alerts")
        await console.until(lambda: pane.grid._state.settled and in_hand(console) == "Older")

        place.alertmanager.alerts = [fires("Newer", time.time())]
        await console.until("1 firing: Newer", lambda: in_hand(console) == "Newer")


async def test_while_the_keys_are_elsewhere_the_worst_that_fires_is_preselected(place: Place, tmp_path: Path) -> None:
    place.alertmanager.alerts = [posted({"alertname": "Less", "severity": "warning"})]
    async with watching(place, tmp_path) as console:
        pane = console.app.alerts_pane
        await console.until("1 firing: Less", lambda: pane.grid._state.settled)
        await console.command("pods")
        place.alertmanager.alerts.append(fires("Worse", time.time()))
        await console.until("2 firing", lambda: in_hand(console) == "Worse")


async def test_an_alert_that_the_operator_chose_or_looks_at_stays_in_hand(place: Place, tmp_path: Path) -> None:
    place.alertmanager.alerts = [posted({"alertname": name, "severity": "warning"}) for name in ("Less", "Less2")]
    async with watching(place, tmp_path) as console:
        pane = console.app.alerts_pane
        await console.command("alerts")
        await console.until("2 firing", lambda: pane.grid._state.settled)
        place.alertmanager.alerts.append(fires("Worse", time.time()))
        await console.until("3 firing")
        assert in_hand(console) == "Less", "looked at"

        await console.press("j")
        await console.command("pods")
        place.alertmanager.alerts.append(fires("Worst", time.time()))
        await console.until("4 firing")
        assert in_hand(console) == "Less2", "chosen"
