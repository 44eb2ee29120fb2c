"""What a user may do is known beforehand as `kubectl auth can-i` tells it, and the keys show it as it changes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aurora_tui.app import AuroraApp
from aurora_tui.cluster.kubeconfig import choose
from aurora_tui.cluster.kubernetes import KubernetesCluster
from aurora_tui.model.actions import Verb
from aurora_tui.model.selection import ObjectRef
from aurora_tui.rights import Rights, need_of
from aurora_tui.session import Session
from aurora_tui.settings import load_settings
from aurora_tui.verbs import VERBS
from tests.live.conftest import Eventually, Kubectl
from tests.live.manyobjects import to_list, workload
from tests.live.permissions import can_i
from tests.live.program import stack_variable
from tests.pilot.console import Console

pytest_plugins = ("tests.live.fixtures",)

NAMED = "web"
"""The object that a Role may name; `other` is none of those."""
ROLES = {
    "view": (),
    "edit": (("rolebinding", "may", "--clusterrole=edit", "--user=viewer"),),
    "by name": (
        ("role", "may", "--verb=patch,get", "--resource=deployments.apps,deployments.apps/scale",
         f"--resource-name={NAMED}"),
        ("rolebinding", "may", "--role=may", "--user=viewer"),
    ),
}  # fmt: skip
"""What the user `viewer`, who has the ClusterRole view, is granted besides in a namespace."""

KEYS = {"Restart", "Scale", "Roll back", "Image", "Weight"}
"""What changes a Deployment."""


@pytest.fixture
async def viewer(kubeconfig: Path) -> AsyncIterator[KubernetesCluster]:
    cluster = KubernetesCluster(choose("viewer", str(kubeconfig)))
    yield cluster
    await cluster.close()


@pytest.mark.parametrize("role", ROLES)
async def test_what_every_verb_needs_is_answered_as_kubectl_answers_it(
    viewer: KubernetesCluster, kubectl: Kubectl, namespace: str, eventually: Eventually, role: str
) -> None:
    for words in ROLES[role]:
        kubectl("create", *words, f"--namespace={namespace}")
    refs = [ObjectRef(kind, namespace, name) for name in (NAMED, "other") for kind in kinds()]
    needs = {need for ref in refs for verb in VERBS if (need := need_of(verb, ref)) is not None}
    rights = Rights(viewer, time.time)
    if ROLES[role]:
        # The server itself learns of a new binding a moment later.
        restart = need_of(Verb.RESTART, ObjectRef("Deployment", namespace, NAMED))
        assert restart is not None
        await eventually(lambda: can_i(kubectl, restart))

    await rights.ask(needs)

    assert not any(map(rights.wants, needs))
    allowed = {need for need in needs if not rights.denial(need)}
    assert allowed == {need for need in needs if can_i(kubectl, need)}
    # The ClusterRole edit knows nothing of kinds from elsewhere.
    of_namespace = {need for need in needs if need.namespace and need.resource.kind != "Rollout"}
    if role == "view":
        assert not allowed
    elif role == "edit":
        assert allowed == of_namespace
    else:
        assert {(need.name, need.resource.kind, need.subresource) for need in allowed} == {
            (NAMED, "Deployment", ""),
            (NAMED, "Deployment", "scale"),
        }


def kinds() -> set[str]:
    return {kind for rules in VERBS.values() for kind in rules.kinds}


async def test_the_keys_follow_what_is_granted_and_taken_away(
    kubeconfig: Path,
    kubectl: Kubectl,
    namespace: str,
    eventually: Eventually,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    settings = load_settings(Path(stack_variable("AURORA_LIVE_CONFIG")), environ={})
    made = [workload("Deployment", name, replicas=0) for name in ("other", NAMED)]
    kubectl("create", "-f", "-", f"--namespace={namespace}", stdin=to_list(made))
    app = AuroraApp(Session(settings, choose("viewer", str(kubeconfig)), namespace=namespace))

    def off() -> set[str]:
        """The words of those keys that are off."""
        return KEYS & {each.binding.description for each in app.screen.active_bindings.values() if not each.enabled}

    async with app.run_test(size=(160, 48), notifications=True) as pilot:
        console = Console(app, pilot)
        await console.command("deploy")
        await console.until("▸Deployments 2")
        await console.press("g")
        await console.until(lambda: off() == KEYS)
        await console.press("r")
        await console.until("Restart is off: you may not patch deployments.apps")

        for words in ROLES["by name"]:
            kubectl("create", *words, f"--namespace={namespace}")
        # The server itself learns of a new Role a moment later.
        restart = need_of(Verb.RESTART, ObjectRef("Deployment", namespace, NAMED))
        assert restart is not None
        await eventually(lambda: can_i(kubectl, restart))
        await console.press("ctrl+r", "G")
        await console.until(lambda: console.under_cursor(app.objects_pane).startswith(NAMED))
        await console.until(lambda: not off())
        await console.press("g")
        await console.until(lambda: console.under_cursor(app.objects_pane).startswith("other"))
        await console.until(lambda: off() == KEYS)
        await console.press("G")
        await console.until(lambda: not off())

        kubectl("delete", "rolebinding", "may", f"--namespace={namespace}")
        await eventually(lambda: not can_i(kubectl, restart))
        await console.press("ctrl+r")
        await console.until(lambda: off() == KEYS)
