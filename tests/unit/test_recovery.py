"""After a program that ended between intent and outcome: the cluster tells what became of the action."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aurora_tui import cli
from aurora_tui.actions import ActionPath
from aurora_tui.cluster.errors import ClusterError, UnreachableError
from aurora_tui.cluster.resources import DEPLOYMENTS, PODS, REPLICASETS
from aurora_tui.journal import Entry, Journal
from aurora_tui.model.actions import Outcome, Verb
from aurora_tui.model.frozen import replace
from aurora_tui.process import Process
from aurora_tui.recovery import AFTERWARDS, ELSEWHERE, STILL_YOUNG, settle_unfinished
from tests.unit.apiserver import config, item, listing, running, write
from tests.unit.fakecluster import Clock, FakeCluster, Object, at_the_terminal
from tests.unit.rolloutobjects import NAME, NAMESPACE, set_template, settle, stack, template
from tests.unit.test_journal import ACTION, ALICE, SHOWN
from tests.unit.verbcases import CASES, Case, bad_release

GOOD, BAD = template("aurora/backend:2.4.0"), template("aurora/backend:2.4.1")
BEFORE, AFTER = "patch", "patch done"
UNDO = Case(Verb.UNDO)


class Scene:
    """One cluster and one journal; `kill` ends an action at a step as the end of its program would."""

    def __init__(self, folder: Path, cluster: FakeCluster) -> None:
        self.cluster = cluster
        self.journal = Journal(folder)
        self.clock = Clock()
        self.path = ActionPath(
            cluster,
            self.journal,
            protected=False,
            read_only=False,
            clock=self.clock,
            sleep=self.clock.sleep,
            terminal=at_the_terminal,
        )

    async def kill(self, case: Case, step: str) -> None:
        plan = await case.plan(self.path)
        self.cluster.fail(step, asyncio.CancelledError())
        with pytest.raises(asyncio.CancelledError):
            await self.path.execute(plan)

    async def start_again(self, after: float = 60.0) -> list[Entry]:
        self.clock.now += after
        return await settle_unfinished(self.path)

    def change(self, change: Callable[[Object], None]) -> None:
        self.cluster.change(DEPLOYMENTS, NAMESPACE, NAME, change)


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that wrote an intent is no longer there."""
    monkeypatch.setattr(Process, "gone", lambda self: True)


@pytest.fixture
def scene(tmp_path: Path, ended: None) -> Scene:
    return Scene(tmp_path, bad_release())


# Every verb, killed before and after the server did it


@pytest.mark.parametrize(("step", "outcome"), [(BEFORE, Outcome.FAILED), (AFTER, Outcome.DONE)])
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_what_became_of_it_is_read_from_the_cluster_and_recorded(
    tmp_path: Path, ended: None, case: Case, step: str, outcome: Outcome
) -> None:
    scene = Scene(tmp_path, case.make())
    await scene.kill(case, step)
    sent = len(scene.cluster.written)

    [entry] = await scene.start_again()

    found = Outcome.UNCERTAIN if case.is_open else outcome
    assert (entry.outcome, entry.action.verb) == (found, case.verb)
    assert entry.message.endswith(f"({AFTERWARDS})")
    assert scene.journal.unfinished() == []
    assert len(scene.cluster.written) == sent
    assert await scene.start_again() == []


KILLED = """
import asyncio, os, pickle, signal, sys, time
from pathlib import Path
from aurora_tui.actions import ActionPath
from aurora_tui.journal import Journal
from aurora_tui.model.actions import Verb
from tests.unit.verbcases import CASES

folder, step = Path(sys.argv[1]), sys.argv[2]
case = next(case for case in CASES if case.verb is Verb.UNDO)
cluster = case.make()

def end():
    (folder / "cluster").write_bytes(pickle.dumps(cluster.objects))
    os.kill(os.getpid(), signal.SIGKILL)

async def main():
    path = ActionPath(cluster, Journal(folder), protected=False, read_only=False, clock=time.time)
    plan = await case.plan(path)
    cluster.on(step, end)
    await path.execute(plan)

asyncio.run(main())
"""


