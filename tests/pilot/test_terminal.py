"""The real program in a terminal: how it fits itself in, how it leaves, and what it leaves behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.program import PROGRAM, Program, home
from tests.terminal import Terminal, stat_fields

PATIENCE = 60.0
"""Seconds; the machine may be busy."""
_MODES = re.compile(rb"\x1b\[\?(\d+)([hl])")
_AT_FIRST = {b"7", b"25"}
"""What a terminal has switched on by itself: lines wrap, the cursor is shown."""


def burning(
    program: Program, *options: str, columns: int = 160, lines: int = 48, far: float = 0.0, **env: str
) -> Terminal:
    """The console, open and showing what burns."""
    terminal = program.open(*options, columns=columns, lines=lines, env=env, far=far)
    terminal.wait_for("HighErrorRate", PATIENCE)
    return terminal


def modes(raw: bytes) -> set[bytes]:
    """The terminal's private modes that are on after all that was written."""
    on = set(_AT_FIRST)
    for number, switch in _MODES.findall(raw):
        (on.add if switch == b"h" else on.discard)(number)
    return on


def whole(screen: str) -> bool:
    """Whether every part of the screen is there, each where an operator looks for it."""
    lines = screen.splitlines()
    parts = ("SLOs", "Alerts", "HighErrorRate", "Pods", "Logs")
    return "PRODUCTION" in lines[0] and "firing" in lines[0] and "? Help" in lines[-1] and all(map(screen.count, parts))


def until(terminal: Terminal, holds: Callable[[], bool]) -> None:
    """Let the program go on until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, terminal.text()
        terminal.read()


def is_restored(terminal: Terminal) -> None:
    assert modes(bytes(terminal.raw)) == _AT_FIRST
    assert terminal.raw.rindex(b"\x1b[<u") > terminal.raw.rindex(b"\x1b[>"), "the keyboard still sends its own protocol"
    assert terminal.attributes() == terminal.attributes_before


def test_ctrl_c_leaves_with_success_and_restores_the_terminal(program: Program) -> None:
    with burning(program) as terminal:
        assert {b"1049", b"1000", b"2004"} < modes(bytes(terminal.raw))
        assert terminal.attributes() != terminal.attributes_before

        terminal.send("\x03")

        assert terminal.wait_end(PATIENCE) == 0
        is_restored(terminal)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_the_shells_status_and_restores_the_terminal(
    program: Program, number: signal.Signals
) -> None:
    with burning(program) as terminal:
        os.kill(terminal.pid, number)

        assert terminal.wait_end(PATIENCE) == 128 + number
        is_restored(terminal)


def test_a_stopped_program_gives_the_terminal_back_and_continues_where_it_was(program: Program) -> None:
    with burning(program) as terminal:
        os.kill(terminal.pid, signal.SIGTSTP)
        until(terminal, lambda: stat_fields(Path(f"/proc/{terminal.pid}/stat"))[0] == "T")
        terminal.read_on()
        is_restored(terminal)

        os.kill(terminal.pid, signal.SIGCONT)
        until(terminal, lambda: b"1049" in modes(bytes(terminal.raw)))
        terminal.send("?")
        terminal.wait_for("Moving and sorting in tables", PATIENCE)


def test_a_continue_without_a_stop_does_not_take_the_terminal_again(program: Program) -> None:
    with burning(program) as terminal:
        taken = terminal.raw.count(b"\x1b[?1049h")
        os.kill(terminal.pid, signal.SIGCONT)
        terminal.send("?")
        terminal.wait_for("Moving and sorting in tables", PATIENCE)

        assert terminal.raw.count(b"\x1b[?1049h") == taken


@pytest.mark.parametrize("lost", ["the terminal", "the program itself"])
def test_with_a_lost_connection_the_demo_ends_too_and_leaves_nothing_behind(tmp_path: Path, lost: str) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with Terminal([PROGRAM, "--demo"], env={**home(tmp_path), "TMPDIR": str(scratch)}) as terminal:
        terminal.wait_for(lambda screen: "● slos" in screen and "INFO" in screen, PATIENCE)
        children = terminal.children()
        assert children
        assert list(scratch.glob("aurora-sandbox-*"))

        if lost == "the terminal":
            terminal.hang_up()
        else:
            os.kill(terminal.pid, signal.SIGKILL)

        assert terminal.wait_end(PATIENCE) == 128 + (signal.SIGHUP if lost == "the terminal" else signal.SIGKILL)
        until(terminal, lambda: all(stat_fields(Path(f"/proc/{pid}/stat"))[0] == "Z" for pid in children))
        assert list(scratch.glob("aurora-sandbox-*")) == []


def test_with_a_lost_terminal_it_ends_also_under_a_program_that_keeps_the_hang_up_to_itself(program: Program) -> None:
    """As under ``make demo``: the kernel tells only the session's leader, and make waits for its child."""
    leader = ["sh", "-c", 'trap : HUP; "$@"', "sh", *program.command()]
    with Terminal(leader, env=home(program.folder)) as terminal:
        terminal.wait_for("HighErrorRate", PATIENCE)

        terminal.hang_up()

        assert terminal.wait_end(PATIENCE) == 128 + signal.SIGHUP


