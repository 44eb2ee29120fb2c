"""Silences on the real Alertmanager, with amtool as the oracle: what ours is, what it holds back, how it ends."""

from __future__ import annotations

import json
import secrets
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from tests.live.alerting import end, fire
from tests.live.program import Program, Run, stack_variable

pytest_plugins = ("tests.live.fixtures",)

ABOUT = 60.0
"""Seconds that may lie between two commands, given after each other on a busy machine."""


def amtool(*words: str) -> Any:
    """What amtool says, as JSON."""
    address = stack_variable("AURORA_LIVE_ALERTMANAGER")
    command = ["amtool", f"--alertmanager.url={address}", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout) if "json" in words else done.stdout.strip()


@dataclass
class Alerts:
    """Two alerts of this test's own, one that the program silences and one that amtool does."""

    aurora: Program
    context: str
    suffix: str = field(default_factory=lambda: secrets.token_hex(4))

    @property
    def ours(self) -> str:
        return f"Ours-{self.suffix}"

    @property
    def theirs(self) -> str:
        return f"Theirs-{self.suffix}"

    def labels(self, name: str) -> dict[str, str]:
        return {"alertname": name, "job": f"job {self.suffix}", "path": 'a "b"\\c', "severity": "warning"}

    def run(self, verb: str, *words: str) -> Run:
        return self.aurora(verb, *words, "--yes", f"--confirm={self.context}", "--reason=OPS-1 told by the tests")

    def state(self, name: str) -> str:
        found = amtool("alert", "query", "--silenced", "--active", "-o", "json", f"alertname={name}")
        return ", ".join(each["status"]["state"] for each in found)

    def silences(self, name: str, *options: str) -> list[Any]:
        found: list[Any] = amtool("silence", "query", "-o", "json", *options)
        return [each for each in found if any(matcher["value"] == name for matcher in each["matchers"])]


@pytest.fixture
def alerts(aurora: Program, context: str) -> Iterator[Alerts]:
    alerts = Alerts(aurora, context)
    every = [alerts.labels(name) for name in (alerts.ours, alerts.theirs)]
    fire(*every)
    yield alerts
    end(*every)
    for name in (alerts.ours, alerts.theirs):
        for silence in alerts.silences(name):
            amtool("silence", "expire", silence["id"])


def ends(silence: Any) -> float:
    return datetime.fromisoformat(silence["endsAt"]).timestamp()


def conditions(silence: Any, name: str) -> set[tuple[str, str, bool, bool]]:
    return {
        (each["name"], each["value"].replace(name, "NAME"), each["isRegex"], each["isEqual"])
        for each in silence["matchers"]
    }


def add(alerts: Alerts, *matchers: str) -> None:
    amtool("silence", "add", "--duration=2h", "--author=amtool", "--comment=theirs", *matchers)


def test_a_silence_is_the_one_that_amtool_makes(alerts: Alerts) -> None:
    done = alerts.run("silence", alerts.ours, "--for=2h")
    # amtool unquotes what stands in quotes; a backslash there is written twice.
    quoted = {name: json.dumps(value) for name, value in alerts.labels(alerts.theirs).items()}
    add(alerts, *(f"{name}={value}" for name, value in quoted.items()))

    assert done.code == 0, done
    [ours], [theirs] = alerts.silences(alerts.ours), alerts.silences(alerts.theirs)
    assert conditions(ours, alerts.ours) == conditions(theirs, alerts.theirs)
    assert ours["status"] == theirs["status"] == {"state": "active"}
    assert abs(ends(ours) - ends(theirs)) < ABOUT
    assert ours["comment"] == "OPS-1 told by the tests"
    assert alerts.state(alerts.ours) == alerts.state(alerts.theirs) == "suppressed"
    assert f"is suppressed until {ours['endsAt'][:19]}Z by silence {ours['id']}" in done.stdout
    [entry] = alerts.aurora("journal", "list", "-o", "json").json
    assert (entry["verb"], entry["outcome"], entry["reason"]) == ("silence", "done", ours["comment"])


def test_every_kind_of_matcher_arrives_as_amtools_does(alerts: Alerts) -> None:
    for name, silence in (
        (alerts.ours, lambda *words: alerts.run("silence", alerts.ours, *(f"--matcher={word}" for word in words))),
        (alerts.theirs, lambda *words: add(alerts, *words)),
    ):
        silence(f"alertname={name}", "severity=~warn.*|info", "job!=other", "team!~web|db")

    [ours], [theirs] = alerts.silences(alerts.ours), alerts.silences(alerts.theirs)
    assert conditions(ours, alerts.ours) == conditions(theirs, alerts.theirs)
    assert len(conditions(ours, alerts.ours)) == 4
    assert alerts.state(alerts.ours) == alerts.state(alerts.theirs) == "suppressed"


def test_an_expired_silence_is_over_for_amtool_too_and_the_alert_is_active(alerts: Alerts) -> None:
    alerts.run("silence", alerts.ours)
    [before] = alerts.silences(alerts.ours)
    assert 0 < ends(before) - time.time() <= 901  # to the whole second

    done = alerts.run("unsilence", alerts.ours)

    assert done.code == 0, done
    assert "is told again" in done.stdout
    assert alerts.silences(alerts.ours) == []
    [over] = alerts.silences(alerts.ours, "--expired")
    assert (over["id"], over["status"]["state"]) == (before["id"], "expired")
    assert alerts.state(alerts.ours) == "active"


def test_amtools_silence_is_told_with_its_author_and_expired_by_us(alerts: Alerts) -> None:
    add(alerts, f"alertname={alerts.ours}")
    [theirs] = alerts.silences(alerts.ours)
    [row] = [row["raw"] for row in alerts.aurora("get", "alerts", "-o", "json").json if row["alert"] == alerts.ours]
    assert [(each["id"], each["by"], each["comment"]) for each in row["silences"]] == [
        (theirs["id"], "amtool", "theirs")
    ]
    assert row["silences"][0]["until"] == pytest.approx(ends(theirs), abs=0.001)

    done = alerts.run("unsilence", alerts.ours)

    assert done.code == 0, done
    assert alerts.silences(alerts.ours) == []


def test_read_only_sends_nothing(alerts: Alerts) -> None:
    add(alerts, f"alertname={alerts.theirs}")

    for verb, name in (("silence", alerts.ours), ("unsilence", alerts.theirs)):
        done = alerts.run(verb, name, "--read-only")
        assert (done.code, "this session is read-only" in done.stderr) == (1, True), done

    assert alerts.silences(alerts.ours, "--expired") == alerts.silences(alerts.ours) == []
    assert len(alerts.silences(alerts.theirs)) == 1
    assert alerts.aurora("journal", "list", "-o", "json").json == []
