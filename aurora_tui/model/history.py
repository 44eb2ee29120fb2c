"""A workload's rollout history as rows: each revision beside the one that runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aurora_tui.model import revisions
from aurora_tui.model.ages import age
from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.diffs import DiffLine, changes
from aurora_tui.model.revisions import Revision


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """One revision. `changes` is what going back to it would change in the template that runs now."""

    number: int
    keeper: str
    created: float | None
    """When its keeper was made, in seconds since the epoch: a revision that was restored is older than its number."""
    change_cause: str
    images: str
    live: bool
    changes: tuple[DiffLine, ...]

    @property
    def key(self) -> str:
        return self.keeper


def rows(live: Mapping[str, Any], history: Iterable[Revision]) -> tuple[RevisionRow, ...]:
    """The revisions of a workload given as raw JSON, newest first."""
    history = tuple(history)
    template = live["spec"]["template"]
    running = revisions.live(history, template)
    return tuple(_row(revision, template, running) for revision in reversed(history))


def _row(revision: Revision, template: Mapping[str, Any], running: Revision | None) -> RevisionRow:
    before, after = ({"spec": {"template": revisions.plain_template(each)}} for each in (template, revision.template))
    return RevisionRow(
        revision.number,
        revision.keeper,
        datetime.fromisoformat(revision.created).timestamp() if revision.created else None,
        revision.change_cause,
        ", ".join(revisions.images(revision.template).values()),
        revision is running,
        changes(before, after),
    )


COLUMNS: tuple[Column[RevisionRow], ...] = (
    Column("REVISION", lambda row, _: Cell(str(row.number)), lambda row: row.number, right=True),
    Column(
        "STATE",
        lambda row, _: Cell("runs now", Tone.GOOD) if row.live else Cell(f"{len(row.changes)} lines differ", Tone.DIM),
        lambda row: (not row.live, len(row.changes)),
        rank=2,
    ),
    Column("AGE", lambda row, now: Cell(age(row.created, now)), lambda row: -(row.created or 0.0), rank=1),
    Column("IMAGES", lambda row, _: Cell(row.images), lambda row: row.images),
    Column(
        "CHANGE-CAUSE",
        lambda row, _: Cell(row.change_cause or "<none>"),
        lambda row: row.change_cause,
        rank=3,
        flexible=True,
    ),
)
