"""The keys on an alert: acknowledged, silenced by edited matchers, let speak again, and off where they may not."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest

from aurora_tui.model.alerts import Alert, AlertState
from aurora_tui.sandbox.addresses import Addresses
from tests.pilot.console import Console, demo, opened, program
from widgets.actiondialog import ActionDialog

BACKEND = {"alertname": "HighErrorRate", "job": "aurora-backend"}


@pytest.fixture(scope="module")
def stack() -> Iterator[Addresses]:
    with demo("bad-release") as addresses:
        yield addresses


@pytest.fixture(autouse=True)
def unsilenced(stack: Addresses) -> Iterator[None]:
    """Nothing is silenced after a test."""
    yield
    for silence in silences(stack):
        urllib.request.urlopen(
            urllib.request.Request(f"{stack.alertmanager}/api/v2/silence/{silence['id']}", method="DELETE")
        )


@pytest.fixture
async def console(stack: Addresses) -> AsyncIterator[Console]:
    async with opened(stack) as console:
        await on_the_alert(console, BACKEND)
        yield console


async def on_the_alert(console: Console, labels: Mapping[str, str], state: str = "firing") -> None:
    await console.command("alerts")
    await console.press(*f"/-l {','.join(map('='.join, labels.items()))}\r")
    pane, name = console.app.alerts_pane, labels["alertname"]
    await console.until(lambda: console.under_cursor(pane).split()[1:3] == [name, state])


def silences(stack: Addresses) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{stack.alertmanager}/api/v2/silences") as answer:
        return [each for each in json.load(answer) if each["status"]["state"] == "active"]


async def confirm(console: Console, reason: str = "OPS-1 known") -> None:
    # The last Enter counts only once the preview stands there.
    await console.until("protected: type the context's name", "context prod · alert/")
    await console.press(*f"prod\r{reason}\r\r")


async def test_a_acknowledges_for_15_minutes_and_x_lets_it_speak_again(console: Console, stack: Addresses) -> None:
    await console.press("a")
    await console.until("for 15m, until", "+ silenced[until ")
    assert silences(stack) == []
    await confirm(console)
    await console.until("is suppressed until", "takes it back: unsilence alert/HighErrorRate-")
    [made] = silences(stack)
    assert made["comment"] == "OPS-1 known"
    await console.press("escape")
    await console.until(lambda: "silenced" in console.under_cursor(console.app.alerts_pane))
    end = made["endsAt"].partition("T")[2][:8]
    assert f"silenced until {end}Z by {made['createdBy']}"[:50] in console.text

    await console.press("x")
    await console.until("expires the silence of alert/HighErrorRate-")
    await confirm(console)
    await console.until("is told again")
    assert silences(stack) == []


async def test_the_dialog_takes_a_silence_back_at_once(console: Console, stack: Addresses) -> None:
    await console.press("a")
    await confirm(console)
    await console.until("takes it back")

    await console.press("u")
    await console.until("expires the silence of alert/HighErrorRate-")
    await confirm(console)
    await console.until("is told again")
    assert silences(stack) == []


async def test_the_editor_begins_with_the_alerts_labels_and_says_what_else_would_be_hidden(
    console: Console, stack: Addresses
) -> None:
    await console.press("S")
    await console.until('[x]  alertname="HighErrorRate"', '[x]  job="aurora-backend"', "hides 1 firing alert now")
    assert console.text.count("[x]") == 3, "the line for one more does not count before something stands in it"
    # Up from why: the line for one more, the severity, the job.
    await console.press("up", "up", "ctrl+t", "up", "ctrl+u", *'job=~"aurora-.*"')
    await console.press("up", "ctrl+t")
    await console.until("[ ]  severity=", "[ ]  alertname=", "! also hides", "more: ")
    await console.press("up", "ctrl+u", *"1d", "up", *"OPS-7 release", "enter")
    await console.until("for 24h, until", "it also hides")
    await confirm(console)
    await console.until("is suppressed until")
    [made] = silences(stack)
    assert ([each["value"] for each in made["matchers"]], made["comment"]) == (["aurora-.*"], "OPS-7 release")


async def test_what_is_typed_ahead_into_the_editor_is_the_comment_and_then_the_dialogs(
    console: Console, stack: Addresses
) -> None:
    await console.press("S", *"OPS-9 u x d\r", *"prod\rOPS-1\r")
    await console.until("for 120m, until", "+ silenced[until ")
    await console.press("enter")
    await console.until("is suppressed until")
    [made] = silences(stack)
    assert made["comment"] == "OPS-9 u x d"
    assert {each["name"] for each in made["matchers"]} == {"alertname", "job", "severity"}


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (("down", "ctrl+u", *"soon"), "'soon' is no duration"),
        (("up", *"job"), "'job' is no matcher"),
        (("up", "up", "ctrl+t", "up", "ctrl+t", "up", "ctrl+t"), "a silence needs at least one matcher"),
        (("up", "up", "up", "ctrl+u", *"job=other"), "! does not match HighErrorRate-"),
    ],
)
async def test_what_cannot_be_meant_is_told_in_the_editor_and_asks_nothing(
    console: Console, stack: Addresses, keys: tuple[str, ...], words: str
) -> None:
    await console.press("S", *keys)
    await console.until(words)
    if not words.startswith("!"):
        await console.press("enter")
        assert not isinstance(console.app.screen, ActionDialog)
        await console.until(words)
    await console.press("escape")
    assert console.app.screen is console.app.main
    assert silences(stack) == []


async def test_of_two_silences_one_is_chosen(console: Console, stack: Addresses) -> None:
    for minutes in (10, 20):
        await console.press("S", "down", "ctrl+u", *f"{minutes}m\r")
        await confirm(console)
        await console.until("is suppressed until")
        await console.press("escape")
    await console.until("(+1)")
    first, last = sorted(silences(stack), key=lambda each: str(each["endsAt"]))

    await console.press("x")
    await console.until("2 silences hold it back; expire:")
    assert console.app.prompt._input.value == last["id"]
    console.app.prompt._input.value = first["id"]
    await console.press("enter")
    await console.until("it stays silenced until")
    await confirm(console)
    await console.until("by another silence")
    assert [each["id"] for each in silences(stack)] == [last["id"]]


async def test_an_alert_that_is_only_pending_says_that_alertmanager_does_not_have_it(console: Console) -> None:
    table = console.app.session.store.table("alerts")
    labels = {"alertname": "Soon"}
    pending = Alert("f" * 16, "Soon", AlertState.PENDING, "", None, "", labels, {}, None, sources=("prometheus",))
    console.app.session.sessions[0]._stop("signals")
    table.apply({pending.fingerprint: pending})
    await console.press("escape")
    await on_the_alert(console, labels, "pending")

    for key, name in (("a", "Ack"), ("S", "Silence"), ("x", "Unsilence")):
        await console.press(key)
        await console.until(f"{name} is off: Alertmanager does not have this alert")
    assert console.app.screen is console.app.main


async def test_x_is_dim_with_the_reason_on_an_alert_that_nothing_silences(console: Console, stack: Addresses) -> None:
    await console.press("x")
    await console.until("Unsilence is off: no silence holds it back")
    assert console.app.screen is console.app.main
    assert console.app.check_action("unsilence", ()) is None, "dim"
    assert console.app.check_action("acknowledge", ()) is True

    await console.press("a")
    await confirm(console)
    await console.until("is suppressed until")
    await console.press("escape")
    await console.until(lambda: console.app.check_action("unsilence", ()) is True)


async def marked(console: Console) -> int:
    """Mark all alerts that fire."""
    await console.press("escape", *"/firing\r", "g")
    pane = console.app.alerts_pane
    await console.until(lambda: 1 < pane.grid.visible_count == len(pane.held()) + pane.grid.visible_count - 1)
    count = pane.grid.visible_count
    await console.press(*(["space", "j"] * count))
    assert len(pane.grid.marked) == count
    return count


async def test_marked_alerts_are_acknowledged_as_one_series_and_let_speak_again_as_one(
    console: Console, stack: Addresses
) -> None:
    count = await marked(console)

    await console.press("a")
    await console.until(f"Acknowledge {count} alerts", "silences alert/")
    await console.press(*"prod\rOPS-3\r")
    await console.until(lambda: len(silences(stack)) == count)
    await console.until(f"{count} done")
    assert {each["comment"] for each in silences(stack)} == {"OPS-3"}
    await console.until(lambda: len([alert for alert in alerts(console) if alert.silences]) == count)
    assert console.app.desks.keepers[""].kept == {alert.fingerprint for alert in alerts(console) if alert.silences}

    await console.press("escape", "escape", *"/silenced\r", "g")
    await console.until(lambda: console.app.alerts_pane.grid.visible_count == count)
    await console.press(*(["space", "j"] * count), "x")
    await console.until(f"Unsilence {count} alerts", "expires the silence of alert/")
    await console.press(*"prod\rOPS-3\r")
    await console.until(lambda: silences(stack) == [])
    await console.until(f"{count} done")
    assert console.app.desks.keepers[""].kept == frozenset()


async def test_marked_alerts_are_silenced_each_by_its_own_labels(console: Console, stack: Addresses) -> None:
    count = await marked(console)

    await console.press("S")
    await console.until(f"Silence {count} alerts", "each by all of its own labels")
    await console.press(*"OPS-4\r")
    await console.until(f"Silence {count} alerts", "for 120m, until")
    await console.press(*"prod\rOPS-4\r")
    await console.until(lambda: len(silences(stack)) == count)
    assert all(len(each["matchers"]) >= 2 for each in silences(stack))
    await console.until(f"{count} done")


async def test_an_acknowledgement_goes_on_while_keys_are_pressed_and_ends_in_words_without(stack: Addresses) -> None:
    """No key is pressed after the acknowledgement: it is prolonged once, as that is not long ago, and then no more."""
    ahead = 0.0
    app = program(stack)
    app.session.clock = lambda: time.time() + ahead
    app._last_key = app.session.clock()
    async with app.run_test(size=(160, 48), notifications=True) as pilot:
        console = Console(app, pilot)
        await console.until("● kube  ● slos  ● alerts")
        await on_the_alert(console, BACKEND)
        await console.press("a")
        await confirm(console)
        await console.until("is suppressed until")
        await console.press("escape")
        [first] = silences(stack)

        ahead = 730.0
        await console.until(lambda: [each["endsAt"] > first["endsAt"] for each in silences(stack)] == [True])
        [second] = silences(stack)
        ahead = 1460.0
        app.flush()
        await pilot.pause()
        assert silences(stack) == [second]
        ahead = 1700.0
        await console.until("the acknowledgement of")
        assert app.desks.keepers[""].kept == frozenset()


def alerts(console: Console) -> list[Alert]:
    return list(console.app.session.store.table("alerts").rows.values())


async def test_read_only_the_keys_are_off_and_say_why(stack: Addresses) -> None:
    async with opened(stack, read_only=True) as console:
        await on_the_alert(console, BACKEND)
        for key, name in (("a", "Ack"), ("S", "Silence"), ("x", "Unsilence")):
            await console.press(key)
            await console.until(f"{name} is off: this session is read-only")
        assert console.app.screen is console.app.main
        assert not console.app.prompt.is_open
    assert silences(stack) == []
