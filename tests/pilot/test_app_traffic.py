"""Services and feature flags by keys: what a row leads to, what is offered, what is sent, and the way back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from aurora_tui.cluster.resources import CONFIGMAPS, DEPLOYMENTS, PODS, SERVICES
from aurora_tui.folders import state_dir
from aurora_tui.journal import Journal
from aurora_tui.model.endpoints import is_serving
from aurora_tui.sandbox.addresses import Addresses
from tests.pilot.console import Console, demo, opened

COLOURS = ("blue", "green")


@pytest.fixture(scope="module")
def stack() -> Iterator[Addresses]:
    """A stack for what is carried out."""
    with demo("healthy") as addresses:
        yield addresses


@pytest.fixture
async def console(stack: Addresses) -> AsyncIterator[Console]:
    async with opened(stack, signals=False) as console:
        yield console


async def make_shop(console: Console) -> None:
    """A Service on its blue pods, with green ones beside them."""
    cluster = console.app.session.sessions[0].cluster
    labels = {"app": "shop", "color": "blue"}
    spec: dict[str, Any] = {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]}
    meta = {"name": "shop", "namespace": "aurora"}
    await cluster.create(SERVICES, "aurora", {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec})
    for colour in COLOURS:
        labels = {"app": "shop", "color": colour}
        pods = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "shop", "image": "aurora/shop:1"}]}}
        spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": pods}
        meta = {"name": f"shop-{colour}", "namespace": "aurora"}
        body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}
        await cluster.create(DEPLOYMENTS, "aurora", body)

    def ready() -> bool:
        rows = console.app.session.store.table(PODS.table).rows.values()
        mine = [row for row in rows if (row.metadata.labels or {}).get("app") == "shop"]
        return len(mine) == 4 and all(
            any(each.type == "Ready" and each.status == "True" for each in row.status.conditions or ()) for row in mine
        )

    await console.until(ready)


async def at(console: Console, command: str, title: str, name: str) -> None:
    """Show a view and put the cursor on the row of that name."""
    await console.command(command)
    await console.until(f"▸{title} ")
    await console.until(lambda: name in console.rows(console.app.objects_pane))
    console.app.objects_pane.select(f"aurora/{name}")
    await console.until(lambda: console.under_cursor(console.app.objects_pane).startswith(name))


async def confirm(console: Console, effect: str, *after: str) -> None:
    await console.press(*"prod\rOPS-1 told")
    await console.until(effect)
    await console.press("enter")
    await console.until(f"done: {effect}", *after)
    await console.press("escape")


async def test_a_service_leads_to_its_pods_their_logs_and_its_description(console: Console) -> None:
    await at(console, "svc", "Services", "aurora-backend")
    assert "b Switch" in console.keys
    assert "r Restart" not in console.keys
    assert "80/TCP" in console.under_cursor(console.app.objects_pane)

    await console.press("enter")
    await console.until("Pods of service/aurora-backend 3 of ")
    assert {name.rpartition("-")[0].rpartition("-")[0] for name in console.rows(console.app.objects_pane)} == {
        "aurora-backend"
    }
    await console.press("escape")
    await console.until("▸Services ")
    assert console.under_cursor(console.app.objects_pane).startswith("aurora-backend")

    await console.press("d")
    await console.until("describe service/aurora-backend", "targetPort:     8080")
    await console.press("q")
    await console.press("l")
    await console.until("Logs service/aurora-backend", lambda: bool(len(console.app.logs_pane.buffer)))


async def test_b_offers_the_other_colour_follows_the_endpoints_and_undo_switches_back(console: Console) -> None:
    await make_shop(console)
    await at(console, "services", "Services", "shop")

    await console.press("b")
    assert console.lines[-2].strip() == "switch service/shop (selects app=shop, color=blue) to: color=green"
    await console.press("enter")
    await confirm(
        console, "switches service/shop from color=blue to color=green: 2 ready", "✔ pods complete: 2 of 2 endpoints"
    )
    await console.until(lambda: "color=green" in console.text)

    await console.command("undo")
    await confirm(console, "switches service/shop from color=green to color=blue: 2 ready", "✔ pods complete: 2 of 2")
    found = await console.app.session.sessions[0].cluster.get(SERVICES, "aurora", "shop")
    assert found["spec"]["selector"] == {"app": "shop", "color": "blue"}
    assert [each.action.params["color"] for each in Journal(state_dir()).entries()] == ["blue", "green"]


async def test_what_is_no_pair_and_what_matches_nothing_changes_nothing(console: Console) -> None:
    await at(console, "svc", "Services", "aurora-frontend")
    await console.press("b")
    assert console.lines[-2].endswith("(selects app=aurora-frontend) to:"), "of one key any pod would do"
    await console.press(*"green\r")
    await console.until("'green': give KEY=VALUE")
    await console.press(*"bapp=nothing\r")
    await console.until("no ready pod matches app=nothing")
    await console.press("escape")
    pods = await console.app.session.sessions[0].cluster.list(PODS, "aurora", labels="app=aurora-frontend")
    assert len([pod for pod in pods if is_serving(pod)]) == 2
    assert Journal(state_dir()).entries() == []


async def test_f_offers_the_switches_toggles_a_key_and_undo_puts_it_back(console: Console) -> None:
    await at(console, "cm", "ConfigMaps", "aurora-flags")
    assert "f Flag" in console.keys

    await console.press(*"fnew")
    await console.until("set in configmap/aurora-flags KEY=VALUE: new-checkout=false")
    await console.press("tab", "enter")
    await confirm(console, "sets new-checkout from true to false in configmap/aurora-flags", "new-checkout is false")
    await console.command("undo")
    await confirm(console, "sets new-checkout from false to true in configmap/aurora-flags", "new-checkout is true")

    await console.press(*"frecommendations\r")
    await console.until("sets recommendations from on to off")
    await console.press("escape")
    await console.press(*"fnew-chekout=true\r")
    await console.until("has no key new-chekout (there is: banner, new-checkout, recommendations)")
    await console.press("escape")
    found = await console.app.session.sessions[0].cluster.get(CONFIGMAPS, "aurora", "aurora-flags")
    assert (found["data"]["new-checkout"], found["data"]["recommendations"]) == ("true", "on")


async def test_the_only_switch_is_offered_turned_over(console: Console) -> None:
    meta = {"name": "one", "namespace": "aurora"}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"a": "off", "title": "Spring"}}
    await console.app.session.sessions[0].cluster.create(CONFIGMAPS, "aurora", body)
    await at(console, "configmaps", "ConfigMaps", "one")

    await console.press("f")

    assert console.lines[-2].strip() == "set in configmap/one KEY=VALUE: a=on"


async def test_read_only_the_keys_are_dim_and_say_why(healthy: Addresses) -> None:
    async with opened(healthy, signals=False, read_only=True) as console:
        for view, title, name, key, words in (
            ("svc", "Services", "aurora-backend", "b", "Switch"),
            ("cm", "ConfigMaps", "aurora-flags", "f", "Flag"),
        ):
            await at(console, view, title, name)
            await console.press(key)
            await console.until(f"{words} is off: this session is read-only")
            assert not console.app.prompt.is_open
