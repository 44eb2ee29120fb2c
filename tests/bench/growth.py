"""Growth: a large cluster's figures against a small one's: linear in memory, constant for a key and for a change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.bench.figures import Budget, Figure

CONSTANT = Budget(1.5, 1.2)
"""What a key or a change may cost more: what is measured is noisy."""
LINEAR = "start: peak memory"
UNCHANGED = (
    "cursor key: bytes",
    "churn: CPU of one core",
    "churn: bytes to the terminal",
    "churn: key -> first byte, p50",
    "churn: key -> cursor on the next row, p50",
    "churn: change at the server -> painted, p95",
)


def compare(before: dict[str, Any], figures: Sequence[Figure], pods: int) -> Iterator[Figure]:
    """Ratios of the figures to those in a file that ``--json`` wrote; memory as a share of what the pods grew by."""
    old = {each["name"]: each["value"] for each in before["figures"]}
    new = {figure.name: figure.value for figure in figures}
    grown = pods / before["pods"]
    where = f"{before['pods']:,} -> {pods:,} pods"
    if LINEAR in old and LINEAR in new:
        ratio = new[LINEAR] / old[LINEAR]
        yield Figure(f"growth: {LINEAR}", [ratio], "x", Budget(grown, 0.75 * grown), where)
    for name in UNCHANGED:
        if old.get(name) and name in new:
            yield Figure(f"growth: {name}", [new[name] / old[name]], "x", CONSTANT, where)


def read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found
