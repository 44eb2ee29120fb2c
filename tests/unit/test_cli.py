"""The command line: options in every place, faults in one line, exit statuses."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from aurora_tui import cli, launch
from aurora_tui.cli import command
from aurora_tui.sandbox.scenarios import SCENARIOS
from tests.unit.apiserver import ApiServer, config, item, listing, refused, running, write
from tests.unit.commandline import Run, command_line


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``aurora-tui`` with these arguments, in a home of its own."""
    monkeypatch.delenv("KUBECONFIG", raising=False)

    return command_line(tmp_path, monkeypatch, capsys)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ApiServer]:
    """An API server with one pod, and the kubeconfig ``kubeconfig`` with the contexts ``it`` and ``two``."""
    async with running() as server:
        server.on("GET /api/v1/namespaces/aurora/pods", listing(item("a", status={"phase": "Running"})))
        server.on("GET /api/v1/namespaces/other/pods", listing(item("b", namespace="other")))
        server.on("GET /api/v1/pods", listing(item("a"), item("b", namespace="other")))
        content = config(server.url, namespace="aurora")
        content["contexts"].append({"name": "two", "context": {"cluster": "it", "namespace": "other"}})
        write(tmp_path / "kubeconfig", content)
        yield server


async def names(run: Run, *arguments: str) -> list[str]:
    answer = await asyncio.to_thread(run, *arguments, "-o", "json")
    assert answer.code == 0, answer.err
    return [row["name"] for row in json.loads(answer.out)]


# Options


async def test_shared_options_may_stand_before_and_after_the_command(
    run: Run, server: ApiServer, tmp_path: Path
) -> None:
    kubeconfig = ("--kubeconfig", str(tmp_path / "kubeconfig"))

    assert await names(run, *kubeconfig, "get", "pods") == ["a"]
    assert await names(run, "get", *kubeconfig, "pods") == ["a"]
    assert await names(run, "get", "pods", *kubeconfig, "--context", "two") == ["b"]
    assert await names(run, *kubeconfig, "-n", "other", "get", "pods") == ["b"]
    assert await names(run, *kubeconfig, "-A", "get", "pods") == ["a", "b"]
    assert await names(run, *kubeconfig, "get", "pods", "-A") == ["a", "b"]
    assert await names(run, *kubeconfig, "--context", "it", "get", "pods", "--context", "two") == ["b"]


async def test_of_several_contexts_the_rows_come_together_with_the_context_of_each(
    run: Run, server: ApiServer, tmp_path: Path
) -> None:
    both = ("--kubeconfig", str(tmp_path / "kubeconfig"), "--context", "it", "--context", "two", "--context", "it")

    answer = await asyncio.to_thread(run, "get", "pods", *both)
    assert (answer.code, answer.err) == (0, "")
    assert [line.split()[:2] for line in answer.out.splitlines()] == [["CONTEXT", "NAME"], ["it", "a"], ["two", "b"]]

    answer = await asyncio.to_thread(run, "get", "pods", *both, "-o", "json")
    assert [(row["context"], row["name"]) for row in json.loads(answer.out)] == [("it", "a"), ("two", "b")]


async def test_a_context_that_cannot_be_asked_leaves_the_rows_of_the_others_and_is_told(
    run: Run, server: ApiServer, tmp_path: Path
) -> None:
    server.on("GET /api/v1/namespaces/other/pods", refused(403, "not for you", "Forbidden"))
    both = ("--kubeconfig", str(tmp_path / "kubeconfig"), "--context", "it", "--context", "two")

    answer = await asyncio.to_thread(run, "get", "pods", *both, "-o", "json")

    assert [(row["context"], row["name"]) for row in json.loads(answer.out)] == [("it", "a")]
    assert (answer.code, answer.err) == (2, "aurora-tui: two: not for you\n")


async def test_status_and_check_tell_of_each_context(run: Run, server: ApiServer, tmp_path: Path) -> None:
    server.on("GET /version", {"gitVersion": "v1.35.0"})
    both = ("--kubeconfig", str(tmp_path / "kubeconfig"), "--context", "it", "--context", "two", "-o", "json")

    status = await asyncio.to_thread(run, "status", *both)
    check = await asyncio.to_thread(run, "check", *both)

    assert [each["context"] for each in json.loads(status.out)] == ["it", "two"]
    told = {each["context"]: each["check"] for each in reversed(json.loads(check.out))}
    assert told == {"it": "kubernetes", "two": "kubernetes"}


async def test_what_changes_something_works_on_one_context(run: Run, server: ApiServer, tmp_path: Path) -> None:
    both = ("--kubeconfig", str(tmp_path / "kubeconfig"), "--context", "it", "--context", "two")

    answer = await asyncio.to_thread(run, "restart", "deployment/web", "--yes", *both)

    assert (answer.code, answer.err) == (2, "aurora-tui: this works on one context at a time: give --context once\n")
    assert not server.requests("GET /apis/apps/v1/namespaces/aurora/deployments/web")


