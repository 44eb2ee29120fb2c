"""`set-flag` leaves a ConfigMap as kubectl's patch leaves its twin, and says who will see it when."""

from __future__ import annotations

import json

import pytest

from tests.live.audit import AuditLog, Sent
from tests.live.manyobjects import to_list, workload
from tests.live.program import Act, Program
from tests.live.twins import Object, Twins

pytest_plugins = ("tests.live.fixtures",)

DATA = {"new-checkout": "true", "Theme": "dark", "page": "line\n" * 200, "API_TOKEN": "hunter2"}


def start(twins: Twins, **more: object) -> str:
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": twins.name}, "data": DATA} | more
    for namespace in (twins.ours, twins.theirs):
        twins.kubectl("apply", "-f", "-", f"--namespace={namespace}", stdin=to_list([made]))
    return f"configmap/{twins.name}"


def data(twins: Twins, namespace: str) -> Object:
    read: Object = json.loads(twins.kubectl("get", "cm", twins.name, f"--namespace={namespace}", "-o", "json"))["data"]
    return read


@pytest.mark.parametrize(
    ("given", "value"), [("new-checkout", "false"), ("new-checkout=maybe", "maybe"), ("new-checkout=", "")]
)
async def test_a_flag_is_set_as_kubectl_patches_it(
    act: Act, twins: Twins, audit: AuditLog, given: str, value: str
) -> None:
    reference = start(twins)

    run = act("set-flag", reference, given)
    twins.kubectl_does("patch", reference, "--type=merge", f"--patch={json.dumps({'data': {'new-checkout': value}})}")

    assert run.code == 0, run
    assert data(twins, twins.ours) == data(twins, twins.theirs) == {**DATA, "new-checkout": value}
    assert await audit.changes() == [Sent("patch", f"{twins.ours}/configmaps/{twins.name}", False, 200)]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("new-chekout=true", "has no key new-chekout (there is: API_TOKEN, Theme, new-checkout, page)"),
        ("new-checkout=true", "already has new-checkout=true"),
        ("Theme", "is no switch such as true/false or on/off: say its new value"),
    ],
)
async def test_a_flag_that_makes_no_sense_is_refused(
    act: Act, twins: Twins, audit: AuditLog, given: str, words: str
) -> None:
    run = act("set-flag", start(twins), given)

    assert (run.code, words in run.stderr) == (1, True), run
    assert await audit.sent() == []


async def test_an_immutable_one_is_refused_as_the_server_would(act: Act, twins: Twins, audit: AuditLog) -> None:
    reference = start(twins, immutable=True)

    run = act("set-flag", reference, "new-checkout")

    assert (run.code, "is immutable: another one must take its place" in run.stderr) == (1, True), run
    assert await audit.sent() == []
    with pytest.raises(RuntimeError, match="immutable"):
        twins.kubectl_does("patch", reference, "--type=merge", '--patch={"data": {"new-checkout": "false"}}')


async def test_who_reads_it_and_when_they_see_it_is_told(act: Act, twins: Twins) -> None:
    reference = start(twins)
    mount = {"name": "c", "mountPath": "/etc/flags"}
    volumes = [{"name": "c", "projected": {"sources": [{"configMap": {"name": twins.name}}]}}]
    readers = {
        "environment": {"envFrom": [{"configMapRef": {"name": twins.name}}]},
        "key": {"env": [{"name": "F", "valueFrom": {"configMapKeyRef": {"name": twins.name, "key": "new-checkout"}}}]},
        "other-key": {"env": [{"name": "F", "valueFrom": {"configMapKeyRef": {"name": twins.name, "key": "Theme"}}}]},
        "volume": {"volumeMounts": [mount]},
        "sub-path": {"volumeMounts": [mount | {"subPath": "new-checkout"}]},
    }
    made = []
    for name, container in readers.items():
        one = workload("Deployment", f"{twins.name}-{name}", replicas=0, pod={"volumes": volumes})
        one["spec"]["template"]["spec"]["containers"][0] |= container
        made.append(one)
    twins.kubectl("create", "-f", "-", f"--namespace={twins.ours}", stdin=to_list(made))

    run = act("set-flag", reference, "new-checkout")

    assert run.code == 0, run
    told = [line for line in run.stdout.splitlines() if line.startswith("! deployment/")]
    assert told == [
        f"! deployment/{twins.name}-environment reads it into its environment: its pods see this only after a restart",
        f"! deployment/{twins.name}-key reads it into its environment: its pods see this only after a restart",
        f"! deployment/{twins.name}-sub-path mounts it by subPath: its pods see this only after a restart",
        f"! deployment/{twins.name}-volume mounts it as a volume: its pods see this within about a minute",
    ]
    assert f"restart deployment/{twins.name}-environment, deployment/{twins.name}-key" in run.stdout


async def test_a_secrets_value_is_set_and_stands_in_no_output_and_no_journal(
    act: Act, aurora: Program, twins: Twins
) -> None:
    run = act("set-flag", start(twins), "API_TOKEN=hunter3")
    shown = aurora("journal", "export")

    assert run.code == shown.code == 0, run
    assert "sets API_TOKEN from (hidden) to (hidden)" in run.stdout
    assert data(twins, twins.ours)["API_TOKEN"] == "hunter3"
    assert '"API_TOKEN":"(hidden)"' in shown.stdout.replace(" ", "")
    assert "hunter" not in run.stdout + run.stderr + shown.stdout
    state = b"".join(path.read_bytes() for path in aurora.home.rglob("*") if path.is_file())
    assert b"hunter" not in state
