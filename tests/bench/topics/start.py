"""From exec to the first frame, the first pod row and all rows, beside ``kubectl get pods -A`` run in turn."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence

import pyte

from tests.bench.bench import Bench
from tests.bench.console import Console
from tests.bench.figures import Budget, Figure
from tests.bench.topics import Topic

MEMORY = Budget(150, 110)
_LOOK = 3.0
"""Seconds between two looks at the whole screen: the emulator takes time in which nobody would read."""


def measure(bench: Bench) -> Iterator[Figure]:
    wall, memory, pods = kubectl([bench.target.kubectl, *bench.target.options(), "get", "pods", "-A"])
    with Console(bench.command(), env=bench.environment()) as console:
        console.arrived = []
        await_rows(console, f"{pods:,}")
        console.settle(3.0)
        peak = console.peak_memory() / 1024
        console.send("\x03")
        console.wait_end()
    first_frame = shown(console, lambda line: "Pods" in line)
    first_row = shown(console, lambda line: "Running" in line)
    all_rows = shown(console, lambda line: f"Pods {pods:,}" in line)
    yield Figure("kubectl get pods -A: wall", [wall], "s")
    yield Figure("kubectl get pods -A: peak memory", [memory], "MB")
    yield Figure("start: exec -> first frame", [first_frame], "s", Budget(0.35, 0.2))
    yield Figure("start: exec -> first pod row", [first_row], "s")
    yield Figure("start: exec -> all rows", [all_rows], "s")
    yield Figure("start: first pod row / kubectl", [first_row / wall], "x", Budget(0.6, 0.4))
    yield Figure("start: all rows / kubectl", [all_rows / wall], "x", Budget(0.9, 0.6))
    yield Figure("start: peak memory", [peak], "MB", MEMORY)


def kubectl(command: Sequence[str]) -> tuple[float, float, int]:
    """Wall seconds, peak memory in MB, and printed lines of one `kubectl get pods -A`."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"kubectl failed: {' '.join(command)}")
    return wall, usage.ru_maxrss / 1024, output.count(b"\n") - 1


def await_rows(console: Console, count: str, patience: float = 60.0) -> None:
    """Read until all rows are said to be there, as far as possible without the emulator."""
    wanted = re.compile(count.encode())
    end, look = time.monotonic() + patience, time.monotonic() + _LOOK
    while not wanted.search(console.raw, max(len(console.raw) - 16_384, 0)):
        console.read(0.05)
        if time.monotonic() > look:
            if count in console.text():
                return
            assert time.monotonic() < end, f"not all rows within {patience:.0f} s\n{console.text()}"
            look = time.monotonic() + _LOOK


def shown(console: Console, wanted: Callable[[str], bool]) -> float:
    """Seconds from exec until a line of the screen was as wanted, found by playing again what arrived."""
    screen = pyte.Screen(console.screen.columns, console.screen.lines)
    stream = pyte.ByteStream(screen)
    fed = 0
    for at, end in console.arrived or ():
        screen.dirty.clear()
        stream.feed(bytes(console.raw[fed:end]))
        fed = end
        if any(wanted("".join(screen.buffer[y][x].data for x in range(screen.columns))) for y in screen.dirty):
            return at - console.started
    return float("inf")


TOPIC = Topic("From exec to the rows", 10, measure)
