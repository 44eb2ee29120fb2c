"""``triage``: why a service does badly and what would mend it, without a screen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import click

from aurora_tui.commands import output
from aurora_tui.commands.signalrows import list_alerts, list_slos
from aurora_tui.incident.reading import situation_of
from aurora_tui.incident.situation import Part, Subject
from aurora_tui.incident.subject import of_alert, of_service, worst_of
from aurora_tui.incident.triage import Triage, triage
from aurora_tui.model.alerts import Alert, AlertState, worst_first
from aurora_tui.model.findings import Evidence, Mitigation
from aurora_tui.model.frozen import asdict
from aurora_tui.model.stamps import rfc3339
from aurora_tui.model.text import printable
from aurora_tui.session import Session


async def run(session: Session, given: str | None, form: str) -> int:
    """Print it: 0 where nothing is wrong, 1 where something is, 2 where too little could be read to tell."""
    found = await asyncio.gather(list_slos(session), list_alerts(session))
    subject = _subject(session, given)
    if subject is None:
        click.echo("no alert fires: name a service to triage it all the same")
        blind = [each.trouble for each in found if each.trouble]
        for trouble in blind:
            click.echo(printable(trouble), err=True)
        return 2 if blind else 0
    made = triage(await situation_of(session, subject))
    if form == "json":
        output.emit(_json(made))
    else:
        click.echo("\n".join(printable(line) for line in _lines(made)))
    if made.findings or made.situation.in_trouble:
        return 1
    return 2 if made.situation.parts.get(Part.OBJECTS) else 0


def _subject(session: Session, given: str | None) -> Subject | None:
    """What is meant: a service of the settings, an alert by its name, or the worst alert."""
    alerts: list[Alert] = list(session.store.table("alerts").rows.values())
    if given is None:
        worst = worst_of(session, None)
        return of_alert(session, worst) if worst is not None else None
    if given in {each.name for each in session.settings.services}:
        return of_service(session, given, None)
    named = [each for each in alerts if each.name == given and each.state is not AlertState.RESOLVED]
    if named:
        return of_alert(session, min(named, key=worst_first))
    services = ", ".join(each.name for each in session.settings.services)
    raise click.UsageError(f"{given!r} is neither a service of the settings ({services}) nor an alert that fires")


def _lines(made: Triage) -> Iterator[str]:
    yield f"Triage of {made.situation.subject}"
    for section in made.sections:
        yield ""
        yield f"{section.name}{f'  ({section.remark})' if section.remark else ''}"
        for row in section.rows:
            yield f"  {' ' * row.indent}{row.text}"
            if isinstance(row.leads_to, Mitigation):
                yield from (f"       {words}" for words in row.details)
        if not section.rows and section.empty:
            yield f"  {section.empty}"


def _json(made: Triage) -> Mapping[str, Any]:
    situation, subject = made.situation, made.situation.subject
    return {
        "service": subject.service,
        "workload": str(subject.ref) if subject.ref is not None else None,
        "namespace": subject.namespace,
        "alert": subject.alert or None,
        "onset": rfc3339(subject.onset) if subject.onset is not None else None,
        "parts": {part.value: situation.parts.get(part) for part in Part},
        "sections": {each.name.value: [row.text for row in each.rows] for each in made.sections},
        "findings": [
            {
                "cause": each.cause.value,
                "object": str(each.ref),
                "words": each.words,
                "weight": round(each.weight, 3),
                "onset": each.onset,
                "evidence": [_evidence(one) for one in each.evidence],
            }
            for each in made.findings
        ],
        "mitigations": [
            {
                "rank": each.rank,
                "words": each.words,
                "verb": each.verb.value if each.verb is not None else None,
                "object": str(each.ref) if each.ref is not None else None,
                "also": [str(ref) for ref in each.also],
                "parameters": dict(each.parameters),
                "why": each.why,
                "how": each.how,
                "against": list(each.against),
            }
            for each in made.mitigations
        ],
    }


def _evidence(each: Evidence) -> Mapping[str, Any]:
    return {
        "words": each.words,
        "against": each.against,
        "at": each.at,
        "about": str(each.ref) if each.ref is not None else None,
        "diff": [asdict(line) for line in each.diff],
    }
