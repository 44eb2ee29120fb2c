"""Which cells of a line differ from what was painted of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from aurora_tui.model.text import cell_width
from widgets.exactpaint import differing_spans

PLAIN, BAD = Style.parse("white on black"), Style.parse("bold red on black")
WIDTH = 40
TEXTS = st.text(st.sampled_from("ab 1é漢字│"), max_size=12)


def strip(*parts: tuple[str, Style]) -> Strip:
    """A line of `WIDTH` cells."""
    segments = [Segment(text, style) for text, style in parts]
    return Strip(segments).adjust_cell_length(WIDTH, PLAIN)


def cells(line: Strip) -> list[tuple[str, Style | None]]:
    return [(character, style) for text, style, _ in line for character in text]


STRIPS = st.lists(st.tuples(TEXTS, st.sampled_from([PLAIN, BAD])), max_size=6).map(lambda parts: strip(*parts))


@given(STRIPS)
def test_what_is_equal_is_not_sent(line: Strip) -> None:
    again = Strip([Segment(segment.text, segment.style) for segment in line])
    assert differing_spans(line, again) == []


@given(STRIPS, STRIPS)
def test_what_differs_is_within_the_spans(old: Strip, new: Strip) -> None:
    at = 0
    for left, right in [*differing_spans(old, new), (WIDTH, WIDTH)]:
        assert cells(old.crop(at, left)) == cells(new.crop(at, left))
        at = right


def test_one_digit_is_one_cell() -> None:
    old, new = strip(("aurora-backend  8m14s   ", PLAIN)), strip(("aurora-backend  8m15s   ", PLAIN))
    assert differing_spans(old, new) == [(19, 20)]


@pytest.mark.parametrize(("gap", "spans"), [(5, [(0, 7)]), (20, [(0, 1), (21, 22)])])
def test_what_is_far_apart_is_sent_apart(gap: int, spans: list[tuple[int, int]]) -> None:
    old, new = strip((f"1{'-' * gap}1", PLAIN)), strip((f"2{'-' * gap}2", PLAIN))
    assert differing_spans(old, new) == spans


def test_a_wide_character_is_sent_whole() -> None:
    (span,) = differing_spans(strip(("漢", PLAIN)), strip(("字", PLAIN)))
    assert span == (0, cell_width("字"))
