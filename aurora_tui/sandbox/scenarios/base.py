"""What a scenario is made of: dated changes of the cluster, and how what they bring behaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from msgspec import field

from aurora_tui.model.frozen import Frozen

Json = dict[str, Any]


class Fault(Frozen):
    """How a replica does: the share of its answers that fail, its slowness, and what its log says of it."""

    error_ratio: float = 0.0
    slowdown: float = 1.0
    complaint: str = ""
    error_type: str = ""
    status: str = "500"
    last_words: tuple[str, ...] = ()
    """What it writes before it ends; empty for what its image says."""
    mute: bool = False
    """It writes nothing that anybody could read."""


class Crash(Frozen):
    """Pods of each ReplicaSet fall over again and again; seconds that a run of them lasts."""

    first_run: float
    later_runs: float
    exit_code: int = 1
    every: bool = False
    """Every pod does, not only one."""


class Behaviour(Frozen):
    """How an image behaves when it runs."""

    ready_after: float = 3.0
    """Seconds from a container's start to the first readiness probe that it passes."""
    runs_for: float | None = None
    """Seconds after which the container ends by itself with exit code 0; None: it serves."""
    crash: Crash | None = None
    unready_share: float = 0.0
    """Share of the minutes in which the readiness probe fails for a while, 0..1."""
    complaint: str = ""
    """The error that fills the container's log; empty for an image without fault."""
    last_words: tuple[str, ...] = ()
    """What it logs before it crashes, if that is not the failed check of its migrations."""
    missing: bool = False
    """No registry has the image."""


class Edit(Frozen):
    """A strategic merge patch of an object, `age` seconds before the sandbox starts; None: it was created so."""

    kind: str
    name: str
    patch: Json
    age: float | None = None
    manager: str = "kubectl-edit"


class Release(Frozen):
    """A new image of a Deployment that was rolled out `age` seconds ago; `patch` is what else came with it."""

    workload: str
    image: str
    age: float
    patch: Json = field(default_factory=dict)


class Created(Frozen):
    """An object that somebody applied `age` seconds ago."""

    manifest: Json
    age: float


class Copied(Frozen):
    """A second object beside one that was there `age` seconds ago, but for the patch alike."""

    kind: str
    name: str
    copy: str
    patch: Json
    age: float


class Deleted(Frozen):
    """An object that is not there since `age` seconds."""

    kind: str
    name: str
    age: float


class Surge(Frozen):
    """A job has `factor` times its usual requests since `age` seconds."""

    job: str
    factor: float
    age: float


class Wedge(Frozen):
    """A pod's container ended `age` seconds ago, and cannot start as long as the pod stays the same."""

    pod: str
    age: float
    exit_code: int
    """Of the first end; later runs end with 1."""
    last_words: tuple[str, ...]


class Outage(Frozen):
    """A node's kubelet fell silent `age` seconds ago."""

    node: str
    age: float


class Setting(Frozen):
    """What a value of a mounted ConfigMap does to the workload that reads it."""

    config_map: str
    key: str
    value: str
    workload: str
    fault: Fault


class Certificate(Frozen):
    """A certificate in a Secret, which ran out `age` seconds ago unless the Secret has been edited since."""

    secret: str
    host: str
    age: float
    workload: str
    """Whose requests fail by it."""
    fault: Fault


Move = Release | Edit | Created | Copied | Deleted | Surge | Wedge | Outage | Setting | Certificate
_Kind = TypeVar("_Kind")


class Scenario(Frozen):
    """`shows` is what an operator sees, `mends` what helps; `moves` lead there."""

    name: str
    title: str
    shows: str
    mends: str = ""
    onset: float = 0.0
    """Seconds since the trouble began."""
    moves: tuple[Move, ...] = ()
    behaviours: Mapping[str, Behaviour] = field(default_factory=dict)
    """By image."""
    faults: Mapping[str, Fault] = field(default_factory=dict)
    """By image."""
    appetites: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """By app: millicores that all its pods burn, MiB that each holds."""

    def of(self, kind: type[_Kind]) -> tuple[_Kind, ...]:
        """The moves of one kind, in their order."""
        return tuple(move for move in self.moves if isinstance(move, kind))


def combined(name: str, title: str, shows: str, mends: str, *parts: Scenario) -> Scenario:
    """Several scenarios at once."""
    return Scenario(
        name,
        title,
        shows,
        mends,
        onset=max(part.onset for part in parts),
        moves=tuple(move for part in parts for move in part.moves),
        behaviours={image: found for part in parts for image, found in part.behaviours.items()},
        faults={image: found for part in parts for image, found in part.faults.items()},
        appetites={app: found for part in parts for app, found in part.appetites.items()},
    )