@pytest.mark.parametrize(
    ("words", "contexts"),
    [("two", ("two",)), ("it two", ("it", "two")), ("it,two", ("it", "two")), ("it, a b", ("it", "a", "b"))],
)
async def test_the_screen_is_left_for_one_context_or_for_several(
    server: ApiServer, tmp_path: Path, words: str, contexts: tuple[str, ...]
) -> None:
    assert launch._named(words, launch.Wanted(kubeconfig=str(tmp_path / "kubeconfig"))) == contexts


async def test_a_context_whose_name_holds_a_blank_is_one_context(server: ApiServer, tmp_path: Path) -> None:
    content = config(server.url, name="my cluster")
    path = write(tmp_path / "other", content)

    assert launch._named("my cluster", launch.Wanted(kubeconfig=str(path))) == ("my cluster",)


async def test_the_kubeconfig_of_the_environment_is_used(
    run: Run, server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))

    assert await names(run, "get", "pods") == ["a"]


async def test_read_only_reaches_the_client(run: Run, server: ApiServer, tmp_path: Path) -> None:
    deployment = item("web", spec={"replicas": 1, "template": {"metadata": {}, "spec": {}}})
    path = "/apis/apps/v1/namespaces/aurora/deployments/web"
    server.on(f"GET {path}", {"kind": "Deployment", **deployment})
    server.on("GET /apis/apps/v1/namespaces/aurora/replicasets", listing())
    server.on(f"PATCH {path}", deployment)
    arguments = ("--kubeconfig", str(tmp_path / "kubeconfig"), "--read-only", "restart", "deployment/web", "--yes")

    answer = await asyncio.to_thread(run, *arguments)

    assert answer.code == 1
    assert "read-only" in answer.err
    assert [each for each in server.requests(f"PATCH {path}") if each.query.get("dryRun") != "All"] == []


@pytest.mark.parametrize(
    ("arguments", "scenario", "rest"),
    [
        (["--demo"], "bad-release", []),
        (["--demo", "--theme", "x"], "bad-release", ["--theme", "x"]),
        (["--demo", "get", "pods"], "bad-release", ["get", "pods"]),
        (["get", "pods", "--demo"], "bad-release", ["get", "pods"]),
        (["get", "pods", "--demo", "-o", "json"], "bad-release", ["get", "pods", "-o", "json"]),
        (["--demo", "calm"], "calm", []),
        (["--demo=calm", "get", "pods"], "calm", ["get", "pods"]),
        (["-n", "x", "--demo", "calm", "status"], "calm", ["-n", "x", "status"]),
    ],
)
def test_the_demo_may_be_asked_for_anywhere_with_or_without_a_scenario(
    arguments: list[str], scenario: str, rest: list[str]
) -> None:
    assert cli._with_scenario(arguments) == [f"--demo={scenario}", *rest]


def test_without_the_demo_nothing_is_moved() -> None:
    assert cli._with_scenario(["get", "pods", "-A"]) == ["get", "pods", "-A"]


async def test_the_demo_is_a_kubeconfig_and_settings_like_any_other(
    run: Run, server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    @contextmanager
    def demo(wanted: launch.Wanted, scenario: str) -> Iterator[launch.Wanted]:
        asked.append(scenario)
        try:
            yield launch.Wanted(kubeconfig=str(tmp_path / "kubeconfig"), contexts=("two",))
        finally:
            asked.append("ended")

    monkeypatch.setattr(cli, "_demo", demo)

    assert await names(run, "get", "pods", "--demo") == ["b"]
    assert asked == ["bad-release", "ended"]


# Faults


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "No such command 'nonsense'. (see aurora-tui --help)"),
        (["get"], "Missing argument 'WHAT'. (see aurora-tui get --help)"),
        (["get", "pods", "--wat"], "No such option"),
        (["get", "pods", "-o", "yaml"], "'yaml' is not one of"),
        (["scale", "deployment/a", "--replicas", "-1"], "-1 is not in the range"),
        (["shot", "--out", "x.svg", "--size", "big"], "give COLUMNSxLINES"),
        (["get", "pods"], "no kubeconfig found"),
        (["get", "pods", "--kubeconfig", "/nowhere"], "/nowhere: no such kubeconfig file"),
        ([], "the console needs a terminal"),
        (["journal", "show", "7"], "the journal has no entry 7"),
    ],
)
def test_a_fault_is_one_line_that_says_what_to_do(run: Run, arguments: list[str], words: str) -> None:
    answer = run(*arguments)

    assert answer.code in (1, 2)
    assert answer.out == ""
    assert answer.err.startswith("aurora-tui: ")
    assert words in answer.err
    assert answer.err.count("\n") == 1


