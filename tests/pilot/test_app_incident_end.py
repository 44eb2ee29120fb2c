"""From the alert to the end of the incident: the rollback stands in the timeline, others are told, calm closes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aurora_tui.folders import state_dir
from aurora_tui.incident.book import Book
from aurora_tui.model.facts import FactKind
from aurora_tui.model.frozen import replace
from aurora_tui.model.incident_settings import Channel, ChannelKind, IncidentSettings
from aurora_tui.sandbox.addresses import Addresses
from aurora_tui.settings import load_settings
from tests.pilot.console import opened
from tests.pilot.test_app_incident import open_incident, row
from tests.unit.test_incident_notify import KEY, Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def settings(receiver: Receiver, folder: Path, calm: float = 300.0) -> IncidentSettings:
    shipped = load_settings(environ={"HOME": "/nowhere"}).incident
    secret = folder / "page.key"
    secret.write_text(KEY)
    page = Channel("page", ChannelKind.PAGERDUTY, secret_file=str(secret), server=f"{receiver.url}/v2/enqueue")
    return IncidentSettings(calm=calm, channels=(page,), templates=shipped.templates)


def events(receiver: Receiver) -> list[dict[str, Any]]:
    return [body for _, body in receiver.got]


async def test_nothing_is_sent_before_it_was_shown_and_consented_to(
    bad_release: Addresses, receiver: Receiver, home: Path
) -> None:
    async with opened(bad_release, incident=settings(receiver, home)) as console:
        await open_incident(console)
        await console.press("!")
        await console.until("Tell others of HighErrorRate of backend", "1 [ ] page", "opened: [sev1] HighErrorRate")
        await console.press("enter")  # Cancel has the keys
        await console.until(lambda: "Tell others" not in console.text)
        assert receiver.got == []
        await console.press("!")
        await console.until("1 [ ] page")
        await console.press("1")
        await console.until("1 [x] page")
        await console.press("1")
        await console.until("1 [ ] page")
        await console.press("right", "enter")  # there is nobody to send it to: Cancel keeps the keys
        await console.until(lambda: "Tell others" not in console.text)
        assert receiver.got == []
        await console.press("!")
        await console.until("1 [ ] page")
        await console.press("1", "tab", "enter")
        await console.until("opened to page was sent", "Tell the stakeholders")
        (event,) = events(receiver)
        assert event["event_action"] == "trigger"
        assert event["payload"]["summary"].startswith("[sev1] HighErrorRate of backend in prod: being looked at by")
        assert KEY not in console.text
        await console.press("!")  # who was told once is told on
        await console.until("1 [x] page", "update: [sev1] HighErrorRate")


async def test_only_chats_are_chosen_at_first_and_each_of_many_channels_can_be(
    bad_release: Addresses, receiver: Receiver, home: Path
) -> None:
    (home / "hook.url").write_text(f"{receiver.url}/hook")
    chats = tuple(Channel(f"chat-{n}", ChannelKind.CHAT, secret_env="NOWHERE") for n in range(1, 12))
    hook = Channel("hook", ChannelKind.WEBHOOK, secret_file=str(home / "hook.url"))
    public = Channel("public", ChannelKind.STATUS, secret_env="NOWHERE")
    told = replace(settings(receiver, home), channels=(*chats, public, hook))
    receiver.status = 200
    async with opened(bad_release, (160, 26), incident=told) as console:
        await open_incident(console)
        await console.press("!")
        await console.until("▸1 [x] chat-1", " 9 [x] chat-9")
        for _ in chats:
            await console.press("space", "down")
        await console.until("[ ] chat-11", "▸  [ ] public")
        await console.press("down", "space")
        await console.until("▸  [x] hook")
        await console.press("right", "enter")
        await console.until("opened to hook was sent")
        assert [path for path, _ in receiver.got] == ["/hook"]
    facts = Book(state_dir()).facts(Book(state_dir()).incidents()[0].id)
    assert [fact.body["channel"] for fact in facts if fact.kind is FactKind.NOTICE] == ["hook"]


async def test_without_channels_it_says_where_to_name_them(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await open_incident(console)
        await console.until("log lines of deployment/aurora-backend")
        await console.press("!")
        await console.until("Nobody to tell: name channels under incident.notify")
        await console.until("[sev1] HighErrorRate of backend in prod: being looked at by")
        await console.until("copy it, and tick the step by hand")
        await console.press("escape")
        await console.until("4 Resolution")
        assert "ticks when told" in row(console, "Tell the stakeholders")
        assert "space ticks it" in row(console, "Identify the root cause")
        assert "by itself" not in row(console, "Tell the stakeholders")


async def test_calm_for_long_enough_ends_it_with_its_cost(healthy: Addresses, receiver: Receiver, home: Path) -> None:
    async with opened(healthy, incident=settings(receiver, home, calm=1.0)) as console:
        await console.press("I")
        await console.until("Open an incident")
        await console.press("enter")
        await console.until("4 Resolution")
        await console.press("x")
        await console.until("waits until all is well", "resolved: well for")
        await console.until(lambda: console.app.incident_facts() is None)
        await console.press("!")
        await console.until("resolved: [sev2]")
        await console.press("1", "right", "enter")
        await console.until("resolved to page was sent")
        assert [event["event_action"] for event in events(receiver)] == ["resolve"]
        await console.press("p")
        await console.until("## Impact", "events failed")


async def test_what_was_done_stands_in_the_timeline_and_nothing_ends_while_it_burns(
    stack: Addresses, receiver: Receiver, home: Path
) -> None:
    async with opened(stack, incident=settings(receiver, home, calm=1.0)) as console:
        incident = await open_incident(console)
        await console.press("x")
        await console.until("not well yet: ")
        await console.press("escape", "u")
        await console.until("rolls deployment/aurora-backend back")
        await console.type(f"{stack.context}\rOPS-7 bad release\r")
        await console.until("done: ")
        await console.press("escape", "I")
        await console.until("undo deployment/aurora-backend: done (OPS-7 bad release)", "Restart, or roll back")
        assert console.app.incident_facts() is not None
    facts = Book(state_dir()).facts(incident.id)
    (action,) = [fact for fact in facts if fact.kind is FactKind.ACTION]
    assert action.body["seen"] == ["action", "mending", "restarted"]
    assert "params: revision=2" in action.body["details"]


async def test_what_cannot_become_calm_is_closed_with_a_reason_that_others_hear(
    bad_release: Addresses, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = replace(load_settings(environ={"HOME": "/nowhere"}).incident, shared=str(home / "shared"))
    async with opened(bad_release, incident=shared) as console:
        incident = await open_incident(console)
        await console.press("x")
        await console.until("not well yet: ")
        monkeypatch.setenv("XDG_STATE_HOME", str(home / "other"))
        async with opened(bad_release, incident=shared) as other:
            await other.until(" SEV1 ")
            await console.press("X")
            await console.until("Close it without calm", "now: ")
            await console.press("enter")
            await console.until("without calm it needs a reason")
            await console.type("moved to OPS-9")
            await console.press("enter")
            await console.until("resolved without calm: moved to OPS-9", "captured the panes at the end")
            assert "resolved without calm" in console.lines[0]
            await other.until("resolved without calm: HighErrorRate of backend, by", "moved to OPS-9")
            await other.until(lambda: other.app.incident_facts() is None)
        await console.press("X")
        await console.until("no incident is open")
        await console.press("p")
        await console.until("- Resolved without calm: ", "`moved to OPS-9`", "events failed")
    (closed,) = [each for each in Book(home / "state" / "aurora-tui").facts(incident.id) if "without_calm" in each.body]
    assert any(" is firing" in line for line in closed.body["details"])
