"""Update strategies that leave pods as they are: what was asked for is what becomes of them, as beside kubectl."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.live.program import Act
from tests.live.twins import Twins, image

pytest_plugins = ("tests.live.fixtures",)

GOOD, BAD = "aurora/backend:2.4.0", "aurora/backend:2.4.1"
PARTITION = {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}}
ON_DELETE = {"updateStrategy": {"type": "OnDelete"}}


def images(twins: Twins, namespace: str) -> list[str]:
    """The images of the workload's pods that are not ending, by the pods' names."""
    pods: list[dict[str, Any]] = json.loads(
        twins.kubectl("get", "pods", f"--selector=app={twins.name}", f"--namespace={namespace}", "-o", "json")
    )["items"]
    stay = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    stay.sort(key=lambda pod: str(pod["metadata"]["name"]))
    return [str(pod["spec"]["containers"][0]["image"]) for pod in stay]


def is_served(twins: Twins, kind: str) -> bool:
    """Whether all the pods that our twin is to have are ready."""
    found = twins.kubectl("get", twins.reference(kind), f"--namespace={twins.ours}", "-o", "json")
    status: dict[str, int] = json.loads(found)["status"]
    if kind == "DaemonSet":
        return status.get("numberReady", 0) == status.get("desiredNumberScheduled", 0) > 0
    return status.get("readyReplicas", 0) == 2


async def settled(twins: Twins, wanted: list[str]) -> None:
    await twins.eventually(lambda: images(twins, twins.ours) == images(twins, twins.theirs) == wanted)


async def test_a_partition_holds_back_the_pods_below_it_and_the_rollout_is_over_without_them(
    act: Act, twins: Twins
) -> None:
    await twins.apply(twins.release("StatefulSet", GOOD, replicas=3, spec=PARTITION))
    twins.both("rollout", "status", "statefulset", twins.name, "--timeout=60s")
    await settled(twins, [GOOD] * 3)

    run = act("set-image", f"statefulset/{twins.name}", f"main={BAD}")
    twins.kubectl_does("set", "image", f"statefulset/{twins.name}", f"*={BAD}")
    said = twins.kubectl_does("rollout", "status", "statefulset", twins.name, "--timeout=60s")

    assert run.code == 0, run
    assert "! partition 1: pods with a lower ordinal keep their revision" in run.stdout
    assert "2 new pods have been updated" in said
    assert "2 new pods, as partition 1 wants" in run.stdout
    await settled(twins, [GOOD, BAD, BAD])
    assert image(await twins.become_the_same("StatefulSet")) == BAD

    run = act("rollback", f"statefulset/{twins.name}")
    twins.kubectl_does("rollout", "undo", "statefulset", twins.name)

    assert run.code == 0, run
    await settled(twins, [GOOD] * 3)
    assert image(await twins.become_the_same("StatefulSet")) == GOOD


async def test_a_restart_stops_at_the_partition(act: Act, twins: Twins) -> None:
    await twins.apply(twins.release("StatefulSet", GOOD, replicas=3, spec=PARTITION))
    twins.both("rollout", "status", "statefulset", twins.name, "--timeout=60s")

    def first() -> list[str]:
        name = f"pod/{twins.name}-0"
        return [twins.kubectl("get", name, f"--namespace={each}", "-o", "name") for each in (twins.ours, twins.theirs)]

    before = first()
    run = act("restart", f"statefulset/{twins.name}")
    twins.kubectl_does("rollout", "restart", "statefulset", twins.name)

    assert run.code == 0, run
    assert "2 new pods, as partition 1 wants" in run.stdout
    assert first() == before
    await twins.become_the_same("StatefulSet")


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
@pytest.mark.parametrize("verb", ["rollback", "restart", "set-image"])
async def test_on_delete_changes_the_template_alone_and_says_so(act: Act, twins: Twins, kind: str, verb: str) -> None:
    await twins.apply(twins.release(kind, GOOD, spec=ON_DELETE))
    await twins.eventually(lambda: is_served(twins, kind))
    before = images(twins, twins.ours)
    await twins.apply(twins.release(kind, BAD, spec=ON_DELETE))
    target = twins.reference(kind)
    words, ours = {
        "rollback": (["rollout", "undo", target], ["rollback", target]),
        "restart": (["rollout", "restart", target], ["restart", target]),
        "set-image": (["set", "image", target, "*=aurora/backend:3"], ["set-image", target, "main=aurora/backend:3"]),
    }[verb]

    run = act(*ours)
    twins.kubectl_does(*words)
    with pytest.raises(RuntimeError, match="only available for RollingUpdate"):
        twins.kubectl_does("rollout", "status", target)

    assert run.code == 2, run  # done, but nothing to follow: kubectl rollout status refuses as well
    assert "pods cannot be followed: update strategy OnDelete" in run.stdout.splitlines()[-1]
    assert "! update strategy OnDelete: pods change only when they are deleted" in run.stdout
    await twins.become_the_same(kind)
    assert images(twins, twins.ours) == before == [GOOD] * len(before)
