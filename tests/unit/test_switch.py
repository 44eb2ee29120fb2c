"""Switching a Service: what is refused and warned of, and how its endpoints are followed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from aurora_tui.actions import ActionPath, Refusal, undo_of
from aurora_tui.cluster.errors import ForbiddenError, UnreachableError
from aurora_tui.cluster.resources import DEPLOYMENTS, ENDPOINT_SLICES, PODS, SERVICES
from aurora_tui.journal import Journal
from aurora_tui.model.actions import Outcome, Params, Progress, Record, Rollout, Verb, Verdict
from aurora_tui.model.endpoints import endpoints_status
from aurora_tui.model.rollouts import RolloutState
from aurora_tui.verify import Limits
from tests.unit.fakecluster import Clock, FakeCluster, Object
from tests.unit.rolloutobjects import NAME, NAMESPACE, workload
from tests.unit.verbcases import colours, pod

LIMITS = Limits(rollout=5.0, rollout_interval=1.0)
GREEN: Params = {"color": "green"}


class Scene:
    """A path to a cluster, on which something happens between two looks."""

    def __init__(self, folder: Path, cluster: FakeCluster) -> None:
        self.cluster, self.clock = cluster, Clock()
        self.path = ActionPath(
            cluster, Journal(folder), protected=False, read_only=False, clock=self.clock, sleep=self.sleep
        )
        self.between: list[Callable[[], object]] = []

    async def sleep(self, seconds: float) -> None:
        await self.clock.sleep(seconds)
        if self.between:
            self.between.pop(0)()

    async def switch(self, params: Params = GREEN) -> Record:
        record = await self.path.execute(await self.path.plan(Verb.SWITCH, SERVICES, NAMESPACE, NAME, params))
        assert record.outcome is Outcome.DONE, record.message
        return record

    async def watch(self, record: Record) -> tuple[list[str], Verdict]:
        *steps, verdict = [step async for step in self.path.verify(record, None, LIMITS)]
        assert isinstance(verdict, Verdict)
        return [step.text for step in steps if isinstance(step, Progress)], verdict

    def reach(self, *pods: tuple[str, int]) -> Callable[[], object]:
        """What the controller publishes: these pods of a colour are the ready endpoints."""
        return lambda: self.cluster.put(ENDPOINT_SLICES, endpoint_slice(*pods))

    async def told(self, params: Params = GREEN) -> Sequence[str]:
        return (await self.path.plan(Verb.SWITCH, SERVICES, NAMESPACE, NAME, params)).warnings


def endpoint_slice(*pods: tuple[str, int], ready: bool | None = True) -> Object:
    meta = {"name": f"{NAME}-x", "namespace": NAMESPACE, "labels": {"kubernetes.io/service-name": NAME}}
    endpoints = [
        {"conditions": {"ready": ready}, "targetRef": {"kind": "Pod", "uid": f"uid-{NAME}-{colour}-{number}"}}
        for colour, number in pods
    ]
    return {"metadata": meta, "endpoints": endpoints}


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path, colours(blue=2, green=2))


async def test_a_switch_changes_the_one_value_and_says_what_will_serve(scene: Scene) -> None:
    plan = await scene.path.plan(Verb.SWITCH, SERVICES, NAMESPACE, NAME, GREEN)

    assert plan.effect == f"switches service/{NAME} from color=blue to color=green: 2 ready pods instead of 2"
    assert [str(line) for line in plan.diff] == ["- spec.selector.color: blue", "+ spec.selector.color: green"]
    assert plan.warnings == ()
    await scene.path.execute(plan)
    [(_, _, body)] = scene.cluster.written
    assert body["spec"] == {"selector": {"color": "green"}}, "what nobody meant to touch is not sent"
    assert scene.cluster.objects["services", NAMESPACE, NAME]["spec"]["selector"] == {"app": NAME, "color": "green"}


async def test_the_undo_of_a_switch_is_the_switch_back(scene: Scene) -> None:
    record = await scene.switch()

    assert undo_of(record) == (Verb.SWITCH, {"color": "blue"})
    await scene.switch({"color": "blue"})
    assert scene.cluster.objects["services", NAMESPACE, NAME]["spec"]["selector"]["color"] == "blue"


@pytest.mark.parametrize(
    ("params", "words"),
    [
        (
            {},
            f"say which value of the selector changes, e.g. color=green (service/{NAME} selects app={NAME},color=blue)",
        ),
        ({"tier": "web"}, "does not select by tier: this would only narrow it"),
        ({"color": "a,b"}, "'a,b' is no label's value"),
        ({"color": 3}, "3 is no label's value"),
        ({"color": "blue"}, "nothing to switch"),
        ({"color": "red"}, "no ready pod matches color=red: there are pods of color=blue, color=green"),
        ({"app": "x", "color": "red"}, "no ready pod matches app=x,color=red: there are pods of app="),
    ],
)
async def test_a_switch_that_makes_no_sense_is_refused_in_words(scene: Scene, params: Params, words: str) -> None:
    with pytest.raises(Refusal) as refusal:
        await scene.path.plan(Verb.SWITCH, SERVICES, NAMESPACE, NAME, params)
    assert words in refusal.value.words


async def test_pods_that_are_not_ready_or_about_to_end_are_named_and_serve_nobody(tmp_path: Path) -> None:
    scene = Scene(tmp_path, colours(blue=1))
    ending = pod("green", 0)
    ending["metadata"]["deletionTimestamp"] = "2026-01-05T12:00:00Z"
    scene.cluster.put(PODS, ending)
    for number in (1, 2, 3):
        scene.cluster.put(PODS, pod("green", number, ready=False))

    with pytest.raises(Refusal) as refusal:
        await scene.told()
    names = ", ".join(f"{NAME}-green-{number}" for number in (0, 1, 2))
    assert refusal.value.words == f"no ready pod matches color=green: {names} and 1 more are not ready"


async def test_a_service_without_a_selector_cannot_be_switched(scene: Scene) -> None:
    scene.cluster.change(SERVICES, NAMESPACE, NAME, lambda item: item["spec"].pop("selector"))
    with pytest.raises(Refusal) as refusal:
        await scene.told()
    assert refusal.value.words == f"service/{NAME} has no selector: labels do not decide where it leads"


async def test_fewer_pods_and_ports_that_are_not_there_are_warned_of(tmp_path: Path) -> None:
    scene = Scene(tmp_path, colours(blue=3, green=1))
    scene.cluster.put(PODS, pod("green", 9, port="web"))
    scene.cluster.change(
        SERVICES, NAMESPACE, NAME, lambda item: item["spec"]["ports"].__setitem__(0, {
            "port": 80, "protocol": "TCP", "targetPort": "http",
        })
    )  # fmt: skip

    assert await scene.told() == (
        "fewer pods than now would serve: 2 instead of 3",
        "1 of 2 ready pods would get nothing of port 80: no container there names port http",
    )


async def test_an_unfinished_rollout_of_the_pods_in_question_is_warned_of_and_no_other(scene: Scene) -> None:
    for colour, updated in (("green", 1), ("blue", 0)):
        item = workload(DEPLOYMENTS, {"metadata": {"labels": {"app": NAME, "color": colour}}, "spec": {}}, replicas=2)
        item["metadata"]["name"] = f"web-{colour}"
        item["status"] = {"observedGeneration": 1, "replicas": 2, "updatedReplicas": updated, "availableReplicas": 2}
        scene.cluster.put(DEPLOYMENTS, item)

    assert await scene.told() == (
        "deployment/web-green: a rollout is in progress: 1 of 2 pods are of the new revision",
    )


async def test_the_endpoints_are_followed_until_they_are_the_new_pods_and_no_others(scene: Scene) -> None:
    scene.reach(("blue", 0), ("blue", 1))()
    record = await scene.switch()
    scene.between = [
        scene.reach(("blue", 0), ("green", 0)),
        scene.reach(("green", 0)),
        scene.reach(("green", 0), ("green", 1)),
    ]

    texts, verdict = await scene.watch(record)

    assert texts == [
        "0 of 2 endpoints ready, 2 still of the old set",
        "1 of 2 endpoints ready, 1 still of the old set",
        "1 of 2 endpoints ready",
        "2 of 2 endpoints ready",
    ]
    assert (verdict.rollout, verdict.text) == (Rollout.COMPLETE, "pods complete: 2 of 2 endpoints ready")


async def test_another_hand_that_switches_it_elsewhere_ends_the_following(scene: Scene) -> None:
    record = await scene.switch()
    scene.cluster.change(SERVICES, NAMESPACE, NAME, lambda item: item["spec"]["selector"].update(color="red"))

    _, verdict = await scene.watch(record)

    assert verdict.rollout is Rollout.FAILED
    assert f"something else has since set app={NAME},color=red" in verdict.text


async def test_endpoints_that_may_not_be_seen_are_not_waited_for(scene: Scene) -> None:
    record = await scene.switch()
    scene.cluster.fail("list", ForbiddenError("viewers see no endpointslices", status=403))

    texts, verdict = await scene.watch(record)

    assert verdict.rollout is Rollout.NOT_FOLLOWED
    assert texts == [
        f"it selects app={NAME},color=green, but its endpoints cannot be seen: viewers see no endpointslices"
    ]


async def test_a_look_that_fails_is_told_and_taken_again(scene: Scene) -> None:
    record = await scene.switch()
    scene.reach(("green", 0), ("green", 1))()
    scene.cluster.fail("list", UnreachableError("no connection"))

    texts, verdict = await scene.watch(record)

    assert texts == ["cannot see how far it is: no connection", "2 of 2 endpoints ready"]
    assert verdict.rollout is Rollout.COMPLETE


def test_endpoints_that_stand_for_no_pod_and_unknown_conditions_are_read_as_the_api_means_them() -> None:
    pods = [pod("green", 0), pod("green", 1, ready=False)]
    by_hand = {"endpoints": [{"addresses": ["10.0.0.1"]}]}
    empty: Object = {"endpoints": None}

    found = endpoints_status(pods, [endpoint_slice(("green", 0), ready=None), by_hand, empty])
    assert (found.state, found.text) == (RolloutState.COMPLETE, "1 of 1 endpoint ready")
    assert endpoints_status(pods[1:], [empty]).text == "no pod that it selects is ready"
