"""Triage by keys: from the worst alert to the preview that mends it, and wherever a row leads and back."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from aurora_tui.folders import state_dir
from aurora_tui.journal import Journal
from aurora_tui.model.alerts import Alert, AlertState
from aurora_tui.model.frozen import replace
from aurora_tui.model.triage import SectionName
from aurora_tui.sandbox.addresses import Addresses
from tests.pilot.console import Console, opened
from widgets.actiondialog import ActionDialog
from widgets.answers import Answers
from widgets.changes import ChangesScreen
from widgets.mitigations import MitigationsScreen
from widgets.sections import Sections
from widgets.textpage import TextPage
from widgets.traces import TracesScreen
from widgets.triage import TriageScreen

ROLL_BACK = "1. roll deployment/aurora-backend back"


async def triaged(console: Console) -> TriageScreen:
    """Enter on the worst alert, and every part has been read."""
    await console.until("m mend it, ⏎ why  deployment/aurora-backend")
    await console.press("enter")
    await console.until("Triage  backend (deployment/aurora-backend)  ")
    await console.until(ROLL_BACK)
    await console.until(lambda: "reading …" not in console.text)
    screen = console.app.screen
    assert isinstance(screen, TriageScreen)
    return screen


async def go_to(console: Console, words: str) -> None:
    """Move down until the line with these words is under the cursor; again from the top, as sections may move."""
    screen = console.app.screen
    assert isinstance(screen, TriageScreen)
    lists = [screen.left, screen.right]
    for _ in range(100):
        here = next(each for each in lists if each.has_focus)
        at = here.row
        if at is not None and words in at.text:
            return
        await console.press("j")
        if here.row is at:
            await console.press("g")
    raise AssertionError(f"no line with {words}\n{console.text}")


@pytest.mark.parametrize("size", [(160, 48), (120, 36)])
async def test_everything_to_decide_on_stands_on_one_screen(bad_release: Addresses, size: tuple[int, int]) -> None:
    async with opened(bad_release, size) as console:
        await triaged(console)
        for heading in SectionName:
            await console.until(heading.value)
        for words in (
            "handbook: diagnosis within 5m:",
            "availability ",
            " failed (3",
            "users, by frontend:",
            "certain bad release: deployment/aurora-backend",
            ROLL_BACK,
            "before rollout deployment/aurora-backend",
            "/3 ready",
            "keycloak 2/2 ready · objectives met",
            "postgres 3/3 ready · objectives met",
            "ERROR",
            "traces that were read fail",
        ):
            assert words in console.text, words
        assert re.search(r"availability [56]\d\.\d\d % ", console.text)


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
async def test_the_help_is_a_key_away_and_comes_back(bad_release: Addresses, size: tuple[int, int]) -> None:
    async with opened(bad_release, size) as console:
        screen = await triaged(console)
        assert "? Help" in console.keys
        await console.press("?")
        assert console.lines[0].startswith(" Help")
        await console.press("escape")
        assert console.app.screen is screen


async def test_on_a_small_terminal_what_mends_it_is_in_sight_and_the_rest_is_scrolled_to(
    bad_release: Addresses,
) -> None:
    async with opened(bad_release, (80, 24)) as console:
        await triaged(console)
        assert console.text.index("Mitigations") < console.text.index(" Why")
        await console.press("G")
        await console.until("Logs and traces")
        await console.press("g")
        await console.until("Impact")


async def test_what_the_replaced_pods_never_said_is_new_in_the_log(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await triaged(console)
        await console.press("G")
        await console.until("of them of pods that are no more (Elasticsearch)")
        told = [line for line in console.lines if "relation <str> does not exist" in line]
    assert told
    assert all(re.search(r"\bnew +[\d,]+× +ERROR", line) for line in told), told


async def test_from_start_to_the_preview_of_the_rollback_are_three_keys(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await triaged(console)  # Enter
        await console.press("m")
        await console.until("Mitigations  backend", "why: deployment/aurora-backend: revision 3")
        await console.until("BECAUSE      WHY")
        assert "⏎ Preview" in console.keys
        await console.press("enter")
        await console.until("+ spec.template.spec.containers[backend].image: aurora/backend:2.4.0")
        assert isinstance(console.app.screen, ActionDialog)
        assert "Undo deployment/aurora-backend in aurora (context prod)" in console.text
        await console.press("escape")
        await console.until(lambda: isinstance(console.app.screen, MitigationsScreen))
        await console.press("escape")
        await console.until(lambda: isinstance(console.app.screen, TriageScreen))
    assert Journal(state_dir()).entries() == []


async def test_m_on_the_alert_itself_offers_the_same_with_the_first_preselected(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await console.until("m mend it, ⏎ why  deployment/aurora-backend")
        await console.press("m")
        await console.until("Mitigations  backend", "bad release")
        screen = console.app.screen
        assert isinstance(screen, MitigationsScreen)
        await console.until(lambda: screen.grid.cursor_row is not None and screen.grid.cursor_row.verb == "undo")
        await console.press("enter")
        await console.until("Undo deployment/aurora-backend in aurora")


@pytest.mark.parametrize("way", ["m\r", "\rm\r", "Tm\r", ":triage backend\rm\r"])
async def test_keys_of_one_burst_wait_for_the_mitigations_and_go_into_the_dialog(
    bad_release: Addresses, way: str
) -> None:
    async with opened(bad_release) as console:
        await console.until("m mend it, ⏎ why  deployment/aurora-backend")
        await console.press(*way, *"prod\rOPS-7 q\r")
        await console.until("rolls deployment/aurora-backend back from revision 3 (2.4.1) to revision 2 (2.4.0)")
        field = console.app.screen.query_one(Answers)
        assert (field.given, field.value) == (["prod"], "OPS-7 q")
        assert "dropped" not in console.text
        await console.press("escape")
        await console.until(lambda: isinstance(console.app.screen, MitigationsScreen))
    assert Journal(state_dir()).entries() == []


async def test_behind_an_empty_list_of_mitigations_the_rest_of_a_burst_is_dropped(healthy: Addresses) -> None:
    async with opened(healthy) as console:
        await console.command("deploy")
        await console.until("▸Deployments 2")
        await console.press(*"m\rqprod\rOPS-7 why\r")
        await console.until("nothing is suggested", "dropped: 16 keys typed ahead")
        assert isinstance(console.app.screen, MitigationsScreen)


async def test_escape_waits_for_nothing_and_drops_what_was_typed_before_it(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await console.until("m mend it, ⏎ why  deployment/aurora-backend")
        await console.press(*"m\rprod\rOPS-7", "escape")
        await console.until("dropped: ")
        assert console.app.screen is console.app.main


async def test_rows_lead_to_the_object_the_difference_the_trace_and_the_log_and_back(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await triaged(console)
        await go_to(console, "certain bad release")
        await console.press("enter")
        await console.until("describe deployment/aurora-backend")
        await console.press("escape", "j", "enter")
        await console.until("+ template.spec.containers[backend].image: aurora/backend:2.4.1")
        assert isinstance(console.app.screen, TextPage)
        await console.press("escape", "tab")
        await go_to(console, "traces that were read failed")
        await console.press("enter")
        await console.until(lambda: isinstance(console.app.screen, TracesScreen))
        await console.press("escape", "g")
        await go_to(console, "ERROR")
        await console.press("enter")
        await console.until(lambda: console.app.screen is console.app.main)
        await console.until("Logs deployment/aurora-backend")
        await console.press("escape")
        await console.until("Triage  backend", ROLL_BACK)


async def test_changes_traces_and_logs_are_a_key_away(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await triaged(console)
        await console.press("w")
        await console.until(lambda: isinstance(console.app.screen, ChangesScreen))
        await console.press("escape", "t")
        await console.until(lambda: isinstance(console.app.screen, TracesScreen))
        await console.press("escape", "l")
        await console.until(lambda: console.app.active is console.app.logs_pane)


async def test_an_objective_a_workload_a_pod_and_a_command_lead_there_too(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        app = console.app
        await console.command("slo")
        await console.until(lambda: app.slos_pane.reading() is not None)
        service = app.slos_pane.reading().service  # type: ignore[union-attr]
        await console.press("T")
        await console.until(f"Triage  {service} ")
        await console.press("escape")
        await console.command("deploy")
        await console.until("aurora-frontend")
        await console.press("g", "T")
        await console.until("Triage  backend (deployment/aurora-backend)  HighErrorRate")
        await console.press("escape")
        await console.command("pods")
        await console.until("aurora-keycloak-0")
        await console.press("g", "T")
        await console.until("Triage  backend ")
        await console.press("escape")
        await console.command("triage keycloak")
        await console.until("Triage  keycloak (statefulset/aurora-keycloak)")
        await console.until(lambda: "reading …" not in console.text)
        assert "certain" not in console.text, "what ails another service is told as possible at most"
        await console.press("escape")
        await console.command("triage nothing")
        await console.until("the settings name no service 'nothing'")


async def test_a_healthy_service_has_no_cause_and_no_mitigation(healthy: Addresses) -> None:
    async with opened(healthy) as console:
        for service in ("backend", "frontend", "keycloak", "postgres"):
            await console.command(f"triage {service}")
            await console.until(f"Triage  {service} ")
            await console.until("nothing to mend", "nothing is wrong as far as the rules can see")
            await console.press("m")
            await console.until("nothing is suggested")
            await console.press("escape", "escape")


async def test_what_was_read_is_there_at_once_when_it_is_opened_again(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await triaged(console)
        await console.press("escape")
        await console.until(lambda: console.app.screen is console.app.main)
        await console.press("enter")
        await console.until("Triage  backend ")
        left = console.app.screen.query_one("#left", Sections)
        assert left.row is not None, "nothing has to be read again first"
        assert ROLL_BACK in console.text


async def test_the_cursor_keeps_to_its_line_while_all_is_read_again(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        screen = await triaged(console)
        await go_to(console, ROLL_BACK)
        await console.press("ctrl+r")
        case = console.app._shown_by[screen]
        before = case.read_at
        await console.until(lambda: case.read_at != before)
        assert screen.left.row is not None
        assert screen.left.row.text.startswith(ROLL_BACK)
        await console.press("enter")
        await console.until("Undo deployment/aurora-backend in aurora")


async def test_a_line_that_leads_nowhere_is_told_whole_and_an_incident_is_a_key_away(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        screen = await triaged(console)
        await go_to(console, "HighErrorRate since")
        await console.press("enter")
        await console.until(lambda: isinstance(console.app.screen, TextPage), "HighErrorRate since")
        assert "asking the server" not in console.text
        await console.press("escape")
        await console.until(lambda: console.app.screen is screen)
        await console.press("I")
        await console.until("Open an incident", "HighErrorRate of backend")


async def test_who_may_not_see_everything_is_told_what_is_missing(bad_release: Addresses, home: Path) -> None:
    async with opened(msgspec.structs.replace(bad_release, context="viewer")) as console:
        await console.until("HighErrorRate")
        await console.command("triage backend")
        await console.until("Where  ", "nodes may not be listed")
        await console.until(ROLL_BACK)


async def test_each_alert_that_concerns_nothing_known_is_triaged_by_itself(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await console.until("m mend it, ⏎ why  deployment/aurora-backend")
        table = console.app.session.store.table("alerts")
        first: Alert = next(iter(table.rows.values()))
        for name in ("CertManagerDown", "RuleFailures"):
            alert = replace(first, name=name, fingerprint=name, service=None, labels={"alertname": name})
            table.apply({name: replace(alert, state=AlertState.FIRING)})
            table.retain({name})
            console.app.flush()
            await console.press("enter")
            await console.until("Triage  ns aurora  ")
            assert console.lines[0].count(name) == 1, console.text
            await console.press("escape")
            await console.until(lambda: not isinstance(console.app.screen, TriageScreen))
