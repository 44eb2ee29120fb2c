"""A line of 20 kB/s, 200 ms long, while alerts storm and pods change: what a key waits beyond the line's delay."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

from tests.bench.bench import Bench
from tests.bench.churn import churning
from tests.bench.console import Console
from tests.bench.figures import Budget, Figure, percentile
from tests.bench.line import Line
from tests.bench.podsgrid import PodsGrid
from tests.bench.storm import storm
from tests.bench.topics import Topic
from tests.bench.topics.churn import in_ms

LINE = Line(rate=20_000, delay=0.2)
KEYS = 80


def measure(bench: Bench) -> Iterator[Figure]:
    if bench.alertmanager is None:
        print("  left out: --alertmanager says where alerts can be made to fire", file=sys.stderr)
        return
    with bench.console(line=LINE) as console, churning(bench.target, bench.rate), storm(bench.alertmanager):
        console.settle(8.0)
        yield from keys(console, int(bench.scaled(KEYS)))


def keys(console: Console, count: int) -> Iterator[Figure]:
    grid = PodsGrid(console)
    size, begun = len(console.raw), time.monotonic()
    answers = []
    for _ in range(count):
        grid.pause()
        answers.append(grid.step())
    rate = (len(console.raw) - size) / (time.monotonic() - begun)
    beyond = [None if each.painted is None else each.painted - LINE.delay for each in answers]
    name = "slow line: key -> painted, beyond its delay, "
    yield Figure(f"{name}p50", [percentile(in_ms(beyond), 0.5)], "ms")
    yield Figure(f"{name}p95", [percentile(in_ms(beyond), 0.95)], "ms", Budget(150, 60))
    yield Figure("slow line: bytes, with the keys'", [rate], "B/s")


TOPIC = Topic("A throttled line: 20 kB/s, 200 ms", 40, measure)
