"""The list of traces: a row for each, failed and slow ones first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.text import listed
from aurora_tui.model.tracequery import clock
from aurora_tui.model.traces import NANO, Span, Trace, duration_words, short_id

_SERVICES = 2


class TraceRow(Frozen):
    """A trace in short; times in nanoseconds."""

    trace: Trace
    begin: int
    duration: int
    errors: int
    services: tuple[str, ...]
    root: Span
    """The span that nobody called; where it is missing the first one."""
    whole: bool
    """Whether the root is there."""
    slow: bool
    """Longer than the service's objective allows."""
    exemplar: bool
    """A metric's exemplar points at it."""

    @property
    def key(self) -> str:
        return self.trace.id

    @property
    def spans(self) -> int:
        return len(self.trace.spans)

    @property
    def operation(self) -> str:
        return f"{self.root.service or '?'} {self.root.operation}"

    @property
    def state(self) -> str:
        return " ".join(filter(None, ("failed" if self.errors else "", "slow" if self.slow else ""))) or "ok"


def rows_of(
    traces: Iterable[Trace], *, service: str = "", threshold: float | None = None, exemplars: Collection[str] = ()
) -> list[TraceRow]:
    """The rows of traces. Slow are those in which a span of `service` takes longer than `threshold` seconds."""
    limit = None if threshold is None else threshold * NANO
    found = []
    for trace in traces:
        if not trace.spans:
            continue
        root = next((span for span in trace.spans if not span.parent), None)
        slow = limit is not None and any(span.service == service and span.duration > limit for span in trace.spans)
        found.append(
            TraceRow(
                trace=trace,
                begin=trace.begin,
                duration=trace.duration,
                errors=sum(span.failed for span in trace.spans),
                services=tuple(dict.fromkeys(span.service or "?" for span in trace.spans)),
                root=root or trace.spans[0],
                whole=root is not None,
                slow=slow,
                exemplar=trace.id in exemplars,
            )
        )
    return sorted(found, key=worst_first)


def worst_first(row: TraceRow) -> tuple[int, int, str]:
    """Failed before slow before others, the longest first."""
    return (0 if row.errors else 1 if row.slow else 2, -row.duration, row.key)


def _state(row: TraceRow, now: float) -> Cell:
    return Cell(row.state, Tone.BAD if row.errors else Tone.WARN if row.slow else Tone.DIM)


def _short(services: Sequence[str]) -> Sequence[str]:
    """The names without the words that they all begin with: of ``aurora-backend`` and ``aurora-mail`` the ends."""
    if len(services) < 2:
        return services
    words = [name.split("-") for name in services]
    alike = [len(set(column)) == 1 for column in zip(*(each[:-1] for each in words), strict=False)]
    shared = alike.index(False) if False in alike else len(alike)
    return ["-".join(each[shared:]) for each in words]


def _operation(row: TraceRow, now: float) -> Cell:
    missing = "" if row.whole else "(root missing) "
    return Cell(f"{missing}{row.operation}", Tone.PLAIN if row.whole else Tone.WARN)


COLUMNS: tuple[Column[TraceRow], ...] = (
    Column("STATE", _state, worst_first),
    Column("TIME", lambda row, _: Cell(clock(row.begin / NANO)), lambda row: row.begin),
    Column(
        "DURATION",
        lambda row, _: Cell(duration_words(row.duration), Tone.WARN if row.slow else Tone.PLAIN),
        lambda row: row.duration,
        right=True,
    ),
    Column("SPANS", lambda row, _: Cell(f"{row.spans:,}"), lambda row: row.spans, right=True, rank=2),
    Column(
        "ERRORS",
        lambda row, _: Cell(str(row.errors), Tone.BAD if row.errors else Tone.DIM),
        lambda row: row.errors,
        right=True,
        rank=1,
    ),
    Column("ROOT OPERATION", _operation, lambda row: row.operation, flexible=True),
    Column("SERVICES", lambda row, _: Cell(listed(_short(row.services), _SERVICES)), lambda row: row.services, rank=3),
    Column(
        "FROM",
        lambda row, _: Cell("exemplar" if row.exemplar else "", Tone.ACCENT),
        lambda row: not row.exemplar,
        rank=4,
    ),
    Column("TRACE", lambda row, _: Cell(short_id(row.key)[:16], Tone.DIM), lambda row: row.key, rank=5),
)  # fmt: skip
