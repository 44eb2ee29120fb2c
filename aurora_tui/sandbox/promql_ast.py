"""PromQL's syntax tree and the signatures of the functions that the sandbox evaluates."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from aurora_tui.model.frozen import Frozen
from aurora_tui.sandbox.series import Matcher


class ValueType(StrEnum):
    SCALAR = "scalar"
    STRING = "string"
    VECTOR = "instant vector"
    MATRIX = "range vector"


class Number(Frozen):
    value: float


class Text(Frozen):
    value: str


class Selector(Frozen):
    """``name{matchers}[range] offset d``; `range_ms` is None for an instant vector."""

    matchers: tuple[Matcher, ...]
    range_ms: int | None = None
    offset_ms: int = 0


class Subquery(Frozen):
    """``expr[range:step] offset d``."""

    inner: Node
    range_ms: int
    step_ms: int | None
    offset_ms: int = 0


class Call(Frozen):
    name: str
    arguments: tuple[Node, ...]


class Aggregate(Frozen):
    """``op by|without (labels) (parameter, inner)``."""

    op: str
    inner: Node
    parameter: Node | None
    labels: tuple[str, ...]
    without: bool


class Matching(Frozen):
    """How the sides of a binary operation pair: on or ignoring `labels`, `many` the side with more."""

    on: bool = False
    labels: tuple[str, ...] = ()
    many: str | None = None
    """``left`` (group_left), ``right`` (group_right) or None for one to one."""
    include: tuple[str, ...] = ()


class Binary(Frozen):
    op: str
    left: Node
    right: Node
    matching: Matching = Matching()
    as_bool: bool = False


class Negative(Frozen):
    inner: Node


Node = Number | Text | Selector | Subquery | Call | Aggregate | Binary | Negative

COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
SET_OPERATORS = frozenset({"and", "or", "unless"})
_AGGREGATIONS = "sum avg min max count group stddev stdvar topk bottomk quantile count_values"
AGGREGATIONS = frozenset(_AGGREGATIONS.split())
PARAMETER_TYPES: Mapping[str, ValueType] = MappingProxyType(
    {
        "topk": ValueType.SCALAR,
        "bottomk": ValueType.SCALAR,
        "quantile": ValueType.SCALAR,
        "count_values": ValueType.STRING,
    }
)


class Signature(Frozen):
    arguments: tuple[ValueType, ...]
    optional: int = 0
    """How many of the last arguments may be left out."""
    result: ValueType = ValueType.VECTOR


_V, _S, _M, _T = ValueType.VECTOR, ValueType.SCALAR, ValueType.MATRIX, ValueType.STRING
SIGNATURES: Mapping[str, Signature] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                *("rate", "increase", "delta", "irate", "idelta", "changes", "resets", "deriv"),
                *(f"{f}_over_time" for f in ("avg", "min", "max", "sum", "count", "last", "present", "absent")),
                *(f"{f}_over_time" for f in ("stddev", "stdvar")),
            ),
            Signature((_M,)),
        ),
        "quantile_over_time": Signature((_S, _M)),
        "predict_linear": Signature((_M, _S)),
        **dict.fromkeys(
            (
                "abs",
                "ceil",
                "floor",
                "sqrt",
                "exp",
                "ln",
                "log2",
                "log10",
                "sgn",
                "absent",
                "sort",
                "sort_desc",
            ),
            Signature((_V,)),
        ),
        "timestamp": Signature((_V,)),
        "round": Signature((_V, _S), optional=1),
        "clamp": Signature((_V, _S, _S)),
        "clamp_min": Signature((_V, _S)),
        "clamp_max": Signature((_V, _S)),
        "histogram_quantile": Signature((_S, _V)),
        "label_replace": Signature((_V, _T, _T, _T, _T)),
        "scalar": Signature((_V,), result=_S),
        "vector": Signature((_S,)),
        "time": Signature((), result=_S),
        "pi": Signature((), result=_S),
    }
)
_UNSPOKEN = """
    acos acosh asin asinh atan atanh cos cosh sin sinh tan tanh deg rad hour minute month year day_of_month
    day_of_week day_of_year days_in_month histogram_avg histogram_count histogram_sum histogram_fraction
    histogram_stddev histogram_stdvar holt_winters double_exponential_smoothing label_join mad_over_time
    sort_by_label sort_by_label_desc info limitk limit_ratio
"""
UNSPOKEN = frozenset(_UNSPOKEN.split())
"""Functions of Prometheus that exist, which the sandbox does not evaluate."""


def type_of(node: Node) -> ValueType:
    """The type of the value that a node evaluates to."""
    match node:
        case Number():
            found = ValueType.SCALAR
        case Text():
            found = ValueType.STRING
        case Selector(range_ms=None) | Aggregate():
            found = ValueType.VECTOR
        case Selector() | Subquery():
            found = ValueType.MATRIX
        case Call(name=name):
            found = SIGNATURES[name].result
        case Negative(inner=inner):
            found = type_of(inner)
        case Binary(left=left, right=right):
            scalar = type_of(left) is type_of(right) is ValueType.SCALAR
            found = ValueType.SCALAR if scalar else ValueType.VECTOR
    return found
