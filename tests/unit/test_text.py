"""Text from outside can't hide, move the cursor or take more room than it is given."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.model.text import cell_width, clip, printable

OBEYED = ("Cc", "Cf", "Cs", "Zl", "Zp")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x7f", "␛[31mred␡"),
        ("a\nb\r\x00", "a␊b␍␀"),
        ("\x9b2J", "\\x9b2J"),
        ("user\u202etxt.exe", "user\\u202etxt.exe"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("half\ud83d", "half\\ud83d"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("a\tb", "a       b"),
        ("[bold]markup[/]", "[bold]markup[/]"),
        ("añadido e\u0301 日本", "añadido e\u0301 日本"),
        ("⚠\ufe0f", "⚠"),
        ("👍🏻 🏻", "👍 \\U0001f3fb"),
        ("e" + "\u0301" * 6, "e" + "\u0301" * 4 + "\\u0301" * 2),
    ],
)
def test_what_a_terminal_hides_or_obeys_is_shown(raw: str, shown: str) -> None:
    assert printable(raw) == shown


def test_no_control_or_format_character_of_unicode_passes() -> None:
    passing = [
        f"U+{code:04X}"
        for code in range(0x110000)
        if unicodedata.category(chr(code)) in OBEYED and chr(code) in printable(f"x{chr(code)}")
    ]
    assert passing == []


@given(st.text(), st.integers(0, 12))
def test_clipped_text_fits_and_says_that_something_is_missing(raw: str, cells: int) -> None:
    text = printable(raw)

    clipped = clip(text, cells)

    assert cell_width(clipped) <= cells
    if clipped != text and cells:
        assert clipped.endswith("…")
        assert text.startswith(clipped.removesuffix("…"))


@given(st.text())
def test_text_is_left_alone_where_it_fits(raw: str) -> None:
    text = "".join(character for character in printable(raw) if cell_width(character))
    assert clip(text, cell_width(text)) == text


def test_a_wide_character_is_not_cut_in_half() -> None:
    assert clip("日本語", 4) == "日…"
    assert clip("日本語", 6) == "日本語"


def test_a_megabyte_of_accents_does_not_slip_through_a_narrow_cell() -> None:
    assert len(clip("e" + "\u0301" * 1_000_000, 10)) < 100
