"""What is wrong and what would mend it, as values: findings with their evidence, and mitigations with theirs."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from msgspec import field

from aurora_tui.model.actions import Params, Verb
from aurora_tui.model.diffs import DiffLine
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.selection import LogSelection, ObjectRef, TraceSelection

Lead = ObjectRef | LogSelection | TraceSelection
"""Where a piece of evidence leads on to: the object described, its log, the traces."""


_CERTAIN, _LIKELY = 0.8, 0.55


class Cause(StrEnum):
    """Why something is wrong, as far as a rule can say it; the value is what the operator reads."""

    IMAGE_PULL = "image cannot be pulled"
    CRASH_LOOP = "crash loop"
    OOM = "out of memory"
    PROBES = "probes fail"
    UNSCHEDULABLE = "no node takes the pod"
    QUOTA = "quota exceeded"
    VOLUME = "volume pending"
    NODE = "node not ready"
    CONNECTION = "no connection to a dependency"
    BAD_RELEASE = "bad release"
    CONFIG_EDIT = "configuration edit"
    SATURATION = "saturation"
    DEPENDENCY = "dependency down"
    CERTIFICATE = "certificate expired"
    NEIGHBOUR = "noisy neighbour"
    CANARY = "bad canary"
    STABLE = "old version fails"


class Procedure(StrEnum):
    """What takes several actions in a row, which are planned and confirmed as one."""

    DRAIN = "drain"


class Evidence(Frozen):
    """One thing that was seen, for a finding or (`against`) against it; `at` in seconds since the epoch."""

    words: str
    ref: Lead | None = None
    at: float | None = None
    against: bool = False
    diff: tuple[DiffLine, ...] = ()
    """What a change changed, masked; empty for everything else."""


class Finding(Frozen):
    """One cause that the evidence speaks for; `weight` says how surely, 0..1."""

    cause: Cause
    ref: ObjectRef
    """What it is about: the object that a mitigation would change, or that would have to be mended first."""
    words: str
    evidence: tuple[Evidence, ...]
    weight: float
    onset: float | None = None
    """When it began, in seconds since the epoch; None where that is not known."""
    hints: Params = field(default_factory=dict)
    """What a mitigation needs besides the object: the revision before, the key and its value before."""

    @property
    def sureness(self) -> str:
        """How sure it is, in one word."""
        return "certain" if self.weight >= _CERTAIN else "likely" if self.weight >= _LIKELY else "possible"

    @property
    def against(self) -> tuple[Evidence, ...]:
        return tuple(each for each in self.evidence if each.against)


class Mitigation(Frozen):
    """One way to stop the harm. `verb` None is advice: nothing here is to be touched, `words` say why."""

    words: str
    verb: Verb | Procedure | None
    ref: ObjectRef | None
    parameters: Params
    why: str
    against: tuple[str, ...] = ()
    rank: int = 0
    """Its place in the list; 1 is the first."""
    cause: Cause | None = None
    """Of the finding that it answers."""
    also: tuple[ObjectRef, ...] = ()
    """What the same is done to besides, all of it confirmed at once."""
    how: str = ""
    """Of advice: what the operator does elsewhere, to the letter where that is known."""


def no_longer(earlier: Iterable[Finding], now: Iterable[Finding]) -> tuple[Finding, ...]:
    """What was found earlier and is not found any more."""
    still = {(each.cause, each.ref) for each in now}
    return tuple(each for each in earlier if (each.cause, each.ref) not in still)


def surest_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings by their weight; of two alike the one that began first, then by name."""
    return tuple(
        sorted(
            findings,
            key=lambda each: (
                -each.weight,
                each.onset if each.onset is not None else float("inf"),
                each.cause,
                str(each.ref),
            ),
        )
    )
