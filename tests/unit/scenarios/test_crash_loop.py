"""The crash-loop: a release whose pods do not start, seen through the clients, and rolled back."""

from __future__ import annotations

from aurora_tui.model.actions import Verb
from tests.unit.scenarios.scene import BACKEND, Scene

NAME = "crash-loop"


async def symptoms(stack: Scene) -> dict[str, bool]:
    statuses = await stack.containers(BACKEND)
    looping = [each for each in statuses if each["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff"]
    ended = [each["lastState"].get("terminated", {}) for each in looping]
    deployment = (await stack.get("deployment", BACKEND))["status"]
    deadline = [each for each in deployment["conditions"] if each["reason"] == "ProgressDeadlineExceeded"]
    restarts = "sum(kube_pod_container_status_restarts_total)"
    waiting = 'kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff",container="backend"}'
    return {
        "alert": ("HighErrorRate", BACKEND) in await stack.firing(),
        "errors": await stack.errors() > 0.3,
        "two of three loop": len(looping) == 2 and all(each["restartCount"] >= 5 for each in looping),
        "exit code 1": [each.get("exitCode") for each in ended] == [1, 1],
        "unavailable": deployment.get("unavailableReplicas") == 2,
        "a deadline missed": bool(deadline) and deadline[0]["status"] == "False",
        "back-off events": bool(await stack.events(BACKEND, "BackOff")),
        "restarts counted": await stack.value(restarts) >= 10,
        "waiting counted": len(await stack.query(waiting)) == 2,
    }


async def test_what_an_operator_sees(stack: Scene) -> None:
    assert {words for words, there in (await symptoms(stack)).items() if not there} == set()


async def test_a_healthy_stack_shows_nothing_of_it(healthy: Scene) -> None:
    assert {words for words, there in (await symptoms(healthy)).items() if there} == set()


async def test_the_previous_containers_last_words_say_what_is_missing(stack: Scene) -> None:
    pod = next(
        pod for pod in await stack.pods(BACKEND) if pod["status"]["containerStatuses"][0]["image"].endswith("2.4.2")
    )
    told = await stack.log(pod["metadata"]["name"], previous=True)

    assert "required environment variable PAYMENTS_API_URL is not set" in told.splitlines()[-1]
    assert await stack.documents("PAYMENTS_API_URL is not set")


async def test_it_began_with_the_release(stack: Scene) -> None:
    sets = await stack.events(BACKEND, "ScalingReplicaSet")

    assert 590 < stack.ago(min(each["firstTimestamp"] for each in sets)) < 610


async def test_rolling_back_mends_it(stack: Scene) -> None:
    await stack.act(Verb.UNDO, "deployment", BACKEND)

    await stack.recovers()
    assert [each["ready"] for each in await stack.containers(BACKEND)] == [True] * 3


async def test_restarting_does_not(stack: Scene) -> None:
    await stack.act(Verb.RESTART, "deployment", BACKEND)
    stack.pass_time(300)

    assert ("HighErrorRate", BACKEND) in await stack.firing()
