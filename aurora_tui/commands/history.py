"""``history``: the revisions of a workload, and what going back to each would change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from aurora_tui.commands import output
from aurora_tui.commands.target import read_target
from aurora_tui.folders import state_dir
from aurora_tui.health import Findings, healths, history_of
from aurora_tui.journal import Journal
from aurora_tui.model.history import COLUMNS, RevisionRow, judged, ran
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.text import printable
from aurora_tui.session import Session


async def show(session: Session, target: str, form: str) -> int:
    """Print the history, newest first, when Prometheus has said how healthy each revision was, or has not."""
    resource, name = read_target(target)
    ref = ObjectRef(resource.kind, session.namespace or session.home, name)
    journal = Journal(state_dir())
    try:
        found = await history_of(session, journal, ref)
    finally:
        journal.close()
    known = ([each async for each in healths(session, ref, found.rows)] or [Findings()])[-1]
    if known.trouble:
        click.echo(printable(known.trouble), err=True)
    rows, now = judged(found.rows, known.health), session.clock()
    if form == "json":
        output.emit(output.objects(COLUMNS, rows, now, _raw))
        return 0
    click.echo(printable(f"{ref} in {ref.namespace}: {found.status}{' · paused' if found.paused else ''}"))
    click.echo(output.table(COLUMNS, rows, now))
    for row in rows:
        if row.changes:
            best = f" (healthy, ran {ran(row.run, now)})" if row.best else ""
            click.echo(f"\ngoing back to revision {row.number}{best} would change:")
            for line in row.changes:
                click.echo(f"  {printable(str(line))}")
    return 0


def _raw(row: RevisionRow) -> Mapping[str, Any]:
    changes = [{"sign": line.sign, "path": line.path, "text": line.text} for line in row.changes]
    run, health = row.run, row.health
    return {
        "keeper": row.keeper,
        "created": row.created,
        "live": row.live,
        "best": row.best,
        "ran": run and {"begin": run.begin, "exact": run.exact, "end": run.end, "current": run.current},
        "health": {"share": health.share, "objective": health.ratio or None, "reason": health.reason},
        "changes": changes,
    }
