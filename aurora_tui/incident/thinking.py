"""What the analyzers think of an incident, for its timeline: findings with their evidence, and no facts."""

from __future__ import annotations

from aurora_tui.incident.analyzers import diagnose
from aurora_tui.incident.memory import recall, remember
from aurora_tui.incident.reading import situation_of
from aurora_tui.incident.situation import Subject
from aurora_tui.incident.watch import Told
from aurora_tui.model.facts import FactKind, ref_json
from aurora_tui.model.findings import Finding, no_longer
from aurora_tui.model.incidents import Incident
from aurora_tui.session import Session

LEAST_WEIGHT = 0.4
"""What is less sure is not put down: the triage screen shows it while it lasts."""
_LINES = 12


async def thought(session: Session, incident: Incident) -> list[Told]:
    """Read the situation of the incident's subject once, and tell what is found, and what was before somebody acted.

    Never raises what servers do.
    """
    namespace = incident.namespace or session.home
    subject = Subject(namespace, incident.service or None, incident.ref, incident.onset, incident.alert)
    situation = await situation_of(session, subject)
    found = diagnose(situation)
    remember(session, situation, found)
    before = no_longer(recall(session, situation), found)
    return [(FactKind.FINDING, _body(each)) for each in (*found, *before) if each.weight >= LEAST_WEIGHT]


def _body(finding: Finding) -> dict[str, object]:
    lines = [f"{'against' if each.against else 'for'}: {each.words}" for each in finding.evidence]
    return {
        "key": f"finding/{finding.cause}/{finding.ref}",
        "words": f"{finding.cause}: {finding.words} ({finding.sureness})",
        "who_did": "analyzers",
        "ref": ref_json(finding.ref),
        "details": lines[:_LINES],
        "seen": ["finding"],
    }
