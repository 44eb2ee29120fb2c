"""The keys on alerts: acknowledge them, silence them by matchers, expire what holds them back, look closer at one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual.events import Event, Key, MouseDown

from aurora_tui.acting_series import ActingInSeries
from aurora_tui.model.actions import Params, Verb
from aurora_tui.model.alert_groups import shared
from aurora_tui.model.alerts import Alert, AlertState, object_name
from aurora_tui.model.matchers import Wish, exactly
from aurora_tui.model.placing import context_of
from aurora_tui.model.series import Step, objects

if TYPE_CHECKING:
    from aurora_tui.fleet import Opened
    from widgets.alertpage import AlertPage

SILENCED_FOR = "2h"
"""What the editor begins with: what lasts longer than a glance."""


class ActingOnAlerts(ActingInSeries):
    """Acting on objects, and on the alert under the cursor, the marked ones, or a whole group."""

    def __init__(self, session: Opened) -> None:
        super().__init__(session)
        self._last_key = session.clock()
        """When a key was pressed last: as long as that is not long ago, somebody is here."""

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Key | MouseDown):
            self._last_key = self.session.clock()
        await super().on_event(event)

    def flush(self) -> None:
        super().flush()
        if "desks" in vars(self):
            now = self.session.clock()
            for context, keeper in self.desks.keepers.items():
                if keeper.is_due(now):
                    self._work(self.desks.prolong(context, now, self._last_key))

    def action_acknowledge(self) -> None:
        from aurora_tui.keeping import KEPT

        alerts = self._held()
        for context in {context_of(alert) for alert in alerts}:  # from now on it hears what is done there

            def say(words: str, place: str = f"{context}: " if context else "") -> None:
                self.notify(f"{place}{words}", severity="warning", timeout=30, markup=False)

            self.desks.keep(context, say)
        self._do_to(alerts, "acknowledge", [(Verb.SILENCE, alert, KEPT) for alert in alerts])

    def action_silence(self) -> None:
        """Let the operator edit for how long, by which matchers and why, beginning from the labels that they share."""
        alerts = self._held()
        if not alerts or self._is_mixed([self.alerts_pane.ref_of(alert) for alert in alerts]):
            return
        # Of a group what it shares is meant; marked alerts are silenced each by its own labels.
        together = len(alerts) == 1 or self.alerts_pane.grouped
        matchers = exactly(shared(alerts)) if together else ()

        def ended(wish: Wish) -> None:
            params: Params = {"for": wish.duration, **({"comment": wish.comment} if wish.comment else {})}
            if matchers:
                self.act(Verb.SILENCE, self.alerts_pane.ref_of(alerts[0]), {**params, "matchers": wish.matchers})
            else:
                self._do_to(alerts, "silence", [(Verb.SILENCE, alert, params) for alert in alerts])

        from widgets.silenceform import SilenceForm

        names = frozenset(object_name(alert.name, alert.fingerprint) for alert in alerts)
        context = context_of(alerts[0])
        what = self.alerts_pane.ref_of(alerts[0]).words if len(alerts) == 1 else f"{len(alerts)} alerts"
        others = partial(self._firing, context)
        self.push_screen(SilenceForm(what, matchers, duration=SILENCED_FOR, own=names, others=others, ended=ended))

    def action_unsilence(self) -> None:
        """Expire what holds the alert back; of marked alerts each silence once, as it may hide several."""
        held = self._held()
        alerts = [alert for alert in held if alert.silences] or held[:1]
        if len(alerts) == 1:
            (alert,) = alerts
            if len(alert.silences) > 1:
                self._ask_silence(alert)
            else:
                self.act(Verb.UNSILENCE, self.alerts_pane.ref_of(alert), {})
            return
        several = [alert for alert in alerts if len(alert.silences) > 1]
        first = {alert.silences[0].id: alert for alert in reversed(alerts) if alert not in several}
        steps: list[tuple[Verb, Alert, Params]] = [
            (Verb.UNSILENCE, alert, {"silence": name}) for name, alert in sorted(first.items())
        ]
        remarks = (f"{len(several)} are held back by several silences: expire those one by one",) if several else ()
        if steps or remarks:
            self._do_to(alerts, "unsilence", steps, remarks)

    def action_describe_alert(self) -> None:
        from aurora_tui.inspection import alert_lines
        from aurora_tui.model.links import links_of
        from widgets.alertpage import AlertPage

        alert = self.alerts_pane.alert()
        if alert is not None:
            place = f" in {context}" if (context := context_of(alert)) else ""
            page = AlertPage(f"Alert {alert.name}{place}", links_of(alert), clock=self.session.clock)
            store = self.session.of(context_of(alert)).store
            page.fill(alert_lines(alert, store, self.session.clock()))
            self.push_screen(page)
            self._work(self._complete(page, alert))

    async def _complete(self, page: AlertPage, alert: Alert) -> None:
        from aurora_tui.inspection import source_lines

        lines = await source_lines(self.session.of(context_of(alert)), alert)
        if page.is_attached:  # else it was left meanwhile
            page.add(lines)

    def _held(self) -> Sequence[Alert]:
        """The alerts that the keys mean, said in words where there is none that can be silenced."""
        alerts = self.alerts_pane.held()
        if not alerts:
            self._warn(self.alerts_pane.why_not("acknowledge") or "no alert here")
        return alerts

    def _do_to(
        self,
        alerts: Sequence[Alert],
        what: str,
        steps: Sequence[tuple[Verb, Alert, Params]],
        remarks: tuple[str, ...] = (),
    ) -> None:
        """One action, or several as one series."""
        made = [Step(verb, self.alerts_pane.ref_of(alert), params) for verb, alert, params in steps]
        if self._is_mixed([self.alerts_pane.ref_of(alert) for alert in alerts]):
            return
        if len(alerts) == 1 and len(made) == 1:
            self.act(made[0].verb, made[0].ref, dict(made[0].params))
        elif made or remarks:
            from aurora_tui.bulk import Bulk

            called = f"{what} {objects(step.ref for step in made) or 'nothing'}"
            context = context_of(alerts[0])
            self.act_in_series(called, lambda path: Bulk(path, made, called, remarks), context)

    def _firing(self, context: str) -> Iterator[tuple[str, Mapping[str, str]]]:
        for alert in self.session.of(context).store.table("alerts").rows.values():
            if alert.state not in (AlertState.PENDING, AlertState.RESOLVED):
                yield object_name(alert.name, alert.fingerprint), alert.labels

    def _ask_silence(self, alert: Alert) -> None:
        def ended(text: str | None) -> None:
            self.alerts_pane.focus_body()
            if text:
                self.act(Verb.UNSILENCE, self.alerts_pane.ref_of(alert), {"silence": text.strip()})

        ids = [silence.id for silence in alert.silences]
        self.prompt.ask(f"{len(ids)} silences hold it back; expire: ", value=ids[0], suggestions=ids, ended=ended)
