"""Starts pairs of real Alertmanagers: two of one cluster, or two that know nothing of each other."""

from __future__ import annotations

import contextlib
import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from tests.live import binaries
from tests.live.probes import answers, fetch
from tests.live.processes import Child, Processes, free_ports

_ROUTE = {"receiver": "oncall", "group_by": ["alertname", "job"], "group_wait": "0s", "group_interval": "1s"}
_INHIBIT = [{"source_matchers": ["severity=critical"], "target_matchers": ["severity=warning"], "equal": ["job"]}]
READY_SECONDS = 60


@dataclass
class Pair:
    """Two Alertmanagers, by their addresses."""

    urls: list[str]
    children: list[Child]

    def fire(self, *labels: Mapping[str, str], at: int | None = None, **more: Any) -> None:
        """Let alerts fire in both, as Prometheus sends each to all it knows; or in one of them."""
        ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        self._post([{"labels": dict(each), "endsAt": ends, **more} for each in labels], at)

    def end(self, *labels: Mapping[str, str]) -> None:
        self._post([{"labels": dict(each), "endsAt": datetime.now(UTC).isoformat()} for each in labels], None)

    def silences(self, at: int) -> list[Any]:
        """Those that are active in one of them."""
        found: list[Any] = fetch(f"{self.urls[at]}/api/v2/silences")
        return [each for each in found if each["status"]["state"] == "active"]

    def state(self, at: int, name: str) -> str:
        """What amtool says of an alert there."""
        words = ["alert", "query", "--silenced", "--inhibited", "--active", "-o", "json", f"alertname={name}"]
        command = ["amtool", f"--alertmanager.url={self.urls[at]}", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return ", ".join(each["status"]["state"] for each in json.loads(done.stdout))

    def kill(self, at: int) -> None:
        self.children[at].process.kill()
        self.children[at].process.wait()

    def _post(self, alerts: list[dict[str, Any]], at: int | None) -> None:
        for url in self.urls if at is None else [self.urls[at]]:
            headers = {"Content-Type": "application/json"}
            request = urllib.request.Request(f"{url}/api/v2/alerts", json.dumps(alerts).encode(), headers)
            with contextlib.suppress(urllib.error.URLError):  # the dead one of the two hears nothing
                urllib.request.urlopen(request).close()


@contextlib.contextmanager
def pair(folder: Path, *, clustered: bool) -> Iterator[Pair]:
    """Both of them, ready, and where they are of one cluster known to each other; stopped in the end."""
    program = binaries.monitoring()["prometheus-alertmanager"]
    main = folder / "alertmanager.yml"
    document = {"route": _ROUTE, "receivers": [{"name": "oncall"}], "inhibit_rules": _INHIBIT}
    main.write_text(yaml.safe_dump(document, sort_keys=False))
    *ports, gossip, other = free_ports(4)
    processes = Processes(folder / "logs")
    try:
        for number, (port, own, peer) in enumerate(zip(ports, (gossip, other), (other, gossip), strict=True)):
            address = f"127.0.0.1:{own}"
            cluster = [
                f"--cluster.listen-address={address}",
                f"--cluster.advertise-address={address}",
                f"--cluster.peer=127.0.0.1:{peer}",
                "--cluster.gossip-interval=50ms",
            ]
            processes.start(
                f"alertmanager-{number}",
                [
                    program,
                    f"--config.file={main}",
                    f"--storage.path={folder / str(number)}",
                    f"--web.listen-address=127.0.0.1:{port}",
                    "--log.level=warn",
                    *(cluster if clustered else ["--cluster.listen-address="]),
                ],
            )
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        processes.wait_until(lambda: all(answers(f"{url}/-/ready") for url in urls), "Alertmanagers", READY_SECONDS)
        if clustered:
            processes.wait_until(lambda: all(_peers(url) == 2 for url in urls), "the cluster", READY_SECONDS)
        yield Pair(urls, list(processes.children()))
    finally:
        processes.stop()


def _peers(url: str) -> int:
    status = fetch(f"{url}/api/v2/status")
    return len(status["cluster"]["peers"]) if status else 0


@contextlib.contextmanager
def prometheus(folder: Path, alertmanagers: Pair, rules: list[dict[str, Any]]) -> Iterator[str]:
    """The address of a Prometheus that has these rules, sends to both and adds a label of its own."""
    [port] = free_ports(1)
    targets = [url.removeprefix("http://") for url in alertmanagers.urls]
    group = {"name": "tests", "interval": "1s", "rules": rules}
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": [group]}))
    main = folder / "prometheus.yml"
    document = {
        "global": {"external_labels": {"cluster": "live"}},
        "rule_files": ["rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": targets}]}]},
    }
    main.write_text(yaml.safe_dump(document))
    processes = Processes(folder / "logs")
    try:
        processes.start(
            "prometheus",
            [
                binaries.monitoring()["prometheus"],
                f"--config.file={main}",
                f"--storage.tsdb.path={folder / 'prometheus'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--rules.alert.resend-delay=15s",
                "--log.level=warn",
            ],
        )
        url = f"http://127.0.0.1:{port}"
        processes.wait_until(lambda: answers(f"{url}/-/ready"), "Prometheus", READY_SECONDS)
        yield url
    finally:
        processes.stop()
