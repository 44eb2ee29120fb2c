"""The columns of the objectives, and what each of their cells says."""

from __future__ import annotations

from collections.abc import Callable

from aurora_tui.model.ages import age
from aurora_tui.model.burn import PAGE, TICKET
from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.definitions import ObjectiveKind, Origin
from aurora_tui.model.slo import BLIND, NO_DATA, NOT_READ, SloReading, SloState
from aurora_tui.model.slo_text import part_text, rounded_down
from aurora_tui.model.spans import promql_range
from aurora_tui.model.sparks import bar, sparkline

SPARK_WIDTH, THRIFTY_SPARK_WIDTH = 12, 6
"""Characters of the last hour; over a slow line fewer, as all of them move whenever one comes."""
CALLS = {PAGE: "page", TICKET: "ticket"}
"""What a step of the ladder asks for."""
_ORDER = {state: rank for rank, state in enumerate(SloState)}
_TONES = {
    SloState.BURNING: Tone.BAD,
    SloState.BREACHED: Tone.WARN,
    SloState.NO_DATA: Tone.WARN,
    SloState.NO_SERIES: Tone.WARN,
    SloState.NO_TRAFFIC: Tone.WARN,
    SloState.QUIET: Tone.DIM,
    SloState.OK: Tone.GOOD,
}
_NAMES = {
    ObjectiveKind.AVAILABILITY: "availability",
    ObjectiveKind.LATENCY: "latency p95",
    ObjectiveKind.ERROR_RATE: "error rate",
    ObjectiveKind.THROUGHPUT: "throughput",
}
PARTIAL = "partial answer"
"""Beside a state: the server has said itself that something is missing from what it answered."""
_LOW_BUDGET = 0.25  # below a quarter the budget is shown as a warning


def name_cell(reading: SloReading) -> str:
    """What an objective is called in its row: by its kind, or by its own name and who records it."""
    if reading.slug not in ("", reading.kind):
        return reading.slug if reading.origin is Origin.SETTINGS else f"{reading.slug} ({reading.origin})"
    return _NAMES.get(reading.kind, reading.kind.words)


def worst_first(reading: SloReading) -> tuple[int, int, float, str, str]:
    """Sorts by state, then by what it is worth, then by how far the value is beyond its target, then by name."""
    strain, steps = reading.strain(reading.value), reading.burns.steps
    step = reading.burns.verdict
    urgency = len(steps) if step is None else steps.index(step)
    return (_ORDER[reading.state], urgency, -(strain or 0.0), reading.service, reading.slug)


def state_text(reading: SloReading) -> str:
    """How it stands, and whether that is worth a page or a ticket: ``burning 66x · page``."""
    words = [_state(reading)]
    step = reading.burns.verdict
    if step is not None and reading.state is SloState.BURNING and _pace(reading) is not None:
        words.append(CALLS[step.severity])
    elif step is not None:
        rate = times(reading.burns.rate(step.long))
        words.append(f"{CALLS[step.severity]} {rate} over {promql_range(step.long)}")
    if reading.warnings:
        words.append(PARTIAL)
    return " · ".join(words)


def _state(reading: SloReading) -> str:
    if reading.state is SloState.QUIET:
        return f"{reading.state}: {reading.reason}"
    if reading.state in BLIND:
        return NO_DATA if reading.reason == NO_DATA else f"{NO_DATA}: {reading.reason}"
    if reading.state is SloState.BURNING and (pace := _pace(reading)) is not None:
        return f"burning {times(pace)}"
    return str(reading.state)


def _state_tone(reading: SloReading) -> Tone:
    """What is worth a page or a ticket, or known in part, is not good, though it meets its target now."""
    doubtful = reading.burns.verdict or reading.warnings
    return Tone.WARN if doubtful and reading.state in (SloState.OK, SloState.QUIET) else _TONES[reading.state]


def _pace(reading: SloReading) -> float | None:
    """The burn rate now; of a latency told in seconds that of the ladder's shortest window."""
    if reading.burn_rate is not None or not reading.burns.steps:
        return reading.burn_rate
    return reading.burns.rate(reading.burns.steps[0].short)


def times(rate: float | None) -> str:
    """A burn rate: ``14.4x``."""
    if rate is None:
        return NO_DATA
    return f"{rate:.3g}x" if rate < 999.5 else f"{rate:,.0f}x"


def cost_text(reading: SloReading) -> str:
    """What the shortfall that is on has taken so far: ``missed for 9m24s, 1.8 % of the whole budget gone``."""
    shortfall = reading.shortfall
    if shortfall is None:
        return ""
    longer = "at least " if shortfall.at_least else ""
    since = f"missed for {longer}{age(shortfall.began, reading.sampled_at)}"
    if shortfall.consumed is None:
        return since
    return f"{since}, {longer}{part_text(shortfall.consumed)} of the whole budget gone"


def budget_cell(reading: SloReading) -> Cell:
    """The unspent budget as a bar and a percentage, rounded down: ``████░░ 62%``."""
    left = reading.budget_remaining
    if left is None:
        return Cell("…" if reading.budget_reason == NOT_READ else NO_DATA, Tone.DIM)
    percent = "<1%" if 0 < left < 0.01 else f"{rounded_down(left * 100, 0):.0f}%"
    tone = Tone.BAD if left <= 0 else Tone.WARN if left < _LOW_BUDGET else Tone.GOOD
    return Cell(f"{bar(left)} {percent}", tone)


def slo_columns(spark_width: int = SPARK_WIDTH) -> tuple[Column[SloReading], ...]:
    """The columns of objectives, the last hour drawn in so many characters."""

    def spark(reading: SloReading) -> Cell:
        levels = [reading.strain(point) for point in reading.spark]
        return Cell(sparkline(levels, spark_width), _TONES[reading.state])

    def by(part: Callable[[SloReading], float | None]) -> Callable[[SloReading], tuple[bool, float]]:
        return lambda reading: (part(reading) is not None, part(reading) or 0.0)

    return (
        Column("SERVICE", lambda reading, _: Cell(reading.service), lambda reading: reading.service),
        Column("SLO", lambda reading, _: Cell(name_cell(reading)), name_cell),
        Column(
            "NOW",
            lambda reading, _: Cell(reading.value_text, _TONES[reading.state]),
            by(lambda reading: reading.strain(reading.value)),
            right=True,
        ),
        Column(
            "TARGET",
            lambda reading, _: Cell(reading.target_text),
            lambda reading: reading.limit,
            right=True,
            rank=2,
        ),
        Column("1H", lambda reading, _: spark(reading), by(lambda reading: reading.strain(reading.value)), rank=3),
        Column(
            "BUDGET",
            lambda reading, _: budget_cell(reading),
            by(lambda reading: reading.budget_remaining),
            rank=1,
        ),
        Column(
            "STATE",
            lambda reading, _: Cell(state_text(reading), _state_tone(reading)),
            worst_first,
            flexible=True,
            yields=True,
        ),
    )


COLUMNS: tuple[Column[SloReading], ...] = slo_columns()
THRIFTY_COLUMNS: tuple[Column[SloReading], ...] = slo_columns(THRIFTY_SPARK_WIDTH)
