"""``python -m tests.bench.micro``: what decoding, the store and the grid cost in this process; it judges nothing.

Each figure is CPU time of this process (the log tail's are in `tests.bench.tail`): median and spread of the runs.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
from textual.app import App, ComposeResult

from aurora_tui.model import kube, usage, views
from aurora_tui.model.filters import parse_filter
from aurora_tui.store import Table
from tests.bench.figures import Figure, merge, table
from tests.bench.samplepods import event, page
from widgets.grid import Grid

PODS, PAGE, CHANGES = 10_000, 500, 20
"""Rows, rows a page of the list, and rows that differ at one flush (200 changes a second, 10 flushes)."""
_NOW = 1_767_312_000.0


def cpu_ms(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return 1000 * (time.process_time() - begun)


def decoding() -> Iterator[Figure]:
    pages = [page(range(first, first + PAGE)) for first in range(0, PODS, PAGE)]
    decoder = msgspec.json.Decoder(kube.ListPage[kube.Pod])
    size = sum(map(len, pages)) / 1e6
    whole = cpu_ms(lambda: [decoder.decode(each) for each in pages])
    yield Figure(f"decode: list of {PODS:,} pods", [whole], "ms", remark=f"{size:.0f} MB")
    lines = [event(number, 1) for number in range(1000)]
    events, objects = msgspec.json.Decoder(kube.WatchEvent), msgspec.json.Decoder(kube.Pod)
    each = cpu_ms(lambda: [objects.decode(events.decode(line).object) for line in lines])
    yield Figure("decode: 1,000 changes of a watch", [each], "ms")


def storing(rows: dict[str, kube.Pod], changed: dict[str, kube.Pod]) -> Iterator[Figure]:
    kept: Table[kube.Pod] = Table("pods")
    feed = kept.feed()
    yield Figure(f"store: {PODS:,} rows come", [cpu_ms(lambda: kept.apply(rows))], "ms")
    feed.drain()
    yield Figure("store: the same rows once more", [cpu_ms(lambda: kept.apply(dict(rows)))], "ms")
    assert not feed.drain(), "equal rows are no change"
    yield Figure(f"store: {CHANGES} rows change", [cpu_ms(lambda: kept.apply(changed))], "ms")


class GridApp(App[None]):
    """A grid of pods with what they use and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.usage: dict[str, kube.PodMetrics] = {}

    def compose(self) -> ComposeResult:
        used = usage.columns(self.usage.get, lambda context: False)
        self.grid: Grid[Any] = Grid([*views.PODS.columns, *used], clock=lambda: _NOW)
        yield self.grid

    def measure(self, keys: Iterable[str], more: int) -> None:
        """Another poll of metrics.k8s.io: all figures differ."""
        for place, key in enumerate(keys):
            used = {"cpu": f"{place * 7_919 % 999_983 + more}n", "memory": f"{place * 13 + more}Ki"}
            self.usage[key] = kube.PodMetrics(containers=(kube.ContainerMetrics(usage=used),))


async def gridding(rows: dict[str, kube.Pod], changed: dict[str, kube.Pod]) -> list[Figure]:
    app = GridApp()
    async with app.run_test(size=(160, 48)) as pilot:
        grid, taken = app.grid, []

        async def step(name: str, work: Callable[[], object]) -> None:
            """The work, and then what it makes the screen paint."""
            begun = time.process_time()
            work()
            done = time.process_time()
            await pilot.pause()
            taken.append(Figure(f"grid: {name}", [1000 * (done - begun)], "ms"))

        both = {**rows, **changed}
        seen = {key: both[key] for key in list(changed)[:2]}
        parsed = parse_filter("service-07")
        await step(f"{PODS:,} rows come", lambda: grid.update_rows(rows, rows.keys()))
        await step(f"{CHANGES} of them change", lambda: grid.update_rows(both, changed.keys()))
        await step("2 rows in sight change back", lambda: grid.update_rows(rows, seen.keys()))
        await step("the cursor moves down", lambda: grid.action_move(1))
        await step("sorted by age", lambda: grid.sort_by("AGE"))
        await step("filtered, first letter", lambda: grid.set_filter(parsed))
        await step("filtered again", lambda: grid.set_filter(parsed))
        app.measure(rows, 1)
        await step("what all use changes", lambda: grid.update_aside(rows.keys()))
        await step("a second goes by", grid.tick)
        await step("filtered again after it", lambda: grid.set_filter(parsed))
        grid.set_filter(None)
        await step("sorted by CPU", lambda: grid.sort_by("CPU"))
        app.measure(rows, 2)
        await step("the same, sorted by it", lambda: grid.update_aside(rows.keys()))
    return taken


def run() -> list[Figure]:
    decoder = msgspec.json.Decoder(kube.ListPage[kube.Pod])
    items = [
        pod for first in range(0, PODS, PAGE) for pod in decoder.decode(page(range(first, first + PAGE))).items or ()
    ]
    rows = {kube.key(pod.metadata): pod for pod in items}
    objects = msgspec.json.Decoder(kube.Pod)
    events = msgspec.json.Decoder(kube.WatchEvent)
    numbers = [*range(2), *range(5000, 5000 + CHANGES - 2)]
    news = [objects.decode(events.decode(event(number, 1)).object) for number in numbers]
    changed = {kube.key(pod.metadata): pod for pod in news}
    return [*decoding(), *storing(rows, changed), *asyncio.run(gridding(rows, changed))]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.micro", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    figures = merge(run() for _ in range(runs))
    print(f"in process: {PODS:,} pods, Python {platform.python_version()}, CPU time, median of {runs} runs")
    print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
