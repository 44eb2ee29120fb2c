"""PromQL's binary operators between vectors and scalars, and its aggregations."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from aurora_tui.sandbox.promql_ast import SET_OPERATORS, Aggregate, Binary, Matching
from aurora_tui.sandbox.promql_functions import sorted_by_value
from aurora_tui.sandbox.promql_lexer import PromqlError
from aurora_tui.sandbox.promql_values import (
    ARITHMETIC,
    COMPARE,
    NAME,
    Vector,
    only,
    quantile,
    unique,
    variance,
    with_label,
    without,
    written,
)
from aurora_tui.sandbox.series import format_value
from aurora_tui.sandbox.traffic import Labels


def combine(node: Binary, left: float | Vector, right: float | Vector) -> float | Vector:
    """The value of a binary operation.  Raises PromqlError where the sides do not pair."""
    if isinstance(left, list) and isinstance(right, list):
        if node.op in SET_OPERATORS:
            return _set_operation(node, left, right)
        return _paired(node, left, right)
    if isinstance(left, list):
        assert not isinstance(right, list)
        return _each(node, [(labels, value, value, right) for labels, value in left])
    if isinstance(right, list):
        return _each(node, [(labels, value, left, value) for labels, value in right])
    return ARITHMETIC[node.op](left, right) if node.op in ARITHMETIC else float(COMPARE[node.op](left, right))


def _each(node: Binary, operands: Sequence[tuple[Labels, float, float, float]]) -> Vector:
    """Labels, the vector's own value, left and right of each sample -> samples of the result."""
    if node.op in ARITHMETIC:
        apply = ARITHMETIC[node.op]
        return unique([(without(labels, NAME), apply(left, right)) for labels, _, left, right in operands])
    holds = COMPARE[node.op]
    if node.as_bool:
        return unique([(without(labels, NAME), float(holds(left, right))) for labels, _, left, right in operands])
    return [(labels, value) for labels, value, left, right in operands if holds(left, right)]


def _signature(labels: Labels, matching: Matching) -> Labels:
    return only(labels, matching.labels) if matching.on else without(labels, (*matching.labels, "__name__"))


def _set_operation(node: Binary, left: Vector, right: Vector) -> Vector:
    if node.op == "or":
        taken = {_signature(labels, node.matching) for labels, _ in left}
        return left + [sample for sample in right if _signature(sample[0], node.matching) not in taken]
    there = {_signature(labels, node.matching) for labels, _ in right}
    wanted = node.op == "and"
    return [sample for sample in left if (_signature(sample[0], node.matching) in there) == wanted]


def _paired(node: Binary, left: Vector, right: Vector) -> Vector:
    matching = node.matching
    swapped = matching.many == "right"
    many, one = (right, left) if swapped else (left, right)
    side = "left" if swapped else "right"
    ones: dict[Labels, tuple[Labels, float]] = {}
    for labels, value in one:
        signature = _signature(labels, matching)
        if signature in ones:
            pair = f"[{written(labels)}, {written(ones[signature][0])}]"
            raise PromqlError(
                "execution",
                f"found duplicate series for the match group {written(signature)} on the {side} hand-side of "
                f"the operation: {pair};many-to-many matching not allowed: "
                "matching labels must be unique on one side",
            )
        ones[signature] = labels, value
    operands: list[tuple[Labels, float, float, float]] = []
    used: set[Labels] = set()
    for labels, value in many:
        signature = _signature(labels, matching)
        if signature not in ones:
            continue
        partner, other = ones[signature]
        if matching.many is None and signature in used:
            message = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
            raise PromqlError("execution", message)
        used.add(signature)
        result = _result_labels(labels, partner, node)
        sides = (other, value) if swapped else (value, other)
        operands.append((result, sides[0], *sides))
    return unique(_each(node, operands))


def _result_labels(labels: Labels, partner: Labels, node: Binary) -> Labels:
    matching = node.matching
    if matching.many is None:
        return only(labels, matching.labels) if matching.on else without(labels, matching.labels)
    others = dict(partner)
    for name in matching.include:
        labels = with_label(labels, name, others.get(name, ""))
    return labels


_FOLDS: Mapping[str, Callable[[Sequence[float]], float]] = MappingProxyType(
    {
        "sum": lambda values: float(sum(values)),
        "avg": lambda values: sum(values) / len(values),
        "min": lambda values: min(values, key=lambda value: (math.isnan(value), value)),
        "max": lambda values: max(values, key=lambda value: (not math.isnan(value), value)),
        "count": lambda values: float(len(values)),
        "group": lambda values: 1.0,
        "stddev": lambda values: math.sqrt(variance(values)),
        "stdvar": variance,
    }
)


def aggregate(node: Aggregate, vector: Vector, parameter: float | str | None) -> Vector:
    """The value of an aggregation.  Raises PromqlError for a parameter that is no count or label."""
    groups: defaultdict[Labels, Vector] = defaultdict(list)
    for labels, value in vector:
        key = without(labels, (*node.labels, "__name__")) if node.without else only(labels, node.labels)
        groups[key].append((labels, value))
    if node.op in _FOLDS:
        fold = _FOLDS[node.op]
        return [(key, fold([value for _, value in samples])) for key, samples in groups.items()]
    if isinstance(parameter, str):
        return _value_counts(groups, parameter)
    assert parameter is not None
    if node.op == "quantile":
        return [(key, quantile(parameter, [value for _, value in samples])) for key, samples in groups.items()]
    if math.isnan(parameter) or math.isinf(parameter):
        raise PromqlError("execution", f"Scalar value {format_value(parameter)} overflows int64")
    best = [sorted_by_value(samples, down=node.op == "topk") for samples in groups.values()]
    return [sample for samples in best for sample in samples[: max(0, int(parameter))]]


def _value_counts(groups: Mapping[Labels, Vector], label: str) -> Vector:
    if not label.isidentifier():
        raise PromqlError("execution", f'invalid label name "{label}"')
    counts: defaultdict[Labels, float] = defaultdict(float)
    for key, samples in groups.items():
        for _, value in samples:
            counts[with_label(key, label, format_value(value))] += 1
    return list(counts.items())
