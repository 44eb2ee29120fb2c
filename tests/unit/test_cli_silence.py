"""The commands that silence an alert and let it speak again, on the demo's own Alertmanager."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aurora_tui.sandbox.addresses import Addresses
from tests.pilot.console import demo
from tests.unit.commandline import Run, command_line

CONFIRMED = ("--yes", "--confirm=prod", "--reason=OPS-1 told by the tests")


@pytest.fixture(scope="module")
def stack() -> Iterator[Addresses]:
    """A bad release: the backend's and the frontend's errors fire under one name."""
    with demo("bad-release") as addresses:
        yield addresses


@pytest.fixture
def run(
    stack: Addresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Run ``aurora-tui`` on the stack, in a home of its own; afterwards nothing is silenced."""
    where = (f"--kubeconfig={stack.kubeconfig}", f"--config={stack.config}", f"--context={stack.context}")
    yield command_line(tmp_path, monkeypatch, capsys, *where)
    for silence in silences(stack):
        urllib.request.urlopen(
            urllib.request.Request(f"{stack.alertmanager}/api/v2/silence/{silence['id']}", method="DELETE")
        )


def silences(stack: Addresses) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{stack.alertmanager}/api/v2/silences") as answer:
        return [each for each in json.load(answer) if each["status"]["state"] == "active"]


def test_an_alert_is_silenced_told_in_the_rows_and_speaks_again(run: Run, stack: Addresses) -> None:
    done = run("silence", "HighErrorRate", "--service=backend", "--for=2h", *CONFIRMED)
    assert done.code == 0, done.err
    assert "is suppressed until" in done.out
    [made] = silences(stack)
    assert made["comment"] == "OPS-1 told by the tests"

    rows = json.loads(run("get", "alerts", "-o", "json").out)
    states = {row["service"]: row["state"] for row in rows if row["alert"] == "HighErrorRate"}
    assert states == {"backend": "silenced", "frontend": "firing"}
    [held] = [row["raw"] for row in rows if row["state"] == "silenced"]
    assert (held["silences"][0]["id"], held["silences"][0]["by"]) == (made["id"], made["createdBy"])

    done = run("unsilence", "HighErrorRate", "--service=backend", *CONFIRMED)
    assert done.code == 0, done.err
    assert "is told again" in done.out
    assert silences(stack) == []


def test_one_name_of_several_alerts_is_refused_with_what_to_say(run: Run, stack: Addresses) -> None:
    done = run("silence", "HighErrorRate", *CONFIRMED)

    assert done.code == 1
    assert "2 alerts are called HighErrorRate, say which: HighErrorRate-" in done.err
    assert "has no alert Nothing of service backend" in run("silence", "Nothing", "--service=backend").err
    assert silences(stack) == []


def test_a_dry_run_tells_what_else_would_be_hidden(run: Run, stack: Addresses) -> None:
    done = run("silence", "HighErrorRate", "--service=backend", "--matcher=alertname=HighErrorRate", "--dry-run")

    assert done.code == 0
    assert "! it also hides 1 more: HighErrorRate-" in done.out
    assert silences(stack) == []


def test_the_matchers_and_the_comment_are_the_operators(run: Run, stack: Addresses) -> None:
    words = ("--matcher=alertname=~High(ErrorRate|X)", "--matcher=severity!=warning", "--comment=OPS-7")
    done = run("silence", "HighErrorRate", "--service=frontend", *words, *CONFIRMED)

    assert done.code == 0, done.err
    [made] = silences(stack)
    assert made["comment"] == "OPS-7"
    found = {(each["name"], each["isEqual"], each["isRegex"], each["value"]) for each in made["matchers"]}
    assert found == {("alertname", True, True, "High(ErrorRate|X)"), ("severity", False, False, "warning")}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--matcher=job", *CONFIRMED), 2, "'job' is no matcher"),
        (("--for=soon", *CONFIRMED), 1, "'soon' is no duration"),
        (("--yes",), 1, "not confirmed"),
        (("--read-only", *CONFIRMED), 1, "this session is read-only"),
    ],
)
def test_what_may_not_be_done_is_told_and_nothing_is_sent(
    run: Run, stack: Addresses, words: tuple[str, ...], code: int, said: str
) -> None:
    done = run("silence", "HighErrorRate", "--service=backend", *words)

    assert (done.code, said in done.err) == (code, True), done.err
    assert silences(stack) == []
