"""One objective in full: how it stands, how fast each window burns, and what that is worth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aurora_tui.model.alerts import Alert
from aurora_tui.model.alerts import worst_first as worst_alert
from aurora_tui.model.burn import Step, windows
from aurora_tui.model.definitions import Objective, Service
from aurora_tui.model.onset import PAUSE
from aurora_tui.model.slo import NO_DATA, NOT_READ, SloReading, SloState
from aurora_tui.model.slo_columns import CALLS, budget_cell, cost_text, state_text, times
from aurora_tui.model.slo_text import rate_text
from aurora_tui.model.spans import promql_range, span_text
from aurora_tui.model.sparks import chart
from aurora_tui.model.stamps import rfc3339

_SAID = {True: "yes", False: "no", None: "cannot be said"}


def describe_slo(reading: SloReading, service: Service | None, alerts: Iterable[Alert] = ()) -> Iterator[str]:
    """Lines for the reader; `service` is its service in the settings, where they have it, `alerts` those of it."""
    yield f"Objective:  {reading.service} {reading.words} ({reading.title}; defined by {reading.origin})"
    yield f"Now:        {reading.value_text}{f' ({reading.reason})' if reading.reason else ''}"
    yield f"Target:     {reading.target_text}"
    yield f"State:      {state_text(reading)}"
    yield from _led("Budget:     ", _budget(reading))
    yield from _led("Shortfall:  ", _shortfall(reading))
    if reading.min_traffic is not None:
        seen = NO_DATA if reading.traffic is None else rate_text(reading.traffic)
        yield f"Traffic:    {seen}, judged from {rate_text(reading.min_traffic)} on"
    for warning in reading.warnings:
        yield f"Partial:    {warning}"
    yield from _led("Alerts:     ", (_alert(alert) for alert in sorted(alerts, key=worst_alert)))
    yield ""
    yield from _history(reading)
    yield ""
    yield from _rates(reading)
    yield ""
    yield from _ladder(reading)
    yield ""
    yield f"Run by:     {', '.join(service.workloads if service else ()) or '<no workload of the settings>'}"
    if reading.objective is not None:
        yield from _measures(reading.objective)


def _alert(alert: Alert) -> str:
    since = f" since {rfc3339(alert.since)}" if alert.since is not None else ""
    return f"{alert.name} {alert.state.value}{since}{f' ({alert.linked_by})' if alert.linked_by else ''}"


def _measures(objective: Objective) -> Iterator[str]:
    yield f"Measured by (of {objective.origin}):"
    parts = {"good": objective.good, "bad": objective.bad, "total": objective.total, "value": objective.value}
    for name, query in parts.items():
        if query:
            yield f"    {f'{name}:':<6} {query}"
    if objective.recorded:
        yield "    recorded by rules: a share already, not a rate of events"
    if objective.good_while:
        yield f"    good while the value is {objective.good_while}; the budget is of time, not of events"


def _led(lead: str, lines: Iterator[str]) -> Iterator[str]:
    """Lines below each other, none wider than a small terminal, the first one with its name."""
    for index, line in enumerate(lines):
        yield (lead if index == 0 else " " * len(lead)) + line


def _budget(reading: SloReading) -> Iterator[str]:
    if reading.budget_remaining is None:
        yield reading.budget_reason or NO_DATA
        return
    yield f"{budget_cell(reading).text} of {promql_range(reading.budget_window)} is left"
    ends = reading.exhausted_in
    if reading.budget_remaining > 0 and ends is not None:
        pace = promql_range(reading.burns.steps[0].long)
        yield f"at the pace of the last {pace} it is spent in {span_text(ends)}"


def _shortfall(reading: SloReading) -> Iterator[str]:
    shortfall = reading.shortfall
    if shortfall is None:
        blind = reading.value is None or reading.state is SloState.QUIET
        yield NO_DATA if blind else f"none: the target was not missed in the last {span_text(PAUSE)}"
        return
    yield cost_text(reading)
    if shortfall.by_time and shortfall.consumed is not None:
        yield "(reckoned as if traffic were even: its events are not counted)"
    yield f"over once the target is met for {span_text(PAUSE)}"


def _history(reading: SloReading) -> Iterator[str]:
    """The last hour, higher the worse, with the target as a line across it."""
    if not reading.spark:
        yield f"Last hour:  {NOT_READ}"
        return
    yield "Last hour (the line is the target; the higher, the worse):"
    rows = chart([reading.strain(point) for point in reading.spark])
    for index, row in enumerate(rows):
        yield f"    {row}  {reading.target_text if index == len(rows) // 2 else ''}".rstrip()


def _rates(reading: SloReading) -> Iterator[str]:
    burns = reading.burns
    if not burns.steps:
        yield f"Burn rates: {NOT_READ}"
        return
    yield "Burn rates (1x spends the budget exactly over its window):"
    for window in windows(burns.steps):
        said = SloState.QUIET if window in burns.quiet else times(burns.rate(window))
        yield f"    {promql_range(window):>4}  {said:>8}"


def _ladder(reading: SloReading) -> Iterator[str]:
    yield "What that is worth (both windows must burn faster; Google's SRE workbook, chapter 5):"
    for step in reading.burns.steps:
        yield f"    {CALLS[step.severity]:<6}  {_step(step):<28}  {_SAID[reading.burns.climbed(step)]}"


def _step(step: Step) -> str:
    return f"{times(step.factor)} over {promql_range(step.long)} and {promql_range(step.short)}"
