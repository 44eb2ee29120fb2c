"""The whole sandbox: every server on loopback, coupled by one clock, and the files that lead to it."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import yaml

from aurora_tui.sandbox.addresses import Addresses
from aurora_tui.sandbox.alertmanager import Alertmanager
from aurora_tui.sandbox.elasticsearch import ElasticsearchServer
from aurora_tui.sandbox.jaeger import JaegerServer
from aurora_tui.sandbox.kube.access import OPERATOR, USERS
from aurora_tui.sandbox.kube.sandbox import KubeSandbox
from aurora_tui.sandbox.podlog_documents import documents
from aurora_tui.sandbox.prometheus import PrometheusServer
from aurora_tui.sandbox.prometheus_json import SCRAPE_INTERVAL_S
from aurora_tui.sandbox.scenarios import DEFAULT, SCENARIOS
from aurora_tui.sandbox.simulation import Simulation
from aurora_tui.sandbox.traces import Trace, traces
from aurora_tui.sandbox.wire import LoopbackServer
from aurora_tui.settings import load_settings

CONTEXT = OPERATOR.context


class Sandbox:
    """The demo stack in the running event loop; `child.start_in_subprocess` gives it a process of its own.

    `scenario` is a name in `scenarios.SCENARIOS`; raises KeyError.  `interval` is the seconds between
    scrapes.  The files lie in a private folder that `stop` removes.
    """

    def __init__(
        self,
        scenario: str = DEFAULT,
        *,
        clock: Callable[[], float] = time.time,
        interval: float = SCRAPE_INTERVAL_S,
    ) -> None:
        self.scenario = SCENARIOS[scenario]
        settings = load_settings(environ={})
        window = f"{settings.sli_window.total_seconds():.0f}s"
        self.kube = KubeSandbox(self.scenario, clock=clock)
        self.simulation = Simulation(self.scenario, settings.alerts, window, clock, self.kube.world)
        self._clock = clock
        self._interval = interval
        self._folder: Path | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._alertmanager = Alertmanager(clock)
        self._elasticsearch = ElasticsearchServer(
            lambda since, until: documents(self.kube.pods(), self.kube.departed(), since, until, self.kube.ails), clock
        )
        self._servers = {
            name: LoopbackServer(app)
            for name, app in {
                "prometheus": PrometheusServer(
                    self.simulation.store, self.simulation.alerting, clock, self._traces
                ).app(),
                "alertmanager": self._alertmanager.app(),
                "elasticsearch": self._elasticsearch.app(),
                "jaeger": JaegerServer(self.kube.pods, self.simulation.backend_health, clock, self.kube.ails).app(),
            }.items()
        }

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig with `CONTEXT` and a context for each user who may do less; there while the sandbox runs."""
        return self._file("kubeconfig")

    @property
    def config(self) -> Path:
        """The user's settings: every context is production, and its sources are the sandbox's servers."""
        return self._file("config.yaml")

    async def start(self) -> Addresses:
        """Start every server, its past behind it.  Raises OSError; nothing runs then."""
        try:
            await self.kube.start()
            self.simulation.live_through_the_past()
            for server in self._servers.values():
                await server.start()
            self._notify()
            self._folder = Path(tempfile.mkdtemp(prefix="aurora-sandbox-"))
            self._write(self.kubeconfig, self.kube.kubeconfig())
            self._write(self.config, self._settings())
        except BaseException:
            await self.stop()
            raise
        self._ticking = asyncio.create_task(self._tick(), name="sandbox ticks")
        urls = {name: server.url for name, server in self._servers.items()}
        return Addresses(
            kubeconfig=str(self.kubeconfig), config=str(self.config), kubernetes=self.kube.url, context=CONTEXT, **urls
        )

    async def stop(self) -> None:
        """Stop every server and remove the files; harmless on one that does not run."""
        if self._ticking is not None:
            self._ticking.cancel()
            with suppress(asyncio.CancelledError):
                await self._ticking
            self._ticking = None
        for server in self._servers.values():
            await server.stop()
        await self.kube.stop()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def tick(self) -> None:
        """Let the time since the last tick pass for traffic, rules, alerts and logs."""
        self.simulation.tick()
        self._notify()
        self._elasticsearch.ingest()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            self.tick()

    def _notify(self) -> None:
        alerting, now = self.simulation.alerting, round(self._clock() * 1000)
        self._alertmanager.receive(alerting.postable(now, self._servers["prometheus"].url))

    def _traces(self, start: float, end: float) -> Iterator[Trace]:
        return traces(self.kube.pods(), start, min(end, self._clock()), self.simulation.backend_health, self.kube.ails)

    def _settings(self) -> str:
        environment = {
            "title": "PRODUCTION",
            "contexts": [user.context for user in USERS],
            "protected": True,
            "tone": "bad",
            "sources": {name: server.url for name, server in self._servers.items()},
        }
        return yaml.safe_dump({"environments": {"prod": environment}}, sort_keys=False)

    def _file(self, name: str) -> Path:
        if self._folder is None:
            raise RuntimeError("the sandbox has not been started")
        return self._folder / name

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.touch(mode=0o600)
        path.write_text(text)
