"""The alerts pane: what fires and what is pending, worst first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from textual.binding import BindingType

from aurora_tui.model.alerts import COLUMNS, Alert, AlertState
from aurora_tui.model.freshness import SourceState
from aurora_tui.model.selection import ServiceRef
from aurora_tui.store import Store
from widgets.line import Part
from widgets.pane import pane_binding
from widgets.tablepane import TablePane


class AlertsPane(TablePane):
    """Firing and pending alerts; Enter goes to the workloads of the alert's service."""

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding(
            "d", "app.describe_alert", "Describe", "Labels, summary and rule of the alert", id="alerts.describe"
        ),
    ]

    def __init__(self, store: Store, *, clock: Callable[[], float], id: str) -> None:
        super().__init__(store, "alerts", COLUMNS, clock=clock, id=id)
        self.heading = "Alerts"

    def headline(self) -> Sequence[Part]:
        rows: list[Alert] = list(self.table.rows.values())
        firing = [row for row in rows if row.state is AlertState.FIRING]
        pending = [row for row in rows if row.state is AlertState.PENDING]
        parts: list[Part] = []
        if firing:
            names = sorted({row.name for row in firing})
            parts.append(Part(f"{len(firing)} firing: {', '.join(names)}", "bad"))
        if pending:
            parts.append(Part(f"{'  ' if parts else ''}{len(pending)} pending", "warn"))
        if not rows and self.table.freshness.state is SourceState.LIVE:
            parts.append(Part("none", "good"))
        return [*parts, *super().headline()[1:]]

    def empty_words(self) -> str:
        return "no alert is firing or pending"

    def labels_of(self, row: Any) -> Mapping[str, str]:
        labels: Mapping[str, str] = row.labels
        return labels

    def name_of(self, row: Any) -> str:
        return str(row.name)

    def subject(self) -> ServiceRef | None:
        row = self.grid.cursor_row
        if row is None or row.service is None:
            return None
        return ServiceRef(row.service)

    def alert(self) -> Alert | None:
        """The alert under the cursor."""
        return self.grid.cursor_row
