"""``replay``: opens an incident's archive on the screen, and draws pictures of what was captured."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from aurora_tui.incident.bundle import BundleError, read_bundle
from aurora_tui.incident.replay import Recorded, ReplaySession, recorded
from aurora_tui.launch import Wanted, fail, settings_of, terminal_defaults
from aurora_tui.model.facts import Fact
from aurora_tui.model.stamps import rfc3339
from aurora_tui.settings import Settings

_SIZE = (160, 48)
_MOST = 3


def replay(wanted: Wanted, path: Path) -> None:
    """Run the console on an archive."""
    try:
        found = recorded(read_bundle(path))
    except (BundleError, ValueError) as error:
        raise fail(str(error)) from error
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise fail("a replay needs a terminal; for scripts there is `aurora-tui incident export`")
    terminal_defaults(wanted)
    from aurora_tui.replaying import ReplayApp
    from aurora_tui.terminal import ConsoleDriver

    app = ReplayApp(ReplaySession(settings_of(wanted), found))
    app.driver_class = ConsoleDriver
    result = app.run()
    sys.exit(result if isinstance(result, int) else app.return_code or 0)


def pictures(settings: Settings, facts: Sequence[Fact]) -> list[tuple[str, str]]:
    """The panes as SVG at the first capture, in the middle and at the end, each with its caption."""
    try:
        found = recorded(facts)
    except ValueError:
        return []
    times = list(dict.fromkeys(each.at for each in found.snapshots))
    chosen = times if len(times) <= _MOST else [times[0], times[len(times) // 2], times[-1]]
    terminal_defaults(Wanted())
    return asyncio.run(_drawn(settings, found, chosen)) if chosen else []


async def _drawn(settings: Settings, found: Recorded, times: Sequence[float]) -> list[tuple[str, str]]:
    from aurora_tui.commands.shot import plain_picture
    from aurora_tui.replaying import ReplayApp

    session = ReplaySession(settings, found)
    app = ReplayApp(session)
    drawn = []
    async with app.run_test(size=_SIZE) as pilot:
        for at in times:
            session.go_to(at)
            app.action_scrub(0)
            await pilot.pause(0.5)  # the lines of the log are handed over in moments
            drawn.append((f"The panes as captured at {rfc3339(at)}", plain_picture(app)))
    return drawn
