"""Twenty pods that write five hundred lines a second each: keys, CPU, and whether a line was lost in silence.

The log is opened while the workload has no pods yet, so that every line from the first on must come: in the end
as many as the pods have written are either held or counted as dropped on the screen.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.bench.bench import Bench
from tests.bench.console import Console
from tests.bench.figures import Budget, Figure, percentile
from tests.bench.rows import namespace
from tests.bench.server import Object, Server
from tests.bench.topics import Topic
from tests.bench.topics.churn import in_ms

NAMESPACE, NAME = "bench-logs", "chatty"
PODS, RATE = 20, 500
SECONDS = 60.0
KEYS = 100
_DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{NAME}"
_DROPPED = re.compile(r"([\d,]+) lines dropped")
_LINE = re.compile(rf"({NAME}-\S+) .*?\bn=(\d+)\b|({NAME}-\S+) .*\"n\": (\d+)")
_TIME = re.compile(r"\d\d:\d\d:\d\d")
SAVE, TIMES = "\x13", "t"


def measure(bench: Bench) -> Iterator[Figure]:
    server = Server(bench.target)
    with namespace(server, NAMESPACE), bench.console() as console:
        server.call("POST", _DEPLOYMENT.rpartition("/")[0], deployment())
        opened(console)
        scale(server, PODS)
        console.wait_for(NAME, 30)
        console.settle(5.0)
        cpu, begun = console.cpu_seconds(), time.monotonic()
        answers = [toggled(console) for _ in range(int(bench.scaled(KEYS)))]
        console.settle(max(bench.scaled(SECONDS) - (time.monotonic() - begun), 0.0))
        wall = time.monotonic() - begun
        used = (console.cpu_seconds() - cpu) / wall * 100
        waits = in_ms(answers)
        yield Figure("logs: key -> times shown or gone, p50", [percentile(waits, 0.5)], "ms")
        yield Figure("logs: key -> times shown or gone, p99", [percentile(waits, 0.99)], "ms", Budget(40, 20))
        yield Figure("logs: CPU of one core", [used], "%", Budget(60, 30), f"{PODS} pods x {RATE} lines/s")
        scale(server, 0)
        console.settle(4.0)
        held = saved(console, bench.home)
        counted = dropped(console.text()) + len(held)
        lost, written = abs(sum(last + 1 for last in last_of(held).values()) - counted) + gaps(held), counted
        yield Figure("logs: lines lost in silence", [float(lost)], "", Budget(0, 0), f"of {written:,}")


def opened(console: Console) -> None:
    """The logs of the workload, on the whole screen."""
    console.send(":deploy\r")
    console.wait_for("Deployments")
    console.send(f"/{NAME}\r")
    console.wait_for(lambda text: re.search(rf"{NAMESPACE}\s+{NAME}\s+0/0", text) is not None)
    console.settle(0.5)
    console.send("l")
    console.wait_for(f"Logs deployment/{NAME}")
    console.send("f")
    console.settle(1.0)


def toggled(console: Console) -> float | None:
    """Show the times of the lines, or hide them; seconds until the lines say so."""
    console.settle(0.1)
    middle = console.screen.lines // 2
    before = has_time(console, middle)
    return console.press(TIMES, lambda: has_time(console, middle) != before).painted


def has_time(console: Console, y: int) -> bool:
    return _TIME.search(console.line_at(y)[:40]) is not None


def saved(console: Console, home: Path) -> list[tuple[str, int]]:
    """What the tail holds, as the operator saves it: pod and number of each line."""
    console.send(SAVE)
    folder = home / "state"
    until = time.monotonic() + 30
    while True:
        console.settle(1.0)
        found = sorted(folder.glob("**/saved/*.log"))
        if found and found[-1].stat().st_size:
            console.settle(2.0)
            return numbered(found[-1].read_text(encoding="utf-8").splitlines())
        assert time.monotonic() < until, f"the log was not saved\n{console.text()}"


def numbered(lines: Iterable[str]) -> list[tuple[str, int]]:
    found = filter(None, map(_LINE.search, lines))
    return [(match[1] or match[3], int(match[2] or match[4])) for match in found]


def last_of(held: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The number of each pod's last line."""
    return dict(sorted(held))


def gaps(held: Iterable[tuple[str, int]]) -> int:
    """Lines that are missing, or there twice, between the first and the last that are held of each pod."""
    by_pod: dict[str, Counter[int]] = defaultdict(Counter)
    for pod, number in held:
        by_pod[pod][number] += 1
    return sum(
        abs(numbers[number] - 1) for numbers in by_pod.values() for number in range(min(numbers), max(numbers) + 1)
    )


def dropped(screen: str) -> int:
    """How many lines the screen says it dropped."""
    found = _DROPPED.search(screen)
    return int(found[1].replace(",", "")) if found else 0


def scale(server: Server, replicas: int) -> None:
    body = [{"op": "replace", "path": "/spec/replicas", "value": replicas}]
    server.patch(_DEPLOYMENT, body)


def deployment() -> Object:
    meta = {"labels": {"app": NAME}, "annotations": {"aurora.test/logs": json.dumps(RATE)}}
    template = {"metadata": meta, "spec": {"containers": [{"name": "main", "image": "aurora/load:1.0"}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": NAME}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NAME}, "spec": spec}


TOPIC = Topic("A log of 10,000 lines a second", 60, measure, runs=3)
