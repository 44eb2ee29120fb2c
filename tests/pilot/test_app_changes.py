"""What changed: from the worst alert by one key to the rollout before it, and on to the history that takes it back."""

from __future__ import annotations

from aurora_tui.sandbox.addresses import Addresses
from tests.pilot.console import opened
from widgets.actiondialog import ActionDialog
from widgets.changes import ChangesScreen
from widgets.history import HistoryScreen


async def test_the_release_before_the_worst_alert_stands_first_with_what_it_changed(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await console.until("m mend it, ⏎ why  deployment/aurora-backend")
        await console.press("w")
        await console.until("revision 3: 2.4.0 → 2.4.1 (release 2.4.1)")
        assert isinstance(console.app.screen, ChangesScreen)
        heading, columns, *rows = console.text.splitlines()
        # Only the backup of two o'clock may have run nearer to the onset.
        release = next(row for row in rows if "deploy-pipeline" in row)
        assert all("cronjob/aurora-backup" in row for row in rows[: rows.index(release)])
        assert "What changed  deployment/aurora-backend  ns aurora  onset 2" in heading
        assert columns.split()[:3] == ["FROM", "ONSET↑", "TIME"]
        assert " before " in release
        await console.press("o")
        await console.until("own only")
        assert "- template.spec.containers[backend].image: aurora/backend:2.4.0" in console.text
        assert "+ template.spec.containers[backend].image: aurora/backend:2.4.1" in console.text

        await console.press("enter")
        await console.until("History of deployment/aurora-backend")
        assert isinstance(console.app.screen, HistoryScreen)
        await console.until("Going back to revision 2")
        await console.press("u")
        await console.until(lambda: isinstance(console.app.screen, ActionDialog))
        await console.press("escape", "escape", "escape")
        await console.until(lambda: console.app.screen is console.app.main)


async def test_only_its_own_changes_are_left_and_all_come_back(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await console.until("m mend it, ⏎ why  deployment/aurora-backend")
        await console.press("w")
        await console.until("cronjob/aurora-backup")
        await console.press("o")
        await console.until("own only")
        assert "cronjob/aurora-backup" not in console.text
        assert "revision 3" in console.text
        await console.press("o")
        await console.until("cronjob/aurora-backup")


async def test_without_an_alert_the_changes_of_the_namespace_stand_by_age(bad_release: Addresses) -> None:
    async with opened(bad_release, signals=False) as console:
        await console.command("cm")
        await console.until("aurora-config")
        await console.press("w")
        await console.until("AGO↑")
        await console.until("revision 3")
        assert "onset" not in console.text.splitlines()[0]
