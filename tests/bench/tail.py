"""``python -m tests.bench.tail``: what a log tail of 200,000 lines costs in time and memory; it judges nothing.

Each figure is CPU time of this process over all lines, and the longest step: so long does no key wait.
"""

from __future__ import annotations

import argparse
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from aurora_tui.logbuffer import LogBuffer
from aurora_tui.model.loglines import LogLine
from widgets.tailsearch import TailSearch

_BEGIN = 1_767_225_600.0
SEARCHES = ("connection refused", "Connection", "orders", "refused to 10\\.0\\.\\d+", "status_code=201", "!POST", "zzz")
TYPED = "&connection refused"


def lines(count: int) -> Iterator[LogLine]:
    """JSON lines of four pods, one in fifty an error with a stack trace of three lines below it."""
    for number in range(count):
        pod = f"aurora-backend-7d9f8b6c5d-x2x4{'bcdf'[number // 50 % 4]}"
        yield LogLine(_BEGIN + number / 100, pod, "backend", _text(number))


def _text(number: int) -> str:
    kind = number % 50
    if kind == 0:
        message = f"GET /api/v1/products/{number} failed: connection refused to 10.0.{number % 255}.{number % 7}:5432"
        return f'{{"@timestamp":"2026-01-01","log.level":"ERROR","message":"{message}","trace.id":"{number:032x}"}}'
    if kind < 4:
        return f"\tat com.aurora.orders.OrderService.list(OrderService.java:{number})"
    fields = f'"http.response.status_code":201,"user":"u{number}"'
    message = f"POST /api/v1/orders 201 in {number % 97} ms"
    return f'{{"@timestamp":"2026-01-01T00:00:00Z","log.level":"INFO","message":"{message}",{fields}}}'


def timed(what: str, work: Callable[[], object]) -> None:
    started = time.process_time()
    work()
    print(f"{what:<44} {1000 * (time.process_time() - started):9.1f} ms")


def stepped(what: str, search: TailSearch) -> None:
    """Look at all lines as the tail does: in steps, between which the keys have their turn."""
    worst, steps, started = 0.0, 0, time.process_time()
    while search.left:
        begun = time.process_time()
        search.take(search.step)
        worst = max(worst, time.process_time() - begun)
        steps += 1
    whole = 1000 * (time.process_time() - started)
    print(f"{what:<44} {whole:9.1f} ms   longest step {1000 * worst:6.2f} ms of {steps}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.tail", description=__doc__)
    parser.add_argument("--lines", type=int, default=200_000)
    count = parser.parse_args().lines
    before = _memory()
    made = list(lines(count))
    characters = sum(len(line.text) for line in made)
    print(f"{count:,} lines, {characters / 1e6:.1f} MB of text, Python {platform.python_version()}")
    buffer = LogBuffer(capacity_lines=count)
    timed("appended", lambda: buffer.append(made))
    search = TailSearch(buffer)
    stepped("stack traces folded", search)
    print(f"{'memory of the lines and their blocks':<44} {_memory() - before:9.1f} MB")
    for text in SEARCHES:
        search.set_search(text, buffer.end)
        stepped(f"search {text}", search)
    search.set_search("")
    for length in range(2, len(TYPED) + 1):
        search.set_filter(TYPED[1:length], buffer.end)
        if length in (2, 4, 8, len(TYPED)):
            stepped(f"filter as typed {TYPED[:length]}", search)
    search.set_search("10.0.7", buffer.end)
    stepped("search within the filter", search)
    search.set_search("")
    search.set_filter("-level error", buffer.end)
    stepped("filter by level", search)
    search.set_filter("")
    search.want_errors(buffer.end)
    stepped("next error", search)
    search.want_templates()
    stepped("templates", search)
    return 0


def _memory() -> float:
    """What this process holds in memory now, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


if __name__ == "__main__":
    sys.exit(main())
