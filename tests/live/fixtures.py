"""The live tests' own fixtures: the program under test, what it leaves behind, and what it acts on."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.audit import AuditLog
from tests.live.conftest import Eventually, Kubectl
from tests.live.jaeger import Jaeger, running
from tests.live.program import Act, Program, Run, stack_variable
from tests.live.scenarios import Scenario, burning
from tests.live.twins import Twins


@pytest.fixture
def aurora(kubeconfig: Path, context: str, tmp_path: Path) -> Program:
    """The program under test on the cluster under test, with an empty journal and no settings of a user."""
    return Program(tmp_path, kubeconfig, context)


@pytest.fixture(scope="session")
def scenario(kubectl: Kubectl, context: str) -> Scenario:
    """Begin a scenario of `tests.live.scenarios` by name, on the stack that all tests share: one at a time."""
    return lambda name: burning(name, kubectl, context)


@pytest.fixture
def audit(kubectl: Kubectl, eventually: Eventually) -> AuditLog:
    """The API server's audit log from the start of the test."""
    return AuditLog(Path(stack_variable("AURORA_LIVE_AUDIT")), kubectl, eventually)


@pytest.fixture(scope="session")
def _pair(kubectl: Kubectl) -> Iterator[tuple[str, str]]:
    ours, theirs = (f"{whose}-{secrets.token_hex(4)}" for whose in ("ours", "theirs"))
    for name in (ours, theirs):
        kubectl("create", "namespace", name)
    yield ours, theirs
    kubectl("delete", "namespace", ours, theirs, "--wait=false")


@pytest.fixture
def twins(_pair: tuple[str, str], kubectl: Kubectl, eventually: Eventually) -> Twins:
    """Two namespaces, fresh for the run, and a name in them that is this test's alone."""
    return Twins(kubectl, eventually, *_pair, f"web-{secrets.token_hex(3)}")


@pytest.fixture(scope="session")
def jaeger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jaeger]:
    """A Jaeger of its own for the tests that ask for one."""
    with running(tmp_path_factory.mktemp("jaeger")) as server:
        yield server


@pytest.fixture
def act(aurora: Program, twins: Twins, context: str) -> Act:
    """Run a verb of the program on our twin, with all that a protected context asks for."""

    def run(verb: str, *arguments: str) -> Run:
        confirmed = ("--yes", f"--confirm={context}", "--reason=told by the tests")
        return aurora(verb, f"--namespace={twins.ours}", *confirmed, *arguments)

    return run
