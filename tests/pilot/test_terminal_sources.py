"""The real program while servers come and go: what it says of them, and that it comes back by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest
import yaml

from aurora_tui.sandbox.addresses import Addresses
from tests.forwarder import Forwarder, forwarded
from tests.program import Program

PATIENCE = 90.0
"""Seconds; the machine may be busy, and a source that failed a few times waits for half a minute."""


@pytest.fixture
def kubernetes(stack: Addresses) -> Iterator[Forwarder]:
    with forwarded(stack.kubernetes) as forwarder:
        yield forwarder


@pytest.fixture
def prometheus(stack: Addresses) -> Iterator[Forwarder]:
    with forwarded(stack.prometheus) as forwarder:
        yield forwarder


@pytest.fixture
def program(stack: Addresses, kubernetes: Forwarder, prometheus: Forwarder, tmp_path: Path) -> Program:
    """The program on the stack behind the two forwarders, its signals asked for every second."""
    kubeconfig, config = tmp_path / "kubeconfig", tmp_path / "settings.yaml"
    kubeconfig.write_text(Path(stack.kubeconfig).read_text().replace(stack.kubernetes, kubernetes.url))
    settings = yaml.safe_load(Path(stack.config).read_text())
    settings["environments"]["prod"]["sources"]["prometheus"] = prometheus.url
    settings["signals"] = {"interval": "1s"}
    config.write_text(yaml.safe_dump(settings))
    behind = msgspec.structs.replace(stack, kubeconfig=str(kubeconfig), config=str(config))
    return replace(Program(stack, tmp_path), stack=behind)


@dataclass(frozen=True, slots=True)
class Shows:
    """Whether a screen has all of these at once; a pane's title and the status bar need not change together."""

    patterns: tuple[str, ...]

    def __call__(self, screen: str) -> bool:
        return all(re.search(pattern, screen) for pattern in self.patterns)


def shows(*patterns: str) -> Shows:
    return Shows(patterns)


def test_an_api_server_that_is_not_there_is_told_in_words_and_met_when_it_comes(
    program: Program, kubernetes: Forwarder, prometheus: Forwarder
) -> None:
    prometheus.open()
    with program.open() as terminal:
        seen = terminal.wait_for(
            shows(r"Pods .*down · next try \d+s", "○ kube down", "● slos", "HighErrorRate"), PATIENCE
        )
        assert f"down: {kubernetes.url}: connection refused; is the API server up" in seen

        kubernetes.open()

        terminal.wait_for(shows("● kube", r"v1\.\d+", "CrashLoopBackOff"), PATIENCE)


def test_an_api_server_that_goes_away_leaves_its_rows_marked_stale_and_comes_back(
    program: Program, kubernetes: Forwarder, prometheus: Forwarder
) -> None:
    kubernetes.open()
    prometheus.open()
    with program.open() as terminal:
        terminal.wait_for(shows("● kube", "● slos", "HighErrorRate", "CrashLoopBackOff"), PATIENCE)

        kubernetes.shut()

        stale = shows(r"Pods .*connection refused.*stale · \w+.* · next try \d+s", "○ kube stale", "● slos")
        assert "CrashLoopBackOff" in terminal.wait_for(stale, PATIENCE), "the last rows stay"

        kubernetes.open()

        terminal.wait_for("● kube", PATIENCE)


def test_a_prometheus_that_goes_away_is_told_with_the_age_of_its_data_while_the_others_go_on(
    program: Program, kubernetes: Forwarder, prometheus: Forwarder
) -> None:
    kubernetes.open()
    prometheus.open()
    with program.open() as terminal:
        terminal.wait_for(shows("● kube", "● slos", "burning"), PATIENCE)

        prometheus.shut()

        away = shows(r"SLOs .*reached.*(stale|down) · \d+s ago · (next try \d+s|trying)", "○ slos", "● kube")
        seen = terminal.wait_for(away, PATIENCE)
        assert "burning" in seen, "the last values stay"
        assert "HighErrorRate" in seen

        prometheus.open()

        terminal.wait_for(shows("● slos", "● alerts", r"SLOs .*live · now"), PATIENCE)
