"""A node is lost: seen through the clients, and its pods started elsewhere."""

from __future__ import annotations

import pytest

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.cluster.resources import EVENTS, NODES, POD_METRICS
from aurora_tui.draining import Drain
from aurora_tui.model.actions import Verb
from aurora_tui.model.selection import ObjectRef
from tests.unit.scenarios.scene import BACKEND, NAMESPACE, Json, Scene

NAME = "node-lost"
NODE = "prod-node-1"
UNREACHABLE = "node.kubernetes.io/unreachable"


def ready(obj: Json) -> Json:
    found: Json = next(each for each in obj["status"]["conditions"] if each["type"] == "Ready")
    return found


async def there(stack: Scene) -> list[Json]:
    """The backend's pods on the node."""
    return [pod for pod in await stack.pods(BACKEND) if pod["spec"]["nodeName"] == NODE]


async def symptoms(stack: Scene) -> dict[str, bool]:
    node = await stack.get("node", NODE)
    condition = ready(node)
    taints = {(each["key"], each["effect"]) for each in node["spec"].get("taints") or ()}
    about_nodes = await stack.cluster.list(EVENTS, "default")
    exported = await stack.query(f'kube_node_status_condition{{node="{NODE}",condition="Ready",status="true"}}')
    lost = [pod for pod in await there(stack) if ready(pod)["status"] == "False"]
    return {
        "alert": ("HighErrorRate", BACKEND) in await stack.firing(),
        "not ready": condition["status"] == "Unknown" and condition["reason"] == "NodeStatusUnknown",
        "since ten minutes": 540 < stack.ago(condition["lastTransitionTime"]) < 560,
        "tainted": {(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")} <= taints,
        "told of the node": bool([each for each in about_nodes if each["reason"] == "NodeNotReady"]),
        "told of pods": len(await stack.events(BACKEND, "NodeNotReady")) == 2,
        "two pods lost": len(lost) == 2,
        "exported": [value for _, value in exported] == [0.0],
        "evicted": bool(await stack.events(reason="TaintManagerEviction")),
        "refused": await stack.errors() > 0.3,
    }


async def test_what_an_operator_sees(stack: Scene) -> None:
    assert {words for words, there in (await symptoms(stack)).items() if not there} == set()


async def test_a_healthy_stack_shows_nothing_of_it(healthy: Scene) -> None:
    assert {words for words, there in (await symptoms(healthy)).items() if there} == set()


async def test_what_does_not_tolerate_it_is_going_and_has_a_successor_elsewhere(stack: Scene) -> None:
    pods = await stack.pods("aurora-frontend")
    (going,) = [pod for pod in pods if pod["spec"]["nodeName"] == NODE]
    kinds = {each["type"]: each.get("reason") for each in going["status"]["conditions"]}

    assert going["metadata"]["deletionTimestamp"] and kinds["DisruptionTarget"] == "DeletionByTaintManager"
    assert sum(ready(pod)["status"] == "True" for pod in pods) == 2


async def test_nothing_is_heard_of_it(stack: Scene) -> None:
    with pytest.raises(ClusterError, match="no route to host"):
        await stack.log((await there(stack))[0]["metadata"]["name"])
    names = {each["metadata"]["name"] for each in await stack.cluster.list(POD_METRICS, NAMESPACE)}
    assert names.isdisjoint(pod["metadata"]["name"] for pod in await there(stack))
    stack.pass_time(60)
    (node,) = [each for each in await stack.cluster.list(NODES, None) if each["metadata"]["name"] == NODE]
    assert stack.ago(ready(node)["lastHeartbeatTime"]) > 650


async def test_cordoning_it_and_deleting_its_pods_mends_it(stack: Scene) -> None:
    await stack.act(Verb.CORDON, "node", NODE)
    for pod in await there(stack):
        await stack.act(Verb.DELETE, "pod", pod["metadata"]["name"], follow=False)

    await stack.recovers()
    nodes = {pod["spec"]["nodeName"] for pod in await stack.pods(BACKEND) if ready(pod)["status"] == "True"}
    assert NODE not in nodes


async def test_draining_it_moves_what_is_on_it(stack: Scene) -> None:
    plan = await Drain(stack.path, ObjectRef("Node", None, NODE)).plan()

    assert {item.step.ref.name for item in plan.items} >= {
        NODE,
        *[pod["metadata"]["name"] for pod in await there(stack)],
    }


async def test_cordoning_alone_does_not(stack: Scene) -> None:
    await stack.act(Verb.CORDON, "node", NODE)
    stack.pass_time(120)

    assert ("HighErrorRate", BACKEND) in await stack.firing()
