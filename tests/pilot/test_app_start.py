"""Where the keys are at the start: on the alerts while any fires, however slowly the sources answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from aurora_tui.model.freshness import SourceState
from tests.pilot.test_app_bindings import program


async def test_the_keys_stay_on_the_alerts_until_every_source_of_them_has_spoken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = program(tmp_path, {})
    monkeypatch.setattr(app.session, "start", lambda: None)  # nothing speaks but this test
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
