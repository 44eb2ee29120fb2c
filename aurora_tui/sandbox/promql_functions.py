"""PromQL's functions over windows, values and histograms, by name."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

from aurora_tui.sandbox.promql_lexer import PromqlError
from aurora_tui.sandbox.promql_values import NAME, Vector, Window, quantile, variance, with_label, without
from aurora_tui.sandbox.traffic import Labels

_LABEL_NAME = re.compile(r"[a-zA-Z_]\w*", re.ASCII)


def _extrapolated(window: Window, *, counter: bool, per_second: bool) -> float | None:
    """Growth over the whole window, from the samples' own growth.

    Prometheus stretches it to an edge of the window that is nearer than 1.1 sample intervals, else
    by half an interval, and a counter never to before it would have been zero
    (``extrapolatedRate`` in prometheus/promql/functions.go of 2.42).
    """
    stamps, values = window.stamps, window.values
    if len(values) < 2:
        return None
    grown = values[-1] - values[0]
    if counter:
        grown += sum(before for before, after in pairwise(values) if after < before)
    sampled = (stamps[-1] - stamps[0]) / 1000
    to_start = (stamps[0] - window.start) / 1000
    to_end = (window.end - stamps[-1]) / 1000
    interval = sampled / (len(values) - 1)
    if counter and grown > 0 and values[0] >= 0:
        to_start = min(to_start, sampled * (values[0] / grown))
    stretched = sampled
    for gap in (to_start, to_end):
        stretched += gap if gap < interval * 1.1 else interval / 2
    factor = stretched / sampled
    return grown * (factor / ((window.end - window.start) / 1000) if per_second else factor)


def _instant_change(window: Window, *, counter: bool) -> float | None:
    if len(window.values) < 2:
        return None
    before, last = window.values[-2:]
    if not counter:
        return last - before
    grown = last if last < before else last - before
    return grown / ((window.stamps[-1] - window.stamps[-2]) / 1000)


def _regression(window: Window, origin: int) -> tuple[float, float] | None:
    """Slope a second and value at `origin` of the least-squares line."""
    count = len(window.values)
    if count < 2:
        return None
    times = [(stamp - origin) / 1000 for stamp in window.stamps]
    mean_time, mean = sum(times) / count, sum(window.values) / count
    spread = sum((time - mean_time) ** 2 for time in times)
    pairs = zip(times, window.values, strict=True)
    slope = sum((time - mean_time) * (value - mean) for time, value in pairs) / spread
    return slope, mean - slope * mean_time


def _deriv(window: Window) -> float | None:
    line = _regression(window, window.stamps[0])
    return line and line[0]


def _predicted(window: Window, seconds: float) -> float | None:
    line = _regression(window, window.now)
    return line and line[0] * seconds + line[1]


OVER_WINDOW: Mapping[str, Callable[[Window], float | None]] = MappingProxyType(
    {
        "rate": lambda window: _extrapolated(window, counter=True, per_second=True),
        "increase": lambda window: _extrapolated(window, counter=True, per_second=False),
        "delta": lambda window: _extrapolated(window, counter=False, per_second=False),
        "irate": lambda window: _instant_change(window, counter=True),
        "idelta": lambda window: _instant_change(window, counter=False),
        "deriv": _deriv,
        "changes": lambda window: float(sum(a != b for a, b in pairwise(window.values))),
        "resets": lambda window: float(sum(b < a for a, b in pairwise(window.values))),
        "avg_over_time": lambda window: sum(window.values) / len(window.values),
        "min_over_time": lambda window: min(window.values),
        "max_over_time": lambda window: max(window.values),
        "sum_over_time": lambda window: float(sum(window.values)),
        "count_over_time": lambda window: float(len(window.values)),
        "last_over_time": lambda window: window.values[-1],
        "present_over_time": lambda window: 1.0,
        "stddev_over_time": lambda window: math.sqrt(variance(window.values)),
        "stdvar_over_time": lambda window: variance(window.values),
    }
)
"""Window to value, or None where it holds too few samples."""

OVER_WINDOW_WITH: Mapping[str, Callable[[Window, float], float | None]] = MappingProxyType(
    {
        "quantile_over_time": lambda window, q: quantile(q, window.values),
        "predict_linear": _predicted,
    }
)


def _logarithm(log: Callable[[float], float]) -> Callable[[float], float]:
    return lambda x: log(x) if x > 0 else (-math.inf if x == 0 else math.nan)


def _whole(function: Callable[[float], int]) -> Callable[[float], float]:
    return lambda x: float(function(x)) if math.isfinite(x) else x


def _clamp(value: float, low: float, high: float) -> float:
    return math.nan if math.isnan(low) or math.isnan(high) else max(low, min(high, value))


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def _round(value: float, to: float = 1.0) -> float:
    # Ties go up, as in Prometheus: floor(x / to + 0.5) * to, by the inverse to keep decimals exact.
    inverse = 1.0 / to if to else math.nan
    scaled = value * inverse + 0.5
    return math.floor(scaled) / inverse if math.isfinite(scaled) else value


ELEMENTWISE: Mapping[str, Callable[..., float]] = MappingProxyType(
    {
        "abs": abs,
        "ceil": _whole(math.ceil),
        "floor": _whole(math.floor),
        "sqrt": lambda x: math.sqrt(x) if x >= 0 else math.nan,
        "exp": _exp,
        "ln": _logarithm(math.log),
        "log2": _logarithm(math.log2),
        "log10": _logarithm(math.log10),
        "sgn": lambda x: float((x > 0) - (x < 0)) if not math.isnan(x) else x,
        "round": _round,
        "clamp": _clamp,
        "clamp_min": lambda x, low: _clamp(x, low, math.inf),
        "clamp_max": lambda x, high: _clamp(x, -math.inf, high),
    }
)
"""A sample's value, and scalars, to its new value."""


