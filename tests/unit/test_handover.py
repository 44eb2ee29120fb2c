"""The screen that gives its terminal to a shell comes back however that ends, if there is something to come back to."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from aurora_tui.attaching import GONE, Ends
from aurora_tui.handover import Handover
from aurora_tui.model.actions import ExecRequest, Plan
from aurora_tui.model.terminals import Ended
from tests.unit.test_attaching import Local, Remote, local
from tests.unit.test_shell import Scene, chosen, scene

__all__ = ["local", "scene"]


@dataclass
class Screen:
    """An app that suspends as Textual's does: only a quiet end brings it back."""

    told: list[str | int] = field(default_factory=list)

    @contextmanager
    def suspend(self) -> Iterator[None]:
        self.told.append("suspended")
        yield
        self.told.append("back")

    def exit(self, status: int) -> None:
        self.told.append(status)


@pytest.fixture
async def shell(scene: Scene, local: Local, monkeypatch: pytest.MonkeyPatch) -> tuple[Plan, ExecRequest]:
    """A confirmed shell in the test's own terminal."""
    monkeypatch.setattr(Ends, "standard", classmethod(lambda cls: local.ends))
    plan = await scene.plan()
    return plan, chosen(plan)


async def lent(screen: Screen, remote: Remote, shell: tuple[Plan, ExecRequest]) -> Ended:
    async with asyncio.timeout(10):
        return await Handover(cast(Any, screen))(remote, *shell)


async def test_a_fault_of_ours_brings_the_screen_back_all_the_same(
    local: Local, shell: tuple[Plan, ExecRequest]
) -> None:
    screen, remote = Screen(), Remote()
    remote.says.put_nowait(RuntimeError("a fault of ours"))

    with pytest.raises(RuntimeError, match="a fault of ours"):
        await lent(screen, remote, shell)

    assert screen.told == ["suspended", "back"]
    assert local.is_as_before()


async def test_a_terminal_that_went_away_before_the_shell_ends_the_program(
    local: Local, shell: tuple[Plan, ExecRequest]
) -> None:
    screen = Screen()
    local.hang_up()

    assert await lent(screen, Remote(), shell) is GONE

    assert screen.told == ["suspended", 128 + signal.SIGHUP]


async def test_a_terminal_that_goes_away_with_the_shell_takes_nothing_from_how_that_ended(
    local: Local, shell: tuple[Plan, ExecRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen, remote = Screen(), Remote()
    reader, writer = os.pipe()
    monkeypatch.setattr(Ends, "standard", classmethod(lambda cls: Ends(local.inside, writer, writer)))
    task = asyncio.create_task(lent(screen, remote, shell))
    await remote.until(sizes=[(80, 24)])
    os.close(reader)
    remote.says.put_nowait(Ended(3))

    assert await task == Ended(3)

    os.close(writer)
    assert 128 + signal.SIGHUP in screen.told
