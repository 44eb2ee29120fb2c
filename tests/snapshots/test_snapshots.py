"""The whole screen as plain text at a frozen time, compared with the committed pictures beside this file.

``AURORA_UPDATE_SNAPSHOTS=1`` writes them anew: look at each before it is committed.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from aurora_tui.app import AuroraApp
from aurora_tui.model.freshness import SourceState
from tests.pilot import screen
from tests.pilot.test_actiondialog import plan
from tests.snapshots.still import MINUTE, NOW, fill, follow_backend, say, still
from widgets.actiondialog import ActionDialog

FOLDER = Path(__file__).parent
UPDATING = "AURORA_UPDATE_SNAPSHOTS"
SIZES = [(160, 48), (120, 36), (80, 24)]
DOWN = "https://10.0.0.1:6443: connection refused; is the API server up, is a tunnel or VPN missing?"


def connecting(app: AuroraApp) -> None:
    """Nothing was heard yet."""


def burning(app: AuroraApp) -> None:
    fill(app)
    follow_backend(app)


def stale(app: AuroraApp) -> None:
    burning(app)
    for table in ("pods", "slos", "alerts"):
        app.session.store.table(table).touch(NOW - 3 * MINUTE)
    say(app, SourceState.STALE, DOWN, next_try=NOW + 12)


def down(app: AuroraApp) -> None:
    say(app, SourceState.DOWN, DOWN, next_try=NOW + 12)


@pytest.mark.parametrize(
    ("state", "size"),
    [
        *((burning, size) for size in SIZES),
        (stale, SIZES[1]),
        (stale, SIZES[2]),
        (connecting, SIZES[2]),
        (down, SIZES[0]),
        (down, SIZES[2]),
    ],
    ids=lambda value: value.__name__ if callable(value) else f"{value[0]}x{value[1]}",
)
async def test_the_screen_looks_as_it_did(
    state: Callable[[AuroraApp], None], size: tuple[int, int], tmp_path: Path
) -> None:
    app = still(tmp_path, read_only=state is stale)
    async with app.run_test(size=size) as pilot:
        state(app)
        await settled(pilot)
        compare(f"{state.__name__}-{size[0]}x{size[1]}", screen.lines(app))


@pytest.mark.parametrize("size", [SIZES[0], SIZES[2]], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_dialog_of_an_action_looks_as_it_did(size: tuple[int, int], tmp_path: Path) -> None:
    app = still(tmp_path)
    async with app.run_test(size=size) as pilot:
        burning(app)
        dialog = ActionDialog("undo deployment/aurora-backend", "prod", protected=True)
        await app.push_screen(dialog)
        dialog.show_plan(plan())
        await settled(pilot)
        compare(f"asking-{size[0]}x{size[1]}", screen.lines(app))


@pytest.mark.parametrize("size", [SIZES[0], SIZES[2]], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    ("page", "keys"),
    [("unfolded", ("f", "t", "E", "space")), ("line", ("E", "enter")), ("templates", ("T",))],
    ids=["unfolded", "line", "templates"],
)
async def test_a_log_its_lines_and_its_templates_look_as_they_did(
    page: str, keys: tuple[str, ...], size: tuple[int, int], tmp_path: Path
) -> None:
    app = still(tmp_path)
    async with app.run_test(size=size) as pilot:
        burning(app)
        await settled(pilot)
        app.go_to(app.logs_pane)
        await pilot.press(*keys)
        await settled(pilot)
        compare(f"{page}-{size[0]}x{size[1]}", screen.lines(app))


async def settled(pilot: Pilot[Any]) -> None:
    """Let everything that was put in come onto the screen."""
    app = pilot.app
    assert isinstance(app, AuroraApp)
    for _ in range(3):
        app.flush()
        await pilot.pause()


def compare(name: str, lines: list[str]) -> None:
    """Fail with the lines that differ, or write the picture where that was asked for."""
    path = FOLDER / f"{name}.txt"
    if os.environ.get(UPDATING):
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    committed = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    if committed != lines:
        difference = "\n".join(
            difflib.unified_diff(committed, lines, str(path.name), "the screen now", lineterm="", n=1)
        )
        pytest.fail(f"{difference}\n\n{UPDATING}=1 writes it anew", pytrace=False)
