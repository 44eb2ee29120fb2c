"""How soon a change is on the screen: what is in sight at once, the rest at the tick, what rushes by now and then."""

from __future__ import annotations

import gc
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from aurora_tui import frame
from aurora_tui.app import AuroraApp
from aurora_tui.model import kube
from aurora_tui.model.alerts import Alert, AlertState
from aurora_tui.model.freshness import SourceState
from aurora_tui.model.loglines import LogLine
from aurora_tui.model.slo_columns import COLUMNS, THRIFTY_COLUMNS
from tests.bench.samplepods import pod
from tests.pilot import screen
from tests.pilot.test_app_bindings import unfed

FAR = 400
"""A row that is not in sight."""


@asynccontextmanager
async def without_ticks(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, thrifty: bool = False
) -> AsyncIterator[tuple[AuroraApp, Pilot[Any]]]:
    """The program with pods on its screen and its tick stopped."""
    app = unfed(folder, monkeypatch)
    async with app.run_test(size=(120, 36)) as pilot:
        table = app.session.store.table("pods")
        table.apply({row.metadata.name: row for row in map(restarted, range(FAR + 1))})
        table.set_freshness(SourceState.LIVE, 1.0)
        app.flush()
        for timer in (app._ticks, app._early):
            timer.stop()
        app.thrifty = thrifty
        await pilot.pause()
        yield app, pilot


def restarted(number: int, times: int = 0) -> kube.Pod:
    return msgspec.json.decode(json.dumps(pod(number, times)), type=kube.Pod)


def change(app: AuroraApp, number: int, times: int) -> None:
    row = restarted(number, times)
    app.session.store.table("pods").apply({row.metadata.name: row})


async def test_a_row_in_sight_does_not_wait_for_the_tick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with without_ticks(tmp_path, monkeypatch) as (app, pilot):
        change(app, 2, 77)
        await pilot.pause()
        assert " 77 " in screen.text(app)


async def test_rows_out_of_sight_and_a_slow_line_wait_for_the_tick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with without_ticks(tmp_path, monkeypatch) as (app, pilot):
        change(app, FAR, 77)
        await pilot.pause()
        assert app.objects_pane.is_stirred

    async with without_ticks(tmp_path, monkeypatch, thrifty=True) as (app, pilot):
        change(app, 2, 77)
        await pilot.pause()
        assert app.objects_pane.is_stirred
        app.flush()
        await pilot.pause()
        assert " 77 " in screen.text(app)


async def test_a_pane_that_is_out_of_sight_keeps_no_tick_busy_and_catches_up_when_it_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with without_ticks(tmp_path, monkeypatch) as (app, pilot):
        app.go_to(app.alerts_pane)
        app.action_zoom()
        await pilot.pause()
        app.flush()
        change(app, 2, 77)
        assert (app.objects_pane.is_stirred, app._is_stirred) == (True, False)

        app.go_to(app.objects_pane)
        await pilot.pause()
        app.flush()
        await pilot.pause()
        assert " 77 " in screen.text(app)


async def test_an_alert_in_sight_does_not_wait_for_the_tick_after_a_look_at_the_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with without_ticks(tmp_path, monkeypatch, thrifty=True) as (app, pilot):
        table = app.session.store.table("alerts")

        def say(summary: str) -> None:
            table.apply({"a": Alert("a", "Slow", AlertState.FIRING, "critical", 1.0, summary, {}, {}, None)})

        say("one")
        app.flush()
        await pilot.pause()
        say("two")
        await pilot.pause()
        app.alerts_pane.action_group()
        app.flush()
        app.alerts_pane.action_group()

        app.thrifty, app._hurried = False, 0.0
        say("three")
        await pilot.pause()
        assert "three" in screen.text(app)


async def test_rows_that_change_all_the_time_are_shown_no_more_often_than_they_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame, "_BETWEEN", 3600.0)
    async with without_ticks(tmp_path, monkeypatch) as (app, pilot):
        app._hurried = -3600.0
        change(app, 2, 77)
        await pilot.pause()
        change(app, 2, 88)
        await pilot.pause()
        assert [" 77 " in screen.text(app), " 88 " in screen.text(app)] == [True, False]


async def test_lines_that_rush_by_are_shown_now_and_then_and_single_ones_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with without_ticks(tmp_path, monkeypatch) as (app, _pilot):
        tail, buffer = app.logs_pane.tail, app.logs_pane.buffer
        tail._flushed = float("inf")
        buffer.append([LogLine(1.0, "web-1", "app", "a single line")])
        assert tail.is_stirred
        tail.flush()

        buffer.append([LogLine(2.0, "web-1", "app", f"line {number}") for number in range(1000)])
        tail._flushed = float("inf")
        rushing = tail.is_stirred
        tail._flushed = 0.0
        assert [rushing, tail.is_stirred] == [False, True]


async def test_the_tables_that_the_panes_show_are_kept_and_others_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with without_ticks(tmp_path, monkeypatch) as (app, _):
        kept: list[set[str]] = []
        monkeypatch.setattr(app.session, "keep", kept.append)
        app.run_command("nodes")
        for _ in range(app._per_second):
            app.flush()
        assert kept == [{"nodes", "slos", "alerts"}]


async def test_a_line_that_turns_out_slow_gets_less_of_what_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with without_ticks(tmp_path, monkeypatch) as (app, _):
        assert app.slos_pane.grid.columns == COLUMNS
        app.grow_thrifty()
        assert app.slos_pane.grid.columns == THRIFTY_COLUMNS
        assert app.logs_pane.tail.glance == 1.0


async def test_garbage_is_swept_only_while_no_key_is_pressed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with without_ticks(tmp_path, monkeypatch) as (app, pilot):
        swept: list[int] = []
        monkeypatch.setattr(gc, "collect", lambda: swept.append(1))
        await pilot.press("j")
        app._sweep()
        app._touched -= 60.0
        app._sweep()
        assert swept == [1]
