"""Out of memory: a release whose containers the kernel kills, seen through the clients, and rolled back."""

from __future__ import annotations

from aurora_tui.model.actions import Verb
from tests.unit.scenarios.scene import BACKEND, Scene

NAME = "oom"


async def symptoms(stack: Scene) -> dict[str, bool]:
    statuses = await stack.containers(BACKEND)
    ends = [(each.get("lastState") or {}).get("terminated") or {} for each in statuses]
    limit = 'kube_pod_container_resource_limits{resource="memory",pod=~"aurora-backend-.+"}'
    killed = 'kube_pod_container_status_last_terminated_reason{reason="OOMKilled"}'
    return {
        "alert": ("HighErrorRate", BACKEND) in await stack.firing(),
        "errors": await stack.errors(span="5m") > 0.05,
        "killed": [(each.get("reason"), each.get("exitCode")) for each in ends] == [("OOMKilled", 137)] * 3,
        "restarted": all(each["restartCount"] >= 3 for each in statuses),
        "back-off events": bool(await stack.events(BACKEND, "BackOff")),
        "the limit exported": {value for _, value in await stack.query(limit)} == {256 * 2.0**20},
        "the reason exported": len(await stack.query(killed)) == 3,
        "kills counted": await stack.value("sum(container_oom_events_total)") >= 3,
        "memory at the limit": await stack.value('max(container_memory_working_set_bytes{container="backend"})')
        in (256 * 2.0**20, 440 * 0.4 * 2.0**20),
    }


async def test_what_an_operator_sees(stack: Scene) -> None:
    assert {words for words, there in (await symptoms(stack)).items() if not there} == set()


async def test_a_healthy_stack_shows_nothing_of_it(healthy: Scene) -> None:
    assert {words for words, there in (await symptoms(healthy)).items() if there} == set()


async def test_a_killed_container_has_no_last_words(stack: Scene) -> None:
    pod = (await stack.pods(BACKEND))[0]["metadata"]["name"]
    told = await stack.log(pod, previous=True)

    assert "FATAL" not in told and "shutdown" not in told


async def test_rolling_back_mends_it(stack: Scene) -> None:
    await stack.act(Verb.UNDO, "deployment", BACKEND)

    await stack.recovers()
    assert [each["restartCount"] for each in await stack.containers(BACKEND)] == [0] * 3


async def test_restarting_does_not(stack: Scene) -> None:
    await stack.act(Verb.RESTART, "deployment", BACKEND)
    stack.pass_time(420)

    assert all(each["restartCount"] for each in await stack.containers(BACKEND))
