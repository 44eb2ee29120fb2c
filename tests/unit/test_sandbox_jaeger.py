"""The sandbox's Jaeger: its traces are the requests that its pods' logs tell of, and both of its APIs tell the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from aurora_tui.model.access import HttpAccess
from aurora_tui.model.exemplars import exemplar_query
from aurora_tui.model.tracequery import TraceQuery
from aurora_tui.model.traces import Trace
from aurora_tui.sandbox.addresses import Addresses
from aurora_tui.sandbox.podlog_documents import documents
from aurora_tui.sandbox.stack import Sandbox
from aurora_tui.settings import load_settings
from aurora_tui.signals.errors import SignalError
from aurora_tui.signals.jaeger import JaegerClient, TraceNotFoundError
from aurora_tui.signals.prometheus import PrometheusClient

NOW = 1_795_714_500.0


@dataclass
class World:
    sandbox: Sandbox
    addresses: Addresses
    three: JaegerClient
    one: JaegerClient

    async def find(self, service: str = "aurora-backend", **more: object) -> list[Trace]:
        query = TraceQuery(service, NOW - 600, NOW, **more)  # type: ignore[arg-type]
        found = await self.three.find(query)
        assert found == await self.one.find(query)
        return found


@pytest.fixture
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    sandbox = Sandbox(getattr(request, "param", "bad-release"), clock=lambda: NOW)
    addresses = await sandbox.start()
    access = HttpAccess(addresses.jaeger)
    async with JaegerClient(access) as three, JaegerClient(access) as one:
        one._version = 1
        yield World(sandbox, addresses, three, one)
    await sandbox.stop()


async def test_both_apis_tell_the_same(world: World) -> None:
    trace = (await world.find())[0]

    assert await world.three.trace(trace.id) == await world.one.trace(trace.id) == trace
    assert await world.three.services() == await world.one.services()
    for service in await world.three.services():
        assert await world.three.operations(service) == await world.one.operations(service)
    assert {span.service for span in trace.spans} == set(await world.three.services())


async def test_a_request_is_the_one_that_a_line_of_its_pod_tells_of(world: World) -> None:
    pods = {pod["metadata"]["name"] for pod in world.sandbox.kube.pods()}
    lines = {
        each["trace"]["id"]: each
        for each in documents(world.sandbox.kube.pods(), (), NOW - 600, NOW)
        if "trace" in each
    }
    found = await world.find(failed=True)

    assert len(found) == 100
    for trace in found:
        (span,) = [span for span in trace.spans if span.service == "aurora-backend"]
        line = lines[trace.id]
        assert dict(span.process)["k8s.pod.name"] == line["kubernetes"]["pod"]["name"]
        assert dict(span.tags)["http.response.status_code"] == str(line["http"]["response"]["status_code"]) == "500"
        assert all(dict(each.process)["k8s.pod.name"] in pods for each in trace.spans)


async def test_during_the_bad_release_requests_fail_at_the_database_and_take_long(world: World) -> None:
    failed, every = await world.find(failed=True), await world.find()

    assert all(any(span.failed and span.service == "aurora-postgres" for span in trace.spans) for trace in failed)
    assert max(trace.duration for trace in failed) > 1e9
    assert 10 < sum(any(span.failed for span in trace.spans) for trace in every) < 60
    assert all(any(span.failed for span in trace.spans) for trace in await world.find(shortest=0.5))


@pytest.mark.parametrize("world", ["healthy"], indirect=True)
async def test_without_a_bad_release_nothing_fails(world: World) -> None:
    assert len(await world.find()) == 100
    assert await world.find(failed=True) == []


async def test_what_is_not_there_and_what_is_wrong_are_told_as_jaeger_tells_them(world: World) -> None:
    assert await world.find("nosuch") == []
    for client in (world.three, world.one):
        with pytest.raises(TraceNotFoundError):
            await client.trace("1" * 32)
    with pytest.raises(SignalError, match="refuses it"):
        await world.one.find(TraceQuery("", NOW - 60, NOW))


async def test_exemplars_name_the_slowest_of_them(world: World) -> None:
    backend = next(each for each in load_settings(environ={}).services if each.name == "backend")
    query = exemplar_query(backend)
    assert query is not None
    client = PrometheusClient(HttpAccess(world.addresses.prometheus))

    found = await client.exemplars(query, NOW - 600, NOW)
    none = await client.exemplars('rate(http_request_duration_seconds_bucket{job="other"}[5m])', NOW - 600, NOW)
    client.close()

    assert len(found) == 10 and none == []
    for each in found:
        trace = await world.three.trace(each.trace)
        assert max(span.duration for span in trace.spans if span.service == "aurora-backend") / 1e9 == each.value
