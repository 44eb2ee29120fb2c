"""The stack of the scenario that a module tells in `NAME`, and a healthy one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.scenarios.scene import Scene, scene


@pytest.fixture
async def stack(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(request.module.NAME, tmp_path) as found:
        yield found


@pytest.fixture
async def healthy(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene("healthy", tmp_path) as found:
        yield found
