"""How long to wait before asking a failing server again."""

from __future__ import annotations

import random
from collections.abc import Callable


class Backoff:
    """Exponential delays with full jitter, so that many clients do not return at the same moment.

    `next()` gives seconds: at most `first`, doubled at each failure up to `limit`, at least half of it.
    """

    def __init__(self, first: float = 0.8, limit: float = 30.0, *, chance: Callable[[], float] = random.random) -> None:
        self._first = first
        self._limit = limit
        self._chance = chance
        self._failures = 0

    def next(self) -> float:
        ceiling = min(self._limit, self._first * 2.0**self._failures)
        self._failures = min(self._failures + 1, 16)
        return ceiling * (0.5 + 0.5 * self._chance())

    def reset(self) -> None:
        self._failures = 0
