"""What PromQL expressions evaluate to, label arithmetic on it, and floats as Go computes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from aurora_tui.model.frozen import Frozen
from aurora_tui.sandbox.promql_lexer import PromqlError
from aurora_tui.sandbox.traffic import Labels

Sample = tuple[Labels, float]
Vector = list[Sample]
NAME = ("__name__",)


class Window(Frozen):
    """The samples of one series in ``[start, end]`` (milliseconds); never empty."""

    labels: Labels
    stamps: Sequence[int]
    values: Sequence[float]
    start: int
    end: int
    now: int
    """The moment of evaluation: `end` plus the offset."""


@lru_cache(maxsize=8192)
def without(labels: Labels, names: tuple[str, ...]) -> Labels:
    """The labels but for `names`."""
    return tuple(pair for pair in labels if pair[0] not in names)


@lru_cache(maxsize=8192)
def only(labels: Labels, names: tuple[str, ...]) -> Labels:
    """The labels among `names`."""
    return tuple(pair for pair in labels if pair[0] in names)


def with_label(labels: Labels, name: str, value: str) -> Labels:
    """The labels with `name` set; an empty value takes the label away, as in Prometheus."""
    rest = without(labels, (name,))
    return tuple(sorted((*rest, (name, value)))) if value else rest


def written(labels: Labels) -> str:
    """Labels as Prometheus writes them: ``name{a="b"}``."""
    name = dict(labels).get("__name__", "")
    return name + "{" + ", ".join(f'{key}="{value}"' for key, value in without(labels, NAME)) + "}"


def unique(vector: Vector) -> Vector:
    """The vector itself.  Raises PromqlError when two of its samples have the same labels."""
    if len({labels for labels, _ in vector}) != len(vector):
        raise PromqlError("execution", "vector cannot contain metrics with the same labelset")
    return vector


def divided(left: float, right: float) -> float:
    """IEEE 754 division: infinite or NaN, never an error, for a divisor of zero."""
    if right:
        return left / right
    if not left or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _modulo(left: float, right: float) -> float:
    return math.nan if not right or math.isinf(left) else math.fmod(left, right)


def _power(left: float, right: float) -> float:
    try:
        return math.pow(left, right)
    except OverflowError:
        return -math.inf if left < 0 and right % 2 == 1 else math.inf
    except ValueError:  # a zero to a negative power, or a root of a negative
        return math.inf if not left else math.nan


ARITHMETIC: Mapping[str, Callable[[float, float], float]] = MappingProxyType(
    {
        "+": lambda left, right: left + right,
        "-": lambda left, right: left - right,
        "*": lambda left, right: left * right,
        "/": divided,
        "%": _modulo,
        "^": _power,
    }
)
COMPARE: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {
        "==": lambda left, right: left == right,
        "!=": lambda left, right: left != right,
        "<": lambda left, right: left < right,
        "<=": lambda left, right: left <= right,
        ">": lambda left, right: left > right,
        ">=": lambda left, right: left >= right,
    }
)


def quantile(q: float, values: Sequence[float]) -> float:
    """The q-quantile with linear interpolation; beyond 0..1 it is infinite, of nothing NaN."""
    if not values or math.isnan(q):
        return math.nan
    if not 0 <= q <= 1:
        return math.copysign(math.inf, q)
    ordered = sorted(values, key=lambda value: (not math.isnan(value), value))
    rank = q * (len(ordered) - 1)
    low = math.floor(rank)
    high = min(low + 1, len(ordered) - 1)
    weight = rank - low
    return ordered[low] * (1 - weight) + ordered[high] * weight


def variance(values: Sequence[float]) -> float:
    """Population variance."""
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / len(values)
