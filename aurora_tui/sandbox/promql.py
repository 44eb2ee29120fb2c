"""Evaluates PromQL over the sandbox's series, at one moment or over a range of steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from aurora_tui.model.frozen import Frozen
from aurora_tui.sandbox.promql_ast import (
    Aggregate,
    Binary,
    Call,
    Negative,
    Node,
    Number,
    Selector,
    Subquery,
    Text,
    ValueType,
    type_of,
)
from aurora_tui.sandbox.promql_functions import (
    ELEMENTWISE,
    OVER_WINDOW,
    OVER_WINDOW_WITH,
    histogram_quantile,
    label_replace,
    sorted_by_value,
    unnamed,
)
from aurora_tui.sandbox.promql_lexer import PromqlError
from aurora_tui.sandbox.promql_operators import aggregate, combine
from aurora_tui.sandbox.promql_parser import parse
from aurora_tui.sandbox.promql_values import NAME, Vector, Window, unique, without
from aurora_tui.sandbox.series import MatchKind, Series, SeriesStore, Steps
from aurora_tui.sandbox.traffic import Labels

MAX_SAMPLES = 20_000_000
"""Samples that one query may read; Prometheus allows 50 million (``--query.max-samples``)."""
SUBQUERY_STEP_MS = 15_000
"""A subquery's step where it names none: the evaluation interval."""


class Track(Frozen):
    """One series of a range result: stamps in milliseconds and their values."""

    labels: Labels
    points: list[tuple[int, float]]


class Matrix(Frozen):
    """A range vector or the result of a range query."""

    tracks: tuple[Track, ...]


def evaluate(store: SeriesStore, text: str, now: int) -> float | str | Vector | Matrix:
    """The value of a query at `now` (milliseconds).  Raises PromqlError."""
    node = parse(text)
    evaluation = _Evaluation(store)
    if type_of(node) is ValueType.MATRIX:
        tracks = [
            Track(window.labels, list(zip(window.stamps, window.values, strict=True)))
            for window in evaluation.windows(node, now)
        ]
        return Matrix(tuple(tracks))
    return evaluation.value(node, now)


def evaluate_range(store: SeriesStore, text: str, start: int, end: int, step: int) -> Matrix:
    """The values of a query at ``start, start + step … end`` (milliseconds).  Raises PromqlError."""
    node = parse(text)
    if type_of(node) not in (ValueType.SCALAR, ValueType.VECTOR):
        message = f'invalid expression type "{type_of(node)}" for range query, must be Scalar or instant Vector'
        raise PromqlError("bad_data", message)
    evaluation = _Evaluation(store)
    tracks: dict[Labels, Track] = {}
    for now in range(start, end + 1, step):
        value = evaluation.value(node, now)
        samples = value if isinstance(value, list) else [((), float(value))]
        for labels, number in samples:
            tracks.setdefault(labels, Track(labels, [])).points.append((now, number))
    return Matrix(tuple(tracks[labels] for labels in sorted(tracks)))


