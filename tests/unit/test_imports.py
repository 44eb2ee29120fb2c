"""What the operator does not wait for: modules that come after the first frame, and after the first row."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from tests.terminal import set_size
from tests.unit.apiserver import config, item, listing, running, stream, write

PROGRAM = """
import contextlib, json, os, sys
import aurora_tui.launch

loaded, frame = {}, aurora_tui.launch.first_frame

@contextlib.contextmanager
def watched(*words):
    loaded["frame"] = sorted(sys.modules)
    with frame(*words):
        yield
    from aurora_tui.cluster import headstart
    from aurora_tui.terminal import ConsoleDriver
    headstart._PATIENCE_SECONDS = 60.0  # however busy the machine is
    ConsoleDriver.write = told(ConsoleDriver.write)

def told(write):
    def telling(self, data):
        write(self, data)
        if "the-first-pod" in data:
            with open(os.environ["LOADED"], "w") as file:
                json.dump({**loaded, "row": sorted(sys.modules)}, file)
            os._exit(0)
    return telling

aurora_tui.launch.first_frame = watched
from aurora_tui.cli import main
main()
"""
"""The program itself, which tells what was loaded when, and ends as soon as the first row is painted."""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The modules that were there before the first ``frame``, and once the first ``row`` was painted."""
    return asyncio.run(_start(tmp_path_factory.mktemp("start")))


async def _start(folder: Path) -> dict[str, set[str]]:
    (folder / "program.py").write_text(PROGRAM)
    screen, inside = os.openpty()
    set_size(inside, 160, 48)
    asyncio.get_running_loop().add_reader(screen, lambda: os.read(screen, 65536))
    try:
        async with running() as server:
            server.on("GET /api/v1/pods", listing(item("the-first-pod")))
            server.on("WATCH /api/v1/pods", stream(until=asyncio.Event()))
            program = await asyncio.create_subprocess_exec(
                *(sys.executable, str(folder / "program.py"), "-A"),
                *("--kubeconfig", str(write(folder / "kubeconfig", config(server.url)))),
                stdin=inside,
                stdout=inside,
                stderr=inside,
                env={**os.environ, "HOME": str(folder), "TERM": "xterm-256color", "LOADED": str(folder / "loaded")},
            )
            async with asyncio.timeout(60):
                await program.wait()
    finally:
        asyncio.get_running_loop().remove_reader(screen)
        os.close(screen)
        os.close(inside)
    told: dict[str, list[str]] = json.loads((folder / "loaded").read_text())
    return {when: set(modules) for when, modules in told.items()}


def of(modules: set[str], *packages: str) -> list[str]:
    """Those that are one of the packages or within one."""
    return sorted(name for name in modules if any(name == each or name.startswith(f"{each}.") for each in packages))


def test_the_first_frame_is_drawn_before_the_screens_libraries_and_the_clients(loaded: dict[str, set[str]]) -> None:
    libraries = ("textual", "widgets", "aiohttp", "kubernetes", "pydantic", "http.client", "sqlite3")
    ours = ("aurora_tui.session", "aurora_tui.app", "aurora_tui.actions", "aurora_tui.signals", "aurora_tui.commands")

    assert of(loaded["frame"], *libraries, *ours) == []


def test_the_first_row_is_painted_before_the_client_the_signals_and_the_verbs(loaded: dict[str, set[str]]) -> None:
    libraries = ("aiohttp", "kubernetes", "pydantic", "dateutil", "requests", "sqlite3")
    signals = ("aurora_tui.signalling", "aurora_tui.signals.prometheus", "aurora_tui.signals.eslogs")
    acting = (
        "aurora_tui.actions",
        "aurora_tui.verbs",
        "aurora_tui.rights",
        "aurora_tui.journal",
        "aurora_tui.silencing",
    )
    rest = ("aurora_tui.journal", "aurora_tui.sandbox", "aurora_tui.commands", "aurora_tui.desk")

    assert of(loaded["row"], *libraries, *signals, *acting, *rest) == []


def test_what_was_loaded_is_told_at_all(loaded: dict[str, set[str]]) -> None:
    assert of(loaded["frame"], "aurora_tui.launch", "yaml")
    assert of(loaded["row"], "aurora_tui.cluster.headstart", "widgets.grid", "textual.app")
