"""Growth: a large cluster's figures against a small one's: linear in memory, constant for a key and for a change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.bench.figures import Budget, Figure, number

CONSTANT = Budget(1.5, 1.2)
"""What a key or a change may cost more: what is measured is noisy."""
LINEAR = "start: peak memory"
TOPICS = ("start", "cursor", "churn")
"""What is measured again on the large cluster."""
UNCHANGED = (
    "cursor key: bytes",
    "churn: CPU of one core",
    "churn: bytes to the terminal",
    "churn: key -> first byte, p50",
    "churn: key -> cursor on the next row, p50",
    "churn: change at the server -> painted, p95",
)


def compare(before: Sequence[Figure], after: Sequence[Figure], pods: tuple[int, int]) -> Iterator[Figure]:
    """Ratios of the second figures to the first; `pods` is how many there were each time."""
    old = {figure.name: figure.value for figure in before}
    new = {figure.name: figure.value for figure in after}
    grown = pods[1] / pods[0]
    where = f"{pods[0]:,} -> {pods[1]:,} pods"
    if LINEAR in old and LINEAR in new:
        ratio = new[LINEAR] / old[LINEAR]
        remark = f"{number(old[LINEAR])} -> {number(new[LINEAR])}, {where}"
        yield Figure(f"growth: {LINEAR}", [ratio], "x", Budget(grown, 0.75 * grown), remark)
    for name in UNCHANGED:
        if old.get(name) and name in new:
            remark = f"{number(old[name])} -> {number(new[name])}"
            yield Figure(f"growth: {name}", [new[name] / old[name]], "x", CONSTANT, remark)
