"""The command that opens a shell in a pod."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from aurora_tui.cli_options import guarded, named, shared, take
from aurora_tui.launch import once


@click.command(
    epilog="""\b
Examples:
  aurora-tui shell aurora-backend-7d9f -n aurora       a shell in the pod's default container
  aurora-tui shell aurora-backend-7d9f -c proxy        in another one
  aurora-tui shell aurora-postgres-0 -- pg_isready     one command; its exit status is ours
"""
)
@shared
@click.argument("target", metavar="POD")
@click.argument("command", nargs=-1, metavar="[-- COMMAND...]")
@click.option("-c", "--container", metavar="NAME", help="Container; as kubectl chooses it by default.")
@partial(guarded, dry_run="Say what would be opened and stop.")
@click.pass_context
def shell(ctx: click.Context, /, target: str, command: tuple[str, ...], container: str | None, **given: Any) -> None:
    """Open a shell in a pod, or run one command in it (kubectl exec), guarded and journalled.

    What is typed and printed is not recorded. Enter ~ . cuts a shell off that answers no longer.
    Where input or output is no terminal, the command gets no input: nothing can be piped into it.
    """
    from aurora_tui.commands import shell as shells

    wanted = take(ctx, given)
    once(wanted, lambda session: shells.shell(session, named(target, "pod"), container, command, **given))
