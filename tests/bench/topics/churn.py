"""Two hundred pods change a second: what that costs, what a key waits, when a change is seen."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator

from tests.bench.bench import Bench
from tests.bench.churn import PREFIX, Running, churning
from tests.bench.console import Answered, Console
from tests.bench.figures import Budget, Figure, percentile
from tests.bench.podsgrid import PodsGrid
from tests.bench.server import Server
from tests.bench.topics import Topic

KEYS = 120
MARKERS = 40
STEADY = 20.0


def measure(bench: Bench) -> Iterator[Figure]:
    with bench.console() as console, churning(bench.target, bench.rate) as running:
        console.settle(5.0)
        begun = time.monotonic()
        yield from steady(console, running, bench.scaled(STEADY), bench.rate)
        yield from keys(console, int(bench.scaled(KEYS)))
        yield from markers(console, Server(bench.target), int(bench.scaled(MARKERS)))
        yield Figure("churn: changes that the server took", [running.rate_since(begun)], "/s")
        yield Figure("churn: the server's answer to a change, p95", [running.answer_since(begun)], "ms")


def steady(console: Console, running: Running, seconds: float, asked: float) -> Iterator[Figure]:
    """What the program does when nobody touches a key."""
    cpu, size, begun = console.cpu_seconds(), len(console.raw), time.monotonic()
    console.settle(seconds)
    wall = time.monotonic() - begun
    used = (console.cpu_seconds() - cpu) / wall * 100
    rate = running.rate_since(begun)
    yield Figure("churn: CPU of one core", [at_rate(used, rate, asked)], "%", Budget(12, 5), told(used, rate, asked))
    yield Figure("churn: bytes to the terminal", [(len(console.raw) - size) / wall], "B/s", Budget(3000, 1000))


def at_rate(used: float, rate: float, asked: float) -> float:
    """CPU at the rate that was asked for: where the machine gave less, all of it is taken to grow with the rate."""
    return used * max(asked / rate, 1.0)


def told(used: float, rate: float, asked: float) -> str:
    if rate > 0.95 * asked:
        return f"at {rate:.0f} changes/s"
    return f"{used:.1f} % at {rate:.0f} changes/s, scaled: the machine gave no more"


def keys(console: Console, count: int) -> Iterator[Figure]:
    grid = PodsGrid(console)
    answers = []
    for _ in range(count):
        grid.pause()
        answers.append(grid.step())
    first, painted = in_ms([each.first for each in answers]), in_ms([each.painted for each in answers])
    yield Figure("churn: key -> first byte, p50", [percentile(first, 0.5)], "ms", Budget(8, 4))
    yield Figure("churn: key -> first byte, p99", [percentile(first, 0.99)], "ms", Budget(30, 16))
    yield Figure("churn: key -> cursor on the next row, p50", [percentile(painted, 0.5)], "ms")
    yield Figure("churn: key -> cursor on the next row, p99", [percentile(painted, 0.99)], "ms")


def markers(console: Console, server: Server, count: int) -> Iterator[Figure]:
    """Change what the status of a visible pod says, and wait until the screen says it."""
    grid = PodsGrid(console)
    mine = [y for y in grid.rows if grid.namespace(y).startswith(PREFIX)]
    if not mine:
        return
    painted = []
    for number in range(count):
        console.settle(random.uniform(0.1, 0.4))
        y = random.choice(mine)
        path = f"/api/v1/namespaces/{grid.namespace(y)}/pods/{grid.name(y)}/status"
        painted.append(marked(console, server, path, y, f"Mark{number:03}").painted)
        server.patch(path, [{"op": "remove", "path": "/status/reason"}])
    name = "churn: change at the server -> painted, "
    yield Figure(f"{name}p50", [percentile(in_ms(painted), 0.5)], "ms")
    yield Figure(f"{name}p95", [percentile(in_ms(painted), 0.95)], "ms", Budget(200, 120))


def marked(console: Console, server: Server, path: str, y: int, word: str) -> Answered:
    """From the moment that the server answered the change. What is seen before its answer counts as at once."""
    answered: list[float] = []

    def change() -> None:
        server.patch(path, [{"op": "add", "path": "/status/reason", "value": word}])
        answered.append(time.monotonic())

    thread = threading.Thread(target=change)
    begun = time.monotonic()
    thread.start()

    def since() -> float:
        thread.join()
        return answered[0] if answered else begun

    return console.await_paint(begun, lambda: word in console.line_at(y), since=since)


def in_ms(seconds: list[float | None]) -> list[float]:
    """What never came counts as for ever."""
    return [float("inf") if each is None else 1000 * each for each in seconds]


TOPIC = Topic("200 pod changes a second", 20, measure)
