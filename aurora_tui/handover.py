"""Hands the screen's terminal to a shell: suspends the screen, says where the shell is, and comes back whole."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Any

from textual.app import SuspendNotSupported

from aurora_tui.attaching import GONE, STOPPED, Ends, attach, write_all
from aurora_tui.model.terminals import Ended
from aurora_tui.shells import greeting, parting

if TYPE_CHECKING:
    from textual.app import App

    from aurora_tui.cluster.protocol import RemoteTerminal
    from aurora_tui.model.actions import ExecRequest, Plan


class _LeavingError(Exception):
    """The program ends: the screen is not to come back."""


class Handover:
    """The terminal of an app, for one shell at a time; the sources go on while the screen is away."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._stop = asyncio.Event()
        self.until: asyncio.Task[None] | None = None
        """What the shell is part of: at its end the outcome is recorded."""

    async def __call__(self, remote: RemoteTerminal, plan: Plan, request: ExecRequest) -> Ended:
        """Suspend the screen for as long as the shell lasts. Where the program has to end meanwhile, it stays away."""
        ended: Ended | BaseException = STOPPED
        try:
            with self._app.suspend():
                # Textual brings the screen back at a quiet end alone, and a fault must not keep it away.
                (ended,) = await asyncio.gather(self._lend(remote, plan, request), return_exceptions=True)
                if ended in (GONE, STOPPED):
                    raise _LeavingError
        except _LeavingError:
            pass
        except SuspendNotSupported:
            return Ended(None, "there is no terminal here to open a shell in")
        if isinstance(ended, BaseException):
            raise ended
        return ended

    async def _lend(self, remote: RemoteTerminal, plan: Plan, request: ExecRequest) -> Ended:
        """Everything while the screen is away; without a terminal the program has to end."""
        ends, ended = Ends.standard(), GONE
        try:
            await _say(ends, greeting(plan, request))
            ended = await attach(remote, ends, stop=self._stop)
            if ended not in (GONE, STOPPED):
                await _say(ends, parting(ended))
                return ended
        except OSError:  # the terminal went away
            pass
        if ended is not STOPPED:
            self._app.exit(128 + signal.SIGHUP)
        return ended

    async def end(self) -> None:
        """Leave the shell, if one is open, because the program ends."""
        self._stop.set()
        if self.until is not None:
            await asyncio.wait([self.until])


async def _say(ends: Ends, words: str) -> None:
    await asyncio.to_thread(write_all, ends.out, f"\r\n{words}\r\n".encode(errors="replace"))
