"""Offers: what would stop the harm of one finding, and how well it fits, before all of them are ranked."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import field

from aurora_tui.incident.goingback import UNDOABLE, releases, taken_back, way_back
from aurora_tui.incident.situation import Situation
from aurora_tui.model.actions import Params, Verb
from aurora_tui.model.ages import human_duration
from aurora_tui.model.findings import Finding, Procedure
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.selection import ObjectRef

RESTARTABLE = ("Deployment", "StatefulSet", "DaemonSet", "Rollout")
SCALABLE = ("Deployment", "StatefulSet", "Rollout")


class Offer(Frozen):
    """A mitigation, and how well it fits: 1 mends the cause, less only its effects. It may still do harm."""

    fit: float
    words: str
    verb: Verb | Procedure | None = None
    ref: ObjectRef | None = None
    parameters: Params = field(default_factory=dict)
    against: tuple[str, ...] = ()
    also: tuple[ObjectRef, ...] = ()
    """What the same is done to besides, all of it confirmed at once."""
    how: str = ""
    """Of advice: what the operator does elsewhere."""


Rule = Callable[[Situation, Finding], Iterator[Offer]]
"""What answers the findings of one cause."""


def undo(situation: Situation, finding: Finding, fit: float) -> Iterator[Offer]:
    """Where there is something to go back to; what was released long before it ran that long without harm."""
    ref = finding.ref
    known = releases(situation, ref)
    to = way_back(situation, ref) if known and ref.kind in UNDOABLE else None
    if to is None or taken_back(situation, ref):
        return  # what was taken back already would only come again
    release = known[-1]
    against = []
    onset = situation.onset if situation.onset is not None else finding.onset
    gap = onset - release.at if onset is not None else 0.0
    if gap > situation.limits.release_before:
        against.append(f"it was rolled out {human_duration(gap)} before the onset, and did well that long")
    if ref.kind == "StatefulSet":
        against.append("what it has written to its volumes stays as it is")
    goal = "the release before, beyond its restarts" if to else "the revision before"
    yield Offer(fit, f"roll {ref} back to {goal}", Verb.UNDO, ref, to, tuple(against))


def restart(ref: ObjectRef, fit: float, *against: str) -> Iterator[Offer]:
    if ref.kind in RESTARTABLE:
        yield Offer(fit, f"restart the pods of {ref}, a few at a time", Verb.RESTART, ref, {}, against)
