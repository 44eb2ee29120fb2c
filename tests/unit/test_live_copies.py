"""Live tests side by side: each worker has a stack of its own, and no port is given twice."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.processes import free_ports

ROOT = Path(__file__).parents[2]
PROBE = """
def test_first(kubeconfig):
    import os
    print(kubeconfig, os.environ["AURORA_LIVE_AUDIT"])
    assert kubeconfig.read_text() == os.environ["AURORA_LIVE_AUDIT"]
    (kubeconfig.parent / "seen").touch()
"""


def copy(folder: Path, name: str) -> dict[str, str]:
    """What a stack tells of itself: each has another kubeconfig and another log."""
    (folder / name).mkdir()
    kubeconfig = folder / name / "kubeconfig"
    kubeconfig.write_text(name)
    return {"AURORA_LIVE_KUBECONFIG": str(kubeconfig), "AURORA_LIVE_AUDIT": name}


def run(folder: Path, copies: list[dict[str, str]], *options: str) -> subprocess.CompletedProcess[str]:
    """pytest on two files that look at the stack that they were given, with the live tests' conftest."""
    for name in ("test_a.py", "test_b.py"):
        (folder / name).write_text(PROBE)
    given = f"--live-kubeconfig={copies[0]['AURORA_LIVE_KUBECONFIG']}"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.live.conftest",
        f"--rootdir={folder}",
        given,
        *options,
    ]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)} | copies[0]
    if len(copies) > 1:
        environment["AURORA_LIVE_COPIES"] = json.dumps(copies)
    return subprocess.run(
        [*command, str(folder)], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )


def test_each_worker_works_on_a_stack_of_its_own(tmp_path: Path) -> None:
    copies = [copy(tmp_path, "first"), copy(tmp_path, "second")]

    done = run(tmp_path, copies, "--numprocesses=2", "--dist=loadfile")

    assert done.returncode == 0, done.stdout + done.stderr
    assert [(tmp_path / name / "seen").exists() for name in ("first", "second")] == [True, True]


def test_a_single_process_works_on_the_one_that_is_named(tmp_path: Path) -> None:
    done = run(tmp_path, [copy(tmp_path, "first")], "-p", "no:xdist")

    assert done.returncode == 0, done.stdout + done.stderr


def test_workers_without_stacks_of_their_own_are_refused_in_words(tmp_path: Path) -> None:
    done = run(tmp_path, [copy(tmp_path, "first")], "--numprocesses=2")

    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "2 workers need as many clusters" in done.stderr


def test_a_port_is_given_once_even_where_nobody_listens_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = free_ports(1)
    drawn = itertools.chain(taken, itertools.repeat(taken[0], 3), itertools.count(31000))
    monkeypatch.setattr(random, "randrange", lambda *_: next(drawn))

    assert free_ports(1) != taken
    draws = "iter((int(sys.argv[1]), *range(31500, 32000)))"
    script = f"import random, sys; from tests.live.processes import free_ports; drawn = {draws}; "
    script += "random.randrange = lambda *_: next(drawn); print(*free_ports(1))"
    elsewhere = [sys.executable, "-c", script, str(taken[0])]
    told = subprocess.run(elsewhere, cwd=ROOT, capture_output=True, text=True, check=False)
    assert int(told.stdout) != taken[0], told.stderr
