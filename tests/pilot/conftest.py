"""What tests of the whole screen share: the demo stacks that none of them changes, and a home of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aurora_tui.sandbox.addresses import Addresses
from tests.pilot.console import demo


@pytest.fixture(scope="session")
def bad_release() -> Iterator[Addresses]:
    with demo("bad-release") as addresses:
        yield addresses


@pytest.fixture(scope="session")
def healthy() -> Iterator[Addresses]:
    with demo("healthy") as addresses:
        yield addresses


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which nobody has been yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path
