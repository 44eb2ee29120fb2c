"""The timeline of an incident: what happened, when, and who or what did it, as rows."""

from __future__ import annotations

from enum import StrEnum

from aurora_tui.model.ages import human_duration
from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.stamps import rfc3339


class EntryKind(StrEnum):
    """What sort of entry it is; the words of the column."""

    INCIDENT = "incident"
    """Opened, joined, another severity or role, resolved."""
    ALERT = "alert"
    ACTION = "action"
    VERDICT = "verdict"
    CHANGE = "change"
    """What changed in the cluster: rollouts, scaling, edits, nodes."""
    NOTE = "note"
    STEP = "step"
    SNAPSHOT = "snapshot"
    NOTICE = "notice"
    """A notification: queued, sent, given up."""
    FINDING = "finding"
    """What is thought to be the cause; no fact."""


class TimelineEntry(Frozen):
    """One thing that happened; `at` is in seconds since the epoch, `by` empty where nobody is known to have done it."""

    at: float
    kind: EntryKind
    words: str
    by: str
    ref: ObjectRef | None = None
    details: tuple[str, ...] = ()
    bad: bool = False
    """Whether it speaks of a fault: an alert that fires, an action that failed."""

    @property
    def key(self) -> str:
        return f"{self.at:.6f}/{self.kind}/{self.by}/{self.words}"


_TONES = {
    EntryKind.NOTE: Tone.ACCENT, EntryKind.ACTION: Tone.WARN, EntryKind.STEP: Tone.DIM, EntryKind.SNAPSHOT: Tone.DIM,
}  # fmt: skip


def columns(begin: float) -> tuple[Column[TimelineEntry], ...]:
    """``TIME FROM WHAT ENTRY BY``; FROM is the time since `begin`, the onset or the opening."""
    return (
        Column("TIME", lambda each, _: Cell(rfc3339(each.at)[11:19]), lambda each: each.at),
        Column("FROM", lambda each, _: Cell(offset_words(each.at - begin)), lambda each: each.at, right=True, rank=3),
        Column(
            "WHAT",
            lambda each, _: Cell(each.kind.value, Tone.BAD if each.bad else _TONES.get(each.kind, Tone.PLAIN)),
            lambda each: each.kind.value,
            rank=1,
        ),
        Column("ENTRY", lambda each, _: Cell(each.words), lambda each: each.words, flexible=True, yields=True),
        Column("BY", lambda each, _: Cell(each.by or "-"), lambda each: each.by, rank=2),
    )


def offset_words(seconds: float) -> str:
    """``+2m5s`` after the beginning, ``-3m`` before it."""
    return f"{'-' if seconds < 0 else '+'}{human_duration(abs(seconds))}"
