"""The pane of objects while their tables come, go and grow old: cursor, marks, order, faults, and what pods use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.style import Style
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from aurora_tui.merging import MergedStore
from aurora_tui.model import kube, views
from aurora_tui.model.freshness import SourceState
from aurora_tui.store import Store
from tests.pilot import screen
from widgets.objects import ObjectsPane

NOW = 1_767_312_000.0


class Host(App[None]):
    """The pane alone, on tables that the test writes."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.now = NOW
        self.store = store
        self.pane = ObjectsPane(self.store, clock=lambda: self.now, all_namespaces=False, id="objects")

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_mount(self) -> None:
        self.pane.focus_body()

    def put(self, table: str, *rows: Any, gone: Iterable[str] = (), live: bool = True) -> None:
        """What a source writes; `live`: nothing more is to come for now."""
        written = self.store.table(table)
        written.apply({kube.key(row.metadata): row for row in rows}, [f"aurora/{name}" for name in gone])
        if live:
            written.set_freshness(SourceState.LIVE, self.now)

    def second(self, seconds: float = 1.0) -> None:
        """Some time goes by: what the tick does."""
        self.now += seconds
        self.pane.flush()
        self.pane.tick()

    @property
    def here(self) -> str | None:
        """The name of the row under the cursor."""
        row: Any = self.pane.grid.cursor_row
        return row and str(row.metadata.name)

    @property
    def names(self) -> list[str]:
        """The names of the rows, as they stand on the screen."""
        return [line.split()[0] for line in screen.lines(self)[2:] if line.strip(" ▐▕")]


@asynccontextmanager
async def opened(store: Store | None = None) -> AsyncIterator[tuple[Host, Pilot[None]]]:
    app = Host(store or Store())
    async with app.run_test(size=(120, 12)) as pilot:
        yield app, pilot


