"""Remembers alerts beyond the moment: those that have just ended, and the hours in which each fired."""

from __future__ import annotations

from collections.abc import Sequence

from aurora_tui.model.alerts import RESOLVED_FOR, Alert, AlertState
from aurora_tui.model.definitions import Service
from aurora_tui.model.frozen import replace
from aurora_tui.signals.alerthistory import HOURS, History, fired, resolved
from aurora_tui.signals.alertmerge import Namesakes

_FIRED = (AlertState.FIRING, AlertState.SILENCED, AlertState.INHIBITED)
_NEVER = (False,) * HOURS


class Recollection:
    """Completes the alerts of the moment by what was seen of them before, here and by Prometheus."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._services = services
        self.history: History | None = None
        """What Prometheus remembered when it was asked last."""
        self._before: dict[str, Alert] = {}
        self._ended: dict[str, Alert] = {}
        self._hours: dict[str, tuple[bool, ...]] = {}
        self.remark = ""
        """Why what Prometheus remembers is not known, in words; empty where it is."""

    def take(self, history: History) -> None:
        """What Prometheus remembers now."""
        self.history, self._hours, self.remark = history, {}, ""

    def failed(self, words: str) -> None:
        """Prometheus could not be asked; what it told before stays."""
        self.remark = f"what fired before is not known: {words}"

    def complete(self, alerts: dict[str, Alert], now: float, *, certain: bool) -> dict[str, Alert]:
        """The alerts with their hours, and those that ended a moment ago.

        Only what all servers no longer have is over; `certain` says that all of them have answered.
        """
        known = Namesakes({key: alert.labels for key, alert in alerts.items()})
        if certain:
            for key, alert in self._before.items():
                if key not in alerts and alert.state in _FIRED and known.twin(alert.labels) is None:
                    self._ended[key] = replace(alert, state=AlertState.RESOLVED, ended=now, silences=(), silenced_by=())
            self._before = dict(alerts)
        ended = {**self._remembered(now), **self._ended}
        self._ended = {
            key: alert
            for key, alert in ended.items()
            if now - (alert.ended or now) < RESOLVED_FOR and known.twin(alert.labels) is None
        }
        every = {**alerts, **self._ended}
        history = self.history
        if history is None:
            return every
        new = [alert for key, alert in every.items() if key not in self._hours]
        self._hours |= fired(history, new)
        return {key: replace(alert, fired=self._hours.get(key, _NEVER)) for key, alert in every.items()}

    def _remembered(self, now: float) -> dict[str, Alert]:
        """Those that Prometheus saw end before we looked; what was seen here is known better."""
        if self.history is None:
            return {}
        seen = Namesakes({key: alert.labels for key, alert in self._ended.items()})
        found = resolved(self.history, self._services, now - RESOLVED_FOR)
        return {key: alert for key, alert in found.items() if seen.twin(alert.labels) is None}
