"""The first frame: what it says, that it is left again where the screen cannot be made, and where it is not drawn."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from aurora_tui.firstframe import drawn, first_frame

Size = Callable[[int, int], None]


@pytest.fixture
def size(monkeypatch: pytest.MonkeyPatch) -> Size:
    """Standard output is a terminal of that size."""
    monkeypatch.setenv("TERM", "xterm-256color")

    def of(columns: int, lines: int) -> None:
        monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((columns, lines)))

    return of


def test_it_says_which_cluster_is_opened(size: Size, capfd: pytest.CaptureFixture[str]) -> None:
    size(160, 48)
    with first_frame("PRODUCTION", "prod", None):
        shown = capfd.readouterr().out
    assert shown.startswith("\x1b[?1049h")
    assert " PRODUCTION  prod  ns all" in shown
    assert capfd.readouterr().out == "", "it stays until the screen is painted over it"


def test_the_terminal_is_as_before_where_the_screen_cannot_be_made(
    size: Size, capfd: pytest.CaptureFixture[str]
) -> None:
    size(160, 48)
    with pytest.raises(KeyboardInterrupt), first_frame("PRODUCTION", "prod", "aurora"):
        capfd.readouterr()
        raise KeyboardInterrupt
    assert capfd.readouterr().out == "\x1b[?1049l\x1b[?25h"


def test_what_comes_from_the_kubeconfig_cannot_control_the_terminal(
    size: Size, capfd: pytest.CaptureFixture[str]
) -> None:
    size(160, 48)
    with first_frame("PRODUCTION", "pr\x1b]0;owned\x07od", "aurora"):
        assert "\x1b]0" not in capfd.readouterr().out


@pytest.mark.parametrize(("columns", "lines"), [(59, 48), (160, 14)])
def test_a_terminal_that_is_too_small_is_left_to_the_screen(columns: int, lines: int) -> None:
    assert drawn(columns, lines, "prod") == ""


def test_a_terminal_that_knows_no_places_is_left_alone(
    size: Size, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    size(160, 48)
    monkeypatch.setenv("TERM", "dumb")
    with first_frame("PRODUCTION", "prod", None):
        pass
    assert capfd.readouterr().out == ""


def test_without_a_terminal_nothing_is_drawn(capfd: pytest.CaptureFixture[str]) -> None:
    with first_frame("PRODUCTION", "prod", None):
        pass
    assert capfd.readouterr().out == ""
