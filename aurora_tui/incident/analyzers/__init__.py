"""What may be wrong, one rule a module: each has `analyze(situation)`, which yields what it found with its evidence.

A rule is found by being here: a new one is its module and its test.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache

from aurora_tui.incident.situation import Situation
from aurora_tui.model.findings import Cause, Finding, surest_first
from aurora_tui.model.frozen import replace
from aurora_tui.model.selection import ObjectRef

Analyzer = Callable[[Situation], Iterator[Finding]]

_LEANED_ON = 0.95
_BESIDE = 0.5
"""What the weight of a finding is worth where it is about what the service leans on, or only lives beside it."""

_ABOUT_US = frozenset({Cause.NEIGHBOUR, Cause.CANARY, Cause.STABLE, Cause.CERTIFICATE, Cause.NODE})
"""What is only found where it touches the pods in hand, whatever it is about."""


@cache
def analyzers() -> tuple[Analyzer, ...]:
    """The rules, by the names of their modules."""
    names = sorted(each.name for each in pkgutil.iter_modules(__path__) if not each.name.startswith("_"))
    return tuple(importlib.import_module(f"{__name__}.{name}").analyze for name in names)


def diagnose(situation: Situation) -> tuple[Finding, ...]:
    """What all rules find, the surest first; none is a valid answer."""
    return surest_first(
        found if found.cause in _ABOUT_US else replace(found, weight=found.weight * _nearness(situation, found.ref))
        for analyze in analyzers()
        for found in analyze(situation)
    )


def _nearness(situation: Situation, ref: ObjectRef) -> float:
    own = situation.own
    if own is None or (ref.kind, ref.name) == (own.kind, own.name):
        return 1.0
    owner = situation.owner(ref)
    if owner is None:
        return _BESIDE
    return 1.0 if owner == own else _LEANED_ON
