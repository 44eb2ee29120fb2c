"""What the terminal is sent: the cells that differ, each style said once, and the screen that results is right."""

from __future__ import annotations

from typing import Any

import pyte
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from widgets.asciisigns import in_ascii
from widgets.canvas import Canvas

WIDTH, HEIGHT = 30, 3
PLAIN = Style.parse("white on black")
STYLES = [
    Style.null(),
    PLAIN,
    *map(Style.parse, ("bold red on black", "dim", "underline red", "reverse", "bold white on #304050", "italic")),
]
TEXTS = st.text(st.sampled_from("ab 1é漢字│"), max_size=12)


def strip(*parts: tuple[str, Style]) -> Strip:
    segments = [Segment(text, style) for text, style in parts]
    return Strip(segments).adjust_cell_length(WIDTH, PLAIN)


STRIPS = st.lists(st.tuples(TEXTS, st.sampled_from(STYLES)), max_size=6).map(lambda parts: strip(*parts))
PICTURES = st.lists(STRIPS, min_size=HEIGHT, max_size=HEIGHT)


def whole(lines: list[Strip]) -> LayoutUpdate:
    """All of the screen."""
    return LayoutUpdate([[line] for line in lines], Region(0, 0, WIDTH, HEIGHT))


def part(lines: list[Strip], y: int, left: int, right: int) -> ChopsUpdate:
    """Some cells of one line of it."""
    return ChopsUpdate([{0: line} for line in lines], [(y, left, right)], [[WIDTH] for _ in lines])


class Shown:
    """A terminal with a canvas before it."""

    def __init__(self) -> None:
        self.canvas = Canvas()
        self.canvas.system = ColorSystem.EIGHT_BIT
        self.screen = pyte.Screen(WIDTH, HEIGHT)
        self._stream = pyte.Stream(self.screen)

    def show(self, *updates: Any) -> str:
        for update in updates:
            self.canvas.take(update, (WIDTH, HEIGHT))
        sent = self.canvas.draw()
        self._stream.feed(sent)
        return sent

    def cells(self) -> list[list[Any]]:
        return [[self.screen.buffer[y][x] for x in range(WIDTH)] for y in range(HEIGHT)]


def painted(lines: list[Strip]) -> list[list[Any]]:
    """The terminal where nothing else was painted before."""
    shown = Shown()
    shown.show(whole(lines))
    return shown.cells()


@given(st.lists(PICTURES, min_size=2, max_size=4))
def test_the_screen_after_changes_is_as_if_the_last_had_been_painted_alone(pictures: list[list[Strip]]) -> None:
    shown = Shown()
    for picture in pictures:
        shown.show(whole(picture))
    assert shown.cells() == painted(pictures[-1])


@given(PICTURES, st.lists(PICTURES, min_size=1, max_size=4))
def test_pictures_that_the_terminal_had_no_time_for_are_left_out(first: list[Strip], others: list[list[Strip]]) -> None:
    shown = Shown()
    shown.show(whole(first))
    shown.show(*map(whole, others))
    assert shown.cells() == painted(others[-1])


@given(PICTURES, PICTURES, st.integers(0, HEIGHT - 1), st.integers(0, WIDTH), st.integers(0, WIDTH))
def test_a_part_is_painted_and_nothing_beside_it(
    first: list[Strip], then: list[Strip], y: int, one: int, other: int
) -> None:
    left, right = sorted((one, other))
    assume(left < right)
    shown = Shown()
    shown.show(whole(first))
    shown.show(part(then, y, left, right))
    line = Strip.join([first[y].crop(0, left), then[y].crop(left, right), first[y].crop(right, WIDTH)])
    assert shown.cells() == painted([line if row == y else first[row] for row in range(HEIGHT)])


@given(PICTURES)
def test_what_is_shown_already_is_not_sent(lines: list[Strip]) -> None:
    shown = Shown()
    shown.show(whole(lines))
    assert shown.show(whole([Strip(list(line)) for line in lines])) == ""


