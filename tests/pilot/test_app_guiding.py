"""Runbooks whose commands open previews, and lists that are ticked outside of incidents."""

from __future__ import annotations

from aurora_tui.sandbox.addresses import Addresses
from tests.pilot.console import opened
from tests.pilot.test_app_incident import open_incident, row
from widgets.actiondialog import ActionDialog
from widgets.guidedlists import MaintenanceScreen


async def test_a_command_of_the_runbook_opens_its_preview_and_does_nothing_by_itself(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await open_incident(console)
        await console.press("b")
        await console.until("Runbook HighErrorRate", "aurora-tui rollback deployment/aurora-backend")
        await console.press("j", "j")
        await console.until("Takes the workload back to the revision before")
        await console.press("enter")
        await console.until(lambda: isinstance(console.app.screen, ActionDialog))
        await console.until("rolls deployment/aurora-backend back")
        await console.press("escape")
        await console.until("Runbook HighErrorRate")
        await console.press("g", "enter")
        await console.until("there is no command in this section")
        await console.press("j", "j", "enter")
        await console.until("What changed  deployment/aurora-backend")


async def test_a_runbook_that_adds_replicas_asks_how_many_and_says_how_many_there_are(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await open_incident(console)
        await console.press("b")
        await console.until("Runbook HighErrorRate", "aurora-tui scale deployment/aurora-backend")
        await console.press("j", "j", "j", "j")
        await console.until("Only where CPU or memory are at their limits")
        await console.press("enter")
        await console.until("scale deployment/aurora-backend (now 3, handbook 3..20) to:")
        await console.type("5\r")
        await console.until(lambda: isinstance(console.app.screen, ActionDialog))
        await console.until("scales deployment/aurora-backend from 3 to 5 replicas")


async def test_an_alert_without_a_runbook_says_where_to_put_one(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await console.command("runbook Unheard")
        await console.until("no runbook for Unheard")


async def test_the_deploy_checklist_keeps_who_ticked_what_for_the_next_program(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await console.command("checklist")
        await console.until("Deploy checklist", "0 of 8 done")
        await console.press("space", "j", "space")
        await console.until("2 of 8 done")
        assert row(console, "Tests passed on staging").startswith("[x]")
    async with opened(bad_release) as console:
        await console.command("checklist deploy")
        await console.until("2 of 8 done")
        assert "root" in row(console, "The database is compatible")
        await console.press("j", "space")
        await console.until("1 of 8 done")
        await console.press("N")
        await console.until("0 of 8 done")


async def test_space_twice_on_a_task_takes_its_tick_back_and_touches_no_other(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await console.command("maintenance")
        await console.until("5 due", "Test the disaster recovery")
        page = console.app.screen
        assert isinstance(page, MaintenanceScreen)
        before = page.grid.cursor_row
        await console.press("space")
        await console.until("4 due")
        assert page.grid.cursor_row is not None and before is not None
        assert page.grid.cursor_row.task == before.task, "the cursor goes where the row goes"
        await console.press("space")
        await console.until("5 due")
        assert [row.last for row in page.grid.visible_rows()] == [None] * 5
        await console.press("space", "space", "space")
        await console.until("4 due")
    async with opened(bad_release) as console:
        await console.until(lambda: "4 due" in console.status)


async def test_maintenance_is_due_in_the_status_bar_once_the_calendar_is_used(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        assert " due " not in console.status
        await console.command("maintenance")
        await console.until("5 due", "Test the disaster recovery")
        await console.press("space")
        await console.until("4 due")
        await console.press("escape")
        await console.until(lambda: "4 due" in console.status)
