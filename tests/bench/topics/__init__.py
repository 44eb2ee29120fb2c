"""The measurements, one module a topic: each has `TOPIC`, and whoever adds one adds a file here."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.bench.bench import Bench
from tests.bench.figures import Figure


@dataclass(frozen=True)
class Topic:
    """One group of figures. `measure` yields each once a run; `runs` is how often it is worth its time at most."""

    title: str
    order: int
    measure: Callable[[Bench], Iterator[Figure]]
    runs: int = 5
    asked: bool = True
    """Measured unless others are named; False: only when named."""


def topics() -> dict[str, Topic]:
    """All of them by name, in their order."""
    found = {each.name: importlib.import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__)}
    known: list[tuple[str, Topic]] = [(name, module.TOPIC) for name, module in found.items()]
    return dict(sorted(known, key=lambda pair: pair[1].order))


def names() -> Sequence[str]:
    return list(topics())
