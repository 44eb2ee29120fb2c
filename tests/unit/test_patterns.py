"""Which regular expressions are tried while somebody waits."""

from __future__ import annotations

import pytest

from aurora_tui.model.patterns import PatternError, compiled


@pytest.mark.parametrize(
    "pattern",
    [
        r"(\S+ ?)+Error",
        r"(?:a*)*",
        r"((a+)b?)*",
        r"((a+)?)*",
        r"(a+){10,}",
        r"(\d+\.){30}",
        r"(?P<word>\w+)*",
        r"(a[)+]*)+",
        r"(\(a+\))+",
    ],
)
def test_a_repeat_within_a_repeat_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError, match="repeat within a repeat"):
        compiled(pattern)


@pytest.mark.parametrize(
    "pattern",
    [r"(\d+\.){3}\d+", "(foo|bar)+", "[(a+)+]", r"\(a+\)+", "(a+)?b", "a+b+", "(x*)", r"(.|\n)*", "(a{1,3})+"],
)
def test_what_comes_to_an_end_is_tried(pattern: str) -> None:
    assert compiled(pattern).pattern == pattern


@pytest.mark.parametrize("pattern", ["web[0", "(", "*", "a{99999999999999}"])
def test_what_is_no_pattern_is_refused_with_the_reason(pattern: str) -> None:
    with pytest.raises(PatternError, match=r"."):
        compiled(pattern)
