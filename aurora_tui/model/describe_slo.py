"""One objective in full: how it stands, how fast each window burns, and what that is worth."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from aurora_tui.model.burn import Burns, Step, windows
from aurora_tui.model.definitions import Objective, Service
from aurora_tui.model.slo import NO_DATA, NOT_READ, SloReading
from aurora_tui.model.slo_columns import CALLS, budget_cell, state_text, times
from aurora_tui.model.slo_queries import promql_range


def describe_slo(reading: SloReading, service: Service | None, *, ascii_only: bool = False) -> Iterator[str]:
    """Lines for the reader; `service` is its definition where the settings still hold it."""
    yield f"Objective:  {reading.service} {reading.kind.words} ({reading.title})"
    yield f"Now:        {reading.value_text}{f' ({reading.reason})' if reading.reason else ''}"
    yield f"Target:     {reading.target_text}"
    yield f"State:      {state_text(reading)}"
    yield f"Budget:     {_budget(reading, ascii_only=ascii_only)}"
    yield ""
    yield from _rates(reading.burns)
    yield ""
    yield from _ladder(reading.burns)
    objective = _objective(reading, service)
    if service is not None and objective is not None:
        yield ""
        yield f"Run by:     {', '.join(service.workloads) or '<no workload of the settings>'}"
        good = objective.good is not None
        yield "Measured by (of the settings):"
        yield f"    {'good' if good else 'bad'}:  {objective.good if good else objective.bad}"
        yield f"    total: {objective.total}"
        if objective.value is not None:
            yield f"    value: {objective.value}"


def _objective(reading: SloReading, service: Service | None) -> Objective | None:
    return next((each for each in service.objectives if each.kind is reading.kind), None) if service else None


def _budget(reading: SloReading, *, ascii_only: bool) -> str:
    if reading.budget_remaining is None:
        return reading.budget_reason or NO_DATA
    left = f"{budget_cell(reading, ascii_only=ascii_only).text} of {promql_range(reading.budget_window)} is left"
    ends = reading.exhausted_in
    if reading.budget_remaining <= 0 or ends is None:
        return left
    pace = promql_range(reading.burns.steps[0].long)
    return f"{left}; at the pace of the last {pace} it is spent in {span_text(ends)}"


def _rates(burns: Burns) -> Iterator[str]:
    if not burns.steps:
        yield f"Burn rates: {NOT_READ}"
        return
    yield "Burn rates (1x spends the budget exactly over its window):"
    for window in windows(burns.steps):
        yield f"    {promql_range(window):>4}  {times(burns.rate(window)):>8}"


def _ladder(burns: Burns) -> Iterator[str]:
    yield "What that is worth (both windows must burn faster; Google's SRE workbook, chapter 5):"
    for step in burns.steps:
        yield f"    {CALLS[step.severity]:<6}  {_step(step):<28}  {_SAID[burns.climbed(step)]}"


_SAID = {True: "yes", False: "no", None: "cannot be said"}


def _step(step: Step) -> str:
    return f"{times(step.factor)} over {promql_range(step.long)} and {promql_range(step.short)}"


def span_text(span: timedelta) -> str:
    """A length for people, two figures: ``2.1 days``, ``5 hours``, ``40 minutes``."""
    hours = span / timedelta(hours=1)
    if hours >= 48:
        return f"{hours / 24:.2g} days" if hours < 2400 else f"{hours / 24:.0f} days"
    return f"{hours:.2g} hours" if hours >= 2 else f"{max(hours * 60, 1):.0f} minutes"
