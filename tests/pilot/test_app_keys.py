"""Keys that hold everywhere: the pages of one object, commands, contexts, help, refresh, saving, leaving."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aurora_tui.arranged import SwitchContext
from aurora_tui.sandbox.addresses import Addresses
from tests.pilot.console import Console, opened


@pytest.fixture
async def console(bad_release: Addresses) -> AsyncIterator[Console]:
    async with opened(bad_release) as console:
        yield console


async def test_an_object_is_described_and_one_is_back_where_one_was(console: Console) -> None:
    await console.command("deploy")
    await console.until("▸Deployments 2")
    await console.press("d")
    await console.until("Name:", "aurora-backend", "Replicas:", "aurora/backend:2.4.1")
    assert console.lines[0].startswith(" describe deployment/aurora-backend")
    assert "? Help" not in console.keys, "the keys are the page's"
    await console.press("q")
    assert "▸Deployments 2" in console.text


async def test_the_yaml_of_an_object_can_be_searched(console: Console) -> None:
    await console.command("deploy")
    await console.until("▸Deployments 2")
    await console.press("y")
    await console.until("apiVersion: apps/v1")
    assert "managedFields" not in console.text
    assert "image: aurora/backend:2.4.1" not in console.text, "further down"
    await console.press(*"/aurora/backend:\r", "n")
    await console.until("image: aurora/backend:2.4.1")
    await console.press("escape")
    assert "▸Deployments 2" in console.text


async def test_the_events_of_an_object_are_those_of_nothing_else(console: Console) -> None:
    await console.command("pods")
    await console.press(*"/crash\r")
    await console.until("▸Pods 1 of", "CrashLoopBackOff")  # now and then it runs for two seconds
    await console.press("e")
    await console.until("Back-off restarting failed container")
    assert re.search(r"LAST SEEN +TYPE +REASON", console.text)


async def test_an_alert_is_described_with_its_labels_and_its_rule(console: Console) -> None:
    await console.until("▸Alerts 3 firing")
    await console.press("d")
    await console.until("Alert:     HighErrorRate", "Severity:  critical", "Rule:      HighErrorRate in group")


async def test_an_objective_is_described_with_its_burn_rates_and_what_they_are_worth(console: Console) -> None:
    await console.command("slos")
    await console.until(
        lambda: bool((row := console.app.slos_pane.reading()) and row.burns.shares and row.spark and row.shortfall)
    )
    await console.press("d")
    await console.until("Burn rates (1x spends the budget exactly over its window):", "page    14.4x over 1h and 5m")
    await console.until("Last hour (the line is the target; the higher, the worse):", "Shortfall:  missed for")
    assert "Run by:     deployment/aurora-" in console.text
    await console.press("escape")
    await console.until("▸SLOs")


async def test_keys_on_no_row_do_nothing_and_say_so(console: Console) -> None:
    await console.command("pods")
    await console.press(*"/zzz\r", *"dyelp")
    assert "no row matches" in console.text
    assert "▸Pods 0 of 13" in console.text


async def test_commands_lead_to_every_view_and_pane(console: Console) -> None:
    for line, seen in (
        ("deploy", "▸Deployments 2"),
        ("sts", "▸StatefulSets 2"),
        ("rs", "▸ReplicaSets"),
        ("cj", "▸CronJobs"),
        ("jobs", "▸Jobs"),
        ("no", "▸Nodes 3"),
        ("ev", "▸Events"),
        ("hpa", "▸Autoscalers"),
        ("slo", "▸SLOs 13"),
        ("alerts", "▸Alerts"),
        ("logs", "▸Logs"),
        ("ds monitoring", "▸DaemonSets 1"),
        ("ns aurora", "ns aurora"),
        ("pods all", "ns all"),
        ("help", "Moving and sorting in tables"),
    ):
        await console.command(line)
        await console.until(seen)


async def test_a_command_is_completed_and_an_unknown_one_is_said_to_be(console: Console) -> None:
    await console.press(*":statef")
    await console.until("statefulset")
    await console.press("tab", "enter")
    await console.until("▸StatefulSets 2")
    await console.command("restart [red]all[/]")
    await console.until("no command 'restart'", "press ? for all of them")
    await console.press(*":deploy", "escape")
    assert "▸StatefulSets 2" in console.text


async def test_another_context_is_asked_of_the_command_line(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await console.press(*":ctx staging\r")

        assert console.app.return_value == SwitchContext("staging")


async def test_the_command_q_leaves_with_success(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await console.command("q")

        assert (console.app.return_value, console.app.is_running) == (0, False)


async def test_q_alone_leaves_pages_and_narrowings_but_never_the_program(console: Console) -> None:
    await console.command("pods")
    await console.press(*"/backend\r")
    assert "/backend" in console.text
    await console.press("q")
    assert "▸Pods 13 " in console.text
    await console.press("q", "q", "escape")
    assert console.app.is_running
    assert "▸Pods 13 " in console.text


async def test_ctrl_c_leaves_even_from_a_prompt_or_a_dialog(bad_release: Addresses) -> None:
    for way in (":", "u"):
        async with opened(bad_release) as console:
            await console.until("▸Alerts 3 firing")
            await console.press(way)
            await console.press("ctrl+c")

            assert console.app.return_value == 0, f"after {way}"


async def test_the_help_lists_keys_and_commands_and_closes(console: Console) -> None:
    await console.press("?")
    assert console.lines[0].startswith(" Help")
    assert "Everywhere" in console.text
    await console.press("G")
    assert ":ctx NAME" in console.text
    await console.press("escape")
    assert "▸" in console.text
    assert "Everywhere" not in console.text


async def test_refresh_asks_all_sources_again(console: Console) -> None:
    await console.press("ctrl+r")
    await console.until("asking all sources again")
    await console.until("● kube  ● slos  ● alerts")


async def test_a_screen_that_cannot_be_saved_is_said_and_nothing_breaks(console: Console, home: Path) -> None:
    (home / "state").write_text("in the way")
    await console.press("ctrl+s")
    await console.until("not saved")
