"""A filter typed over ten thousand rows: each letter until the rows that it leaves are on the screen."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.bench.bench import Bench
from tests.bench.console import Console
from tests.bench.figures import Budget, Figure, percentile
from tests.bench.podsgrid import PodsGrid
from tests.bench.rows import rows
from tests.bench.topics import Topic
from tests.bench.topics.churn import in_ms

ROWS = 10_000
TYPED = ("service-07", "load-03", "service-(02|03)", "!running")
ESCAPE = "\x1b"


def measure(bench: Bench) -> Iterator[Figure]:
    with rows(bench.target, ROWS) as count, bench.console() as console:
        grid = PodsGrid(console)
        waits: list[float | None] = []
        for text in TYPED:
            waits += typed(console, grid, text)
        name = "filter: letter -> rows painted, "
        yield Figure(f"{name}p50", [percentile(in_ms(waits), 0.5)], "ms")
        yield Figure(f"{name}p95", [percentile(in_ms(waits), 0.95)], "ms", Budget(30, 16), f"{count:,} rows")


def typed(console: Console, grid: PodsGrid, text: str) -> list[float | None]:
    """Type a filter letter by letter, then take it away; what can't be read as a filter yet is not waited for."""
    console.press("/", lambda: console.line_at(console.screen.lines - 2).strip().startswith("/"))
    waits = []
    for length in range(1, len(text) + 1):
        grid.pause()
        so_far = text[:length]
        answer = console.press(text[length - 1], lambda so_far=so_far: stands(console, grid, so_far))  # type: ignore[misc]
        if length > 1 or not so_far.startswith("!"):
            waits.append(answer.painted)
    console.send(ESCAPE)
    console.settle(0.5)
    return waits


def stands(console: Console, grid: PodsGrid, text: str) -> bool:
    """Whether the prompt shows what was typed and the rows that stand there are those that it leaves."""
    if console.line_at(console.screen.lines - 2).rstrip() != f" /{text}":
        return False
    sought = text.removeprefix("!")
    try:
        pattern = re.compile(sought, re.IGNORECASE)
    except re.error:
        return True
    lines = [console.line_at(y)[grid.column :][:88].rstrip("▐▕ ") for y in grid.rows]
    rows_there = [line for line in lines if "/" in line]
    return all(bool(pattern.search(line)) != (text[0] == "!") for line in rows_there) or not sought


TOPIC = Topic("A filter typed over 10,000 rows", 50, measure)
