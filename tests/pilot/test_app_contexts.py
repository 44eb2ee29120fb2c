"""Two clusters with the same namespaces and names on one screen: shown together, and never taken for each other."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from aurora_tui.arranged import SwitchContext
from aurora_tui.cluster.resources import DEPLOYMENTS
from aurora_tui.folders import state_dir
from aurora_tui.journal import Journal
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.policies import Policy
from aurora_tui.signals.alertmanager import AlertmanagerClient
from tests.pilot.console import Console
from tests.pilot.twins import EU, US, Twins, opened_on, twins
from widgets.actiondialog import ActionDialog
from widgets.answers import Answers
from widgets.textpage import TextPage

BACKEND = "aurora-backend"
BAD, GOOD = "aurora/backend:2.4.1", "aurora/backend:2.4.0"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    """Two stacks that are alike to the letter; the tests of this module change them."""
    with twins(tmp_path_factory.mktemp("pair"), {EU: "bad-release", US: "bad-release"}) as made:
        yield made


@asynccontextmanager
async def deployments(pair: Twins, **changed: Any) -> AsyncIterator[Console]:
    """The console on both, without signals, with the keys on the deployments."""
    async with opened_on(pair, signals=False, **changed) as console:
        await console.command("deploy")
        await console.until("▸Deployments 4")
        yield console


def objects(console: Console) -> list[list[str]]:
    """The first two words of the rows of objects: context and name."""
    pane = console.app.objects_pane
    found = console.body(pane)[1 : pane.grid.size.height]
    return [line.strip("● ▐▕").split()[:2] for line in found if line.strip(" ▐▕")]


async def go_to(console: Console, context: str, name: str = BACKEND) -> None:
    """Put the cursor on a row as an operator does."""
    await console.press("g")
    for _ in range(console.app.objects_pane.grid.visible_count):
        if console.under_cursor(console.app.objects_pane).strip("● ").split()[:2] == [context, name]:
            return
        await console.press("j")
    raise AssertionError(f"no row {context} {name}\n{console.text}")


def dialog(console: Console) -> ActionDialog | None:
    return next((screen for screen in console.app.screen_stack if isinstance(screen, ActionDialog)), None)


def answers(console: Console) -> tuple[list[str], str]:
    field = console.app.screen.query_one(Answers)
    return field.given, field.value


async def spec(pair: Twins, context: str, name: str = BACKEND) -> dict[str, Any]:
    """What the API server of a context says of a Deployment."""
    session = pair.session(context, signals=False)
    try:
        found = (await session.cluster.get(DEPLOYMENTS, "aurora", name))["spec"]
    finally:
        await session.close()
    assert isinstance(found, dict)
    return found


async def image(pair: Twins, context: str) -> str:
    return str((await spec(pair, context))["template"]["spec"]["containers"][0]["image"])


async def test_rows_of_both_are_shown_with_their_context_and_can_be_filtered_and_sorted_by_it(pair: Twins) -> None:
    async with deployments(pair) as console:
        assert "prod-eu + prod-us" in console.status
        assert "PROD-EU + PROD-US" in console.status
        names = [BACKEND, "aurora-frontend"]
        assert objects(console) == [[context, name] for context in (EU, US) for name in names]

        await console.press(*"/prod-us\r")
        assert objects(console) == [[US, name] for name in names]
        await console.press("escape", "N")
        assert objects(console) == [[context, name] for name in names for context in (EU, US)]


async def test_a_rollback_in_one_context_changes_that_one_only_and_the_journal_names_it(pair: Twins) -> None:
    assert [await image(pair, each) for each in (EU, US)] == [BAD, BAD]
    async with deployments(pair) as console:
        await go_to(console, US)
        await console.press(*"uprod-eu\r")
        assert answers(console) == ([], "prod-eu")  # the other context's name confirms nothing
        await console.press("escape")
        await console.press(*"uprod-us\rOPS-1 bad release")
        await console.until(f"context {US} · namespace aurora · deployment/{BACKEND}")
        await console.until(f"+ spec.template.spec.containers[backend].image: {GOOD}")
        await console.press("enter")
        await console.until(f"done: rolls deployment/{BACKEND} back")

        assert [await image(pair, each) for each in (EU, US)] == [BAD, GOOD]
        (entry,) = Journal(state_dir()).entries()
        assert (entry.action.verb, entry.action.target.context, entry.outcome) == ("undo", US, "done")
        await console.press("escape")

        # What takes it back goes there as well, wherever the cursor stands by then.
        await go_to(console, EU)
        await console.command("undo")
        await console.until(f"context {US} · namespace aurora · deployment/{BACKEND}")
        await console.press(*"prod-us\rOPS-1 after all")
        await console.until(f"+ spec.template.spec.containers[backend].image: {BAD}")
        await console.press("enter")
        await console.until(f"done: rolls deployment/{BACKEND} back")
    assert [await image(pair, each) for each in (EU, US)] == [BAD, BAD]
    assert [entry.action.target.context for entry in Journal(state_dir()).entries()] == [US, US]


async def test_marks_in_both_are_refused_in_words_and_in_one_change_that_one_only(pair: Twins) -> None:
    async with deployments(pair) as console:
        before = [(await spec(pair, each))["replicas"] for each in (EU, US)]
        await go_to(console, EU)
        await console.press("space")
        await go_to(console, US)
        await console.press("space", "s")
        await console.until("the marked rows lie in prod-eu and prod-us")
        assert console.app.prompt.display is False
        await console.press("r", "i")
        assert console.app.screen is console.app.main
        assert Journal(state_dir()).entries() == []

        await go_to(console, EU)
        await console.press("space")
        await go_to(console, US, "aurora-frontend")
        await console.press("space", *"s0\rprod-us\rOPS-2 stop")
        await console.until("changes 2 deployments in aurora", "+ spec.replicas: 0")
        await console.press("enter")
        await console.until("✔ 2 done")
        assert [(await spec(pair, each))["replicas"] for each in (EU, US)] == [before[0], 0]
        assert {entry.action.target.context for entry in Journal(state_dir()).entries()} == {US}

        await console.press("u")
        await console.until("Take back 2 deployments", "scales deployment/aurora-frontend from 0 to")
        await console.press(*"prod-us\rOPS-2 go on\r")
        await console.until("✔ 2 done")
    assert (await spec(pair, EU))["replicas"] == before[0]
    assert (await spec(pair, US))["replicas"] > 0


async def test_each_row_has_the_policies_of_its_context(pair: Twins) -> None:
    frozen = Policy("frozen", contexts=(US,), deny="prod-us is frozen")
    async with deployments(pair, policies=(frozen,)) as console:
        await go_to(console, US)
        await console.press("r")
        await console.until(lambda: any("prod-us is frozen" in said.message for said in console.app._notifications))
        assert dialog(console) is None
        await go_to(console, EU)
        await console.press("r")
        await console.until(f"context {EU} · namespace aurora · deployment/{BACKEND}")


async def test_what_is_looked_at_is_read_from_the_rows_own_cluster(pair: Twins) -> None:
    async with deployments(pair) as console:
        await go_to(console, US)
        await console.press("enter")
        await console.until(f"Pods of deployment/{BACKEND} in {US}")
        assert {context for context, _ in objects(console)} == {US}
        await console.press("y")
        await console.until(lambda: isinstance(console.app.screen, TextPage), f"in {US}")
        await console.press("escape", "w")
        await console.until(f"What changed  deployment/{BACKEND} in {US}")
        await console.press("escape", "R")
        await console.until(f"History of deployment/{BACKEND} in {US}")
        await console.press("escape", "l")
        await console.until(f"in {US}  following")
        assert console.app.logs_pane.selection is not None
        assert console.app.logs_pane.selection.context == US
        await console.until(lambda: len(console.app.logs_pane.buffer) > 0)


async def test_an_acknowledgement_reaches_the_alertmanager_of_the_alerts_context_only(pair: Twins) -> None:
    async with opened_on(pair) as console:
        await console.until("6 firing")
        pane = console.app.alerts_pane
        await console.command("alerts")
        await console.press(*"/prod-us.*HighLatency\r")
        await console.until(lambda: pane.grid.visible_count == 1)
        await console.press("a", *"prod-us\rOPS-3")
        await console.until("silences alert/HighLatency")
        await console.press("enter")
        await console.until("done: ")
        await console.press("escape", "escape")

    async def silences(context: str) -> int:
        async with AlertmanagerClient(HttpAccess(pair.stacks[context].alertmanager)) as client:
            return len(await client.silences())

    assert [await silences(each) for each in (EU, US)] == [0, 1]


async def test_traces_are_read_from_the_context_of_the_row(pair: Twins) -> None:
    async with opened_on(pair, size=(190, 48)) as console:
        await console.command("slos")
        await console.press(*"/prod-us.*backend\r")
        await console.until(lambda: console.app.slos_pane.grid.visible_count > 0)
        await console.press("t")
        await console.until(f"backend in {US}")
        await console.until(lambda: list(console.app._readers) == [US])


async def test_several_contexts_may_be_gone_to(pair: Twins) -> None:
    async with opened_on(pair, signals=False) as console:
        await console.command("ctx prod-us, prod-eu")
        assert console.app.return_value == SwitchContext("prod-us, prod-eu")


async def test_only_where_it_is_protected_is_the_name_asked_for_and_the_screen_says_the_worst(tmp_path: Path) -> None:
    scenarios = {EU: "healthy", US: "healthy"}
    with twins(tmp_path, scenarios, protected=(US,)) as pair:
        async with deployments(pair) as console:
            fleet = console.app.session
            assert fleet.environment.protected
            assert fleet.environment.tone == "bad"
            await go_to(console, EU)
            await console.press("r")
            await console.until(f"context {EU} · namespace aurora · deployment/{BACKEND}")
            assert not console.app.screen.query_one(Answers).display
            await console.press("escape")
            await go_to(console, US)
            await console.press(*"rprod-us\r")
            assert answers(console) == (["prod-us"], "")


async def test_a_cluster_that_goes_away_leaves_its_rows_marked_and_the_other_live(tmp_path: Path) -> None:
    with twins(tmp_path, {EU: "bad-release", US: "bad-release"}) as pair:
        async with opened_on(pair, (200, 48)) as console:
            await console.until("● kube  ● slos  ● alerts", "6 firing")
            await console.command("deploy")
            await console.until("▸Deployments 4")

            await asyncio.to_thread(pair.children[US].stop)

            await console.until("○ kube prod-us stale", "○ alerts prod-us stale")
            await console.until("prod-us ○")
            assert "6 firing" in console.status
            assert "prod-eu live" in console.title(console.app.objects_pane)
            assert "prod-us stale" in console.title(console.app.objects_pane)
            contexts = [row[0] for row in objects(console)]
            assert contexts == [EU, EU, US, US]

            # What is still there can be mended while the other is away, and what is away says so.
            await go_to(console, EU)
            await console.press(*"uprod-eu\rOPS-1")
            await console.until(f"+ spec.template.spec.containers[backend].image: {GOOD}")
            await console.press("enter")
            await console.until(f"done: rolls deployment/{BACKEND} back")
            assert await image(pair, EU) == GOOD
            await console.press("escape")
            await console.until(lambda: dialog(console) is None)
            await console.press("G", "k", *"uprod-us\r")
            await console.until("Not done")


async def test_one_that_never_answers_keeps_the_other_from_nothing(pair: Twins, tmp_path: Path) -> None:
    """First rows, rights and actions of one come while the other is still being connected to."""
    hanging = asyncio.Event()

    async def hang(*_: object) -> None:
        await hanging.wait()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        async with opened_on(pair.elsewhere(tmp_path, US, url)) as console:
            pods = console.app.session.of(US).store.table("pods")
            await console.until(f"{EU}  {BACKEND}")
            assert pods.freshness.last_good is None
            assert re.search("○ kube prod-us (connecting|down)", console.status)
            await console.until("3 firing")
            await console.command("deploy")
            await console.until("▸Deployments 2")
            await go_to(console, EU)
            await console.press(*"uprod-eu\rOPS-1")
            await console.until(f"+ spec.template.spec.containers[backend].image: {GOOD}")
            assert pods.freshness.last_good is None
            await console.press("escape")
    finally:
        hanging.set()
        server.close()
