"""The SLO pane: each service's objectives now, against their targets, with the budget that is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual.binding import BindingType

from aurora_tui.model.slo import COLUMNS, SloReading, SloState
from aurora_tui.store import Store
from widgets.grid import Grid
from widgets.line import Part
from widgets.pane import pane_binding
from widgets.tablepane import TablePane


class SlosPane(TablePane):
    """Objectives, worst first; Enter goes to the workloads of the service."""

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("l", "logs", "Logs", "Follow the logs of the service", id="slos.logs"),
        pane_binding("u", "act('undo')", "Roll back", "Roll the service's workload back", id="slos.undo"),
    ]

    def __init__(self, store: Store, *, clock: Callable[[], float], id: str) -> None:
        super().__init__(store, "slos", COLUMNS, clock=clock, id=id)
        self.heading = "SLOs"

    def on_mount(self) -> None:
        super().on_mount()
        self.grid.sort_by("STATE", False)

    def headline(self) -> Sequence[Part]:
        rows: list[SloReading] = list(self.table.rows.values())
        missing = [row for row in rows if row.state is SloState.BURNING]
        blind = [row for row in rows if row.state is SloState.NO_DATA]
        parts = list(super().headline())
        if missing:
            worst = min(missing, key=lambda row: -(row.strain(row.value) or 0))
            parts.append(Part(f"  {len(missing)} miss their target", "bad"))
            parts.append(Part(f": {worst.service} {worst.kind.value.replace('_', ' ')} {worst.value_text}", "bad"))
        if blind:
            parts.append(Part(f"  {len(blind)} without data", "warn"))
        if rows and not missing and not blind:
            parts.append(Part("  all on target", "good"))
        return parts

    def is_faulty(self, row: Any) -> bool:
        return row.state is not SloState.OK

    def name_of(self, row: Any) -> str:
        return str(row.service)

    def on_grid_row_chosen(self, event: Grid.RowChosen) -> None:
        event.stop()
        self._choose("show")

    def action_logs(self) -> None:
        self._choose("logs")

    def action_act(self, verb: str) -> None:
        self._choose(verb)

    def _choose(self, how: str) -> None:
        row = self.grid.cursor_row
        if row is not None:
            self.post_message(self.ServiceChosen(row.service, how))
