"""`R` on the bad release: the history shows which revision was healthy, and `u` goes back to it."""

from __future__ import annotations

import pytest

from aurora_tui.sandbox.addresses import Addresses
from tests.pilot.console import Console, opened


async def open_history(console: Console) -> None:
    await console.command("deploy")
    await console.until("▸Deployments 2")
    await console.press("R")


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
async def test_the_bad_release_is_unhealthy_and_the_one_before_is_offered(
    bad_release: Addresses, size: tuple[int, int]
) -> None:
    async with opened(bad_release, size) as console:
        await open_history(console)
        await console.until("Going back to revision 2 (healthy, ran 2d23h) would change")

        bad, good = (next(line for line in console.lines if f"backend:{tag}" in line) for tag in ("2.4.1", "2.4.0"))
        assert "now, " in bad and "no, " in bad
        assert "2d23h" in good and "yes, 99.9" in good

        await console.press("u")
        await console.until("rolls deployment/aurora-backend back from revision 3 (2.4.1) to")
        assert "revision 2 (2.4.0)" in console.text
        await console.press("escape")


async def test_without_prometheus_the_history_shows_and_says_why_no_health_does(bad_release: Addresses) -> None:
    async with opened(bad_release, signals=False) as console:
        await open_history(console)
        await console.until("health not asked: switched off in the settings")

        assert "Revision 3 runs now" in console.text
        assert console.text.count("not asked") == 4
