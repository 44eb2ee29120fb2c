"""What a triage is about, from an alert, a service or a workload; and since when it is wrong."""

from __future__ import annotations

from aurora_tui.incident.situation import Subject
from aurora_tui.model import views
from aurora_tui.model.alerts import Alert, AlertState, worst_first
from aurora_tui.model.frozen import replace
from aurora_tui.model.linking import object_of
from aurora_tui.model.onset import LOG_BEFORE_SECONDS
from aurora_tui.model.selection import LogSelection, ObjectRef, TraceSelection, logs_of, runner_of
from aurora_tui.model.slo import SloReading, SloState
from aurora_tui.model.stamps import rfc3339
from aurora_tui.session import Session

AROUND_SECONDS = 300.0
"""Seconds before and after an onset whose traces are looked at."""
_LINES_SINCE = 1000
"""Lines of each container that are read back to an onset, as many as can be over a slow line."""
_BEFORE_ALERT = 3600.0
"""How long before its alert an objective's shortfall may have begun to be the same; what is older smoulders."""


def of_alert(session: Session, alert: Alert) -> Subject:
    """By the alert's service, else by the object that its labels name."""
    ref = session.workload_of(alert.service) if alert.service is not None else None
    named = object_of(alert.labels)
    if ref is None and named is not None:
        ref = named.ref
        if ref.kind == "Pod":
            ref = runner_of(session.store.table(views.PODS.table).rows, ref) or ref
    service = alert.service or next(
        (each.name for each in session.settings.services if str(ref) in each.workloads), None
    )
    fires = alert.state is not AlertState.RESOLVED
    onset = onset_of(session, service, alert.since) if fires else None
    namespace = (ref.namespace if ref is not None else None) or session.home
    fingerprint = "" if service else alert.fingerprint
    return Subject(namespace, service, _plain(ref), onset, alert.name if fires else "", fingerprint)


def of_service(session: Session, service: str | None, ref: ObjectRef | None) -> Subject:
    """A service, or what is no service's; by the worst of its alerts where one fires."""
    alert = worst_of(session, service) if service is not None else None
    if alert is not None:
        return of_alert(session, alert)
    if ref is None and service is not None:
        ref = session.workload_of(service)
    namespace = (ref.namespace if ref is not None else None) or session.home
    return Subject(namespace, service, _plain(ref), onset_of(session, service, None))


def _plain(ref: ObjectRef | None) -> ObjectRef | None:
    """Without the mark of its context: within a triage all is of one."""
    return ref if ref is None or not ref.context else replace(ref, context="")


def again(session: Session, subject: Subject) -> Subject:
    """The same subject as it stands now: another alert may have come, the one before have ended."""
    if subject.service is None:
        rows = session.store.table("alerts").rows.values()
        known = next((each for each in rows if subject.fingerprint and each.fingerprint == subject.fingerprint), None)
        if known is not None and known.state is not AlertState.RESOLVED:
            return replace(subject, onset=known.since, alert=known.name)
        return replace(subject, onset=None, alert="")
    now = of_service(session, subject.service, subject.ref)
    return Subject(subject.namespace, subject.service, subject.ref, now.onset, now.alert)


def worst_of(session: Session, service: str | None) -> Alert | None:
    """The worst alert of a service of those that fire, silenced ones after the others; of all services for None."""
    alerts = session.store.table("alerts").rows.values()
    held = (AlertState.FIRING, AlertState.SILENCED, AlertState.INHIBITED)
    own = (alert for alert in alerts if alert.state in held and (service is None or alert.service == service))
    return min(own, key=worst_first, default=None)


def onset_of(session: Session, service: str | None, since: float | None) -> float | None:
    """When it began: the alert, or what it is about, which an objective saw earlier; None where nothing is wrong.

    At night requests are few for hours: a throughput tells since when only where nothing else does.
    """
    readings: list[SloReading] = list(session.store.table("slos").rows.values())
    missed = [
        (each.of_demand, each.shortfall.began)
        for each in readings
        if service is not None
        and each.service == service
        and each.state is SloState.BURNING
        and each.shortfall is not None
        and (since is None or since - each.shortfall.began <= _BEFORE_ALERT)
    ]
    told = [began for of_demand, began in missed if not of_demand]
    told += [since] if since is not None else []
    return min(told or (began for _, began in missed), default=None)


def log_since(subject: Subject) -> LogSelection | None:
    """The log of what is in hand since some minutes before the onset; None where it has none of its own."""
    ref = subject.ref
    if ref is None or ref.kind == "Node":
        return None
    whose = logs_of(ref, subject.namespace)
    if subject.onset is None:
        return whose
    return replace(whose, since=rfc3339(subject.onset - LOG_BEFORE_SECONDS), tail=_LINES_SINCE)


def traces_around(subject: Subject, now: float) -> TraceSelection | None:
    """The traces around the onset, else those of the last hour; None for what is no service of the settings."""
    if subject.service is None:
        return None
    if subject.onset is None:
        return TraceSelection(subject.service)
    return TraceSelection(subject.service, subject.onset - AROUND_SECONDS, min(now, subject.onset + AROUND_SECONDS))
