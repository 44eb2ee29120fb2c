"""The rows of the impact: how badly whom, since when, what it has cost, and how much time the handbook leaves."""

from __future__ import annotations

from collections.abc import Iterator

from aurora_tui.incident.settling import begun_at, mitigated_at
from aurora_tui.incident.situation import Situation
from aurora_tui.incident.subject import traces_around
from aurora_tui.model.ages import human_duration
from aurora_tui.model.columns import Cell, Tone
from aurora_tui.model.definitions import Service
from aurora_tui.model.selection import TraceSelection
from aurora_tui.model.slo import SloReading, SloState
from aurora_tui.model.slo_columns import cost_text, times
from aurora_tui.model.stamps import rfc3339
from aurora_tui.model.triage import TriageRow


def impact_rows(situation: Situation) -> Iterator[TriageRow]:
    """Since when and the clock first, then each objective that is missed, then the users."""
    yield from _clock(situation)
    name = situation.subject.service
    for reading in situation.slos:
        if reading.service == name and reading.state is SloState.BURNING:
            yield _objective(situation, reading)
    yield from _requests(situation)
    yield from _users(situation)


def _clock(situation: Situation) -> Iterator[TriageRow]:
    onset, limits = situation.onset, situation.limits
    if onset is None:
        return
    gone = situation.now - onset
    begun, well = begun_at(situation), mitigated_at(situation)
    what = situation.subject.alert or "an objective is missed"
    yield TriageRow(
        "impact/since",
        (Cell(what, Tone.BAD), Cell(f"since {rfc3339(onset)[11:]}"), Cell(human_duration(gone), Tone.WARN)),
    )
    cells = [
        _left("diagnosis", limits.diagnose_within, gone, begun - onset if begun is not None else None),
        _left("mitigation", limits.mitigate_within, gone, well - onset if well is not None else None),
    ]
    yield TriageRow("impact/clock", (Cell("handbook:", Tone.DIM), cells[0], Cell("·", Tone.DIM), cells[1]))


def _left(what: str, limit: float, gone: float, took: float | None) -> Cell:
    """What is left of a limit, or how long it `took` where it is over."""
    within = f"{what} within {human_duration(limit)}:"
    if took is not None:
        return Cell(f"{within} took {human_duration(took)}", Tone.GOOD if took <= limit else Tone.BAD)
    if gone <= limit:
        return Cell(f"{within} {human_duration(limit - gone)} left", Tone.GOOD)
    return Cell(f"{within} over by {human_duration(gone - limit)}", Tone.BAD)


def _objective(situation: Situation, reading: SloReading) -> TriageRow:
    burn = f"burn {times(reading.burn_rate)}" if reading.burn_rate is not None else ""
    cells = (
        Cell(reading.words, Tone.ACCENT),
        Cell(reading.value_text, Tone.BAD),
        Cell(f"target {reading.target_text}", Tone.DIM),
        Cell(burn, Tone.WARN),
        Cell(cost_text(reading)),
    )
    return TriageRow(f"impact/{reading.key}", cells, traces_around(situation.subject, situation.now))


def _requests(situation: Situation) -> Iterator[TriageRow]:
    bad, every = situation.figures.affected, situation.figures.requests
    if bad is not None and every:
        share = f"{bad / every:.0%}" if bad / every >= 0.01 else "<1%"
        cells = (
            Cell("requests", Tone.ACCENT),
            Cell(f"{bad:,.0f} of {every:,.0f} failed ({share})"),
            Cell("since the onset", Tone.DIM),
        )
        yield TriageRow("impact/requests", cells, traces_around(situation.subject, situation.now))


def _users(situation: Situation) -> Iterator[TriageRow]:
    """What is nearest to the users: the services that nothing leans on, as far as they need the one in hand."""
    name = situation.subject.service
    if name is None:
        return
    above = [each.name for each in _above(situation, name)]
    for service in above:
        missed = situation.ails(service)
        words = "; ".join(missed) if missed else "meets its objectives"
        cells = (Cell(f"users, by {service}:", Tone.ACCENT), Cell(words, Tone.BAD if missed else Tone.GOOD))
        yield TriageRow(f"impact/users/{service}", cells, TraceSelection(service))
    if not above and situation.onset is not None:
        yield TriageRow(
            "impact/users",
            (Cell("users:", Tone.ACCENT), Cell("they use it themselves: no other service stands before it")),
        )


def _above(situation: Situation, name: str) -> Iterator[Service]:
    """The services that lean on one, directly or not, and that none leans on in turn."""
    used = {each for service in situation.services for each in service.depends_on}
    for service in situation.services:
        if service.name not in used and service.name != name and _reaches(situation, service.name, name, frozenset()):
            yield service


def _reaches(situation: Situation, begin: str, aim: str, seen: frozenset[str]) -> bool:
    service = next((each for each in situation.services if each.name == begin), None)
    below = service.depends_on if service is not None else ()
    return aim in below or any(_reaches(situation, each, aim, seen | {begin}) for each in below if each not in seen)
