"""The rows of logs and traces: errors, new ones first, last words of crashed runs, failed and slow traces."""

from __future__ import annotations

from collections.abc import Iterator

from aurora_tui.incident.analyzers._common import last_words, said
from aurora_tui.incident.situation import Situation
from aurora_tui.incident.subject import log_since, traces_around
from aurora_tui.model.columns import Cell, Tone
from aurora_tui.model.onset import LEAD_SECONDS
from aurora_tui.model.selection import LogSelection, TraceSelection
from aurora_tui.model.templates import Templates
from aurora_tui.model.traces import duration_words
from aurora_tui.model.triage import TriageRow

_TEMPLATES, _CRASHED, _TRACES = 4, 2, 3


def log_rows(situation: Situation) -> Iterator[TriageRow]:
    yield from _errors(situation)
    yield from _last_words(situation)
    yield from _traces(situation)


def _errors(situation: Situation) -> Iterator[TriageRow]:
    own, onset = situation.own, situation.onset
    if own is None:
        return
    templates = Templates()
    templates.add(situation.lines_of(own))
    lead = log_since(situation.subject)
    moment = onset - LEAD_SECONDS if onset is not None else None
    errors = [each for each in templates.ranked(moment) if each.level is not None and each.level.is_error]
    for each in errors[:_TEMPLATES]:
        cells = (
            Cell("new" if templates.is_new(each, moment) else "", Tone.WARN),
            Cell(f"{each.count:,}×"),
            Cell(str(each.level), Tone.BAD),
            Cell(each.text),
        )
        yield TriageRow(f"log/{each.level}/{each.text}", cells, lead, (said(each.example),))
    if errors and moment is not None:
        replaced = sum(len(log.lines) for log in situation.logs if log.gone)
        kept = f"of {templates.lines:,} lines read"
        kept += f", {replaced:,} of them of pods that are no more (Elasticsearch)" if replaced else ""
        words = (
            kept
            if templates.tells_new(moment)
            else f"{kept}, none of them from before the onset: what is new is not known"
        )
        yield TriageRow("log/read", (Cell(words, Tone.DIM),), lead, indent=2)


def _last_words(situation: Situation) -> Iterator[TriageRow]:
    before = [log for log in situation.logs if log.previous]
    for log in before[:_CRASHED]:
        lead = LogSelection(situation.subject.namespace, pod=log.pod, container=log.container, previous=True)
        for number, line in enumerate(last_words(log.lines)):
            cells = (Cell(f"{log.pod} before it ended:" if not number else "", Tone.ACCENT), Cell(said(line.text)))
            indent = 2 if number else 0
            yield TriageRow(f"last/{log.pod}/{log.container}/{number}", cells, lead, (said(line.text),), indent=indent)


def _traces(situation: Situation) -> Iterator[TriageRow]:
    rows = situation.traces
    if not rows:
        return
    failed, slow = sum(bool(row.errors) for row in rows), sum(row.slow for row in rows)
    words = f"{failed} of {len(rows)} traces that were read failed, {slow} slow"
    yield TriageRow(
        "traces",
        (Cell(words, Tone.BAD if failed else Tone.WARN if slow else Tone.GOOD),),
        traces_around(situation.subject, situation.now),
    )
    for row in [row for row in rows if row.errors or row.slow][:_TRACES]:
        cells = (
            Cell(row.state, Tone.BAD if row.errors else Tone.WARN),
            Cell(duration_words(row.duration)),
            Cell(row.operation),
        )
        yield TriageRow(f"trace/{row.trace.id}", cells, TraceSelection(None, trace=row.trace.id), indent=2)
