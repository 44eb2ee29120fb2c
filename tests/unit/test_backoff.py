"""How long a failing server is left alone."""

from __future__ import annotations

from itertools import islice

from aurora_tui.backoff import Backoff


def test_delays_double_up_to_the_limit() -> None:
    backoff = Backoff(first=1.0, limit=30.0, chance=lambda: 1.0)

    assert [backoff.next() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_chance_takes_away_up_to_half() -> None:
    longest, shortest = Backoff(chance=lambda: 1.0), Backoff(chance=lambda: 0.0)

    assert [shortest.next() for _ in range(8)] == [longest.next() / 2 for _ in range(8)]


def test_a_success_starts_over() -> None:
    backoff = Backoff(first=1.0, chance=lambda: 1.0)
    list(islice(iter(backoff.next, None), 5))

    backoff.reset()

    assert backoff.next() == 1.0


def test_a_server_that_never_comes_back_does_not_overflow_the_arithmetic() -> None:
    backoff = Backoff()

    assert all(backoff.next() <= 30.0 for _ in range(5000))
