"""The bench's own counting of where the cursor is, beside the emulator."""

from __future__ import annotations

import pyte
import pytest

from tests.bench.cursor import place_after

COLUMNS, LINES = 80, 24


def emulated(written: bytes) -> tuple[int, int]:
    screen = pyte.Screen(COLUMNS, LINES)
    pyte.ByteStream(screen).feed(written)
    return screen.cursor.x, screen.cursor.y


@pytest.mark.parametrize(
    "written",
    [
        b"\x1b[H",
        b"\x1b[5;7Habc\x1b[6n",
        b"\x1b[5Habc",
        b"\x1b[?2026h\x1b[3;4H\x1b[1;38;5;9mabc\x1b[0m\x1b[?2026l\x1b[6n",
        b"\x1b[3;4Hab\x1b[3C\x1b[Bc\x1b[2D\x1b[A",
        b"\x1b[3;40Hab\rc",
        "\x1b[3;4H漢字é █▕".encode(),
        b"\x1b[9;9Hold" + b"\x1b[2;2Hx" * 2000,
    ],
)
def test_the_cursor_is_where_the_emulator_has_it(written: bytes) -> None:
    assert place_after(written, COLUMNS, LINES) == emulated(written)


@pytest.mark.parametrize(
    "written", [b"abc", b"\x1b[3;78Habcde", b"\x1b[3;4H\x1b[2J", b"\x1b[3;4Ha\nb", b"\x1b[1;1H\x1b[A"]
)
def test_what_takes_more_than_counting_is_left_to_the_emulator(written: bytes) -> None:
    assert place_after(written, COLUMNS, LINES) is None
