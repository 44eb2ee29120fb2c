"""Shells in real pods, through a real API server, beside ``kubectl exec``."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aurora_tui.cluster.resources import PODS
from aurora_tui.rights import Need
from tests.live.audit import AuditLog
from tests.live.conftest import Eventually, Kubectl
from tests.live.manyobjects import Object, to_list
from tests.live.permissions import can_i
from tests.live.program import Program, Run, stack_variable
from tests.terminal import Terminal

pytest_plugins = ("tests.live.fixtures",)

PATIENCE = 60.0
"""Seconds; the machine may be busy."""
WORDS = "echo out; echo err >&2; exit 3"


def pod(name: str, *containers: str, annotations: Object | None = None) -> Object:
    made = [{"name": each, "image": "aurora/backend:2.4.0"} for each in containers]
    meta = {"name": name, "annotations": annotations or {}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": made}}


@pytest.fixture(scope="module")
def pods(kubectl: Kubectl) -> Iterator[str]:
    """A namespace with running pods of one and of two containers, and one that has ended."""
    namespace = f"live-{secrets.token_hex(4)}"
    kubectl("create", "namespace", namespace)
    where = f"--namespace={namespace}"
    kubectl("wait", "--for=create", "serviceaccount/default", where, "--timeout=30s")
    made = [
        pod("alone", "main"),
        pod("pair", "first", "second"),
        pod("chosen", "first", "second", annotations={"kubectl.kubernetes.io/default-container": "second"}),
    ]
    over = pod("over", "main", annotations={"aurora.test/exit": "0"})
    over["spec"]["restartPolicy"] = "Never"
    kubectl("create", "-f", "-", where, stdin=to_list([*made, over]))
    for name in ("alone", "pair", "chosen"):
        kubectl("wait", "--for=condition=Ready", f"pod/{name}", where, "--timeout=60s")
    kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/over", where, "--timeout=60s")
    yield namespace
    kubectl("delete", "namespace", namespace, "--wait=false")


@pytest.fixture
def shell(aurora: Program, pods: str, context: str) -> Shell:
    return Shell(aurora, pods, context)


class Shell:
    """The program's command on pods of a namespace."""

    def __init__(self, program: Program, namespace: str, context: str) -> None:
        self.program = program
        self.namespace = namespace
        self.context = context

    @property
    def given(self) -> tuple[str, ...]:
        return (f"--namespace={self.namespace}", f"--confirm={self.context}", "--yes", "--reason=told by the tests")

    def __call__(self, *words: str, options: tuple[str, ...] = ()) -> Run:
        return self.program(*options, "shell", *self.given, *words)

    def open(self, *words: str) -> Terminal:
        return Terminal([*self.program.command, "shell", *self.given, *words], env=self.program.environ)

    def on(self, context: str) -> Shell:
        return Shell(self.program.on(context), self.namespace, context)

    def journal(self) -> list[Object]:
        found: list[Object] = self.program("journal", "list", "-o", "json").json
        return found


def oracle(kubeconfig: Path, context: str, namespace: str, *words: str) -> subprocess.CompletedProcess[str]:
    """``kubectl exec``, whatever its exit status."""
    command = [stack_variable("AURORA_LIVE_KUBECTL"), f"--kubeconfig={kubeconfig}", f"--context={context}"]
    return subprocess.run(
        [*command, f"--namespace={namespace}", "exec", *words], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "words",
    [
        ("alone", "--", "sh", "-c", WORDS),
        ("alone", "--", "sh", "-c", "exit 0"),
        ("alone", "--", "sh", "-c", "kill -9 $$"),
        ("alone", "--", "printf", "%s|", "a b", "'c'", "$HOME", ""),
        ("pair", "--", "printenv", "CONTAINER"),
        ("pair", "-c", "second", "--", "printenv", "CONTAINER"),
        ("chosen", "--", "printenv", "CONTAINER"),
        ("alone", "--", "seq", "200000"),
    ],
)
def test_a_command_prints_and_ends_as_under_kubectl_exec(
    shell: Shell, kubeconfig: Path, context: str, words: tuple[str, ...]
) -> None:
    theirs = oracle(kubeconfig, context, shell.namespace, *words)
    ours = shell(*words)

    assert (ours.stdout, ours.code) == (theirs.stdout, theirs.returncode)
    said = [line for line in theirs.stderr.splitlines() if not line.startswith(("command term", "Defaulted"))]
    assert set(said) <= set(ours.stderr.splitlines())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("alone", "--", "nosuch"), "executable file not found in $PATH"),
        (("alone", "-c", "nosuch", "--", "true"), "has no container nosuch: it has main"),
        (("nosuch", "--", "true"), "there is no pod/nosuch"),
        (("over", "--", "true"), "has ended (Succeeded)"),
    ],
)
def test_what_kubectl_exec_cannot_do_is_told(
    shell: Shell, kubeconfig: Path, context: str, words: tuple[str, ...], told: str
) -> None:
    assert oracle(kubeconfig, context, shell.namespace, *words).returncode != 0

    ours = shell(*words)

    assert (ours.code, told in ours.stderr) == (1, True), ours


