"""The slow line of the harness: never more bytes than its rate, no credit for silence, and a real delay."""

from __future__ import annotations

import sys
import time

from hypothesis import given
from hypothesis import strategies as st

from tests.bench.console import Console
from tests.bench.line import Line, Throttle


def test_a_line_without_a_rate_takes_all() -> None:
    assert Throttle(Line(), 0.0).allowance(0.0) == 65536


def test_allowance_grows_with_time_and_silence_is_not_saved_up() -> None:
    throttle = Throttle(Line(rate=20_000), 10.0)
    assert throttle.allowance(10.0) == 0
    assert throttle.allowance(10.03125) == 625
    assert throttle.allowance(99.0) == 1000


def test_what_is_taken_is_waited_for() -> None:
    throttle = Throttle(Line(rate=20_000), 0.0)
    throttle.take(throttle.allowance(0.05))
    assert throttle.wait() > 0
    assert throttle.allowance(0.05 + throttle.wait()) >= 99


@given(st.lists(st.tuples(st.floats(0.0001, 0.3), st.floats(0, 1)), min_size=1, max_size=200))
def test_no_more_than_the_rate_is_ever_taken(steps: list[tuple[float, float]]) -> None:
    rate, now, taken = 20_000.0, 0.0, 0
    throttle = Throttle(Line(rate=rate), now)
    for step, share in steps:
        now += step
        count = int(throttle.allowance(now) * share)
        throttle.take(count)
        taken += count
        assert taken <= rate * now + 1


def test_the_line_holds_the_program_back_and_comes_late() -> None:
    program = "import sys; sys.stdout.write('x' * 6000 + 'end'); sys.stdout.flush(); sys.stdin.read()"
    line = Line(rate=20_000, delay=0.2)
    with Console([sys.executable, "-S", "-c", program], line=line) as console:
        console.wait_for("end")
        arrived = time.monotonic() - console.started
    assert arrived >= 0.2 + 6003 / 20_000 - 0.05


def test_queries_are_answered_once_they_are_whole() -> None:
    program = """
import os, tty
tty.setraw(0)
os.write(1, b"\\033[2;3H\\033[?2026")
os.read(0, 1)
os.write(1, b"$p\\033[?2048$p\\033[6n\\033[c")
answer = b""
while not answer.endswith(b"c"):
    answer += os.read(0, 99)
os.write(1, b"\\033[5;1H" + repr(answer).encode())
os.read(0, 1)
"""
    with Console([sys.executable, "-S", "-c", program], columns=160) as console:
        while b"2026" not in console.raw:
            console.read()
        console.send("x")
        text = console.wait_for("64;1")
    assert r"\x1b[?2026;2$y\x1b[?2048;0$y\x1b[2;3R\x1b[?64;1;2;6;22c" in text


def test_what_is_awaited_is_dated_by_its_arrival_also_where_the_cursor_is_asked_for() -> None:
    program = """
import os, tty
tty.setraw(0)
os.write(1, b"ready\\r")
os.read(0, 1)
os.write(1, b"painted\\033[6n")
os.read(0, 9)
os.write(1, b" and more")
os.read(0, 1)
"""
    with Console([sys.executable, "-S", "-c", program], columns=40) as console:
        console.wait_for("ready")
        answer = console.press("x", lambda: "painted" in console.line_at(0))
        assert "painted and more" in console.wait_for("more")
    assert answer.painted is not None
    assert answer.painted == answer.first
