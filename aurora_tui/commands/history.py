"""``history``: the revisions of a workload, and what going back to each would change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from aurora_tui.commands import output
from aurora_tui.commands.target import read_target
from aurora_tui.inspection import history
from aurora_tui.model.history import COLUMNS, RevisionRow
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.text import printable
from aurora_tui.session import Session


async def show(session: Session, target: str, form: str) -> int:
    """Print the history, newest first."""
    resource, name = read_target(target)
    ref = ObjectRef(resource.kind, session.namespace or session.home, name)
    found, now = await history(session.cluster, ref), session.clock()
    if form == "json":
        output.emit(output.objects(COLUMNS, found.rows, now, _raw))
        return 0
    click.echo(printable(f"{ref} in {ref.namespace}: {found.status}{' · paused' if found.paused else ''}"))
    click.echo(output.table(COLUMNS, found.rows, now))
    for row in found.rows:
        if row.changes:
            click.echo(f"\ngoing back to revision {row.number} would change:")
            for line in row.changes:
                click.echo(f"  {printable(str(line))}")
    return 0


def _raw(row: RevisionRow) -> Mapping[str, Any]:
    changes = [{"sign": line.sign, "path": line.path, "text": line.text} for line in row.changes]
    return {"keeper": row.keeper, "created": row.created, "live": row.live, "changes": changes}
