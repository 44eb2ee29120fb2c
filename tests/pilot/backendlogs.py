"""The console with the keys on the logs of the backend."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aurora_tui.sandbox.addresses import Addresses
from tests.pilot.console import Console, opened

BACKEND = "deployment/aurora-backend"


@asynccontextmanager
async def reading(stack: Addresses) -> AsyncIterator[Console]:
    """Some of the lines are there."""
    async with opened(stack) as console:
        await console.until(f"Logs {BACKEND}  following", lambda: len(console.app.logs_pane.buffer) > 100)
        await console.command("logs")
        await console.until(f"▸Logs {BACKEND}")
        yield console


def title(console: Console) -> str:
    return console.title(console.app.logs_pane)
