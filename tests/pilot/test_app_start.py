"""The start: where the keys are, and what is said of rows while not all of them are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from aurora_tui.model.freshness import SourceState
from tests.pilot import screen
from tests.pilot.test_app_bindings import program, unfed
from tests.pilot.test_app_pace import restarted
from tests.walk import screens
from widgets.pane import Pane


async def test_the_keys_stay_on_the_alerts_until_every_source_of_them_has_spoken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = unfed(tmp_path, monkeypatch)
    async with app.run_test() as pilot:
        alerts = app.session.store.table("alerts")
        alerts.set_freshness(SourceState.CONNECTING, 1.0, "waiting for Alertmanager")
        alerts.touch(1.0)  # Prometheus has answered: nothing is pending
        app.flush()
        await pilot.pause()
        while_one_waits = app.active

        alerts.set_freshness(SourceState.LIVE, 2.0)
        app.flush()
        await pilot.pause()
        assert [while_one_waits, app.active] == [app.alerts_pane, app.objects_pane]


async def test_the_first_rows_are_painted_at_once_and_said_to_be_not_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = unfed(tmp_path, monkeypatch)
    async with app.run_test(size=(160, 48)) as pilot:
        pane, pods = app.objects_pane, app.session.store.table("pods")
        app._ticks.stop()

        pods.apply({pod.metadata.name: pod for pod in map(restarted, range(500))})
        pods.set_freshness(SourceState.CONNECTING, 1.0, "reading, about 19,500 more to come")
        app._hasten()
        assert pane.grid.visible_count == 500  # painted, without waiting for the rest
        assert "500  reading, about 19,500 more to come" in pane.title_text
        assert "connecting" in pane.title_text and "live" not in pane.title_text
        pane.set_filter("nowhere")
        await pilot.pause()
        assert pane.grid.empty == "no row matches so far: reading, about 19,500 more to come · Esc shows all"

        pods.set_freshness(SourceState.LIVE, 2.0)
        app.flush()
        assert pane.grid.empty == "no row matches · Esc shows all"
        assert "to come" not in pane.title_text and "live" in pane.title_text


async def test_rows_that_are_there_before_the_panes_are_laid_out_are_shown_before_anything_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = unfed(tmp_path, monkeypatch)
    shown: list[int] = []
    async with app.run_test(size=(160, 48)) as pilot:
        pane, pods = app.objects_pane, app.session.store.table("pods")
        monkeypatch.setattr(app.session.sessions[0].cluster, "settle", lambda: shown.append(pane.grid.visible_count))
        app._ticks.stop()
        with monkeypatch.context() as early:
            early.setattr(Pane, "is_seen", False)
            pods.apply({pod.metadata.name: pod for pod in map(restarted, range(500))})
            app._hasten()
            await pilot.pause()
            assert not shown

        app._hasten()
        await screen.until(pilot, lambda: bool(shown))
        assert shown == [500]


async def test_a_second_that_goes_by_while_a_screen_is_just_being_made_breaks_nothing(tmp_path: Path) -> None:
    app = program(tmp_path, {})
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        for made in screens(app):
            opened = app.push_screen(made)
            for _ in range(app._per_second):
                app.flush()
            await opened
            app.pop_screen()
