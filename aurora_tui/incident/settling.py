"""What was done since the onset, and whether it has helped: alerts and objectives say so only minutes later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aurora_tui.incident.situation import Situation
from aurora_tui.model.ages import human_duration
from aurora_tui.model.changes import Change, ChangeKind
from aurora_tui.model.columns import Cell, Tone
from aurora_tui.model.findings import Finding
from aurora_tui.model.stamps import rfc3339
from aurora_tui.model.triage import TriageRow

_SHOWN = 3


def acts(situation: Situation) -> tuple[Change, ...]:
    """What this program did since the onset, the newest first; not what only another service runs on."""
    onset = situation.onset
    if onset is None:
        return ()
    own = {str(ref) for ref in situation.concerned}
    others = {workload for each in situation.services for workload in each.workloads} - own
    found = (
        each
        for each in situation.changes
        if each.kind is ChangeKind.ACTION and each.at >= onset and str(each.ref) not in others
    )
    return tuple(sorted(found, key=lambda each: -each.at))


def well_since(situation: Situation) -> float | None:
    """When the users were seen to be served well again, in seconds since the epoch; None where they were not."""
    return next((each.well_at for each in acts(situation) if each.well_at is not None), None)


def begun_at(situation: Situation) -> float | None:
    """When something that may mend it was done first."""
    return min((each.at for each in acts(situation) if each.mends), default=None)


def mitigated_at(situation: Situation) -> float | None:
    """When the users were seen to be served well for the first time, whatever came of it later."""
    return min((each.well_at for each in acts(situation) if each.well_at is not None), default=None)


def act_rows(situation: Situation) -> Iterator[TriageRow]:
    """What was done, and until when alerts and objectives still hold what was before it."""
    for act in acts(situation)[:_SHOWN]:
        helped = act.well_at is not None
        cells = (
            Cell("done", Tone.GOOD if helped else Tone.WARN),
            Cell(rfc3339(act.at)[11:], Tone.DIM),
            Cell(str(act.ref), Tone.ACCENT),
            Cell(act.words),
        )
        yield TriageRow(f"done/{act.at}/{act.ref}", cells, act, (f"{act.ref}: {act.words}", f"by {act.by}"), act.diff)
    well = well_since(situation)
    if well is None or not situation.in_trouble:
        return
    clear, window = well + situation.sli_window, human_duration(situation.sli_window)
    if situation.now <= clear:
        words = f"alerts and objectives look back over {window}: they may say so until {rfc3339(clear)[11:]}"
        told = Cell("served well again", Tone.GOOD)
    else:
        words = f"it was well at {rfc3339(well)[11:]}, and is not now, more than {window} later"
        told = Cell("again in trouble", Tone.BAD)
    yield TriageRow("done/settles", (told, Cell(words)), None, (words,), indent=2)


def earlier_rows(findings: Iterable[Finding]) -> Iterator[TriageRow]:
    """What was found before anything was done and is not found any more: its evidence is gone, what it said is not."""
    for found in findings:
        key = f"before/{found.cause}/{found.ref}"
        cells = (Cell("before that", Tone.DIM), Cell(f"{found.cause}:", Tone.ACCENT), Cell(found.words, Tone.DIM))
        yield TriageRow(key, cells, found.ref, (found.words,))
        for number, each in enumerate(found.evidence):
            mark = "–" if each.against else "+"
            shown = (Cell(mark, Tone.DIM), Cell(each.words, Tone.DIM))
            yield TriageRow(f"{key}/{number}", shown, each.ref, (each.words,), each.diff, indent=2)
