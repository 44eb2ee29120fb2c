"""A demo scenario in this process under a clock that the test moves, asked and acted on through the real clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from aurora_tui.actions import ActionPath
from aurora_tui.cluster import resources
from aurora_tui.cluster.kubeconfig import choose
from aurora_tui.cluster.kubernetes import KubernetesCluster
from aurora_tui.cluster.protocol import LogRequest
from aurora_tui.journal import Journal
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.actions import Outcome, Params, Verb
from aurora_tui.model.tracequery import TraceQuery
from aurora_tui.model.traces import Trace
from aurora_tui.sandbox.addresses import Addresses
from aurora_tui.sandbox.stack import Sandbox
from aurora_tui.signals.alertmanager import AlertmanagerClient
from aurora_tui.signals.elasticsearch import ElasticClient
from aurora_tui.signals.errors import SignalError, Trouble
from aurora_tui.signals.jaeger import JaegerClient
from aurora_tui.signals.prometheus import PrometheusClient

NOW = 1_800_000_000.0
NAMESPACE = "aurora"
BACKEND, FRONTEND, KEYCLOAK, POSTGRES = "aurora-backend", "aurora-frontend", "aurora-keycloak", "aurora-postgres"
_STEP = 5.0
_ATTEMPTS = 8
NOTHING: Params = MappingProxyType({})
Json = dict[str, Any]


class Scene:
    """The objects are raw JSON, as the API gives them."""

    def __init__(self, sandbox: Sandbox, addresses: Addresses, clock: list[float], folder: Path) -> None:
        self._sandbox = sandbox
        self._clock = clock
        self.cluster = KubernetesCluster(choose(addresses.context, addresses.kubeconfig))
        self.prometheus = PrometheusClient(HttpAccess(addresses.prometheus))
        self.alertmanager = AlertmanagerClient(HttpAccess(addresses.alertmanager))
        self.elasticsearch = ElasticClient(HttpAccess(addresses.elasticsearch))
        self.jaeger = JaegerClient(HttpAccess(addresses.jaeger))
        self.path = ActionPath(
            self.cluster, Journal(folder), protected=True, read_only=False, clock=lambda: clock[0], sleep=self.sleep
        )

    @property
    def now(self) -> float:
        return self._clock[0]

    async def sleep(self, seconds: float) -> None:
        self.pass_time(max(seconds, 1.0))

    def pass_time(self, seconds: float) -> None:
        """Let the stack live on."""
        end = self.now + seconds
        while self.now < end:
            for _ in range(10):
                self._clock[0] += _STEP / 10
                self._sandbox.kube.step()
            self._sandbox.tick()

    async def recovers(self, job: str = BACKEND, *, within: float = 900.0) -> None:
        """Let time pass until hardly a request of the job fails, and nothing fires; or fail."""
        end = self.now + within
        while await self.errors(job) > 0.005 or await self.firing():
            assert self.now < end, (await self.errors(job), await self.firing())
            self.pass_time(30)

    async def query(self, promql: str) -> list[tuple[Mapping[str, str], float]]:
        return [(point.labels, point.value) for point in await self.prometheus.instant(promql, self.now)]

    async def value(self, promql: str) -> float:
        """The one value of a query."""
        ((_, value),) = await self.query(promql)
        return value

    async def errors(self, job: str = BACKEND, span: str = "1m") -> float:
        """The share of the job's requests that fail."""
        failed = f'sum(rate(http_requests_total{{job="{job}",code=~"5.."}}[{span}]))'
        return await self.value(f'{failed} / sum(rate(http_requests_total{{job="{job}"}}[{span}]))')

    async def slowest(self, job: str = BACKEND, span: str = "1m") -> float:
        """The 95th percentile of the job's answers, in seconds."""
        buckets = f'sum by (le) (rate(http_request_duration_seconds_bucket{{job="{job}"}}[{span}]))'
        return await self.value(f"histogram_quantile(0.95, {buckets})")

    async def firing(self) -> dict[tuple[str, str], float]:
        """Alert and job -> seconds since it fires, of those that Alertmanager has."""
        return {
            (alert.labels["alertname"], alert.labels["job"]): self.ago(alert.starts_at)
            for alert in await self.alertmanager.alerts()
        }

    def ago(self, moment: str) -> float:
        """Seconds since a time as the APIs give them."""
        return self.now - datetime.fromisoformat(moment).timestamp()

    async def get(self, kind: str, name: str) -> Json:
        resource = resources.find(kind)
        assert resource is not None
        return await self.cluster.get(resource, NAMESPACE if resource.namespaced else None, name)

    async def pods(self, app: str) -> Sequence[Json]:
        return await self.cluster.list(resources.PODS, NAMESPACE, labels=f"app={app}")

    async def containers(self, app: str) -> list[Json]:
        """The statuses of the app's first containers."""
        return [pod["status"]["containerStatuses"][0] for pod in await self.pods(app)]

    async def events(self, name: str = "", reason: str = "") -> list[Json]:
        """Events about objects whose name begins so."""
        events = await self.cluster.list(resources.EVENTS, NAMESPACE)
        return [
            each
            for each in events
            if each["involvedObject"]["name"].startswith(name) and reason in ("", each["reason"])
        ]

    async def log(self, pod: str, *, previous: bool = False, tail: int = 200) -> str:
        found = await self.cluster.get(resources.PODS, NAMESPACE, pod)
        container = found["spec"]["containers"][0]["name"]
        request = LogRequest(NAMESPACE, pod, container, previous=previous, tail=tail)
        return "\n".join([line.decode() async for line in self.cluster.logs(request)])

    async def logs(self, app: str) -> str:
        """The newest lines of all the app's pods."""
        return "\n".join([await self.log(pod["metadata"]["name"]) for pod in await self.pods(app)])

    async def documents(self, words: str) -> list[Json]:
        """Log documents whose message has these words."""
        body = {"size": 20, "query": {"match_phrase": {"message": {"query": words}}}}
        for _ in range(_ATTEMPTS):  # the first to ask waits for half an hour of lines to be indexed
            try:
                answer = await self.elasticsearch.search("logs-*", body)
            except SignalError as error:
                if error.trouble is not Trouble.SLOW:
                    raise
            else:
                return [hit.source or {} for hit in answer.hits]
        raise AssertionError("the documents could not be asked for")

    async def traces(self, service: str = BACKEND, **more: Any) -> list[Trace]:
        return await self.jaeger.find(TraceQuery(service, self.now - 300, self.now, **more))

    async def act(self, verb: Verb, kind: str, name: str, params: Params = NOTHING, *, follow: bool = True) -> None:
        """Plan an action and carry it out as an operator who confirms it, and follow it to its end."""
        resource = resources.find(kind)
        assert resource is not None
        plan = await self.path.plan(verb, resource, NAMESPACE if resource.namespaced else "", name, params)
        record = await self.path.execute(plan, confirmed_context=self.cluster.context, reason="told by the test")
        assert record.outcome is Outcome.DONE, record.message
        if follow:
            async for _ in self.path.verify(record):
                pass

    async def close(self) -> None:
        await self.jaeger.close()
        self.prometheus.close()
        await self.elasticsearch.close()
        await self.alertmanager.close()
        await self.cluster.close()
        await self._sandbox.stop()


@asynccontextmanager
async def scene(name: str, folder: Path) -> AsyncIterator[Scene]:
    """The stack of a scenario, its past behind it."""
    clock = [NOW]
    sandbox = Sandbox(name, clock=lambda: clock[0], interval=86_400.0)
    found = Scene(sandbox, await sandbox.start(), clock, folder)
    try:
        yield found
    finally:
        await found.close()
