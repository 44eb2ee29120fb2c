"""An incident as the facts make it: the union of what all writers put down tells the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from aurora_tui.model.checklists import GuidedList, Tick, ended_at
from aurora_tui.model.facts import LONGEST_TEXT, Fact, FactKind, Place, merged, number_of, ref_of, text_in
from aurora_tui.model.frozen import Frozen, Veiled
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.timeline import EntryKind, TimelineEntry

SEVERITIES = ("sev1", "sev2", "sev3")
"""The worst first."""
ROLES = ("lead", "hands", "communication", "scribe")


class Incident(Veiled):
    """How an incident stands; times are in seconds since the epoch."""

    VEILED = frozenset({"facts"})

    id: str
    title: str
    severity: str
    context: str
    namespace: str
    alert: str
    """The alert's name that it was opened for; empty for none."""
    service: str
    ref: ObjectRef | None
    """The workload in hand."""
    onset: float | None
    opened_at: float
    opened_by: str
    roles: Mapping[str, str]
    people: tuple[str, ...]
    ticks: Mapping[str, Tick]
    seen: Mapping[str, float]
    """When what the program saw by itself happened first, by the names of `checklists.SEEN`."""
    resolving_since: float | None
    """When somebody began to wait for the calm."""
    resolving_by: str
    """Who did; whose program then sees the calm first is nobody's doing."""
    resolved_at: float | None
    resolved_by: str
    without_calm: str
    """Why it was ended although not all was well, in the words of who did; empty where the calm ended it."""
    timeline: tuple[TimelineEntry, ...]
    facts: tuple[Fact, ...]
    """Those that count, oldest first."""

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None

    @property
    def state_words(self) -> str:
        """Open, or how it ended."""
        return "open" if self.is_open else "resolved without calm" if self.without_calm else "resolved"

    @property
    def begin(self) -> float:
        """The onset where it is known, else the opening."""
        return self.onset if self.onset is not None else self.opened_at

    @property
    def fired_at(self) -> float | None:
        """When the first of its alerts fired, as the timeline has it; None where none did."""
        alerts = self.of_kind(FactKind.ALERT)
        return min((fact.happened for fact in alerts if fact.body.get("state") == "firing"), default=None)

    def of_kind(self, kind: FactKind) -> tuple[Fact, ...]:
        return tuple(fact for fact in self.facts if fact.kind is kind)


def fold(facts: Iterable[Fact], entries: dict[Place, TimelineEntry] | None = None) -> Incident | None:
    """What the facts of one incident come to; None where it was never opened, as far as they tell.

    `entries` are those of the timeline that were made before, for who folds again with each fact that comes.
    """
    told = _once(merged(facts))
    opening = next((fact for fact in told if fact.kind is FactKind.OPENED), None)
    if opening is None:
        return None
    body = opening.body
    roles: dict[str, str] = {}
    ticks: dict[str, Tick] = {}
    severity = _severity(body)
    resolving: Fact | None = None
    resolved: Fact | None = None
    for fact in told:
        match fact.kind:
            case FactKind.SEVERITY:
                severity = _severity(fact.body)
            case FactKind.ROLE:
                roles[text_in(fact.body, "role")] = text_in(fact.body, "who")
            case FactKind.TICK:
                _tick(ticks, fact)
            case FactKind.RESOLVING:
                resolving = fact if fact.body.get("waits") else None
            case FactKind.RESOLVED:
                resolved = resolved or fact
            case _:
                pass
    return Incident(
        id=opening.incident,
        title=text_in(body, "title") or opening.incident,
        severity=severity,
        context=text_in(body, "context"),
        namespace=text_in(body, "namespace"),
        alert=text_in(body, "alert"),
        service=text_in(body, "service"),
        ref=ref_of(body.get("ref")),
        onset=number_of(body.get("onset")),
        opened_at=opening.at,
        opened_by=opening.by,
        roles={role: who for role, who in roles.items() if who},
        people=tuple(dict.fromkeys(fact.by for fact in told if fact.by)),
        ticks=ticks,
        seen=_seen(told),
        resolving_since=resolving.at if resolving and resolved is None else None,
        resolving_by=resolving.by if resolving else "",
        resolved_at=resolved.at if resolved else None,
        resolved_by=(text_in(resolved.body, "who_did") or resolved.by) if resolved else "",
        without_calm=text_in(resolved.body, "without_calm") if resolved else "",
        timeline=tuple(sorted(_timeline(told, {} if entries is None else entries), key=lambda each: each.at)),
        facts=told,
    )


