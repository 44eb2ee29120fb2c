"""Changing things by keys: what is asked, what is shown before, what is sent, and what can never be hit by accident."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest
from textual.color import Color

from aurora_tui.folders import state_dir
from aurora_tui.journal import Journal
from aurora_tui.model.frozen import replace
from aurora_tui.sandbox.addresses import Addresses
from tests.pilot.console import Console, demo, opened
from tests.program import Program, home
from widgets.actiondialog import ActionDialog
from widgets.answers import Answers

BACKEND = "aurora-backend"


@pytest.fixture(scope="module")
def stack() -> Iterator[Addresses]:
    """A stack for what is carried out."""
    with demo("bad-release") as addresses:
        yield addresses


@pytest.fixture
async def console(bad_release: Addresses) -> AsyncIterator[Console]:
    """The console with the keys on the deployments, the backend under the cursor."""
    async with opened(bad_release) as console:
        await to_deployments(console)
        yield console


async def to_deployments(console: Console) -> None:
    await console.command("deploy")
    await console.until("▸Deployments 2")
    assert console.under_cursor(console.app.objects_pane).startswith(BACKEND)


def dialog(console: Console) -> ActionDialog | None:
    return next((screen for screen in console.app.screen_stack if isinstance(screen, ActionDialog)), None)


def answers(console: Console) -> tuple[list[str], str]:
    """What was answered so far, and what stands in the field."""
    field = console.app.screen.query_one(Answers)
    return field.given, field.value


async def test_keys_of_one_burst_land_in_the_dialog_in_their_order(console: Console) -> None:
    await console.press(*"uprod\rOPS-1 why")
    assert answers(console) == (["prod"], "OPS-1 why")
    await console.until(f"rolls deployment/{BACKEND} back from revision 3 (2.4.1) to revision 2 (2.4.0)")
    await console.press("escape")
    assert dialog(console) is None


async def test_corrections_in_a_burst_are_made_where_they_were_typed(console: Console) -> None:
    await console.press(*"uprdo", "backspace", "backspace", *"od\rOPS-2", "left", "backspace", *"x")
    assert answers(console) == (["prod"], "OPSx2")
    await console.press("escape")

    await console.press(*"s1", "backspace", *"5\rprod\rOPS")
    await console.until(f"scales deployment/{BACKEND} from 3 to 5 replicas")
    assert answers(console) == (["prod"], "OPS")


async def test_behind_a_refused_key_the_rest_of_its_burst_is_dropped_with_a_word(bad_release: Addresses) -> None:
    off, nothing, none = "Roll back is off", "nothing here that could be triaged", "no favourite 9"
    for way, refused in (("u", off), ("m", nothing), ("9", none)):
        async with opened(bad_release, read_only=way == "u") as console:
            await console.command("ns nowhere")
            await console.command("pods" if way != "u" else "deploy all")
            await console.until("▸Pods 0" if way != "u" else "▸Deployments ")
            await console.press(*way, *"zprod\rqI OPS-7\r")
            await console.until(refused, "dropped: 15 keys typed ahead")
            assert console.app.zoomed is False
            assert console.app.screen is console.app.main
            await console.press("z")
            assert console.app.zoomed is True, "what is typed afterwards counts"


async def test_who_leaves_right_behind_a_refused_key_leaves(bad_release: Addresses) -> None:
    async with opened(bad_release, read_only=True) as console:
        await console.press("u", "ctrl+c")

        assert (console.app.return_value, console.app.is_running) == (0, False)


async def test_what_was_typed_ahead_of_the_preview_confirms_nothing(console: Console) -> None:
    await console.press(*"uprod\rOPS-3\r")
    await console.until("+ spec.template.spec.containers[backend].image: aurora/backend:2.4.0")
    await console.pilot.pause()
    assert answers(console) == (["prod"], "OPS-3")
    assert "sending" not in console.text
    assert Journal(state_dir()).entries() == []


async def test_an_enter_confirms_no_preview_that_came_after_it_was_typed(console: Console) -> None:
    await console.press("u")
    await console.until("+ spec.template.spec.containers[backend].image: aurora/backend:2.4.0")
    shown = dialog(console)
    assert shown is not None
    plan = shown._plan
    assert plan is not None
    read = asyncio.Event()

    async def reading() -> None:
        await read.wait()

    console.app.keys_wait_for(asyncio.create_task(reading()))
    await console.press(*"prod\rOPS-8\r")
    assert answers(console) == ([], ""), "they wait"
    shown.show_plan(replace(plan))
    read.set()
    await console.until("Not yet: read the preview first, then press Enter again.")
    assert answers(console) == (["prod"], "OPS-8")
    assert Journal(state_dir()).entries() == []


async def test_the_rollback_is_followed_to_its_verdict_and_kept_in_the_journal(
    stack: Addresses, tmp_path: Path
) -> None:
    async with opened(stack, signals=False) as console:
        await to_deployments(console)
        await console.press(*"uprod\rOPS-1 bad release")
        await console.until("+ spec.template.spec.containers[backend].image: aurora/backend:2.4.0")
        assert "context prod · namespace aurora · deployment/aurora-backend" in console.text
        await console.press("enter")
        await console.until("done: rolls deployment/aurora-backend back")
        await console.until(lambda: "esc Hide" in console.keys)
        await console.until("✔ pods complete: 3 pods available")
        await console.until(lambda: "u Undo this" in console.keys and "esc Close" in console.keys)
        assert "Hide" not in console.text
        await console.press("enter")
        assert dialog(console) is None
        await console.until(lambda: "3/3" in console.under_cursor(console.app.objects_pane))
        assert "aurora/backend:2.4.0" in console.text
        await console.press("u")
        await console.until("from revision 4 (2.4.0) to revision 3 (2.4.1)")
        assert "! revision 3 is what was rolled back from at " in console.text
        await console.press("escape")

    (entry,) = Journal(state_dir()).entries()
    assert (entry.action.verb, entry.action.target.name, entry.outcome) == ("undo", BACKEND, "done")
    assert entry.reason == "OPS-1 bad release"
    assert entry.verdict is not None
    assert entry.verdict.rollout == "complete"
    assert image(stack, tmp_path) == "aurora/backend:2.4.0"


async def test_a_stuck_statefulset_is_freed_from_the_dialog_that_follows_its_rollback(stack: Addresses) -> None:
    """The deletion is confirmed in a dialog of its own; the rollback's goes on below it, to its verdict."""
    async with opened(stack, signals=False) as console:
        await console.command("sts")
        await console.press("G", "g")
        await console.until(lambda: console.under_cursor(console.app.objects_pane).startswith("aurora-keycloak"))
        await console.press("i", *"-missing\rprod\rOPS-5")
        await console.until("+ spec.template.spec.containers[keycloak].image: ")
        await console.press("enter")
        await console.until("0/1 ready: will not complete while this lasts")
        await console.press("escape")

        await console.press(*"uprod\rOPS-6")
        await console.until("broken (aurora-keycloak-1: ")
        await console.press("enter")
        await console.until(lambda: "x Delete the pod" in console.keys)
        await console.press("x", *"prod\rOPS-7")
        await console.until("deletes pod/aurora-keycloak-1")
        await console.press("enter")
        await console.until("pod/aurora-keycloak-1 is gone")
        await console.press("escape")
        await console.until("✔ pods complete: 2 pods available")

    done = [(str(entry.action.verb), entry.action.target.name) for entry in Journal(state_dir()).entries()]
    assert done[:2] == [("delete", "aurora-keycloak-1"), ("undo", "aurora-keycloak")]


