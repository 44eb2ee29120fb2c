"""The facts of the machine that the figures were taken on, and how quiet it was."""

from __future__ import annotations

import os
import platform
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Figure, percentile
from tests.terminal import Terminal


def facts() -> str:
    """Processor, memory, Python and load, on one line."""
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({found.group(1) if found else platform.machine()}), {memory:.0f} GiB, "
        f"Linux {platform.release()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    )


def noise(keys: int = 100) -> Iterator[Figure]:
    """What a key waits here for a program that does nothing but echo it: no figure below can be better."""
    echo = "import os, tty; tty.setraw(0)\nwhile data := os.read(0, 9): os.write(1, data)"
    waits = []
    with Terminal([sys.executable, "-S", "-c", echo]) as terminal:
        time.sleep(0.3)
        for _ in range(keys):
            time.sleep(0.03)
            begun = time.monotonic()
            terminal.send("x")
            terminal.read(2.0)
            waits.append(1000 * (time.monotonic() - begun))
    yield Figure("machine: key -> echo of a bare program, p50", [percentile(waits, 0.5)], "ms")
    yield Figure("machine: key -> echo of a bare program, p99", [percentile(waits, 0.99)], "ms")