@pytest.mark.parametrize(("step", "outcome"), [(BEFORE, Outcome.FAILED), (AFTER, Outcome.DONE)])
async def test_a_program_that_was_killed_with_9_leaves_an_uncertain_entry_that_the_next_start_settles(
    tmp_path: Path, step: str, outcome: Outcome
) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), step], check=False)
    assert killed.returncode == -signal.SIGKILL
    scene = Scene(tmp_path, FakeCluster())
    scene.cluster.objects = pickle.loads((tmp_path / "cluster").read_bytes())
    [left] = scene.journal.unfinished()
    assert (left.outcome, left.finished_at) == (Outcome.UNCERTAIN, None)
    scene.clock.now = left.started_at

    [entry] = await scene.start_again()

    assert (entry.id, entry.outcome) == (left.id, outcome)
    assert scene.journal.verify().intact


# What the cluster shows is not always clear


async def test_a_status_that_moved_does_not_hide_that_nothing_was_carried_out(scene: Scene) -> None:
    await scene.kill(UNDO, BEFORE)
    scene.change(lambda item: item["status"].update(readyReplicas=1))

    [entry] = await scene.start_again()

    assert (entry.outcome, entry.message.startswith("not carried out")) == (Outcome.FAILED, True)


async def test_a_change_that_may_have_been_taken_back_since_stays_uncertain(scene: Scene) -> None:
    await scene.kill(UNDO, AFTER)
    scene.change(lambda item: set_template(item, BAD))

    [entry] = await scene.start_again()

    assert entry.outcome is Outcome.UNCERTAIN
    assert "not carried out, or taken back since" in entry.message


async def test_a_later_change_by_another_hand_stays_uncertain(scene: Scene) -> None:
    await scene.kill(UNDO, AFTER)
    scene.change(lambda item: set_template(item, template("aurora/backend:2.4.2")))

    [entry] = await scene.start_again()

    assert entry.outcome is Outcome.UNCERTAIN
    assert "has since changed into something else" in entry.message


@pytest.mark.parametrize("words", ["no longer exists", "replaced by another object"])
async def test_an_object_that_is_no_longer_the_one_stays_uncertain(scene: Scene, words: str) -> None:
    await scene.kill(UNDO, AFTER)
    if words == "no longer exists":
        del scene.cluster.objects[DEPLOYMENTS.plural, NAMESPACE, NAME]
    else:
        scene.change(lambda item: item["metadata"].update(uid="another"))

    [entry] = await scene.start_again()

    assert entry.outcome is Outcome.UNCERTAIN
    assert words in entry.message


@pytest.mark.parametrize(("step", "outcome"), [(BEFORE, Outcome.FAILED), (AFTER, Outcome.DONE)])
async def test_revisions_that_differ_in_a_secret_alone_are_told_apart_by_the_history(
    tmp_path: Path, ended: None, step: str, outcome: Outcome
) -> None:
    old, new = (template("aurora/backend:2.4.0", DB_PASSWORD=word) for word in ("hunter2", "hunter3"))
    scene = Scene(tmp_path, stack(DEPLOYMENTS, old, new))
    await scene.kill(UNDO, step)
    settle(scene.cluster)
    scene.change(lambda item: item["status"].update(readyReplicas=1))

    [entry] = await scene.start_again()

    assert entry.action.before["template"] == entry.action.after["template"]
    assert entry.outcome is outcome


async def test_without_that_history_they_cannot_be_told_apart(tmp_path: Path, ended: None) -> None:
    old, new = (template("aurora/backend:2.4.0", DB_PASSWORD=word) for word in ("hunter2", "hunter3"))
    scene = Scene(tmp_path, stack(DEPLOYMENTS, old, new))
    await scene.kill(UNDO, AFTER)
    for name in (f"{NAME}-1", f"{NAME}-2"):
        del scene.cluster.objects[REPLICASETS.plural, NAMESPACE, name]

    [entry] = await scene.start_again()

    assert entry.outcome is Outcome.UNCERTAIN


