"""The cursor moves by a row while nothing else happens: bytes, and how soon the next row lights up."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.bench import Bench
from tests.bench.figures import Budget, Figure, percentile
from tests.bench.podsgrid import PodsGrid
from tests.bench.topics import Topic
from tests.bench.topics.churn import in_ms

KEYS = 60


def measure(bench: Bench) -> Iterator[Figure]:
    with bench.console(settle=6.0) as console:
        grid, answers = PodsGrid(console), []
        for _ in range(int(bench.scaled(KEYS))):
            grid.pause()
            answers.append(grid.step())
    waits = in_ms([each.painted for each in answers])
    yield Figure("cursor key: bytes", [percentile([each.size for each in answers], 0.5)], "B", Budget(600, 250))
    yield Figure("cursor key: painted, p50", [percentile(waits, 0.5)], "ms")
    yield Figure("cursor key: painted, p99", [percentile(waits, 0.99)], "ms")


TOPIC = Topic("A cursor key", 12, measure)
