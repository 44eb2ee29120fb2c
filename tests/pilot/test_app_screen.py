"""The first screen and how it fits the terminal: what an operator who was just paged reads without pressing a key."""

from __future__ import annotations

import re

import pytest
from textual.geometry import Region

from aurora_tui.firstframe import drawn
from aurora_tui.model.actions import Verb
from aurora_tui.model.selection import ObjectRef
from aurora_tui.sandbox.addresses import Addresses
from tests.pilot.console import Console, opened, program
from widgets.actiondialog import ActionDialog

SIZES = [(160, 48), (120, 36), (80, 24)]
EVERY_SIZE = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
BACKEND = "deployment/aurora-backend"


def firing(lines: list[str]) -> int:
    """How many rows say that an alert fires."""
    return sum(" firing " in line for line in lines)


def shape(console: Console) -> dict[str, Region]:
    return {pane.heading: pane.region for pane in console.app.panes}


async def worst_shown(console: Console) -> None:
    """The alerts and the logs that belong to the worst of them are on the screen."""
    await console.until(lambda: "critical" in console.under_cursor(console.app.alerts_pane))
    await console.until(f"Logs {BACKEND}  following")


@EVERY_SIZE
async def test_the_first_screen_says_where_one_is_what_burns_and_which_key_mends_it(
    bad_release: Addresses, size: tuple[int, int]
) -> None:
    async with opened(bad_release, size) as console:
        await worst_shown(console)
        await console.until(lambda: "v1.32.4" in console.status)
        alerts = console.app.alerts_pane
        await console.until(lambda: console.status.endswith(f" {firing(console.body(alerts))} firing"))

        assert re.match(r" PRODUCTION  prod  ns aurora  v1\.32\.4 ", console.status)
        assert firing(console.body(alerts)) >= 2
        assert console.title(alerts).startswith("▸Alerts")
        assert re.match(r"critical +HighErrorRate +firing +\d+m", console.under_cursor(alerts))
        assert str(alerts.subject()) == "service backend"
        below = "\n".join(console.body(alerts)[-3:])
        assert re.search(r"aurora-backend fails \d+(\.\d+)?% of its requests", below)
        assert f"  m mend it, ⏎ why  {BACKEND}" in below
        assert "rolls" not in below, "nobody has looked yet for what would help"
        for pane in console.app.panes:
            assert not re.search(r"[^ ](live|stale|down)( ·|$)", console.title(pane)), "no gap before the state"


