"""Guided lists as the settings define them: phases of steps with their limits, and tasks that come round again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aurora_tui.model.ages import human_duration
from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.stamps import rfc3339


class ListStep(Frozen):
    """One step; `seen` names what the program sees by itself when it is done, empty where only a person can tell."""

    name: str
    text: str
    seen: str = ""
    optional: bool = False
    """Only if it is necessary: its phase ends without it."""


class ListPhase(Frozen):
    """Steps that belong together; `limit` is in seconds, None where none is set."""

    name: str
    title: str
    steps: tuple[ListStep, ...]
    limit: float | None = None
    ends: str = ""
    """What ends it by itself, whether or not all its steps are ticked."""


class GuidedList(Frozen):
    name: str
    title: str
    phases: tuple[ListPhase, ...]


class MaintenanceTask(Frozen):
    """A task that is due again `every` so many seconds after it was done last."""

    name: str
    text: str
    every: float


SEEN: Mapping[str, str] = {
    "pods": "seen", "logs": "seen", "resources": "seen", "changes": "seen", "restarted": "done", "scaled": "done",
    "action": "done", "mending": "done", "recovered": "well", "notified": "told", "status_page": "told",
    "noted": "noted", "finding": "found", "postmortem": "exported",
}  # fmt: skip
"""What the program sees by itself, and when that is."""


class Tick(Frozen):
    """Who ticked a step, and when; `itself` where the program saw it done."""

    at: float
    by: str
    itself: bool = False


class StepRow(Frozen):
    """A step as a row: where it stands in its list, and its tick."""

    number: int
    phase: ListPhase
    step: ListStep
    tick: Tick | None

    @property
    def key(self) -> str:
        return f"{self.number:03}"

    @property
    def name(self) -> str:
        """The step's name within its list."""
        return f"{self.phase.name}.{self.step.name}"


MAINTENANCE = "maintenance"
"""What the ticks of maintenance stand under, as those of a list under its name."""


def ticks_of(name: str, ticks: Mapping[str, Tick]) -> dict[str, Tick]:
    """Those of one list, by what stands behind ``NAME.``."""
    lead = f"{name}."
    return {each.removeprefix(lead): tick for each, tick in ticks.items() if each.startswith(lead)}


def step_rows(guided: GuidedList, ticks: Mapping[str, Tick]) -> tuple[StepRow, ...]:
    """The steps of a list in its order, each with its tick; `ticks` by ``PHASE.STEP``."""
    pairs = [(phase, step) for phase in guided.phases for step in phase.steps]
    return tuple(
        StepRow(number, phase, step, ticks.get(f"{phase.name}.{step.name}"))
        for number, (phase, step) in enumerate(pairs)
    )


def ended_at(phase: ListPhase, ticks: Mapping[str, Tick], seen: Mapping[str, float]) -> float | None:
    """When a phase was over: its last needed step ticked, or what ends it seen; None while it is on."""
    if phase.ends and phase.ends in seen:
        return seen[phase.ends]
    needed = [ticks.get(f"{phase.name}.{step.name}") for step in phase.steps if not step.optional]
    if not needed or any(tick is None for tick in needed):
        return None
    return max(tick.at for tick in needed if tick is not None)


def _mark(row: StepRow, _: float) -> Cell:
    if row.tick is None:
        return Cell("[ ]", Tone.DIM if row.step.optional else Tone.WARN)
    return Cell("[x]", Tone.GOOD)


def _who(row: StepRow, _: float) -> Cell:
    if row.tick is None:
        seen = SEEN.get(row.step.seen)
        return Cell(f"ticks when {seen}" if seen else "space ticks it", Tone.DIM)
    return Cell(f"{'by itself' if row.tick.itself else row.tick.by} {rfc3339(row.tick.at)[11:19]}")


STEP_COLUMNS: tuple[Column[StepRow], ...] = (
    Column("DONE", _mark, lambda row: row.number),
    Column("PHASE", lambda row, _: Cell(row.phase.title), lambda row: row.number, rank=2),
    Column(
        "STEP",
        lambda row, _: Cell(f"{row.step.text}{' (if necessary)' if row.step.optional else ''}"),
        lambda row: row.number,
        flexible=True,
    ),
    Column("WHO AND WHEN", _who, lambda row: row.tick.at if row.tick else 0.0, rank=1),
)


class DueRow(Frozen):
    """A task of maintenance with when it was done last; `last` None: never, as far as is known here."""

    task: MaintenanceTask
    last: Tick | None

    @property
    def key(self) -> str:
        return self.task.name

    def due_at(self) -> float | None:
        """When it is due again; None where it was never done: now."""
        return None if self.last is None else self.last.at + self.task.every

    def is_due(self, now: float) -> bool:
        due = self.due_at()
        return due is None or due <= now


def due_rows(tasks: Iterable[MaintenanceTask], ticks: Mapping[str, Tick]) -> tuple[DueRow, ...]:
    return tuple(DueRow(task, ticks.get(task.name)) for task in tasks)


def _due(row: DueRow, now: float) -> Cell:
    due = row.due_at()
    if due is None:
        return Cell("due: never done here", Tone.WARN)
    if due <= now:
        return Cell(f"due for {human_duration(now - due)}", Tone.WARN)
    return Cell(f"in {human_duration(due - now)}", Tone.GOOD)


DUE_COLUMNS: tuple[Column[DueRow], ...] = (
    Column("DUE", _due, lambda row: row.due_at() or 0.0),
    Column("EVERY", lambda row, _: Cell(human_duration(row.task.every)), lambda row: row.task.every, right=True),
    Column("TASK", lambda row, _: Cell(row.task.text), lambda row: row.task.text, flexible=True, yields=True),
    Column(
        "DONE LAST",
        lambda row, _: Cell(f"{rfc3339(row.last.at)} by {row.last.by}" if row.last else "-"),
        lambda row: row.last.at if row.last else 0.0,
        rank=1,
    ),
)
