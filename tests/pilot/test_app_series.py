"""Several objects at once by keys: what is listed before, what is left out, what waits, and how it is stopped."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from aurora_tui.folders import state_dir
from aurora_tui.journal import Journal
from aurora_tui.model.policies import Policy
from aurora_tui.sandbox.addresses import Addresses
from tests.pilot.console import Console, demo, opened
from widgets.series import SeriesScreen


@pytest.fixture(scope="module")
def stack() -> Iterator[Addresses]:
    """A healthy stack for what is carried out."""
    with demo("healthy") as addresses:
        yield addresses


@pytest.fixture
async def console(stack: Addresses) -> AsyncIterator[Console]:
    """The console with the keys on the deployments."""
    async with opened(stack, signals=False) as console:
        await console.command("deploy")
        await console.until("▸Deployments 2")
        yield console


def listed(console: Console) -> list[list[str]]:
    """State, object and verb of the rows of the series."""
    shown = console.app.screen
    assert isinstance(shown, SeriesScreen)
    rows = shown.grid.visible_rows()
    return [[row.state, str(row.ref), row.item.step.verb.value if row.item else ""] for row in rows]


def flat(console: Console) -> str:
    """The screen as one line: what it says, however it is wrapped."""
    return " ".join(console.text.split())


async def test_marked_rows_are_scaled_as_one_journalled_each_and_taken_back_as_one(console: Console) -> None:
    # To none: from there the stack's autoscalers leave them alone.
    await console.press("space", "j", "space", *"s0\rprod\rOPS-1 stop")
    await console.until("changes 2 deployments in aurora")
    await console.until("one by one, each followed to its end; the first failure stops the rest")
    assert listed(console) == [
        ["ready", "deployment/aurora-backend", "scale"],
        ["ready", "deployment/aurora-frontend", "scale"],
    ]
    assert "+ spec.replicas: 0" in console.text
    assert Journal(state_dir()).entries() == []

    await console.press("enter")

    await console.until("✔ 2 done")
    assert [row[0] for row in listed(console)] == ["done", "done"]
    entries = Journal(state_dir()).entries()
    assert {entry.action.target.name for entry in entries} == {"aurora-backend", "aurora-frontend"}
    assert {(entry.part_of, entry.reason) for entry in entries} == {("scale replicas=0 on 2 deployments", "OPS-1 stop")}

    await console.press("u")
    await console.until("Take back 2 deployments")
    await console.until("scales deployment/aurora-frontend from 0 to")
    await console.press(*"prod\rOPS-1 go on\r")
    await console.until("✔ 2 done")
    await console.press("escape")
    assert not console.app.objects_pane.grid.marked


async def test_what_the_filter_hides_is_not_among_the_marked(console: Console) -> None:
    await console.press("space", "j", "space", *"/front\r", "r")
    await console.until("1 more marked are hidden by the filter and stay as they are")
    assert listed(console) == [["ready", "deployment/aurora-frontend", "restart"]]
    await console.press("escape")
    assert Journal(state_dir()).entries() == []


async def test_a_marked_row_that_has_just_gone_is_left_out(console: Console) -> None:
    await console.press("space", "j", "space")
    pane = console.app.objects_pane
    pane.table.apply({}, ["aurora/aurora-backend"])  # and the screen has not been painted since
    assert [ref.name for ref in pane.marked(workloads=True).refs] == ["aurora-frontend"]


async def test_a_node_that_is_marked_behind_the_filter_is_not_drained_nor_is_another_in_its_place(
    console: Console,
) -> None:
    await console.command("nodes")
    await console.until(lambda: console.app.objects_pane.grid.visible_count > 1)
    marked = console.under_cursor(console.app.objects_pane).split()[0]
    await console.press("space", *f"/!{marked}\r", "r")
    await console.until("1 more marked are hidden by the filter")
    assert console.app.screen is console.app.main


async def test_marked_pods_mean_their_workloads_once_each_or_themselves(console: Console) -> None:
    await console.command("pods")
    await console.until("▸Pods")
    await console.press("space", "j", "space", "j", "space")
    marked = len(console.app.objects_pane.grid.marked)
    assert marked == 3
    await console.press("r")
    await console.until("changes 1 deployment in aurora")
    await console.press("escape")
    await console.press("ctrl+d")
    await console.until("changes 3 pods in aurora")
    assert {row[2] for row in listed(console)} == {"delete"}
    await console.press("escape")


async def test_a_failure_stops_the_rest_unless_the_operator_chose_to_go_on(console: Console) -> None:
    await console.press("space", "j", "space", "r")
    await console.until("the first failure stops the rest")
    await console.press("ctrl+o")
    await console.until("all at once; a failure does not stop the rest")
    await console.press("ctrl+o")
    await console.until("the first failure stops the rest")


async def test_more_than_the_policies_allow_cannot_be_confirmed(stack: Addresses) -> None:
    async with opened(stack, signals=False, policies=(Policy("bulk", cap=1),)) as console:
        await console.command("deploy")
        await console.until("▸Deployments 2")
        await console.press("space", "j", "space", "r")
        await console.until("✘ these are 2 objects, and policies allow 1 in one bulk action: choose fewer")
        await console.press(*"prod\rOPS\r")
        await console.press("enter")
        assert Journal(state_dir()).entries() == []


async def test_a_drain_waits_for_a_budget_by_name_is_hidden_shown_again_stopped_and_taken_up() -> None:
    with demo("bad-release") as stack:
        async with opened(stack, signals=False) as console:
            await to_a_node_with_a_backend_pod(console)
            node = console.under_cursor(console.app.objects_pane).split()[0]
            await console.press(*"rprod\rOPS-2 kernel")
            await console.until(f"cordons node/{node} and evicts")
            assert ["ready", f"node/{node}", "cordon"] in listed(console)
            budget = (
                "! PDB aurora-backend allows no disruption now, and 1 pod of it is here: waiting until it allows one"
            )
            await console.until(lambda: budget in flat(console))
            await console.press("enter")
            await console.until("1 waiting for a budget")
            (waiting,) = [row[1] for row in listed(console) if row[0] == "waits"]
            assert waiting.startswith("pod/aurora-backend-")
            assert "the disruption budget aurora-backend needs 2 healthy pods" in flat(console)

            await console.press("escape")
            await console.until("it goes on")
            await console.press("r")
            await console.until("1 waiting for a budget")
            await console.press("escape")
            await console.command("series")
            await console.until("1 waiting for a budget")
            await console.press("x")
            left = f"1 pod ({waiting.removeprefix('pod/')}) still on it: drain it again to go on"
            await console.until(lambda: left in flat(console))
            assert ["not begun", waiting, "evict"] in listed(console)

            await console.press("escape", "r")
            await console.until(f"node/{node} is cordoned already")
            assert [row for row in listed(console) if row[0] == "ready"] == [["ready", waiting, "evict"]]
            await console.press("escape")
            await console.command("undo")
            await console.until(f"uncordons node/{node}")


async def to_a_node_with_a_backend_pod(console: Console) -> None:
    table = console.app.session.store.table("pods")
    nodes = [row.spec.node_name for row in table.rows.values() if row.metadata.name.startswith("aurora-backend")]
    await console.command("nodes")
    await console.until(lambda: bool(console.app.objects_pane.grid.visible_count))
    for _ in range(console.app.objects_pane.grid.visible_count):
        if console.under_cursor(console.app.objects_pane).split()[0] in nodes:
            return
        await console.press("j")
    raise AssertionError(f"none of {nodes} is listed")
