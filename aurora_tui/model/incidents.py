"""An incident as the facts make it: each fact is put down once by one writer, and the union of all tells the rest."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, ClassVar

from aurora_tui.model.checklists import GuidedList, Tick, ended_at
from aurora_tui.model.frozen import Frozen, Veiled, replace
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.timeline import EntryKind, TimelineEntry

SEVERITIES = ("sev1", "sev2", "sev3")
"""The worst first."""
ROLES = ("lead", "hands", "communication", "scribe")
LONGEST_TEXT = 4000
"""Characters of a note or of any other text of a fact."""
_CALENDAR = (-62_135_596_800.0, 253_370_764_800.0)
"""The years 1 (of which servers speak where they know none) to 9999, in seconds: beyond is no date."""
_TIMES = ("happened", "onset", "after")
_TICK = 0.001
"""Seconds between what is known and what comes behind it."""
_DEEPEST = 32
"""How far the values of a body may be nested."""
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_HALF = re.compile(r"[\ud800-\udfff]")
_WRITER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


class FactKind(StrEnum):
    OPENED = "opened"
    JOINED = "joined"
    SEVERITY = "severity"
    ROLE = "role"
    ALERT = "alert"
    ACTION = "action"
    VERDICT = "verdict"
    CHANGE = "change"
    NOTE = "note"
    TICK = "tick"
    SNAPSHOT = "snapshot"
    LOGS = "logs"
    NOTICE = "notice"
    """A notification that was consented to; it is sent when that can be done."""
    DELIVERY = "delivery"
    FINDING = "finding"
    IMPACT = "impact"
    RESOLVING = "resolving"
    RESOLVED = "resolved"


Place = tuple[str, int]
"""The writer and the number of a fact: no two of an incident have the same."""
HEAVY = frozenset({FactKind.SNAPSHOT, FactKind.LOGS})
"""Those whose bodies are large: the timeline needs their heads alone."""


class Fact(Veiled):
    """One thing put down; `writer` and `number` name it for good, `at` is in seconds since the epoch.

    Facts that several programs see for themselves carry a ``key`` in their body: the earliest of them stands.
    What is ``quiet`` is no entry of the timeline. A writer whose clock is behind that of another tells in ``after``
    what stood there already, as `order` gives it.
    """

    VEILED: ClassVar[frozenset[str]] = frozenset({"body"})

    incident: str
    writer: str
    number: int
    at: float
    by: str
    kind: FactKind
    body: Mapping[str, Any]

    @property
    def order(self) -> tuple[float, str, int]:
        """Behind all that its writer knew of, whatever their clocks said."""
        after = _number(self.body.get("after"))
        return (self.at if after is None else max(self.at, after + _TICK), self.writer, self.number)

    def to_json(self) -> dict[str, Any]:
        return {
            "incident": self.incident, "writer": self.writer, "number": self.number, "at": self.at, "by": self.by,
            "kind": str(self.kind), "body": dict(self.body),
        }  # fmt: skip

    @property
    def happened(self) -> float:
        """When what it tells of happened, where that is known, else when it was put down."""
        happened = _number(self.body.get("happened"))
        return self.at if happened is None else happened

    @classmethod
    def from_json(cls, data: Any) -> Fact:
        """The reverse; raises `ValueError` for anything that no writer of ours can have put down."""
        try:
            fact = cls(
                data["incident"], data["writer"], data["number"], float(data["at"]), data["by"],
                FactKind(data["kind"]), data["body"],
            )  # fmt: skip
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"no fact: {type(error).__name__}") from error
        texts = isinstance(fact.by, str) and isinstance(fact.body, dict) and isinstance(fact.incident, str)
        if not texts or not is_id(fact.incident) or not is_writer(fact.writer):
            raise ValueError("no fact: a field is not what it should be")
        if not all(is_moment(each) for each in (fact.at, *map(fact.body.get, _TIMES))):
            raise ValueError("no fact: a time in it is none")
        if not _is_sound([fact.by, fact.body]):
            raise ValueError("no fact: a value in it can be written nowhere")
        if not isinstance(fact.number, int) or isinstance(fact.number, bool) or fact.number < 1:
            raise ValueError("no fact: its number is none")
        return fact


def is_moment(value: Any) -> bool:
    """Whether a number can be shown as a date; what is no number is for others to judge."""
    return not isinstance(value, int | float) or _CALENDAR[0] <= value < _CALENDAR[1]


def _is_sound(value: Any, depth: int = 0) -> bool:
    """Whether a value of JSON can be put down: no number is beyond all bounds, no text half a character."""
    match value:
        case str():
            return not _HALF.search(value)
        case int():
            return abs(value) < 2**63
        case float():
            return math.isfinite(value)
        case list() | dict():
            inner = value if isinstance(value, list) else [*value, *value.values()]
            return depth < _DEEPEST and all(_is_sound(each, depth + 1) for each in inner)
        case _:
            return value is None


def is_id(text: str) -> bool:
    """Whether this may name an incident: it becomes the name of a folder."""
    return bool(_ID.fullmatch(text))


def is_writer(text: object) -> bool:
    """Whether this may name a writer: it becomes the name of a file."""
    return isinstance(text, str) and bool(_WRITER.fullmatch(text)) and not text.endswith(".")


def merged(*several: Iterable[Fact]) -> tuple[Fact, ...]:
    """The union of facts, each once, in the order of time; nothing that any of the sides has is lost."""
    union = {(fact.writer, fact.number): fact for facts in several for fact in facts}
    return tuple(sorted(union.values(), key=lambda fact: fact.order))


class Incident(Veiled):
    """How an incident stands; times are in seconds since the epoch."""

    VEILED: ClassVar[frozenset[str]] = frozenset({"facts"})

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
                roles[_text(fact.body, "role")] = _text(fact.body, "who")
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
        title=_text(body, "title") or opening.incident,
        severity=severity,
        context=_text(body, "context"),
        namespace=_text(body, "namespace"),
        alert=_text(body, "alert"),
        service=_text(body, "service"),
        ref=_ref(body.get("ref")),
        onset=_number(body.get("onset")),
        opened_at=opening.at,
        opened_by=opening.by,
        roles={role: who for role, who in roles.items() if who},
        people=tuple(dict.fromkeys(fact.by for fact in told if fact.by)),
        ticks=ticks,
        seen=_seen(told),
        resolving_since=resolving.at if resolving and resolved is None else None,
        resolving_by=resolving.by if resolving else "",
        resolved_at=resolved.at if resolved else None,
        resolved_by=(_text(resolved.body, "who_did") or resolved.by) if resolved else "",
        without_calm=_text(resolved.body, "without_calm") if resolved else "",
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
    step = _text(fact.body, "step")
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
        _text(fact.body, "words") or str(fact.kind),
        _text(fact.body, "who_did") if "who_did" in fact.body else fact.by,  # nobody is told of some changes
        _ref(fact.body.get("ref")),
        tuple(str(line)[:LONGEST_TEXT] for line in details) if isinstance(details, list) else (),
        bool(fact.body.get("bad")),
    )


def ref_json(ref: ObjectRef | None) -> list[str | None] | None:
    return None if ref is None else [ref.kind, ref.namespace, ref.name]


def _ref(value: Any) -> ObjectRef | None:
    if not (isinstance(value, list) and len(value) == 3):
        return None
    kind, namespace, name = value
    if not (isinstance(kind, str) and isinstance(name, str) and (namespace is None or isinstance(namespace, str))):
        return None
    return ObjectRef(kind, namespace, name)


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""


def _severity(body: Mapping[str, Any]) -> str:
    severity = _text(body, "severity")
    return severity if severity in SEVERITIES else SEVERITIES[1]


def _number(value: Any) -> float | None:
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if good else None


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


def light(fact: Fact) -> Fact:
    """A fact without what only a replay needs."""
    return replace(fact, body={key: each for key, each in fact.body.items() if key != "data"})
