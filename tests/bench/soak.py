"""A soak: hours of changes and now and then a key, the memory over time, and whether it grew."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.bench import Bench
from tests.bench.churn import Running, churning
from tests.bench.console import Console
from tests.bench.figures import Budget, Figure
from tests.bench.podsgrid import PodsGrid

EVERY = 20.0
"""Seconds between two looks."""
WARM_UP = 0.25
"""The share of the time in which caches may fill."""
GROWTH = Budget(4.0, 1.0)
"""MB from the first third after the warm-up to the last."""
KEYS = 10


@dataclass(frozen=True)
class Sample:
    """One look: seconds since the begin, memory in MB, CPU of one core in %, bytes a second."""

    at: float
    memory: float
    cpu: float
    size: float

    def __str__(self) -> str:
        return f"{self.at:6.0f} s  {self.memory:6.1f} MB  {self.cpu:5.1f} %  {self.size:6.0f} B/s"


def soak(bench: Bench, minutes: float) -> Iterator[Figure]:
    """Print a line at each look; the figures judge what was seen in the end."""
    with bench.console() as console, churning(bench.target, bench.rate) as running:
        samples = []
        for sample in looks(console, running, 60 * minutes):
            samples.append(sample)
        yield Figure(
            "soak: memory, last third against first after warm-up", [growth(samples)], "MB", GROWTH, f"{minutes:g} min"
        )
        yield Figure("soak: memory at the end", [samples[-1].memory], "MB", Budget(150, 110))
        yield Figure("soak: CPU of one core", [each.cpu for each in samples], "%", Budget(12, 5))
        yield Figure("soak: bytes to the terminal", [each.size for each in samples], "B/s", Budget(3000, 1000))
        yield Figure("soak: changes that the server took", [running.rate_since(0.0)], "/s")


def looks(console: Console, running: Running, seconds: float) -> Iterator[Sample]:
    grid = PodsGrid(console)
    begun = before = time.monotonic()
    cpu, size = console.cpu_seconds(), len(console.raw)
    while before - begun < seconds:
        for _ in range(KEYS):
            grid.step()
        console.settle(max(before + EVERY - time.monotonic(), 0.0))
        now = time.monotonic()
        wall = now - before
        sample = Sample(
            now - begun,
            resident(console.pid),
            (console.cpu_seconds() - cpu) / wall * 100,
            (len(console.raw) - size) / wall,
        )
        rate = running.rate_since(before)
        print(f"  {sample}  {rate:4.0f} changes/s", file=sys.stderr, flush=True)
        before, cpu, size = now, console.cpu_seconds(), len(console.raw)
        yield sample


def growth(samples: Sequence[Sample]) -> float:
    """MB by which the median memory of the last third exceeds that of the first, the warm-up left out."""
    warm = [each.memory for each in samples if each.at > WARM_UP * samples[-1].at]
    third = max(len(warm) // 3, 1)
    return statistics.median(warm[-third:]) - statistics.median(warm[:third])


def resident(pid: int) -> float:
    """What a process holds in memory now, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
