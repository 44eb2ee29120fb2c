"""The console from one context to the next: what the app before held is let go."""

from __future__ import annotations

import contextlib
import gc
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aurora_tui import app, launch
from aurora_tui.arranged import SwitchContext
from aurora_tui.cluster import headstart
from tests.live.kubeconfigs import write_kubeconfig

NAMES = ("one", "two", "three")


@pytest.fixture
def collector() -> Iterator[None]:
    """The collector as it was, for the other tests of this process."""
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)
    gc.enable()


@pytest.mark.usefixtures("collector")
def test_an_app_that_ended_is_gone_when_the_one_on_the_next_context_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contexts = {name: {"cluster": "c", "user": "u"} for name in NAMES}
    config = write_kubeconfig(
        tmp_path / "config", contexts=contexts, clusters={"c": {"server": "https://127.0.0.1:9"}}, users={"u": {}}
    )
    made: list[weakref.ref[Any]] = []
    alive: list[int] = []

    class App:
        fault = return_code = None

        def __init__(self, opened: object) -> None:
            self.myself = self  # as widgets and their app hold each other
            made.append(weakref.ref(self))

        def run(self) -> object:
            alive.append(sum(each() is not None for each in made))
            return SwitchContext(NAMES[len(made)]) if len(made) < len(NAMES) else 0

    monkeypatch.setattr(app, "AuroraApp", App)
    monkeypatch.setattr(headstart.HeadStart, "begin", lambda self: None)
    monkeypatch.setattr(launch, "first_frame", lambda *given: contextlib.nullcontext())
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)

    with pytest.raises(SystemExit):
        launch.console(launch.Wanted(contexts=(NAMES[0],), kubeconfig=str(config)))

    assert alive == [1, 1, 1]
