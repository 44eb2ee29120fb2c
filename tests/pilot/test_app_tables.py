"""The keys of the tables as the operator uses them: moving, sorting, narrowing, namespaces, marks, drilling in."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from aurora_tui.sandbox.addresses import Addresses
from tests.pilot.console import Console, opened

HASH = r"[a-z0-9]{5}"


@pytest.fixture
async def console(bad_release: Addresses) -> AsyncIterator[Console]:
    """The console with the keys on the pods."""
    async with opened(bad_release) as console:
        await console.command("pods")
        await console.until("▸Pods 13")
        yield console


def pods(console: Console) -> list[str]:
    return console.rows(console.app.objects_pane)


def title(console: Console) -> str:
    return console.title(console.app.objects_pane)


def here(console: Console) -> str:
    """The name of the row under the cursor."""
    return console.under_cursor(console.app.objects_pane).split()[0]


async def test_the_cursor_moves_by_rows_windows_and_to_the_ends(console: Console) -> None:
    names = pods(console)
    assert (len(names), here(console)) == (13, names[0])
    await console.press("j", "down")
    assert here(console) == names[2]
    await console.press("k", "up", "up")
    assert here(console) == names[0]
    await console.press("G")
    assert here(console) == names[-1]
    await console.press("g")
    assert here(console) == names[0]
    await console.press("ctrl+f")
    assert here(console) == names[-1]
    await console.press("ctrl+b")
    assert here(console) == names[0]


async def test_rows_below_the_window_and_columns_beside_it_come_into_sight(bad_release: Addresses) -> None:
    async with opened(bad_release, (80, 15)) as console:
        await console.command("pods")
        await console.until("▸Pods 13")
        first = pods(console)
        await console.press("pagedown")
        second = pods(console)
        await console.press("pageup")
        assert len(first) < 13
        assert (second[-1], set(second) & set(first[:3])) == ("aurora-postgres-2", set())
        assert pods(console) == first

        assert "prod-node-" not in console.text
        await console.press(*["right"] * 8)
        assert "prod-node-" in console.text
        await console.press(*["h"] * 8)
        assert here(console).startswith("aurora-backend-")


async def test_rows_are_sorted_by_a_key_of_their_own_or_by_the_underlined_column_and_again_in_reverse(
    console: Console,
) -> None:
    names = pods(console)
    await console.press("N")
    assert pods(console) == names
    await console.press("N")
    assert pods(console) == names[::-1]
    await console.until("CPU")
    await console.press("C")
    assert pods(console)[0].startswith("aurora-backend-"), "the heaviest first"
    assert "CPU↓" in console.text
    await console.press("M")
    assert "MEMORY↓" in console.text or re.search(r"CPU .*\+\d", console.text)
    assert pods(console)[0].startswith("aurora-postgres-")
    await console.press("M")
    assert pods(console)[-1].startswith("aurora-backup-"), "what tells no usage comes last either way round"
    await console.press("A")
    assert "AGE↑" in console.text
    young = pods(console)[0]
    await console.press("A")
    assert pods(console)[-1] == young
    await console.press("g", "right", "right", "O")
    assert "STATUS↑" in console.text
    await console.press("O")
    assert "STATUS↓" in console.text


async def narrowed(console: Console, left: list[str]) -> None:
    """These rows are left; the pod that crashes runs for two seconds now and then, so that they are waited for."""
    await console.until(lambda: ["-".join(name.split("-")[:2]) for name in pods(console)] == left)


FILTERS = {
    "frontend|keycloak": ["aurora-frontend", "aurora-frontend", "aurora-keycloak", "aurora-keycloak"],
    "!running": ["aurora-backend", "aurora-backup", "aurora-backup", "aurora-backup"],
    "-l app=aurora-postgres": ["aurora-postgres"] * 3,
    "-f apgs": ["aurora-postgres"] * 3,
    "crashloop": ["aurora-backend"],
}


async def test_a_filter_narrows_while_it_is_typed_stays_after_enter_and_goes_with_escape(console: Console) -> None:
    for filter, left in FILTERS.items():
        await console.press(*f"/{filter}")
        await narrowed(console, left)
        await console.press("enter")
        await console.until(f"▸Pods {len(left)} of 13  /{filter}")
        await narrowed(console, left)
        await console.press("escape")
        assert "▸Pods 13 " in console.text
        assert len(pods(console)) == 13


async def test_escape_in_the_filters_prompt_brings_back_the_filter_that_was_there(console: Console) -> None:
    await console.press(*"/keycloak\r/", *["backspace"] * 8, *"postgres")
    assert len(pods(console)) == 3
    await console.press("escape")

    assert pods(console) == ["aurora-keycloak-0", "aurora-keycloak-1"]
    assert "▸Pods 2 of 13  /keycloak" in console.text


async def test_a_filter_that_nothing_matches_or_that_is_not_understood_says_so(console: Console) -> None:
    await console.press(*"/zzz\r")
    assert "no row matches · Esc shows all" in console.text
    assert "▸Pods 0 of 13" in console.text
    await console.press("escape", *"/backend[\r")
    assert "not a regular expression" in console.text
    await console.press("escape", *"/-l app in backend\r")
    assert "not a label selector" in console.text


async def test_faults_only_leaves_what_is_broken_or_misses_its_target(console: Console) -> None:
    await console.press("ctrl+z")
    await console.until("▸Pods 1 of 13  faults only")
    assert re.fullmatch(rf"aurora-backend-\w+-{HASH}", here(console))
    await console.until(lambda: "CrashLoopBackOff" in console.under_cursor(console.app.objects_pane))
    await console.press("ctrl+z")
    assert "▸Pods 13 " in console.text
    await console.command("slo")
    await console.press("ctrl+z")
    objectives = console.body(console.app.slos_pane)[1:]
    assert any("burning" in line for line in objectives)
    assert not any(re.search(r"\bok\b", line) for line in objectives)


async def test_zero_shows_all_namespaces_and_a_digit_a_favourite(bad_release: Addresses) -> None:
    async with opened(bad_release, namespaces=("monitoring", "aurora")) as console:
        await console.command("pods")
        await console.press("0")
        await console.until("coredns", lambda: "ns all" in console.status)
        assert "NAMESPACE" in console.text
        assert any(line.split()[0] == "kube-system" for line in console.body(console.app.objects_pane)[1:])
        await console.press("1")
        await console.until("grafana", lambda: "ns monitoring" in console.status)
        assert "NAMESPACE" not in console.text
        assert all(not name.startswith(("aurora", "coredns")) for name in pods(console))
        await console.press("2")
        await console.until("▸Pods 13", lambda: "ns aurora" in console.status)
        await console.press("9")
        await console.until("no favourite 9: name it under namespaces")


async def test_a_mark_stays_on_its_row_until_it_is_taken_away_and_so_does_the_cursor(console: Console) -> None:
    def marked() -> list[str]:
        return [line.split()[1] for line in console.body(console.app.objects_pane) if line.startswith("●")]

    def name() -> str:
        return console.under_cursor(console.app.objects_pane).removeprefix("● ").split()[0]

    first, second = pods(console)[:2]
    await console.press("space", "j", "space")
    assert marked() == [first, second]
    await console.press("N", "N")
    assert (marked(), name()) == ([second, first], second)
    await console.press("space")
    assert marked() == [first]
    await console.press("ctrl+y")
    assert console.app.clipboard == second
    await console.until(f"copied {second}")


async def test_enter_goes_from_a_workload_or_a_node_to_its_pods_and_escape_back_to_it(console: Console) -> None:
    await console.command("deploy")
    await console.until("▸Deployments 2")
    await console.press("j")
    assert here(console) == "aurora-frontend"
    await console.press("enter")
    await console.until("▸Pods of deployment/aurora-frontend 2 of 13")
    assert all(name.startswith("aurora-frontend-") for name in pods(console))
    await console.press("escape")
    await console.until("▸Deployments 2")
    assert here(console) == "aurora-frontend"
    await console.command("nodes")
    await console.until("▸Nodes 3")
    await console.press("enter")
    await console.until("▸Pods of node/prod-node-1")
    await console.press("q")
    await console.until("▸Nodes 3")


async def test_enter_on_a_pod_follows_its_logs(console: Console) -> None:
    name = here(console)
    await console.press("enter")
    await console.until(f"▸Logs pod/{name}")