async def test_leaving_while_an_action_is_verified_asks_once(stack: Addresses) -> None:
    async with opened(stack, signals=False) as console:
        await to_deployments(console)
        await console.press(*"rprod\rOPS-4")
        await console.until("kubectl.kubernetes.io/restartedAt")
        await console.press("enter")
        await console.until("done: restarts")
        await console.press("escape")
        await console.until("the verification goes on")
        await console.command("q")
        await console.until("an action is still being verified")
        assert console.app.is_running
        await console.command("q")
        assert (console.app.return_value, console.app.is_running) == (0, False)


async def test_leaving_asks_anew_for_what_was_begun_since(console: Console) -> None:
    words = "an action is still being verified: press again to leave all the same"
    for _ in range(2):
        console.app.desk.busy = 1
        await console.command("q")
        assert console.app.is_running
        assert [told.message for told in console.app._notifications] == [words]
        console.app.desk.busy = 0
        console.app.clear_notifications()
        console.app.flush()


async def test_what_changed_since_the_preview_is_previewed_again_and_never_executed_as_it_was(
    stack: Addresses, tmp_path: Path
) -> None:
    async with opened(stack, signals=False) as console:
        await to_deployments(console)
        await console.press(*"s7\rprod\rOPS-5")
        await console.until(f"scales deployment/{BACKEND} from 3 to 7 replicas")
        other = Program(stack, tmp_path)
        words = ("--no-wait", "--yes", "--confirm=prod", "--reason=somebody else's")
        # To none: that alone its autoscaler leaves as it is.
        run = await asyncio.to_thread(
            subprocess.run, other.command("scale", BACKEND, "--replicas=0", *words), env=home(tmp_path), check=False
        )
        assert run.returncode == 0

        await console.press("enter")

        await console.until("changed since the preview: look at it again")
        await console.until(f"scales deployment/{BACKEND} from 0 to 7 replicas")
        await console.until("This is how it is now: look at it, and confirm it again.")
        assert other.deployment()["spec"]["replicas"] == 0
        assert answers(console) == ([], "")
        await console.press(*"prod\rOPS-5 still\r")
        await console.until(f"done: scales deployment/{BACKEND} from 0 to 7 replicas")
        assert other.deployment()["spec"]["replicas"] == 7


