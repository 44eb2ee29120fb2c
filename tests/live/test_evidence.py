"""A rollout that does not get on says why at once, shows evidence when it fails, and offers what frees it."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import Any

import pytest

from tests.live.conftest import Eventually, Kubectl
from tests.live.manyobjects import event, to_list, workload
from tests.live.program import Program, Run

pytest_plugins = ("tests.live.fixtures",)

GOOD, PULL = "aurora/backend:2.4.0", "aurora/backend:broken-pull"
SOON = {"progressDeadlineSeconds": 4}
Object = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """A namespace with workloads called `web`, and the program that acts on them."""

    aurora: Program
    kubectl: Kubectl
    namespace: str
    context: str

    def apply(self, kind: str, image: str, **more: Any) -> None:
        self.do("apply", "-f", "-", stdin=to_list([workload(kind, "web", image=image, replicas=2, **more)]))

    def do(self, *arguments: str, stdin: str = "") -> str:
        return self.kubectl(*arguments, f"--namespace={self.namespace}", stdin=stdin)

    def roll_out(self, kind: str, image: str, **more: Any) -> None:
        self.apply(kind, image, **more)
        self.do("rollout", "status", f"{kind.lower()}/web", "--timeout=60s")

    def options(self, *arguments: str) -> list[str]:
        confirmed = ("--yes", f"--confirm={self.context}", "--reason=told by the tests")
        return [*arguments, f"--namespace={self.namespace}", *confirmed]

    def act(self, *arguments: str) -> Run:
        return self.aurora(*self.options(*arguments))

    def pods(self) -> dict[str, Object]:
        items = json.loads(self.do("get", "pods", "-o", "json"))["items"]
        return {each["metadata"]["name"]: each for each in items}


@pytest.fixture
def place(aurora: Program, kubectl: Kubectl, namespace: str, context: str) -> Place:
    kubectl("wait", "--for=create", "serviceaccount/default", f"--namespace={namespace}", "--timeout=30s")
    return Place(aurora, kubectl, namespace, context)


async def test_an_image_that_cannot_be_pulled_is_told_before_the_deadline_and_again_at_the_end(place: Place) -> None:
    place.roll_out("Deployment", GOOD, spec=SOON)

    run = place.act("set-image", "deployment/web", f"main={PULL}")

    assert run.code == 1, run
    lines = run.stdout.splitlines()
    (new,) = [name for name, pod in place.pods().items() if pod["spec"]["containers"][0]["image"] == PULL]
    early = next(number for number, line in enumerate(lines) if line.startswith(f"! newest pod {new}: "))
    assert "0/1 ready: will not complete while this lasts: failed to pull" in lines[early]
    failed = next(number for number, line in enumerate(lines) if "ProgressDeadlineExceeded" in line)
    assert early < failed
    assert any(line.startswith(f"  pod {new}: ImagePullBackOff, 0/1 ready on node ") for line in lines[failed:])
    assert f'  container main waits: ImagePullBackOff: Back-off pulling image "{PULL}"' in lines[failed:]
    assert lines[-1].startswith("pods failed: no progress within the deadline")


async def test_a_crash_loop_shows_the_last_words_of_the_run_before(place: Place) -> None:
    place.roll_out("Deployment", GOOD, spec=SOON)
    crashes = {"aurora.test/crash": "1", "aurora.test/ready": "false", "aurora.test/logs": "40"}
    place.apply("Deployment", "aurora/backend:2.4.1", spec=SOON, annotations=crashes)

    run = place.act("restart", "deployment/web")

    assert run.code == 1, run
    assert "will not complete while this lasts: " in run.stdout
    assert "keeps ending, last with exit code 1 (Error)" in run.stdout
    assert "last log lines of container main, the run before:" in run.stdout
    said = [line for line in run.stdout.splitlines() if "panic: cannot connect to the database" in line]
    assert len(said) == 10


async def test_a_quota_that_lets_no_new_pod_in_is_told(place: Place) -> None:
    place.roll_out("Deployment", GOOD, spec=SOON)
    place.do("create", "quota", "two", "--hard=pods=2")

    run = place.act("restart", "deployment/web")

    assert run.code == 1, run
    early, _, late = run.stdout.partition("ProgressDeadlineExceeded")
    assert "! a pod cannot be made: will not complete while this lasts: FailedCreate: " in early
    assert "exceeded quota: two, requested: pods=1, used: pods=2, limited: pods=2" in late
    assert "  replicaset FailedCreate (" in late


async def test_a_pod_that_no_node_takes_is_told_with_the_schedulers_event(place: Place) -> None:
    place.roll_out("Deployment", GOOD, spec=SOON)
    place.apply("Deployment", GOOD, spec=SOON, pod={"nodeSelector": {"aurora.test/none": "x"}})

    run = place.act("restart", "deployment/web")

    assert run.code == 1, run
    early, _, late = run.stdout.partition("ProgressDeadlineExceeded")
    assert "Pending, 0/1 ready: will not complete while this lasts: Unschedulable: 0/" in early
    assert "  pod FailedScheduling (" in late


async def test_a_hostile_event_and_the_secret_in_it_do_not_reach_the_terminal(place: Place) -> None:
    place.roll_out("Deployment", GOOD, spec=SOON)
    workload_itself = json.loads(place.do("get", "deployment/web", "-o", "json"))["metadata"]
    made = event(place.namespace, "told", "Warning", "Noticed", "\x1b[2J password=hunter2\nand more", count=3)
    made["involvedObject"] |= {"kind": "Deployment", "name": "web", "uid": workload_itself["uid"]}
    place.do("create", "-f", "-", stdin=to_list([made]))

    run = place.act("set-image", "deployment/web", f"main={PULL}")

    assert run.code == 1, run
    (line,) = [line for line in run.stdout.splitlines() if "Noticed" in line]
    assert line.startswith("    deployment Noticed (3 times, ")
    assert line.endswith(" ago): \u241b[2J password=(hidden) and more")
    assert "hunter2" not in run.stdout + run.stderr


async def test_a_stuck_statefulset_is_recognised_and_completes_once_the_pod_is_deleted(
    place: Place, eventually: Eventually
) -> None:
    """Kubernetes' "forced rollback": the remedy is told while one program follows, and another carries it out."""
    fixed = {"serviceName": "web"}
    place.roll_out("StatefulSet", GOOD, spec=fixed)
    place.apply("StatefulSet", PULL, spec=fixed)
    await eventually(lambda: "web-1" in place.pods() and _waits(place.pods()["web-1"]))
    uid = place.pods()["web-1"]["metadata"]["uid"]

    with subprocess.Popen(
        [*place.aurora.command, *place.options("rollback", "statefulset/web")],
        env={**os.environ, **place.aurora.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as following:
        assert following.stdout is not None
        told = ""
        while "aurora-tui delete" not in told:
            line = following.stdout.readline()
            assert line, told
            told += line
        assert place.pods()["web-1"]["metadata"]["uid"] == uid, "nothing is deleted unasked"
        deleted = place.act(*told.splitlines()[-1].split()[1:3])
        rest = following.stdout.read()

    assert "delete what stays broken (web-1: ImagePullBackOff, 0/1 ready)" in told, "before it is confirmed"
    assert "! StatefulSet web waits for web-1, which runs another revision and does not become ready" in told
    assert deleted.code == 0, deleted
    assert following.returncode == 0, told + rest
    assert rest.splitlines()[-1] == "pods complete: 2 pods available"
    assert {pod["spec"]["containers"][0]["image"] for pod in place.pods().values()} == {GOOD}


def _waits(pod: Object) -> bool:
    statuses = pod["status"].get("containerStatuses") or [{"state": {}}]
    return bool(statuses[0]["state"].get("waiting", {}).get("reason") == "ImagePullBackOff")
