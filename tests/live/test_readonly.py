"""Every verb of the command line and every key, read-only and as one who may only look: the server hears no change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aurora_tui.app import AuroraApp
from aurora_tui.cli_actions import COMMANDS
from aurora_tui.cluster.kubeconfig import choose
from aurora_tui.cluster.resources import ALERTS
from aurora_tui.model import views
from aurora_tui.model.actions import Verb
from aurora_tui.session import Session
from aurora_tui.settings import load_settings
from aurora_tui.verbs import VERBS as RULES
from tests.live import argo
from tests.live.alerting import end, fire
from tests.live.audit import AuditLog
from tests.live.conftest import Kubectl, fresh_namespace
from tests.live.manyobjects import to_list, workload
from tests.live.probes import fetch
from tests.live.program import Program, stack_variable
from tests.pilot.console import Console
from tests.walk import OURS, Walk

pytest_plugins = ("tests.live.fixtures",)

NODE = "aurora-node-02"
ROLLOUTS = ("paused", "aborted")
ALERT = {"alertname": "Kept", "severity": "info"}
"""One that fires for who is read-only; Alertmanager itself knows no viewers, and lets everybody silence."""
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
    "promote": ("paused",),
    "abort": ("paused",),
    "retry": ("aborted",),
    "set-flag": ("kept", "new-checkout"),
    "shell": ("blue", "--", "true"),
    "silence": (ALERT["alertname"],),
    "unsilence": (ALERT["alertname"],),
}
SEVERAL = (
    ("restart", ("deployment/kept", "deployment/other")),
    ("delete", ("pod/blue", "pod/green", "--keep-going")),
    ("set-image", ("deployments", "-l", "app=kept", "main=aurora/backend:9")),
    ("cordon", ("-l", "kubernetes.io/hostname=aurora-node-01")),
)
"""The same on several objects, which go another way."""


def test_every_acting_command_is_tried() -> None:
    assert {command.name for command in COMMANDS} == VERBS.keys()


@pytest.fixture(scope="module")
def plugin(
    kubectl: Kubectl, kubeconfig: Path, context: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[argo.Plugin]:
    with argo.running(kubectl, kubeconfig, context, tmp_path_factory.mktemp("argo")) as plugin:
        yield plugin


@pytest.fixture(scope="module")
def kept(kubectl: Kubectl, plugin: argo.Plugin) -> Iterator[str]:
    """A namespace in which every verb would have something to do, one for all tests: none of them may change it."""
    with fresh_namespace(kubectl) as namespace:
        fill(kubectl, plugin, namespace)
        yield namespace


def fill(kubectl: Kubectl, plugin: argo.Plugin, namespace: str) -> None:
    where = f"--namespace={namespace}"
    kubectl("wait", "--for=create", "serviceaccount/default", where, "--timeout=30s")
    made = [
        workload("Deployment", "kept", replicas=1),
        workload("StatefulSet", "ordered"),
        workload("DaemonSet", "agent"),
    ]
    made += [argo.rollout(name, replicas=2) for name in ROLLOUTS]
    kubectl("create", "-f", "-", where, stdin=to_list(made))
    for name in ROLLOUTS:
        plugin("status", name, where)
        plugin("set", "image", name, f"main={argo.SECOND}", where)
        kubectl("wait", "--for=jsonpath={.status.phase}=Paused", f"rollout/{name}", where)
    plugin("abort", "aborted", where)
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


@pytest.fixture
def cordoned(kubectl: Kubectl) -> Iterator[None]:
    """A node takes no new pods during the test."""
    kubectl("cordon", NODE)
    yield
    kubectl("uncordon", NODE)


@pytest.fixture
def firing(who: str) -> Iterator[None]:
    if who == "read-only":
        fire(ALERT)
    yield
    end(ALERT)


def silences() -> list[str]:
    """The ids of all that Alertmanager knows, however long they are over."""
    return [each["id"] for each in fetch(f"{stack_variable('AURORA_LIVE_ALERTMANAGER')}/api/v2/silences")]


@pytest.mark.usefixtures("cordoned", "firing")
@pytest.mark.parametrize("who", ["read-only", "viewer"])
async def test_no_verb_changes_anything(aurora: Program, kept: str, audit: AuditLog, context: str, who: str) -> None:
    program = aurora.on("viewer") if who == "viewer" else aurora
    name = program.context or context
    given = ("--read-only",) if who == "read-only" else ()
    before = silences()
    confirmed = (f"--namespace={kept}", "--yes", f"--confirm={name}", "--reason=told by the tests")
    for verb, words in (*VERBS.items(), *SEVERAL):
        run = program(*given, verb, *confirmed, *words)
        assert run.code in (1, 2), (verb, run)
        assert run.stderr, (verb, run)
    assert await audit.changes() == []
    assert silences() == before


@pytest.mark.usefixtures("home", "cordoned", "firing")
@pytest.mark.parametrize("who", ["read-only", "viewer"])
async def test_no_key_changes_anything(
    kubeconfig: Path, kubectl: Kubectl, kept: str, audit: AuditLog, context: str, who: str
) -> None:
    """First as an operator can, every key of every place; then past the keys that are off, and past what they guard."""
    settings = load_settings(Path(stack_variable("AURORA_LIVE_CONFIG")), environ={})
    chosen = choose("viewer" if who == "viewer" else context, str(kubeconfig))
    before = silences()
    app = AuroraApp(Session(settings, chosen, namespace=kept, read_only=who == "read-only"))
    async with app.run_test(size=(160, 48), notifications=True) as pilot:
        there = rows(kubectl, kept, nodes=who == "read-only")
        walk = Walk(Console(app, pilot), kept, there)
        await walk.everywhere()

        assert await audit.sent() == [], "not even a trial"
        assert walk.not_off == set()
        assert walk.asked == [], "no key is on that leads to a change"

        await walk.everywhere(past=True)
        await walk.leave()

    assert walk.pressed == {binding.id for binding in OURS}
    assert await audit.changes() == []
    assert silences() == before
    if who == "read-only":
        kinds = there.keys() | {ALERTS.kind}
        assert walk.planned == {verb for verb, rules in RULES.items() if kinds & set(rules.kinds)} - {Verb.UNSILENCE}
        assert walk.refusals >= len(walk.planned)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which nobody has been yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def rows(kubectl: Kubectl, namespace: str, *, nodes: bool) -> dict[str, list[str]]:
    """For each kind that keys can change rows that they could change; a new one must be made by `kept`."""
    of_deployment = "--selector=app=kept,pod-template-hash"
    pods = kubectl("get", "pods", f"--namespace={namespace}", of_deployment, "-o", "jsonpath={.items[*].metadata.name}")
    names = {"Pod": pods.split()[0], "CronJob": "asleep", "StatefulSet": "ordered", "DaemonSet": "agent"}
    changed = [view for view in views.VIEWS if view.keys and view.namespaced]
    names["Rollout"] = ROLLOUTS[0]
    for view in changed:
        kubectl("get", view.table, names.setdefault(view.kind, "kept"), f"--namespace={namespace}")
    found = {view.kind: [f"{namespace}/{names[view.kind]}"] for view in changed}
    found["Rollout"] = [f"{namespace}/{name}" for name in ROLLOUTS]
    return found | ({"Node": ["aurora-node-01", NODE]} if nodes else {})