def test_a_shell_has_the_size_of_the_window_and_follows_it(shell: Shell, kubeconfig: Path, context: str) -> None:
    with shell.open("pair", "-c", "second") as terminal:
        terminal.wait_for(f"shell in {context} {shell.namespace}/pair second", PATIENCE)
        terminal.send("stty size; tty; echo in $CONTAINER\r")
        terminal.wait_for("\n48 160\n", PATIENCE)
        terminal.wait_for("\nin second\n", PATIENCE)
        terminal.resize(100, 30)
        terminal.ask_until("stty size\r", "\n30 100\n", PATIENCE)
        terminal.send("echo begun; sleep 1000\r")
        terminal.wait_for("\nbegun\n", PATIENCE)
        terminal.send("\x03")
        terminal.wait_for("^C", PATIENCE)
        terminal.ask_until("echo again\r", "\nagain\n", PATIENCE)
        terminal.send("exit 7\r")
        assert terminal.wait_end(PATIENCE) == 7
        assert terminal.attributes() == terminal.attributes_before

    (entry,) = shell.journal()
    assert (entry["verb"], entry["outcome"]) == ("shell", "done")
    assert entry["message"].startswith("exit code 7 after ")
    assert "stty" not in str(entry)


def test_much_output_arrives_whole_on_a_terminal(shell: Shell) -> None:
    with shell.open("alone", "--", "seq", "100000") as terminal:
        assert terminal.wait_end(PATIENCE) == 0
        assert b"\r\n".join(b"%d" % number for number in range(1, 100_001)) in terminal.raw


def test_a_shell_that_is_killed_ends_with_the_status_of_the_signal(shell: Shell) -> None:
    with shell.open("alone") as terminal:
        terminal.wait_for("shell in", PATIENCE)
        terminal.send("kill -KILL $$\r")
        assert terminal.wait_end(PATIENCE) == 137
        assert terminal.attributes() == terminal.attributes_before


@pytest.mark.parametrize(
    ("verbs", "lacking"), [((), "create"), (("get",), "create"), (("create",), "get"), (("get", "create"), "")]
)
async def test_both_rights_are_needed_and_asked_for_first(
    shell: Shell, kubectl: Kubectl, eventually: Eventually, verbs: tuple[str, ...], lacking: str
) -> None:
    where, name = f"--namespace={shell.namespace}", f"exec-{'-'.join(verbs)}"

    def granted() -> set[str]:
        """What the server knows of, which is a moment after it was bound."""
        needs = [Need(verb, PODS, shell.namespace, subresource="exec") for verb in ("get", "create")]
        return {need.verb for need in needs if can_i(kubectl, need)}

    await eventually(lambda: not granted())
    if verbs:
        kubectl("create", "role", name, f"--verb={','.join(verbs)}", "--resource=pods/exec", where)
        kubectl("create", "rolebinding", name, f"--role={name}", "--user=viewer", where)
    await eventually(lambda: granted() == set(verbs))

    ours = shell.on("viewer")("alone", "--", "true")
    if verbs:
        kubectl("delete", "rolebinding", name, where)

    if lacking:
        assert ours.code == 1
        assert f"you may not {lacking} pods/exec in namespace {shell.namespace}" in ours.stderr
    else:
        assert ours.code == 0, ours


async def test_read_only_opens_nothing_and_an_opened_one_is_one_request(shell: Shell, audit: AuditLog) -> None:
    ours = shell("alone", "--", "true", options=("--read-only",))
    assert (ours.code, "this session is read-only" in ours.stderr) == (1, True)
    assert await audit.changes() == []

    assert shell("alone", "--", "true").code == 0
    sent = {(each.verb, each.what) for each in await audit.changes()}
    assert sent == {("get", f"{shell.namespace}/pods/alone:exec")}


def test_the_key_opens_it_on_the_screen_and_the_screen_comes_back(shell: Shell, context: str) -> None:
    command = [*shell.program.command, f"--namespace={shell.namespace}"]
    with Terminal(command, env={**os.environ, **shell.program.environ}) as terminal:
        terminal.wait_for("alone", PATIENCE)
        terminal.send(":pods\r/pair\r")
        terminal.wait_for(lambda screen: "pair" in screen and "chosen" not in screen, PATIENCE)
        terminal.send("ssecond\r")
        terminal.wait_for("opens a shell in container second of pod/pair", PATIENCE)
        terminal.send(f"{context}\rtold by the tests\r")
        terminal.wait_for(f"shell in {context} {shell.namespace}/pair second", PATIENCE)
        terminal.send("stty size; echo in $CONTAINER\r")
        terminal.wait_for("\nin second\n", PATIENCE)
        assert "\n48 160\n" in terminal.text()
        terminal.send("exit 4\r")
        terminal.wait_for("done: exit code 4 after", PATIENCE)
        terminal.send("\x1b")
        terminal.wait_for(lambda screen: "exit code" not in screen and "Pods" in screen and "pair" in screen, PATIENCE)
