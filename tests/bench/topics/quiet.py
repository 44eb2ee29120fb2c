"""A minute in which nothing happens: bytes and CPU."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator

from tests.bench.bench import Bench
from tests.bench.figures import Budget, Figure
from tests.bench.podsgrid import PodsGrid
from tests.bench.topics import Topic

QUIET = 60.0
_TICKING = re.compile(r"\b(?:\d+m)?\d+s\b")
"""An age below ten minutes, which reads differently each second."""
_PATIENCE = 660.0


def measure(bench: Bench) -> Iterator[Figure]:
    with bench.console(settle=6.0) as console:
        grid = PodsGrid(console)
        await_old_rows(grid)
        cpu, size, begun = console.cpu_seconds(), len(console.raw), time.monotonic()
        console.settle(bench.scaled(QUIET))
        wall = time.monotonic() - begun
        used = (console.cpu_seconds() - cpu) / wall * 100
        yield Figure("nothing happens: CPU of one core", [used], "%", Budget(1, 0.3))
        yield Figure("nothing happens: bytes", [(len(console.raw) - size) / wall], "B/s", Budget(100, 30))


def await_old_rows(grid: PodsGrid) -> None:
    """Wait until no age in sight ticks: what was restarted or made just now is not nothing."""
    until = time.monotonic() + _PATIENCE
    while any(_TICKING.search(grid.console.line_at(y)[grid.column :][:88]) for y in grid.rows):
        assert time.monotonic() < until, f"ages still tick\n{grid.console.text()}"
        print("  waiting until the ages in sight are over ten minutes", file=sys.stderr, flush=True)
        grid.console.settle(30.0)
    grid.console.settle(2.0)


TOPIC = Topic("Nothing happens", 15, measure, runs=3)
