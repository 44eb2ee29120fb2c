"""Rollouts under the real controller of Argo Rollouts: rows, status and each verb beside its own kubectl plugin."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.live import argo
from tests.live.argo import FIRST, SECOND, Plugin, rollout
from tests.live.audit import AuditLog
from tests.live.conftest import Eventually, Kubectl
from tests.live.manyobjects import to_list, workload
from tests.live.program import Act, Program
from tests.live.tables import parse_table
from tests.live.twins import Object, Twins

pytest_plugins = ("tests.live.fixtures",)

THIRD = "aurora/backend:2.4.2"
_TIMES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_CHANCE = ("conditions", "selector")
"""Of a status: the conditions' messages name what was first seen by chance."""


def referred(name: str, deployment: str) -> Object:
    """A Rollout of another object's template."""
    made = rollout(name, {"canary": {}}, replicas=1)
    del made["spec"]["template"], made["spec"]["selector"]
    made["spec"]["workloadRef"] = {"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment}
    return made


def service(name: str, app: str) -> Object:
    spec = {"selector": {"app": app}, "ports": [{"port": 80, "targetPort": 8080}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def blue_green(name: str) -> Sequence[Object]:
    """A Rollout and its two Services."""
    services = {"activeService": name, "previewService": f"{name}-preview"}
    strategy = {"blueGreen": {**services, "autoPromotionEnabled": False, "abortScaleDownDelaySeconds": 600}}
    return rollout(name, strategy, replicas=2), *(service(each, name) for each in services.values())


class RolloutTwins:
    """One Rollout twice: the program acts on ours, the plugin on theirs."""

    def __init__(self, twins: Twins, plugin: Plugin, act: Act) -> None:
        self.twins = twins
        self.plugin = plugin
        self._act = act
        self.reference = f"rollout/{twins.name}"

    def ours(self, verb: str, *arguments: str) -> str:
        """Have the program do it, to its verdict."""
        run = self._act(verb, self.reference, *arguments)
        assert run.code == 0, run
        return run.stdout

    def refused(self, verb: str, *arguments: str) -> str:
        run = self._act(verb, self.reference, *arguments)
        assert run.code == 1, run
        return run.stderr

    def theirs(self, verb: str, *arguments: str) -> None:
        self.plugin(*verb.split(), self.twins.name, *arguments, f"--namespace={self.twins.theirs}")

    async def make(self, *objects: Object) -> None:
        self.twins.both("wait", "--for=create", "serviceaccount/default", "--timeout=30s")
        for namespace in (self.twins.ours, self.twins.theirs):
            self.twins.kubectl("create", "-f", "-", f"--namespace={namespace}", stdin=to_list(objects))
        await self.both_are("Healthy")

    async def update(self, image: str = SECOND) -> None:
        """A new version on both, up to its first pause."""
        operation = {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image}
        self.twins.both("patch", self.reference, "--type=json", f"--patch={json.dumps([operation])}")
        await self.both_are("Paused")

    async def both_are(self, phase: str, **status: Any) -> Object:
        """Wait until both are in a phase the same in every field, with their ReplicaSets; return ours."""
        found: list[Object] = []

        def same() -> bool:
            mine, other = (self._shape(namespace) for namespace in (self.twins.ours, self.twins.theirs))
            assert mine["status"].get("phase") == phase, mine["status"]
            assert status.items() <= mine["status"].items(), mine["status"]
            assert mine == other
            found.append(mine)
            return True

        await self.twins.eventually(same, timeout=60)
        return found[-1]

    def read(self, namespace: str) -> Object:
        found: Object = json.loads(self.twins.kubectl("get", self.reference, f"--namespace={namespace}", "-o", "json"))
        return found

    def _shape(self, namespace: str) -> Object:
        """What the two must share: all but names of namespaces, times and what counts writes."""
        item = self.read(namespace)
        kept = json.loads(self.twins.kubectl("get", "replicasets", f"--namespace={namespace}", "-o", "json"))["items"]
        mine = [each for each in kept if each["metadata"]["name"].startswith(f"{self.twins.name}-")]
        status = {key: value for key, value in item.get("status", {}).items() if key not in _CHANCE}
        shape = {
            "spec": item["spec"],
            "status": status,
            "kept": {
                each["metadata"]["name"]: (
                    each["metadata"]["annotations"]["rollout.argoproj.io/revision"],
                    each["spec"]["replicas"],
                    each["status"].get("availableReplicas", 0),
                )
                for each in mine
                if "rollout.argoproj.io/revision" in each["metadata"].get("annotations", {})
            },
        }
        read: Object = json.loads(_TIMES.sub("WHEN", json.dumps(shape)))
        return read


@pytest.fixture(scope="module")
def plugin(
    kubectl: Kubectl, kubeconfig: Path, context: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plugin]:
    with argo.running(kubectl, kubeconfig, context, tmp_path_factory.mktemp("argo")) as plugin:
        yield plugin


@pytest.fixture
def pair(twins: Twins, plugin: Plugin, act: Act) -> RolloutTwins:
    return RolloutTwins(twins, plugin, act)


async def test_a_promotion_goes_on_to_the_next_pause_and_from_the_last_to_the_end(pair: RolloutTwins) -> None:
    await pair.make(rollout(pair.twins.name))
    await pair.update()

    told = pair.ours("promote")
    pair.theirs("promote")
    assert "pods held at a pause: Paused: CanaryPauseStep, step 3/4, weight 50" in told
    await pair.both_are("Paused", currentStepIndex=3)

    told = pair.ours("promote")
    pair.theirs("promote")
    assert "pods complete: 4 pods available" in told
    await pair.both_are("Healthy", currentStepIndex=4)
    assert "nothing to promote (Healthy)" in pair.refused("promote")


async def test_a_full_promotion_skips_the_steps(pair: RolloutTwins) -> None:
    await pair.make(rollout(pair.twins.name))
    await pair.update()

    told = pair.ours("promote", "--full")
    pair.theirs("promote", "--full")

    assert "its 3 steps to come are skipped" in told
    assert "pods complete: 4 pods available" in told
    await pair.both_are("Healthy")


async def test_an_abort_brings_the_stable_version_back_and_a_retry_begins_anew(pair: RolloutTwins) -> None:
    await pair.make(rollout(pair.twins.name))
    await pair.update()

    told = pair.ours("abort")
    pair.theirs("abort")
    assert "pods complete: 4 pods of the stable version available (RolloutAborted: " in told
    shape = await pair.both_are("Degraded", abort=True)
    assert sorted(shape["kept"].values()) == [["1", 4, 4], ["2", 0, 0]]
    assert "was aborted already" in pair.refused("abort")
    assert "was aborted: retry it first" in pair.refused("promote")

    told = pair.ours("retry")
    pair.theirs("retry rollout")
    assert "pods held at a pause: Paused: CanaryPauseStep, step 1/4, weight 25" in told
    await pair.both_are("Paused", currentStepIndex=1)


async def test_a_running_step_is_skipped_as_the_plugin_skips_it(pair: RolloutTwins) -> None:
    steps = [{"setWeight": 25}, {"pause": {"duration": "1h"}}, {"pause": {}}]
    await pair.make(rollout(pair.twins.name, {"canary": {"steps": steps}}))
    await pair.update()

    told = pair.ours("promote")
    pair.theirs("promote")

    assert "promotes rollout/" in told
    assert "held at a pause: Paused: CanaryPauseStep, step 2/3, weight 25" in told
    await pair.both_are("Paused", currentStepIndex=2)


async def test_blue_green_aborted_and_soon_retried_is_promoted_at_once_as_the_preview_warns(
    pair: RolloutTwins,
) -> None:
    await pair.make(*blue_green(pair.twins.name))
    await pair.update()

    told = pair.ours("abort")
    pair.theirs("abort")
    assert f"service {pair.twins.name} serves the stable version" in told
    await pair.both_are("Degraded", abort=True)

    told = pair.ours("retry")
    pair.theirs("retry rollout")
    assert f"! the new pods still run: service {pair.twins.name} switches to them at once, without a pause" in told
    await pair.both_are("Healthy")


async def test_blue_green_is_promoted_from_service_to_service(pair: RolloutTwins) -> None:
    await pair.make(*blue_green(pair.twins.name))
    await pair.update()

    told = pair.ours("promote")
    pair.theirs("promote")
    assert f"service {pair.twins.name} switches to the new version" in told
    await pair.both_are("Healthy")
    active = json.loads(
        pair.twins.kubectl("get", "service", pair.twins.name, f"--namespace={pair.twins.ours}", "-o", "json")
    )
    status = pair.read(pair.twins.ours)["status"]
    assert active["spec"]["selector"]["rollouts-pod-template-hash"] == status["currentPodHash"] == status["stableRS"]


async def test_an_undo_restores_the_revision_that_the_plugin_restores(pair: RolloutTwins) -> None:
    await pair.make(rollout(pair.twins.name, {"canary": {}}))
    for image in (SECOND, THIRD):
        pair.ours("set-image", f"main={image}")
        pair.theirs("set image", f"main={image}")
        await pair.both_are("Healthy")
    assert "no revision 9 in its history (there is: 1, 2, 3)" in pair.refused("rollback", "--to-revision=9")
    assert "already runs the template of revision 3" in pair.refused("rollback", "--to-revision=3")

    pair.ours("rollback")
    pair.theirs("undo")
    shape = await pair.both_are("Healthy")
    assert shape["spec"]["template"]["spec"]["containers"][0]["image"] == SECOND

    pair.ours("rollback", "--to-revision=1")
    pair.theirs("undo", "--to-revision=1")
    shape = await pair.both_are("Healthy")
    assert shape["spec"]["template"]["spec"]["containers"][0]["image"] == FIRST
    assert sorted(each[0] for each in shape["kept"].values()) == ["3", "4", "5"]


async def test_an_undo_in_the_middle_of_a_broken_update_is_at_once_back_on_the_stable_version(
    pair: RolloutTwins,
) -> None:
    await pair.make(rollout(pair.twins.name))
    pair.twins.both(
        "patch",
        pair.reference,
        "--type=json",
        '--patch=[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "i:broken-pull"}]',
    )
    await pair.both_are("Progressing", updatedReplicas=1)

    told = pair.ours("rollback")
    pair.theirs("undo")

    assert "pods complete: 4 pods available" in told
    await pair.both_are("Healthy")


async def test_restart_scale_pause_and_resume_are_the_plugins_and_kubectls(pair: RolloutTwins) -> None:
    await pair.make(rollout(pair.twins.name))

    assert "pods complete" in pair.ours("restart")
    pair.theirs("restart")
    await pair.both_are("Healthy")
    before = pair.read(pair.twins.ours)
    assert before["status"]["restartedAt"] == before["spec"]["restartAt"]

    assert "pods complete: 6 pods available" in pair.ours("scale", "--replicas=6")
    pair.twins.kubectl_does("scale", pair.reference, "--replicas=6")
    await pair.both_are("Healthy", availableReplicas=6)

    pair.ours("pause")
    pair.theirs("pause")
    shape = await pair.both_are("Paused")
    assert shape["spec"]["paused"] is True
    assert "is paused by hand: resume it first" in pair.refused("promote")

    pair.ours("resume")
    pair.theirs("promote")
    await pair.twins.eventually(lambda: pair.read(pair.twins.ours)["status"]["phase"] == "Healthy")
    theirs, mine = (
        pair.read(namespace)["spec"].pop("paused", False) for namespace in (pair.twins.theirs, pair.twins.ours)
    )
    assert (theirs, mine) == (False, False)


async def test_a_rollout_without_a_figure_is_scaled_too(pair: RolloutTwins) -> None:
    await pair.make(rollout(pair.twins.name, {"canary": {}}, replicas=None))
    assert "from 1 to 3 replicas" in pair.ours("scale", "--replicas=3")
    assert pair.read(pair.twins.ours)["spec"]["replicas"] == 3


@pytest.fixture
async def shown(kubectl: Kubectl, plugin: Plugin, namespace: str, eventually: Eventually) -> str:
    """A namespace with Rollouts in every state."""
    where = f"--namespace={namespace}"
    kubectl("wait", "--for=create", "serviceaccount/default", where, "--timeout=30s")
    named = {
        "healthy": [rollout("healthy")],
        "single": [rollout("single", replicas=None)],
        "plain": [rollout("plain", {"canary": {}})],
        "paused": [rollout("paused")],
        "aborted": [rollout("aborted")],
        "stopped": [rollout("stopped", replicas=0)],
        "blue": [*blue_green("blue")],
        "waiting": [*blue_green("waiting")],
        "broken": [rollout("broken", image="aurora/backend:broken-pull")],
        "referred": [workload("Deployment", "origin", replicas=0), referred("referred", "origin")],
        "invalid": [rollout("invalid", {"canary": {"steps": [{"setWeight": 200}]}})],
    }
    kubectl("create", "-f", "-", where, stdin=to_list([each for made in named.values() for each in made]))

    def phases() -> dict[str, str]:
        items = json.loads(kubectl("get", "rollouts", where, "-o", "json"))["items"]
        return {item["metadata"]["name"]: item.get("status", {}).get("phase") for item in items}

    wanted = dict.fromkeys(named, "Healthy") | {"broken": "Progressing", "invalid": "Degraded"}
    await eventually(lambda: phases() == wanted, timeout=60)
    for name in ("paused", "aborted", "waiting"):
        plugin("set", "image", name, f"main={SECOND}", where)
    wanted |= dict.fromkeys(("paused", "aborted", "waiting"), "Paused")
    await eventually(lambda: phases() == wanted, timeout=60)
    plugin("abort", "aborted", where)

    def settled() -> bool:
        # The controller misses what comes just while it writes itself (writeBackToInformer): it looks again at
        # the next change.
        kubectl("annotate", "rollout/aborted", f"example.com/look={time.monotonic_ns()}", "--overwrite", where)
        assert phases() == wanted | {"aborted": "Degraded"}
        return True

    await eventually(settled)
    return namespace


async def test_rows_and_status_read_as_the_plugin_and_kubectl_print_them(
    aurora: Program, kubectl: Kubectl, plugin: Plugin, shown: str, eventually: Eventually
) -> None:
    where = f"--namespace={shown}"

    def same() -> bool:
        listed = {row["name"]: row for row in _blanks(plugin("list", "rollouts", where))}
        counted = {row["name"]: row for row in parse_table(kubectl("get", "rollouts", where))}
        rows = {row["name"]: row for row in aurora("get", "rollouts", where, "-o", "json").json}
        assert rows.keys() == listed.keys()
        for name, row in rows.items():
            assert {key: row[key] for key in listed[name]} == listed[name]
            # What is not there yet kubectl leaves blank, and the plugin counts as 0, a wanted number as 1.
            kubectls = {key: counted[name][key] for key in ("current", "up-to-date", "available")}
            assert {key: row[key] for key in kubectls} == {key: value or "0" for key, value in kubectls.items()}
            said = plugin.run("status", name, "--watch=false", where)
            words = [row["status"], *([row["message"]] if row["status"] not in ("Healthy", "Degraded") else [])]
            assert said.stdout.strip() == " - ".join(words)
            if row["status"] == "Degraded":
                assert said.stderr.strip().endswith(f"with message: {row['message']}")
        return True

    await eventually(same)


async def test_another_objects_template_is_left_to_that_one(aurora: Program, shown: str, context: str) -> None:
    confirmed = (f"--namespace={shown}", "--yes", f"--confirm={context}", "--reason=told by the tests")
    for verb, *more in (("rollback",), ("set-image", "main=i:2")):
        run = aurora(verb, "rollout/referred", *more, *confirmed)
        assert (run.code, run.stdout) == (1, "")
        assert "rollout/referred takes its pods' template from deployment/origin: change that one instead" in run.stderr
    assert "pods complete" in aurora("restart", "rollout/referred", *confirmed).stdout
    assert "pods complete: 2 pods available" in aurora("scale", "rollout/referred", "--replicas=2", *confirmed).stdout


async def test_the_history_shows_the_roles_that_the_plugin_shows(
    kubectl: Kubectl, plugin: Plugin, shown: str, kubeconfig: Any, context: str
) -> None:
    from aurora_tui.cluster.kubeconfig import choose
    from aurora_tui.cluster.kubernetes import KubernetesCluster
    from aurora_tui.inspection import history
    from aurora_tui.model.selection import ObjectRef

    cluster = KubernetesCluster(choose(context, str(kubeconfig)))
    try:
        for name in ("paused", "waiting", "aborted", "healthy", "blue"):
            told = plugin("get", "rollout", name, "--no-color", f"--namespace={shown}")
            wanted = {
                int(number): tuple(sorted(tags.split(",")) if tags else ())
                for number, tags in re.findall(
                    r"revision:(\d+)\s*\n[^\n]*?ReplicaSet\s+\S+ \S+\s+\S+ *((?:[a-z]+(?:,[a-z]+)*)?)", told
                )
            }
            assert wanted, told
            found = await history(cluster, ObjectRef("Rollout", shown, name), 0.0)
            assert {row.number: tuple(sorted(row.roles)) for row in found.rows} == wanted, told
    finally:
        await cluster.close()


async def test_a_change_in_between_is_held_off_by_the_version_on_the_status_too(
    kubectl: Kubectl, shown: str, kubeconfig: Any, context: str
) -> None:
    from aurora_tui.cluster.errors import ConflictError
    from aurora_tui.cluster.kubeconfig import choose
    from aurora_tui.cluster.kubernetes import KubernetesCluster
    from aurora_tui.cluster.protocol import MERGE_PATCH
    from aurora_tui.cluster.resources import ROLLOUTS

    cluster = KubernetesCluster(choose(context, str(kubeconfig)))
    try:
        before = (await cluster.get(ROLLOUTS, shown, "paused"))["metadata"]["resourceVersion"]
        kubectl("annotate", "rollout/paused", "moved=yes", f"--namespace={shown}")
        body = {"metadata": {"resourceVersion": before}, "status": {"abort": True}}
        with pytest.raises(ConflictError):
            await cluster.patch(ROLLOUTS, shown, "paused", body, content_type=MERGE_PATCH, subresource="status")
    finally:
        await cluster.close()


@pytest.mark.parametrize("who", ["read-only", "viewer"])
async def test_no_verb_changes_anything_for_who_may_only_look(
    aurora: Program, shown: str, audit: AuditLog, context: str, who: str, eventually: Eventually
) -> None:
    program = aurora.on("viewer") if who == "viewer" else aurora
    await eventually(lambda: program("get", "rollouts", f"--namespace={shown}").code == 0)
    given = ("--read-only",) if who == "read-only" else ()
    confirmed = ("--yes", f"--confirm={program.context or context}", "--reason=told by the tests")
    for verb, name, *more in (
        ("promote", "paused"),
        ("promote", "paused", "--full"),
        ("abort", "waiting"),
        ("retry", "aborted"),
        ("rollback", "rollout/paused"),
        ("restart", "rollout/healthy"),
        ("scale", "rollout/healthy", "--replicas=9"),
        ("set-image", "rollout/healthy", "main=i:2"),
        ("pause", "rollout/healthy"),
    ):
        run = program(*given, verb, name, *more, f"--namespace={shown}", *confirmed)
        assert run.code == 1, (verb, run)
        why = "this session is read-only" if who == "read-only" else "you may not patch rollouts.argoproj.io"
        assert why in run.stderr, (verb, run)
    assert await audit.changes() == []


def _blanks(text: str) -> list[dict[str, str]]:
    """The plugin's table: its cells hold no blanks."""
    head, *lines = text.splitlines()
    return [dict(zip(head.lower().split(), line.split(), strict=True)) for line in lines]
