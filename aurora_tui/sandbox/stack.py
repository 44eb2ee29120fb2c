"""The whole sandbox: every server on loopback, coupled by one clock, and the files that lead to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aurora_tui.sandbox.alertmanager import Alertmanager
from aurora_tui.sandbox.elasticsearch import ElasticsearchServer
from aurora_tui.sandbox.jaeger import JaegerServer
from aurora_tui.sandbox.kube.sandbox import KubeSandbox
from aurora_tui.sandbox.podlog_documents import documents
from aurora_tui.sandbox.prometheus import PrometheusServer
from aurora_tui.sandbox.prometheus_json import SCRAPE_INTERVAL_S
from aurora_tui.sandbox.scenarios import DEFAULT, SCENARIOS
from aurora_tui.sandbox.simulation import Simulation
from aurora_tui.sandbox.wire import LoopbackServer
from aurora_tui.settings import load_settings

CONTEXT = "prod"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a started sandbox is: the files to give to the program, and each server's URL."""

    kubeconfig: str
    config: str
    kubernetes: str
    prometheus: str
    alertmanager: str
    elasticsearch: str
    jaeger: str


class Sandbox:
    """The demo stack in the running event loop; `start_in_subprocess` gives it a process of its own.

    `scenario` is a name in `scenarios.SCENARIOS`; raises KeyError.  `interval` is the seconds between
    scrapes.
    """

    def __init__(
        self,
        scenario: str = DEFAULT,
        *,
        clock: Callable[[], float] = time.time,
        interval: float = SCRAPE_INTERVAL_S,
    ) -> None:
        self.scenario = SCENARIOS[scenario]
        self._interval = interval
        self._folder: Path | None = None
        self._servers: dict[str, LoopbackServer] = {}
        self._ticking: asyncio.Task[None] | None = None
        settings = load_settings(environ={})
        window = f"{settings.sli_window.total_seconds():.0f}s"
        self.kube = KubeSandbox(self.scenario, clock=clock)
        self.simulation = Simulation(self.scenario, settings.alerts, window, clock, self.kube.replicas)
        self._alertmanager = Alertmanager(clock)
        self._elasticsearch = ElasticsearchServer(lambda since, until: documents(self.kube.pods(), since, until), clock)
        self._apps = {
            "prometheus": PrometheusServer(self.simulation.store, self.simulation.alerting, clock).app(),
            "alertmanager": self._alertmanager.app(),
            "elasticsearch": self._elasticsearch.app(),
            "jaeger": JaegerServer(self.simulation.backend_health, clock).app(),
        }
        self._clock = clock
