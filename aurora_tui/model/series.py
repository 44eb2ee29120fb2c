"""A series: several actions that are previewed and confirmed as one, each guarded and journalled by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from aurora_tui.model.actions import Params, Plan, Record, Verb
from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.rollouts import counted
from aurora_tui.model.selection import ObjectRef


class Step(Frozen):
    """What is to be done to which object; its uid pins it, an empty one takes whatever bears the name."""

    verb: Verb
    ref: ObjectRef
    params: Params


class Item(Frozen):
    """One step with its preview. Without a `plan` it is planned when its turn comes: `words` say what it will be."""

    step: Step
    words: str
    warnings: tuple[str, ...] = ()
    plan: Plan | None = None


class LeftOut(Frozen):
    """An object that the series does not touch, and why."""

    ref: ObjectRef
    why: str


class Way(StrEnum):
    """How the steps follow upon each other."""

    ONE_BY_ONE = "one by one, each followed to its end; the first failure stops the rest"
    TOGETHER = "all at once; a failure does not stop the rest"


class SeriesPlan(Frozen):
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


class Moved(Frozen):
    """One item has come to a stage; `record` from when its request was sent."""

    index: int
    stage: Stage
    text: str
    record: Record | None = None


class Ended(Frozen):
    """The end of a series: whether all of it was done, in words too, and the steps that take it back, last first."""

    good: bool
    text: str
    undo: tuple[Step, ...]


class Row(Frozen):
    """One object of a series as the screen lists it: an item on its way, or what is left out."""

    number: int
    ref: ObjectRef
    words: str
    """What will be done to it, or why nothing is."""
    item: Item | None = None
    """None for what is left out."""
    stage: Stage = Stage.READY
    text: str = ""
    """How far it has come, in words."""

    @property
    def key(self) -> str:
        return f"{self.number:06d}"

    @property
    def state(self) -> str:
        return self.stage.value if self.item else "left out"


def rows(plan: SeriesPlan) -> list[Row]:
    """The items in their order, then what is left out."""
    listed = [Row(number, item.step.ref, item.words, item) for number, item in enumerate(plan.items, start=1)]
    more = [Row(number, left.ref, left.why) for number, left in enumerate(plan.left_out, start=len(listed) + 1)]
    return listed + more


def summary(stages: Iterable[Stage]) -> str:
    """How many have come how far: ``3 done, 1 failed, 2 not begun``."""
    found = list(stages)
    return ", ".join(f"{found.count(stage)} {stage}" for stage in Stage if stage in found) or "nothing to do"


def objects(refs: Iterable[ObjectRef]) -> str:
    """How many of which kind: ``3 deployments, 1 statefulset``."""
    kinds = [ref.kind.lower() for ref in refs]
    return ", ".join(counted(kinds.count(kind), kind) for kind in dict.fromkeys(kinds))


def title_of(verb: Verb, params: Params, refs: Sequence[ObjectRef]) -> str:
    """What one verb on several objects is called: ``scale replicas=5 on 3 deployments``."""
    values = "".join(f"{name}={value} on " for name, value in params.items())
    return f"{verb.value} {values}{objects(refs) or 'nothing'}"


_TONES = {
    Stage.DONE: Tone.GOOD,
    Stage.FAILED: Tone.BAD,
    Stage.LEFT: Tone.WARN,
    Stage.WAITING: Tone.WARN,
}


def _state(row: Row, _now: float) -> Cell:
    return Cell(row.state, _TONES.get(row.stage, Tone.PLAIN) if row.item else Tone.DIM)


def _what(row: Row, _now: float) -> Cell:
    if row.text:
        return Cell(row.text, Tone.BAD if row.stage is Stage.FAILED else Tone.PLAIN)
    if row.item is None:
        return Cell(row.words, Tone.DIM)
    if row.item.warnings:
        return Cell(f"! {row.item.warnings[0]}", Tone.WARN)
    return Cell(row.words)


COLUMNS: tuple[Column[Row], ...] = (
    Column("#", lambda row, _: Cell(str(row.number)), lambda row: row.number, right=True, rank=3),
    Column("STATE", _state, lambda row: row.state),
    Column("NAMESPACE", lambda row, _: Cell(row.ref.namespace or ""), lambda row: row.ref.namespace or "", rank=2),
    Column("OBJECT", lambda row, _: Cell(str(row.ref)), lambda row: str(row.ref)),
    Column(
        "DOES",
        lambda row, _: Cell(row.item.step.verb.value if row.item else "", Tone.DIM),
        lambda row: row.item.step.verb.value if row.item else "",
        rank=1,
    ),
    Column("WHAT", _what, lambda row: row.text or row.words, flexible=True, yields=True),
)
