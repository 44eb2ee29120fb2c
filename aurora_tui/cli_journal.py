"""``journal``: the commands that read what was done to the clusters from here."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from aurora_tui.cli_options import FORM


@click.group()
def journal() -> None:
    """What was done to the clusters from here."""


@journal.command("list")
@FORM
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
def journal_list(form: str, limit: int) -> None:
    """The newest entries."""
    from aurora_tui.commands.journalcmd import show_list

    sys.exit(show_list(form, limit))


@journal.command("show")
@click.argument("number", type=int)
@FORM
def journal_show(number: int, form: str) -> None:
    """One entry, whole."""
    from aurora_tui.commands.journalcmd import show_entry

    sys.exit(show_entry(form, number))


_HASH = re.compile("[0-9a-f]{64}")


@journal.command("verify")
@click.option("--head", metavar="HASH", help="A head that was noted earlier: is it still in the chain?")
@FORM
def journal_verify(head: str | None, form: str) -> None:
    """Find an altered, missing or reordered entry; exit 0 intact, 1 not, 2 can't read."""
    from aurora_tui.commands.journalcmd import verify

    noted = None if head is None else head.strip().lower()
    if noted is not None and not _HASH.fullmatch(noted):
        raise click.UsageError(f"--head {head!r}: give the 64 digits that `aurora-tui journal verify` printed")
    sys.exit(verify(form, noted))


@journal.command("export")
@click.option("-o", "--output", "form", type=click.Choice(["jsonl", "markdown"]), default="jsonl", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="File to make; standard output by default.")
def journal_export(form: str, out: Path | None) -> None:
    """All entries, oldest first: one JSON object a line, or an incident log."""
    from aurora_tui.commands.journalcmd import export

    sys.exit(export(form, out))
