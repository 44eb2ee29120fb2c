"""The log tail shows what `kubectl logs` prints: of pods that come, go and restart, over streams that break."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aurora_tui.cluster.kubeconfig import choose
from aurora_tui.settings import load_settings
from tests.live.conftest import Eventually, Kubectl
from tests.live.followed import RATE, Logs
from tests.live.probes import put
from tests.live.program import stack_variable

pytest_plugins = ("tests.live.fixtures",)

WEB = ("Deployment", "web")
CUT = 50
"""Lines after which a stream breaks. More than a second brings: a resumed one, which repeats that, gets further."""


@pytest.fixture
def logs(
    kubectl: Kubectl, eventually: Eventually, kubeconfig: Path, context: str, namespace: str, tmp_path: Path
) -> Logs:
    settings = load_settings(environ={"XDG_CONFIG_HOME": str(tmp_path)})
    return Logs(kubectl, eventually, settings, choose(context, str(kubeconfig)), namespace)


async def test_a_pods_lines_are_those_that_kubectl_prints(logs: Logs) -> None:
    logs.run("Pod", "one")
    async with logs.follow(pod="one") as followed:
        await followed.hear(2 * RATE)
        seen = followed.texts("one")

        assert seen == logs.printed("one")[: len(seen)]
        await followed.hear(len(seen) + 1)


async def test_a_tail_begins_so_many_lines_back_and_goes_on(logs: Logs, eventually: Eventually) -> None:
    logs.run("Pod", "one")
    await eventually(lambda: "Running" in logs.kubectl("get", "pods", f"--namespace={logs.namespace}"))
    await eventually(lambda: len(logs.printed("one")) >= RATE)
    earlier = logs.printed("one")
    async with logs.follow(pod="one", tail=5) as followed:
        await followed.hear(RATE)
        seen, printed = followed.texts("one"), logs.printed("one")

    first = printed.index(seen[0])
    assert first >= len(earlier) - 5
    assert seen == printed[first : first + len(seen)]


@pytest.mark.parametrize(("kind", "within"), [("lines", 0.1), ("lines", 0.7), ("burst", 0.7)])
async def test_a_stream_that_breaks_is_resumed_without_loss_or_repetition(logs: Logs, kind: str, within: float) -> None:
    """It breaks within a line's time or its text; the API server ends its own stream as if nothing had happened.

    In a burst, several lines bear one time. No stream gives more than `CUT` lines: two or more had to break.
    """
    logs.run("Pod", "one", log_cut=CUT + within, log_kind=kind)
    async with logs.follow(pod="one") as followed:
        await followed.hear(2.5 * CUT)
        seen = followed.texts("one")

    assert seen == logs.printed("one")[: len(seen)]


async def test_pods_of_a_workload_join_and_leave_and_their_lines_stay(logs: Logs, eventually: Eventually) -> None:
    logs.run("Deployment", "web", replicas=2)
    logs.run("Pod", "another")
    async with logs.follow(workload=WEB) as followed:
        leaving = min(await followed.hear_pods(2))
        logs.scale("web", 3)
        await followed.hear_pods(3)
        last_seen = logs.printed(leaving)
        logs.delete(leaving)
        ever = await followed.hear_pods(4)
        await eventually(lambda: followed.tail.following == 3)

        for pod in ever - {leaving}:
            # Each from its first line on, however late it joined.
            texts = followed.texts(pod)
            assert texts == logs.printed(pod)[: len(texts)]
        assert followed.texts(leaving)[: len(last_seen)] == last_seen
        assert {pod.rpartition("-")[0].rpartition("-")[0] for pod in ever} == {"web"}
        assert followed.tail.notes == {}


async def test_a_restarted_container_goes_on_and_its_previous_log_is_there(logs: Logs, eventually: Eventually) -> None:
    logs.run("Pod", "one")
    async with logs.follow(pod="one") as followed:
        await followed.hear(RATE)
        first = followed.texts("one")[0]
        put(f"{stack_variable('AURORA_LIVE_CONTROL')}/pods/{logs.namespace}/one", {"restart": True})
        await eventually(lambda: first in followed.texts("one")[1:])
        seen = followed.texts("one")

    ended = logs.printed("one", "--previous")
    assert seen[: len(ended)] == ended
    assert seen[len(ended) :] == logs.printed("one")[: len(seen) - len(ended)]

    async with logs.follow(pod="one", previous=True) as followed:
        await eventually(lambda: followed.lines and not followed.tail.following)
        assert followed.texts("one") == ended


async def test_a_container_that_crashes_shows_its_last_words_while_it_waits(logs: Logs, eventually: Eventually) -> None:
    logs.run("Deployment", "web", replicas=1, crash=1, logs=4)
    await eventually(lambda: "CrashLoopBackOff" in logs.kubectl("get", "pods", f"--namespace={logs.namespace}"))
    async with logs.follow(workload=WEB) as followed:
        [pod] = await followed.hear_pods(1)
        await eventually(lambda: followed.texts(pod) == logs.printed(pod) == logs.printed(pod, "--previous"))

        assert json.loads(followed.texts(pod)[-1])["level"] == "fatal"


async def test_the_log_of_a_pod_that_is_gone_says_so_and_keeps_its_lines(logs: Logs, eventually: Eventually) -> None:
    logs.run("Pod", "one")
    async with logs.follow(pod="one") as followed:
        await followed.hear(1)
        logs.delete("one")
        await eventually(lambda: followed.tail.notes == {"one": "the pod is gone"})

        assert followed.texts("one")
        assert followed.tail.following == 0
