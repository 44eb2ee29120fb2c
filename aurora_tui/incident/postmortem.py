"""The draft of a post-mortem as Markdown: what the facts tell by themselves, and the questions that they leave open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aurora_tui.incident.cost import Impact, impact_of
from aurora_tui.journal_export import code, stamp
from aurora_tui.model.ages import human_duration
from aurora_tui.model.checklists import GuidedList, step_rows
from aurora_tui.model.facts import FactKind
from aurora_tui.model.incidents import Incident, PhaseClock, clocks
from aurora_tui.model.timeline import EntryKind, TimelineEntry, offset_words

_QUIET = frozenset({EntryKind.STEP, EntryKind.SNAPSHOT})
"""What the timeline of a post-mortem can do without."""


def draft(incident: Incident, procedure: GuidedList, now: float) -> Iterator[str]:
    """The draft, line by line, times in UTC. All that comes from outside stands in code spans: it is no markup."""
    end = incident.resolved_at
    yield f"# Post-mortem: {code(incident.title)}"
    yield ""
    yield f"Draft made by aurora-tui from the facts of {code(incident.id)}; *italics* are still to be written."
    yield ""
    yield from _section("Summary", _summary(incident, now))
    yield from _section("Impact", _impact(incident, now))
    yield from _section("Times", _times(incident, clocks(incident, procedure, now)))
    yield from _section(
        "What changed", _entries(incident, (EntryKind.CHANGE,), "Nothing was seen to change near the onset.")
    )
    yield from _section(
        "What we think", _entries(incident, (EntryKind.FINDING,), "*Cause unknown: no finding was put down.*")
    )
    yield from _section(
        "Actions", _entries(incident, (EntryKind.ACTION, EntryKind.VERDICT), "Nothing was done through aurora-tui.")
    )
    yield from _section("Timeline", _timeline(incident))
    yield from _section("Procedure", _procedure(incident, procedure))
    yield from _section("Open questions", _questions(incident, procedure))
    if end is None:
        yield "The incident is still open: this draft is as of " + stamp(now) + "."


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield from lines
    yield ""


def _summary(incident: Incident, now: float) -> Iterator[str]:
    end = incident.resolved_at
    yield f"- Severity: {incident.severity}"
    where = f"context {code(incident.context)}, namespace {code(incident.namespace)}"
    yield f"- Where: {where}, service {code(incident.service)}, workload {code(str(incident.ref or ''))}"
    yield f"- Alert: {code(incident.alert)}"
    yield f"- Onset: {stamp(incident.onset) if incident.onset is not None else '*not known*'}"
    yield f"- Opened: {stamp(incident.opened_at)} by {code(incident.opened_by)}"
    ended = f"{stamp(end)} by {code(incident.resolved_by)}" if end is not None else "still open"
    why = f": {code(incident.without_calm)}" if incident.without_calm else ""
    yield f"- {incident.state_words.capitalize() if end is not None else 'Resolved'}: {ended}{why}"
    yield f"- Duration: {human_duration((end if end is not None else now) - incident.begin)}"
    roles = ", ".join(f"{role} {code(who)}" for role, who in sorted(incident.roles.items()))
    yield f"- People: {roles or ', '.join(map(code, incident.people))}"
    yield ""
    yield "*What happened, in two sentences that a customer would understand.*"


def _impact(incident: Incident, now: float) -> Iterator[str]:
    until = incident.resolved_at if incident.resolved_at is not None else now
    yield f"- Duration: {human_duration(until - incident.begin)}, from {stamp(incident.begin)} to {stamp(until)}"
    told = {(each.service, each.objective): each for each in map(impact_of, incident.of_kind(FactKind.IMPACT))}
    for each in told.values():
        yield f"- {code(f'{each.service} {each.objective}')}: {_cost(each)}"
    if not told:
        yield "- *Not measured: Prometheus was not asked, or did not answer, at the end.*"


def _cost(impact: Impact) -> str:
    parts = []
    if impact.failed is not None and impact.total is not None:
        share = impact.failed / impact.total if impact.total else 0.0
        fate = "were too slow" if impact.slow else "failed"
        parts.append(f"{impact.failed:,.0f} of {impact.total:,.0f} events {fate} ({share:.2%})")
    if impact.consumed is not None:
        parts.append(f"{impact.consumed:.2%} of the error budget consumed")
    if impact.budget_left is not None and impact.budget_left < 0:
        parts.append(f"the error budget is overspent by {-impact.budget_left:.1%}")
    elif impact.budget_left is not None:
        parts.append(f"{impact.budget_left:.1%} of the error budget left")
    return "; ".join(parts) or "not known"


def _times(incident: Incident, phases: Iterable[PhaseClock]) -> Iterator[str]:
    yield "| | took | limit | |"
    yield "|---|---|---|---|"
    if incident.onset is not None:
        if (fired := incident.fired_at) is not None:
            yield f"| Detection (onset to the first alert) | {human_duration(max(fired - incident.onset, 0))} | - | |"
        yield f"| Opening (onset to opening) | {human_duration(incident.opened_at - incident.onset)} | - | |"
    begin = "onset" if incident.onset is not None else "opening"
    for phase in phases:
        if phase.limit is None:
            continue
        took = (
            human_duration(phase.seconds)
            if phase.ended is not None
            else f"not over after {human_duration(phase.seconds)}"
        )
        judged = "too long" if phase.over else "in time" if phase.ended is not None else "-"
        limit = human_duration(phase.limit)
        yield f"| {_cell(phase.title)} (from the {begin}) | {took} | {limit} | {judged} |"
    if incident.resolved_at is not None:
        what = "End, without calm" if incident.without_calm else "Resolution"
        yield f"| {what} (onset to end) | {human_duration(incident.resolved_at - incident.begin)} | - | |"


def _entries(incident: Incident, kinds: tuple[EntryKind, ...], none: str) -> Iterator[str]:
    found = [entry for entry in incident.timeline if entry.kind in kinds]
    for entry in found:
        yield f"- {stamp(entry.at)} {code(entry.words)}{_by(entry)}"
        for line in entry.details:
            yield f"  - {code(line)}"
    if not found:
        yield none


def _timeline(incident: Incident) -> Iterator[str]:
    for entry in incident.timeline:
        if entry.kind not in _QUIET:
            offset = offset_words(entry.at - incident.begin)
            yield f"- {stamp(entry.at)} ({offset}) **{entry.kind}** {code(entry.words)}{_by(entry)}"


def _procedure(incident: Incident, procedure: GuidedList) -> Iterator[str]:
    for row in step_rows(procedure, incident.ticks):
        tick = row.tick
        how = f" — {stamp(tick.at)} {code(tick.by)}{', seen by itself' if tick.itself else ''}" if tick else ""
        yield f"- [{'x' if tick else ' '}] {_cell(row.phase.title)}: {_cell(row.step.text)}{how}"


def _questions(incident: Incident, procedure: GuidedList) -> Iterator[str]:
    kinds = {entry.kind for entry in incident.timeline}
    if incident.without_calm:
        yield "- *It was closed without calm: is it over by now, and how is that known?*"
    yield "- *What was the root cause, and how do we know?*"
    if EntryKind.CHANGE in kinds:
        yield "- *Which of the changes above caused it, and what should have held it back?*"
    if incident.onset is not None and incident.opened_at - incident.onset > _SLOW:
        yield f"- *Why did it take {human_duration(incident.opened_at - incident.onset)} until somebody was at it?*"
    for clock in clocks(incident, procedure, incident.resolved_at or incident.opened_at):
        if clock.over:
            yield f"- *Why did {_cell(clock.title)} take {human_duration(clock.seconds)}?*"
    undone = [row for row in step_rows(procedure, incident.ticks) if row.tick is None and not row.step.optional]
    for row in undone:
        yield f"- *Not ticked: {_cell(row.step.text)}. Was it not needed?*"
    yield "- *What keeps this from happening again? Who does it, by when?*"


_SLOW = 300.0
"""Seconds until somebody was at it, beyond which it is asked why."""


def _by(entry: TimelineEntry) -> str:
    return f" by {code(entry.by)}" if entry.by else ""


def _cell(text: str) -> str:
    """Text of the settings in a table or a sentence: no cell ends in it."""
    return text.replace("|", "\\|").replace("*", "\\*")
