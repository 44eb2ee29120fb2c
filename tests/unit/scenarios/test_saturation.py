"""Saturation: more requests than the replicas can take, seen through the clients, and scaled out."""

from __future__ import annotations

from aurora_tui.cluster.resources import HPAS, POD_METRICS
from aurora_tui.model.actions import Verb
from tests.unit.scenarios.scene import BACKEND, NAMESPACE, Scene

NAME = "saturation"
THROTTLED = (
    'min(rate(container_cpu_cfs_throttled_periods_total{container="backend"}[5m])'
    ' / rate(container_cpu_cfs_periods_total{container="backend"}[5m]))'
)
REQUESTS = 'sum(rate(http_requests_total{job="aurora-backend"}[5m]))'


async def symptoms(stack: Scene) -> dict[str, bool]:
    throttled = await stack.query(THROTTLED)
    metrics = await stack.cluster.list(POD_METRICS, NAMESPACE)
    used = [
        int(each["containers"][0]["usage"]["cpu"].removesuffix("n"))
        for each in metrics
        if BACKEND in each["metadata"]["name"]
    ]
    autoscalers = [each["metadata"]["name"] for each in await stack.cluster.list(HPAS, NAMESPACE)]
    before = await stack.value(REQUESTS.replace("[5m]", "[5m] offset 15m"))
    return {
        "alert": ("HighErrorRate", BACKEND) in await stack.firing(),
        "refused": await stack.value('sum(rate(http_requests_total{job="aurora-backend",code="503"}[5m]))') > 20,
        "twice the requests": await stack.value(REQUESTS) > 1.7 * before,
        "throttled": bool(throttled) and throttled[0][1] > 0.05,
        "at the limit": min(used) >= 370e6,
        "no autoscaler": BACKEND not in autoscalers,
        "told in the logs": "worker queue is full" in await stack.logs(BACKEND),
        "told in documents": bool(await stack.documents("worker queue is full")),
        "refused in traces": any(len(trace.spans) == 2 for trace in await stack.traces(failed=True)),
    }


async def test_what_an_operator_sees(stack: Scene) -> None:
    assert {words for words, there in (await symptoms(stack)).items() if not there} == set()


async def test_a_healthy_stack_shows_nothing_of_it(healthy: Scene) -> None:
    assert {words for words, there in (await symptoms(healthy)).items() if there} == set()


async def test_nothing_else_has_changed(stack: Scene) -> None:
    statuses = await stack.containers(BACKEND)

    assert [each["restartCount"] for each in statuses] == [0] * 3 and all(each["ready"] for each in statuses)


async def test_scaling_out_mends_it(stack: Scene) -> None:
    await stack.act(Verb.SCALE, "deployment", BACKEND, {"replicas": 6})

    await stack.recovers()
    assert len(await stack.pods(BACKEND)) == 6
    assert await stack.value(THROTTLED.replace("5m", "1m")) == 0


async def test_rolling_back_does_not(stack: Scene) -> None:
    await stack.act(Verb.UNDO, "deployment", BACKEND)
    stack.pass_time(300)

    assert ("HighErrorRate", BACKEND) in await stack.firing()