def histogram_quantile(q: float, vector: Vector) -> Vector:
    """The q-quantile of each histogram in the vector, whose ``le`` labels are its buckets' bounds.

    Linear within a bucket; NaN without a ``+Inf`` bucket or without observations.
    """
    histograms: defaultdict[Labels, dict[float, float]] = defaultdict(dict)
    for labels, value in vector:
        try:
            bound = float(dict(labels)["le"])
        except (KeyError, ValueError):
            continue  # not a bucket: Prometheus leaves it out too
        buckets = histograms[without(labels, ("__name__", "le"))]
        buckets[bound] = buckets.get(bound, 0.0) + value
    return [(labels, bucket_quantile(q, sorted(buckets.items()))) for labels, buckets in histograms.items()]


def bucket_quantile(q: float, buckets: Sequence[tuple[float, float]]) -> float:
    """The q-quantile of cumulative buckets sorted by bound (``bucketQuantile`` in promql/quantile.go)."""
    if math.isnan(q) or len(buckets) < 2 or buckets[-1][0] != math.inf:
        return math.nan
    if not 0 <= q <= 1:
        return math.copysign(math.inf, q)
    counts: list[float] = []
    for _, count in buckets:  # a scrape that raced its counters may dip
        counts.append(max(count, counts[-1]) if counts else count)
    if not counts[-1]:
        return math.nan
    rank = q * counts[-1]
    index = next((i for i, count in enumerate(counts[:-1]) if count >= rank), len(counts) - 1)
    if index == len(counts) - 1:
        return buckets[-2][0]
    bound = buckets[index][0]
    if index == 0:
        return bound if bound <= 0 else bound * (rank / counts[0])
    start, before = buckets[index - 1][0], counts[index - 1]
    return start + (bound - start) * ((rank - before) / (counts[index] - before))


def label_replace(vector: Vector, target: str, replacement: str, source: str, regex: str) -> Vector:
    """Set `target` to `replacement` (``$1`` a group) where `source` matches.  Raises PromqlError."""
    try:
        pattern = re.compile(regex, re.DOTALL)
    except re.error as error:
        raise PromqlError("execution", f"invalid regular expression in label_replace(): {regex}") from error
    if not _LABEL_NAME.fullmatch(target):
        raise PromqlError("execution", f"invalid destination label name in label_replace(): {target}")

    def replaced(labels: Labels) -> Labels:
        found = pattern.fullmatch(dict(labels).get(source, ""))
        if found is None:
            return labels
        groups = {str(number): group or "" for number, group in enumerate((found[0], *found.groups()))}
        groups |= {name: group or "" for name, group in found.groupdict().items()}
        value = re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda use: groups.get(use[1] or use[2], ""), replacement)
        return with_label(labels, target, value)

    return [(replaced(labels), value) for labels, value in vector]


def sorted_by_value(vector: Vector, *, down: bool) -> Vector:
    """By value, NaN always last."""
    return sorted(vector, key=lambda sample: (math.isnan(sample[1]), -sample[1] if down else sample[1]))


def unnamed(vector: Vector) -> Vector:
    return [(without(labels, NAME), value) for labels, value in vector]
