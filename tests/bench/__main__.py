"""``make bench``: start-up and memory against kubectl, and the cost of keys, on a real cluster.

    python -m tests.bench --kubeconfig F --context C [--kubectl PATH] [--runs 5]

Everything is measured in one run on one machine, so that ratios mean something; medians and spreads are printed.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.terminal import Terminal

ROW = rb"Running"
IDLE_SECONDS = 20.0


@dataclass(frozen=True)
class Figure:
    """One measured quantity over all runs."""

    name: str
    values: Sequence[float]
    unit: str

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def __str__(self) -> str:
        low, high = min(self.values), max(self.values)
        return f"{self.name:<52} {self.median:>9.3f} {self.unit:<5} ({low:.3f} … {high:.3f})"


def measure_kubectl(command: Sequence[str]) -> tuple[float, float, int]:
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


@dataclass(frozen=True)
class Run:
    """What one start of the program showed."""

    first_frame: float
    first_row: float
    all_rows: float
    memory: float
    cursor_bytes: float
    idle_bytes: float
    idle_cpu: float


def measure_console(command: Sequence[str], pods: int, *, idle: bool) -> Run:
    """Start the console on all namespaces, wait for all rows, press keys, leave."""
    with Terminal(command) as terminal:
        first_frame = terminal.wait_for_bytes(rb"Pods")
        first_row = terminal.wait_for_bytes(ROW)
        all_rows = terminal.wait_for_bytes(f"{pods:,}".encode())
        memory = terminal.peak_memory() / 1024
        terminal.wait_for("Running")
        _quiet(terminal)
        terminal.send(":pods\r")
        _quiet(terminal)
        cursor = [_bytes_of(terminal, "j") for _ in range(9)]
        idle_bytes = idle_cpu = 0.0
        if idle:
            before, cpu, until = len(terminal.raw), terminal.cpu_seconds(), time.monotonic() + IDLE_SECONDS
            while time.monotonic() < until:
                terminal.read(0.2)
            idle_bytes = (len(terminal.raw) - before) / IDLE_SECONDS
            idle_cpu = (terminal.cpu_seconds() - cpu) / IDLE_SECONDS * 100
        memory = max(memory, terminal.peak_memory() / 1024)
        terminal.send("\x03")
        terminal.wait_end()
    return Run(first_frame, first_row, all_rows, memory, statistics.median(cursor), idle_bytes, idle_cpu)


def _quiet(terminal: Terminal, seconds: float = 1.5) -> None:
    """Read until nothing came for a moment."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        terminal.read(0.05)


def _bytes_of(terminal: Terminal, key: str) -> int:
    before = len(terminal.raw)
    terminal.send(key)
    until = time.monotonic() + 0.25
    while time.monotonic() < until:
        terminal.read(0.02)
    return len(terminal.raw) - before


def _column(runs: Sequence[Run], value: Callable[[Run], float]) -> list[float]:
    return [value(run) for run in runs]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--kubeconfig", required=True)
    parser.add_argument("--config")
    parser.add_argument("--context", required=True)
    parser.add_argument("--kubectl", default=os.environ.get("AURORA_LIVE_KUBECTL", "kubectl"))
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    where = ["--kubeconfig", options.kubeconfig, "--context", options.context]
    kubectl = [options.kubectl, *where, "get", "pods", "-A"]
    config = ["--config", options.config] if options.config else []
    program = Path(sys.executable).with_name("aurora-tui")
    console = [str(program), *where, *config, "-A"]
    measure_kubectl(kubectl)
    walls, memories, runs = [], [], []
    for number in range(options.runs):
        wall, memory, pods = measure_kubectl(kubectl)
        walls.append(wall)
        memories.append(memory)
        runs.append(measure_console(console, pods, idle=number == 0))
    base, base_memory = statistics.median(walls), statistics.median(memories)
    print(f"machine: {os.cpu_count()} cores, {_memory_gib():.0f} GiB, Python {platform.python_version()}")
    print(f"cluster: {pods:,} pods; median of {options.runs} runs, spread in brackets; kubectl and console in turn")
    for figure in (
        Figure("kubectl get pods -A: wall", walls, "s"),
        Figure("kubectl get pods -A: peak memory", memories, "MB"),
        Figure("console -A: exec to first frame", _column(runs, lambda run: run.first_frame), "s"),
        Figure("console -A: exec to first pod row", _column(runs, lambda run: run.first_row), "s"),
        Figure("console -A: exec to all rows", _column(runs, lambda run: run.all_rows), "s"),
        Figure("console -A: peak memory", _column(runs, lambda run: run.memory), "MB"),
        Figure("console: bytes for a cursor key", _column(runs, lambda run: run.cursor_bytes), "B"),
        Figure("console: nothing happens, bytes a second", _column(runs[:1], lambda run: run.idle_bytes), "B/s"),
        Figure("console: nothing happens, CPU of one core", _column(runs[:1], lambda run: run.idle_cpu), "%"),
    ):
        print(figure)
    verdicts = [
        ("first pod row / kubectl wall", statistics.median(_column(runs, lambda run: run.first_row)) / base, 1.0),
        ("all rows / kubectl wall", statistics.median(_column(runs, lambda run: run.all_rows)) / base, None),
        ("peak memory / kubectl's", statistics.median(_column(runs, lambda run: run.memory)) / base_memory, 0.7),
    ]
    missed = False
    for name, ratio, budget in verdicts:
        words = "" if budget is None else f"budget {budget:.1f} x: {'kept' if ratio <= budget else 'MISSED'}"
        missed = missed or (budget is not None and ratio > budget)
        print(f"{name:<52} {ratio:>9.2f} x     {words}")
    return int(missed)


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


if __name__ == "__main__":
    sys.exit(main())
