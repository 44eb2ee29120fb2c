"""A Prometheus that scrapes a latency histogram with exemplars, in the OpenMetrics format that carries them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

from tests.live import binaries
from tests.live.probes import answers, fetch
from tests.live.processes import Processes, free_ports

JOB = "aurora-backend"
BUCKETS = (0.5, 1.0, 2.5, 5.0)
READY_SECONDS = 60
_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@dataclass
class Measured:
    """The running Prometheus; what it is to find is told with `observe`."""

    url: str
    observations: list[tuple[float, str]] = field(default_factory=list)

    def observe(self, seconds: float, trace: str) -> None:
        """A request that took so long, and its trace."""
        self.observations.append((seconds, trace))

    def metrics(self) -> str:
        """The histogram; each bucket carries the newest observation that fell into it."""
        name = "http_request_duration_seconds"
        lines = [f"# TYPE {name} histogram"]
        for low, high in zip((0.0, *BUCKETS), (*BUCKETS, float("inf")), strict=True):
            count = sum(seconds <= high for seconds, _ in self.observations)
            inside = [each for each in self.observations if low < each[0] <= high]
            exemplar = f' # {{trace_id="{inside[-1][1]}"}} {inside[-1][0]}' if inside else ""
            bound = "+Inf" if high == float("inf") else f"{high:.1f}"
            lines.append(f'{name}_bucket{{le="{bound}"}} {count}{exemplar}')
        lines.append(f"{name}_sum {sum(seconds for seconds, _ in self.observations)}")
        lines.append(f"{name}_count {len(self.observations)}")
        return "\n".join([*lines, "# EOF", ""])

    def is_scraped(self) -> bool:
        """Whether Prometheus has seen every observation."""
        query = "http_request_duration_seconds_count"
        found = fetch(f"{self.url}/api/v1/query?query={query}")
        result = found["data"]["result"] if found else []
        return bool(result) and float(result[0]["value"][1]) == len(self.observations)


@contextlib.contextmanager
def measured(folder: Path, *, exemplars: bool) -> Iterator[Measured]:
    """Prometheus and its exporter on free ports of the loopback until the end."""
    (port,) = free_ports(1)
    found = Measured(f"http://127.0.0.1:{port}")

    class Exporter(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = found.metrics().encode()
            self.send_response(200)
            self.send_header("Content-Type", _TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: a scrape each second is no news."""

    exporter = ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
    threading.Thread(target=exporter.serve_forever, daemon=True).start()
    main = folder / "prometheus.yml"
    job = {"job_name": JOB, "static_configs": [{"targets": [f"127.0.0.1:{exporter.server_port}"]}]}
    main.write_text(
        yaml.safe_dump({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [job]})
    )
    children = Processes(folder)
    command = [
        binaries.monitoring()["prometheus"],
        f"--config.file={main}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        *(["--enable-feature=exemplar-storage"] if exemplars else []),
    ]
    try:
        child = children.start("prometheus", command)
        children.wait_until(lambda: answers(f"{found.url}/-/ready"), "Prometheus", READY_SECONDS, child)
        yield found
    finally:
        children.stop()
        exporter.shutdown()
        exporter.server_close()