class _Evaluation:
    """One query: remembers which series its selectors found, and how much it has read."""

    def __init__(self, store: SeriesStore) -> None:
        self._store = store
        self._found: dict[int, list[Series]] = {}
        self._steps: dict[int, Steps] = {}
        self._read = 0

    def value(self, node: Node, now: int) -> float | str | Vector:
        result: float | str | Vector
        match node:
            case Number(value=number):
                result = number
            case Text(value=text):
                result = text
            case Selector():
                result = self._instant(node, now)
            case Negative(inner=inner):
                result = combine(Binary("*", inner, Number(-1.0)), self._operand(inner, now), -1.0)
            case Binary(left=left, right=right):
                result = combine(node, self._operand(left, now), self._operand(right, now))
            case Aggregate(inner=inner, parameter=parameter):
                given = None if parameter is None else self.value(parameter, now)
                assert not isinstance(given, list)
                result = aggregate(node, self._vector(inner, now), given)
            case Call():
                result = self._call(node, now)
            case Subquery():
                raise AssertionError("a range vector stands only where the parser allows one")
        return result

    def windows(self, node: Node, now: int) -> Iterator[Window]:
        """The series of a range vector and their samples."""
        assert isinstance(node, Selector | Subquery) and node.range_ms is not None
        end = now - node.offset_ms
        start = end - node.range_ms
        if isinstance(node, Subquery):
            yield from self._subquery(node, start, end, now)
            return
        for series in self._series(node):
            stamps, values = series.between(start, end)
            if values:
                self._count(len(values))
                yield Window(series.labels, stamps, values, start, end, now)

    def _subquery(self, node: Subquery, start: int, end: int, now: int) -> Iterator[Window]:
        step = node.step_ms or SUBQUERY_STEP_MS
        tracks: dict[Labels, Track] = {}
        known = self._known(node.inner)
        for stamp in range(-(-start // step) * step, end + 1, step):  # steps are multiples of the step
            self._count(1)
            for labels, value in self._step(node.inner, stamp, known):
                tracks.setdefault(labels, Track(labels, [])).points.append((stamp, value))
        for labels, track in tracks.items():
            stamps, values = zip(*track.points, strict=True)
            yield Window(labels, stamps, values, start, end, now)

    def _known(self, node: Node) -> Steps:
        """The steps of a subquery's expression that the store remembers: none where it looks ahead of them."""
        known = self._steps.get(id(node))
        if known is None:
            text = repr(node)
            known = self._steps[id(node)] = {} if "offset_ms=-" in text else self._store.steps(text)
        return known

    def _step(self, node: Node, stamp: int, known: Steps) -> Vector:
        """A subquery asks for the same steps again and again, and what is over stays as it was."""
        if stamp in known:
            vector, read = known[stamp]
            self._count(read)
            return vector
        before = self._read
        vector = self._vector(node, stamp)
        if stamp < self._store.newest:
            known[stamp] = vector, self._read - before
        return vector

    def _count(self, samples: int) -> None:
        self._read += samples
        if self._read > MAX_SAMPLES:
            raise PromqlError("execution", "query processing would load too many samples into memory")

    def _series(self, node: Selector) -> list[Series]:
        found = self._found.get(id(node))
        if found is None:
            found = self._found[id(node)] = list(self._store.select(node.matchers))
        return found

    def _instant(self, node: Selector, now: int) -> Vector:
        found = [(series.labels, series.at(now - node.offset_ms)) for series in self._series(node)]
        self._count(len(found))
        return [(labels, sample[1]) for labels, sample in found if sample is not None]

    def _vector(self, node: Node, now: int) -> Vector:
        value = self.value(node, now)
        assert isinstance(value, list)
        return value

    def _operand(self, node: Node, now: int) -> float | Vector:
        value = self.value(node, now)
        assert not isinstance(value, str)
        return value

    def _scalar(self, node: Node, now: int) -> float:
        value = self.value(node, now)
        assert isinstance(value, float)
        return value

    def _call(self, node: Call, now: int) -> float | Vector:
        name, arguments = node.name, node.arguments
        if name in OVER_WINDOW or name in OVER_WINDOW_WITH:
            return self._over_windows(node, now)
        if name in ELEMENTWISE:
            function, numbers = ELEMENTWISE[name], [self._scalar(argument, now) for argument in arguments[1:]]
            samples = self._vector(arguments[0], now)
            return unique([(without(labels, NAME), function(value, *numbers)) for labels, value in samples])
        if name in ("absent", "absent_over_time"):
            return self._absent(arguments[0], now)
        if name == "timestamp":
            return self._timestamps(arguments[0], now)
        if name == "label_replace":
            texts = [argument.value for argument in arguments[1:] if isinstance(argument, Text)]
            return unique(label_replace(self._vector(arguments[0], now), *texts))
        return self._conversion(node, now)

    def _conversion(self, node: Call, now: int) -> float | Vector:
        match node.name, node.arguments:
            case "time", ():
                return now / 1000
            case "pi", ():
                return 3.141592653589793
            case "scalar", (inner,):
                samples = self._vector(inner, now)
                return samples[0][1] if len(samples) == 1 else float("nan")
            case "vector", (inner,):
                return [((), self._scalar(inner, now))]
            case "sort" | "sort_desc" as name, (inner,):
                return sorted_by_value(self._vector(inner, now), down=name == "sort_desc")
            case "histogram_quantile", (q, inner):
                return histogram_quantile(self._scalar(q, now), self._vector(inner, now))
        raise PromqlError("not_implemented", f"function {node.name} is not implemented by this server")

    def _over_windows(self, node: Call, now: int) -> Vector:
        *_, matrix = [argument for argument in node.arguments if type_of(argument) is ValueType.MATRIX]
        results: Vector = []
        for window in self.windows(matrix, now):
            if node.name in OVER_WINDOW:
                value = OVER_WINDOW[node.name](window)
            else:
                (number,) = (a for a in node.arguments if type_of(a) is ValueType.SCALAR)
                value = OVER_WINDOW_WITH[node.name](window, self._scalar(number, now))
            if value is not None:
                results.append((window.labels, value))
        return results if node.name == "last_over_time" else unique(unnamed(results))

    def _absent(self, node: Node, now: int) -> Vector:
        if type_of(node) is ValueType.MATRIX:
            there = any(True for _ in self.windows(node, now))
        else:
            there = bool(self._vector(node, now))
        if there:
            return []
        if not isinstance(node, Selector):
            return [((), 1.0)]
        uses = Counter(matcher.name for matcher in node.matchers)
        equal = [
            (matcher.name, matcher.value)
            for matcher in node.matchers
            if matcher.kind is MatchKind.EQUAL and uses[matcher.name] == 1 and matcher.name not in NAME
        ]
        return [(tuple(sorted(equal)), 1.0)]

    def _timestamps(self, node: Node, now: int) -> Vector:
        if not isinstance(node, Selector):
            return unnamed([(labels, now / 1000) for labels, _ in self._vector(node, now)])
        found = [(series.labels, series.at(now - node.offset_ms)) for series in self._series(node)]
        return unique(unnamed([(labels, sample[0] / 1000) for labels, sample in found if sample is not None]))
