"""A noisy neighbour: a batch job takes the CPU of the backend's node; seen through the clients, and suspended."""

from __future__ import annotations

from aurora_tui.cluster.resources import CRONJOBS, Resource
from aurora_tui.model.actions import Verb
from tests.unit.scenarios.scene import BACKEND, NAMESPACE, Scene

NAME = "noisy-neighbour"
REPORTS = "aurora-reports"
NODE = "prod-node-2"
NODE_METRICS = Resource("NodeMetrics", "nodes", "metrics.k8s.io", "v1beta1", namespaced=False)
BUSY = 'sum by (instance) (rate(node_cpu_seconds_total{mode!="idle"}[5m])) > 5'


async def symptoms(stack: Scene) -> dict[str, bool]:
    busy = await stack.query(BUSY)
    known = {each["metadata"]["name"]: each for each in await stack.cluster.list(CRONJOBS, NAMESPACE)}
    fields = known.get(REPORTS, {"metadata": {}})["metadata"].get("managedFields") or ()
    edits = [590 < stack.ago(each["time"]) < 610 for each in fields if each["manager"] == "kubectl-edit"]
    running = [pod for pod in await stack.pods(REPORTS) if pod["status"]["phase"] == "Running"]
    slow = {
        dict(span.process)["k8s.node.name"]
        for trace in await stack.traces(shortest=0.8)
        for span in trace.spans
        if span.service == BACKEND
    }
    return {
        "alert": ("HighLatency", BACKEND) in await stack.firing(),
        "slow": await stack.slowest(span="5m") > 1,
        "its cores are busy": [labels["instance"] for labels, _ in busy] == [NODE],
        "rescheduled by hand": edits == [True],
        "a run is under way on the node": {pod["spec"]["nodeName"] for pod in running} == {NODE},
        "jobs of the last minutes": len(await stack.events(REPORTS, "SuccessfulCreate")) >= 5,
        "slow requests are that node's": slow == {NODE},
    }


async def test_what_an_operator_sees(stack: Scene) -> None:
    while not [pod for pod in await stack.pods(REPORTS) if pod["status"]["phase"] == "Running"]:
        stack.pass_time(5)  # between two runs
    assert {words for words, there in (await symptoms(stack)).items() if not there} == set()


async def test_a_healthy_stack_shows_nothing_of_it(healthy: Scene) -> None:
    assert {words for words, there in (await symptoms(healthy)).items() if there} == set()


async def test_the_nodes_cpu_is_used_up(stack: Scene) -> None:
    while not [pod for pod in await stack.pods(REPORTS) if pod["status"]["phase"] == "Running"]:
        stack.pass_time(5)
    stack.pass_time(40)  # the metrics server has figures of a pod after two scrapes
    used = {
        each["metadata"]["name"]: int(each["usage"]["cpu"].removesuffix("n")) / 1e9
        for each in await stack.cluster.list(NODE_METRICS, None)
    }
    assert used[NODE] > 7 > 3 * max(value for name, value in used.items() if name != NODE)


async def test_hardly_a_request_fails(stack: Scene) -> None:
    assert await stack.errors() < 0.005


async def test_suspending_the_cron_job_mends_it(stack: Scene) -> None:
    await stack.act(Verb.PAUSE, "cronjob", REPORTS)

    await stack.recovers()
    assert await stack.slowest() < 0.5


async def test_rolling_the_backend_back_does_not(stack: Scene) -> None:
    await stack.act(Verb.UNDO, "deployment", BACKEND)
    stack.pass_time(240)

    assert await stack.slowest(span="2m") > 0.5
