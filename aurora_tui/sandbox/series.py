"""The sandbox's time series in memory: labels, millisecond stamps and values, found by matchers."""

from __future__ import annotations

import math
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from aurora_tui.sandbox.traffic import Labels

LOOKBACK_MS = 300_000
"""How old an instant vector's sample may be: Prometheus' default ``--query.lookback-delta``, 5 minutes."""
STALE = math.nan
"""Written where a series ends, so that it is gone at once and not after the lookback."""

Steps = dict[int, tuple[list[tuple[Labels, float]], int]]
"""What an expression was at moments (milliseconds), and how many samples it read."""


class MatchKind(StrEnum):
    EQUAL = "="
    UNEQUAL = "!="
    REGEX = "=~"
    UNREGEX = "!~"


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label; a label that a series lacks has the value ``""``.

    Regular expressions are anchored at both ends, as in Prometheus.  Raises re.error.
    """

    name: str
    kind: MatchKind
    value: str
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        regex = self.kind in (MatchKind.REGEX, MatchKind.UNREGEX)
        text = self.value if regex else re.escape(self.value)
        object.__setattr__(self, "pattern", re.compile(text, re.DOTALL))

    def accepts(self, value: str) -> bool:
        found = self.pattern.fullmatch(value) is not None
        return found == (self.kind in (MatchKind.EQUAL, MatchKind.REGEX))


class Series:
    """Samples of one label set, oldest first; `stamps` may be shared with series of the same scrape."""

    __slots__ = ("ends", "labels", "stamps", "values")

    def __init__(self, labels: Labels, stamps: array[int]) -> None:
        self.labels = labels
        self.stamps = stamps
        self.values = array("d")
        self.ends = False
        """Whether any value is `STALE`."""

    def at(self, stamp: int) -> tuple[int, float] | None:
        """The newest sample not after `stamp` nor older than the lookback, with its own stamp."""
        index = bisect_right(self.stamps, stamp) - 1
        if index < 0 or self.stamps[index] < stamp - LOOKBACK_MS or math.isnan(self.values[index]):
            return None
        return self.stamps[index], self.values[index]

    def between(self, start: int, end: int) -> tuple[Sequence[int], Sequence[float]]:
        """Stamps and values of ``[start, end]``, both ends included as in Prometheus 2."""
        low, high = bisect_left(self.stamps, start), bisect_right(self.stamps, end)
        stamps, values = self.stamps[low:high], self.values[low:high]
        if self.ends:
            kept = [(stamp, value) for stamp, value in zip(stamps, values, strict=True) if not math.isnan(value)]
            return [stamp for stamp, _ in kept], [value for _, value in kept]
        return stamps, values


class SeriesStore:
    """All series; written by scrapes and by rule evaluations, in the order of time."""

    def __init__(self) -> None:
        self._series: dict[Labels, Series] = {}
        self._named: dict[str, list[Series]] = {}
        self._scraped: list[Series] = []
        self._stamps = array("q")
        self._steps: dict[str, Steps] = {}
        self.newest = 0
        """The last time that was written: what was before it changes no more."""

    def steps(self, expression: str) -> Steps:
        """Where the values of an expression before `newest` are remembered."""
        return self._steps.setdefault(expression, {})

    def scrape(self, stamp: int, samples: Iterable[tuple[Labels, float]]) -> None:
        """Append one sample to every series of the scrape.

        The series and their order must be those of the first scrape: their stamps are stored once.
        """
        if not self._scraped:
            samples = list(samples)
            self._scraped = [self._add(Series(labels, self._stamps)) for labels, _ in samples]
        for series, (_, value) in zip(self._scraped, samples, strict=True):
            series.values.append(value)
        self._stamps.append(stamp)
        self.newest = max(self.newest, stamp)

    def append(self, labels: Labels, stamp: int, value: float) -> None:
        """Append to a series of its own, made at its first sample; `STALE` ends it until the next."""
        series = self._series.get(labels)
        if series is None:
            series = self._add(Series(labels, array("q")))
        series.stamps.append(stamp)
        series.values.append(value)
        self.newest = max(self.newest, stamp)
        series.ends = series.ends or math.isnan(value)

    def _add(self, series: Series) -> Series:
        self._series[series.labels] = series
        self._named.setdefault(dict(series.labels).get("__name__", ""), []).append(series)
        return series

    def select(self, matchers: Sequence[Matcher]) -> Iterator[Series]:
        """The series that every matcher accepts."""
        names = [each.value for each in matchers if each.name == "__name__" and each.kind is MatchKind.EQUAL]
        for series in self._named.get(names[0], ()) if names else self._series.values():
            labels = dict(series.labels)
            if all(matcher.accepts(labels.get(matcher.name, "")) for matcher in matchers):
                yield series


def format_value(value: float) -> str:
    """A value as Prometheus writes it in JSON: the shortest exact decimal, no exponent."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    if "e" in text:
        text = format(Decimal(text), "f")
    return text.removesuffix(".0")
