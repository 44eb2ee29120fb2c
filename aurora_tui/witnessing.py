"""What the operator looks at and which alerts come, kept for the incident that may come of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aurora_tui.model import views
from aurora_tui.model.alerts import AlertState
from aurora_tui.session import Session
from aurora_tui.triaging import Triaging
from widgets.changes import ChangesScreen

if TYPE_CHECKING:
    from aurora_tui.fleet import Opened
    from aurora_tui.incident.capture import Rows


_MOMENTS = 16
"""So many moments at which alerts came are kept: each holds all rows that stood there."""


class Witnessing(Triaging):
    """Looks on from the first rows on, whether or not incidents have been thought of yet."""

    def __init__(self, session: Opened) -> None:
        super().__init__(session)
        self._fired: frozenset[str] | None = None
        self._looked_at: dict[str, float] = {}
        """When something that a step asks for was looked at last, by the names of `checklists.SEEN`."""
        self._at_alert: dict[str, Rows] = {}
        """What the panes showed when an alert began to fire, by its fingerprint, until it is no longer told."""

    def _witness(self, session: Session) -> Sequence[str]:
        """Take in what is there now; returns the names of what is in sight."""
        now, seen = self.session.clock(), self._in_sight()
        self._looked_at |= dict.fromkeys(seen, now)
        table = session.store.table("alerts")
        if table.freshness.last_good is None:
            return seen  # what fires was not heard yet
        alerts = table.rows.values()
        told = {alert.fingerprint for alert in alerts}
        kept = {name: rows for name, rows in self._at_alert.items() if name in told}
        firing = frozenset(alert.fingerprint for alert in alerts if alert.state is AlertState.FIRING)
        if self._fired is not None and firing - self._fired:
            from aurora_tui.incident.capture import rows_of

            kept |= dict.fromkeys(firing - self._fired, rows_of(session.store, now))
        newest = sorted({rows.at for rows in kept.values()})[-_MOMENTS:]
        self._at_alert = {name: rows for name, rows in kept.items() if rows.at in newest}
        self._fired = firing
        return seen

    def _in_sight(self) -> Sequence[str]:
        if isinstance(self.screen, ChangesScreen):
            return ("changes",)
        if self.screen is not self.main:
            return ()
        pane = self.active
        if pane is self.logs_pane and len(self.logs_pane.buffer):
            return ("logs",)
        if pane is self.objects_pane and self.objects_pane.grid.visible_count:
            view = self.objects_pane.view
            return ("pods",) if view is views.PODS else ("resources",) if view in (views.NODES, views.HPAS) else ()
        return ()
