"""A shell in a pod, in the real program: the screen gives the terminal away and comes back whole."""

from __future__ import annotations

import os
import signal

import pytest

from tests.pilot.test_terminal import PATIENCE, burning, is_restored, modes, whole
from tests.program import Program, home
from tests.terminal import Terminal

POD = "aurora-postgres-2"
PROMPT = "/ $"
CONFIRMED = ("--confirm", "prod", "--reason", "OPS-1", "-n", "aurora")


def in_a_shell(terminal: Terminal) -> None:
    """From the first screen into a shell in the last pod."""
    terminal.send(":pods\r")
    terminal.wait_for(POD, PATIENCE)
    terminal.send("G")
    terminal.wait_for(lambda screen: "s Shell" in screen, PATIENCE)
    terminal.send("sprod\rOPS-1 what is in there")
    terminal.wait_for(f"opens a shell in container postgres of pod/{POD}", PATIENCE)
    terminal.send("\r")
    terminal.wait_for(lambda screen: f"shell in prod aurora/{POD} postgres" in screen and PROMPT in screen, PATIENCE)


def test_the_screen_gives_its_terminal_to_a_shell_and_comes_back_whole(program: Program) -> None:
    with burning(program) as terminal:
        before = terminal.attributes()
        in_a_shell(terminal)
        assert not modes(bytes(terminal.raw)) & {b"1049", b"1000", b"2004"}, "the screen's modes are off"

        terminal.send("hostname\rstty size\r")
        seen = terminal.wait_for("48 160", PATIENCE)
        assert f"\n{POD}\n" in seen
        assert "HighErrorRate" not in seen, "nothing is painted over the shell"
        terminal.resize(120, 36)
        terminal.ask_until("stty size\r", "36 120", PATIENCE)

        terminal.send("exit 3\r")
        seen = terminal.wait_for("done: exit code 3 after", PATIENCE)
        assert terminal.attributes() == before
        terminal.send("\x1b")
        terminal.wait_for(lambda screen: whole(screen) and "exit code" not in screen, PATIENCE)
        terminal.send("?")
        terminal.wait_for("Moving and sorting in tables", PATIENCE)

        terminal.send("\x03")
        assert terminal.wait_end(PATIENCE) == 0
        is_restored(terminal)
    (entry,) = program.journal()
    assert (entry["verb"], entry["target"]["name"], entry["outcome"]) == ("shell", POD, "done")
    assert entry["message"].startswith("exit code 3 after ")
    assert "stty" not in str(entry)


def test_over_a_long_line_no_answer_to_the_screen_is_typed_into_the_shell(program: Program) -> None:
    with burning(program, far=0.4) as terminal:
        in_a_shell(terminal)
        assert not terminal.owes
        terminal.send("stty size\r")
        seen = terminal.wait_for("48 160", PATIENCE)
        assert "1R" not in seen.partition("shell in prod")[2]

        terminal.send("exit\r")
        terminal.wait_for("done: exit code 0 after", PATIENCE)
        terminal.send("\x03")
        assert terminal.wait_end(PATIENCE) == 0
        assert not terminal.owes, "nor into what comes after the program"


def test_a_screen_of_the_same_size_is_painted_whole_again(program: Program) -> None:
    with burning(program) as terminal:
        terminal.wait_for(whole, PATIENCE)
        in_a_shell(terminal)

        terminal.send("exit\r")
        terminal.wait_for("done: exit code 0 after", PATIENCE)
        terminal.send("\x1b")

        terminal.wait_for(lambda screen: whole(screen) and "exit code" not in screen, PATIENCE)


def test_the_sources_go_on_meanwhile(program: Program) -> None:
    with burning(program) as terminal:
        in_a_shell(terminal)
        asked = program.run(*program.command("cordon", "prod-node-3", "--yes", "--no-wait", *CONFIRMED)[1:])
        assert asked.returncode == 0, asked.stderr

        terminal.send("exit\r")
        terminal.wait_for("done: exit code 0 after", PATIENCE)
        terminal.send("\x1b")
        terminal.wait_for(lambda screen: "exit code" not in screen, PATIENCE)
        terminal.send(":nodes\r")

        terminal.wait_for("Ready,SchedulingDisabled", PATIENCE)


