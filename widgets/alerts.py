"""The alerts pane: what fires, what is pending and what has just ended, worst first, one by one or in groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from textual.binding import BindingType

from aurora_tui.model.alert_groups import GROUP_COLUMNS, AlertGroup, group_of, groups_of, written
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
from aurora_tui.model.frozen import replace
from aurora_tui.model.linking import object_of
from aurora_tui.model.links import links_of
from aurora_tui.model.placing import context_of, placed_key
from aurora_tui.model.selection import ObjectRef, ServiceRef, runner_of
from aurora_tui.model.stamps import rfc3339
from aurora_tui.model.views import PODS
from aurora_tui.store import Store
from widgets.alertpage import copy_link, link_parts
from widgets.grid import Grid
from widgets.line import Line, Part
from widgets.pane import pane_binding
from widgets.tablepane import OF_ITS_WORKLOAD, TablePane

_HIGH = 12
"""Rows from which there is room for why the alert concerns its service, and for its links."""


class AlertsPane(TablePane):
    """Firing and pending alerts, worst first; Enter goes to the workload of the alert's service, or into a group.

    What the keys mean are the marked alerts, else the one under the cursor; of a group all of its alerts.
    `workloads` names the workload that each service of the settings runs as.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *OF_ITS_WORKLOAD,
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
        pane_binding("v", "group", "Groups", "Show alerts in Alertmanager's groups, or one by one", id="alerts.group"),
        pane_binding(
            "o", "copy_link", "Runbook", "Copy the alert's runbook, or its next link", id="alerts.link", show=False
        ),
    ]

    def __init__(self, store: Store, *, clock: Callable[[], float], workloads: Mapping[str, str], id: str) -> None:
        super().__init__(store, "alerts", COLUMNS, clock=clock, id=id)
        self.heading = "Alerts"
        self._workloads = workloads
        self._summary = Line()
        self._means = Line()
        self._source = Line()
        self.grouped = False
        """Whether the rows are groups."""
        self._inside: str | None = None
        """The group whose alerts are shown."""
        self._groups: Mapping[str, AlertGroup] = {}

    def on_mount(self) -> None:
        super().on_mount()
        self.grid.sort_by("STATE", False)
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self._show_details())

    def details(self) -> Sequence[Line]:
        return (self._summary, self._means, self._source)

    def flush(self) -> None:
        if not self.grouped:
            super().flush()
            self._prefer_worst()
            return
        self._told = False
        changes = self._feed.drain()
        if changes.keys:
            before, self._groups = self._groups, groups_of(self.table.rows.values())
            names = before.keys() | self._groups.keys()
            self.grid.update_rows(self._groups, [name for name in names if before.get(name) != self._groups.get(name)])
        if changes:
            self._settle()
        self._prefer_worst()

    def _prefer_worst(self) -> None:
        """What fires next is preselected, too, while the operator is elsewhere or the alert in hand is over."""
        alert = self.alert()
        over = alert is not None and alert.state is AlertState.RESOLVED
        if over or not self.has_pseudo_class("focus-within"):
            self.grid.prefer_first()

    def tick(self) -> None:
        super().tick()
        self._show_details()

    def action_group(self) -> None:
        """Show the groups, or all alerts one by one."""
        self._show_as(grouped=not self.grouped, inside=None)

    def drill(self) -> bool:
        """Show the alerts of the group under the cursor; False where the rows are alerts."""
        group = self.group()
        if group is None:
            return False
        self._show_as(grouped=False, inside=group.key)
        return True

    def back(self) -> bool:
        if super().back():
            return True
        if self._inside is None:
            return False
        inside = self._inside
        self._show_as(grouped=True, inside=None)
        self.grid.move_to(inside)
        return True

    def in_scope(self, row: Any) -> bool:
        return self._inside is None or placed_key(context_of(row), written(group_of(row))) == self._inside

    @property
    def scoped(self) -> bool:
        return self._inside is not None

    def _show_as(self, *, grouped: bool, inside: str | None) -> None:
        self.grouped, self._inside = grouped, inside
        self.heading = "Alerts in groups" if grouped else "Alerts of a group" if inside else "Alerts"
        self._groups = groups_of(self.table.rows.values()) if grouped else {}
        self.columns = tuple(GROUP_COLUMNS if grouped else COLUMNS)
        self.grid.unmark()
        self.grid.set_columns(self.dressed(), self._groups if grouped else self.table.rows)
        self.grid.sort_by("ALERTS" if grouped else "STATE", False)
        self.faults_only, self.filter_text = False, ""
        self._apply_filter()
        self.refresh_bindings()

    def action_copy_link(self) -> None:
        alert = self.alert()
        if alert is not None:
            copy_link(self.app, links_of(alert))

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
        over = all(row.state is AlertState.RESOLVED for row in rows)
        if over and self.table.freshness.state is SourceState.LIVE:
            parts.append(Part("none", "good"))
        return [*parts, *self.narrowing()]

    def empty_words(self) -> str:
        return "no alert is firing or pending"

    def labels_of(self, row: Any) -> Mapping[str, str]:
        return dict(row.labels)

    def name_of(self, row: Any) -> str:
        return str(row.words if isinstance(row, AlertGroup) else row.name)

    def subject(self) -> ObjectRef | ServiceRef | None:
        """The alert's service, or the object that its labels name where no service of the settings is concerned."""
        alert = self.alert()
        if alert is None:
            return None
        if alert.service is not None:
            return ServiceRef(alert.service, context_of(alert))
        named = object_of(alert.labels)
        return replace(named.ref, context=context_of(alert)) if named is not None else None

    def workload(self) -> ObjectRef | ServiceRef | None:
        subject = self.subject()
        if not isinstance(subject, ObjectRef) or subject.kind != PODS.kind:
            return subject
        return runner_of(self.store.table(PODS.table).rows, subject)

    def alert(self) -> Alert | None:
        """The alert under the cursor, or the worst of the group there."""
        row = self.grid.cursor_row
        return row.worst if isinstance(row, AlertGroup) else row

    def group(self) -> AlertGroup | None:
        """The group under the cursor where the rows are groups."""
        row = self.grid.cursor_row
        return row if isinstance(row, AlertGroup) else None

    def held(self) -> Sequence[Alert]:
        """Those of the alerts meant that Alertmanager has, and that can be silenced or let speak."""
        return [alert for alert in self._meant() if _is_held(alert)]

    def refs(self) -> Sequence[ObjectRef]:
        """The same as objects."""
        return [self.ref_of(alert) for alert in self.held()]

    def ref_of(self, alert: Alert) -> ObjectRef:
        """An alert as what actions change."""
        name = object_name(alert.name, alert.fingerprint)
        return ObjectRef("Alert", None, name, alert.fingerprint, context_of(alert))

    def why_not(self, action: str) -> str:
        """Why a key on alerts leads to nothing now, in words; empty where it leads to something."""
        meant = self._meant()
        held = [alert for alert in meant if _is_held(alert)]
        if not meant:
            return "there is no alert under the cursor"
        if not held:
            if all(alert.state is AlertState.RESOLVED for alert in meant):
                return "it is over: nothing is left to silence"
            return "Alertmanager does not have this alert: it is not firing yet"
        if action == "unsilence" and not any(alert.silences for alert in held):
            muted = sorted({name for alert in held for name in alert.muted_by})
            return f"it is muted by {', '.join(muted)}, not by a silence" if muted else "no silence holds it back"
        return ""

    def _meant(self) -> Sequence[Alert]:
        rows = [self._shown[key] for key in self.grid.visible_marked() if key in self._shown]
        if not rows:
            rows = [] if self.grid.cursor_row is None else [self.grid.cursor_row]
        every = (row.alerts if isinstance(row, AlertGroup) else (row,) for row in rows)
        return [alert for alerts in every for alert in alerts]

    @property
    def _shown(self) -> Mapping[str, Any]:
        return self._groups if self.grouped else self.table.rows

    def _show_details(self) -> None:
        """Say the whole summary of the alert under the cursor, since when, and what the keys would change."""
        alert = self.alert()
        if alert is None:
            self._summary.show(())
            self._means.show(())
            self._source.show(())
            return
        self._summary.show([Part(f"  {alert.summary or alert.name}", severity_tone(alert))])
        means = [Part(f"  {words}", "accent")] if (words := hushed(alert, self.clock())) else []
        named = object_of(alert.labels) if alert.service is None else None
        place = f" in {context}" if (context := context_of(alert)) else ""
        workload = self._workloads.get(alert.service or "")
        if self.has_pseudo_class("focus-within") and self.group() is None:
            means += self._leads()
        if named is not None:
            means.append(Part(f"  {named.ref}{place}", "accent"))
        elif workload is None:
            means.append(Part("  no workload of the settings", "dim"))
        else:
            means.append(Part(f"  {workload}{place}"))
        if alert.since is not None:
            word = "began" if alert.fired_later else "since"
            means.append(Part(f"  {word} {rfc3339(alert.since)[11:]}", "dim"))
        self._means.show(means)
        rule = named.rule if named is not None else alert.linked_by
        by = [Part(f"  by {rule}", "dim")] if rule else []
        self._source.show([*by, Part("  "), *link_parts(links_of(alert))])
        self._source.display = self.size.height >= _HIGH

    def _leads(self) -> list[Part]:
        """The keys that lead on: what mends it is for triage to say, which looks for its cause."""
        mend, why = self.key_of("table.mitigate"), self.key_of("grid.choose")
        parts = [Part(f"  {mend}", "key"), Part(" mend it" + ("," if why else ""))] if mend else []
        return parts + ([Part(f" {why}", "key"), Part(" why")] if why else [])


def _is_held(alert: Alert) -> bool:
    return ALERTMANAGER in alert.sources and alert.state is not AlertState.RESOLVED
