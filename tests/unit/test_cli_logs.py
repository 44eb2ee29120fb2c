"""``aurora-tui logs`` and what ``check`` says of the log store, as a shell runs them on the demo stack."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from aurora_tui.sandbox.addresses import Addresses
from aurora_tui.sandbox.child import start_in_subprocess
from tests.unit.commandline import Run, command_line

BACKEND = r"aurora-backend-[a-z0-9]+-[a-z0-9]{5}"


@pytest.fixture(scope="module")
def stack() -> Iterator[Addresses]:
    with start_in_subprocess("bad-release") as addresses:
        yield addresses


@pytest.fixture
def run(stack: Addresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    always = ("--kubeconfig", stack.kubeconfig, "--config", stack.config, "--context", stack.context)
    return command_line(tmp_path, monkeypatch, capsys, *always)


@pytest.mark.parametrize("source", ["cluster", "elasticsearch"])
def test_the_newest_lines_of_a_workload_come_from_either_source(run: Run, source: str) -> None:
    answer = run("logs", "aurora-backend", "--tail", "20", "--source", source)

    lines = answer.out.splitlines()
    assert (answer.code, len(lines), answer.err) == (0, 20, "")
    assert all(re.match(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z {BACKEND} ", line) for line in lines)
    assert [line[:24] for line in lines] == sorted(line[:24] for line in lines)


def test_json_has_time_pod_container_and_text(run: Run) -> None:
    answer = run("logs", "aurora-backend", "--since", "30s", "--source", "elasticsearch", "-o", "json")

    rows = [json.loads(line) for line in answer.out.splitlines()]
    assert rows
    assert {tuple(row) for row in rows} == {("time", "pod", "container", "text")}
    assert {row["container"] for row in rows} == {"backend"}


def test_a_trace_is_the_same_lines_in_both_sources(run: Run) -> None:
    line = run("logs", "aurora-backend", "--tail", "50", "--source", "elasticsearch").out
    trace = re.findall(r'"trace.id":"(\w+)"', line)[0]

    found = [
        run("logs", "aurora-backend", "--since", "10m", "--trace", trace, "--source", source, "-o", "json").out
        for source in ("cluster", "elasticsearch")
    ]

    messages = [{json.loads(json.loads(row)["text"])["message"] for row in out.splitlines()} for out in found]
    assert messages[0] == messages[1] != set()


def test_a_pod_that_the_cluster_does_not_have_is_looked_for_in_elasticsearch(run: Run) -> None:
    answer = run("logs", "pod/aurora-backend-gone")

    assert answer.code == 0
    assert answer.err.splitlines() == [
        "aurora-tui: the cluster has no pod of pod/aurora-backend-gone: reading Elasticsearch",
        "aurora-tui: no line of pod/aurora-backend-gone in Elasticsearch",
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--since", "soon"), "--since 'soon': give 15m, 2h or a time such as"),
        (("--until", "5m", "-f"), "--follow goes on for ever: leave --until out"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(run: Run, arguments: tuple[str, ...], words: str) -> None:
    answer = run("logs", "aurora-backend", *arguments)

    assert answer.code == 2
    assert words in answer.err


def test_check_tells_documents_age_and_fields(run: Run) -> None:
    answer = run("check", "-o", "json")

    (finding,) = [each for each in json.loads(answer.out) if each["check"] == "elasticsearch"]
    assert finding["result"] == "ok"
    assert re.match(r"8\.19\.0, [\d,]+ documents in logs-\*, .*; the newest \d+ s old; fields time", finding["detail"])
    assert "pod kubernetes.pod.name, container kubernetes.container.name, trace trace.id" in finding["detail"]