@pytest.mark.parametrize("lost", ["the terminal", "the program is told to end", "the hang-up is kept back"])
def test_what_ends_the_program_ends_its_shell_too_and_is_recorded(program: Program, lost: str) -> None:
    leader = ["sh", "-c", 'trap : HUP; "$@"', "sh"] if lost == "the hang-up is kept back" else []
    with Terminal([*leader, *program.command()], env=home(program.folder)) as terminal:
        terminal.wait_for("HighErrorRate", PATIENCE)
        in_a_shell(terminal)

        if lost == "the program is told to end":
            os.kill(terminal.pid, signal.SIGTERM)
            assert terminal.wait_end(PATIENCE) == 128 + signal.SIGTERM
            assert terminal.attributes() == terminal.attributes_before
        else:
            terminal.hang_up()
            assert terminal.wait_end(PATIENCE) == 128 + signal.SIGHUP
    (entry,) = program.journal()
    assert (entry["verb"], entry["outcome"]) == ("shell", "uncertain")
    assert "what it began may still run" in entry["message"]


def test_read_only_dims_the_key_and_opens_nothing(program: Program) -> None:
    with program.open("--read-only") as terminal:
        terminal.wait_for("HighErrorRate", PATIENCE)
        terminal.send(":pods\rGs")
        terminal.wait_for("Shell is off: this session is read-only", PATIENCE)
        terminal.send("\x03")
        terminal.wait_end(PATIENCE)
    assert program.journal() == []


def test_the_command_opens_a_shell_in_the_terminal_and_ends_with_its_exit_status(program: Program) -> None:
    with Terminal(program.command("shell", POD, *CONFIRMED), env=home(program.folder)) as terminal:
        terminal.wait_for(lambda screen: f"aurora/{POD} postgres" in screen and PROMPT in screen, PATIENCE)
        assert terminal.attributes() != terminal.attributes_before
        terminal.send("stty size\r")
        terminal.wait_for("48 160", PATIENCE)
        terminal.send("exit 7\r")

        assert terminal.wait_end(PATIENCE) == 7
        assert "done: exit code 7 after" in terminal.text()
        assert terminal.attributes() == terminal.attributes_before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_command_with_the_terminal_restored_and_the_outcome_recorded(
    program: Program, number: signal.Signals
) -> None:
    with Terminal(program.command("shell", POD, *CONFIRMED), env=home(program.folder)) as terminal:
        terminal.wait_for(PROMPT, PATIENCE)
        os.kill(terminal.pid, number)

        assert terminal.wait_end(PATIENCE) == 128 + number
        assert terminal.attributes() == terminal.attributes_before
        assert "\nuncertain: " in terminal.text(), "on a line of its own, not behind the shell's prompt"
    (entry,) = program.journal()
    assert (entry["outcome"], "the program was ended" in entry["message"]) == ("uncertain", True)


def test_a_command_without_a_terminal_keeps_its_output_to_itself(program: Program) -> None:
    ran = program.run(*program.command("shell", f"pod/{POD}", *CONFIRMED)[1:], "--", "hostname")
    assert (ran.returncode, ran.stdout) == (0, f"{POD}\n")
    assert "done: exit code 0 after" in ran.stderr

    for words, code, told in (
        (("--", "sh", "-c", "exit 3"), 3, "done: exit code 3"),
        (("--", "nosuch"), 1, "executable file not found"),
        (("-c", "nosuch", "--", "true"), 1, "has no container nosuch: it has postgres"),
        ((), 1, "a shell needs a terminal"),
        (("--dry-run", "--", "true"), 0, ""),
        (("--read-only", "--", "true"), 1, "this session is read-only"),
    ):
        ran = program.run(*program.command("shell", POD, *CONFIRMED)[1:], *words)
        assert (ran.returncode, told in ran.stderr) == (code, True), (words, ran)
    assert [entry["verb"] for entry in program.journal()] == ["shell"] * 3


def test_what_is_asked_before_a_command_stands_beside_its_output(program: Program) -> None:
    shell = program.command("shell", POD, "-n", "aurora")[1:]

    ran = program.run(*shell, "--", "hostname", typed="prod\nOPS-1\n")

    assert (ran.returncode, ran.stdout) == (0, f"{POD}\n")
    assert "type the context's name (prod)" in ran.stderr
    assert "reason (kept in the journal)" in ran.stderr
    (entry,) = program.journal()
    assert (entry["reason"], entry["outcome"]) == ("OPS-1", "done")

    ran = program.run(*shell, "--dry-run", "--", "hostname")
    assert (ran.stdout, "dry run: nothing was changed" in ran.stderr) == ("", True)
