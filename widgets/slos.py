"""The SLO pane: each service's objectives now, against their targets, with the budget that is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual.binding import BindingType

from aurora_tui.model.burn import PAGE
from aurora_tui.model.placing import context_of
from aurora_tui.model.selection import ServiceRef
from aurora_tui.model.slo import BLIND, SloReading, SloState
from aurora_tui.model.slo_columns import COLUMNS, THRIFTY_COLUMNS, cost_text
from aurora_tui.store import Store
from widgets.grid import Grid
from widgets.line import Line, Part
from widgets.pane import pane_binding
from widgets.tablepane import OF_ITS_WORKLOAD, TablePane


class SlosPane(TablePane):
    """Objectives, worst first; Enter goes to the workloads of the service."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *OF_ITS_WORKLOAD,
        pane_binding(
            "d", "app.describe_slo", "Describe", "Burn rates by window, budget and queries", id="slos.describe"
        ),
    ]

    def __init__(self, store: Store, *, clock: Callable[[], float], id: str) -> None:
        super().__init__(store, "slos", COLUMNS, clock=clock, id=id)
        self.heading = "SLOs"
        self._why = Line()

    def on_mount(self) -> None:
        super().on_mount()
        self.grid.sort_by("STATE", False)

    def grow_thrifty(self) -> None:
        self.columns = THRIFTY_COLUMNS
        self.grid.set_columns(self.dressed(), self.table.rows)

    def details(self) -> Sequence[Line]:
        return (self._why,)

    def update_title(self) -> None:
        super().update_title()
        self._say_why()

    def on_grid_row_highlighted(self, message: Grid.RowHighlighted) -> None:
        self._say_why()

    def headline(self) -> Sequence[Part]:
        rows: list[SloReading] = list(self.table.rows.values())
        missing = [row for row in rows if row.state is SloState.BURNING]
        spent = [row for row in rows if row.state is SloState.BREACHED]
        blind = [row for row in rows if row.state in BLIND]
        quiet = [row for row in rows if row.state is SloState.QUIET]
        urgent = [step.severity == PAGE for row in rows if (step := row.burns.verdict)]
        parts = list(super().headline())
        if urgent:
            calls = {"a page": sum(urgent), "a ticket": len(urgent) - sum(urgent)}
            said = ", ".join(f"{count} worth {call}" for call, count in calls.items() if count)
            parts.append(Part(f"  {said}", "bad" if any(urgent) else "warn"))
        if missing:
            worst = min(missing, key=lambda row: -(row.strain(row.value) or 0))
            parts.append(Part(f"  {len(missing)} miss their target", "bad"))
            parts.append(Part(f": {worst.service} {worst.words} {worst.value_text}", "bad"))
        if spent:
            parts.append(Part(f"  {len(spent)} on target with the budget spent", "warn"))
        if blind:
            parts.append(Part(f"  {len(blind)} without data", "warn"))
        if quiet:
            parts.append(Part(f"  {len(quiet)} with too little traffic", "dim"))
        if rows and not (missing or spent or blind or urgent):
            parts.append(Part("  all on target", "good"))
        return parts

    def is_faulty(self, row: Any) -> bool:
        return row.state not in (SloState.OK, SloState.QUIET) or row.burns.verdict is not None

    def name_of(self, row: Any) -> str:
        return str(row.service)

    def reading(self) -> SloReading | None:
        """The objective under the cursor."""
        row: SloReading | None = self.grid.cursor_row
        return row

    def subject(self) -> ServiceRef | None:
        row = self.grid.cursor_row
        return ServiceRef(row.service, context_of(row)) if row is not None else None

    def _say_why(self) -> None:
        """Of the row under the cursor: what the narrow STATE may cut short, and what its incident costs."""
        row: SloReading | None = self.grid.cursor_row
        self._why.display = any(each.reason or each.shortfall for each in self.table.rows.values())
        said = (row.reason, cost_text(row), row.budget_reason and f"budget: {row.budget_reason}") if row else ()
        words = "; ".join(filter(None, said))
        place = f"{context} " if (context := context_of(row)) else ""
        name = f"  {place}{row.service} {row.words}: " if row and words else ""
        self._why.show([Part(name, "dim"), Part(words, "warn")] if words else ())