def _once(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """Of what several programs saw for themselves the earliest."""
    keys: set[str] = set()
    kept = []
    for fact in facts:
        key = fact.body.get("key")
        if isinstance(key, str):
            if key in keys:
                continue
            keys.add(key)
        kept.append(fact)
    return tuple(kept)


def _tick(ticks: dict[str, Tick], fact: Fact) -> None:
    step = text_in(fact.body, "step")
    if not fact.body.get("done"):
        ticks.pop(step, None)
    elif step not in ticks:
        ticks[step] = Tick(fact.happened, fact.by, bool(fact.body.get("itself")))


def _seen(facts: Iterable[Fact]) -> dict[str, float]:
    found: dict[str, float] = {}
    for fact in facts:
        names = fact.body.get("seen")
        for name in names if isinstance(names, list) else ():
            if isinstance(name, str):
                found[name] = min(found.get(name, fact.happened), fact.happened)
    return found


_LEAD = {
    FactKind.ALERT: EntryKind.ALERT, FactKind.ACTION: EntryKind.ACTION, FactKind.VERDICT: EntryKind.VERDICT,
    FactKind.CHANGE: EntryKind.CHANGE, FactKind.NOTE: EntryKind.NOTE, FactKind.TICK: EntryKind.STEP,
    FactKind.SNAPSHOT: EntryKind.SNAPSHOT, FactKind.LOGS: EntryKind.SNAPSHOT, FactKind.NOTICE: EntryKind.NOTICE,
    FactKind.DELIVERY: EntryKind.NOTICE, FactKind.FINDING: EntryKind.FINDING,
}  # fmt: skip


def _timeline(facts: Iterable[Fact], entries: dict[Place, TimelineEntry]) -> Iterator[TimelineEntry]:
    for fact in facts:
        if fact.kind is FactKind.IMPACT or fact.body.get("quiet") is True:
            continue
        place = (fact.writer, fact.number)
        entry = entries.get(place)
        if entry is None:
            entry = entries[place] = _entry(fact)
        yield entry


def _entry(fact: Fact) -> TimelineEntry:
    details = fact.body.get("details")
    return TimelineEntry(
        fact.happened,
        _LEAD.get(fact.kind, EntryKind.INCIDENT),
        text_in(fact.body, "words") or str(fact.kind),
        text_in(fact.body, "who_did") if "who_did" in fact.body else fact.by,  # nobody is told of some changes
        ref_of(fact.body.get("ref")),
        tuple(str(line)[:LONGEST_TEXT] for line in details) if isinstance(details, list) else (),
        bool(fact.body.get("bad")),
    )


def _severity(body: Mapping[str, Any]) -> str:
    severity = text_in(body, "severity")
    return severity if severity in SEVERITIES else SEVERITIES[1]


class PhaseClock(Frozen):
    """How long a phase has taken, in seconds since the onset, against its limit; `ended` None while it is on."""

    title: str
    limit: float | None
    seconds: float
    ended: float | None

    @property
    def over(self) -> bool:
        """Whether it takes, or took, longer than it may."""
        return self.limit is not None and self.seconds > self.limit


def clocks(incident: Incident, guided: GuidedList, now: float) -> tuple[PhaseClock, ...]:
    """The clocks of the detection, and of the phases that have a limit, as triage has them: from the onset.

    Where that is not known they run from the opening.
    """
    found = []
    if incident.onset is not None and (fired := incident.fired_at) is not None:
        found.append(PhaseClock("Detection", None, max(fired - incident.onset, 0.0), fired))
    for phase in guided.phases:
        if phase.limit is None:
            continue
        ended = ended_at(phase, incident.ticks, incident.seen)
        until = min(each for each in (ended, incident.resolved_at, now) if each is not None)
        found.append(PhaseClock(phase.title, phase.limit, max(until - incident.begin, 0.0), ended))
    return tuple(found)


def severity_of(alert_severity: str) -> str:
    """The severity that an alert's label suggests."""
    return {"critical": "sev1", "page": "sev1", "warning": "sev2"}.get(alert_severity.lower(), "sev3")
