"""The key of a shell: where it is offered, which container it means, and what is asked before it opens."""

from __future__ import annotations

import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest

from aurora_tui.folders import state_dir
from aurora_tui.journal import Journal
from aurora_tui.sandbox.addresses import Addresses
from tests.pilot.console import Console, demo, opened
from widgets.actiondialog import ActionDialog

PODS = "/api/v1/namespaces/aurora/pods"


@pytest.fixture(scope="module")
def stack() -> Iterator[Addresses]:
    """A stack with a pod of two containers, of which it names the second for those who ask."""
    with demo("healthy") as addresses:
        kubeconfig = msgspec.json.decode(Path(addresses.kubeconfig).read_bytes())
        token = kubeconfig["users"][0]["user"]["token"]
        containers = [{"name": name, "image": "aurora/frontend:1.8.2"} for name in ("first", "second")]
        default = {"kubectl.kubernetes.io/default-container": "second"}
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "pair", "annotations": default},
            "spec": {"containers": containers},
        }
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        asked = urllib.request.Request(addresses.kubernetes + PODS, msgspec.json.encode(body), headers)
        with urllib.request.urlopen(asked):
            yield addresses


@pytest.fixture
async def console(stack: Addresses) -> AsyncIterator[Console]:
    """The console with the keys on the pod of two containers."""
    async with opened(stack) as console:
        await console.command("pods")
        await console.press(*"/pair\r")
        await console.until(lambda: "2/2" in console.under_cursor(console.app.objects_pane))
        yield console


def dialog(console: Console) -> bool:
    return isinstance(console.app.screen, ActionDialog)


async def test_of_several_containers_one_is_chosen(console: Console) -> None:
    await console.press("s")
    assert "container of pod/pair (first, second; Enter takes the pod's default):" in console.lines[-2]
    await console.press(*"first\r")
    await console.until("opens a shell in container first of pod/pair")

    await console.press("escape", *"s\r")
    await console.until("opens a shell in container second of pod/pair")

    await console.press("escape", "s", "escape")
    assert not dialog(console)
    assert "container of pod/pair" not in console.text


async def test_the_command_takes_the_containers_name(console: Console) -> None:
    await console.command("shell first")
    await console.until("opens a shell in container first of pod/pair")

    await console.press("escape")
    await console.command("shell nosuch")
    await console.until("pod/pair has no container nosuch: it has first, second")


async def test_the_name_and_a_reason_are_asked_and_without_a_terminal_nothing_is_opened(console: Console) -> None:
    await console.command("shell first")
    await console.until("what is done in it is not previewed, not recorded and not undone from here")
    await console.press(*"prod\rOPS-1 why\r")

    await console.until("failed: there is no terminal here to open a shell in", "Close")

    (entry,) = Journal(state_dir()).entries()
    assert (entry.action.verb.value, entry.reason) == ("shell", "OPS-1 why")


async def test_on_workloads_the_key_scales_and_the_command_says_where_shells_are(console: Console) -> None:
    await console.command("deploy")
    await console.until("▸Deployments 2")
    await console.until(lambda: console.app.objects_pane.subject() is not None)
    assert "s Scale" in console.keys
    await console.press("s")
    await console.until(lambda: "scale deployment/" in console.lines[-2])
    await console.press("escape")

    await console.command("shell")
    await console.until("a shell is opened in a pod: choose one (:pods)")
    assert not dialog(console)


async def test_who_may_not_open_one_is_told_when_pressing_the_key(stack: Addresses) -> None:
    words = "Shell is off: you may not create pods/exec in namespace aurora"
    async with opened(msgspec.structs.replace(stack, context="viewer")) as console:
        await console.command("pods")
        await console.until("▸Pods")
        await console.until(lambda: any(words.endswith(why) for why in console.app._off.values()))
        for how in ("s", ":shell\r"):
            console.app._notifications.clear()
            await console.press(*how)
            await console.until(lambda: words in [told.message for told in console.app._notifications])
            assert not dialog(console)
