"""A real Prometheus that holds an outage of the last hours, its rules evaluated every second; and Sloth's rules."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from tests.live import binaries
from tests.live.probes import answers, fetch
from tests.live.processes import Processes, free_ports

SLOTH = Path(__file__).with_name("sloth")
STEP = 30
"""Seconds between two samples."""
HOURS = 8
READY_SECONDS = 60.0

Failed = Callable[[int], float]
"""The share of requests that fail, by minutes before the end of the history."""


@dataclass(frozen=True)
class Load:
    """The requests of one instance of a job: `rate` a second by minutes before the end, of which some fail."""

    job: str
    rate: Callable[[int], float]
    failed: Failed = lambda _: 0.0
    instance: str = "a"


@dataclass
class Server:
    """A running Prometheus."""

    url: str
    children: Processes = field(repr=False)

    def value(self, promql: str) -> float | None:
        """The value of an instant query, None where it is empty."""
        answer = fetch(f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': promql})}")
        result = answer["data"]["result"]
        return float(result[0]["value"][1]) if result else None

    def firing(self) -> list[Mapping[str, str]]:
        """The labels of what fires now."""
        alerts = fetch(f"{self.url}/api/v1/alerts")["data"]["alerts"]
        return [alert["labels"] for alert in alerts if alert["state"] == "firing"]

    def evaluate(self) -> None:
        """Wait until what is recorded of shares that are recorded has been looked at by the alerts: four rounds."""
        for _ in range(4):
            self.children.wait_until(partial(self._evaluated, time.time()), "the rules", READY_SECONDS)

    def _evaluated(self, since: float) -> bool:
        groups = fetch(f"{self.url}/api/v1/rules")["data"]["groups"]
        ends = [datetime.fromisoformat(group["lastEvaluation"]).timestamp() for group in groups]
        bad = [rule["lastError"] for group in groups for rule in group["rules"] if rule.get("lastError")]
        assert not bad, bad
        return bool(ends) and min(ends) > since


def samples(loads: Sequence[Load], end: int) -> Iterator[str]:
    """The counters of the loads in the OpenMetrics format, up to a time in seconds since the epoch."""
    yield "# TYPE requests counter"
    for load in loads:
        counts = {"200": 0.0, "500": 0.0}
        for stamp in range(end - HOURS * 3600, end + 1, STEP):
            before = (end - stamp) // 60
            requests = load.rate(before) * STEP
            bad = requests * load.failed(before)
            counts["200"] += requests - bad
            counts["500"] += bad
            for code, count in counts.items():
                labels = f'job="{load.job}",instance="{load.instance}",code="{code}"'
                yield f"requests_total{{{labels}}} {count:.6f} {stamp}"
    yield "# EOF"


@contextlib.contextmanager
def replayed(folder: Path, loads: Sequence[Load], rules: Sequence[Path] = (), *extra: str) -> Iterator[Server]:
    """A Prometheus that holds the loads until now, with these rule files, their groups evaluated every second.

    `extra` are options of its command line.
    """
    tools = binaries.monitoring()
    text, data = folder / "samples", folder / "data"
    text.write_text("\n".join(samples(loads, int(time.time()))) + "\n")
    subprocess.run([tools["promtool"], "tsdb", "create-blocks-from", "openmetrics", "-q", text, data], check=True)
    for file in rules:
        document = yaml.safe_load(file.read_text())
        for group in document["groups"]:
            group["interval"] = "1s"
        file.write_text(yaml.safe_dump(document, sort_keys=False))
    config: dict[str, Any] = {"global": {"evaluation_interval": "1s"}, "rule_files": [str(file) for file in rules]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    (port,) = free_ports(1)
    children = Processes(folder / "logs")
    options = [
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={data}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
        *extra,
    ]
    try:
        child = children.start("prometheus", [tools["prometheus"], *options])
        server = Server(f"http://127.0.0.1:{port}", children)
        children.wait_until(lambda: answers(f"{server.url}/-/ready"), "Prometheus", READY_SECONDS, child)
        if rules:
            server.evaluate()
        yield server
    finally:
        children.stop()


def sloth(specification: Path, rules: Path) -> None:
    """Let Sloth make its rules; the first build takes some minutes."""
    folder = binaries.built(SLOTH, "sloth", _build_sloth)
    command = [str(folder / "sloth"), "generate", "-i", str(specification), "-o", str(rules)]
    subprocess.run(command, check=True, capture_output=True)


def _build_sloth(folder: Path) -> None:
    print("building Sloth (once, some minutes) ...", file=sys.stderr, flush=True)
    unfinished = folder / "sloth.part"
    flags = ("-trimpath", "-buildvcs=false", "-ldflags", "-s -w")
    binaries.go_run(SLOTH, "build", *flags, "-o", str(unfinished), "github.com/slok/sloth/cmd/sloth")
    unfinished.rename(folder / "sloth")