def test_an_unknown_scenario_is_answered_with_those_that_there_are_a_line_each(run: Run) -> None:
    answer = run("--demo", "calm", "status")

    first, *others = answer.err.splitlines()
    assert (answer.code, first) == (2, "aurora-tui: the demo has no scenario 'calm'; there are")
    assert [line.split()[0] for line in others] == list(SCENARIOS)
    assert all(scenario.title in line for scenario, line in zip(SCENARIOS.values(), others, strict=True))


def test_the_help_tells_of_the_scenarios(run: Run) -> None:
    told = run("--help").out

    assert all(f"  {scenario.name} " in told and scenario.title in told for scenario in SCENARIOS.values())


def test_an_unknown_context_is_answered_with_the_nearest(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "kubeconfig", config("http://127.0.0.1:1", name="production"))

    answer = run("--kubeconfig", str(path), "--context", "prodution", "status")

    assert (answer.code, answer.err) == (
        2,
        "aurora-tui: no context 'prodution' in the kubeconfig; did you mean production?\n",
    )


def test_all_faults_of_the_settings_are_told_at_once(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("signals:\n  interval: soon\nlog_lines: many\n", encoding="utf-8")

    answer = run("--config", str(tmp_path / "bad.yaml"), "get", "pods")

    assert answer.code == 2
    lines = answer.err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith(f"aurora-tui: {tmp_path / 'bad.yaml'}:") for line in lines)


async def test_what_a_server_refuses_is_one_line_without_its_control_characters(
    run: Run, server: ApiServer, tmp_path: Path
) -> None:
    server.on("GET /api/v1/namespaces/aurora/pods", refused(403, "pods is \x1b[31mforbidden\nfor you", "Forbidden"))

    answer = await asyncio.to_thread(run, "get", "pods", "--kubeconfig", str(tmp_path / "kubeconfig"))

    assert (answer.code, answer.err) == (2, "aurora-tui: pods is ␛[31mforbidden for you\n")


def test_a_break_down_is_one_line_and_the_rest_is_in_the_log_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(wanted: Any) -> Any:
        raise ZeroDivisionError("secret inner life")

    monkeypatch.setattr(launch, "settings_of", broken)

    answer = run("get", "pods")

    log = tmp_path / "state" / "aurora-tui" / "aurora-tui.log"
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == f"aurora-tui: it broke down (ZeroDivisionError); the details are in {log}\n"
    assert "secret inner life" in log.read_text()


def test_a_log_that_cannot_be_written_prints_nothing(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")

    def broken(wanted: Any) -> Any:
        logging.getLogger("x").error("%s", "into nowhere")
        raise ZeroDivisionError

    monkeypatch.setattr(launch, "settings_of", broken)

    answer = run("get", "pods")

    assert answer.err.count("\n") == 1
    assert "Traceback" not in answer.err


def test_a_reader_that_went_away_is_no_break_down(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(wanted: Any) -> Any:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    stdout, stderr = sys.stdout, sys.stderr
    monkeypatch.setattr(launch, "settings_of", broken)

    answer = run("get", "pods")

    # Click wraps the streams so that closing them says nothing.
    sys.stdout, sys.stderr = stdout, stderr
    assert (answer.code, answer.err) == (1, "")


def test_an_interrupt_ends_in_silence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(wanted: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(launch, "settings_of", interrupted)

    answer = run("get", "pods")

    assert answer.code == 130
    assert answer.err.strip() == "aurora-tui: stopped"


# Help


def test_help_shows_examples(run: Run) -> None:
    answer = run("--help")

    assert answer.code == 0
    assert "aurora-tui --context prod" in answer.out
    assert "aurora-tui --demo" in answer.out
    assert answer.err == ""


@pytest.mark.parametrize("name", sorted(command.commands))
def test_every_command_explains_itself(run: Run, name: str) -> None:
    answer = run(name, "--help")

    assert answer.code == 0
    assert f"Usage: aurora-tui {name}" in answer.out
    assert len(answer.out.splitlines()) > 5


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_completion(run: Run, shell: str) -> None:
    answer = run("completion", shell)

    assert answer.code == 0
    assert "_AURORA_TUI_COMPLETE" in answer.out
    assert "aurora-tui" in answer.out


def test_completion_knows_the_commands(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_AURORA_TUI_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "aurora-tui ro")
    monkeypatch.setenv("COMP_CWORD", "1")

    assert "plain,rollback" in run().out


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").out.startswith("aurora-tui, version ")


def test_an_empty_journal_is_empty(run: Run) -> None:
    answer = run("journal", "list", "-o", "json")

    assert (answer.code, json.loads(answer.out)) == (0, [])
