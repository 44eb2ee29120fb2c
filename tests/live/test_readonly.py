"""Every verb of the command line, read-only and as a user who may only look: the server hears no change."""

from __future__ import annotations

import pytest

from aurora_tui.cli_actions import COMMANDS
from tests.live.audit import AuditLog
from tests.live.conftest import Kubectl
from tests.live.manyobjects import to_list, workload
from tests.live.program import Program

pytest_plugins = ("tests.live.fixtures",)

NODE = "aurora-node-02"
VERBS = {
    "rollback": ("deployment/kept",),
    "restart": ("deployment/kept",),
    "scale": ("deployment/kept", "--replicas=3"),
    "set-image": ("deployment/kept", "main=aurora/backend:9"),
    "pause": ("deployment/kept",),
    "resume": ("cronjob/asleep",),
    "cordon": ("aurora-node-01",),
    "uncordon": (NODE,),
    "delete": ("pod/alone",),
    "evict": ("pod/alone",),
    "trigger": ("asleep",),
    "bounds": ("kept", "--max=9"),
    "drain": ("aurora-node-01",),
    "canary": ("kept", "--weight=50"),
    "switch": ("kept", "color=green"),
    "set-flag": ("kept", "new-checkout"),
}


def test_every_acting_command_is_tried() -> None:
    assert {command.name for command in COMMANDS} == VERBS.keys()


@pytest.fixture
def kept(kubectl: Kubectl, namespace: str) -> str:
    """A namespace in which every verb would have something to do."""
    where = f"--namespace={namespace}"
    kubectl("wait", "--for=create", "serviceaccount/default", where, "--timeout=30s")
    kubectl("create", "-f", "-", where, stdin=to_list([workload("Deployment", "kept", replicas=1)]))
    kubectl("rollout", "status", "deployment/kept", where)
    kubectl("set", "image", "deployment/kept", "main=aurora/backend:2.4.1", where)
    kubectl("rollout", "status", "deployment/kept", where)
    kubectl("autoscale", "deployment/kept", "--min=1", "--max=4", where)
    kubectl("run", "alone", "--image=aurora/backend:2.4.0", where)
    kubectl("create", "cronjob", "asleep", "--image=aurora/backup:1", "--schedule=0 3 * * *", where)
    for color in ("blue", "green"):
        kubectl("run", color, "--image=aurora/backend:2.4.0", f"--labels=app=kept,color={color}", where)
        kubectl("wait", "--for=condition=Ready", f"pod/{color}", where)
    kubectl("create", "service", "clusterip", "kept", "--tcp=80:8080", where)
    kubectl("set", "selector", "service", "kept", "app=kept,color=blue", where)
    kubectl("create", "configmap", "kept", "--from-literal=new-checkout=true", where)
    kubectl("patch", "cronjob", "asleep", where, "--patch", '{"spec": {"suspend": true}}')
    return namespace


@pytest.mark.parametrize("who", ["read-only", "viewer"])
async def test_no_verb_changes_anything(
    aurora: Program, kubectl: Kubectl, kept: str, audit: AuditLog, context: str, who: str
) -> None:
    kubectl("cordon", NODE)
    try:
        program = aurora.on("viewer") if who == "viewer" else aurora
        name = program.context or context
        given = ("--read-only",) if who == "read-only" else ()
        confirmed = (f"--namespace={kept}", "--yes", f"--confirm={name}", "--reason=told by the tests")
        for verb, words in VERBS.items():
            run = program(*given, verb, *words, *confirmed)
            assert run.code in (1, 2), (verb, run)
            assert run.stderr, (verb, run)
        assert await audit.changes() == []
    finally:
        kubectl("uncordon", NODE)
