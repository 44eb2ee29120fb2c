"""Measured quantities: their medians, percentiles and spreads, and the verdict that a budget gives."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """How a figure stands to what was asked of it; less is better everywhere."""

    AIM = "aim reached"
    KEPT = "kept"
    MISSED = "MISSED"
    NONE = ""


@dataclass(frozen=True)
class Budget:
    """What a figure may be at most, and what it should be."""

    most: float
    aim: float

    def verdict(self, value: float) -> Verdict:
        if value <= self.aim:
            return Verdict.AIM
        return Verdict.KEPT if value <= self.most else Verdict.MISSED


@dataclass(frozen=True)
class Figure:
    """One quantity, measured once a run. Its value is the median of the runs, its spread the least and the most."""

    name: str
    values: Sequence[float]
    unit: str
    budget: Budget | None = None
    remark: str = ""

    @property
    def value(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        return min(self.values), max(self.values)

    @property
    def verdict(self) -> Verdict:
        return self.budget.verdict(self.value) if self.budget else Verdict.NONE

    def as_json(self) -> dict[str, Any]:
        low, high = self.spread
        found: dict[str, Any] = {"name": self.name, "unit": self.unit, "value": self.value, "low": low, "high": high}
        found |= {"runs": len(self.values), "values": list(self.values), "remark": self.remark}
        if self.budget:
            found |= {"budget": self.budget.most, "aim": self.budget.aim, "verdict": self.verdict.value}
        return found


def merge(runs: Iterable[Iterable[Figure]]) -> list[Figure]:
    """The same figures of several runs as one each, in the order in which they first came."""
    found: dict[str, list[Figure]] = {}
    for run in runs:
        for figure in run:
            found.setdefault(figure.name, []).append(figure)
    return [
        Figure(name, [value for each in same for value in each.values], same[0].unit, same[0].budget, same[-1].remark)
        for name, same in found.items()
    ]


def percentile(values: Sequence[float], share: float) -> float:
    """The least of the values that `share` (0 to 1) of them do not exceed (nearest rank); of none it is nan."""
    if not values:
        return float("nan")
    ranked = sorted(values)
    rank = -(-len(ranked) * round(share * 10_000) // 10_000)
    return ranked[max(rank, 1) - 1]


def table(figures: Sequence[Figure]) -> str:
    """Lines for people: name, median, spread, budget, aim, verdict, remark."""
    width = max((len(figure.name) for figure in figures), default=0)
    head = f"{'':<{width}} {'median':>9} {'':<5} {'least … most':>19} {'budget':>7} {'aim':>7}  verdict"
    return "\n".join([head, *(_line(figure, width) for figure in figures)])


def _line(figure: Figure, width: int) -> str:
    low, high = figure.spread
    spread = f"{number(low)} … {number(high)}" if len(figure.values) > 1 else ""
    asked = (number(figure.budget.most), number(figure.budget.aim)) if figure.budget else ("", "")
    line = f"{figure.name:<{width}} {number(figure.value):>9} {figure.unit:<5} {spread:>19} {asked[0]:>7} {asked[1]:>7}"
    return f"{line}  {figure.verdict:<11}  {figure.remark}".rstrip()


def number(value: float) -> str:
    """Three digits that count, and no more than are there."""
    if value != value:
        return "nan"
    for limit, digits in ((1, 3), (10, 2), (100, 1)):
        if abs(value) < limit:
            return f"{value:.{digits}f}".rstrip("0").rstrip(".") or "0"
    return f"{value:,.0f}"
