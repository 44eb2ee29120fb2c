"""The alerts pane: what fires and what is pending, worst first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from textual.binding import BindingType

from aurora_tui.model.alerts import (
    ALERTMANAGER,
    COLUMNS,
    Alert,
    AlertState,
    hushed,
    object_name,
    severity_tone,
)
from aurora_tui.model.freshness import SourceState
from aurora_tui.model.selection import ObjectRef, ServiceRef
from aurora_tui.model.stamps import rfc3339
from aurora_tui.store import Store
from widgets.grid import Grid
from widgets.line import Line, Part
from widgets.pane import pane_binding
from widgets.tablepane import TablePane


class AlertsPane(TablePane):
    """Firing and pending alerts, worst first; Enter goes to the workload of the alert's service.

    `workloads` names the workload that each service of the settings runs as.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding(
            "d", "app.describe_alert", "Describe", "Labels, summary and rule of the alert", id="alerts.describe"
        ),
        pane_binding(
            "a", "app.acknowledge", "Ack", "Acknowledge the alert: silence it for 15 minutes", id="alerts.acknowledge"
        ),
        pane_binding(
            "S",
            "app.silence",
            "Silence",
            "Silence by matchers, for how long and why: edited first",
            id="alerts.silence",
        ),
        pane_binding("x", "app.unsilence", "Unsilence", "Expire the silence of the alert", id="alerts.unsilence"),
    ]

    def __init__(self, store: Store, *, clock: Callable[[], float], workloads: Mapping[str, str], id: str) -> None:
        super().__init__(store, "alerts", COLUMNS, clock=clock, id=id)
        self.heading = "Alerts"
        self._workloads = workloads
        self._summary = Line()
        self._means = Line()

    def on_mount(self) -> None:
        super().on_mount()
        self.grid.sort_by("STATE", False)
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self._show_details())

    def details(self) -> Sequence[Line]:
        return (self._summary, self._means)

    def tick(self) -> None:
        super().tick()
        self._show_details()

    def _settle(self) -> None:
        super()._settle()
        self._show_details()

    def on_grid_row_highlighted(self, message: Grid.RowHighlighted) -> None:
        self._show_details()

    def headline(self) -> Sequence[Part]:
        rows: list[Alert] = list(self.table.rows.values())
        firing = [row for row in rows if row.state is AlertState.FIRING]
        pending = [row for row in rows if row.state is AlertState.PENDING]
        parts: list[Part] = []
        if firing:
            names = sorted({row.name for row in firing})
            # What is wrong with the source comes before the names, which the rows tell as well.
            told = f": {', '.join(names)}" if self.table.freshness.state is SourceState.LIVE else ""
            parts.append(Part(f"{len(firing)} firing{told}", "bad"))
        if pending:
            parts.append(Part(f"{'  ' if parts else ''}{len(pending)} pending", "warn"))
        if not rows and self.table.freshness.state is SourceState.LIVE:
            parts.append(Part("none", "good"))
        return [*parts, *self.narrowing()]

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

    def held(self) -> ObjectRef | None:
        """The alert under the cursor as what may be silenced; None where there is none that Alertmanager has."""
        alert = self.alert()
        if alert is None or ALERTMANAGER not in alert.sources:
            return None
        return ObjectRef("Alert", None, object_name(alert.name, alert.fingerprint), alert.fingerprint)

    def _show_details(self) -> None:
        """Say the whole summary of the alert under the cursor, since when, and what the keys would change."""
        alert = self.alert()
        if alert is None:
            self._summary.show(())
            self._means.show(())
            return
        self._summary.show([Part(f"  {alert.summary or alert.name}", severity_tone(alert))])
        means = [Part(f"  {words}", "accent")] if (words := hushed(alert, self.clock())) else []
        workload = self._workloads.get(alert.service or "")
        if workload is None:
            means.append(Part("  no workload of the settings", "dim"))
        elif self.has_pseudo_class("focus-within") and (key := self.key_of("table.undo")) is not None:
            means += [Part(f"  {key}", "key"), Part(f" rolls back {workload}")]
        else:
            means.append(Part(f"  {workload}", "dim"))
        if alert.since is not None:
            means.append(Part(f"  since {rfc3339(alert.since)[11:]}", "dim"))
        self._means.show(means)
