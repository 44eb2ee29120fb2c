"""The triage of a situation: why, what would stop the harm, and the sections that show all of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aurora_tui.incident.analyzers import diagnose
from aurora_tui.incident.analyzers.configedit import edit_diff
from aurora_tui.incident.expiries import ended, ending
from aurora_tui.incident.impactrows import impact_rows
from aurora_tui.incident.mitigations import mitigations
from aurora_tui.incident.settling import act_rows, acts, earlier_rows
from aurora_tui.incident.situation import Part, Situation
from aurora_tui.incident.traces_and_logs import log_rows
from aurora_tui.incident.where import where_rows
from aurora_tui.model.changes import Change, distance_words, nearest, once
from aurora_tui.model.columns import Cell, Tone
from aurora_tui.model.findings import Finding, Mitigation, no_longer
from aurora_tui.model.frozen import Frozen, replace
from aurora_tui.model.triage import SectionName, TriageRow, TriageSection

READING = "reading …"
UNKNOWN = "cause unknown: no rule finds anything in what was read"
_CHANGES = 12
_TONES = {"certain": Tone.BAD, "likely": Tone.WARN, "possible": Tone.DIM}
_NEEDS = {
    SectionName.IMPACT: (Part.METRICS,),
    SectionName.WHY: tuple(Part),
    SectionName.MITIGATIONS: tuple(Part),
    SectionName.CHANGES: (Part.CHANGES, Part.OBJECTS),
    SectionName.WHERE: (Part.OBJECTS, Part.METRICS),
    SectionName.LOGS: (Part.LOGS, Part.TRACES),
}
"""What each section is made from."""


class Triage(Frozen, dict=True):
    """A situation with what was made of it."""

    situation: Situation
    findings: tuple[Finding, ...]
    mitigations: tuple[Mitigation, ...]
    sections: tuple[TriageSection, ...]

    @property
    def complete(self) -> bool:
        """Whether every part has been read, or given up."""
        return len(self.situation.parts) == len(Part)

    def sections_at(self, now: float) -> tuple[TriageSection, ...]:
        """The sections some seconds later: what is told of the time that goes by is told anew."""
        later = replace(self.situation, now=now)
        impact = _section(later, SectionName.IMPACT, (*impact_rows(later),))
        return tuple(impact if each.name is SectionName.IMPACT else each for each in self.sections)


def triage(situation: Situation, earlier: Sequence[Finding] = ()) -> Triage:
    """Judge a situation as far as it is read; `earlier` is what was found before something was done about it."""
    findings = diagnose(situation)
    ranked = mitigations(situation, findings)
    rows = {
        SectionName.IMPACT: (*impact_rows(situation),),
        SectionName.WHY: (*act_rows(situation), *_why(findings), *earlier_rows(no_longer(earlier, findings))),
        SectionName.MITIGATIONS: (*map(_mitigation, ranked),),
        SectionName.CHANGES: (*_changes(situation),),
        SectionName.WHERE: (*where_rows(situation), *ending(situation)),
        SectionName.LOGS: (*log_rows(situation),),
    }
    return Triage(situation, findings, ranked, tuple(_section(situation, name, rows[name]) for name in SectionName))


def _section(situation: Situation, name: SectionName, rows: tuple[TriageRow, ...]) -> TriageSection:
    needs = _NEEDS[name]
    reading = [part for part in needs if part not in situation.parts]
    troubles = dict.fromkeys(trouble for part in needs if (trouble := situation.parts.get(part)))
    if name in (SectionName.WHY, SectionName.MITIGATIONS):
        troubles = {f"{part} not read in whole": None for part in needs if situation.parts.get(part)}
    remark = "; ".join([*([READING] if reading else []), *troubles])
    return TriageSection(name, rows, remark, "" if reading else _empty(situation, name))


def _empty(situation: Situation, name: SectionName) -> str:
    trouble = situation.in_trouble
    return {
        SectionName.IMPACT: "no objective and no alert says that anybody is served badly",
        SectionName.WHY: UNKNOWN if trouble else "nothing is wrong as far as the rules can see",
        SectionName.MITIGATIONS: "nothing to mend"
        if not trouble
        else "nothing more is suggested: see whether what was done holds"
        if acts(situation)
        else "nothing is suggested: see what changed, and the log",
        SectionName.CHANGES: "nothing has changed shortly before it" if trouble else "nothing has changed of late",
        SectionName.WHERE: "no workload of it is known here",
        SectionName.LOGS: "no errors in what was read",
    }[name]


def _why(findings: tuple[Finding, ...]) -> Iterator[TriageRow]:
    for place, found in enumerate(findings):
        key = f"why/{found.cause}/{found.ref}"
        cells = (Cell(found.sureness, _TONES[found.sureness]), Cell(f"{found.cause}:", Tone.ACCENT), Cell(found.words))
        yield TriageRow(f"{key}", cells, found.ref, (found.words,))
        for number, each in enumerate(found.evidence):
            mark = Cell("–", Tone.GOOD) if each.against else Cell("+", Tone.WARN)
            words = f"speaks {'against' if each.against else 'for'} it: {each.words}"
            lead = each.ref if each.ref is not None else None
            shown = Cell(each.words, Tone.DIM if place else Tone.PLAIN)
            yield TriageRow(f"{key}/{number}", (mark, shown), lead, (words,), each.diff, indent=2)


def _mitigation(offer: Mitigation) -> TriageRow:
    advice = offer.verb is None
    cells = (Cell(f"{offer.rank}.", Tone.ACCENT), Cell(offer.words, Tone.WARN if advice else Tone.PLAIN))
    how = (f"how: {offer.how}",) if offer.how else ()
    details = (f"why: {offer.why}", *how, *(f"against it: {words}" for words in offer.against))
    return TriageRow(f"mend/{offer.verb}/{offer.ref}/{offer.words}", cells, offer, details)


def _changes(situation: Situation) -> Iterator[TriageRow]:
    """The nearest ones; an edit that was found out with what it changed."""
    middle = situation.onset if situation.onset is not None else situation.now
    for change in nearest(once((*situation.changes, *ended(situation))), middle)[:_CHANGES]:
        yield _change(situation, replace(change, diff=change.diff or edit_diff(situation, change)))


def _change(situation: Situation, change: Change) -> TriageRow:
    middle = situation.onset if situation.onset is not None else situation.now
    place = distance_words(change, middle) if situation.onset is not None else f"{distance_words(change, middle)} now"
    suspect = change.own and situation.onset is not None and change.at <= situation.onset + situation.limits.late_by
    ref = Cell(str(change.ref), Tone.ACCENT if change.own else Tone.PLAIN)
    cells = (
        Cell(place, Tone.WARN if suspect else Tone.DIM),
        Cell(change.kind.value, Tone.DIM),
        ref,
        Cell(change.words),
    )
    by = (f"by {change.by}",) if change.by else ()
    return TriageRow(f"change/{change.key}", cells, change, (f"{change.ref}: {change.words}", *by), change.diff)
