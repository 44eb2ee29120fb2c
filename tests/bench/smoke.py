"""``make bench-smoke``: the short form on the embedded demo: does the program start, move and keep quiet as it must?

Under a minute and without a cluster. The demo is small and shares the machine, so times have no budgets here.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator

from tests.bench.bench import PROGRAM
from tests.bench.console import Console
from tests.bench.figures import Budget, Figure, Verdict, percentile, table
from tests.bench.machine import facts, noise
from tests.bench.podsgrid import PodsGrid
from tests.bench.topics.churn import in_ms
from tests.bench.topics.start import shown

KEYS = 30
QUIET = 10.0


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as home:
        env = {"HOME": home, "XDG_STATE_HOME": f"{home}/state", "XDG_CONFIG_HOME": f"{home}/config"}
        with Console([PROGRAM, "--demo", "-A"], env=env) as console:
            console.arrived = []
            console.wait_for("Running", 40)
            console.send(":pods\r")
            console.settle(4.0)
            yield Figure("start: exec -> first frame", [shown(console, lambda line: "Pods" in line)], "s")
            yield Figure("start: exec -> first pod row", [shown(console, lambda line: "Running" in line)], "s")
            yield Figure("start: peak memory", [console.peak_memory() / 1024], "MB", Budget(150, 110))
            yield from keys(console)
            yield from quiet(console)
            console.send("\x03")
            console.wait_end()


def keys(console: Console) -> Iterator[Figure]:
    grid, answers = PodsGrid(console), []
    for _ in range(KEYS):
        grid.pause()
        answers.append(grid.step())
    waits = in_ms([each.painted for each in answers])
    yield Figure("cursor key: bytes", [percentile([each.size for each in answers], 0.5)], "B", Budget(600, 250))
    yield Figure("cursor key: painted, p50", [percentile(waits, 0.5)], "ms")
    yield Figure("cursor key: painted, p99", [percentile(waits, 0.99)], "ms")


def quiet(console: Console) -> Iterator[Figure]:
    cpu, size, begun = console.cpu_seconds(), len(console.raw), time.monotonic()
    console.settle(QUIET)
    wall = time.monotonic() - begun
    yield Figure("untouched: CPU of one core", [(console.cpu_seconds() - cpu) / wall * 100], "%")
    yield Figure("untouched: bytes", [(len(console.raw) - size) / wall], "B/s")


def main() -> int:
    argparse.ArgumentParser(prog="python -m tests.bench.smoke", description=__doc__).parse_args()
    figures = [*noise(30), *measure()]
    print(f"machine: {facts()}\nembedded demo, 160x48, one run")
    print(table(figures))
    return int(any(figure.verdict is Verdict.MISSED for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
