"""Warns whoever goes back to the very revision that a rollback left, with how well it served while it ran."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.health import healths, history_of
from aurora_tui.journal import Journal
from aurora_tui.model.actions import Action, Verb
from aurora_tui.model.frozen import replace
from aurora_tui.model.history import NO_DATA, Health, RevisionRow
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.slo_text import share_text
from aurora_tui.model.stamps import rfc3339
from aurora_tui.session import Session

PATIENCE = 2.0
"""Seconds that a preview waits for Prometheus: what it adds is a figure."""


async def relapse(session: Session, journal: Journal, action: Action) -> tuple[str, ...]:
    """What speaks against an undo in the workload's history: "rolled back from", unless it met its objective then."""
    if action.verb is not Verb.UNDO:
        return ()
    ref = action.target.ref
    try:
        found = await history_of(session, journal, ref)
    except ClusterError as error:
        return (f"could not see whether it was rolled back from before: {error.message}",)
    row = next((row for row in found.rows if row.keeper == action.after["keeper"]), None)
    if row is None or row.left is None:
        return ()
    health = await _health(session, ref, replace(row, run=row.left))
    if health.met:
        return ()
    at = f" at {rfc3339(row.left.end)[11:]}" if row.left.end is not None else ""
    share = f" ({share_text(health.share)} good)" if health.share is not None else ""
    return (f"revision {row.number} is what was rolled back from{at}{share}",)


async def _health(session: Session, ref: ObjectRef, row: RevisionRow) -> Health:
    health = NO_DATA
    try:
        async with asyncio.timeout(PATIENCE), aclosing(healths(session, ref, [row])) as answers:
            async for known in answers:
                health = known.health.get(row.key, health)
    except TimeoutError:
        pass
    return health
