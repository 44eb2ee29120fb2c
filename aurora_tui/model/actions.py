"""Actions as values: what is to be done to which object, its preview, its outcome and its verdict."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from aurora_tui.model.diffs import DiffLine
from aurora_tui.model.frozen import Frozen, Veiled, asdict
from aurora_tui.model.selection import ObjectRef

Params = Mapping[str, str | int]
READ_ONLY = "this session is read-only"
"""Why nothing at all may be changed, where that is so."""


class Verb(StrEnum):
    RESTART = "restart"
    SCALE = "scale"
    UNDO = "undo"
    IMAGE = "set image"
    PAUSE = "pause"
    RESUME = "resume"
    CORDON = "cordon"
    UNCORDON = "uncordon"
    BOUNDS = "set bounds"
    DELETE = "delete"
    KILL = "kill"
    EVICT = "evict"
    TRIGGER = "trigger"
    SWITCH = "switch"
    FLAG = "set flag"
    SHELL = "shell"
    PROMOTE = "promote"
    PROMOTE_FULL = "promote full"
    ABORT = "abort"
    RETRY = "retry"
    SILENCE = "silence"
    UNSILENCE = "unsilence"


_ALSO_CALLED = {(Verb.PAUSE, "CronJob"): "suspend"}


def called(verb: Verb, kind: str) -> str:
    """What a verb is called for a kind of object: a CronJob is suspended, as kubectl has it."""
    return _ALSO_CALLED.get((verb, kind), verb.value)


class Target(Frozen):
    """The one object that an action is pinned to; `kind` as the API writes it (``Deployment``)."""

    context: str
    namespace: str
    kind: str
    name: str
    uid: str
    resource_version: str

    def __str__(self) -> str:
        return f"{self.kind.lower()}/{self.name}"

    @property
    def ref(self) -> ObjectRef:
        """The object as a pane means it, pinned by its uid."""
        return ObjectRef(self.kind, self.namespace or None, self.name, self.uid)


class Action(Frozen):
    """A change of one object. `before` and `after` are the states it leads between, free of secrets."""

    verb: Verb
    target: Target
    params: Params
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {
            "verb": str(self.verb),
            "target": asdict(self.target),
            "params": dict(self.params),
            "before": dict(self.before),
            "after": dict(self.after),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Action:
        """The reverse of `to_json`; raises `ValueError`, `KeyError` or `TypeError` for anything else."""
        return cls(Verb(data["verb"]), Target(**data["target"]), data["params"], data["before"], data["after"])


class PatchRequest(Veiled):
    """The request that carries an action out, before the resourceVersion guard is put in."""

    VEILED = frozenset({"body"})

    content_type: str
    body: Any
    """May hold a template's secrets: never shown, never recorded."""
    subresource: str = ""


class CreateRequest(Veiled):
    """Makes an object of `kind`, or posts to a subresource of the target (an eviction)."""

    VEILED = frozenset({"body"})

    body: Any
    kind: str = ""
    subresource: str = ""


class DeleteRequest(Frozen):
    """Deletes the target; `grace_seconds` None leaves the time to end to the object's own setting."""

    grace_seconds: int | None = None


class ExecRequest(Frozen):
    """Starts a command in a container of the target; `tty` says whether it gets a terminal."""

    container: str
    command: tuple[str, ...]
    tty: bool


ObjectRequest = PatchRequest | CreateRequest | DeleteRequest
"""The requests that one answer ends, and that the server can try beforehand."""
Request = ObjectRequest | ExecRequest


class Plan(Veiled):
    """An action's preview, complete enough to be confirmed and then carried out unchanged.

    `problems` say why it cannot be executed here (no permission, read-only, a policy); `warnings` what the
    operator should know before confirming. Without permission there is no server preview: `diff` is empty.
    """

    VEILED = frozenset({"basis", "expected"})

    action: Action
    title: str
    effect: str
    diff: tuple[DiffLine, ...]
    warnings: tuple[str, ...]
    problems: tuple[str, ...]
    protected: bool
    """Whether the context's name must be typed: for the environment's sake or a policy's."""
    needs_reason: bool
    request: Request
    basis: Any
    """The part of the object that the preview rests on; if it differs at execution, the plan is void."""
    expected: Any
    """The same part as the server's dry run left it; None without a dry run."""
    known_failure: str = ""
    """When the rollout's deadline had already passed before the action (the condition's time), else empty."""

    @property
    def followed(self) -> bool:
        """Whether the cluster shows anything of it afterwards: of a shell it does not."""
        return not isinstance(self.request, ExecRequest)


