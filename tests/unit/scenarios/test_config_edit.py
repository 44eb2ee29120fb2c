"""A ConfigMap edited by hand: seen through the clients, and set back."""

from __future__ import annotations

import json

from aurora_tui.model import pod_queries
from aurora_tui.model.actions import Verb
from tests.unit.scenarios.scene import BACKEND, NAMESPACE, Scene

NAME = "config-edit"
FLAGS = "aurora-flags"
WAITED = "HikariPool-1 - Connection is not available"


async def symptoms(stack: Scene) -> dict[str, bool]:
    firing = await stack.firing()
    flags = await stack.get("configmap", FLAGS)
    edits = [each for each in flags["metadata"].get("managedFields") or () if each["manager"] == "kubectl-edit"]
    pending = await stack.query("hikaricp_connections_pending > 0")
    return {
        "errors fire": ("HighErrorRate", BACKEND) in firing,
        "latency fires": ("HighLatency", BACKEND) in firing,
        "edited by hand": [470 < stack.ago(each["time"]) < 490 for each in edits] == [True],
        "waited in the logs": WAITED in await stack.logs(BACKEND),
        "waited in documents": bool(await stack.documents(WAITED)),
        "slow": await stack.slowest() > 1,
        "slow traces": max(trace.duration for trace in await stack.traces()) > 5e8,
        "the pool is used up": len(pending) == 3,
    }


async def test_what_an_operator_sees(stack: Scene) -> None:
    assert {words for words, there in (await symptoms(stack)).items() if not there} == set()


async def test_a_healthy_stack_shows_nothing_of_it(healthy: Scene) -> None:
    assert {words for words, there in (await symptoms(healthy)).items() if there} == set()


async def test_what_was_applied_still_says_what_it_was_before(stack: Scene) -> None:
    flags = await stack.get("configmap", FLAGS)
    applied = json.loads(flags["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"])

    assert (applied["data"]["db-pool-size"], flags["data"]["db-pool-size"]) == ("20", "1")
    assert applied["data"] == {**flags["data"], "db-pool-size": "20"}
    owners = {each["manager"]: each["fieldsV1"] for each in flags["metadata"]["managedFields"]}
    assert owners["kubectl-edit"] == {"f:data": {"f:db-pool-size": {}}}
    assert "f:db-pool-size" not in owners["kubectl-client-side-apply"]["f:data"]


async def test_no_pod_and_no_release_is_to_blame(stack: Scene) -> None:
    statuses = await stack.containers(BACKEND)
    scaled = await stack.events(BACKEND, "ScalingReplicaSet")

    assert [(each["restartCount"], each["ready"]) for each in statuses] == [(0, True)] * 3
    assert not [each for each in scaled if stack.ago(each["lastTimestamp"]) < 3600]


async def test_setting_it_back_mends_it_without_a_restart(stack: Scene) -> None:
    await stack.act(Verb.FLAG, "configmap", FLAGS, {"db-pool-size": "20"})

    await stack.recovers()
    assert [each["restartCount"] for each in await stack.containers(BACKEND)] == [0] * 3
    assert WAITED not in await stack.logs(BACKEND)


async def test_triage_sees_the_pools(stack: Scene) -> None:
    series = [(dict(labels), value) for labels, value in await stack.query(pod_queries.pools(NAMESPACE))]
    assert list(pod_queries.pool_figures(series).values()) == [{"used": 1.0, "most": 1.0, "waiting": 37.0}] * 3


async def test_scaling_out_does_not(stack: Scene) -> None:
    await stack.act(Verb.SCALE, "deployment", BACKEND, {"replicas": 6})
    stack.pass_time(120)

    assert await stack.errors() > 0.2
