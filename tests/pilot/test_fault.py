"""A fault of the program's own: the terminal is given back clean, the details go to the log file."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import NoReturn

import pytest

from aurora_tui.app import AuroraApp
from aurora_tui.cluster.kubeconfig import choose
from aurora_tui.session import Session
from aurora_tui.settings import load_settings
from tests.live.kubeconfigs import write_kubeconfig
from tests.pilot.console import PATIENCE

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def app(tmp_path: Path) -> AuroraApp:
    config = write_kubeconfig(
        tmp_path / "config",
        contexts={"dev": {"cluster": "c", "user": "u"}},
        clusters={"c": {"server": NOWHERE}},
        users={"u": {}},
    )
    return AuroraApp(Session(load_settings(environ={}), choose("dev", str(config))))


async def test_no_traceback_reaches_the_terminal(
    app: AuroraApp,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken() -> NoReturn:
        raise ZeroDivisionError("hunter2")

    with pytest.raises(ZeroDivisionError), caplog.at_level(logging.ERROR):
        async with app.run_test() as pilot:
            monkeypatch.setattr(app.objects_pane, "flush", broken)
            async with asyncio.timeout(PATIENCE):
                while not app.fault:
                    await pilot.pause(0.05)

    printed = "".join(capfd.readouterr())
    assert "Traceback" not in printed
    assert "hunter2" not in printed
    assert app.fault == "ZeroDivisionError"
    assert "hunter2" in caplog.text


async def test_the_tick_may_come_after_the_screens_are_gone(app: AuroraApp) -> None:
    async with app.run_test():
        pass
    assert not app.screen_stack
    app._tick()
