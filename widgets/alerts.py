"""The alerts pane: what fires and what is pending, worst first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.message import Message

from aurora_tui.model.alerts import COLUMNS, Alert, AlertState
from aurora_tui.model.freshness import SourceState
from aurora_tui.store import Store
from widgets.grid import Grid
from widgets.line import Part
from widgets.pane import pane_binding
from widgets.tablepane import TablePane


class AlertsPane(TablePane):
    """Firing and pending alerts; Enter goes to the workloads of the alert's service."""

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("d", "describe", "Describe", "Labels, summary and source of the alert", id="alerts.describe"),
        pane_binding("l", "choose('logs')", "Logs", "Follow the logs of the alert's service", id="alerts.logs"),
        pane_binding("u", "choose('undo')", "Roll back", "Roll the service's workload back", id="alerts.undo"),
    ]

    class Described(Message):
        """The operator wants all that is known of an alert."""

        def __init__(self, alert: Alert) -> None:
            super().__init__()
            self.alert = alert

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

    def on_grid_row_chosen(self, event: Grid.RowChosen) -> None:
        event.stop()
        self.action_choose("show")

    def action_choose(self, how: str) -> None:
        row = self.grid.cursor_row
        if row is None:
            return
        if row.service is None:
            self.notify("no service of the settings has this alert's labels", severity="warning")
            return
        self.post_message(self.ServiceChosen(row.service, how))

    def action_describe(self) -> None:
        row = self.grid.cursor_row
        if row is not None:
            self.post_message(self.Described(row))
