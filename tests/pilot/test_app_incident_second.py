"""A second incident beside an open one, several that are open at the start, and one that is over and only read."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any

import pytest

from aurora_tui.folders import state_dir
from aurora_tui.incident.book import Book
from aurora_tui.journal_file import JournalError
from aurora_tui.model.facts import FactKind
from aurora_tui.sandbox.addresses import Addresses
from tests.pilot.console import Console, opened

LOGIN, MAIL, OLD = "20260101-0300-login-ab12", "20260101-0400-mail-cd34", "20251224-0100-old-ef56"


def open_already(console: Console) -> bool:
    """The form names the open incident, its age as it is by now."""
    return bool(re.search(r"open already: Login is slow \(sev2, for 1\dm\) · \^o shows it", console.text))


def put_down(stack: Addresses, name: str, title: str, service: str, minutes: float, **ended: Any) -> None:
    """An incident that somebody opened some minutes ago, and ended where that is told."""
    book, at = Book(state_dir(), "alice"), time.time() - 60 * minutes
    body = {"title": title, "severity": "sev2", "context": stack.context, "service": service, "alert": f"{service}Slow"}
    book.append(name, FactKind.OPENED, {**body, "words": f"opened: {title}"}, by="alice", at=at)
    if ended:
        book.append(name, FactKind.RESOLVED, ended, by="alice", at=at + 30)
    book.close()


def held(console: Console) -> str:
    incident = console.app.incidents.incident
    return incident.id if incident is not None else ""


def facts(name: str) -> Sequence[str]:
    return [str(fact.body.get("words")) for fact in Book(state_dir()).facts(name, heavy=False)]


async def test_what_fires_elsewhere_opens_another_incident_or_one_key_shows_the_open_one(
    bad_release: Addresses,
) -> None:
    put_down(bad_release, LOGIN, "Login is slow", "keycloak", 12)
    async with opened(bad_release) as console:
        await console.until("open: Login is slow; I shows it", "m mend it, ⏎ why  deployment/aurora-backend")
        await console.press("I")
        await console.until("Open another incident", lambda: open_already(console))
        assert "HighErrorRate of backend" in console.text
        assert "^o Open one" in console.keys
        await console.press("ctrl+o")
        await console.until("4 Resolution", "opened: Login is slow")
        await console.press("escape", "I")
        await console.until("Open another incident")
        await console.press("enter")
        await console.until("4 Resolution", "HighErrorRate fires (backend)", "Login is slow stays open")
        second = held(console)
        assert second != LOGIN
        await console.press("escape", "I")  # the one in hand is about what is under the cursor
        await console.until("4 Resolution", "HighErrorRate of backend")
        await console.press("escape")
        await console.command("incident 20260101")
        await console.until("4 Resolution", "opened: Login is slow")
        assert held(console) == LOGIN
        await console.press("escape", "I")  # and the other one is, whichever is in hand
        await console.until(lambda: held(console) == second)
        await console.until("4 Resolution", "HighErrorRate fires (backend)")
        await console.press("escape")
        await console.command("incident")
        await console.until("4 Resolution", "HighErrorRate fires (backend)")
    assert not [words for words in facts(LOGIN) if "HighErrorRate" in words]


async def test_a_burning_objective_of_another_service_opens_another_incident(bad_release: Addresses) -> None:
    put_down(bad_release, LOGIN, "Login is slow", "keycloak", 12)
    async with opened(bad_release) as console:
        await console.until("open: Login is slow; I shows it", "m mend it, ⏎ why  deployment/aurora-backend")
        await console.command("slo")
        await console.until(lambda: "burning" in console.under_cursor(console.app.slos_pane))
        alerts = console.app.session.store.table("alerts")
        alerts.apply({}, list(alerts.rows))  # as if no rule asked for an alert
        await console.press("I")
        await console.until("Open another incident", "open already: Login is slow")


async def test_where_nothing_fires_the_open_one_is_shown_and_a_command_opens_another(healthy: Addresses) -> None:
    put_down(healthy, LOGIN, "Login is slow", "keycloak", 12)
    async with opened(healthy) as console:
        await console.until("open: Login is slow; I shows it")
        await console.press("I")
        await console.until("4 Resolution", "opened: Login is slow")
        await console.press("escape")
        await console.command("incident new")
        await console.until("Open another incident", "open already: Login is slow")


async def test_of_several_open_ones_none_is_in_hand_until_one_is_chosen(bad_release: Addresses) -> None:
    put_down(bad_release, LOGIN, "Login is slow", "keycloak", 12)
    put_down(bad_release, MAIL, "No mail", "frontend", 5)
    put_down(bad_release, OLD, "Old one", "backend", 900, words="resolved: well")
    async with opened(bad_release) as console:
        await console.until("2 incidents are open, and none is in hand: I lists them")
        assert console.app.incident_facts() is None
        await console.until("m mend it, ⏎ why  deployment/aurora-backend")
        await console.press("I")
        await console.until("2 open of 3")
        assert "I New" in console.keys
        rows = [line for line in console.lines if line.lstrip().startswith("sev2")]
        assert ["No mail" in rows[0], "Login is slow" in rows[1], "Old one" in rows[2]] == [True] * 3
        assert " resolved " in rows[2]
        await console.press("j", "enter")
        await console.until("4 Resolution", "opened: Login is slow")
        assert held(console) == LOGIN
        await console.press("escape")
        await console.command("incidents")
        await console.until("open, in hand")
        await console.press("I")
        await console.until("Open another incident", "2 are open already, such as No mail", "^o lists them")
        await console.press("ctrl+o")
        await console.until("2 open of 3")


async def test_one_that_is_over_is_read_and_nothing_of_it_is_written(bad_release: Addresses) -> None:
    put_down(bad_release, LOGIN, "Login is slow", "keycloak", 12)
    why = "resolved without calm: nobody answers"
    put_down(bad_release, OLD, "Old one", "backend", 900, words=why, without_calm="nobody answers")
    before = facts(OLD)
    async with opened(bad_release) as console:
        await console.until("open: Login is slow; I shows it")
        await console.until(lambda: OLD in console.app.incident_names)
        await console.press(":", *"incident 2025", "tab", "enter")
        await console.until("4 Resolution", "nobody answers")
        assert "resolved without calm" in console.lines[0]
        assert "Note" not in console.keys
        assert "p Post-mortem" in console.keys
        await console.press("n", "x", "X", "v", "space")
        assert "4 Resolution" in console.text
        assert "Note for the timeline" not in console.text
        await console.press("p")
        await console.until("# Post-mortem: `Old one`", "nobody answers")
        await console.press("escape", "escape")
        assert held(console) == LOGIN
        await console.command("incident 1999")
        await console.until("no incident begins with '1999': :incidents lists them")
        await console.command("incident 20")
        await console.until("2 incidents begin with '20'")
    assert facts(OLD) == before
    assert not [words for words in facts(LOGIN) if words.startswith(("is sev", "waits"))]


async def test_one_that_cannot_be_opened_leaves_the_other_in_hand(
    bad_release: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_down(bad_release, LOGIN, "Login is slow", "keycloak", 12)
    async with opened(bad_release) as console:
        await console.until("open: Login is slow; I shows it", "m mend it, ⏎ why  deployment/aurora-backend")
        await console.until(lambda: any(words.startswith("captured") for words in facts(LOGIN)))

        def full(*told: object, **more: object) -> None:
            raise JournalError("the disk is full")

        await console.press("I")
        await console.until("Open another incident")
        monkeypatch.setattr(console.app.incidents.book, "append", full)
        await console.press("enter")
        await console.until("not opened: the disk is full")
        assert held(console) == LOGIN
        await console.until(" SEV2 ")
