"""Several objects in one command: which ones, how they are previewed, what stops what, and the exit status."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aurora_tui.cluster.errors import ForbiddenError
from aurora_tui.cluster.kubernetes import KubernetesCluster
from aurora_tui.cluster.resources import NODES
from aurora_tui.sandbox.kube import KubeSandbox
from aurora_tui.sandbox.scenarios import SCENARIOS
from tests.unit.apiserver import write
from tests.unit.commandline import Run, command_line

ONE, TWO, THREE = (f"prod-node-{number}" for number in (1, 2, 3))
CONFIRMED = ("--yes", "--confirm=prod", "--reason=told by the tests")
POLICY = {"policies": {"few": {"verb": "cordon", "cap": 2}}}


@pytest.fixture
def sandbox() -> Iterator[KubeSandbox]:
    """A healthy demo cluster of this test's own, in a thread: the program needs the main one for its signals."""
    sandbox = KubeSandbox(SCENARIOS["healthy"], clock=time.time)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(sandbox.start(), loop).result()
        yield sandbox
        asyncio.run_coroutine_threadsafe(sandbox.stop(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def run(
    sandbox: KubeSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run ``aurora-tui`` on that cluster."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(sandbox.kubeconfig("prod"))
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    return command_line(tmp_path, monkeypatch, capsys)


def cordoned(run: Run) -> list[str]:
    rows = json.loads(run("get", "nodes", "-o", "json").out)
    return [row["name"] for row in rows if "SchedulingDisabled" in row["status"]]


def series_of(run: Run) -> list[tuple[str, str]]:
    """Of each entry of the journal, newest first: what it was part of, and its outcome."""
    entries = json.loads(run("journal", "list", "-o", "json").out)
    return [(entry["part_of"], entry["outcome"]) for entry in entries]


def refuse(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let the server refuse to change one object, though it could be tried."""
    patch = KubernetesCluster.patch

    async def refusing(self: KubernetesCluster, *target: Any, dry_run: bool = False, **body: Any) -> dict[str, Any]:
        if not dry_run and name in target:
            raise ForbiddenError("an admission webhook is against it", status=403)
        return await patch(self, *target, dry_run=dry_run, **body)

    monkeypatch.setattr(KubernetesCluster, "patch", refusing)


def test_all_that_are_named_are_listed_done_and_journalled_each(run: Run) -> None:
    answer = run("cordon", ONE, f"node/{TWO}", ONE, *CONFIRMED)

    assert answer.code == 0, answer
    assert answer.err == ""
    assert f"  cordon node/{ONE}: cordons node/{ONE}: no new pods are placed on it" in answer.out
    assert f"[2/2] cordon node/{TWO}: done" in answer.out
    assert cordoned(run) == [ONE, TWO]
    assert series_of(run) == [("cordon 2 nodes", "done")] * 2


def test_a_selector_chooses_of_a_kind_and_a_dry_run_shows_each_difference(run: Run) -> None:
    labels = ("-l", "app in (aurora-backend,aurora-frontend)")

    answer = run("scale", "deploy,sts", *labels, "--replicas=5", "--dry-run", *CONFIRMED)

    assert answer.code == 0, answer
    assert [line.strip() for line in answer.out.splitlines() if "replicas" in line and "!" not in line] == [
        "scale replicas=5 on 2 deployments · context prod",
        "scale deployment/aurora-backend in aurora: scales deployment/aurora-backend from 3 to 5 replicas",
        "- spec.replicas: 3",
        "+ spec.replicas: 5",
        "scale deployment/aurora-frontend in aurora: scales deployment/aurora-frontend from 2 to 5 replicas",
        "- spec.replicas: 2",
        "+ spec.replicas: 5",
    ]
    assert answer.out.endswith("dry run: nothing was changed\n")
    assert series_of(run) == []


def test_the_kind_may_be_left_out_where_there_is_but_one(run: Run) -> None:
    answer = run("cordon", "-l", "topology.kubernetes.io/zone=eu-south-1b", *CONFIRMED)

    assert answer.code == 0, answer
    assert cordoned(run) == [TWO]


@pytest.mark.parametrize(("options", "places"), [((), ["aurora"]), (("-A",), ["aurora", "monitoring"])])
def test_a_selector_looks_in_all_namespaces_only_where_that_is_asked_for(
    run: Run, options: tuple[str, ...], places: list[str]
) -> None:
    answer = run("restart", "deploy", "-l", "app in (aurora-backend,grafana)", "--dry-run", *options)

    assert answer.code == 0, answer
    assert f"in {', '.join(places)}" in answer.out.splitlines()[1]


def test_what_cannot_be_done_is_left_out_and_makes_it_a_failure(run: Run) -> None:
    answer = run("pause", "aurora-backend", "deploy/missing", "sts/aurora-postgres", "--dry-run")
    assert answer.code == 1
    assert "left as it is: deployment/missing: there is no deployment/missing in namespace aurora" in answer.out

    answer = run("pause", "aurora-backend", "deploy/missing", "sts/aurora-postgres", *CONFIRMED)

    assert answer.code == 1
    assert "[1/1] pause deployment/aurora-backend: done" in answer.out
    assert answer.err.splitlines() == [
        "aurora-tui: left as it is: deployment/missing: there is no deployment/missing in namespace aurora",
        "aurora-tui: left as it is: statefulset/aurora-postgres: "
        "pause does not apply to a statefulset, only to deployments, rollouts, cronjobs",
    ]


def test_the_first_failure_stops_the_rest_and_both_are_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, TWO)

    answer = run("cordon", ONE, TWO, THREE, *CONFIRMED)

    assert answer.code == 1
    assert answer.err.splitlines() == [
        f"aurora-tui: failed: cordon node/{TWO}: refused: an admission webhook is against it",
        f"aurora-tui: not begun: node/{THREE}: an earlier one failed",
    ]
    assert cordoned(run) == [ONE]
    assert series_of(run) == [("cordon 3 nodes", "refused"), ("cordon 3 nodes", "done")]


def test_a_failure_stops_nothing_where_it_is_to_keep_going(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, TWO)

    answer = run("cordon", ONE, TWO, THREE, "--keep-going", *CONFIRMED)

    assert answer.code == 1
    assert answer.err == f"aurora-tui: failed: cordon node/{TWO}: refused: an admission webhook is against it\n"
    assert cordoned(run) == [ONE, THREE]


def test_more_than_the_policies_allow_is_refused_in_words(run: Run, tmp_path: Path) -> None:
    settings = f"--config={write(tmp_path / 'config.yaml', POLICY)}"

    answer = run(settings, "cordon", ONE, TWO, THREE, *CONFIRMED)

    assert answer.code == 1
    assert "these are 3 objects, and policies allow 2 in one bulk action: choose fewer" in answer.err
    assert cordoned(run) == []


def test_without_a_policy_of_ones_own_ten_are_the_most(run: Run) -> None:
    answer = run("delete", "-A", "-l", "app", *CONFIRMED)

    assert answer.code == 1
    assert "objects, and policies allow 10 in one bulk action: choose fewer" in answer.err
    assert series_of(run) == []


@pytest.mark.parametrize("given", [("--yes",), ("--yes", "--confirm=other")])
def test_unconfirmed_nothing_is_done(run: Run, given: tuple[str, ...]) -> None:
    answer = run("cordon", ONE, TWO, *given)

    assert answer.code == 1
    assert cordoned(run) == []


def test_images_and_targets_may_stand_in_any_number(run: Run) -> None:
    answer = run("set-image", "deploy/aurora-backend", "aurora-frontend", "*=aurora/new:1", "--dry-run")

    assert answer.code == 0, answer
    assert answer.out.count("image: aurora/new:1") == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["restart"], "say on what: KIND/NAME..., or a kind and -l SELECTOR"),
        (["restart", "-l", "app=x"], "say on what: KIND/NAME..., or a kind and -l SELECTOR"),
        (["restart", "deploy", "-l", " "], "an empty selector would choose everything"),
        (["restart", "deploy/x", "-l", "app=x"], "with a selector give kinds without names, not deploy/x"),
        (["restart", "nonsense", "-l", "app=x"], "nonsense: give kinds, e.g. deployments,statefulsets"),
        (["restart", "deploy/a", "nonsense/b"], "'nonsense/b': give KIND/NAME"),
        (["restart", "deploy/a", "deploy/"], "'deploy/': give KIND/NAME"),
        (["restart", "deploy/"], "'deploy/': give KIND/NAME"),
        (["restart", ""], "'': give KIND/NAME"),
        (["delete", ""], "'pod/': give KIND/NAME"),
        (["restart", "deploy/a", "deploy/b", "--no-wait"], "leave --no-wait out"),
        (["set-image", "deploy/a", "deploy/b"], "give CONTAINER=IMAGE"),
    ],
)
def test_a_wrong_question_is_answered_before_anything_is_asked(run: Run, arguments: list[str], words: str) -> None:
    answer = run(*arguments)

    assert answer.code == 2
    assert words in answer.err


def test_labels_that_nothing_has_are_told(run: Run) -> None:
    answer = run("restart", "deploy", "sts", "-l", "app=nobody", *CONFIRMED)

    assert answer.code == 1
    assert "no deployments, statefulsets with the labels app=nobody in namespace aurora" in answer.err


def test_an_object_that_takes_anothers_place_after_the_choice_is_left_alone(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = KubernetesCluster.list

    async def then_replaced(self: KubernetesCluster, *where: Any, **chosen: Any) -> Any:
        found = await listed(self, *where, **chosen)
        for item in found if where[0] is NODES else ():
            item["metadata"]["uid"] = "of-the-one-before"
        return found

    monkeypatch.setattr(KubernetesCluster, "list", then_replaced)

    answer = run("cordon", "-l", "kubernetes.io/os=linux", *CONFIRMED)

    assert answer.code == 1
    assert "was replaced by another of that name" in answer.out
    assert cordoned(run) == []
