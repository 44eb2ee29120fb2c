"""A workload's rollout history as rows: each revision beside the one that runs, when it ran and how well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from aurora_tui.model import revisions
from aurora_tui.model.ages import age, human_duration
from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.diffs import DiffLine, changes
from aurora_tui.model.frozen import Frozen, replace
from aurora_tui.model.revisions import Revision
from aurora_tui.model.runs import Restored, Run, latest, left_by_rollback, runs
from aurora_tui.model.slo_text import share_text

UNKNOWN = "unknown"


class Health(Frozen):
    """How a service did while a revision ran: the share of good events (0..1), or why it is not known."""

    share: float | None
    ratio: float = 0.0
    """The share that the objective wants."""
    reason: str = ""

    @property
    def met(self) -> bool:
        return self.share is not None and self.share >= self.ratio


ASKING = Health(None, reason="asking …")
NOT_ASKED = Health(None, reason="not asked")
NO_DATA = Health(None, reason="no data")


class RevisionRow(Frozen):
    """One revision. `changes` is what going back to it would change in the template that runs now."""

    number: int
    keeper: str
    created: float | None
    """When its keeper was made, in seconds since the epoch: a revision that was restored is older than its number."""
    change_cause: str
    images: str
    live: bool
    changes: tuple[DiffLine, ...]
    run: Run | None = None
    """The newest run of it that is known from beginning to end, else its newest."""
    health: Health = NOT_ASKED
    roles: tuple[str, ...] = ()
    """What it is in a Rollout's update: stable, canary, active, preview."""
    best: bool = False
    """The one to go back to: the newest earlier revision that met the objective."""
    left: Run | None = None
    """Its newest run, where a rollback ended it."""

    @property
    def key(self) -> str:
        return self.keeper

    @property
    def restored(self) -> bool:
        """Whether somebody has come back to it: it began later than its keeper was made."""
        run = self.run
        return run is not None and (not run.exact or (run.begin or 0.0) > (self.created or 0.0) + 1.0)


def rows(
    live: Mapping[str, Any],
    history: Iterable[Revision],
    restored: Iterable[Restored] = (),
    *,
    now: float,
    roles: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> tuple[RevisionRow, ...]:
    """The revisions of a workload given as raw JSON, newest first; `restored` are the journal's undos of it.

    `roles` says by keeper what a revision is in a Rollout's update.
    """
    history = tuple(history)
    running = revisions.live(history, live)
    # A Rollout's own template lacks the defaults that its ReplicaSets' have.
    template = running.template if running is not None else live["spec"]["template"]
    known = runs(live, history, restored)
    made = (
        _row(revision, template, running, latest(known, revision.keeper, now), roles.get(revision.keeper, ()))
        for revision in reversed(history)
    )
    return tuple(replace(row, left=left_by_rollback(known, row.keeper)) for row in made)


def judged(rows: Sequence[RevisionRow], found: Mapping[str, Health]) -> tuple[RevisionRow, ...]:
    """The rows, newest first, with what is known of their health by key, and the best one marked.

    While a newer one may still turn out healthy, none is marked.
    """
    rows = tuple(replace(row, health=found.get(row.key, row.health), best=False) for row in rows)
    best = next((row for row in rows if not row.live and (row.health.met or row.health == ASKING)), None)
    return tuple(replace(row, best=row is best and row.health.met) for row in rows)


def advised(rows: Sequence[RevisionRow]) -> RevisionRow | None:
    """The revision to offer before any other: the best one, unless the one that runs is healthy or was restored."""
    live = next((row for row in rows if row.live), None)
    if live is None or live.health == ASKING or live.health.met or live.restored:
        return None
    return next((row for row in rows if row.best), None)


def ran(run: Run | None, now: float) -> str:
    """How long a revision ran: ``5d3h``, ``now, 12m``, ``now, over 12m``, ``unknown``."""
    span = run.span(now) if run is not None else None
    if run is None or span is None:
        return f"now, {UNKNOWN}" if run is not None and run.current else UNKNOWN
    length = human_duration(span[1] - span[0])
    if not run.current:
        return length
    return f"now, {length}" if run.exact else f"now, over {length}"


def health_text(health: Health) -> str:
    """``yes, 99.97 %`` (of the events were good), ``no, 71.40 %``, or why it is not known."""
    if health.share is None:
        return health.reason
    return f"{'yes' if health.met else 'no'}, {share_text(health.share)}"


def availability(live: Mapping[str, Any], now: float) -> str:
    """Since when a Deployment has, or has not, enough available pods; "" where the object does not say."""
    for condition in (live.get("status") or {}).get("conditions") or ():
        if condition["type"] == "Available" and condition.get("lastTransitionTime"):
            since = datetime.fromisoformat(condition["lastTransitionTime"]).timestamp()
            return f"{'enough' if condition['status'] == 'True' else 'too few'} for {age(since, now)}"
    return ""


def _row(
    revision: Revision, template: Mapping[str, Any], running: Revision | None, run: Run | None, roles: tuple[str, ...]
) -> RevisionRow:
    before, after = ({"spec": {"template": revisions.plain_template(each)}} for each in (template, revision.template))
    return RevisionRow(
        revision.number,
        revision.keeper,
        datetime.fromisoformat(revision.created).timestamp() if revision.created else None,
        revision.change_cause,
        ", ".join(revisions.images(revision.template).values()),
        revision is running,
        changes(before, after),
        run,
        roles=roles,
    )


def _state(row: RevisionRow) -> Cell:
    if row.roles:
        return Cell(", ".join(("runs now", *row.roles) if row.live else row.roles), Tone.GOOD)
    if row.live:
        return Cell("runs now", Tone.GOOD)
    return Cell("last healthy", Tone.GOOD) if row.best else Cell(f"{len(row.changes)} lines differ", Tone.DIM)


def _health(row: RevisionRow) -> Cell:
    if row.health.share is None:
        return Cell(health_text(row.health), Tone.DIM)
    return Cell(health_text(row.health), Tone.GOOD if row.health.met else Tone.BAD)


def _length(row: RevisionRow) -> float:
    span = row.run.span(row.run.begin or 0.0) if row.run is not None else None
    return span[1] - span[0] if span is not None else -1.0


COLUMNS: tuple[Column[RevisionRow], ...] = (
    Column("REVISION", lambda row, _: Cell(str(row.number)), lambda row: row.number, right=True),
    Column("STATE", lambda row, _: _state(row), lambda row: (not row.live, not row.best, len(row.changes)), rank=2),
    Column("RAN", lambda row, now: Cell(ran(row.run, now)), _length, rank=1),
    Column("HEALTHY", lambda row, _: _health(row), lambda row: row.health.share or -1.0),
    Column("AGE", lambda row, now: Cell(age(row.created, now)), lambda row: -(row.created or 0.0), rank=3),
    Column("IMAGES", lambda row, _: Cell(row.images), lambda row: row.images),
    Column(
        "CHANGE-CAUSE",
        lambda row, _: Cell(row.change_cause or "<none>"),
        lambda row: row.change_cause,
        rank=4,
        flexible=True,
    ),
)
