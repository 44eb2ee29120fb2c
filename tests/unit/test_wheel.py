"""The wheel: built, installed with its dependencies into an empty environment, and run from another folder."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.terminal import Terminal

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
Run = Callable[..., subprocess.CompletedProcess[str]]


def pip(*arguments: str) -> None:
    """Run pip; where it fails, e.g. because no index can be reached, the test fails with what it said."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(CHECKOUT))
    (built,) = folder.glob("aurora_tui-*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs in an environment that had nothing but the interpreter."""
    environment = tmp_path_factory.mktemp("environment")
    assert CHECKOUT not in environment.parents
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    # Compiling everything that is installed takes longer than compiling what is run.
    pip("--python", str(python), "install", "--quiet", "--no-compile", str(wheel))
    return environment / "bin"


@pytest.fixture
def elsewhere(tmp_path: Path) -> dict[str, str]:
    """The environment variables of somebody who knows nothing of the checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return {**kept, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}


@pytest.fixture
def run(programs: Path, elsewhere: dict[str, str], tmp_path: Path) -> Run:
    """Run a program of the environment from another folder."""

    def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(programs / name), *arguments],
            check=False,
            cwd=tmp_path,
            env=elsewhere,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    return run


def test_the_wheel_holds_the_program_its_widgets_and_its_settings_and_no_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"aurora_tui", "widgets"}
    assert "widgets/pane.py" in names
    files = [path for path in (CHECKOUT / "config").rglob("*") if path.is_file()]
    shipped = {f"aurora_tui/_config/{path.relative_to(CHECKOUT / 'config')}" for path in files}
    assert shipped <= set(names)
    assert not [name for name in names if "test" in name]


def test_what_runs_is_what_was_installed(run: Run, programs: Path) -> None:
    words = "print(aurora_tui.__file__, widgets.__file__, folders.config_dir())"

    places = run("python", "-c", f"import aurora_tui, widgets; from aurora_tui import folders; {words}").stdout.split()

    assert len(places) == 3
    assert all(Path(place).is_relative_to(programs.parent) for place in places), places
    assert places[2].endswith("/aurora_tui/_config")


@pytest.mark.parametrize("name", ["aurora-tui", "kubectl-aurora"])
def test_both_names_tell_their_version_and_help(run: Run, name: str) -> None:
    assert run(name, "--version").stdout.startswith("aurora-tui, version ")
    assert "aurora-tui --context prod" in run(name, "--help").stdout


def test_the_demo_tells_from_the_command_line_that_something_burns(run: Run) -> None:
    answer = run("aurora-tui", "--demo", "status")

    assert answer.returncode == 1, answer.stderr
    assert "HighErrorRate" in answer.stdout
    assert answer.stderr == ""


def test_the_demo_draws_its_picture(run: Run, tmp_path: Path) -> None:
    answer = run("aurora-tui", "--demo", "shot", "--out", "x.svg")

    assert (answer.returncode, answer.stderr) == (0, "")
    picture = (tmp_path / "x.svg").read_text(encoding="utf-8")
    assert picture.startswith("<svg")
    assert "HighErrorRate" in picture


def test_the_demo_opens_in_a_terminal(programs: Path, elsewhere: dict[str, str], tmp_path: Path) -> None:
    program = programs / "aurora-tui"
    with Terminal(["env", "-C", str(tmp_path), str(program), "--demo"], env=elsewhere) as terminal:
        terminal.wait_for("HighErrorRate", PATIENCE)
        terminal.wait_for("CrashLoopBackOff", PATIENCE)

        terminal.send("\x03")

        assert terminal.wait_end(PATIENCE) == 0
