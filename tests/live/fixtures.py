"""The live tests' own fixtures: the program under test and what it leaves behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live.audit import AuditLog
from tests.live.conftest import Eventually, Kubectl
from tests.live.program import Program, stack_variable


@pytest.fixture
def aurora(kubeconfig: Path, context: str, tmp_path: Path) -> Program:
    """The program under test on the cluster under test, with an empty journal and no settings of a user."""
    return Program(tmp_path, kubeconfig, context)


@pytest.fixture
def audit(kubectl: Kubectl, eventually: Eventually) -> AuditLog:
    """The API server's audit log from the start of the test."""
    return AuditLog(Path(stack_variable("AURORA_LIVE_AUDIT")), kubectl, eventually)
