"""Incident mode: opened by one key and Enter, fed by what happens, ticked by what is seen, and there after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aurora_tui.folders import state_dir
from aurora_tui.incident.book import Book, JournalError
from aurora_tui.incident.desk import IncidentDesk
from aurora_tui.incident.subject import of_alert
from aurora_tui.model.alerts import Alert, AlertState
from aurora_tui.model.facts import Fact, FactKind
from aurora_tui.model.frozen import replace
from aurora_tui.model.incidents import Incident
from aurora_tui.sandbox.addresses import Addresses
from aurora_tui.settings import load_settings
from tests.pilot.console import Console, opened


async def open_incident(console: Console) -> Incident:
    """Open one for the worst alert, as its form proposes it."""
    await console.until("m mend it, ⏎ why  deployment/aurora-backend")
    await console.press("I")
    await console.until("Open an incident")
    await console.press("enter")
    await console.until("4 Resolution")
    incident = console.app.incidents.incident
    assert incident is not None
    return incident


async def test_one_key_and_enter_open_an_incident_for_the_worst_alert(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await console.until("m mend it, ⏎ why  deployment/aurora-backend")
        await console.press("I")
        await console.until("Open an incident")
        assert "HighErrorRate of backend" in console.text
        assert "concerns deployment/aurora-backend in ns aurora" in console.text
        await console.press("enter")
        await console.until("4 Resolution", "HighErrorRate fires (backend)")
        heading, clocks = console.lines[:2]
        assert " SEV1 " in heading
        assert "HighErrorRate of backend" in heading
        assert "1 Diagnosis" in clocks
        assert "of 5m" in clocks
        assert "2 Mitigation" in clocks
        assert "of 15m" in clocks
        await console.until("rollout deployment/aurora-backend: revision 3: 2.4.0 → 2.4.1")
        await console.press("escape")
        await console.until(" SEV1 ")
        assert console.status.count("SEV1") == 1


async def test_an_incident_begins_when_its_triage_says_that_it_did(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        app, pane = console.app, console.app.alerts_pane
        await console.until("m mend it, ⏎ why  deployment/aurora-backend")
        slos = app.session.store.table("slos")
        await console.until(lambda: any(each.shortfall is not None for each in slos.rows.values()))
        await console.until(lambda: app.active is pane and len(pane.table.rows) > 1)
        while (alert := pane.alert()) is None or alert.service != "frontend":
            await console.press("j")
        onset = of_alert(app.session.sessions[0], alert).onset
        assert onset is not None and alert.since is not None
        assert alert.since - onset > 60, "its objective was missed before its rule was met"
        await console.press("I")
        await console.until("Open an incident", "HighErrorRate of frontend")
        await console.press("enter")
        await console.until("4 Resolution")
        incident = app.incidents.incident
        assert incident is not None and incident.onset is not None
        assert abs(incident.onset - onset) < 5


async def test_an_alert_that_is_over_gives_no_onset_to_an_incident_that_begins_now(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await console.until("m mend it, ⏎ why  deployment/aurora-backend")
        table = console.app.session.store.table("alerts")
        first: Alert = next(iter(table.rows.values()))
        over = replace(first, service="keycloak", state=AlertState.RESOLVED, fingerprint="over")
        table.apply({"over": over})
        table.retain({"over"})
        console.app.flush()
        await console.press("I")
        await console.until("Open an incident", f"{over.name} of keycloak")
        await console.press("enter")
        await console.until("4 Resolution")
        incident = console.app.incidents.incident
        assert incident is not None
        assert (incident.service, incident.onset) == ("keycloak", None)


async def test_in_one_burst_the_title_is_typed_into_the_form_that_the_key_opens(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await console.until("m mend it, ⏎ why  deployment/aurora-backend")
        await console.press(*"I again q\r")
        await console.until("4 Resolution", "HighErrorRate of backend again q")


async def test_a_note_is_taken_anywhere_and_is_there_in_the_next_program(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await open_incident(console)
        await console.press("escape", "w")
        await console.until("What changed")
        await console.press("ctrl+n")
        await console.until("Note for the timeline")
        await console.type("users see 502 since lunch")
        await console.press("enter")
        await console.until("noted")
        await console.press("escape")
    async with opened(bad_release) as console:
        await console.until(" SEV1 ")
        await console.press("I")
        await console.until("users see 502 since lunch")
        assert "Keep the incident log (a note)" in console.text


async def test_what_cannot_be_written_stays_in_its_form_with_what_is_in_the_way(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await console.until("m mend it, ⏎ why  deployment/aurora-backend")
        with full_disk(console):
            await console.press("I")
            await console.until("Open an incident")
            await console.type(" at lunch")
            await console.press("enter")
            await console.until("not opened: the disk is full", "HighErrorRate of backend at lunch")
            assert console.app.incidents.incident is None
        await console.press("enter")
        await console.until("4 Resolution")
        with full_disk(console):
            await console.press("ctrl+n")
            await console.until("Note for the timeline")
            await console.type("users see 502")
            await console.press("enter")
            await console.until("not put down: the disk is full", "users see 502")
            assert "Note for the timeline" in console.text
        await console.press("enter")
        await console.until(lambda: "Note for the timeline" not in console.text)
        await console.until("users see 502")
        with full_disk(console):
            await console.press("v")
            await console.until("How severe is it?")
            await console.press("backspace", "3", "enter")
            await console.until("not put down: the disk is full")
            await console.press("escape", "o")
            await console.until("Who does what?")
            await console.press("tab", *"bob", "enter")
            await console.until("not put down: the disk is full")
        await console.press("enter")
        await console.until("hands: bob")
        assert " SEV1 " in console.lines[0]


async def test_what_goes_wrong_beside_the_keys_takes_no_key_away(
    bad_release: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def watch(desk: IncidentDesk) -> None:
        raise JournalError("the disk is full")

    async with opened(bad_release) as console:
        await open_incident(console)
        monkeypatch.setattr(IncidentDesk, "watch", watch)
        read = asyncio.Event()
        console.app.keys_wait_for(asyncio.create_task(read.wait()))  # type: ignore[arg-type]
        await console.press("v")
        await console.app._take_in()
        read.set()
        await console.until("How severe is it?", "the disk is full")


@contextmanager
def full_disk(console: Console) -> Iterator[None]:
    """A disk on which the book of incidents finds no room."""

    def append(*_: object, **__: object) -> Fact:
        raise JournalError("the disk is full")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(console.app.incidents.book, "append", append)
        yield


async def test_steps_tick_themselves_by_what_is_looked_at_and_others_by_hand(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await open_incident(console)
        await console.press("escape")
        await console.command("pods")
        await console.until(lambda: "pods" in seen(console))
        await console.command("logs")
        await console.until(lambda: "logs" in seen(console))
        await console.press("I")
        await console.until(lambda: row(console, "Check the state of the pods").startswith("[x]"))
        assert row(console, "Check the state of the pods").startswith("[x]")
        assert row(console, "Make sure that the database").startswith("[ ]")
        await console.press("j", "j", "space")
        await console.until(lambda: row(console, "Make sure that the database").startswith("[x]"))
        assert "by itself" not in row(console, "Make sure that the database")
        await console.until("1 Diagnosis", "done")
        await console.press("space")
        await console.until(lambda: row(console, "Make sure that the database").startswith("[ ]"))


async def test_severity_and_roles_are_told_in_the_heading_and_the_timeline(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await open_incident(console)
        await console.press("v")
        await console.until("How severe is it?")
        await console.press("backspace", "2", "enter")
        await console.until(" SEV2 ", "is sev2 now")
        await console.press("o")
        await console.until("Who does what?")
        await console.press("tab", *"bob", "enter")
        await console.until("hands: bob")


async def test_what_the_panes_showed_and_the_log_around_the_onset_is_kept(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        incident = await open_incident(console)
        await console.until("captured the panes at the opening", "log lines of deployment/aurora-backend")
    facts = Book(state_dir()).facts(incident.id)
    kinds = [fact.kind for fact in facts]
    assert FactKind.SNAPSHOT in kinds
    assert FactKind.LOGS in kinds


async def test_the_draft_of_the_post_mortem_is_one_key_away(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await open_incident(console)
        await console.until("rollout deployment/aurora-backend: revision 3")
        await console.press("p")
        await console.until("# Post-mortem: `HighErrorRate of backend`", "## Impact")


async def test_who_looks_at_the_draft_has_not_written_the_post_mortem(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await open_incident(console)
        await console.press("p")
        await console.until("## Impact")
        await console.until(lambda: not any("_fill_postmortem" in str(task) for task in asyncio.all_tasks()))
        incident = console.app.incidents.incident
        assert incident is not None
        assert "resolution.postmortem" not in incident.ticks


async def test_the_forms_of_an_incident_say_what_may_be_given_and_its_end_what_it_waits_for(
    bad_release: Addresses,
) -> None:
    async with opened(bad_release) as console:
        await open_incident(console)
        await console.press("v")
        await console.until("How severe is it?", "one of sev1, sev2, sev3: the worst first")
        await console.press("escape", "o")
        await console.until("Who does what?", "communication")
        await console.press("escape", "x")
        await console.until("not well yet: ", "x stops waiting")
        named = {alert.name for alert in console.app.session.store.table("alerts").rows.values()}
        assert len(named) > 1
        for name in named:
            await console.until(f"{name} is ")
        await console.press("x")
        await console.until("no longer waits")


async def test_a_runbook_opens_on_its_first_command(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await open_incident(console)
        await console.press("b")
        await console.until("Runbook HighErrorRate")
        await console.until(
            lambda: "aurora-tui logs deployment/aurora-backend" in [line.strip() for line in console.lines]
        )


async def test_without_an_incident_a_note_says_how_to_open_one(bad_release: Addresses, home: Path) -> None:
    async with opened(bad_release) as console:
        await console.press("ctrl+n")
        await console.until("no incident is open: I opens one")
    assert not list(home.glob("state/**/incidents*"))


def seen(console: Console) -> set[str]:
    incident = console.app.incidents.incident
    return set(incident.seen) if incident is not None else set()


def row(console: Console, words: str) -> str:
    return next((line.strip() for line in console.lines if words in line), "")


async def test_two_operators_meet_on_one_incident_in_a_shared_folder(
    bad_release: Addresses, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = replace(load_settings(environ={"HOME": "/nowhere"}).incident, shared=str(home / "shared"))
    async with opened(bad_release, incident=shared) as console:
        first = await open_incident(console)
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "other"))
    async with opened(bad_release, incident=shared) as console:
        await console.until(" SEV1 ")
        await console.press("I")
        await console.until("HighErrorRate of backend", f"lead: {first.roles.get('lead', first.opened_by)}")
        await console.press("n")
        await console.until("Note for the timeline")
        await console.type("I look at the database")
        await console.press("enter")
        await console.until("I look at the database")
        second = console.app.incidents.incident
        assert second is not None
        assert second.id == first.id
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    async with opened(bad_release, incident=shared) as console:
        await console.until(" SEV1 ")
        await console.press("I")
        await console.until("I look at the database")


async def test_what_the_panes_showed_when_the_alert_came_is_kept_for_the_incident(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await console.until("m mend it, ⏎ why  deployment/aurora-backend")
        alerts = console.app.session.store.table("alerts")
        alerts.apply({}, list(alerts.rows))
        console.app._see()  # as if nothing had fired until the next look
        await console.until(lambda: bool(alerts.rows))
        incident = await open_incident(console)
        await console.until("captured the panes when the alert came")
    captured = [fact for fact in Book(state_dir()).facts(incident.id) if fact.kind is FactKind.SNAPSHOT]
    assert captured[0].body["happened"] < incident.opened_at


async def test_what_the_panes_showed_when_another_alert_came_is_none_of_the_incident(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await console.until("m mend it, ⏎ why  deployment/aurora-backend")
        await console.press("g")  # the operator's choice, whatever fires next
        table, app = console.app.session.store.table("alerts"), console.app
        app._see()
        other = replace(next(iter(table.rows.values())), fingerprint="f" * 16, name="Elsewhere", service="frontend")
        table.apply({other.fingerprint: other})
        app._see()  # it has come
        assert other.fingerprint in app._at_alert
        incident = await open_incident(console)
        await console.until("captured the panes at the opening")
    captured = [fact for fact in Book(state_dir()).facts(incident.id) if fact.kind is FactKind.SNAPSHOT]
    assert "when the alert came" not in str([fact.body["words"] for fact in captured])


async def test_what_is_captured_again_and_again_fills_no_timeline(bad_release: Addresses) -> None:
    often = replace(load_settings(environ={"HOME": "/nowhere"}).incident, snapshot_every=1.0)
    async with opened(bad_release, incident=often) as console:
        incident = await open_incident(console)

        def captured() -> list[str]:
            facts = Book(state_dir()).facts(incident.id, heavy=False)
            return [fact.body["words"] for fact in facts if fact.kind is FactKind.SNAPSHOT]

        await console.until(lambda: "captured the panes as it went on" in captured())
        await console.until("captured the panes at the opening")
        assert "as it went on" not in console.text
