"""A slow canary: seen through the clients, and taken out of the traffic."""

from __future__ import annotations

from aurora_tui.canary import Canary
from aurora_tui.model.actions import Verb
from aurora_tui.model.selection import ObjectRef
from tests.unit.scenarios.scene import BACKEND, NAMESPACE, Scene

NAME = "slow-release-canary"
CANARY = "aurora-backend-canary"


async def symptoms(stack: Scene) -> dict[str, bool]:
    pods = await stack.pods(BACKEND)
    canaries = {pod["metadata"]["name"] for pod in pods if pod["metadata"]["labels"].get("track") == "canary"}
    slow = [
        dict(span.process)["k8s.pod.name"] in canaries
        for trace in await stack.traces(shortest=0.4)
        for span in trace.spans
        if span.service == BACKEND
    ]
    created = [
        each for each in await stack.events(CANARY, "ScalingReplicaSet") if stack.ago(each["firstTimestamp"]) < 430
    ]
    return {
        "alert": ("HighLatency", BACKEND) in await stack.firing(),
        "slow": await stack.slowest() > 1,
        "one canary of four": (len(canaries), len(pods)) == (1, 4),
        "slow traces are the canary's": len(slow) > 5 and sum(slow) > 0.8 * len(slow),
        "since seven minutes": bool(created),
    }


async def test_what_an_operator_sees(stack: Scene) -> None:
    assert {words for words, there in (await symptoms(stack)).items() if not there} == set()


async def test_a_healthy_stack_shows_nothing_of_it(healthy: Scene) -> None:
    assert {words for words, there in (await symptoms(healthy)).items() if there} == set()


async def test_hardly_a_request_fails(stack: Scene) -> None:
    assert await stack.errors() < 0.005
    assert all(each["ready"] and not each["restartCount"] for each in await stack.containers(BACKEND))


async def test_the_logs_of_the_canary_tell_of_slow_answers(stack: Scene) -> None:
    names = [pod["metadata"]["name"] for pod in await stack.pods(BACKEND)]
    (canary,) = [name for name in names if name.startswith(CANARY)]
    told = {name: (await stack.log(name)).count('"log.level":"WARN"') for name in names}

    assert told[canary] > 5 * max(count for name, count in told.items() if name != canary)


async def test_scaling_the_canary_to_nothing_mends_it(stack: Scene) -> None:
    await stack.act(Verb.SCALE, "deployment", CANARY, {"replicas": 0})

    await stack.recovers()
    assert await stack.slowest() < 0.5


async def test_its_weight_can_be_taken_away(stack: Scene) -> None:
    plan = await Canary(stack.path, ObjectRef("Deployment", NAMESPACE, CANARY), 0.0).plan()

    assert [(item.step.ref.name, item.step.params) for item in plan.items] == [
        (BACKEND, {"replicas": 4}),
        (CANARY, {"replicas": 0}),
    ]


async def test_rolling_the_other_deployment_back_does_not(stack: Scene) -> None:
    await stack.act(Verb.UNDO, "deployment", BACKEND)
    stack.pass_time(120)

    assert await stack.slowest() > 1