def test_what_was_lost_is_painted_again() -> None:
    lines = [strip(("one", PLAIN)), strip(("two", PLAIN)), strip(("three", PLAIN))]
    shown = Shown()
    shown.show(whole(lines))
    shown.screen.reset()
    shown.canvas.forget()
    shown.show()
    assert shown.cells() == painted(lines)


def test_a_picture_of_a_size_that_the_terminal_had_is_not_drawn_unless_it_has_it_again() -> None:
    lines = [strip(("one", PLAIN)), strip(("two", PLAIN)), strip(("three", PLAIN))]
    shown = Shown()
    shown.show(whole(lines))
    shown.screen.reset()

    shown.canvas.forget((WIDTH * 2, HEIGHT))
    shown.canvas.take(part(lines, 0, 0, 3), (WIDTH, HEIGHT))
    assert not shown.canvas.is_behind
    shown.canvas.forget((WIDTH, HEIGHT))
    assert shown.canvas.is_behind
    shown.show()
    assert shown.cells() == painted(lines)

    shown.canvas.forget((WIDTH, HEIGHT + 1))
    shown.canvas.take(whole(lines), (WIDTH, HEIGHT + 1))
    assert shown.canvas.is_behind


def test_one_digit_costs_one_digit() -> None:
    rest = [strip(), strip()]
    shown = Shown()
    shown.show(whole([strip(("backend  8m14s   ", PLAIN)), *rest]))
    sent = shown.show(whole([strip(("backend  8m15s   ", PLAIN)), *rest]))
    assert sent.count("\x1b") == 3, "where, in which style, and the end of it"
    assert len(sent) < 24


def test_a_digit_in_each_line_moves_by_the_shortest_way() -> None:
    shown = Shown()
    shown.show(whole([strip(("8m14s   ", PLAIN))] * HEIGHT))
    sent = shown.show(whole([strip(("8m15s   ", PLAIN))] * HEIGHT))
    assert sent.count("m") == 2, "the style is said once, and ended once"


@pytest.mark.parametrize(
    ("before", "after", "sent"),
    [
        ("bold red on black", "red on black", "\x1b[22m"),
        ("red on black", "bold red on black", "\x1b[1m"),
        ("red on black", "green on black", "\x1b[32m"),
        ("bold red on black", "dim red on black", "\x1b[22;2m"),
        ("red on black", "red", "\x1b[49m"),
        ("red on black", "", "\x1b[m"),
    ],
)
def test_of_a_style_only_what_differs_is_said(before: str, after: str, sent: str) -> None:
    line = strip(("a", Style.parse(before)), ("b", Style.parse(after)))
    assert f"a{sent}b" in Shown().show(whole([line, strip(), strip()]))


def test_a_link_keeps_its_address_and_ends() -> None:
    linked = strip(("runbook", PLAIN + Style(link="https://example.org/r")), (" x", PLAIN))
    sent = Shown().show(whole([linked, strip(), strip()]))
    assert "\x1b]8;;https://example.org/r\x1b\\" in sent.partition("runbook")[0]
    assert "runbook\x1b]8;;\x1b\\ x" in sent


@given(PICTURES)
def test_in_ascii_each_character_keeps_its_cells(lines: list[Strip]) -> None:
    canvas = Canvas(in_ascii)
    canvas.take(whole(lines), (WIDTH, HEIGHT))
    sent = canvas.draw()
    screen = pyte.Screen(WIDTH, HEIGHT)
    pyte.Stream(screen).feed(sent)
    assert sent.isascii()
    for y, line in enumerate(lines):
        assert screen.display[y] == "".join(
            character if character.isascii() else in_ascii(character) for character in line.text
        )


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("▸Pods │ …", ">Pods | ~"),
        ("▁▂▃▄▅▆▇█", "_.-:=+*#"),
        ("Zürich", "Zurich"),
        ("漢字", "????"),
        ("● 3.7 ms ·", "* 3.7 ms ."),
    ],
)
def test_signs_have_their_like_in_ascii(text: str, plain: str) -> None:
    assert in_ascii(text) == plain
