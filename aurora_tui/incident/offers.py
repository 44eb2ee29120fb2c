"""Offers: what would stop the harm of one finding, and how well it fits, before all of them are ranked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from aurora_tui.incident.situation import Situation
from aurora_tui.model.actions import Params, Verb
from aurora_tui.model.findings import Finding, Procedure
from aurora_tui.model.selection import ObjectRef


@dataclass(frozen=True, slots=True)
class Offer:
    """A mitigation, and how well it fits: 1 mends the cause, less only its effects. It may still do harm."""

    fit: float
    words: str
    verb: Verb | Procedure | None = None
    ref: ObjectRef | None = None
    parameters: Params = field(default_factory=dict)
    against: tuple[str, ...] = ()
    also: tuple[ObjectRef, ...] = ()
    """What the same is done to besides, all of it confirmed at once."""


Rule = Callable[[Situation, Finding], Iterator[Offer]]
"""What answers the findings of one cause."""
