"""Rollouts of Argo Rollouts: their phase in the plugin's words, their rows, and how far a verification sees them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import pytest

from aurora_tui.cluster.errors import NotFoundError
from aurora_tui.cluster.resources import REPLICASETS, ROLLOUTS, find
from aurora_tui.inspection import history
from aurora_tui.model import argo, argo_rows, views
from aurora_tui.model.describe import describe
from aurora_tui.model.kube import Pod, Rollout
from aurora_tui.model.pods import owner_workload
from aurora_tui.model.rollouts import RolloutState, rollout_status
from aurora_tui.model.selection import ObjectRef
from tests.unit.argoobjects import (
    BLUE_GREEN,
    NEW,
    OLD,
    SINCE,
    aborted,
    finished,
    paused,
    progressing,
    replicaset,
    rollout,
    under,
)
from tests.unit.fakecluster import Object
from tests.unit.rolloutobjects import NAME, NAMESPACE

NOW = datetime.fromisoformat(SINCE).timestamp() + 30
WITHOUT_STEPS: Object = {"canary": {}}
CALCULATED: Object = {"phase": "", "message": ""}


def typed(item: Object) -> Rollout:
    return msgspec.convert(item, Rollout)


@pytest.mark.parametrize(
    ("item", "phase", "message"),
    [
        (finished(), "Healthy", ""),
        (rollout(**paused()), "Paused", "CanaryPauseStep"),
        (rollout(**aborted()), "Degraded", "RolloutAborted: Rollout aborted update to revision 2"),
        (rollout(observedGeneration="1"), "Progressing", "waiting for rollout spec update to be observed"),
        (rollout(observedGeneration="6b9f7c"), "Progressing", "more replicas need to be updated"),
        (rollout(controllerPause=True), "Progressing", "waiting for rollout to unpause"),
        # A controller before 1.0 says no phase: it is worked out.
        (finished(**CALCULATED), "Healthy", ""),
        (rollout(**{**paused(), **CALCULATED}), "Paused", "CanaryPauseStep"),
        (rollout(**{**aborted(), **CALCULATED}), "Degraded", "RolloutAborted: Rollout aborted update to revision 2"),
        (rollout(spec={"paused": True}, **CALCULATED), "Paused", "manually paused"),
        (rollout(**CALCULATED), "Progressing", "more replicas need to be updated"),
        (finished(**CALCULATED, availableReplicas=4), "Progressing", "updated replicas are still becoming available"),
        (finished(**CALCULATED, replicas=6), "Progressing", "old replicas are pending termination"),
        (finished(**CALCULATED, stableRS="old"), "Progressing", "waiting for all steps to complete"),
        (finished(spec={"restartAt": SINCE}, **CALCULATED), "Progressing", "rollout is restarting"),
        (finished(BLUE_GREEN, **CALCULATED), "Healthy", ""),
        (
            finished(BLUE_GREEN, **CALCULATED, blueGreen={"activeSelector": "old"}),
            "Progressing",
            "active service cutover pending",
        ),
        (
            finished(BLUE_GREEN, **CALCULATED, stableRS="old"),
            "Progressing",
            "waiting for post-promotion verification to complete",
        ),
        (
            rollout(**CALCULATED, conditions=[progressing("ProgressDeadlineExceeded", "timed out")]),
            "Degraded",
            "ProgressDeadlineExceeded: timed out",
        ),
        (
            rollout(**CALCULATED, conditions=[{"type": "InvalidSpec", "status": "True", "message": "no steps"}]),
            "Degraded",
            "InvalidSpec: no steps",
        ),
    ],
)
def test_the_phase_is_the_plugins(item: Object, phase: str, message: str) -> None:
    assert argo.phase(typed(item)) == (phase, message)


@pytest.mark.parametrize(
    ("item", "step", "weight"),
    [
        (rollout(currentStepIndex=0), "0/5", 20),
        (rollout(currentStepIndex=1), "1/5", 20),
        (rollout(currentStepIndex=4), "4/5", 60),
        (finished(), "5/5", 100),
        (rollout(**aborted()), "0/5", 0),
        (finished(WITHOUT_STEPS), "-", 100),
        (rollout(BLUE_GREEN), "-", None),
        (rollout({"canary": {"steps": [{"pause": {}}]}}, currentStepIndex=0), "0/1", 0),
        (finished({"canary": {"trafficRouting": {"maxTrafficWeight": 1000}}}), "-", 1000),
    ],
)
def test_step_and_weight_are_the_plugins(item: Object, step: str, weight: int | None) -> None:
    assert (argo.step_text(typed(item)), argo.weight(typed(item))) == (step, weight)


def test_a_row_has_the_plugins_columns_kubectls_counts_and_the_message() -> None:
    row = typed(rollout(**paused()))

    cells = {column.heading: column.cell(row, NOW).text for column in argo_rows.COLUMNS if not column.wide}

    assert cells == {
        "NAME": NAME,
        "STRATEGY": "Canary",
        "STATUS": "Paused",
        "STEP": "1/5",
        "SET-WEIGHT": "20",
        "READY": "5/5",
        "DESIRED": "5",
        "CURRENT": "5",
        "UP-TO-DATE": "1",
        "AVAILABLE": "5",
        "AGE": "10m",
        "MESSAGE": "CanaryPauseStep",
    }


def test_a_rollout_that_does_not_say_how_many_wants_one() -> None:
    item = finished()
    del item["spec"]["replicas"]
    assert argo.desired(typed(item)) == 1
    assert rollout_status("Rollout", item).total == 1


@pytest.mark.parametrize(
    ("item", "faulty"),
    [
        (finished(), False),
        (rollout(**paused()), False),
        (rollout(**aborted()), True),
        (rollout(availableReplicas=4, conditions=[progressing("ReplicaSetUpdated")]), False),
        (rollout(availableReplicas=4), True),
    ],
)
def test_degraded_or_long_without_its_pods_is_a_fault_and_a_pause_is_none(item: Object, faulty: bool) -> None:
    assert argo_rows.faulty(typed(item), NOW) is faulty


def test_a_pod_belongs_to_the_rollout_that_its_replicaset_is_called_after() -> None:
    keeper = replicaset(2, "new", NEW, 1)
    owner = {"kind": "ReplicaSet", "name": keeper["metadata"]["name"], "controller": True}
    labels = keeper["spec"]["template"]["metadata"]["labels"]
    pod = msgspec.convert({"metadata": {"labels": labels, "ownerReferences": [owner]}}, Pod)
    assert owner_workload(pod) == ("Rollout", NAME)


def test_commands_find_it_by_the_names_of_its_crd() -> None:
    assert {views.named(name) for name in ("rollouts", "rollout", "ro")} == {views.ROLLOUTS}
    assert find("ro") is find("Rollout") is ROLLOUTS
    assert ROLLOUTS.path(NAMESPACE, NAME, "status") == (
        f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/rollouts/{NAME}/status"
    )


@pytest.mark.parametrize(
    ("item", "state", "words"),
    [
        (finished(), RolloutState.COMPLETE, "5 pods available"),
        (rollout(**paused()), RolloutState.HELD, "Paused: CanaryPauseStep, step 1/5, weight 20"),
        (rollout(**paused(), currentStepIndex=4), RolloutState.WAITING, "Paused: CanaryPauseStep, step 4/5, weight 60"),
        (rollout(BLUE_GREEN, **paused("BlueGreenPause")), RolloutState.HELD, "Paused: BlueGreenPause"),
        (
            rollout({"blueGreen": {"activeService": "web", "autoPromotionSeconds": 30}}, **paused("BlueGreenPause")),
            RolloutState.WAITING,
            "Paused: BlueGreenPause",
        ),
        (rollout(**paused("InconclusiveAnalysisRun")), RolloutState.HELD, "InconclusiveAnalysisRun"),
        (rollout(spec={"paused": True}, phase="Paused", message="manually paused"), RolloutState.HELD, "manually"),
        (rollout(**aborted()), RolloutState.FAILED, "Degraded: RolloutAborted: Rollout aborted update to revision 2"),
        (rollout(observedGeneration="1"), RolloutState.WAITING, "spec update to be observed"),
        # What a verb has just written and the controller has not seen: the phase is still of the time before.
        (rollout(**{**aborted(), "abort": False}), RolloutState.WAITING, "has not seen the retry yet"),
        (rollout(**paused(), abort=True), RolloutState.WAITING, "has not seen the abort yet"),
        (rollout(**paused(), promoteFull=True), RolloutState.WAITING, "has not seen the promotion yet"),
        (rollout(phase="Paused", message="CanaryPauseStep"), RolloutState.WAITING, "has not seen the promotion yet"),
    ],
)
def test_how_far_a_verification_sees_it(item: Object, state: RolloutState, words: str) -> None:
    status = rollout_status("Rollout", item)
    assert status.state is state
    assert words in status.text


def test_a_failure_is_told_from_one_before_it_by_its_time() -> None:
    assert rollout_status("Rollout", rollout(**aborted())).since == "2023-11-14T22:10:00+00:00"


async def shown_history(item: Object) -> list[tuple[int, bool, tuple[str, ...], int]]:
    cluster = under(item)
    found = await history(cluster, ObjectRef("Rollout", NAMESPACE, NAME), NOW)
    return [(row.number, row.live, row.roles, len(row.changes)) for row in found.rows]


@pytest.mark.parametrize(
    ("item", "roles"),
    [
        (rollout(**paused()), [("canary",), ("stable",)]),
        (finished(), [("stable",), ()]),
        (
            rollout(BLUE_GREEN, blueGreen={"activeSelector": "old", "previewSelector": "new"}),
            [("preview",), ("stable", "active")],
        ),
        (finished(BLUE_GREEN), [("stable", "active"), ()]),
    ],
)
async def test_the_history_says_which_is_stable_canary_active_and_preview(item: Object, roles: Any) -> None:
    rows = await shown_history(item)
    # Two lines: the image before and after.
    assert rows == [(2, True, roles[0], 0), (1, False, roles[1], 2)]


async def test_defaults_that_only_the_replicasets_have_are_no_difference_to_what_runs() -> None:
    cluster = under(rollout(**paused()))
    for number, hash_, image in ((1, "old", OLD), (2, "new", NEW)):
        keeper = replicaset(number, hash_, image, 1)
        keeper["spec"]["template"]["spec"] |= {"dnsPolicy": "ClusterFirst", "restartPolicy": "Always"}
        cluster.put(REPLICASETS, keeper)

    found = await history(cluster, ObjectRef("Rollout", NAMESPACE, NAME), NOW)

    assert [(row.live, len(row.changes)) for row in found.rows] == [(True, 0), (False, 2)]
    assert found.status == "Paused: CanaryPauseStep, step 1/5, weight 20"


def test_a_description_tells_status_steps_and_template_without_its_secrets() -> None:
    item = rollout(**paused())
    item["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "DB_PASSWORD", "value": "hunter2"}]

    lines = [" ".join(line.split()) for line in describe("Rollout", item, [], NOW)]

    assert "Status: Paused: CanaryPauseStep" in lines
    assert "Replicas: 5 desired | 1 updated | 5 total | 5 ready | 5 available | 0 unavailable" in lines
    assert lines[lines.index("No Step State") + 2 :][:3] == [
        "1 set weight 20 done",
        "2 pause until promoted now",
        "3 set weight 60",
    ]
    assert "Image: aurora/backend:2.4.1" in lines
    assert not any("hunter2" in line for line in lines)


def test_a_template_of_another_object_is_named_in_its_description() -> None:
    item = rollout(spec={"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}})
    del item["spec"]["template"]
    assert "Pod Template:     of deployment/web" in describe("Rollout", item, [], NOW)


async def test_the_history_of_another_objects_template_is_looked_for_there() -> None:
    item = rollout(spec={"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}})
    with pytest.raises(NotFoundError, match="takes its pods' template from deployment/web"):
        await history(under(item), ObjectRef("Rollout", NAMESPACE, NAME), NOW)
