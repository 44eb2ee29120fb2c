"""Ages read as kubectl writes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.model.ages import age, human_duration, stamp

MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400

# Up to which length (exclusive), in which unit, with which smaller unit beside it.
BANDS: tuple[tuple[float, int, str, int, str], ...] = (
    (2 * MINUTE, 1, "s", 0, ""),
    (10 * MINUTE, MINUTE, "m", 1, "s"),
    (3 * HOUR, MINUTE, "m", 0, ""),
    (8 * HOUR, HOUR, "h", MINUTE, "m"),
    (48 * HOUR, HOUR, "h", 0, ""),
    (8 * DAY, DAY, "d", HOUR, "h"),
    (2 * YEAR, DAY, "d", 0, ""),
    (8 * YEAR, YEAR, "y", DAY, "d"),
    (float("inf"), YEAR, "y", 0, ""),
)


def by_the_bands(seconds: int) -> str:
    _, unit, name, rest_unit, rest_name = next(band for band in BANDS if seconds < band[0])
    large = seconds // unit
    small = (seconds - large * unit) // rest_unit if rest_unit else 0
    return f"{large}{name}" + (f"{small}{rest_name}" if small else "")


@given(st.integers(0, 9 * YEAR) | st.sampled_from([int(b[0]) + d for b in BANDS[:-1] for d in (-1, 0, 1)]))
def test_a_duration_shows_the_figures_of_its_band(seconds: int) -> None:
    assert human_duration(seconds) == by_the_bands(seconds)
    assert human_duration(seconds + 0.999) == by_the_bands(seconds)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1.999, "0s"), (-0.4, "0s"), (-2.0, "<invalid>"), (-1e300, "<invalid>"), (1e300, "292y")],
)
def test_clocks_may_differ_by_less_than_two_seconds(seconds: float, text: str) -> None:
    assert human_duration(seconds) == text


def test_no_time_is_an_unknown_age() -> None:
    gos_zero_time = datetime(1, 1, 1, tzinfo=UTC)
    assert age(None, 0.0) == age(gos_zero_time, 0.0) == "<unknown>"
    assert stamp(gos_zero_time) is None


def test_an_age_counts_from_a_decoded_time_or_from_seconds() -> None:
    then = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
    assert age(then, then.timestamp() + 125) == age(1000.0, 1125.0) == "2m5s"
