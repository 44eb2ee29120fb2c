"""What is sent to the terminal: the cells that differ, each style said once, and the screen that results is right."""

from __future__ import annotations

import io

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate
from textual.strip import Strip

from aurora_tui.model.text import cell_width
from widgets.exactpaint import differing_spans, exact

PLAIN, BAD = Style.parse("white on black"), Style.parse("bold red on black")
WIDTH = 40
STYLES = st.sampled_from([PLAIN, BAD])
TEXTS = st.text(st.sampled_from("ab 1é漢字│"), max_size=12)


def strip(*parts: tuple[str, Style]) -> Strip:
    """A line of `WIDTH` cells."""
    segments = [Segment(text, style) for text, style in parts]
    return Strip(segments).adjust_cell_length(WIDTH, PLAIN)


STRIPS = st.lists(st.tuples(TEXTS, STYLES), max_size=6).map(lambda parts: strip(*parts))


def written(old: Strip | None, new: Strip) -> str:
    """What the terminal is sent where a line changes, on a screen whose widget begins at its left edge."""
    spans = differing_spans(old, new)
    if not spans:
        return ""
    update = exact(ChopsUpdate([{0: new}], [(0, left, right) for left, right in spans], [[WIDTH]]))
    assert isinstance(update, ChopsUpdate)
    return update.render_segments(Console(file=io.StringIO(), force_terminal=True, color_system="256"))


def shown(*sent: str) -> list[tuple[str, str, bool]]:
    """The screen's first line after all that: each cell's text, colour and weight."""
    screen = pyte.Screen(WIDTH, 1)
    stream = pyte.Stream(screen)
    for text in sent:
        stream.feed(text)
    line = screen.buffer[0]
    return [(line[x].data, line[x].fg, line[x].bold) for x in range(WIDTH)]


@given(STRIPS, STRIPS)
def test_the_screen_after_a_change_is_as_if_all_had_been_painted(old: Strip, new: Strip) -> None:
    assert shown(written(None, old), written(old, new)) == shown(written(None, new))


@given(STRIPS)
def test_what_is_equal_is_not_sent(line: Strip) -> None:
    again = Strip([Segment(segment.text, segment.style) for segment in line])
    assert differing_spans(line, again) == []


def test_one_digit_costs_one_digit() -> None:
    old, new = strip(("aurora-backend  8m14s   ", PLAIN)), strip(("aurora-backend  8m15s   ", PLAIN))
    assert differing_spans(old, new) == [(19, 20)]
    assert written(old, new).count("\x1b") == 3, "where, in which style, and the end of it"
    assert len(written(old, new)) < 32


@pytest.mark.parametrize(("gap", "spans"), [(5, [(0, 7)]), (20, [(0, 1), (21, 22)])])
def test_what_is_far_apart_is_sent_apart(gap: int, spans: list[tuple[int, int]]) -> None:
    old, new = strip((f"1{'-' * gap}1", PLAIN)), strip((f"2{'-' * gap}2", PLAIN))
    assert differing_spans(old, new) == spans


def test_neighbours_of_one_style_say_it_once() -> None:
    texts = [("aaaa" + "-" * 20 + "b", PLAIN), ("cccc" + "-" * 20 + "d", PLAIN)]
    assert written(strip(texts[0]), strip(texts[1])).count("m") == 2


def test_a_wide_character_is_sent_whole() -> None:
    (span,) = differing_spans(strip(("漢", PLAIN)), strip(("字", PLAIN)))
    assert span == (0, cell_width("字"))


def test_a_link_keeps_its_address() -> None:
    linked = strip(("runbook", PLAIN + Style(link="https://example.org/r")), (" x", PLAIN))
    assert "https://example.org/r" in written(None, linked)
