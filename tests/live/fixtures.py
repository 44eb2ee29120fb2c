"""The live tests' own fixtures: the program under test and what it leaves behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live.program import Program


@pytest.fixture
def aurora(kubeconfig: Path, context: str, tmp_path: Path) -> Program:
    """The program under test on the cluster under test, with an empty journal and no settings of a user."""
    return Program(tmp_path, kubeconfig, context)