def stamp(age: float) -> str:
    return datetime.fromtimestamp(NOW - age, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def meta(name: str, uid: str, age: float) -> dict[str, str]:
    return {"name": name, "namespace": "aurora", "uid": uid or name, "creationTimestamp": stamp(age)}


def deployment(name: str, *, uid: str = "", age: float = 3600.0) -> kube.Deployment:
    raw = {"metadata": meta(name, uid, age), "spec": {"replicas": 1}, "status": {"readyReplicas": 1}}
    return msgspec.convert(raw, kube.Deployment)


def statefulset(name: str) -> kube.StatefulSet:
    raw = {"metadata": meta(name, f"sts-{name}", 3600.0), "spec": {"replicas": 1}, "status": {"readyReplicas": 1}}
    return msgspec.convert(raw, kube.StatefulSet)


def pod(name: str, *, uid: str = "", age: float = 3600.0, ready: bool = True) -> kube.Pod:
    container = {"name": "main", "ready": ready, "restartCount": 0, "state": {"running": {"startedAt": stamp(age)}}}
    return pod_of(meta(name, uid, age), container)


def restarted(name: str, ago: float) -> kube.Pod:
    """A pod that runs well since it was restarted."""
    container = {
        "name": "main",
        "ready": True,
        "restartCount": 1,
        "state": {"running": {"startedAt": stamp(ago)}},
        "lastState": {"terminated": {"reason": "Error", "exitCode": 1, "finishedAt": stamp(ago)}},
    }
    return pod_of(meta(name, "", 7200.0), container)


def pod_of(meta: dict[str, str], container: dict[str, Any]) -> kube.Pod:
    status = {"phase": "Running", "containerStatuses": [container]}
    spec = {"containers": [{"name": "main", "image": "aurora/web:1.0"}]}
    return msgspec.convert({"metadata": meta, "spec": spec, "status": status}, kube.Pod)


def deployments(names: str) -> list[kube.Deployment]:
    return [deployment(name) for name in names.split()]


async def back_to_a_table_that_was_cleared(app: Host, pilot: Pilot[None]) -> None:
    """From a look at the pods of ``web``, after the deployments were not asked for any more."""
    app.pane.show_view(views.DEPLOYMENTS)
    app.put("deployments", *deployments("api db web"))
    app.second()
    await pilot.press("G")
    assert app.here == "web"
    app.pane.drill()
    app.store.table("deployments").clear()
    app.pane.back()
    await pilot.pause()


async def test_the_row_that_was_left_is_found_again_when_it_comes() -> None:
    async with opened() as (app, pilot):
        await back_to_a_table_that_was_cleared(app, pilot)
        app.put("deployments", *deployments("api db"), live=False)
        app.second()
        app.put("deployments", *deployments("web zoo"))
        app.second()

        assert app.here == "web"


async def test_the_row_that_was_left_takes_the_cursor_from_nobody_who_went_elsewhere() -> None:
    for key, meant in {"G": "db", "j": "db", "N": "api", "space": "api", "ctrl+z": "api"}.items():
        async with opened() as (app, pilot):
            await back_to_a_table_that_was_cleared(app, pilot)
            app.put("deployments", *deployments("api db"), live=False)
            app.second()
            await pilot.press(key)
            app.put("deployments", *deployments("web"))
            app.second()

            assert app.here == meant, key


async def test_a_row_that_the_whole_list_does_not_hold_is_not_waited_for() -> None:
    async with opened() as (app, pilot):
        await back_to_a_table_that_was_cleared(app, pilot)
        app.put("deployments", *deployments("api db"))
        app.second()
        app.put("deployments", *deployments("web"))
        app.second()

        assert app.here == "api"


async def test_a_row_that_is_gone_is_not_waited_for_where_the_list_is_known() -> None:
    async with opened() as (app, _):
        app.put("pods", pod("api"), pod("db"))
        app.second()
        app.pane.show_view(views.PODS, select="aurora/web")
        app.put("pods", pod("web"))
        app.second()

        assert app.here == "api"


async def test_a_fault_that_comes_by_time_alone_is_shown_and_one_that_time_heals_goes() -> None:
    async with opened() as (app, pilot):
        app.put("pods", pod("api", age=7200), pod("db", age=30, ready=False), restarted("web", 580))
        app.second()
        await pilot.press("ctrl+z")
        await pilot.pause()
        assert app.names == ["web"]
        assert "1 of 3  faults only" in screen.text(app)

        app.second(40)  # no event comes of a pod that stays as it is
        await pilot.pause()

        assert app.names == ["db"]
        assert "1 of 3  faults only" in screen.text(app)


async def test_of_many_rows_all_are_looked_at_again_in_turn() -> None:
    async with opened() as (app, pilot):
        app.put("pods", *(pod(f"web-{number:04}", age=30, ready=number != 2499) for number in range(2500)))
        app.second()
        await pilot.press("ctrl+z")
        assert app.pane.grid.visible_count == 0

        for _ in range(5):
            app.second(40)
        await pilot.pause()

        assert app.names == ["web-2499"]


def marks(app: Host) -> list[str]:
    """The names of the rows with a mark, as they stand on the screen."""
    return [line.split()[1] for line in screen.lines(app) if line.startswith("●")]


async def test_a_mark_does_not_pass_to_an_object_of_another_kind_with_the_same_name() -> None:
    async with opened() as (app, pilot):
        app.put("statefulsets", statefulset("db"))
        app.put("deployments", *deployments("api db"))
        app.pane.show_view(views.DEPLOYMENTS)
        await pilot.press("j", "space")
        assert marks(app) == ["db"]
        app.pane.show_view(views.STATEFULSETS)
        await pilot.pause()

        assert app.names == ["db"]
        assert (marks(app), app.pane.marked(workloads=True).refs) == ([], ())


async def test_a_mark_does_not_pass_to_the_pod_that_replaces_the_marked_one() -> None:
    async with opened() as (app, pilot):
        app.put("pods", pod("db-0", uid="old"), pod("db-1"))
        app.second()
        await pilot.press("space", "j", "space")
        assert marks(app) == ["db-0", "db-1"]

        app.put("pods", gone=["db-0"])
        app.put("pods", pod("db-0", uid="new"), pod("db-1", ready=False))
        before = [ref.name for ref in app.pane.marked(workloads=False).refs]
        app.second()
        await pilot.pause()

        assert (before, marks(app)) == (["db-1"], ["db-1"])
        assert [ref.name for ref in app.pane.marked(workloads=False).refs] == ["db-1"]


def sample(name: str, cpu: str) -> kube.PodMetrics:
    raw = {"metadata": meta(name, "", 60.0), "containers": [{"name": "main", "usage": {"cpu": cpu, "memory": "64Mi"}}]}
    return msgspec.convert(raw, kube.PodMetrics)


def style_of(app: Host, words: str) -> Style:
    """How words on the screen are painted."""
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            if words in segment.text and segment.style:
                return segment.style
    raise AssertionError(screen.text(app))


async def test_what_pods_used_once_is_dim_and_the_title_says_how_old_it_is() -> None:
    async with opened() as (app, pilot):
        app.put("pods", pod("api"), pod("db"))
        app.put("podmetrics", sample("api", "250m"), sample("db", "1"))
        app.second()
        await pilot.pause()
        plain = style_of(app, "1000m")

        app.now += 600
        app.store.table("podmetrics").set_freshness(SourceState.STALE, app.now, "connection refused")
        app.put("pods", pod("api"))
        app.second()
        await pilot.pause()

        assert "Pods 2  CPU, MEMORY as of 10m ago: connection refused" in screen.lines(app)[0]
        assert "live" in screen.lines(app)[0]
        assert style_of(app, "1000m").color != plain.color

        app.put("podmetrics", sample("db", "1"))
        app.second()
        await pilot.pause()

        assert "as of" not in screen.text(app)
        assert style_of(app, "1000m").color == plain.color


async def test_of_two_contexts_the_one_is_named_whose_usage_is_old_and_the_others_is_not_dim() -> None:
    stores = {"eu": Store(), "us": Store()}
    merged = MergedStore(stores)
    for context, name, cpu in (("eu", "api", "250m"), ("eu", "db", "2"), ("us", "web", "1")):
        for table, row in (("pods", pod(name)), ("podmetrics", sample(name, cpu))):
            stores[context].table(table).apply({kube.key(row.metadata): row})
            stores[context].table(table).set_freshness(SourceState.LIVE, NOW)
    async with opened(merged) as (app, pilot):
        app.second()
        await pilot.pause()
        plain = style_of(app, "1000m")
        stores["us"].table("podmetrics").set_freshness(SourceState.STALE, NOW, "connection refused")
        merged.gather()
        app.second(300)
        await pilot.pause()

        assert "CPU, MEMORY of us as of 5m ago: connection refused" in screen.lines(app)[0]
        assert style_of(app, "1000m").color != plain.color == style_of(app, "2000m").color


async def test_the_title_has_no_room_for_the_address_that_the_words_begin_with() -> None:
    async with opened() as (app, pilot):
        app.put("pods", pod("api"))
        app.put("podmetrics", sample("api", "250m"))
        words = "https://10.0.0.1:6443: connection refused; is the API server up, is a tunnel or VPN missing?"
        for table in ("pods", "podmetrics"):
            app.store.table(table).set_freshness(SourceState.STALE, app.now, words)
        app.second()
        await pilot.pause()

        title = screen.lines(app)[0]
        assert "Pods 1  connection refused; is the" in title
        assert "https" not in title


async def test_a_server_that_tells_no_usage_leaves_nothing_to_remark() -> None:
    async with opened() as (app, pilot):
        app.put("pods", pod("api"))
        app.store.table("podmetrics").set_freshness(SourceState.UNCONFIGURED, app.now, "not served")
        app.second()
        await pilot.pause()

        assert screen.lines(app)[0].split() == ["▸Pods", "1", "live", "·", "now"]


async def sorted_by_cpu(app: Host, pilot: Pilot[None]) -> None:
    app.put("deployments", *deployments("api web"))
    app.put("pods", pod("api"), pod("db"), pod("web"))
    app.put("podmetrics", sample("api", "250m"), sample("db", "1"), sample("web", "2"))
    app.second()
    await pilot.press("C")
    assert app.names == ["web", "db", "api"]


async def test_each_kind_keeps_the_order_it_was_sorted_in_while_others_are_looked_at() -> None:
    async with opened() as (app, pilot):
        await sorted_by_cpu(app, pilot)

        app.pane.show_view(views.DEPLOYMENTS)
        await pilot.press("N", "N")
        assert app.names == ["web", "api"]
        app.pane.show_view(views.PODS)
        await pilot.pause()
        assert (app.names, "CPU↓" in screen.text(app)) == (["web", "db", "api"], True)

        app.pane.show_view(views.STATEFULSETS)
        app.put("statefulsets", statefulset("api"), statefulset("db"))
        app.second()
        await pilot.pause()
        assert (app.names, "NAME↓" in screen.text(app)) == (["api", "db"], False)
        app.pane.show_view(views.DEPLOYMENTS)
        await pilot.pause()
        assert (app.names, "NAME↓" in screen.text(app)) == (["web", "api"], True)


async def test_escape_comes_back_to_the_order_that_was_left() -> None:
    async with opened() as (app, pilot):
        await sorted_by_cpu(app, pilot)
        app.pane.show_view(views.DEPLOYMENTS)
        await pilot.press("N", "N", "g")
        app.pane.drill()
        await pilot.press("M")
        app.pane.back()
        await pilot.pause()

        assert (app.names, app.here) == (["web", "api"], "web")


async def test_the_order_by_what_pods_use_comes_back_with_it() -> None:
    async with opened() as (app, pilot):
        await sorted_by_cpu(app, pilot)
        app.store.table("podmetrics").clear()
        app.second()
        await pilot.pause()
        assert (app.names, "CPU" in screen.text(app)) == (["api", "db", "web"], False)

        app.pane.show_view(views.NODES)
        app.pane.show_view(views.PODS)
        app.put("podmetrics", sample("api", "250m"), sample("db", "1"), sample("web", "2"))
        app.second()
        await pilot.pause()

        assert (app.names, "CPU↓" in screen.text(app)) == (["web", "db", "api"], True)
