"""What the triage screen shows: its sections, and rows that lead on."""

from __future__ import annotations

from enum import StrEnum

from aurora_tui.model.changes import Change
from aurora_tui.model.columns import Cell
from aurora_tui.model.diffs import DiffLine
from aurora_tui.model.findings import Lead, Mitigation
from aurora_tui.model.frozen import Frozen

Leads = Lead | Mitigation | Change


class SectionName(StrEnum):
    """The order is that of the screen: what is decided on comes before what it rests on."""

    IMPACT = "Impact"
    WHY = "Why"
    MITIGATIONS = "Mitigations"
    CHANGES = "What changed"
    WHERE = "Where"
    LOGS = "Logs and traces"


class TriageRow(Frozen):
    """One line; `key` tells it again when the section is read anew."""

    key: str
    cells: tuple[Cell, ...]
    """Pieces of the line, a blank between them."""
    leads_to: Leads | None = None
    """Where Enter goes; None for what is only to be read."""
    details: tuple[str, ...] = ()
    """What the line has no room for."""
    diff: tuple[DiffLine, ...] = ()
    indent: int = 0

    @property
    def text(self) -> str:
        return " ".join(cell.text for cell in self.cells if cell.text)


class TriageSection(Frozen):
    """Rows under a heading; `remark` says what keeps them from being all: ``reading …``, what is denied."""

    name: SectionName
    rows: tuple[TriageRow, ...]
    remark: str = ""
    empty: str = ""
    """What is said in place of rows."""
