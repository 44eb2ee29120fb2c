"""The terminal that is slow or goes away: nobody waits for it, and no more pictures are sent than it takes."""

from __future__ import annotations

import os
import threading

import pytest

from aurora_tui.outlet import Outlet, Pace
from aurora_tui.terminal import ConsoleDriver

PATIENCE = 20.0
MUCH = "words " * 100_000


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_is_written_after_the_terminal_went_away_goes_nowhere() -> None:
    outside, inside = os.openpty()
    outlet = Outlet(inside, lambda: None)
    os.close(outside)
    outlet.write(MUCH)
    assert outlet.drain(PATIENCE)
    outlet.write(MUCH)
    assert outlet.drain(PATIENCE)
    os.close(inside)


def test_a_terminal_that_takes_nothing_keeps_nobody_waiting_until_it_does() -> None:
    outside, inside = os.openpty()
    drained = threading.Event()
    outlet = Outlet(inside, drained.set)
    outlet.write(MUCH)
    outlet.write("the end")
    assert not outlet.is_idle
    assert not outlet.drain(0.01)

    taken = b""
    while not taken.endswith(b"the end"):
        taken += os.read(outside, 65536)

    assert taken == f"{MUCH}the end".encode()
    assert outlet.drain(PATIENCE)
    assert drained.wait(PATIENCE)
    os.close(inside)
    os.close(outside)


def test_a_terminal_that_others_made_non_blocking_gets_everything() -> None:
    outside, inside = os.openpty()
    os.set_blocking(inside, False)
    outlet = Outlet(inside, lambda: None)
    outlet.write(MUCH)
    taken = 0
    while taken < len(MUCH):
        taken += len(os.read(outside, 65536))
    assert outlet.drain(PATIENCE)
    os.close(inside)
    os.close(outside)


def answering(clock: Clock, seconds: float) -> Pace:
    """A line whose terminal answered once, after so many seconds."""
    pace = Pace(clock)
    assert pace.sent(100) == Pace.ASK
    clock.now += seconds
    pace.answered(clock.now)
    return pace


def test_pictures_follow_each_other_while_answers_come_in_the_lines_own_time() -> None:
    clock = Clock()
    pace = answering(clock, 0.4)
    assert pace.round_trip == pytest.approx(0.4)
    for _ in range(20):
        assert pace.may_send, "the line is long, not full"
        assert pace.sent(100) == Pace.ASK
        clock.now += 0.01


def test_a_line_that_was_found_slow_is_given_no_more_than_keeps_it_full() -> None:
    clock = Clock()
    pace = answering(clock, 0.2)
    pace.sent(20_000)
    clock.now += 1.0  # 20 kB a second
    pace.answered(clock.now)
    assert pace.may_send
    pace.sent(3000)
    assert pace.may_send, "there is room for what the line takes within its own time"
    pace.sent(3000)
    assert not pace.may_send
    clock.now += 0.35
    pace.answered(clock.now)
    assert pace.may_send, "half of it was read"
    assert pace.round_trip is not None
    assert pace.round_trip < 0.21, "the line itself did not become longer"


def test_a_line_that_became_quick_again_is_given_more_by_and_by() -> None:
    clock = Clock()
    pace = answering(clock, 0.1)
    pace.sent(2000)
    clock.now += 2.0
    pace.answered(clock.now)
    pace.sent(3000)
    assert not pace.may_send
    for _ in range(6):
        clock.now += 0.1
        pace.answered(clock.now)
        pace.sent(3000)
    assert pace.may_send


def test_much_under_way_waits_though_no_answer_is_late() -> None:
    pace = answering(Clock(), 2.0)
    pace.sent(20_000)
    assert pace.may_send
    pace.sent(20_000)
    assert not pace.may_send


def test_a_terminal_that_never_answers_is_not_waited_for() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.sent(100)
    clock.now += 3
    assert pace.may_send


def test_a_terminal_that_stops_answering_is_not_waited_for_for_ever() -> None:
    clock = Clock()
    pace = answering(clock, 0.1)
    pace.sent(40_000)
    clock.now += 1
    assert not pace.may_send
    for _ in range(3):
        clock.now += pace.wait
        assert pace.may_send
        pace.sent(40_000)
    clock.now += 1
    assert pace.may_send, "it does not answer any more"


@pytest.mark.parametrize(("picture", "parted"), [("│" * 200, True), ("│" * 170, False), ("x" * 511, False)])
def test_a_picture_is_counted_in_the_bytes_that_the_line_carries(
    monkeypatch: pytest.MonkeyPatch, picture: str, parted: bool
) -> None:
    driver = ConsoleDriver.__new__(ConsoleDriver)  # without a terminal
    driver._suspended, driver._asks, driver._owed, driver._heard = False, True, 0, threading.Condition()
    driver.pace = pace = Pace(Clock())
    written: list[str] = []
    monkeypatch.setattr(driver, "write", written.append)

    driver.paint(picture, whole=True)

    (text,) = written
    assert text.startswith("\x1b[?2026h") is parted
    assert pace._written == len(text.removesuffix(Pace.ASK).encode())
