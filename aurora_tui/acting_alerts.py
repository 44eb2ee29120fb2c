"""The keys on an alert: acknowledge it, silence it by matchers, and expire the silence that holds it back."""

from __future__ import annotations

from collections.abc import Mapping

from aurora_tui.acting_series import ActingInSeries
from aurora_tui.model.actions import Verb
from aurora_tui.model.alerts import Alert
from aurora_tui.model.matchers import exactly, read_wish, written
from aurora_tui.model.selection import ObjectRef

SILENCED_FOR = "2h"
"""What the editor begins with: what lasts longer than a glance."""


class ActingOnAlerts(ActingInSeries):
    """Acting on objects, and on the alert under the cursor."""

    def action_acknowledge(self) -> None:
        if (ref := self._held()) is not None:
            self.act(Verb.SILENCE, ref, {})

    def action_silence(self) -> None:
        """Let the operator edit for how long, by which matchers and why, beginning from the alert's own labels."""
        ref, alert = self._held(), self.alerts_pane.alert()
        if ref is not None and alert is not None:
            self._ask_wish(ref, alert.labels)

    def action_unsilence(self) -> None:
        ref, alert = self._held(), self.alerts_pane.alert()
        if ref is not None and alert is not None:
            if len(alert.silences) > 1:
                self._ask_silence(ref, alert)
            else:
                self.act(Verb.UNSILENCE, ref, {})

    def _held(self) -> ObjectRef | None:
        """The alert that the keys mean, said in words where there is none that can be silenced."""
        ref = self.alerts_pane.held()
        if ref is None:
            known = self.alerts_pane.alert() is not None
            self._warn("Alertmanager does not have this alert: it is not firing yet" if known else "no alert here")
        return ref

    def _ask_wish(self, ref: ObjectRef, labels: Mapping[str, str]) -> None:
        def ended(text: str | None) -> None:
            self.alerts_pane.focus_body()
            if text is None or not text.strip():
                return
            try:
                wish = read_wish(text)
            except ValueError as error:
                self._warn(str(error))
                return
            comment = {"comment": wish.comment} if wish.comment else {}
            self.act(Verb.SILENCE, ref, {"for": wish.duration, "matchers": wish.matchers, **comment})

        value = f"{SILENCED_FOR} {written(exactly(labels))} # "
        self.prompt.ask("silence FOR MATCHER... # WHY: ", value=value, ended=ended)

    def _ask_silence(self, ref: ObjectRef, alert: Alert) -> None:
        def ended(text: str | None) -> None:
            self.alerts_pane.focus_body()
            if text:
                self.act(Verb.UNSILENCE, ref, {"silence": text.strip()})

        ids = [silence.id for silence in alert.silences]
        self.prompt.ask(f"{len(ids)} silences hold it back; expire: ", value=ids[0], suggestions=ids, ended=ended)
