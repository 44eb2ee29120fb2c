"""How images behave when they run: the part of a scenario that lies in the releases themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Crash:
    """One pod of each ReplicaSet falls over again and again; seconds that a run of it lasts."""

    first_run: float
    later_runs: float
    exit_code: int = 1


@dataclass(frozen=True, slots=True)
class Behaviour:
    ready_after: float = 3.0
    """Seconds from a container's start to the first readiness probe that it passes."""
    runs_for: float | None = None
    """Seconds after which the container ends by itself with exit code 0; None: it serves."""
    crash: Crash | None = None
    unready_share: float = 0.0
    """Share of the minutes in which the readiness probe fails for a while, 0..1."""
    complaint: str = ""
    """The error that fills the container's log; empty for an image without fault."""
    missing: bool = False
    """No registry has the image."""


_SOUND = Behaviour()
_MISSING = Behaviour(missing=True)

BEHAVIOURS: Mapping[str, Behaviour] = MappingProxyType(
    {
        "aurora/backend:2.4.1": Behaviour(
            crash=Crash(first_run=95.0, later_runs=2.0),
            unready_share=0.12,
            complaint='relation "orders_v2" does not exist',
        ),
        "aurora/keycloak:26.0.5": Behaviour(ready_after=6.0),
        "aurora/postgres:16.4": Behaviour(ready_after=4.0),
        "aurora/wait-for:1.2.0": Behaviour(runs_for=1.0),
        "aurora/backup:1.3.0": Behaviour(runs_for=48.0),
    }
)


def behaviour_of(image: str) -> Behaviour:
    """Any tag that ends in ``-missing`` cannot be pulled; an unlisted image is without fault."""
    if image.rsplit(":", 1)[-1].endswith("-missing"):
        return _MISSING
    return BEHAVIOURS.get(image, _SOUND)
