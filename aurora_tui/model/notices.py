"""What notifications of an incident say, by templates, and PagerDuty's events."""

from __future__ import annotations

from string import Template

from aurora_tui.model.ages import human_duration
from aurora_tui.model.facts import FactKind
from aurora_tui.model.incident_settings import Channel, ChannelKind, Occasion
from aurora_tui.model.incidents import Incident
from aurora_tui.model.stamps import rfc3339


def facts_of(incident: Incident, now: float) -> dict[str, str]:
    """What templates may name, after a dollar sign."""
    until = incident.resolved_at if incident.resolved_at is not None else now
    return {
        "id": incident.id,
        "title": incident.title,
        "severity": incident.severity,
        "context": incident.context,
        "namespace": incident.namespace,
        "service": incident.service or "-",
        "alert": incident.alert or "-",
        "workload": str(incident.ref or "-"),
        "onset": rfc3339(incident.begin),
        "opened": rfc3339(incident.opened_at),
        "duration": human_duration(until - incident.begin),
        "lead": incident.roles.get("lead", incident.opened_by),
    }


def told(template: str, incident: Incident, now: float) -> str:
    """A template filled in; a name that it does not know stays as it is."""
    return Template(template).safe_substitute(facts_of(incident, now)).strip()


def proposed(incident: Incident) -> Occasion:
    """What there is to tell now: that it is over, that it began, or more of it."""
    if not incident.is_open:
        return Occasion.RESOLVED
    return Occasion.UPDATE if "notified" in incident.seen else Occasion.OPENED


def preselected(channel: Channel, incident: Incident) -> bool:
    """Whether it is told unless the operator says otherwise: chats, and who was told of this incident before.

    What users read is never said by a habit.
    """
    before = {notice.body.get("channel") for notice in incident.of_kind(FactKind.NOTICE)}
    return channel.kind is not ChannelKind.STATUS and (channel.kind is ChannelKind.CHAT or channel.name in before)


def dedup_key(incident: Incident) -> str:
    """PagerDuty's name of the incident: the same for all that is told of it, by whomever."""
    return f"aurora-tui/{incident.id}"


def pagerduty_event(incident: Incident, occasion: Occasion, text: str, routing_key: str) -> dict[str, object]:
    """An event of the Events API v2 (https://developer.pagerduty.com/docs/send-alert-event)."""
    actions = {Occasion.ACKNOWLEDGED: "acknowledge", Occasion.RESOLVED: "resolve"}
    event: dict[str, object] = {
        "routing_key": routing_key,
        "event_action": actions.get(occasion, "trigger"),
        "dedup_key": dedup_key(incident),
    }
    if occasion not in actions:
        severity = {"sev1": "critical", "sev2": "error"}.get(incident.severity, "warning")
        event["payload"] = {
            "summary": text[:1024],
            "source": incident.context or "aurora-tui",
            "severity": severity,
            "timestamp": rfc3339(incident.begin),
            "component": incident.service or str(incident.ref or ""),
            "group": incident.namespace,
            "class": incident.alert,
            "custom_details": facts_of(incident, incident.opened_at),
        }
    return event