async def test_the_keys_that_mend_an_alert_are_named_only_while_they_would(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await worst_shown(console)
        await console.until(f"  m mend it, ⏎ why  {BACKEND}")

        await console.command("sts")
        await console.until("▸StatefulSets")
        assert "u Roll back" in console.keys, "it means the row under the cursor"
        await console.until(lambda: f"m mend it, ⏎ why  {BACKEND}" not in console.text)
        assert BACKEND in "\n".join(console.body(console.app.alerts_pane)[-2:])

        await console.command("alerts")
        await console.until(f"  m mend it, ⏎ why  {BACKEND}")


async def test_the_logs_of_the_worst_are_followed_from_the_start_and_the_focus_stays(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await worst_shown(console)
        await console.until("ERROR")

        pods = [name for name in console.rows(console.app.objects_pane) if name.startswith("aurora-backend-")]
        shorts = [line.split()[0] for line in console.body(console.app.logs_pane)]
        assert {name[-5:] for name in pods} & set(shorts), "the pods' names are short"
        assert "▸Alerts" in console.text


async def test_logs_that_the_operator_chose_are_not_replaced_by_those_of_the_worst(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await worst_shown(console)
        await console.command("sts")
        await console.until(lambda: console.rows(console.app.objects_pane) == ["aurora-keycloak", "aurora-postgres"])
        await console.press("l")
        await console.until("Logs statefulset/aurora-keycloak")
        await console.command("alerts")
        await console.press("j", "k")
        await console.pilot.pause(0.3)

        assert "Logs statefulset/aurora-keycloak" in console.text


@pytest.mark.parametrize("size", [SIZES[0], SIZES[-1]])
async def test_where_nothing_fires_the_operator_starts_on_the_objects(
    healthy: Addresses, size: tuple[int, int]
) -> None:
    async with opened(healthy, size) as console:
        await console.until("▸Pods", "none firing")

        assert "all on target" in console.title(console.app.slos_pane)
        await console.until(
            lambda: re.match(r" Alerts none +live · now", console.title(console.app.alerts_pane)) is not None
        )
        assert console.under_cursor(console.app.objects_pane).startswith("aurora-backend-")


async def test_an_operator_who_was_faster_keeps_the_pane_that_he_chose(
    healthy: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = program(healthy)
    start = app.session.start
    monkeypatch.setattr(app.session, "start", lambda: None)
    async with app.run_test(size=(160, 48)) as pilot:
        console = Console(app, pilot)
        await console.press("tab", "tab", "tab")
        start()  # whatever answers, it answers later
        await console.until("none firing", "● kube  ● slos  ● alerts")

        assert "▸SLOs" in console.text


@pytest.mark.parametrize("size", [SIZES[0], SIZES[-1]])
async def test_read_only_is_a_badge_beside_the_environment(bad_release: Addresses, size: tuple[int, int]) -> None:
    async with opened(bad_release, size, read_only=True) as console:
        await console.until("firing")

        assert re.match(r" PRODUCTION +READ-ONLY +prod ", console.status)
        assert re.search(r"\d firing$", console.status)


async def test_a_terminal_that_is_too_small_is_told_so_and_the_keys_are_back_once_it_is_not(
    bad_release: Addresses,
) -> None:
    async with opened(bad_release, (80, 24)) as console:
        for width, height in ((59, 24), (80, 14)):
            await console.pilot.resize_terminal(width, height)
            await console.pilot.pause()
            assert console.text.split() == f"{width}x{height} is too small: at least 60x15 is needed".split()
        await console.pilot.resize_terminal(60, 15)
        await console.until("▸Alerts", "PRODUCTION")
        await console.press("tab")

        assert "▸Pods" in console.text


async def test_a_dialog_survives_a_terminal_that_was_too_small_for_a_moment(bad_release: Addresses) -> None:
    async with opened(bad_release, (80, 24)) as console:
        await worst_shown(console)
        console.app.act(Verb.UNDO, ObjectRef("Deployment", "aurora", "aurora-backend"), {})
        await console.until("aurora/backend:2.4.0")
        await console.pilot.resize_terminal(40, 10)
        await console.pilot.resize_terminal(80, 24)
        await console.until("type the context's name (prod)")

        assert isinstance(console.app.screen, ActionDialog)


async def test_the_layout_follows_the_terminal_in_both_directions(bad_release: Addresses) -> None:
    shapes: dict[tuple[int, int], dict[str, Region]] = {}
    async with opened(bad_release) as console:
        await worst_shown(console)
        for size in SIZES:
            await console.pilot.resize_terminal(*size)
            await console.pilot.pause()
            shapes[size] = shape(console)
        for size in reversed(SIZES):
            await console.pilot.resize_terminal(*size)
            await console.pilot.pause()
            assert shape(console) == shapes[size]
    async with opened(bad_release, (80, 24)) as console:
        await worst_shown(console)
        assert shape(console) == shapes[80, 24]


async def test_side_by_side_all_four_panes_are_open_and_stacked_the_others_are_titles(bad_release: Addresses) -> None:
    async with opened(bad_release, (120, 36)) as console:
        assert all(pane.region.height > 5 for pane in console.app.panes)
        await console.pilot.resize_terminal(80, 24)
        await console.pilot.pause()

        heights = {pane.heading: pane.region.height for pane in console.app.panes}
        assert (heights["SLOs"], heights["Logs"]) == (1, 1)
        assert min(heights["Alerts"], heights["Pods"]) > 5


async def test_zoom_gives_one_pane_the_screen_and_takes_it_back(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await worst_shown(console)
        before = shape(console)
        await console.press("z")

        assert console.lines[1].startswith("▸Alerts")
        assert console.app.alerts_pane.region.size == (160, 46)
        assert not re.search(r"^[ ▸](Pods|SLOs|Logs) ", console.text, re.M)
        await console.press("tab")
        assert console.lines[1].startswith("▸Pods")
        await console.press("escape")
        assert shape(console) == before


@pytest.mark.parametrize("size", [SIZES[0], SIZES[-1]])
async def test_tab_goes_round_the_panes_and_back(bad_release: Addresses, size: tuple[int, int]) -> None:
    def active(console: Console) -> str:
        (marked,) = re.findall(r"▸(\w+)", console.text)
        return str(marked)

    async with opened(bad_release, size) as console:
        await worst_shown(console)
        seen = [active(console)]
        for key in ("tab", "tab", "tab", "tab", "shift+tab", "shift+tab"):
            await console.press(key)
            seen.append(active(console))

        assert seen == ["Alerts", "Pods", "Logs", "SLOs", "Alerts", "SLOs", "Logs"]


async def test_the_titles_of_collapsed_panes_carry_their_facts(bad_release: Addresses) -> None:
    async with opened(bad_release, (80, 24)) as console:
        await worst_shown(console)
        await console.press("shift+tab", "shift+tab")

        assert "▸Logs" in console.text
        missed = r"\d miss their target: frontend availability \d\d\.\d\d %"
        # Once enough has burned for long enough a page comes first, and the rest may be cut.
        assert re.search(rf"^ SLOs 13  ({missed}|\d worth a page  \d miss)", console.text, re.M)
        assert re.search(r"^ Alerts \d firing: HighErrorRate.* live · \w+", console.text, re.M)
        assert re.search(r"^ Pods 13 .* live · \w+", console.text, re.M)


@EVERY_SIZE
async def test_the_first_frame_has_the_panes_where_the_screen_has_them(
    healthy: Addresses, size: tuple[int, int]
) -> None:
    async with opened(healthy, size) as console:
        await console.command("pods")
        lines = console.text.splitlines()
        places = re.findall(r"\x1b\[(\d+);(\d+)H (\w+)", drawn(*size, "prod"))
        titles = [(int(y), int(x), title) for y, x, title in places if title != "connecting"]
        assert [title for *_, title in titles] == ["SLOs", "Alerts", "Pods", "Logs"]
        for y, x, title in titles:
            assert lines[y - 1][x : x + len(title)] == title
