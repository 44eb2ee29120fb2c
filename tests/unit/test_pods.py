"""A pods row says what kubectl get pods says, and the faulty ones are found."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from aurora_tui.model import pods
from aurora_tui.model.columns import Tone
from aurora_tui.model.kube import Pod

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC).timestamp()

RUNNING = {"running": {"startedAt": "2026-01-05T11:00:00Z"}}
DONE = {"terminated": {"exitCode": 0, "reason": "Completed"}}
READY = {"type": "Ready", "status": "True"}


def ago(seconds: float) -> str:
    return datetime.fromtimestamp(NOW - seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def waiting(reason: str) -> dict[str, Any]:
    return {"waiting": {"reason": reason}}


def terminated(code: int, reason: str = "", signal: int = 0) -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason, "signal": signal}}


def status(name: str, state: dict[str, Any], *, ready: bool = False, **more: Any) -> dict[str, Any]:
    return {"name": name, "state": state, "ready": ready, **more}


def pod(
    *containers: dict[str, Any],
    init: tuple[dict[str, Any], ...] = (),
    sidecars: tuple[str, ...] = (),
    phase: str = "Running",
    metadata: dict[str, Any] | None = None,
    spec: dict[str, Any] | None = None,
    **more: Any,
) -> Pod:
    """A pod of these container statuses; `sidecars` are the restartable ones of `init`."""
    raw = {
        "metadata": {"name": "web", "namespace": "shop", "creationTimestamp": ago(3600), **(metadata or {})},
        "spec": {
            "containers": [{"name": each["name"]} for each in containers],
            "initContainers": [
                {"name": each["name"], **({"restartPolicy": "Always"} if each["name"] in sidecars else {})}
                for each in init
            ],
            **(spec or {}),
        },
        "status": {
            "phase": phase,
            "containerStatuses": list(containers),
            "initContainerStatuses": list(init),
            **more,
        },
    }
    return msgspec.convert(raw, Pod)


def row(subject: Pod) -> dict[str, str]:
    return {column.heading: column.cell(subject, NOW).text for column in pods.COLUMNS}


def tone(subject: Pod) -> Tone:
    return next(column for column in pods.COLUMNS if column.heading == "STATUS").cell(subject, NOW).tone


UP = status("app", RUNNING, ready=True)

STATES = [
    ("Running", "1/1", pod(UP, conditions=[READY])),
    ("Pending", "0/0", pod(phase="Pending")),
    ("ContainerCreating", "0/1", pod(status("app", waiting("ContainerCreating")), phase="Pending")),
    ("CrashLoopBackOff", "1/2", pod(UP, status("b", waiting("CrashLoopBackOff")))),
    ("ImagePullBackOff", "0/1", pod(status("app", waiting("ImagePullBackOff")), phase="Pending")),
    ("Completed", "0/1", pod(status("app", DONE), phase="Succeeded")),
    ("Error", "0/1", pod(status("app", terminated(1, "Error")), phase="Failed")),
    ("OOMKilled", "0/1", pod(status("app", terminated(137, "OOMKilled")))),
    ("ExitCode:3", "0/1", pod(status("app", terminated(3)))),
    ("Signal:9", "0/1", pod(status("app", terminated(137, signal=9)))),
    ("Evicted", "0/0", pod(phase="Failed", reason="Evicted")),
    ("first", "0/2", pod(status("a", waiting("first")), status("b", waiting("second")))),
    # A container that is done beside one that runs: what counts is whether the pod is ready.
    ("Running", "1/2", pod(status("job", DONE), UP, conditions=[READY])),
    ("NotReady", "1/2", pod(status("job", DONE), UP)),
    ("Error", "1/3", pod(status("job", DONE), UP, status("bad", terminated(1, "Error")))),
    # Init containers.
    ("Init:0/2", "0/1", pod(status("app", waiting("PodInitializing")), init=(status("i", RUNNING), status("j", {})))),
    ("Init:1/2", "0/1", pod(status("app", {}), init=(status("i", DONE), status("j", waiting("PodInitializing"))))),
    ("Init:Error", "0/1", pod(status("app", {}), init=(status("i", terminated(1, "Error")),))),
    ("Init:ExitCode:2", "0/1", pod(status("app", {}), init=(status("i", terminated(2)),))),
    ("Init:Signal:15", "0/1", pod(status("app", {}), init=(status("i", terminated(143, signal=15)),))),
    ("Init:CrashLoopBackOff", "0/1", pod(status("app", {}), init=(status("i", waiting("CrashLoopBackOff")),))),
    ("PodInitializing", "0/1", pod(status("app", waiting("PodInitializing")), init=(status("i", DONE),))),
    # Init containers that run again after the pod's sandbox was lost, while it counts as initialized.
    (
        "CrashLoopBackOff",
        "0/1",
        pod(
            status("app", waiting("CrashLoopBackOff")),
            init=(status("i", RUNNING),),
            conditions=[{"type": "Initialized", "status": "True"}],
        ),
    ),
    # Restartable init containers count as containers once they have started.
    ("Running", "2/2", pod(UP, init=(status("s", RUNNING, ready=True, started=True),), sidecars=("s",))),
    ("Running", "1/2", pod(UP, init=(status("s", RUNNING, started=True),), sidecars=("s",))),
    ("Init:0/1", "0/2", pod(status("app", {}), init=(status("s", RUNNING, started=False),), sidecars=("s",))),
    # Going away.
    ("Terminating", "1/1", pod(UP, metadata={"deletionTimestamp": ago(5)})),
    ("Completed", "0/1", pod(status("app", DONE), phase="Succeeded", metadata={"deletionTimestamp": ago(5)})),
    ("Unknown", "1/1", pod(UP, reason="NodeLost", metadata={"deletionTimestamp": ago(5)})),
    (
        "SchedulingGated",
        "0/0",
        pod(phase="Pending", conditions=[{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]),
    ),
]


@pytest.mark.parametrize(("reason", "ready", "subject"), STATES)
def test_ready_and_status_are_kubectls(reason: str, ready: str, subject: Pod) -> None:
    printed = row(subject)
    assert (printed["STATUS"], printed["READY"]) == (reason, ready)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (pod(UP), Tone.PLAIN),
        (pod(status("app", RUNNING)), Tone.WARN),
        (pod(phase="Pending"), Tone.WARN),
        (pod(status("app", {}), init=(status("i", RUNNING),)), Tone.WARN),
        (pod(status("app", DONE), phase="Succeeded"), Tone.DIM),
        (pod(status("app", waiting("ErrImagePull"))), Tone.BAD),
        (pod(status("app", {}), init=(status("i", terminated(1, "Error")),)), Tone.BAD),
        (pod(phase="Failed", reason="Evicted"), Tone.BAD),
    ],
)
def test_the_tone_tells_failing_from_starting(subject: Pod, expected: Tone) -> None:
    assert tone(subject) is expected


def crashed(seconds_ago: float, count: int) -> dict[str, Any]:
    last = {"terminated": {"exitCode": 1, "finishedAt": ago(seconds_ago)}}
    return status("app", RUNNING, ready=True, restartCount=count, lastState=last)


def test_restarts_say_when_the_last_one_was() -> None:
    newest_of_two = pod(crashed(7200, 2), {**crashed(300, 3), "name": "b"})
    assert row(newest_of_two)["RESTARTS"] == "5 (5m ago)"


def test_restarts_without_a_known_end_are_a_bare_number() -> None:
    assert row(pod(status("app", RUNNING, restartCount=4)))["RESTARTS"] == "4"
    assert row(pod({**crashed(300, 0)}))["RESTARTS"] == "0"


def test_restarts_of_finished_init_containers_are_not_counted_but_those_of_restartable_ones_are() -> None:
    finished = {"name": "i", "state": DONE, "restartCount": 7}
    sidecar = {**crashed(600, 2), "name": "s", "started": True}
    subject = pod(UP, init=(finished, sidecar), sidecars=("s",))
    assert row(subject)["RESTARTS"] == "2 (10m ago)"


def test_while_init_containers_run_theirs_are_the_restarts() -> None:
    assert row(pod(status("app", {}), init=({**crashed(600, 3), "name": "i"},)))["RESTARTS"] == "3 (10m ago)"


def test_a_pod_without_a_creation_time_has_an_unknown_age() -> None:
    assert row(pod(UP, metadata={"creationTimestamp": None}))["AGE"] == "<unknown>"
    assert row(pod(UP))["AGE"] == "60m"


def test_the_wide_columns_name_what_is_missing() -> None:
    bare = row(pod(UP))
    assert [bare[heading] for heading in ("IP", "NODE", "NOMINATED NODE", "READINESS GATES")] == ["<none>"] * 4

    placed = row(
        pod(
            UP,
            spec={"nodeName": "n1", "readinessGates": [{"conditionType": "a"}, {"conditionType": "b"}]},
            podIP="10.0.0.7",
            nominatedNodeName="n2",
            conditions=[{"type": "a", "status": "True"}, {"type": "b", "status": "False"}],
        )
    )
    assert (placed["IP"], placed["NODE"], placed["NOMINATED NODE"]) == ("10.0.0.7", "n1", "n2")
    assert placed["READINESS GATES"] == "1/2"


def test_the_headings_are_kubectls() -> None:
    narrow = [column.heading for column in pods.COLUMNS if not column.wide]
    assert narrow == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]


@pytest.mark.parametrize(
    ("faulty", "subject"),
    [
        (False, pod(UP, conditions=[READY])),
        (True, pod(status("app", waiting("CrashLoopBackOff")))),
        (False, pod(status("app", DONE, restartCount=3), phase="Succeeded")),
        # Starting is no fault until it takes too long.
        (False, pod(phase="Pending", metadata={"creationTimestamp": ago(20)})),
        (True, pod(phase="Pending", metadata={"creationTimestamp": ago(90)})),
        (
            True,
            pod(
                phase="Pending",
                metadata={"creationTimestamp": ago(5)},
                conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}],
            ),
        ),
        (
            False,
            pod(
                status("app", RUNNING),
                conditions=[{"type": "Ready", "status": "False", "lastTransitionTime": ago(30)}],
            ),
        ),
        (
            True,
            pod(
                status("app", RUNNING),
                conditions=[{"type": "Ready", "status": "False", "lastTransitionTime": ago(300)}],
            ),
        ),
        # Between two crashes a container runs and is ready.
        (True, pod(crashed(120, 6), conditions=[READY])),
        (False, pod(crashed(3600, 6), conditions=[READY])),
        # Stopping is no fault until it takes longer than the grace period.
        (False, pod(UP, metadata={"deletionTimestamp": ago(-20)})),
        (True, pod(UP, metadata={"deletionTimestamp": ago(600)})),
        (False, STATES[-1][2]),
    ],
)
def test_faults_are_what_an_operator_should_look_at(faulty: bool, subject: Pod) -> None:
    assert pods.faulty(subject, NOW) is faulty


def owned(kind: str, name: str, labels: dict[str, str] | None = None, *, controller: bool = True) -> Pod:
    owner = {"kind": kind, "name": name, "controller": controller}
    return pod(UP, metadata={"ownerReferences": [owner], "labels": labels})


@pytest.mark.parametrize(
    ("subject", "workload"),
    [
        (owned("ReplicaSet", "web-7d9c", {"pod-template-hash": "7d9c"}), ("Deployment", "web")),
        (owned("ReplicaSet", "web-7d9c", {"pod-template-hash": "other"}), ("ReplicaSet", "web-7d9c")),
        (owned("ReplicaSet", "standalone"), ("ReplicaSet", "standalone")),
        (owned("StatefulSet", "db"), ("StatefulSet", "db")),
        (owned("Gang", "g", controller=False), None),
        (pod(UP), None),
    ],
)
def test_a_pod_knows_its_workload(subject: Pod, workload: tuple[str, str] | None) -> None:
    assert pods.owner_workload(subject) == workload


def order(heading: str, *subjects: Pod) -> list[str]:
    column = next(column for column in pods.COLUMNS if column.heading == heading)
    return [column.cell(subject, NOW).text for subject in sorted(subjects, key=column.sort)]


def test_columns_sort_by_magnitude_and_the_worst_status_comes_first() -> None:
    assert order("AGE", pod(UP), pod(UP, metadata={"creationTimestamp": ago(5)})) == ["5s", "60m"]
    assert order("RESTARTS", pod(status("a", {}, restartCount=10)), pod(status("a", {}, restartCount=9))) == ["9", "10"]
    assert order("IP", pod(podIP="10.0.0.10"), pod(podIP="10.0.0.9")) == ["10.0.0.9", "10.0.0.10"]
    states = order("STATUS", pod(UP), pod(status("a", waiting("ErrImagePull"))), pod(phase="Pending"))
    assert states == ["ErrImagePull", "Pending", "Running"]
