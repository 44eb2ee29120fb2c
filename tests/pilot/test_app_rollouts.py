"""Rollouts on the screen: their rows, their keys from the preview to the journal, and what is said without them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from aurora_tui.app import AuroraApp
from aurora_tui.cluster.kubeconfig import choose
from aurora_tui.cluster.resources import PODS, ROLLOUTS, Resource
from aurora_tui.folders import state_dir
from aurora_tui.journal import Journal
from aurora_tui.model import kube
from aurora_tui.model.argo import HASH_LABEL
from aurora_tui.model.freshness import SourceState
from aurora_tui.sandbox.addresses import Addresses
from aurora_tui.session import Session
from aurora_tui.settings import load_settings
from tests.live.kubeconfigs import write_kubeconfig
from tests.pilot.console import Console, opened
from tests.unit.argoobjects import aborted, finished, live, paused, rollout, under
from tests.unit.fakecluster import FakeCluster, Object
from tests.unit.rolloutobjects import NAME, NAMESPACE

NOWHERE = "http://127.0.0.1:9"


class Told(Session):
    """A session whose rows are what a test puts there: no source feeds them."""

    def start(self) -> None:
        pass

    def want(self, table: str) -> None:
        pass

    async def close(self) -> None:
        pass

    def show(self, resource: Resource, *items: Object) -> None:
        """Fill a table as its source does."""
        assert resource.struct is not None
        table = self.store.table(resource.table)
        rows = [msgspec.convert(item, resource.struct) for item in items]
        table.apply({kube.key(row.metadata): row for row in rows})
        table.set_freshness(SourceState.LIVE, self.clock())


def pod() -> Object:
    owner = {"kind": "ReplicaSet", "name": f"{NAME}-new", "controller": True}
    meta = {"name": f"{NAME}-new-x", "namespace": NAMESPACE, "labels": {HASH_LABEL: "new"}, "ownerReferences": [owner]}
    return {"metadata": meta, "spec": {"containers": [{"name": "backend", "image": "i"}]}, "status": {}}


@asynccontextmanager
async def console_on(cluster: FakeCluster, folder: Path, *, read_only: bool = False) -> AsyncIterator[Console]:
    kubeconfig = write_kubeconfig(
        folder / "kubeconfig",
        contexts={"prod": {"cluster": "c", "user": "u", "namespace": NAMESPACE}},
        clusters={"c": {"server": NOWHERE}},
        users={"u": {}},
    )
    session = Told(load_settings(environ={}), choose("prod", str(kubeconfig)), read_only=read_only)
    session.cluster = cluster  # type: ignore[assignment]
    app = AuroraApp(session)
    async with app.run_test(size=(160, 48), notifications=True) as pilot:
        console = Console(app, pilot)
        session.show(PODS, pod())
        session.show(ROLLOUTS, live(cluster))
        await console.press("tab", "tab")
        await console.command("ro")
        await console.until("▸Rollouts 1", lambda: console.under_cursor(app.objects_pane).startswith(NAME))
        yield console


async def confirm(console: Console, effect: str, *after: str) -> None:
    await console.until(effect)
    await console.press(*"prod\rOPS-1 told")
    await console.press("enter")
    await console.until(f"done: {effect}", *after)
    await console.press("escape")


async def test_a_row_says_where_the_rollout_stands_and_leads_to_its_pods(tmp_path: Path) -> None:
    async with console_on(under(rollout(**paused())), tmp_path) as console:
        row = console.under_cursor(console.app.objects_pane).split()
        assert row[:5] == [NAME, "Paused", "1/5", "20", "5/5"]
        assert row[-1] == "CanaryPauseStep"
        assert console.keys.split("  ")[:4] == [" u Roll back", "m Mitigate", "P Promote", "x Abort"]
        await console.press("enter")
        await console.until(f"Pods of rollout/{NAME} 1", f"{NAME}-new-x")
        assert "Promote" not in console.keys


@pytest.mark.parametrize(
    ("key", "item", "effect", "status"),
    [
        ("P", rollout(**paused()), f"promotes rollout/{NAME} past its pause", {"pauseConditions": None}),
        ("F", rollout(**paused()), f"promotes rollout/{NAME} to its new version at once", {"promoteFull": True}),
        ("x", rollout(**paused()), f"aborts the update of rollout/{NAME}", {"abort": True}),
        ("X", rollout(**aborted()), f"retries the aborted update of rollout/{NAME}", {"abort": False}),
    ],
)
async def test_a_key_previews_asks_sends_and_records(
    tmp_path: Path, key: str, item: Object, effect: str, status: Object
) -> None:
    cluster = under(item)
    async with console_on(cluster, tmp_path) as console:
        await console.press(key)
        await console.until("status.")
        await confirm(console, effect)
    [(name, subresource, body)] = cluster.written
    assert (name, subresource, body["status"]) == (f"rollouts/{NAME}", "status", status)
    assert [str(entry.action.target) for entry in Journal(state_dir()).entries()] == [f"rollout/{NAME}"]


async def test_an_abort_is_taken_back_by_a_retry(tmp_path: Path) -> None:
    cluster = under(rollout(**paused()), old=5)

    def controller() -> None:
        cluster.change(ROLLOUTS, NAMESPACE, NAME, lambda old: old["status"].update(aborted()))

    cluster.on("patch done", controller)
    async with console_on(cluster, tmp_path) as console:
        await console.press("x")
        await confirm(console, f"aborts the update of rollout/{NAME}", "5 pods of the stable version available")
        await console.command("undo")
        await confirm(console, f"retries the aborted update of rollout/{NAME}")
    assert [body["status"] for _, _, body in cluster.written] == [{"abort": True}, {"abort": False}]


async def test_what_makes_no_sense_is_refused_in_words(tmp_path: Path) -> None:
    cluster = under(finished())
    async with console_on(cluster, tmp_path) as console:
        await console.press("P")
        await console.until("nothing to promote (Healthy)")
        await console.press("escape", "X")
        await console.until("was not aborted: nothing to retry")
    assert cluster.written == []


async def test_r_shows_what_is_stable_and_what_canary(tmp_path: Path) -> None:
    async with console_on(under(rollout(**paused())), tmp_path) as console:
        await console.press("R")
        await console.until("Paused: CanaryPauseStep, step 1/5, weight 20", "runs now, canary", "stable")


async def test_read_only_the_keys_are_dim_and_say_why(tmp_path: Path) -> None:
    cluster = under(rollout(**paused()))
    cluster.read_only = True
    async with console_on(cluster, tmp_path, read_only=True) as console:
        for key, words in (("P", "Promote"), ("F", "Promote fully"), ("x", "Abort"), ("X", "Retry")):
            await console.press(key)
            await console.until(f"{words} is off: this session is read-only")


async def test_without_argo_rollouts_the_pane_says_that_it_is_not_installed(healthy: Addresses) -> None:
    async with opened(healthy, signals=False) as console:
        await console.command("rollouts")
        await console.until(
            "▸Rollouts ",
            "not configured: Argo Rollouts is not installed: this server does not serve",
            "rollouts.argoproj.io/v1alpha1",
        )
