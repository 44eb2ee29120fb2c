"""What an incident's timeline takes in by itself: alerts, actions of the journal, and changes, as bodies of facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from aurora_tui.incident.mending import RESTARTING, may_mend, mended, touches
from aurora_tui.journal import Entry
from aurora_tui.model.actions import Outcome, Verb
from aurora_tui.model.alerts import Alert, AlertState, severity_rank
from aurora_tui.model.changes import Change, ChangeKind
from aurora_tui.model.definitions import Service
from aurora_tui.model.diffs import changes
from aurora_tui.model.facts import Fact, FactKind, ref_json
from aurora_tui.model.incidents import Incident
from aurora_tui.model.stamps import rfc3339

Told = tuple[FactKind, dict[str, Any]]
"""A fact to be put down, unless one with its key is there already."""
_LINES = 12
_DIFFERENCES = 6
_BEFORE = 3600.0
"""Seconds before the onset in which a change of the workload's own belongs to the incident."""
_NEAR = 900.0
"""The same for what is not its own."""


def known_keys(facts: Iterable[Fact]) -> set[str]:
    return {key for fact in facts if isinstance(key := fact.body.get("key"), str)}


def concerns(incident: Incident, alert: Alert) -> bool:
    """Whether an alert belongs to the incident: its service's, its own name, or one that nobody can leave aside.

    A rule fires for each service by the same name: that counts only where nothing tells of another service.
    """
    if not (incident.service or incident.alert):
        return True
    if alert.service and incident.service:
        return alert.service == incident.service
    return alert.name == incident.alert or (not alert.service and severity_rank(alert.severity) == 0)


def alert_facts(incident: Incident, alerts: Iterable[Alert]) -> Iterator[Told]:
    """Alerts that fire, when they began to, and that are over since the incident began."""
    known = _firings(incident)
    for alert in alerts:
        firing = alert.state is AlertState.FIRING
        if not (firing or alert.state is AlertState.RESOLVED) or not concerns(incident, alert):
            continue
        if alert.ended is not None and not firing and alert.ended < incident.begin:
            continue
        moments = {each for each in (alert.since, alert.fired_at) if each is not None}
        # Where one of those who tell it is silent meanwhile, the other's time stands alone: it is the same alert.
        began = next((each for each in known.get(alert.fingerprint, ()) if each & moments), None)
        if firing and began is not None:
            continue
        since = min(began or moments, default=None)
        when = (alert.fired_at if alert.fired_at is not None else alert.since) if firing else alert.ended
        words = f"{alert.name} {'fires' if firing else 'is over'}{f' ({alert.service})' if alert.service else ''}"
        held = f"its condition holds since {rfc3339(alert.since)}" if firing and alert.since is not None else ""
        yield (
            FactKind.ALERT,
            {
                "key": f"alert/{alert.fingerprint}/{since}/{'firing' if firing else 'over'}",
                "words": words,
                "happened": when,
                "who_did": "/".join(alert.sources),
                "details": [line for line in (alert.summary, held) if line],
                "name": alert.name,
                "severity": alert.severity,
                "state": str(alert.state),
                "fingerprint": alert.fingerprint,
                "moments": sorted(moments),
                "bad": firing,
            },
        )


def _firings(incident: Incident) -> dict[str, list[set[float]]]:
    """When alerts of the timeline began, by their fingerprint: for each time that it fired, all that was told of it."""
    found: dict[str, list[set[float]]] = {}
    for fact in incident.of_kind(FactKind.ALERT):
        name, moments = fact.body.get("fingerprint"), fact.body.get("moments")
        if fact.body.get("state") == AlertState.FIRING and isinstance(name, str) and isinstance(moments, list):
            found.setdefault(name, []).append({each for each in moments if isinstance(each, float)})
    return found


def action_facts(incident: Incident, entries: Iterable[Entry], services: Sequence[Service] = ()) -> Iterator[Told]:
    """What was done in the incident's context since it began, once its outcome is there, and then its verdict.

    It is seen as a step of the procedure only where it concerns what the incident is about.
    """
    for entry in entries:
        target, action = entry.action.target, entry.action
        if target.context != incident.context or entry.started_at < incident.begin - 1 or entry.finished_at is None:
            continue
        name = f"{entry.operator.host}/{entry.id}/{entry.started_at:.3f}"
        what = f"{action.verb.value} {target}"
        done = entry.outcome is Outcome.DONE
        near = done and touches(incident, target, services)
        seen = ["action"] if done else []
        seen += ["mending"] if may_mend(incident, entry, services) else []
        seen += ["restarted"] if near and action.verb in RESTARTING else []
        seen += ["scaled"] if near and action.verb in (Verb.SCALE, Verb.BOUNDS) else []
        yield (
            FactKind.ACTION,
            {
                "key": f"action/{name}",
                "words": f"{what}: {entry.outcome.value}{f' ({entry.reason})' if entry.reason else ''}",
                "happened": entry.started_at,
                "who_did": str(entry.operator),
                "ref": ref_json(target.ref),
                "details": _account(entry),
                "entry": entry.id,
                "seen": seen,
                "bad": not done,
            },
        )
        if entry.verdict is not None:
            yield (
                FactKind.VERDICT,
                {
                    "key": f"verdict/{name}",
                    "words": f"{what}: {entry.verdict.text}",
                    "happened": entry.verdict_at,
                    "who_did": str(entry.operator),
                    "ref": ref_json(target.ref),
                    "seen": ["recovered"] if mended(incident, entry, services) else [],
                    "bad": not entry.verdict.good,
                },
            )


def _account(entry: Entry) -> list[str]:
    """What stood in the preview and what came of it."""
    lines = [f"previewed: {words}" for words in (entry.preview.warnings if entry.preview else ())]
    # What keeps a revision is the undo's own handle: its number stands beside it.
    found = [line for line in changes(entry.action.before, entry.action.after) if line.path != "keeper"]
    halved = len(found) > _DIFFERENCES and found[_DIFFERENCES - 1].path == found[_DIFFERENCES].path
    lines += [str(line) for line in found[: _DIFFERENCES + halved]]
    lines += [f"params: {key}={value}" for key, value in entry.action.params.items()]
    lines += [entry.message] if entry.message else []
    return lines[:_LINES]


def change_facts(incident: Incident, found: Iterable[Change]) -> Iterator[Told]:
    """Deploys and other changes near the onset or since; what was done from here stands there as an action."""
    for change in found:
        before = _BEFORE if change.own else _NEAR
        near = change.at >= incident.begin - before
        if change.kind is ChangeKind.ACTION or not near or (change.kind is ChangeKind.JOB and not change.own):
            continue
        yield (
            FactKind.CHANGE,
            {
                "key": f"change/{change.key}",
                "words": f"{change.kind.value} {change.ref}: {change.words}",
                "happened": change.at,
                "who_did": change.by,
                "ref": ref_json(change.ref),
                "details": [str(line) for line in change.diff[:_LINES]],
                "own": change.own,
            },
        )
