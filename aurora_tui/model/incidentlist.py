"""Several incidents beside each other: the columns of their list, and how a part of its name names one."""

from __future__ import annotations

from collections.abc import Iterable

from aurora_tui.model.ages import human_duration
from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.incidents import SEVERITIES, Incident

_TONES = dict(zip(SEVERITIES, (Tone.BAD, Tone.WARN, Tone.PLAIN), strict=True))


class IncidentRow(Frozen):
    """One of them; `held` says whether it is in hand."""

    incident: Incident
    held: bool

    @property
    def key(self) -> str:
        return self.incident.id


def named(known: Iterable[Incident], name: str) -> list[Incident]:
    """The incident of that name, else all whose names begin so, or end so behind a dash, as with their last four."""
    some = [each for each in known if name and (each.id.startswith(name) or each.id.endswith(f"-{name}"))]
    return [each for each in some if each.id == name] or some


def _state(row: IncidentRow, now: float) -> Cell:
    incident = row.incident
    words = f"{incident.state_words}, in hand" if row.held else incident.state_words
    ended = Tone.WARN if incident.without_calm else Tone.GOOD
    return Cell(words, (Tone.ACCENT if row.held else Tone.PLAIN) if incident.is_open else ended)


def _lasts(row: IncidentRow, now: float) -> Cell:
    until = now if row.incident.resolved_at is None else row.incident.resolved_at
    return Cell(human_duration(until - row.incident.begin))


COLUMNS: tuple[Column[IncidentRow], ...] = (
    Column(
        "SEVERITY",
        lambda row, _: Cell(row.incident.severity, _TONES.get(row.incident.severity, Tone.PLAIN)),
        lambda row: row.incident.severity,
    ),
    Column("STATE", _state, lambda row: (not row.incident.is_open, -row.incident.opened_at)),
    Column("TITLE", lambda row, _: Cell(row.incident.title), lambda row: row.incident.title, flexible=True),
    Column("LASTS", _lasts, lambda row: row.incident.begin, right=True),
    Column("CONTEXT", lambda row, _: Cell(row.incident.context), lambda row: row.incident.context, rank=3),
    Column("OPENED BY", lambda row, _: Cell(row.incident.opened_by), lambda row: row.incident.opened_by, rank=2),
    Column("NAME", lambda row, _: Cell(row.incident.id, Tone.DIM), lambda row: row.incident.id, rank=1),
)