async def test_what_the_journal_hides_is_compared_hidden(scene: Scene) -> None:
    await scene.kill(Case(Verb.IMAGE, params={"backend": "auth:2.4.2"}), AFTER)

    [entry] = await scene.start_again()

    assert entry.action.after == {"images": {"backend": "auth:(hidden)"}}
    assert entry.outcome is Outcome.DONE


async def test_an_object_without_a_generation_was_not_changed_while_its_version_stands(
    tmp_path: Path, ended: None
) -> None:
    case = next(case for case in CASES if case.verb is Verb.BOUNDS)
    scene = Scene(tmp_path, case.make())
    del scene.cluster.objects[case.resource.plural, NAMESPACE, NAME]["metadata"]["generation"]
    await scene.kill(case, BEFORE)

    [entry] = await scene.start_again()

    assert (entry.generation, entry.outcome) == (None, Outcome.FAILED)


@pytest.mark.parametrize("case", [Case(Verb.RESTART), Case(Verb.SCALE, params={"replicas": 5}), UNDO], ids=str)
async def test_without_a_dry_run_the_parameters_and_the_history_tell_it(scene: Scene, case: Case) -> None:
    scene.cluster.fail("dry run", ClusterError("admission webhook x does not support dry run", status=400))
    await scene.kill(case, AFTER)
    settle(scene.cluster)

    [entry] = await scene.start_again()

    assert entry.preview is not None
    assert "cannot preview" in entry.preview.impossible
    assert entry.outcome is Outcome.DONE


@pytest.mark.parametrize(
    ("verb", "outcome"),
    [(Verb.DELETE, Outcome.DONE), (Verb.EVICT, Outcome.DONE), (Verb.KILL, Outcome.UNCERTAIN)],
)
async def test_a_pod_that_is_ending_tells_of_a_deletion_but_not_of_a_kill(
    tmp_path: Path, ended: None, verb: Verb, outcome: Outcome
) -> None:
    case = next(case for case in CASES if case.verb is verb)
    scene = Scene(tmp_path, case.make())
    await scene.kill(case, BEFORE)
    stamp = "2023-11-14T22:13:20Z"
    scene.cluster.change(PODS, NAMESPACE, NAME, lambda item: item["metadata"].update(deletionTimestamp=stamp))

    [entry] = await scene.start_again()

    assert entry.outcome is outcome


async def test_a_job_that_is_not_there_may_have_been_cleaned_up(tmp_path: Path, ended: None) -> None:
    case = next(case for case in CASES if case.verb is Verb.TRIGGER)
    scene = Scene(tmp_path, case.make())
    await scene.kill(case, BEFORE)
    scene.cluster.change(case.resource, NAMESPACE, NAME, lambda item: item["status"].update(active=[]))

    [entry] = await scene.start_again()

    assert entry.outcome is Outcome.UNCERTAIN


# What is left alone


async def test_while_the_cluster_cannot_be_asked_the_entry_waits_for_the_next_start(scene: Scene) -> None:
    await scene.kill(UNDO, AFTER)
    scene.cluster.fail("get", UnreachableError("no connection"))

    assert await scene.start_again() == []
    assert len(scene.journal.unfinished()) == 1
    assert [entry.outcome for entry in await scene.start_again()] == [Outcome.DONE]


async def test_an_action_that_a_living_program_is_at_is_not_touched(tmp_path: Path) -> None:
    scene = Scene(tmp_path, bad_release())
    await scene.kill(UNDO, AFTER)

    assert await scene.start_again(after=100 * ELSEWHERE) == []
    assert len(scene.journal.unfinished()) == 1


async def test_a_request_may_be_on_its_way_for_some_seconds(scene: Scene) -> None:
    await scene.kill(UNDO, BEFORE)

    assert await scene.start_again(after=STILL_YOUNG) == []
    assert len(await scene.start_again(after=1.0)) == 1


