"""A shell in a pod, or one command in it, without a screen: the same plan, guards and journal."""

from __future__ import annotations

import asyncio
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from aurora_tui.actions import ActionPath, Refusal
from aurora_tui.attaching import Ends, attach
from aurora_tui.cluster.protocol import RemoteTerminal
from aurora_tui.cluster.resources import PODS
from aurora_tui.commands.act import FAILED, UNKNOWN, Answer, consent, refused, settle, show, tell
from aurora_tui.commands.target import read_target
from aurora_tui.desk import action_path
from aurora_tui.model.actions import ExecRequest, Outcome, Params, Plan, Verb
from aurora_tui.model.terminals import Ended
from aurora_tui.session import Session
from aurora_tui.shells import greeting


async def shell(
    session: Session,
    what: str,
    container: str | None,
    command: Sequence[str],
    *,
    yes: bool,
    confirm: str | None,
    reason: str | None,
    dry_run: bool,
) -> int:
    """Plan, ask, open. The exit status is the process's own; 1 where none was started, 2 where it is not known."""
    resource, name = read_target(what)
    if resource is not PODS:
        raise click.UsageError(f"{what!r} is not a pod")
    seat = _Seat(tty=sys.stdin.isatty() and sys.stdout.isatty())
    path = action_path(session)
    path.terminal = seat
    await settle(path)
    params: Params = {
        "tty": int(seat.tty),
        **({"container": container} if container else {}),
        **({"command": shlex.join(command)} if command else {}),
    }
    try:
        plan = await path.plan(Verb.SHELL, resource, session.namespace or session.home, name, params)
    except Refusal as error:
        return refused(error)
    # What the command prints may be for another program: everything of ours goes beside it.
    show(plan, err=True)
    answer = consent(plan, session.context, yes=yes, confirm=confirm, reason=reason, dry_run=dry_run, err=True)
    if not isinstance(answer, Answer):
        return answer
    return await _open(path, plan, answer, seat)


async def _open(path: ActionPath, plan: Plan, answer: Answer, seat: _Seat) -> int:
    with seat.held():
        record = await path.execute(plan, confirmed_context=answer.context, reason=answer.reason)
    if seat.tty and record.outcome is Outcome.UNCERTAIN:
        click.echo(err=True)  # nobody ended the shell's own line
    tell(record, err=True)
    if seat.signalled:
        return 128 + seat.signalled
    if record.outcome is Outcome.DONE:
        return seat.code
    return UNKNOWN if record.outcome is Outcome.UNCERTAIN else FAILED


class _Seat:
    """The terminal, or the streams, that the command was started with."""

    def __init__(self, *, tty: bool) -> None:
        self.tty = tty
        self.code = 0
        self.signalled = 0
        self._stop = asyncio.Event()

    async def __call__(self, remote: RemoteTerminal, plan: Plan, request: ExecRequest) -> Ended:
        if self.tty:
            click.echo(greeting(plan, request), err=True)
        ended = await attach(remote, Ends.standard(), stop=self._stop, typing=self.tty)
        self.code = ended.code or 0
        return ended

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let a signal end the shell and then the program: the terminal is restored, the outcome recorded."""
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGTERM, signal.SIGHUP, *(() if self.tty else (signal.SIGINT,)))

        def stop(number: int) -> None:
            self.signalled = number
            self._stop.set()

        for number in numbers:
            loop.add_signal_handler(number, stop, number)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)