class Outcome(StrEnum):
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


class Obstacle(StrEnum):
    """Why an action was refused, where more can be done about it than to tell."""

    CHANGED = "changed"
    """What the preview rests on is another since: the plan is void, a new one may be shown."""
    BUDGET = "budget"
    """A disruption budget allows no eviction now (429): the same may be asked again later."""
    ABSENT = "absent"
    """There is no such object, or another one bears its name."""
    ENDING = "ending"
    """The object is already being deleted."""


class Record(Frozen):
    """What became of a plan; `entry` is its number in the journal, None if nothing was about to be sent."""

    entry: int | None
    plan: Plan
    outcome: Outcome
    message: str
    obstacle: Obstacle | None = None
    """What a refused one ran into, if it is one of these."""

    @property
    def action(self) -> Action:
        return self.plan.action


class Phase(StrEnum):
    PODS = "pods"
    SLI = "sli"


class PodNote(Frozen):
    """The pod that says most about a rollout under way.

    `text` is its state, ``newest pod web-x2x: ImagePullBackOff, 0/1 ready, 2 restarts``; `trouble` says why
    the rollout cannot complete as it is, and is empty where nothing speaks against it.
    """

    text: str
    trouble: str = ""

    def __str__(self) -> str:
        return f"{self.text}: will not complete while this lasts: {self.trouble}" if self.trouble else self.text


class Progress(Frozen):
    """One step of a verification: `done` of `total` pods, or the good share in permille of the wanted one.

    `seconds` count from the start of the verification.
    """

    phase: Phase
    done: int
    total: int
    text: str
    seconds: float
    pod: PodNote | None = None


class Rollout(StrEnum):
    COMPLETE = "complete"
    FAILED = "failed"
    TIMED_OUT = "not complete in time"
    HELD = "held at a pause"
    """As far as the steps of the rollout go by themselves."""
    NOT_FOLLOWED = "cannot be followed"


class Recovery(StrEnum):
    RECOVERED = "recovered"
    NOT_RECOVERED = "not recovered"
    NO_DATA = "no data"
    NOT_ASKED = "not asked"


class Evidence(Frozen):
    """Why a rollout did not complete: for the operator's eyes and never for the journal.

    Each entry is one line, free of what is known as a secret by its form, raw in every other respect.
    `state` begins with the pod's own; `log` holds the last lines of the container that `log_of` names.
    """

    state: tuple[str, ...]
    log_of: str = ""
    log: tuple[str, ...] = ()
    events: tuple[str, ...] = ()

    def lines(self) -> tuple[str, ...]:
        """All of it, as it is read from top to bottom."""
        log = (f"last log lines of {self.log_of}:", *(f"  {line}" for line in self.log)) if self.log else ()
        events = ("newest warnings:", *(f"  {line}" for line in self.events)) if self.events else ()
        return (*self.state, *log, *events)


class Remedy(Frozen):
    """An action that frees a rollout which waits in vain; it is previewed and confirmed like any other."""

    verb: Verb
    target: Target
    text: str


class Verdict(Frozen):
    """How an action ended for the pods and for the users; seconds count from the verification's start."""

    rollout: Rollout
    rollout_seconds: float
    sli: Recovery
    sli_seconds: float | None
    """When the SLI was last read; None if it was not asked."""
    text: str

    @property
    def good(self) -> bool:
        """Whether the pods are as wanted, and the users well served where that was asked."""
        arrived = self.rollout in (Rollout.COMPLETE, Rollout.HELD)
        return arrived and self.sli in (Recovery.RECOVERED, Recovery.NOT_ASKED)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Verdict:
        """The reverse of `to_json`; raises `ValueError`, `KeyError` or `TypeError` for anything else."""
        return cls(**{**data, "rollout": Rollout(data["rollout"]), "sli": Recovery(data["sli"])})


Followed = Progress | Evidence | Remedy | Verdict
"""What a verification yields. A `Remedy` holds until the next `Progress` of the pods; `Evidence` comes once
the pods have failed or are out of time; the `Verdict` comes last, always."""
