"""A real Jaeger for the live tests: built from a Go module once, its traces in memory, fed by OTLP over HTTP."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.live import binaries
from tests.live.probes import answers, listens, post
from tests.live.processes import Processes, free_ports

MODULE = Path(__file__).with_name("jaegertracing")
READY_SECONDS = 60
MAX_TRACES = 5000


def program() -> Path:
    """The program `jaeger`; the first build takes some minutes on two cores."""
    return binaries.built(MODULE, "jaeger", _build) / "jaeger"


def _build(folder: Path) -> None:
    print("building Jaeger (once, some minutes) ...", file=sys.stderr, flush=True)
    began = time.monotonic()
    unfinished = folder / "part"
    flags = ("-trimpath", "-buildvcs=false", "-ldflags", "-s -w")
    tool = "github.com/jaegertracing/jaeger/cmd/jaeger"
    binaries.go_run(MODULE, "build", *flags, "-o", str(unfinished), tool)
    unfinished.rename(folder / "jaeger")
    print(f"built in {time.monotonic() - began:.0f} s: {folder}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Jaeger:
    """Where a running Jaeger answers, and where it takes spans."""

    url: str
    otlp: str

    def send(self, resource_spans: Sequence[object]) -> None:
        """Send spans as an exporter does (https://opentelemetry.io/docs/specs/otlp/#otlphttp, JSON)."""
        post(f"{self.otlp}/v1/traces", {"resourceSpans": list(resource_spans)})


def _configuration(query: int, query_grpc: int, otlp: int, health: int) -> dict[str, object]:
    return {
        "service": {
            "extensions": ["jaeger_storage", "jaeger_query", "healthcheckv2"],
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}},
            "telemetry": {"metrics": {"level": "none"}},
        },
        "extensions": {
            "healthcheckv2": {"use_v2": True, "http": {"endpoint": f"127.0.0.1:{health}"}},
            "jaeger_query": {
                "storage": {"traces": "memory"},
                "max_clock_skew_adjust": "0s",
                "http": {"endpoint": f"127.0.0.1:{query}"},
                "grpc": {"endpoint": f"127.0.0.1:{query_grpc}"},
            },
            "jaeger_storage": {"backends": {"memory": {"memory": {"max_traces": MAX_TRACES}}}},
        },
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{otlp}"}}}},
        "exporters": {"jaeger_storage_exporter": {"trace_storage": "memory"}},
    }


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Jaeger]:
    """Jaeger on free ports of the loopback until the end."""
    query, query_grpc, otlp, health = free_ports(4)
    main = folder / "jaeger.yaml"
    main.write_text(yaml.safe_dump(_configuration(query, query_grpc, otlp, health), sort_keys=False))
    children = Processes(folder)
    jaeger = Jaeger(f"http://127.0.0.1:{query}", f"http://127.0.0.1:{otlp}")
    try:
        child = children.start("jaeger", [str(program()), f"--config={main}"])
        # Questions are answered some time before spans are taken.
        children.wait_until(
            lambda: answers(f"{jaeger.url}/api/v3/services") and listens(otlp), "Jaeger", READY_SECONDS, child
        )
        yield jaeger
    finally:
        children.stop()
