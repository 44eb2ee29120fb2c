"""A shell on the action path: in which container, when it is told instead of tried, and what is kept of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aurora_tui.actions import ActionPath
from aurora_tui.cluster.errors import ForbiddenError, UnreachableError
from aurora_tui.cluster.protocol import RemoteTerminal
from aurora_tui.cluster.resources import PODS
from aurora_tui.journal import Journal
from aurora_tui.model.actions import ExecRequest, Outcome, Params, Plan, Record, Verb
from aurora_tui.model.terminals import Ended
from aurora_tui.shells import LocalTerminal, greeting, parting
from aurora_tui.verbs.base import Refusal
from aurora_tui.verbs.shell import SHELL
from tests.unit.fakecluster import Clock, Object, at_the_terminal
from tests.unit.rolloutobjects import NAME, NAMESPACE
from tests.unit.verbcases import running_pod

KEY = (PODS.plural, NAMESPACE, NAME)


class Scene:
    """An action path to a pod of two running containers, ``main`` and ``proxy``."""

    def __init__(self, folder: Path, terminal: LocalTerminal | None = at_the_terminal, *, protected: bool = False):
        self.cluster = running_pod()
        self.journal = Journal(folder)
        self.clock = Clock()
        self.path = ActionPath(
            self.cluster,
            self.journal,
            protected=protected,
            read_only=False,
            clock=self.clock,
            sleep=self.clock.sleep,
            terminal=terminal,
        )

    @property
    def pod(self) -> Object:
        return self.cluster.objects[KEY]

    async def plan(self, **params: str | int) -> Plan:
        return await self.path.plan(Verb.SHELL, PODS, NAMESPACE, NAME, params)

    async def open(self, **params: str | int) -> Record:
        return await self.path.execute(await self.plan(**params))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def chosen(plan: Plan) -> ExecRequest:
    assert isinstance(plan.request, ExecRequest)
    return plan.request


async def test_without_a_name_it_is_the_first_container_or_the_one_that_the_pod_names(scene: Scene) -> None:
    assert chosen(await scene.plan()) == ExecRequest("main", SHELL, True)

    scene.pod["metadata"]["annotations"] = {"kubectl.kubernetes.io/default-container": "proxy"}
    assert chosen(await scene.plan()).container == "proxy"
    assert chosen(await scene.plan(container="main")).container == "main"

    scene.pod["metadata"]["annotations"] = {"kubectl.kubernetes.io/default-container": "gone"}
    assert chosen(await scene.plan()).container == "main"


def without_status(pod: Object) -> None:
    pod["status"] = {}


def waiting(pod: Object) -> None:
    pod["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}


def ended(pod: Object) -> None:
    pod["status"]["containerStatuses"][0]["state"] = {"terminated": {"exitCode": 1, "reason": "Error"}}


def completed(pod: Object) -> None:
    pod["status"]["phase"] = "Succeeded"


@pytest.mark.parametrize(
    ("change", "params", "words"),
    [
        (lambda pod: None, {"container": "nosuch"}, "has no container nosuch: it has main, proxy"),
        (without_status, {}, "container main of pod/aurora-backend has not been started"),
        (waiting, {}, "does not run now: CrashLoopBackOff"),
        (ended, {}, "does not run now: Error"),
        (completed, {}, "has ended (Succeeded)"),
        (lambda pod: None, {"command": "echo 'half"}, "the command cannot be read"),
        (lambda pod: None, {"tty": 0}, "a shell needs a terminal"),
    ],
)
async def test_what_cannot_be_opened_is_told_instead_of_tried(
    scene: Scene, change: Any, params: Params, words: str
) -> None:
    change(scene.pod)

    with pytest.raises(Refusal) as caught:
        await scene.plan(**params)

    assert words in caught.value.words
    assert scene.cluster.written == []


async def test_the_preview_says_where_and_that_nothing_of_it_is_previewed(scene: Scene) -> None:
    plan = await scene.plan(container="proxy", command="ls -l '/a b'")

    assert plan.title == f"Shell pod/{NAME} in {NAMESPACE} (context prod)"
    assert plan.effect == f"runs ls -l '/a b' in container proxy of pod/{NAME}"
    assert plan.warnings == ("what is done in it is not previewed, not recorded and not undone from here",)
    assert chosen(plan).command == ("ls", "-l", "/a b")


@pytest.mark.parametrize("verb", ["create", "get"])
async def test_both_rights_that_a_websocket_needs_are_asked_for_first(scene: Scene, verb: str) -> None:
    scene.cluster.denied[verb, "pods", "exec"] = "viewers only look"

    plan = await scene.plan()

    assert plan.problems == (f"you may not {verb} pods/exec in namespace {NAMESPACE}: viewers only look",)
    assert (await scene.path.execute(plan)).outcome is Outcome.REFUSED
    assert scene.cluster.written == []


async def test_the_intent_is_there_before_the_connection_and_the_exit_code_and_the_time_after_it(
    tmp_path: Path,
) -> None:
    async def busy(remote: RemoteTerminal, plan: Plan, request: ExecRequest) -> Ended:
        await remote.send(b"psql\rDROP TABLE orders\r")
        scene.clock.now += 75
        return await at_the_terminal(remote, plan, request)

    scene = Scene(tmp_path, busy, protected=True)
    scene.cluster.remote_end = Ended(3)
    scene.cluster.on("patch", lambda: intents.append(len(scene.journal.unfinished())))
    intents: list[int] = []

    record = await scene.path.execute(await scene.plan(), confirmed_context="prod", reason="OPS-1")

    assert intents == [1]
    assert (record.outcome, record.message) == (Outcome.DONE, "exit code 3 after 75s")
    (entry,) = scene.journal.entries()
    assert (entry.outcome, entry.message, entry.reason) == (Outcome.DONE, "exit code 3 after 75s", "OPS-1")
    assert entry.action.params == {"container": "main", "tty": 1}
    kept = "".join(fact.body for fact in entry.facts)
    assert "psql" not in kept
    assert "hello" not in kept


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        ("mysql --password hunter2 -e 'select 1'", "mysql --password '(hidden)' -e 'select 1'"),
        ("sh -c 'mysql --password hunter2 -e x'", "sh -c 'mysql --password (hidden) -e x'"),
        ("env 'DB_PASSWORD=hunter2;hunter2 &hunter2' psql", "env 'DB_PASSWORD=(hidden)' psql"),
        ("sh -c 'PGPASSWORD=hunter2 psql -l'", "sh -c 'PGPASSWORD=(hidden) psql -l'"),
        ("psql postgres://aurora:hunter2@db/shop", "psql 'postgres://aurora:(hidden)@db/shop'"),
        ("pg_isready -h db", "pg_isready -h db"),
    ],
)
async def test_of_a_command_all_is_kept_but_its_passwords(scene: Scene, command: str, kept: str) -> None:
    scene.cluster.remote_end = Ended(0)

    record = await scene.open(command=command, tty=0)

    assert record.outcome is Outcome.DONE
    (entry,) = scene.journal.entries()
    assert entry.action.params["command"] == kept
    assert "hunter2" not in "".join(fact.body for fact in entry.facts)


async def test_a_protected_context_wants_its_name_and_a_reason(tmp_path: Path) -> None:
    scene = Scene(tmp_path, protected=True)

    record = await scene.open()

    assert record.outcome is Outcome.REFUSED
    assert scene.cluster.written == []
    assert scene.journal.entries() == []


async def test_without_a_terminal_nothing_is_opened(tmp_path: Path) -> None:
    scene = Scene(tmp_path, None)

    record = await scene.open()

    assert (record.outcome, record.message) == (Outcome.REFUSED, "there is no terminal here to open a shell in")
    assert scene.cluster.written == []


@pytest.mark.parametrize(
    ("remote_end", "outcome", "words"),
    [
        (Ended(None, "no container"), Outcome.FAILED, "no container"),
        (Ended(None, "the line was cut", lost=True), Outcome.UNCERTAIN, "after 0s: the line was cut"),
    ],
)
async def test_an_end_without_a_status_is_no_success(
    scene: Scene, remote_end: Ended, outcome: Outcome, words: str
) -> None:
    scene.cluster.remote_end = remote_end

    record = await scene.open()

    assert (record.outcome, words in record.message) == (outcome, True)
    assert scene.journal.entries()[0].outcome is outcome


async def test_a_refusal_of_the_server_is_one(scene: Scene) -> None:
    scene.cluster.fail("patch", ForbiddenError("no exec for you", status=403))

    record = await scene.open()

    assert (record.outcome, record.message) == (Outcome.REFUSED, "no exec for you")


@pytest.mark.parametrize("how", ["another pod", "no pod", "no answer"])
async def test_another_pod_of_the_name_is_left_before_anything_is_typed(tmp_path: Path, how: str) -> None:
    async def never(remote: RemoteTerminal, plan: Plan, request: ExecRequest) -> Ended:
        raise AssertionError("the terminal was given to another pod")

    scene = Scene(tmp_path, never)

    def replace() -> None:
        if how == "another pod":
            scene.pod["metadata"]["uid"] = "another"
        elif how == "no pod":
            del scene.cluster.objects[KEY]
        else:
            scene.cluster.fail("get", UnreachableError("no connection"))

    scene.cluster.on("patch done", replace)

    record = await scene.open()

    assert record.outcome is Outcome.UNCERTAIN
    assert ("no connection" if how == "no answer" else "was replaced") in record.message


async def test_an_image_without_a_shell_is_told_with_what_to_do(scene: Scene) -> None:
    words = 'exec: "sh": executable file not found in $PATH'
    scene.cluster.remote_end = Ended(None, words)
    debug = f"kubectl debug -it {NAME} -n {NAMESPACE} --image=busybox --target=proxy"

    record = await scene.open(container="proxy")
    assert record.message == f"{words}: its image has no shell; a container beside it has one: {debug}"

    record = await scene.open(command="nosuch")
    assert record.message == words


async def test_the_lines_before_and_after_say_where_one_is_and_obey_nothing(scene: Scene) -> None:
    plan = await scene.plan(container="proxy")

    assert greeting(plan, chosen(plan)).startswith(f"── shell in prod {NAMESPACE}/{NAME} proxy · exit or Ctrl+D")
    assert parting(Ended(0)) == "── exit code 0: back to aurora-tui ──"
    assert parting(Ended(None, "cut\x1b[2J")) == "── cut␛[2J: back to aurora-tui ──"
