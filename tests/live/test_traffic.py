"""`switch` leaves a Service as kubectl's patch leaves its twin, and the real controller's endpoints follow."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from aurora_tui.actions import ActionPath, undo_of
from aurora_tui.cluster.kubeconfig import choose
from aurora_tui.cluster.kubernetes import KubernetesCluster
from aurora_tui.cluster.resources import SERVICES
from aurora_tui.journal import Journal
from aurora_tui.model.actions import Outcome, Params, Progress, Rollout, Verb, Verdict
from tests.live.audit import AuditLog, Sent
from tests.live.manyobjects import to_list, workload
from tests.live.program import Act
from tests.live.twins import Twins

pytest_plugins = ("tests.live.fixtures",)

GOOD, PULL = "aurora/backend:2.4.0", "aurora/backend:broken-pull"


def colour(twins: Twins, name: str, *, replicas: int, image: str = GOOD, port: str = "http") -> dict[str, Any]:
    """A Deployment of one colour of the service."""
    labels = {"app": twins.name, "color": name}
    made = workload("Deployment", f"{twins.name}-{name}", image=image, replicas=replicas)
    made["spec"]["selector"]["matchLabels"] = labels
    made["spec"]["template"]["metadata"]["labels"] = labels
    made["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"name": port, "containerPort": 8080}]
    return made


def start(twins: Twins, *colours: dict[str, Any], ready: tuple[str, ...] = ("blue", "green")) -> str:
    """Apply the colours in both namespaces, before them a Service on the blue one; give its reference."""
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    spec = {"selector": {"app": twins.name, "color": "blue"}, "ports": ports}
    front = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": twins.name}, "spec": spec}
    for namespace in (twins.ours, twins.theirs):
        twins.kubectl("apply", "-f", "-", f"--namespace={namespace}", stdin=to_list([front, *colours]))
    for each in ready:
        twins.both("rollout", "status", f"deployment/{twins.name}-{each}")
    return f"service/{twins.name}"


def spec_of(twins: Twins, namespace: str) -> dict[str, Any]:
    read = json.loads(twins.kubectl("get", "service", twins.name, f"--namespace={namespace}", "-o", "json"))
    spec: dict[str, Any] = read["spec"]
    return {key: value for key, value in spec.items() if key not in ("clusterIP", "clusterIPs")}


def served_by(twins: Twins, namespace: str) -> set[str]:
    """The pods that the Service sends requests to now, without the random end of their names."""
    of_it = f"kubernetes.io/service-name={twins.name}"
    read = json.loads(twins.kubectl("get", "endpointslices", f"--namespace={namespace}", "-l", of_it, "-o", "json"))
    endpoints = [each for piece in read["items"] for each in piece["endpoints"] or ()]
    return {each["targetRef"]["name"].rsplit("-", 2)[0] for each in endpoints if each["conditions"]["ready"]}


async def test_a_service_is_switched_as_kubectl_patches_it_and_back_again(
    act: Act, twins: Twins, audit: AuditLog
) -> None:
    service = start(twins, colour(twins, "blue", replicas=3), colour(twins, "green", replicas=3))

    for target in ("green", "blue"):
        await twins.eventually(lambda: len(served_by(twins, twins.ours)) == 1)
        run = act("switch", service, f"color={target}")
        twins.kubectl_does("patch", service, f'--patch={{"spec": {{"selector": {{"color": "{target}"}}}}}}')

        assert run.code == 0, run
        assert "3 of 3 endpoints ready" in run.stdout
        assert served_by(twins, twins.ours) == {f"{twins.name}-{target}"}
        assert spec_of(twins, twins.ours) == spec_of(twins, twins.theirs)
        assert spec_of(twins, twins.ours)["selector"] == {"app": twins.name, "color": target}
    assert await audit.changes() == [Sent("patch", f"{twins.ours}/services/{twins.name}", False, 200)] * 2


async def test_kubectl_set_selector_drops_the_other_keys_which_a_switch_keeps(act: Act, twins: Twins) -> None:
    service = start(twins, colour(twins, "blue", replicas=1), colour(twins, "green", replicas=1))

    run = act("switch", service, "color=green")
    twins.kubectl_does("set", "selector", service, "color=green")

    assert run.code == 0, run
    assert spec_of(twins, twins.theirs)["selector"] == {"color": "green"}
    assert spec_of(twins, twins.ours)["selector"] == {"app": twins.name, "color": "green"}


async def test_the_undo_switches_back_and_is_followed_through_the_endpoints(
    kubeconfig: Path, context: str, tmp_path: Path, twins: Twins
) -> None:
    start(twins, colour(twins, "blue", replicas=2), colour(twins, "green", replicas=2))
    cluster = KubernetesCluster(choose(context, str(kubeconfig)))
    journal = Journal(tmp_path)
    path = ActionPath(cluster, journal, protected=False, read_only=False, clock=time.time)
    try:
        params: Params = {"color": "green"}
        for served in ("green", "blue"):
            record = await path.execute(await path.plan(Verb.SWITCH, SERVICES, twins.ours, twins.name, params))
            assert record.outcome is Outcome.DONE, record.message
            *steps, verdict = [step async for step in path.verify(record)]
            assert isinstance(verdict, Verdict)
            assert (verdict.rollout, verdict.text) == (Rollout.COMPLETE, "pods complete: 2 of 2 endpoints ready")
            assert all(isinstance(step, Progress) and step.done <= step.total == 2 for step in steps)
            assert served_by(twins, twins.ours) == {f"{twins.name}-{served}"}
            inverse = undo_of(record)
            assert inverse is not None
            params = inverse[1]
        assert params == {"color": "green"}
    finally:
        journal.close()
        await cluster.close()


@pytest.mark.parametrize(
    ("words", "because"),
    [
        (("color=red",), "no ready pod matches color=red: there are pods of color=blue, color=green"),
        (("color=green",), "no ready pod matches color=green: NAME-green-"),
        (("tier=web",), "does not select by tier: this would only narrow it"),
        (("color=blue",), "nothing to switch"),
    ],
)
async def test_a_switch_into_nothing_is_refused(
    act: Act, twins: Twins, audit: AuditLog, words: tuple[str, ...], because: str
) -> None:
    broken = colour(twins, "green", replicas=1, image=PULL)
    service = start(twins, colour(twins, "blue", replicas=1), broken, ready=("blue",))
    green = ("get", "pods", "-l", f"app={twins.name},color=green", f"--namespace={twins.ours}")
    await twins.eventually(lambda: "ImagePull" in twins.kubectl(*green))

    run = act("switch", service, *words)

    assert (run.code, because.replace("NAME", twins.name) in run.stderr) == (1, True), run
    assert await audit.sent() == []


async def test_a_switch_warns_of_fewer_pods_an_unfinished_rollout_and_a_port_that_is_not_there(
    act: Act, twins: Twins
) -> None:
    green = colour(twins, "green", replicas=1, port="web")
    service = start(twins, colour(twins, "blue", replicas=2), green)
    twins.both("set", "image", f"deployment/{twins.name}-green", f"main={PULL}")

    def told() -> bool:
        run = act("switch", service, "color=green", "--dry-run")
        assert run.code == 0, run
        warnings = [line for line in run.stdout.splitlines() if line.startswith("! ")]
        assert warnings[:2] == [
            "! fewer pods than now would serve: 1 instead of 2",
            "! 1 of 1 ready pod would get nothing of port 80: no container there names port http",
        ]
        assert warnings[2].startswith(f"! deployment/{twins.name}-green: a rollout is in progress: ")
        return True

    await twins.eventually(told)
