"""Nothing is sent but what was previewed, confirmed and recorded, once; the journal has the whole of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.live.audit import AuditLog
from tests.live.conftest import Kubectl
from tests.live.kubeconfigs import Kubeconfig, write_kubeconfig
from tests.live.program import Act, Program, Run
from tests.live.twins import Twins

pytest_plugins = ("tests.live.fixtures",)

GOOD, BAD = "aurora/backend:2.4.0", "aurora/backend:2.4.1"
VERBS = (("rollback",), ("restart",), ("scale", "--replicas=3"))
REFUSED = 1


@pytest.fixture
async def deployment(twins: Twins) -> str:
    """A Deployment with two revisions, by name."""
    await twins.apply(twins.release("Deployment", GOOD), twins.release("Deployment", BAD))
    twins.both("rollout", "status", twins.reference("Deployment"))
    return twins.reference("Deployment")


@pytest.fixture
def named(aurora: Program, kubeconfig: Path, context: str, tmp_path: Path) -> dict[str, Program]:
    """The program on the cluster under test where its context is called `prod`, which is protected, and `dev`."""
    pieces = Kubeconfig(kubeconfig)
    config = write_kubeconfig(
        tmp_path / "config.yaml",
        contexts={name: {"cluster": "c", "user": "u"} for name in ("prod", "dev")},
        clusters={"c": pieces.cluster(context)},
        users={"u": pieces.user(context)},
    )
    return {name: replace(aurora, kubeconfig=config, context=name) for name in ("prod", "dev")}


def refused(run: Run, words: str) -> bool:
    assert run.code == REFUSED, run
    assert words in run.stderr, run
    return True


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
async def test_a_dry_run_shows_the_change_and_asks_the_server_only_to_try(
    act: Act, twins: Twins, audit: AuditLog, deployment: str, verb: tuple[str, ...]
) -> None:
    run = act(*verb, deployment, "--dry-run")

    assert run.code == 0, run
    assert [line[:3] for line in run.stdout.splitlines() if line.startswith("  ")] == {
        "rollback": ["  -", "  +"], "restart": ["  +"], "scale": ["  -", "  +"],
    }[verb[0]]  # fmt: skip
    assert "dry run: nothing was changed" in run.stdout
    assert [(sent.dry_run, sent.code) for sent in await audit.sent()] == [(True, 200)]


async def test_a_protected_context_wants_its_name_and_a_reason_first(
    named: dict[str, Program], twins: Twins, audit: AuditLog, deployment: str
) -> None:
    restart = ("restart", deployment, f"--namespace={twins.ours}", "--yes")
    prod, because = named["prod"], "--reason=for the test"

    assert refused(prod(*restart, because), "not confirmed")
    assert refused(prod(*restart, because, "--confirm=dev"), "prod is protected: type its name")
    assert refused(prod(*restart, "--confirm=prod"), "prod is protected: give a reason")
    assert refused(prod(*restart, "--confirm=prod", "--reason=  "), "prod is protected: give a reason")
    assert await audit.changes() == []
    assert prod("journal", "list", "-o", "json").json == []

    assert prod(*restart, "--confirm=prod", because).code == 0
    assert [sent.code for sent in await audit.changes()] == [200]


async def test_elsewhere_yes_is_enough_and_silence_is_a_no(
    named: dict[str, Program], twins: Twins, audit: AuditLog, deployment: str
) -> None:
    scale = ("scale", deployment, "--replicas=3", f"--namespace={twins.ours}", "--no-wait")

    unanswered = named["dev"](*scale)
    assert unanswered.code != 0, unanswered
    assert await audit.changes() == []

    assert named["dev"](*scale, "--yes").code == 0
    assert [sent.what for sent in await audit.changes()] == [f"{twins.ours}/deployments/{twins.name}:scale"]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
async def test_who_may_only_look_reads_what_is_denied_and_sends_nothing(
    aurora: Program, kubeconfig: Path, twins: Twins, audit: AuditLog, deployment: str, verb: tuple[str, ...]
) -> None:
    Kubeconfig(kubeconfig).context("viewer")
    what = "deployments.apps/scale" if verb[0] == "scale" else "deployments.apps"

    confirmed = ("--yes", "--confirm=viewer", "--reason=for the test")
    run = aurora.on("viewer")(*verb, deployment, f"--namespace={twins.ours}", *confirmed)

    assert refused(run, f"cannot be done: you may not patch {what} in namespace {twins.ours}")
    assert await audit.sent() == []


async def test_without_a_journal_nothing_is_sent(
    aurora: Program, context: str, twins: Twins, audit: AuditLog, deployment: str, tmp_path: Path
) -> None:
    """As root no folder is unwritable: a file stands where the folder should be."""
    (tmp_path / "file").touch()
    confirmed = ("--yes", f"--confirm={context}", "--reason=for the test")

    run = aurora(
        "restart", deployment, f"--namespace={twins.ours}", *confirmed,
        environ={"XDG_STATE_HOME": str(tmp_path / "file")},
    )  # fmt: skip

    assert refused(run, "refused: nothing was sent: the journal")
    assert await audit.changes() == []


async def test_the_journal_has_who_did_what_to_which_object_why_and_how_it_ended(
    act: Act, aurora: Program, kubectl: Kubectl, twins: Twins, deployment: str, context: str
) -> None:
    uid = kubectl("get", deployment, f"--namespace={twins.ours}", "-o", "jsonpath={.metadata.uid}")
    user = json.loads(kubectl("auth", "whoami", "-o", "json"))["status"]["userInfo"]["username"]

    act("rollback", deployment)
    act("scale", deployment, "--replicas=1", "--no-wait")
    scaled, undone = aurora("journal", "list", "-o", "json").json

    assert undone["verb"] == "undo"
    where = {key: value for key, value in undone["target"].items() if key != "resource_version"}
    assert where == {
        "context": context, "namespace": twins.ours, "kind": "Deployment", "name": twins.name, "uid": uid,
    }  # fmt: skip
    assert (undone["before"]["images"], undone["after"]["images"]) == ({"main": BAD}, {"main": GOOD})
    assert (undone["before"]["revision"], undone["after"]["revision"]) == (2, 1)
    assert (undone["reason"], undone["kube_user"], undone["outcome"]) == ("told by the tests", user, "done")
    assert undone["started_at"] < undone["finished_at"] < scaled["started_at"]
    assert undone["verdict"]["rollout"] == "complete"
    assert (scaled["before"], scaled["after"], scaled["verdict"]) == ({"replicas": 2}, {"replicas": 1}, None)
    shown = aurora("journal", "show", str(undone["id"])).stdout
    for fact in (f"undo {deployment}", uid, "told by the tests", f"as {user} on", "pods complete: 2 pods available"):
        assert fact in shown
