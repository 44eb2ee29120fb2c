"""``shot``: a picture of the dashboard as SVG, made headless from live data."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from aurora_tui.model.freshness import SourceState
from aurora_tui.model.slo import NOT_READ

if TYPE_CHECKING:
    from aurora_tui.app import AuroraApp

SETTLE_SECONDS = 15.0
"""How long the sources may take to say something; what is still silent is shown as it is."""
_STEP = 0.2
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""A picture loads nothing from elsewhere: a viewer's own monospaced font will do."""


async def shoot(app: AuroraApp, size: tuple[int, int], keys: list[str]) -> str:
    """The screen as SVG at `size` (columns, lines), after pressing `keys`."""
    async with app.run_test(size=size) as pilot:
        await _settle(app)
        for key in keys:
            await pilot.press(key)
            await asyncio.sleep(1.0)
        app.flush()
        await pilot.pause()
        return plain_picture(app)


def plain_picture(app: AuroraApp) -> str:
    """The screen as it is, as SVG."""
    return _FONTS.sub("", app.export_screenshot(title="aurora-tui"))


async def _settle(app: AuroraApp) -> None:
    store = app.session.store
    for _ in range(int(SETTLE_SECONDS / _STEP)):
        await asyncio.sleep(_STEP)
        states = [store.table(name).freshness.state for name in ("slos", "alerts", app.objects_pane.table.name)]
        budgets = [row.budget_reason for row in store.table("slos").rows.values()]
        if SourceState.CONNECTING not in states and NOT_READ not in budgets:
            return
