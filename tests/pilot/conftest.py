"""What tests of the whole screen share: the demo stacks that none of them changes, and a home of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aurora_tui.app import AuroraApp
from aurora_tui.sandbox.addresses import Addresses
from aurora_tui.sandbox.child import start_in_subprocess
from tests.pilot.console import PATIENCE, demo
from tests.program import Program


@pytest.fixture(scope="session")
def bad_release() -> Iterator[Addresses]:
    with demo("bad-release") as addresses:
        yield addresses


@pytest.fixture(scope="session")
def healthy() -> Iterator[Addresses]:
    with demo("healthy") as addresses:
        yield addresses


@pytest.fixture(scope="module")
def stack() -> Iterator[Addresses]:
    """A demo stack that the tests of one module change."""
    with start_in_subprocess("bad-release") as addresses:
        yield addresses


@pytest.fixture
def program(stack: Addresses, tmp_path: Path) -> Program:
    """The real program on that stack, in a home of its own."""
    return Program(stack, tmp_path)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said for some seconds stays until it was read on a busy machine, not for ever: it hides what is below."""
    monkeypatch.setattr(AuroraApp, "NOTIFICATION_TIMEOUT", PATIENCE / 3)
    notify = AuroraApp.notify

    def patiently(app: AuroraApp, message: str, *, timeout: float | None = None, **more: Any) -> None:
        notify(app, message, timeout=None if timeout is None else max(timeout, PATIENCE / 3), **more)

    monkeypatch.setattr(AuroraApp, "notify", patiently)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which nobody has been yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path
