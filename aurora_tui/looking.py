"""What the row under the cursor means, seen from another side: described, and what changed before it began."""

from __future__ import annotations

from aurora_tui.acting_alerts import ActingOnAlerts
from aurora_tui.cluster.errors import ClusterError
from aurora_tui.model import views
from aurora_tui.model.alerts import AlertState
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.placing import context_of
from aurora_tui.model.selection import ObjectRef, ServiceRef
from widgets.changes import ChangesScreen
from widgets.textpage import TextPage


class Carried(Frozen):
    """What a key takes along from the row under the cursor; None where it is not known."""

    service: str | None
    ref: ObjectRef | None
    """The workload, or the object itself where no workload runs it."""
    onset: float | None
    """Since when its alert holds, or the earliest alert that fires for the service; seconds since the epoch."""
    context: str = ""
    """Where all of this is; empty where only one context is open."""

    def __str__(self) -> str:
        said = str(self.ref or (self.service and f"service {self.service}") or "")
        return f"{said} in {self.context}" if said and self.context else said


class Looking(ActingOnAlerts):
    """The keys that look at what the row under the cursor means from another side."""

    def carried(self) -> Carried:
        """What the row under the cursor means."""
        subject = self.active.subject() if self.active else None
        ref = self._runs() or (subject if isinstance(subject, ObjectRef) else None)
        service = subject.name if isinstance(subject, ServiceRef) else self._service_of(ref)
        alert = self.alerts_pane.alert() if self.active is self.alerts_pane else None
        context = self._context_here()
        since = alert.since if alert is not None else self.onset_of(service, context)
        return Carried(service, ref, since, context)

    def onset_of(self, service: str | None, context: str) -> float | None:
        """Since when the earliest of a service's alerts fires in a context; None where none does."""
        alerts = self.session.of(context).store.table("alerts").rows.values()
        times = (
            alert.since
            for alert in alerts
            if service is not None and alert.service == service and alert.state is AlertState.FIRING
        )
        return min((time for time in times if time is not None), default=None)

    def _service_of(self, ref: ObjectRef | None) -> str | None:
        services = self.session.settings.services
        return next((each.name for each in services if ref is not None and str(ref) in each.workloads), None)

    def action_inspect(self, how: str) -> None:
        ref = self.active.subject() if self.active else None
        if isinstance(ref, ObjectRef):
            self.look_at(ref, how)

    def look_at(self, ref: ObjectRef, how: str) -> None:
        """Show an object as ``describe``, ``yaml`` or ``events`` on a page of its own."""
        page = TextPage(f"{how} {ref.words}", clock=self.session.clock)
        self.push_screen(page)
        self._work(self._inspect(page, ref, how))

    def action_describe_slo(self) -> None:
        from aurora_tui.model.describe_slo import describe_slo

        reading = self.slos_pane.reading()
        if reading is not None:
            services = self.session.settings.services
            service = next((each for each in services if each.name == reading.service), None)
            context = context_of(reading)
            place = f" in {context}" if context else ""
            page = TextPage(f"SLO {reading.service} {reading.words}{place}", clock=self.session.clock)
            alerts = self.session.of(context).store.table("alerts").rows.values()
            own = [alert for alert in alerts if alert.service == reading.service]
            page.fill(describe_slo(reading, service, own))
            self.push_screen(page)

    async def _inspect(self, page: TextPage, ref: ObjectRef, how: str) -> None:
        from aurora_tui.inspection import inspect

        try:
            page.fill(await inspect(self.session.of(ref.context).cluster, ref, how, self.session.clock()))
        except ClusterError as error:
            page.fill([f"{ref} cannot be shown: {error}"])

    def action_changes(self) -> None:
        """What changed in the namespace of what is under the cursor, nearest to its onset first."""
        self.open_changes(self.carried())

    def open_changes(self, held: Carried) -> None:
        """The changes around the onset of what is carried along, in its namespace or else in our own."""
        session = self.session.of(held.context)
        namespace = (held.ref.namespace if held.ref else None) or session.home
        subject = f"{held}  ns {namespace}" if str(held) else f"ns {namespace}"
        if held.context and not str(held):
            subject = f"{subject} in {held.context}"
        screen = ChangesScreen(subject, held.onset, context=held.context, clock=session.clock)
        self.push_screen(screen)
        self._work(self._fill_changes(screen, held, namespace))

    async def _fill_changes(self, screen: ChangesScreen, held: Carried, namespace: str) -> None:
        # The journal and what reads the cluster are imported when they are wanted.
        from aurora_tui.incident.changes import changes_around

        screen.fill(await changes_around(self.session.of(held.context), namespace, held.onset, held.ref))

    def on_changes_screen_chosen(self, message: ChangesScreen.Chosen) -> None:
        """A rollout's history, from where it is rolled back; everything else is described."""
        ref = self.session.of(message.context).place(message.change.ref)
        if ref.kind in ("Deployment", "StatefulSet", "DaemonSet"):
            self.show_history(ref)
        elif views.of_kind(ref.kind) is not None:
            self.look_at(ref, "describe")
        else:
            self._warn(f"{ref} is not looked at any closer here")
