"""The templates of a log as rows: what is new, how often, how severe, first and last seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.loglines import Level
from aurora_tui.model.templates import Templates


class TemplateRow(Frozen):
    """One template; stamps are in seconds since the epoch."""

    rank: int
    """Its place: new ones first, then errors, then by count."""
    text: str
    level: Level | None
    count: int
    since: int | None
    """Lines since the onset; None where there is no onset."""
    new: bool
    first: float | None
    last: float | None
    example: str

    @property
    def key(self) -> str:
        return f"{self.level} {self.text}"


def template_rows(templates: Templates, onset: float | None) -> Sequence[TemplateRow]:
    """The rows in their order; none is new where no line is from before the onset."""
    return [
        TemplateRow(
            rank, each.text, each.level, each.count, None if onset is None else each.since(onset),
            templates.is_new(each, onset), each.first, each.last, each.example,
        )
        for rank, each in enumerate(templates.ranked(onset))
    ]  # fmt: skip


def _new(row: TemplateRow, now: float) -> Cell:
    return Cell("new", Tone.ACCENT) if row.new else Cell("")


def _level(row: TemplateRow, now: float) -> Cell:
    if row.level is None:
        return Cell("")
    return Cell(row.level, Tone.BAD if row.level.is_error else Tone.WARN if row.level is Level.WARN else Tone.PLAIN)


def _time(stamp: float | None) -> Cell:
    return Cell("" if stamp is None else f"{datetime.fromtimestamp(stamp, UTC):%H:%M:%S}", Tone.DIM)


COLUMNS: Sequence[Column[TemplateRow]] = (
    Column("NEW", _new, lambda row: row.rank),
    Column("COUNT", lambda row, now: Cell(f"{row.count:,}"), lambda row: row.count, right=True),
    Column(
        "SINCE",
        lambda row, now: Cell("" if row.since is None else f"+{row.since:,}"),
        lambda row: row.since or 0,
        right=True,
        rank=2,
    ),
    Column("LEVEL", _level, lambda row: list(Level).index(row.level) if row.level else -1),
    Column("FIRST", lambda row, now: _time(row.first), lambda row: row.first or 0.0, rank=3),
    Column("LAST", lambda row, now: _time(row.last), lambda row: row.last or 0.0, rank=4),
    Column("TEMPLATE", lambda row, now: Cell(row.text), lambda row: row.text, flexible=True, yields=True),
)
