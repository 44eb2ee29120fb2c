"""`delete`, `evict` and `trigger` on real pods and CronJobs: held to one object, to its budgets, and sent once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.live.audit import AuditLog, Sent
from tests.live.conftest import Eventually, Kubectl
from tests.live.manyobjects import to_list
from tests.live.program import Program, Run
from tests.live.twins import Twins

pytest_plugins = ("tests.live.fixtures",)

GOOD = "aurora/backend:2.4.0"
Confirmed = Callable[..., Run]


@pytest.fixture
def confirmed(aurora: Program, context: str) -> Confirmed:
    return lambda *words: aurora(*words, "--yes", f"--confirm={context}", "--reason=told by the tests")


async def a_pod_of(twins: Twins, eventually: Eventually, replicas: int = 2) -> dict[str, Any]:
    """A pod of a fresh Deployment, all of whose pods are ready."""
    await twins.apply(twins.release("Deployment", GOOD, replicas=replicas))
    twins.kubectl("rollout", "status", twins.reference("Deployment"), f"--namespace={twins.ours}")
    found: dict[str, Any] = pods(twins)[0]
    return found


def pods(twins: Twins) -> list[dict[str, Any]]:
    text = twins.kubectl("get", "pods", f"--namespace={twins.ours}", "-l", f"app={twins.name}", "-o", "json")
    return [each for each in json.loads(text)["items"] if "deletionTimestamp" not in each["metadata"]]


def is_ready(pod: dict[str, Any]) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"]["conditions"])


@pytest.mark.parametrize("how", [("delete",), ("delete", "--now"), ("evict",)], ids=" ".join)
async def test_a_pod_ends_and_its_controller_makes_another(
    confirmed: Confirmed, twins: Twins, eventually: Eventually, audit: AuditLog, how: tuple[str, ...]
) -> None:
    pod = (await a_pod_of(twins, eventually))["metadata"]

    run = confirmed(*how, f"pod/{pod['name']}", f"--namespace={twins.ours}")

    assert run.code == 0, run
    assert f"pod/{pod['name']} is gone, 2 of 2 pods of ReplicaSet " in run.stdout
    there = pods(twins)
    assert len(there) == 2 and pod["uid"] not in {each["metadata"]["uid"] for each in there}
    assert all(map(is_ready, there)), "not before it is replaced"
    verb, part = ("create", ":eviction") if how[0] == "evict" else ("delete", "")
    [sent] = await audit.changes()
    assert (sent.verb, sent.what, sent.code // 100) == (verb, f"{twins.ours}/pods/{pod['name']}{part}", 2)


async def test_a_statefulsets_pod_is_waited_for_until_it_is_back(
    confirmed: Confirmed, twins: Twins, eventually: Eventually
) -> None:
    await twins.apply(twins.release("StatefulSet", GOOD, replicas=1))
    twins.kubectl("rollout", "status", twins.reference("StatefulSet"), f"--namespace={twins.ours}")
    [pod] = pods(twins)

    run = confirmed("delete", f"pod/{pod['metadata']['name']}", f"--namespace={twins.ours}")

    assert run.code == 0, run
    assert f"pods complete: pod/{pod['metadata']['name']} is gone, the new one is ready" in run.stdout
    [anew] = pods(twins)
    assert anew["metadata"]["uid"] != pod["metadata"]["uid"] and is_ready(anew)


async def test_a_disruption_budget_withholds_an_eviction_and_only_warns_of_a_deletion(
    confirmed: Confirmed, kubectl: Kubectl, twins: Twins, eventually: Eventually, audit: AuditLog
) -> None:
    pod = (await a_pod_of(twins, eventually, replicas=1))["metadata"]
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": twins.name},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": twins.name}}},
    }
    kubectl("create", "-f", "-", f"--namespace={twins.ours}", stdin=to_list([budget]))
    healthy = ("-o", "jsonpath={.status.currentHealthy}")
    await eventually(lambda: kubectl("get", "pdb", twins.name, f"--namespace={twins.ours}", *healthy) == "1")

    run = confirmed("evict", f"pod/{pod['name']}", f"--namespace={twins.ours}")
    assert run.code == 1, run
    assert "may not be evicted now" in run.stderr
    assert f"The disruption budget {twins.name} needs 1 healthy pods and has 1 currently" in run.stderr
    assert await audit.changes() == []

    run = confirmed("delete", f"pod/{pod['name']}", f"--namespace={twins.ours}", "--dry-run")
    assert f"PDB {twins.name} allows 0 disruptions now" in run.stdout
    assert "it is the last ready pod of ReplicaSet" in run.stdout


async def test_a_pod_that_nobody_makes_anew_is_warned_about(
    confirmed: Confirmed, kubectl: Kubectl, namespace: str
) -> None:
    kubectl("wait", "--for=create", "serviceaccount/default", f"--namespace={namespace}", "--timeout=30s")
    kubectl("run", "alone", f"--image={GOOD}", f"--namespace={namespace}")

    run = confirmed("delete", "pod/alone", f"--namespace={namespace}")

    assert run.code == 0, run
    assert "nothing controls it: nobody makes it anew" in run.stdout


async def test_a_cronjob_is_run_as_kubectl_runs_it(
    confirmed: Confirmed, kubectl: Kubectl, namespace: str, audit: AuditLog
) -> None:
    where = f"--namespace={namespace}"
    kubectl("create", "cronjob", "nightly", "--image=aurora/backup:1", "--schedule=0 3 * * *", where)
    kubectl("create", "job", "theirs", "--from=cronjob/nightly", where)

    run = confirmed("trigger", "nightly", where)

    assert run.code == 0, run
    jobs = {each["metadata"]["name"]: each for each in json.loads(kubectl("get", "jobs", where, "-o", "json"))["items"]}
    theirs = jobs.pop("theirs")
    [ours] = jobs.values()
    assert f"job {ours['metadata']['name']} was started" in run.stdout
    assert _shape(ours) == _shape(theirs)
    assert await audit.changes() == [Sent("create", f"{namespace}/jobs/{ours['metadata']['name']}", False, 201)]


def _shape(job: dict[str, Any]) -> dict[str, Any]:
    """A Job without what its own name and uid make different."""
    meta, template = job["metadata"], job["spec"]["template"]
    kept = {key: meta.get(key) for key in ("annotations", "ownerReferences")}
    text = json.dumps({**kept, "spec": template["spec"], "backoff": job["spec"]["backoffLimit"]}, sort_keys=True)
    shape: dict[str, Any] = json.loads(text.replace(meta["name"], "NAME").replace(meta["uid"], "UID"))
    return shape
