"""The program as a shell runs it: arguments in, exit status and what was printed out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from aurora_tui import cli


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


Run = Callable[..., Answer]


def command_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *always: str
) -> Run:
    """Runs ``aurora-tui`` with arguments, and those that are given `always` behind them, in a home in `folder`."""
    for name, part in (("HOME", "home"), ("XDG_STATE_HOME", "state"), ("XDG_CONFIG_HOME", "config")):
        monkeypatch.setenv(name, str(folder / part))

    def run(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["aurora-tui", *arguments, *always])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        shown = capsys.readouterr()
        return Answer(int(caught.value.code or 0), shown.out, shown.err)

    return run
