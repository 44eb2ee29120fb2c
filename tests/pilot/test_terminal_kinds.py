"""The program on terminals of all kinds: slow, stuck and light ones, those of 16 colours, those without Unicode."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import tests.terminal
from aurora_tui.sandbox.addresses import Addresses
from tests.pilot.console import PATIENCE, demo
from tests.pilot.test_terminal import until
from tests.program import Program, home
from tests.terminal import Terminal

UTF8 = {"LC_ALL": "C.UTF-8"}
TRUE_COLOUR = re.compile(rb"\x1b\[[0-9;]*[34]8;2;")
INDEXED = re.compile(rb"\x1b\[[0-9;]*[34]8;5;")
SYNC = b"\x1b[?2026h"


@pytest.fixture(scope="module")
def stack() -> Iterator[Addresses]:
    with demo("bad-release") as running:
        yield running


@pytest.fixture
def program(stack: Addresses, tmp_path: Path) -> Program:
    return Program(stack, tmp_path)


def opened(program: Program, *options: str, background: str = "", **env: str) -> Terminal:
    """The console once the alert is on the screen."""
    environ = {**home(program.folder), "COLORTERM": "truecolor", **UTF8, **env}
    terminal = Terminal(program.command(*options), env=environ, background=background)
    terminal.wait_for("HighErrorRate", PATIENCE)
    terminal.wait_for("aurora-backend-", PATIENCE)
    return terminal


class Stubborn(Terminal):
    """One that at times takes nothing."""

    stuck = False

    def read(self, seconds: float = 0.05) -> bytes:
        if not self.stuck:
            return super().read(seconds)
        time.sleep(seconds)
        return b""


def test_a_terminal_that_takes_nothing_does_not_freeze_the_keys(program: Program) -> None:
    with Stubborn(program.command(), env={**home(program.folder), **UTF8}) as terminal:
        terminal.wait_for("HighErrorRate", PATIENCE)
        terminal.stuck = True
        terminal.send("?q" * 30)
        terminal.send("\x03")

        assert terminal.wait_end(PATIENCE) == 0


def test_a_terminal_that_falls_behind_is_shown_the_newest_screen_and_not_all_before_it(program: Program) -> None:
    turns = 30
    with Stubborn(program.command(), env={**home(program.folder), **UTF8}) as terminal:
        terminal.wait_for("HighErrorRate", PATIENCE)
        one = len(terminal.raw)
        terminal.send("?")
        terminal.wait_for("Moving and sorting in tables", PATIENCE)
        terminal.read_on(0.5)  # the rest of the page
        page = len(terminal.raw) - one
        terminal.stuck = True
        terminal.send("q?" * turns)
        terminal.send("q:pods\rz\x13")
        before = len(terminal.raw)
        saved = program.folder / "state" / "aurora-tui" / "saved"
        until(terminal, lambda: any(saved.glob("*.svg")))  # the keys are acted on all the same
        terminal.stuck = False
        # Until all of the picture is read, what it is drawn over still shows.
        terminal.wait_for(lambda text: "▸Pods" in text.splitlines()[1] and "Moving and sorting" not in text, PATIENCE)
        sent = len(terminal.raw) - before

        assert sent < turns * page / 3
        terminal.send("z")
        terminal.wait_for(lambda text: "▸Pods" in text and "HighErrorRate" in text and "SLOs" in text, PATIENCE)


def test_in_the_c_locale_the_screen_is_made_of_ascii_and_stays_aligned(program: Program) -> None:
    with opened(program, LC_ALL="C") as terminal:
        terminal.wait_for(lambda text: ">Alerts" in text and "* kube" in text, PATIENCE)
        terminal.read_on()
        lines = terminal.text().splitlines()

        assert terminal.raw.isascii()
        assert ">Alerts" in lines[1]
        assert "* kube" in lines[0]
        edge = lines[1].index("|")
        assert {line[edge] for line in lines[1:-1] if len(line) > edge} == {"|"}


def test_the_settings_ask_for_ascii_where_the_locale_does_not(program: Program) -> None:
    with opened(program, "--config", _with(program, "ascii: on")) as terminal:
        assert terminal.raw.isascii()


@pytest.mark.parametrize("term", ["xterm-16color", "linux"])
def test_a_terminal_of_16_colours_gets_no_others_and_all_is_readable(program: Program, term: str) -> None:
    with opened(program, TERM=term, COLORTERM="") as terminal:
        terminal.read_on()
        terminal.text()

        assert not TRUE_COLOUR.search(terminal.raw)
        assert not INDEXED.search(terminal.raw)
        cells = [cell for row in terminal.screen.buffer.values() for cell in row.values() if cell.data.strip()]
        assert {cell.fg for cell in cells if cell.bg == cell.fg and not cell.reverse} <= {"default"}
        assert len({cell.fg for cell in cells}) > 3


@pytest.mark.parametrize(
    ("background", "env", "ground"),
    [
        ("rgb:ffff/ffff/ffff", {}, "f7f8f8"),
        ("", {"COLORFGBG": "0;15"}, "f7f8f8"),
        ("rgb:1e1e/1e1e/1e1e", {}, "10151a"),
        ("", {}, "10151a"),
    ],
)
def test_on_a_light_background_the_light_theme_is_chosen(
    program: Program, background: str, env: dict[str, str], ground: str
) -> None:
    with opened(program, background=background, **env) as terminal:

        def empty(_: str) -> bool:
            return bool(terminal.screen.buffer[10][50].bg == ground)

        terminal.wait_for(empty, PATIENCE)
        terminal.send("?")  # the answer was not taken for keys
        terminal.wait_for("Moving and sorting in tables", PATIENCE)


def test_over_ssh_colours_cost_fewer_bytes(program: Program) -> None:
    with opened(program, SSH_CONNECTION="10.0.0.1 50000 10.0.0.2 22") as terminal:
        assert not TRUE_COLOUR.search(terminal.raw)
        assert INDEXED.search(terminal.raw)


def test_the_settings_switch_thrift_off_over_ssh(program: Program) -> None:
    given = _with(program, "thrift: off")
    with opened(program, "--config", given, SSH_CONNECTION="10.0.0.1 50000 10.0.0.2 22") as terminal:
        assert TRUE_COLOUR.search(terminal.raw)


def test_pictures_are_held_together_where_the_terminal_can(program: Program) -> None:
    with opened(program) as terminal:
        terminal.send("?")
        terminal.wait_for("Moving and sorting in tables", PATIENCE)
        assert SYNC in terminal.raw


def test_a_terminal_that_cannot_is_not_told_to(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tests.terminal, "_UNKNOWN_MODES", (b"2048", b"2026"))
    with opened(program) as terminal:
        terminal.send("?")
        terminal.wait_for("Moving and sorting in tables", PATIENCE)
        assert SYNC not in terminal.raw


def test_what_somebody_else_wrote_over_the_screen_is_gone_after_ctrl_r(program: Program) -> None:
    with opened(program) as terminal:
        terminal.read_on()  # nobody writes into the middle of an escape sequence
        terminal.raw += b"\x1b[2J\x1b[5;5Hthe system is going down"
        assert "the system is going down" in terminal.text()
        terminal.send("\x12")
        terminal.wait_for(lambda seen: "HighErrorRate" in seen and "going down" not in seen, PATIENCE)


def _with(program: Program, line: str) -> str:
    """The stack's settings with one more."""
    folder = program.folder / "more"
    folder.mkdir()
    given = Path(program.stack.config)
    for file in given.glob("*.yaml") if given.is_dir() else [given]:
        (folder / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "zz.yaml").write_text(f"{line}\n", encoding="utf-8")
    return os.fspath(folder)