async def test_actions_on_another_context_are_left_to_it(scene: Scene, tmp_path: Path) -> None:
    await scene.kill(UNDO, AFTER)

    assert await Scene(tmp_path, bad_release("staging")).start_again() == []
    assert len(await scene.start_again()) == 1


async def test_where_the_process_cannot_be_seen_only_time_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Process, "gone", lambda self: None)
    scene = Scene(tmp_path, bad_release())
    await scene.kill(UNDO, AFTER)

    assert await scene.start_again(after=ELSEWHERE) == []
    assert len(await scene.start_again(after=1.0)) == 1


async def test_two_programs_that_start_at_once_record_it_once(scene: Scene, tmp_path: Path) -> None:
    await scene.kill(UNDO, AFTER)
    other = Scene(tmp_path, scene.cluster)

    found = await asyncio.gather(scene.start_again(), other.start_again())

    assert sorted(map(len, found)) == [0, 1]
    assert [fact.kind for fact in scene.journal.entries()[0].facts] == ["intent", "outcome"]


async def test_a_journal_that_cannot_be_read_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene(tmp_path, bad_release())
    scene.journal.path.write_text("dear diary, " * 200)

    assert await scene.start_again() == []
    assert "is damaged" in caplog.text


# Processes


def started() -> tuple[subprocess.Popen[str], Process]:
    """A child, and how it describes itself."""
    script = "import json, sys; from aurora_tui.process import Process; "
    script += "print(json.dumps(Process.current().to_json()), flush=True); sys.stdin.read()"
    child = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    return child, Process.from_json(json.loads(child.stdout.readline()))


def test_a_process_is_there_until_it_ends_even_if_nobody_reaps_it() -> None:
    child, process = started()
    with child:
        assert process.gone() is False
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert process.gone() is True
    assert process.gone() is True


def test_another_process_under_the_same_number_is_not_the_one() -> None:
    assert replace(Process.current(), started="1").gone() is True


def test_a_process_of_before_the_last_boot_is_gone() -> None:
    assert replace(Process.current(), boot="another").gone() is True


@pytest.mark.parametrize("elsewhere", [{"host": "another"}, {"namespace": "pid:[1]"}])
def test_a_process_of_another_host_or_container_cannot_be_seen(elsewhere: dict[str, str]) -> None:
    assert replace(Process.current(), **elsewhere).gone() is None


# The command line


async def test_a_command_that_acts_first_tells_what_became_of_the_last_one(
    tmp_path: Path, ended: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, folder in (("HOME", "home"), ("XDG_STATE_HOME", "state"), ("XDG_CONFIG_HOME", "config")):
        monkeypatch.setenv(name, str(tmp_path / folder))
    target = replace(ACTION.target, context="it", name="web", uid="uid-web")
    journal = Journal(tmp_path / "state" / "aurora-tui")
    action = replace(ACTION, target=target)
    journal.record_intent(action, operator=ALICE, reason="", preview=SHOWN, generation=1, at=1_700_000_000.0)
    deployment = item("web", spec={"replicas": 5, "template": {"metadata": {}, "spec": {}}})
    deployment["metadata"] |= {"uid": "uid-web", "resourceVersion": "2000"}
    async with running() as server:
        path = "/apis/apps/v1/namespaces/aurora/deployments/web"
        server.on(f"GET {path}", {"kind": "Deployment", **deployment})
        server.on("GET /apis/apps/v1/namespaces/aurora/replicasets", listing())
        server.on(f"PATCH {path}", deployment)
        write(tmp_path / "kubeconfig", config(server.url, namespace="aurora"))
        arguments = ["--kubeconfig", str(tmp_path / "kubeconfig"), "restart", "deployment/web", "--dry-run"]
        monkeypatch.setattr(sys, "argv", ["aurora-tui", *arguments])

        with pytest.raises(SystemExit):
            await asyncio.to_thread(cli.main)

    words = "deployment/web is as the action was to leave it (found out after the program ended in between)"
    assert capsys.readouterr().err.splitlines()[0] == f"journal entry 1, scale deployment/web: done: {words}"
    assert [entry.outcome for entry in journal.entries()] == [Outcome.DONE]
