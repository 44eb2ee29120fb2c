"""A series: several actions that are previewed and confirmed as one, each guarded and journalled by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from aurora_tui.model.actions import Params, Plan, Record, Verb
from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.rollouts import counted
from aurora_tui.model.selection import ObjectRef


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done to which object; its uid pins it, an empty one takes whatever bears the name."""

    verb: Verb
    ref: ObjectRef
    params: Params


@dataclass(frozen=True, slots=True)
class Item:
    """One step with its preview. Without a `plan` it is planned when its turn comes: `words` say what it will be."""

    step: Step
    words: str
    warnings: tuple[str, ...] = ()
    plan: Plan | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An object that the series does not touch, and why."""

    ref: ObjectRef
    why: str


class Way(StrEnum):
    """How the steps follow upon each other."""

    ONE_BY_ONE = "one by one, each followed to its end; the first failure stops the rest"
    TOGETHER = "all at once; a failure does not stop the rest"


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """The preview of a series: `items` in the order in which they are carried out.

    `problems` say why none of it can be done here, `warnings` what concerns the whole. The first `lead` items
    are always carried out one by one, and nothing else is begun unless they succeed.
    """

    title: str
    effect: str
    items: tuple[Item, ...]
    left_out: tuple[LeftOut, ...]
    warnings: tuple[str, ...]
    problems: tuple[str, ...]
    protected: bool
    """Whether the context's name must be typed."""
    needs_reason: bool
    way: Way
    may_choose: bool
    """Whether the operator may choose the other way."""
    lead: int = 0


class Stage(StrEnum):
    READY = "ready"
    SENDING = "sending"
    WAITING = "waits"
    FOLLOWED = "followed"
    DONE = "done"
    FAILED = "failed"
    LEFT = "not begun"


FINISHED = frozenset({Stage.DONE, Stage.FAILED, Stage.LEFT})


@dataclass(frozen=True, slots=True)
class Moved:
    """One item has come to a stage; `record` from when its request was sent."""

    index: int
    stage: Stage
    text: str
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a series: whether all of it was done, in words too, and the steps that take it back, last first."""

    good: bool
    text: str
    undo: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One item as the screen lists it."""

    number: int
    item: Item
    stage: Stage = Stage.READY
    text: str = ""

    @property
    def key(self) -> str:
        return f"{self.number:06d}"


def summary(stages: Iterable[Stage]) -> str:
    """How many have come how far: ``3 done, 1 failed, 2 not begun``."""
    found = list(stages)
    return ", ".join(f"{found.count(stage)} {stage}" for stage in Stage if stage in found) or "nothing to do"


def objects(refs: Iterable[ObjectRef]) -> str:
    """How many of which kind: ``3 deployments, 1 statefulset``."""
    kinds = [ref.kind.lower() for ref in refs]
    return ", ".join(counted(kinds.count(kind), kind) for kind in dict.fromkeys(kinds))


_TONES = {
    Stage.DONE: Tone.GOOD,
    Stage.FAILED: Tone.BAD,
    Stage.LEFT: Tone.WARN,
    Stage.WAITING: Tone.WARN,
    Stage.READY: Tone.DIM,
}


def _what(row: Row, _now: float) -> Cell:
    if row.text:
        return Cell(row.text, Tone.BAD if row.stage is Stage.FAILED else Tone.PLAIN)
    if row.item.warnings:
        return Cell(f"! {row.item.warnings[0]}", Tone.WARN)
    return Cell(row.item.words)


COLUMNS: tuple[Column[Row], ...] = (
    Column("#", lambda row, _: Cell(str(row.number)), lambda row: row.number, right=True, rank=2),
    Column("NAMESPACE", lambda row, _: Cell(row.item.step.ref.namespace or ""), lambda row: row.number, rank=3),
    Column("OBJECT", lambda row, _: Cell(str(row.item.step.ref)), lambda row: str(row.item.step.ref)),
    Column("DOES", lambda row, _: Cell(row.item.step.verb.value), lambda row: row.item.step.verb.value, rank=1),
    Column("STATE", lambda row, _: Cell(row.stage.value, _TONES.get(row.stage, Tone.PLAIN)), lambda row: row.stage),
    Column("WHAT", _what, lambda row: row.text, flexible=True, yields=True),
)
