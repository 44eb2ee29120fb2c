"""Flags of a ConfigMap: what is refused, who sees a change when, and what may be recorded and taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aurora_tui.actions import ActionPath, Refusal, undo_of
from aurora_tui.cluster.errors import ForbiddenError
from aurora_tui.cluster.resources import CONFIGMAPS, DEPLOYMENTS
from aurora_tui.journal import Journal
from aurora_tui.model.actions import Outcome, Params, Plan, Progress, Record, Recovery, Rollout, Verb, Verdict
from aurora_tui.model.configmaps import TOGGLE, opposite
from aurora_tui.model.configreaders import Reading, readings
from aurora_tui.verify import SliReading, SloProbe
from tests.unit.fakecluster import Clock, FakeCluster, Object
from tests.unit.rolloutobjects import NAME, NAMESPACE, workload
from tests.unit.verbcases import flags

DATA = {
    "new-checkout": "true",
    "theme": "dark",
    "auth-enabled": "on",
    "API_TOKEN": "hunter2",
    "db": "postgres://aurora:hunter2@db/orders",
    "page": "line\n" * 100,
}
KEYS = "API_TOKEN, auth-enabled, db, new-checkout, page, theme"


class Scene:
    def __init__(self, folder: Path, cluster: FakeCluster) -> None:
        self.cluster, self.clock, self.journal = cluster, Clock(), Journal(folder)
        self.folder = folder
        self.path = ActionPath(
            cluster, self.journal, protected=False, read_only=False, clock=self.clock, sleep=self.clock.sleep
        )

    async def plan(self, params: Params) -> Plan:
        return await self.path.plan(Verb.FLAG, CONFIGMAPS, NAMESPACE, NAME, params)

    async def set(self, params: Params) -> Record:
        record = await self.path.execute(await self.plan(params))
        assert record.outcome is Outcome.DONE, record.message
        return record

    async def verdict(self, record: Record, probe: SloProbe | None = None) -> Verdict:
        *steps, verdict = [step async for step in self.path.verify(record, probe)]
        assert isinstance(verdict, Verdict)
        assert all(isinstance(step, Progress) for step in steps)
        return verdict

    @property
    def data(self) -> Object:
        found: Object = self.cluster.objects["configmaps", NAMESPACE, NAME]["data"]
        return found


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path, flags(dict(DATA)))


def reads_it(cluster: FakeCluster, name: str, container: Object, **spec: Any) -> None:
    item = workload(DEPLOYMENTS, {"metadata": {}, "spec": {"containers": [container], **spec}})
    item["metadata"]["name"] = name
    cluster.put(DEPLOYMENTS, item)


ENVIRONMENT: Object = {"envFrom": [{"configMapRef": {"name": NAME}}]}
MOUNT: Object = {"volumeMounts": [{"name": "v", "mountPath": "/etc/flags"}]}
SUB_PATH: Object = {"volumeMounts": [{"name": "v", "mountPath": "/etc/flags/one", "subPath": "one"}]}
VOLUME: Object = {"name": "v", "configMap": {"name": NAME}}


@pytest.mark.parametrize(
    ("value", "other"),
    [
        ("true", "false"), ("False", "True"), ("ON", "OFF"), ("no", "yes"), ("1", "0"), ("Enabled", "Disabled"),
        ("off\n", "on\n"), ("dark", None), ("", None), ("10", None),
    ],
)  # fmt: skip
def test_a_switch_is_turned_over_as_it_is_written(value: str, other: str | None) -> None:
    assert opposite(value) == other


# What is sent


async def test_a_flag_is_toggled_and_nothing_else_of_the_object_is_sent(scene: Scene) -> None:
    plan = await scene.plan({"new-checkout": TOGGLE})

    assert plan.effect == f"sets new-checkout from true to false in configmap/{NAME}"
    assert [str(line) for line in plan.diff] == ["- data.new-checkout: true", "+ data.new-checkout: false"]
    await scene.path.execute(plan)
    [(_, _, body)] = scene.cluster.written
    assert body["data"] == {"new-checkout": "false"}
    assert scene.data == {**DATA, "new-checkout": "false"}


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, f"say which key gets which value, e.g. new-checkout=false (there is: {KEYS})"),
        ({"checkout": "true"}, f"configmap/{NAME} has no key checkout (there is: {KEYS})"),
        ({"new-checkout": "true"}, f"configmap/{NAME} already has new-checkout=true"),
        ({"theme": TOGGLE}, "theme of configmap/aurora-backend is no switch such as true/false or on/off"),
        ({"API_TOKEN": "(hidden)"}, "(hidden) only stands in the place of a value that is not shown"),
    ],
)
async def test_a_flag_that_makes_no_sense_is_refused_in_words(scene: Scene, params: Params, words: str) -> None:
    with pytest.raises(Refusal) as refusal:
        await scene.plan(params)
    assert words in refusal.value.words


async def test_an_immutable_one_and_binary_data_are_refused(tmp_path: Path) -> None:
    scene = Scene(tmp_path, flags({"a": "on"}, binaryData={"logo": "iVBORw=="}))
    with pytest.raises(Refusal, match="logo of configmap/aurora-backend holds binary data: it is no flag"):
        await scene.plan({"logo": "off"})
    scene.cluster.change(CONFIGMAPS, NAMESPACE, NAME, lambda item: item.update(immutable=True))
    with pytest.raises(Refusal, match="is immutable: another one must take its place"):
        await scene.plan({"a": TOGGLE})


async def test_of_many_keys_a_refusal_names_the_first(tmp_path: Path) -> None:
    scene = Scene(tmp_path, flags({f"key-{number:02}": "on" for number in range(15)}))
    with pytest.raises(Refusal, match=r"\(there is: key-00, .*, key-11 and 3 more\)"):
        await scene.plan({"x": "on"})


# What is recorded, and can be taken back


async def test_the_value_before_is_in_the_journal_and_the_undo_puts_it_back(scene: Scene) -> None:
    record = await scene.set({"new-checkout": "maybe", "auth-enabled": "off"})
    [entry] = scene.journal.entries()

    assert entry.action.params == {"new-checkout": "maybe", "auth-enabled": "off"}
    assert entry.action.before["data"]["new-checkout"] == "true"
    earlier = {"new-checkout": "true", "auth-enabled": "on"}
    assert undo_of(entry) == undo_of(record) == (Verb.FLAG, earlier)
    await scene.set(earlier)
    assert scene.data == DATA


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("API_TOKEN", "hunter3", "sets API_TOKEN from (hidden) to (hidden)"),
        ("db", "postgres://aurora:hunter3@db/orders", "sets db from postgres://aurora:(hidden)@db/orders to"),
        ("page", "short", "sets page from (500 characters) to short"),
    ],
)
async def test_what_cannot_be_recorded_as_it_is_has_no_undo_in_the_session_nor_from_the_journal(
    scene: Scene, key: str, value: str, told: str
) -> None:
    record = await scene.set({key: value})
    [entry] = scene.journal.entries()

    assert told in record.message
    assert scene.data[key] == value
    assert undo_of(record) is None
    assert undo_of(entry) is None


async def test_no_secret_reaches_the_journal_or_the_preview(scene: Scene) -> None:
    plan = await scene.plan({"API_TOKEN": "hunter3", "page": "p" * 300, "theme": "password=hunter4"})
    record = await scene.path.execute(plan)
    scene.journal.close()

    assert record.outcome is Outcome.DONE
    shown = json.dumps([plan.effect, *map(str, plan.diff)])
    kept = b"".join(each.read_bytes() for each in scene.folder.rglob("*") if each.is_file())
    assert "hunter" not in shown
    assert b"hunter" not in kept
    assert "- data.API_TOKEN.value: (hidden)" in shown, "that it changes is shown"


# Who sees it when


@pytest.mark.parametrize(
    ("spec", "keys", "found"),
    [
        ({"containers": [ENVIRONMENT]}, ["a"], [Reading.ENVIRONMENT]),
        ({"containers": [{}], "initContainers": [ENVIRONMENT]}, ["a"], [Reading.ENVIRONMENT]),
        ({"containers": [{"envFrom": [{"configMapRef": {"name": "other"}}]}]}, ["a"], []),
        ({"containers": [MOUNT], "volumes": [VOLUME]}, ["a"], [Reading.VOLUME]),
        ({"containers": [{}], "volumes": [VOLUME]}, ["a"], []),
        ({"containers": [SUB_PATH, MOUNT, ENVIRONMENT], "volumes": [VOLUME]}, ["a"], list(Reading)),
        ({"containers": [MOUNT], "volumes": [{"name": "v", "secret": {"secretName": NAME}}]}, ["a"], []),
    ],
)
def test_the_ways_to_read_a_config_map(spec: Object, keys: list[str], found: list[Reading]) -> None:
    assert readings(spec, NAME, keys) == found


@pytest.mark.parametrize(("keys", "reads"), [(["a"], True), (["b"], False), (["b", "a"], True), (None, True)])
def test_a_single_key_is_read_by_whoever_names_it(keys: list[str] | None, reads: bool) -> None:
    one = {"name": NAME, "items": [{"key": "a", "path": "a"}]}
    variable = {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": NAME, "key": "a"}}}, {"name": "B"}]}
    projected = {"name": "v", "projected": {"sources": [{"secret": {}}, {"configMap": one}]}}

    assert bool(readings({"containers": [variable]}, NAME, keys)) is reads
    assert bool(readings({"containers": [MOUNT], "volumes": [projected]}, NAME, keys)) is reads


async def test_readers_are_named_with_when_they_see_it(scene: Scene) -> None:
    reads_it(scene.cluster, "web", ENVIRONMENT)
    reads_it(scene.cluster, "worker", MOUNT, volumes=[VOLUME])

    assert (await scene.plan({"new-checkout": TOGGLE})).warnings == (
        "deployment/web reads it into its environment: its pods see this only after a restart",
        "deployment/worker mounts it as a volume: its pods see this within about a minute",
    )


async def test_that_nothing_reads_it_or_that_it_cannot_be_seen_is_said(scene: Scene) -> None:
    [words] = (await scene.plan({"new-checkout": TOGGLE})).warnings
    assert words.startswith("no workload here reads it")
    scene.cluster.fail("list", ForbiddenError("no deployments for you", status=403))
    [words] = (await scene.plan({"new-checkout": TOGGLE})).warnings
    assert words == "could not see which workloads read it: no deployments for you"


async def recovered() -> SliReading:
    return SliReading("backend availability", 1.0, 0.995)


async def test_a_flag_that_running_pods_see_is_followed_to_the_sli(scene: Scene) -> None:
    reads_it(scene.cluster, "worker", MOUNT, volumes=[VOLUME])

    verdict = await scene.verdict(await scene.set({"new-checkout": TOGGLE}), recovered)

    assert (verdict.rollout, verdict.sli) == (Rollout.COMPLETE, Recovery.RECOVERED)
    assert "new-checkout is false" in verdict.text


async def test_a_flag_that_only_a_restart_brings_in_ends_with_saying_so(scene: Scene) -> None:
    reads_it(scene.cluster, "web", ENVIRONMENT)

    verdict = await scene.verdict(await scene.set({"new-checkout": TOGGLE}), recovered)

    assert (verdict.sli, verdict.text) == (
        Recovery.NOT_ASKED,
        "new-checkout is false; restart deployment/web: its pods still have the value before",
    )


async def test_a_flag_that_another_hand_has_changed_since_is_told(scene: Scene) -> None:
    record = await scene.set({"new-checkout": TOGGLE})
    scene.cluster.change(CONFIGMAPS, NAMESPACE, NAME, lambda item: item["data"].update({"new-checkout": "true"}))

    verdict = await scene.verdict(record)

    assert verdict.rollout is Rollout.FAILED
    assert "something else has since changed new-checkout" in verdict.text