def test_a_terminal_that_is_too_small_is_told_so_until_it_is_enlarged(program: Program) -> None:
    with program.open(columns=59, lines=20) as terminal:
        terminal.wait_for("59x20 is too small: at least 60x15 is needed", PATIENCE)

        terminal.resize(120, 36)
        terminal.wait_for(whole, PATIENCE)

        terminal.resize(120, 14)
        seen = terminal.wait_for("120x14 is too small: at least 60x15 is needed", PATIENCE)
        assert "HighErrorRate" not in seen


def test_the_screen_follows_the_size_of_the_terminal_there_and_back(program: Program) -> None:
    with burning(program) as terminal:
        for columns, lines in ((80, 24), (160, 48), (60, 15), (100, 30)):
            terminal.resize(columns, lines)
            terminal.wait_for(whole, PATIENCE)


def test_a_smaller_terminal_is_not_sent_the_picture_of_the_larger_one(program: Program) -> None:
    with burning(program) as terminal:
        terminal.wait_for(whole, PATIENCE)
        terminal.send(":pods\rz")  # the log moves by itself: what it paints before it is told is no picture
        terminal.wait_for(lambda screen: "▸Pods" in screen.splitlines()[1], PATIENCE)
        terminal.read_on(0.5)
        before = len(terminal.raw)

        terminal.resize(80, 24)
        terminal.wait_for(lambda screen: "? Help" in screen.splitlines()[23] and len(terminal.raw) > before, PATIENCE)

        lines = {int(line) for line in re.findall(rb"\x1b\[(\d+)(?:;\d+)?H", terminal.raw[before:])}
        # What was painted just before it was told may still be there: a line or two that changed.
        assert len([line for line in lines if line > 24]) < 6


def test_a_terminal_of_the_same_size_that_shows_something_else_is_painted_anew(program: Program) -> None:
    with burning(program) as terminal:
        terminal.wait_for(whole, PATIENCE)
        until(terminal, lambda: not terminal.owes)
        terminal.screen.reset()

        os.kill(terminal.pid, signal.SIGWINCH)

        terminal.wait_for(whole, PATIENCE)


def test_no_color_leaves_only_shades_of_grey(program: Program) -> None:
    with burning(program, NO_COLOR="1", COLORTERM="truecolor") as terminal:
        # The last figure may have come only in part.
        painted = set(re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)(?=[;m])", terminal.raw))

    assert len(painted) > 1
    assert all(red == green == blue for red, green, blue in painted)


def test_a_size_that_the_environment_names_is_not_the_terminals(program: Program) -> None:
    with burning(program, COLUMNS="80", LINES="24") as terminal:
        terminal.wait_for(whole, PATIENCE)

        terminal.resize(120, 36)
        terminal.wait_for(whole, PATIENCE)


def test_sixteen_colours_are_enough(program: Program) -> None:
    with burning(program, "--theme", "textual-ansi", TERM="linux", COLORTERM="") as terminal:
        terminal.wait_for(whole, PATIENCE)

        assert not re.search(rb"\x1b\[[0-9;]*[34]8;[25];", terminal.raw)


def test_without_a_terminal_it_says_in_one_line_what_to_use_instead(program: Program) -> None:
    answer = subprocess.run(
        program.command(),
        check=False,
        env=home(program.folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )

    assert (answer.returncode, answer.stdout, answer.stderr.count("\n")) == (2, "", 1)
    assert "the console needs a terminal" in answer.stderr
    assert "`aurora-tui status`" in answer.stderr


def test_what_is_typed_before_the_screen_is_there_is_carried_out(program: Program) -> None:
    """The terminal still turns Enter into a line feed then."""
    with program.open(columns=80, lines=24) as terminal:
        terminal.send(":deploy\r")
        terminal.wait_for(lambda screen: "Deployments" in screen and "aurora-frontend" in screen, PATIENCE)