async def test_scale_shows_the_number_now_and_the_handbooks_bounds_and_is_never_prefilled(console: Console) -> None:
    await console.press("s")
    bounds = console.app.session.settings.services[0].capacity
    assert bounds is not None
    limits = f"{bounds.min_replicas}..{bounds.max_replicas}"
    assert console.lines[-2] == f" scale deployment/{BACKEND} (now 3, handbook {limits}) to:"
    await console.press(*"many\r")
    await console.until("'many' is not a number of replicas")
    assert dialog(console) is None
    for nothing in ("s\r", "s-1\r", "s1.5\r"):
        await console.press(*nothing)
        assert dialog(console) is None
    await console.press(*"s5\r")
    await console.until(f"scales deployment/{BACKEND} from 3 to 5 replicas")


async def test_restart_on_a_pod_means_the_workload_that_runs_it(console: Console) -> None:
    await console.command("pods")
    await console.press("r")
    await console.until(f"Restart deployment/{BACKEND} in aurora (context prod)")


@pytest.mark.parametrize("pane", ["alerts", "slos"])
async def test_keys_on_an_alert_or_an_objective_mean_the_workload_of_its_service(
    bad_release: Addresses, pane: str
) -> None:
    async with opened(bad_release) as console:
        await console.until("m mend it, ⏎ why  deployment/aurora-backend")
        await console.command(pane)
        await console.until(f"▸{'Alerts' if pane == 'alerts' else 'SLOs'}")
        await console.press("/", *"backend", "enter")
        await console.press("r")
        await console.until(f"Restart deployment/{BACKEND} in aurora (context prod)")
        await console.press("escape", "s")
        assert f" scale deployment/{BACKEND} (now " in console.lines[-2]
        await console.press(*"7\r")
        await console.until(f"scales deployment/{BACKEND} from 3 to 7 replicas")
        await console.press("escape")
        assert f"▸{'Alerts' if pane == 'alerts' else 'SLOs'}" in console.text, "the keys stay where they were"
        await console.press("i")
        assert f" image of deployment/{BACKEND}:" in console.lines[-2]
        await console.press("escape")


async def test_a_row_that_was_replaced_by_a_namesake_is_not_acted_on(console: Console) -> None:
    table = console.app.session.store.table("deployments")
    row = table.rows[f"aurora/{BACKEND}"]
    metadata = msgspec.structs.replace(row.metadata, uid="of-the-one-before")
    table.apply({f"aurora/{BACKEND}": msgspec.structs.replace(row, metadata=metadata)})
    console.app.flush()
    await console.press("u")
    await console.until(f"Not done: deployment/{BACKEND} was replaced by another of that name")
    assert "type the context's name" not in console.text


async def test_the_target_stays_while_the_list_below_the_dialog_moves(console: Console) -> None:
    await console.press("u")
    table = console.app.session.store.table("deployments")
    row = table.rows["aurora/aurora-frontend"]
    first = msgspec.structs.replace(row, metadata=msgspec.structs.replace(row.metadata, name="aaa", uid="uid-aaa"))
    table.apply({"aurora/aaa": first}, [f"aurora/{BACKEND}"])
    console.app.flush()
    await console.until(f"context prod · namespace aurora · deployment/{BACKEND}")
    shown = dialog(console)
    assert shown is not None
    assert shown._plan is not None
    assert shown._plan.action.target.name == BACKEND


async def test_read_only_dims_the_keys_says_why_and_sends_nothing(bad_release: Addresses, tmp_path: Path) -> None:
    def colour(console: Console, words: str) -> Color:
        """Of a word in the key bar."""
        strip = console.app.screen._compositor.render_strips()[-1]
        (segment,) = [segment for segment in strip if words in segment.text]
        assert segment.style is not None
        assert segment.style.color is not None
        return Color.from_rich_color(segment.style.color)

    before = Program(bad_release, tmp_path).deployment()["metadata"]["generation"]
    async with opened(bad_release, read_only=True) as console:
        await to_deployments(console)
        assert colour(console, "Roll back") == colour(console, "Restart") != colour(console, "Describe")
        for key, name in (("u", "Roll back"), ("r", "Restart"), ("s", "Scale")):
            await console.press(key)
            await console.until(f"{name} is off: this session is read-only")
        assert dialog(console) is None
        assert not console.app.prompt.is_open
    assert Program(bad_release, tmp_path).deployment()["metadata"]["generation"] == before
    assert Journal(state_dir()).entries() == []


def image(stack: Addresses, folder: Path) -> str:
    containers: list[dict[str, str]] = Program(stack, folder).deployment()["spec"]["template"]["spec"]["containers"]
    return containers[0]["image"]
