"""Several actions in one on real servers: a drain beside kubectl's own, its budgets and its stop, and a canary."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.audit import AuditLog, Sent
from tests.live.conftest import Eventually, Kubectl
from tests.live.manyobjects import Object, to_list, workload
from tests.live.program import Program, Run

pytest_plugins = ("tests.live.fixtures",)

NODE = "aurora-node-03"
HERE = {"nodeSelector": {"kubernetes.io/hostname": NODE}}
AGREED = ("--force", "--delete-emptydir-data")
EVICTING = re.compile(r"^evicting pod (\S+)", re.MULTILINE)
EVICTED = re.compile(r"^  evict pod/(\S+) in (\S+):", re.MULTILINE)


@pytest.fixture
def node(kubectl: Kubectl) -> Iterator[str]:
    """A node without the pods of others, whose budgets may never let them go; schedulable again afterwards."""
    bounded = ("--ignore-daemonsets", *AGREED, "--disable-eviction", "--grace-period=1", "--timeout=60s")
    kubectl("drain", NODE, *bounded)
    kubectl("uncordon", NODE)
    yield NODE
    kubectl("uncordon", NODE)


@pytest.fixture
def confirmed(context: str) -> tuple[str, ...]:
    return ("--yes", f"--confirm={context}", "--reason=told by the tests")


def make(kubectl: Kubectl, namespace: str, *objects: Object) -> None:
    where = f"--namespace={namespace}"
    kubectl("wait", "--for=create", "serviceaccount/default", where, "--timeout=30s")
    kubectl("create", "-f", "-", where, stdin=to_list(objects))


def budget(name: str) -> Object:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": name}}},
    }


async def make_withheld(kubectl: Kubectl, eventually: Eventually, namespace: str, name: str) -> None:
    """A Deployment on the node whose only pod its budget lets nobody evict."""
    where = f"--namespace={namespace}"
    make(kubectl, namespace, workload("Deployment", name, replicas=1, pod=HERE), budget(name))
    kubectl("rollout", "status", f"deployment/{name}", where)
    healthy = ("get", "pdb", name, where, "-o", "jsonpath={.status.currentHealthy}")
    await eventually(lambda: kubectl(*healthy) == "1")


def alone(name: str) -> Object:
    """A pod that nothing controls, with data in an emptyDir."""
    spec = {
        **HERE,
        "containers": [{"name": "main", "image": "aurora/backend:2.4.0"}],
        "volumes": [{"name": "cache", "emptyDir": {}}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def pods_on(kubectl: Kubectl, node: str, namespace: str = "") -> list[Any]:
    where = (f"--namespace={namespace}",) if namespace else ("-A",)
    found = json.loads(kubectl("get", "pods", *where, f"--field-selector=spec.nodeName={node}", "-o", "json"))["items"]
    return list(found)


class UnderWay:
    """The program while it runs, its output read line by line."""

    def __init__(self, program: Program, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [*program.command, *arguments],
            env={**os.environ, **program.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.seen = ""

    def until(self, words: str) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.seen += line
            if words in line:
                return
        raise AssertionError(f"never said: {words}\n{self.seen}")

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def ended(self) -> Run:
        stdout, stderr = self._process.communicate(timeout=90)
        return Run(self.seen + stdout, stderr, self._process.returncode)


async def test_a_drain_evicts_what_kubectl_would_and_leaves_what_kubectl_leaves(
    aurora: Program,
    kubectl: Kubectl,
    namespace: str,
    node: str,
    confirmed: tuple[str, ...],
    audit: AuditLog,
    eventually: Eventually,
) -> None:
    make(
        kubectl,
        namespace,
        workload("Deployment", "web", replicas=2, pod=HERE),
        workload("DaemonSet", "everywhere"),
        alone("alone"),
    )
    kubectl("rollout", "status", "deployment/web", f"--namespace={namespace}")
    kubectl("rollout", "status", "daemonset/everywhere", f"--namespace={namespace}")
    kubectl("wait", "--for=condition=Ready", "pod/alone", f"--namespace={namespace}")
    theirs = kubectl("drain", node, "--ignore-daemonsets", *AGREED, "--dry-run=server", "--timeout=60s")
    evicted_by_kubectl = {name for name in EVICTING.findall(theirs) if name.startswith(f"{namespace}/")}

    refused = aurora("drain", node, *confirmed)
    assert refused.code == 1
    assert "nothing controls 1 pod (alone): not made anew: agree to it with --force" in refused.stderr
    assert "data in emptyDir volumes is lost with 1 pod (alone)" in refused.stderr
    assert await audit.changes() == []

    run = aurora("drain", node, *AGREED, *confirmed)

    assert run.code == 0, run
    ours = {f"{place}/{name}" for name, place in EVICTED.findall(run.stdout)}
    assert {name for name in ours if name.startswith(f"{namespace}/")} == evicted_by_kubectl
    assert len(evicted_by_kubectl) == 3
    assert re.search(r"left as it is: pod/everywhere-\w+: DaemonSet everywhere would make it anew", run.stdout)
    assert [pod["metadata"]["labels"]["app"] for pod in pods_on(kubectl, node, namespace)] == ["everywhere"]
    cordon, *evictions = await audit.changes()
    assert cordon == Sent("patch", f"/nodes/{node}", False, 200)
    assert {(each.verb, each.code) for each in evictions} == {("create", 201)}
    assert {each.what.removesuffix(":eviction").replace("/pods/", "/") for each in evictions} == ours
    assert f"to take it back: uncordon node/{node}" in run.stdout

    entries = aurora("journal", "list", "-o", "json").json
    assert {entry["part_of"] for entry in entries} == {f"drain node/{node}"}
    assert len(entries) == 1 + len(ours)


async def test_a_drain_waits_for_a_budget_and_goes_on_once_it_allows(
    aurora: Program, kubectl: Kubectl, namespace: str, node: str, confirmed: tuple[str, ...], eventually: Eventually
) -> None:
    await make_withheld(kubectl, eventually, namespace, "kept")
    drain = UnderWay(aurora, "drain", node, *AGREED, *confirmed)
    drain.until("waits: the disruption budget kept needs 1 healthy pods and has 1 currently; tried again every 5 s")
    assert "! PDB kept allows no disruption now, and 1 pod of it is here" in drain.seen
    assert len(pods_on(kubectl, node, namespace)) == 1

    kubectl("delete", "pdb", "kept", f"--namespace={namespace}")

    run = drain.ended()
    assert run.code == 0, run
    assert pods_on(kubectl, node, namespace) == []


async def test_a_drain_that_is_interrupted_says_what_is_left_and_the_same_command_takes_it_up(
    aurora: Program, kubectl: Kubectl, namespace: str, node: str, confirmed: tuple[str, ...], eventually: Eventually
) -> None:
    await make_withheld(kubectl, eventually, namespace, "held")
    drain = UnderWay(aurora, "drain", node, *AGREED, *confirmed)
    drain.until("waits: the disruption budget held")

    drain.interrupt()

    run = drain.ended()
    assert run.code == 2, run
    assert "stopping: nothing new is begun" in run.stderr
    assert re.search(r"evict pod/held-\S+: not begun: stopped", run.stdout), run
    assert "still on it: drain it again to go on" in run.stdout
    assert [pod["metadata"].get("deletionTimestamp") for pod in pods_on(kubectl, node, namespace)] == [None]

    kubectl("delete", "pdb", "held", f"--namespace={namespace}")
    again = aurora("drain", node, *AGREED, *confirmed)
    assert again.code == 0, again
    assert f"left as it is: node/{node}: node/{node} is cordoned already" in again.stdout
    assert pods_on(kubectl, node, namespace) == []


async def test_a_canary_gets_its_share_of_the_services_endpoints(
    aurora: Program,
    kubectl: Kubectl,
    namespace: str,
    confirmed: tuple[str, ...],
    audit: AuditLog,
    eventually: Eventually,
) -> None:
    def track(name: str, replicas: int) -> Object:
        made = workload("Deployment", name, replicas=replicas)
        for labels in (made["spec"]["selector"]["matchLabels"], made["spec"]["template"]["metadata"]["labels"]):
            labels |= {"app": "web", "track": name}
        return made

    service = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
    make(
        kubectl,
        namespace,
        track("stable", 4),
        track("canary", 0),
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": service},
    )
    kubectl("rollout", "status", "deployment/stable", f"--namespace={namespace}")

    run = aurora("canary", "canary", "--weight=25", f"--namespace={namespace}", *confirmed)

    assert run.code == 0, run
    assert "give deployment/canary 25 % of service/web: 1 of 4 pods, 25 % (now 0 of 4)" in run.stdout
    assert [each.what for each in await audit.changes()] == [
        f"{namespace}/deployments/canary:scale",
        f"{namespace}/deployments/stable:scale",
    ]
    await eventually(lambda: endpoints(kubectl, namespace) == {"stable": 3, "canary": 1})


def endpoints(kubectl: Kubectl, namespace: str) -> dict[str, int]:
    """Ready addresses behind the Service, by the Deployment whose pods they are."""
    query = ("get", "endpointslices", f"--namespace={namespace}", "-l", "kubernetes.io/service-name=web", "-o", "json")
    addresses = [
        endpoint["targetRef"]["name"].split("-")[0]
        for item in json.loads(kubectl(*query))["items"]
        for endpoint in item.get("endpoints") or ()
        if endpoint["conditions"]["ready"]
    ]
    return {name: addresses.count(name) for name in addresses}
