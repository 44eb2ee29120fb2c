"""What changed, and when: each change with its evidence, to be held against the onset of a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

from aurora_tui.model.ages import human_duration
from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.diffs import DiffLine
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.stamps import rfc3339

ABOUT = 5.0
"""Seconds within which two marks of one object may be of the same change."""


class ChangeKind(StrEnum):
    """What sort of change it is; the words of the column."""

    ROLLOUT = "rollout"
    SCALING = "scaling"
    EDIT = "edit"
    RELEASE = "release"
    NODE = "node"
    POD = "pod"
    """Killed for memory, evicted, preempted: what a container or a pod did not do by itself."""
    REFUSED = "refused"
    """Pods that may not be made: quota, admission."""
    JOB = "job"
    CERTIFICATE = "certificate"
    """Issued, or at its end."""
    ACTION = "action"
    """Done through this program, from its journal."""


class Change(Frozen):
    """One change of one object; `at` is in seconds since the epoch."""

    at: float
    kind: ChangeKind
    ref: ObjectRef
    words: str
    by: str = ""
    """Who did it, as far as the cluster or the journal tells: a field manager, a controller, an operator."""
    diff: tuple[DiffLine, ...] = ()
    """The fields that it changed, masked; empty where the cluster keeps no earlier state."""
    exact: bool = True
    """Whether it was at `at`; otherwise it began before."""
    own: bool = False
    """Whether it concerns the workload in hand, and not only its namespace or its nodes."""
    mends: bool = False
    """Of an action: whether it may mend something; what only hides an alert does not."""
    well_at: float | None = None
    """Of an action: when its verdict saw the users served well again; None where it did not, or was not asked."""

    @property
    def key(self) -> str:
        ref = self.ref
        return f"{self.at:.3f}/{self.kind}/{ref.kind}/{ref.namespace}/{ref.name}/{self.words}"


class Changes(Frozen):
    """What was found between two times, nearest to the onset first; `remarks` say what could not be looked at."""

    rows: tuple[Change, ...]
    remarks: tuple[str, ...] = ()


def nearest(changes: Iterable[Change], onset: float) -> tuple[Change, ...]:
    """Sorted by the distance to the onset; of two at one distance the workload's own first."""
    return tuple(sorted(changes, key=lambda each: (*_distance(each, onset), each.key)))


def once(changes: Iterable[Change]) -> Iterator[Change]:
    """Without the scalings that an action of this program accounts for: it says who did it and why."""
    told = tuple(changes)
    acts = [each for each in told if each.kind is ChangeKind.ACTION]
    for each in told:
        if each.kind is not ChangeKind.SCALING or not any(_same(each, act) for act in acts):
            yield each


def _same(one: Change, other: Change) -> bool:
    named = (one.ref.kind, one.ref.namespace, one.ref.name) == (other.ref.kind, other.ref.namespace, other.ref.name)
    return named and abs(one.at - other.at) <= ABOUT


def _distance(change: Change, onset: float) -> tuple[float, bool]:
    return abs(change.at - onset), not change.own


def distance_words(change: Change, onset: float) -> str:
    """``2m5s before`` or ``30s after``; ``at the onset`` within two seconds of it."""
    gap = onset - change.at
    if abs(gap) < 2:
        return "at the onset"
    about = "" if change.exact else ">"
    return f"{about}{human_duration(gap)} before" if gap > 0 else f"{human_duration(-gap)} after"


def columns(onset: float, *, known: bool) -> tuple[Column[Change], ...]:
    """``WHEN TIME WHAT OBJECT CHANGE BY``; without a `known` onset WHEN tells the age."""
    place = f"{'FROM ONSET' if known else 'AGO'}"
    told: Callable[[Change], str] = (
        (lambda each: distance_words(each, onset)) if known else (lambda each: human_duration(onset - each.at))
    )
    return (
        Column(place, lambda each, _: Cell(told(each), _near(each, onset, known)), lambda each: _distance(each, onset)),
        Column("TIME", lambda each, _: Cell(rfc3339(each.at)[11:]), lambda each: each.at, rank=3),
        Column("WHAT", lambda each, _: Cell(each.kind.value), lambda each: each.kind.value, rank=1),
        Column(
            "OBJECT",
            lambda each, _: Cell(str(each.ref), Tone.ACCENT if each.own else Tone.PLAIN),
            lambda each: str(each.ref),
        ),
        Column("CHANGE", lambda each, _: Cell(each.words), lambda each: each.words, flexible=True),
        Column("BY", lambda each, _: Cell(each.by or "-"), lambda each: each.by, rank=2),
    )


_NEAR = 900.0
"""Seconds before the onset in which a change of the workload's own is marked."""


def _near(change: Change, onset: float, known: bool) -> Tone:
    suspect = known and change.own and 0 <= onset - change.at <= _NEAR
    return Tone.WARN if suspect else Tone.PLAIN
