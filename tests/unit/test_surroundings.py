"""What the environment says about the terminal."""

from __future__ import annotations

import pytest

from aurora_tui.surroundings import few_colours, is_light, knows_unicode, light_answer, over_ssh
from aurora_tui.themes import chosen


@pytest.mark.parametrize(
    ("environ", "coerced", "unicode"),
    [
        ({"LANG": "en_US.UTF-8"}, False, True),
        ({"LANG": "de_DE.utf8"}, False, True),
        ({"LANG": "C"}, False, False),
        ({"LANG": "en_US.ISO-8859-1"}, False, False),
        ({"LANG": "C.UTF-8", "LC_ALL": "POSIX"}, False, False),
        ({"LANG": "C", "LC_CTYPE": "en_US.UTF-8"}, False, True),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True, False),
        ({}, False, True),
        ({"LC_CTYPE": "C.UTF-8"}, True, True),
    ],
)
def test_the_locale_says_whether_there_is_more_than_ascii(
    environ: dict[str, str], coerced: bool, unicode: bool
) -> None:
    assert knows_unicode(environ, coerced=coerced) is unicode


@pytest.mark.parametrize(
    ("environ", "few"),
    [
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm-16color"}, True),
        ({"TERM": "linux"}, True),
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, False),
        ({"TERM": "screen-256color"}, False),
        ({"TERM": "xterm-kitty"}, False),
        ({}, True),
    ],
)
def test_the_terminals_name_says_whether_there_are_more_than_sixteen_colours(
    environ: dict[str, str], few: bool
) -> None:
    assert few_colours(environ) is few


@pytest.mark.parametrize(
    ("value", "light"), [("15;0", False), ("0;15", True), ("0;default;7", True), ("15;8", False), ("0;default", None)]
)
def test_colorfgbg_says_whether_the_background_is_light(value: str, light: bool | None) -> None:
    assert is_light({"COLORFGBG": value}) is light


@pytest.mark.parametrize(
    ("answer", "light"),
    [
        ("\x1b]11;rgb:ffff/ffff/dddd\x1b\\", True),
        ("\x1b]11;rgb:1e1e/1e1e/2e2e\x07", False),
        ("\x1b]11;rgb:ff/ff/ff\x07", True),
        ("\x1b]11;?\x07", None),
    ],
)
def test_the_terminals_answer_says_whether_the_background_is_light(answer: str, light: bool | None) -> None:
    assert light_answer(answer) is light


def test_ssh_is_told_by_its_variable() -> None:
    assert over_ssh({"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"})
    assert not over_ssh({})


@pytest.mark.parametrize(
    ("name", "few", "light", "theme"),
    [
        ("auto", False, False, "aurora"),
        ("auto", False, True, "aurora-light"),
        ("auto", True, True, "textual-ansi"),
        ("nord", True, True, "nord"),
    ],
)
def test_the_theme_is_the_one_that_was_set_or_that_the_terminal_needs(
    name: str, few: bool, light: bool, theme: str
) -> None:
    assert chosen(name, few=few, light=light) == theme
